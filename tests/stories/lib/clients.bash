# What the stories of real clients share: workers that are written as people write them, with a library that is installed here or
# in a folder of its own, under cdctl unchanged. Each round cuts a set in mid-flow and mends it; what was confirmed is done.
#
# CDCTL_CLIENT_PYTHON: the interpreter of a virtual environment, for other versions than this machine's.
# CDCTL_STORY_ROUNDS, CDCTL_STORY_MESSAGES: 5 and 2000 are what the table in docs/frameworks/README.md was measured with.

rounds=${CDCTL_STORY_ROUNDS:-2}
messages=${CDCTL_STORY_MESSAGES:-300}

skip() { printf 'skipped: %s\n' "$1" >&2; exit 0; }

# has_python MODULE: sets $python to an interpreter that has it. python_with MODULE: or leaves the story.
has_python() {
  for python in ${CDCTL_CLIENT_PYTHON:-python3 /usr/bin/python3}; do
    ! "$python" -c "import $1" 2>/dev/null || return 0
  done
  return 1
}
python_with() { has_python "$1" || skip "no Python here has $1; apt install python3-$1, or name a virtual environment's in CDCTL_CLIENT_PYTHON"; }

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
    printf 'units = { worker = %s }\nswitches = ["rabbit", "local"]\n' "$count"
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

# Done: `done NUMBER SET` lines, one per message that a worker has finished.
done_by() { awk -v s="$1" '$3 == s { n++ } END { print n + 0 }' done.ledger; }
done_some() { [ "$(done_by "$1")" -ge "$2" ]; }
all_done() { [ "$(awk '!seen[$2]++ { n++ } END { print n + 0 }' done.ledger)" = "$messages" ]; }

# cut_rounds SET CONSUMERS COMMAND...: the command publishes $messages numbered messages, each confirmed, and ends.
cut_rounds() {
  local set=$1 wanted=$2 round sender
  shift 2
  for ((round = 1; round <= rounds; round++)); do
    eventually 90 consumes "$set" "$wanted"
    : >done.ledger
    "$@" >sent 2>sent.err </dev/null &
    sender=$!
    eventually 60 done_some "$set" $((RANDOM % 20 + 1))
    expect_exit 0 cdctl break "$set" --why "round $round" </dev/null
    expect_json '.[0] | .ok and .changed'
    expect_same "connections of $set" "$(connections_of "$set")" 0
    expect_same "the limit of $set" "$(limit_of "$set")" 0
    wait "$sender" || fail "the sender: $(tail -3 sent.err)"
    eventually 120 all_done_but_held "$set"
    expect_exit 0 cdctl mend "$set" "${mend_options[@]}" </dev/null
    eventually 60 all_done
    expect_same "the limit of $set" "$(limit_of "$set")" none
  done
}
mend_options=()
# What a frozen worker had taken off the queue is done when it goes on.
all_done_but_held() { [ "$(awk '!seen[$2]++ { n++ } END { print n + 0 }' done.ledger)" -ge $((messages - ${held:-0})) ]; }

# of_a_unit SET NAME: what one of its units has in its environment.
of_a_unit() {
  local pid value
  for pid in $(processes_of "$1"); do
    value=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n "s/^$2=//p")
    [ -z "$value" ] || { printf '%s\n' "$value"; return 0; }
  done
  fail "no unit of $1 has $2"
}
