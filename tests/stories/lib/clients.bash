# What the stories of real clients share: workers that are written as people write them, with a library that is installed here or
# in a folder of its own, under cdctl unchanged. Each round cuts a set in mid-flow and mends it; what was confirmed is done.
#
# CDCTL_CLIENTS: a folder of scripts/client-libraries, for the newest of each. Without it those that are installed here run.
# CDCTL_CLIENT_PYTHON: the interpreter of a virtual environment, for other versions still.
# CDCTL_STORY_CLIENTS: names of those to run.
# CDCTL_STORY_SWITCHES='["rabbit"]': the broker alone cuts, nothing is frozen, and a mend starts nothing anew.
# CDCTL_STORY_ROUNDS, CDCTL_STORY_MESSAGES: 5 and 2000 are what the table in docs/frameworks/README.md was measured with.

rounds=${CDCTL_STORY_ROUNDS:-2}
messages=${CDCTL_STORY_MESSAGES:-300}
switches=${CDCTL_STORY_SWITCHES:-'["rabbit", "local"]'}
freezes() { [[ $switches = *local* ]]; }

skip() { printf 'skipped: %s\n' "$1" >&2; exit 0; }

# has_python MODULE: sets $python to an interpreter that has it. python_with MODULE: or leaves the story.
has_python() {
  for python in ${CDCTL_CLIENT_PYTHON:-${CDCTL_CLIENTS:+$CDCTL_CLIENTS/python/bin/python} python3 /usr/bin/python3}; do
    ! "$python" -c "import $1" 2>/dev/null || return 0
  done
  return 1
}
python_with() { has_python "$1" || skip "no Python here has $1; apt install python3-$1, or scripts/client-libraries"; }

# A virtual host of the story's own: what a framework calls its queues is the same everywhere.
own_vhost() {
  vhost=$service
  api "vhosts/$vhost" -X PUT -f -o /dev/null
  api "permissions/$vhost/guest" -X PUT -f -o /dev/null -d '{"configure":".*","write":".*","read":".*"}'
  operator_url=amqp://guest:guest@127.0.0.1:$AMQP_PORT/$vhost
}
drop_vhost() { api "vhosts/$vhost" -X DELETE -o /dev/null; }

# client_service UNITS LINE...: the service's file, with these lines in [rabbit].
client_service() {
  local count=$1
  shift
  {
    printf 'units = { worker = %s }\nswitches = %s\n' "$count" "$switches"
    printf '[sources]\ntrunk = { git = "%s/%s.git", branch = "main" }\n' "$work" "$service"
    printf '[rabbit]\nvhost = "%s"\n' "$vhost"
    printf '%s\n' "$@"
    printf '[breaker]\nrules = ["critical >= 1"]\n'
  } >"services.d/$service.toml"
}

# client_trunk LINE: a trunk whose Procfile has this line; the files of the worker are put there by the story, before.
client_trunk() {
  git init -q -b main "$service.git"
  printf '%s\n' "$1" >"$service.git/Procfile"
}

consumers_of() { api "consumers/$vhost" | jq --arg u "$1" '[.[] | select(.channel_details | objects | .user == $u)] | length'; }
consumes() { [ "$(consumers_of "$1")" -ge "$2" ]; }

# Done: `done NUMBER SET MS` lines, one per message that a worker has finished; done.ledger is that of the round.
done_by() { awk -v s="$1" '$3 == s { n++ } END { print n + 0 }' done.ledger; }
done_some() { [ "$(done_by "$1")" -ge "$2" ]; }
done_once() { awk '!seen[$2]++ { n++ } END { print n + 0 }' done.ledger; }
all_done() { [ "$(done_once)" = "$messages" ]; }
# What a frozen worker had taken off the queue is done when it goes on.
all_done_but_held() { [ "$(done_once)" -ge $((messages - ${held:-0})) ]; }
# done_between SET FROM TO: what the set finished in that time (ms).
done_between() { awk -v s="$1" -v from="$2" -v to="$3" '$3 == s && $4 > from && $4 < to { n++ } END { print n + 0 }' done.ledger; }
now_ms() { date +%s%3N; }

# cut_rounds SET CONSUMERS COMMAND...: the command, told a ledger, publishes $messages numbered messages, each confirmed, and ends.
# A mend starts frozen units anew, or every second time lets them go on, with connections that the broker has closed: what a client
# does then by itself is to be enough. Each round counts in rounds.measured: ms of the cut, until all was done, until all consumed again;
# how many were done twice, and how many were still to do after the cut. A round whose cut came too late, with none of these, is repeated.
cut_rounds() {
  local set=$1 wanted=$2 round sender began cut mended options to_do late=0
  shift 2
  : >rounds.measured
  eventually 90 consumes "$set" "$wanted"
  for ((round = 1; round <= rounds; round++)); do
    : >"done.$round"
    ln -sfn "done.$round" done.ledger
    "$@" "$work/done.$round" >sent 2>sent.err </dev/null &
    sender=$!
    eventually 120 done_some "$set" $((RANDOM % 20 + 1))
    began=$(now_ms)
    expect_exit 0 cdctl break "$set" --why "round $round" </dev/null
    cut=$(now_ms)
    to_do=$((messages - $(done_once)))
    expect_json '.[0] | .ok and .changed'
    expect_same "connections of $set" "$(connections_of "$set")" 0
    expect_same "the limit of $set" "$(limit_of "$set")" 0
    wait "$sender" || fail "the sender: $(tail -3 sent.err)"
    eventually 300 all_done_but_held "$set"
    options=("${mend_options[@]}")
    [ $((round % 2)) = 1 ] || options=("${every_second[@]}")
    freezes || options=()
    mended=$(now_ms)
    ! freezes || expect_same "what $set did while it was cut" "$(done_between "$set" "$cut" "$mended")" 0
    expect_exit 0 cdctl mend "$set" "${options[@]}" </dev/null
    eventually 90 consumes "$set" "$wanted"
    eventually 60 all_done
    expect_same "the limit of $set" "$(limit_of "$set")" none
    if [ "$to_do" = 0 ]; then
      late=$((late + 1))
      [ "$late" -le "$rounds" ] || fail "no cut came in mid-flow"
      round=$((round - 1))
      continue
    fi
    printf '%s %s %s %s %s\n' $((cut - began)) $(($(last_done "$mended") - began)) $(($(now_ms) - mended)) \
      $(($(wc -l <done.ledger) - messages)) "$to_do" >>rounds.measured
  done
}
mend_options=() every_second=(--thaw)
# When the last message was done that was done before the mend.
last_done() { awk -v to="$1" '$4 < to && $4 > last { last = $4 } END { print last }' done.ledger; }

# measured WHAT SET: what the rounds came to, and which client the broker saw.
measured() {
  local seen broker
  seen=$(api "connections?columns=user,client_properties" | jq -r --arg u "$2" '[.[] | select(.user == $u) | .client_properties | "\(.product) \(.version)"] | unique | join(", ")')
  broker=$(api overview | jq -r .rabbitmq_version)
  freezes || broker+=", cut by the broker alone"
  awk -v what="$1" -v seen="$seen" -v broker="$broker" -v messages="$messages" '
    NR == 1 || $5 < to_do { to_do = $5 }
    { twice += $4; for (i = 1; i <= 3; i++) if ($i > most[i]) most[i] = $i }
    END { printf "%s (%s) on RabbitMQ %s: %d rounds of %d messages, 0 lost, %d done twice; at least %d to do after a cut; at most %d ms for a cut, %d ms from there until all was done, %d ms from a mend until all consumed\n",
      what, seen, broker, NR, messages, twice, to_do, most[1], most[2], most[3] }' rounds.measured
}

# of_a_unit SET NAME: what one of its units has in its environment.
of_a_unit() {
  local pid value
  for pid in $(processes_of "$1"); do
    value=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n "s/^$2=//p")
    [ -z "$value" ] || { printf '%s\n' "$value"; return 0; }
  done
  fail "no unit of $1 has $2"
}
