#!/usr/bin/env bash
# A scheduler of which only the newest live set of its service runs one: two homes, one broker. Deploys, cuts, reaps, stalls and kills
# hand it on, and in the order in which the broker got them the ticks of two schedulers are never mixed.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
ticker="$source_dir/tests/support/ticker.py"
# The shell stays beside the ticker: who is to end the unit has to end both.
make_trunk "$service" "worker: exec \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2
beat: python3 $ticker $service-ticks; exit \$?"
make_service </dev/null
file=services.d/$service.toml
sed -i 's/^units = .*/units = { worker = 1, beat = 1 }/; s/^queues = .*/&\npublish = [""]/' "$file"
cp "$file" without
sed -i 's/^units = .*/units = { worker = 1, beat = { count = 1, across = "service" } }/' "$file"
api "queues/%2F/$service-ticks" -X PUT -f -o /dev/null -d '{"durable":true,"arguments":{"x-queue-type":"classic"}}'

# The second home: another machine's, as far as anybody can tell.
second() { XDG_STATE_HOME=$work/state2 "$@"; }
in_second() { expect_exit "$1" env XDG_STATE_HOME="$work/state2" cdctl "${@:2}" </dev/null; }
clean_up() {
  local set
  for set in $(second timeout 20 cdctl ls -o name 2>/dev/null); do
    second timeout 30 cdctl reap "$set" --grace 0s --even-newest --even-last "$set" >/dev/null 2>&1
  done
}
# What the broker got, in its order: SET PROCESS MS
ticks() {
  api "queues/%2F/$service-ticks/get" -X POST -d '{"count":1000000,"ackmode":"ack_requeue_true","encoding":"auto"}' |
    jq -r '.[] | select(.properties.user_id == (.payload | split(" ")[0])) | .payload'
}
# The process that ticked last.
scheduler() { ticks | awk '{ last = $2 } END { print last }'; }
# ticking SET [NOT]: the newest tick is of that set, of a process other than NOT, and not a second old.
ticking() {
  ticks | tail -1 | awk -v set="$1" -v not="${2:-}" -v now="$(now_ms)" '{ at = $3; who = $1; as = $2 } END { exit !(who == set && as != not && now - at < 1000) }'
}
# Each scheduler that ran has its ticks in one piece. What a process that wakes from a stall was about to say may come once more.
stalled=- woken=0
never_mixed() {
  ticks >all
  awk -v who="$stalled" -v at="$woken" '$2 == who && $3 >= at { next } { print }' all >order
  awk '$2 != last && seen[$2]++ { print "mixed: " $0; bad = 1 } { last = $2 } END { exit bad }' order || fail "two schedulers ran at once"
}
# gap_between LOW HIGH WHAT MS: the longest time without a tick that ended since MS is between the two.
gap_between() {
  local gap
  gap=$(ticks | awk -v since="$4" 'last && $3 >= since && $3 - last > most { most = $3 - last } { last = $3 } END { print most + 0 }')
  tell "$3: $gap ms without a tick"
  if [ "$gap" -lt "$1" ] || [ "$gap" -ge "$2" ]; then fail "$3: $gap ms without a tick, expected $1 to $2"; fi
}
# By one that says that it has ended; by one that may be alive, and is given the time to end; by one that is missed by its heartbeats
# first. A busy machine may take longer, and no machine less.
handed_over() { gap_between 0 8500 "$@"; }
waited_for() { gap_between 8500 25000 "$@"; }
missed() { gap_between 17000 45000 "$@"; }
units_of() { "${2:-command}" cdctl ls "$1" -o ndjson </dev/null | jq -c '[.state, .units.up, .units.want, .processes.beat]'; }
has_units() { [ "$(units_of "$1" "${3:-command}")" = "$2" ]; }
unit_pid() { "${2:-command}" cdctl inspect "$1" </dev/null | jq '.local.units[] | select(.process == "beat") | .pid'; }
supervisor_pid() { "${2:-command}" cdctl inspect "$1" </dev/null | jq '.local.supervisor_pid'; }
keeper_pid() {
  local pid
  for pid in $(with_environment "CDCTL_SET=$1"); do
    case $(readlink "/proc/$pid/exe") in */cdctl-keep) printf '%s' "$pid" ;; esac
  done
}
tell() { printf '%(%T)T %s\n' -1 "$*" >&2; }

# ---------------------------------------------------------------- what cannot be kept to one is refused by name

cp "$file" kept
sed -i '/^\[rabbit\]/,/^publish/d' "$file"
expect_exit 3 cdctl deploy "$service" </dev/null
expect_error "units.beat.*broker"
sed 's/^units/engine = "juju"\nunits/' kept >"$file"
expect_exit 3 cdctl deploy "$service" </dev/null
expect_error "units.beat.*engine"
sed 's/count = 1/count = 2/' kept >"$file"
expect_exit 3 cdctl deploy "$service" </dev/null
expect_error "units.beat.*count = 1, across"
cp kept "$file"
expect_exit 0 cdctl config check </dev/null

# ---------------------------------------------------------------- a set that was deployed without it holds no lock

cp without "$file"
old=$(deploy_one ok)
eventually 20 ticking "$old"
cp kept "$file"
a=$(deploy_one ok)
eventually 30 ticking "$a"
eventually 5 ticking "$old"
expect_exit 0 cdctl scale "$old" beat=0 </dev/null
alone() { api "queues/%2F/$service-ticks/contents" -X DELETE -f -o /dev/null && sleep 1 && [ "$(ticks | awk '{ print $1 }' | sort -u)" = "$a" ]; }
eventually 20 alone
expect_exit 0 cdctl reap "$old" </dev/null

# ---------------------------------------------------------------- the newest has it

has_units "$a" '["live",2,2,1]' || fail "the first set: $(units_of "$a")"
began=$(now_ms)
b=$(second deploy_one ok)
eventually 20 ticking "$b"
eventually 5 has_units "$a" '["live",1,1,1]'
has_units "$b" '["live",2,2,1]' second || fail "the second set: $(units_of "$b" second)"
handed_over "a newer set" "$began"
never_mixed
expect_exit 0 cdctl inspect "$a" -o table </dev/null
expect_line '1 of 1 up, 1 waiting'
expect_exit 0 cdctl scale "$a" worker=1 </dev/null
expect_exit 3 cdctl scale "$a" beat=2 </dev/null
expect_error 'one of it across the service'

# Nobody takes the scheduler, or its keeper, for a worker that consumes nothing
sleep 12
expect_exit 0 cdctl probe "$service" </dev/null
expect_json 'all(.signal != "rabbit/consumers")'
expect_exit 0 cdctl ls "$service" </dev/null
expect_json 'all(.idle | not)'

# ---------------------------------------------------------------- who may have it

other=$service-other
make_trunk "$other" "worker: exec \"$demo_bin/demo-worker\" $other \"$work/other.ledger\" 2"
make_service "$other" </dev/null
expect_exit 0 cdctl deploy "$other" </dev/null
url_of() { tr '\0' '\n' <"/proc/$(with_environment "CDCTL_SET=$1" | head -1)/environ" | sed -n 's/^AMQP_URL=//p'; }
may() { AMQP_URL=$(url_of "$1") python3 "$ticker" --may "$2" "$3"; }
stranger=$(newest_set "$other")
expect_same "another service consumes" "$(may "$stranger" consume "cdctl.one.$service.beat")" no
expect_same "another service asks" "$(may "$stranger" publish "cdctl.turn.$service.beat")" no
expect_same "a set of the service asks" "$(may "$a" publish "cdctl.turn.$service.beat")" yes
expect_same "a set of the service takes what is taken" "$(may "$a" consume "cdctl.one.$service.beat")" no

# ---------------------------------------------------------------- cut, mend

began=$(now_ms)
in_second 0 break "$b" --why 'bad beat'
eventually 30 ticking "$a"
waited_for "a cut" "$began"
never_mixed
began=$(now_ms)
in_second 0 mend "$b"
eventually 20 ticking "$b"
handed_over "a mend" "$began"
frozen=$(scheduler)
in_second 0 break "$b" --why again
eventually 30 ticking "$a"
in_second 0 mend "$b" --thaw
eventually 20 ticking "$b" "$frozen"
never_mixed

# ---------------------------------------------------------------- the machine stalls

began=$(now_ms)
stalled=$(scheduler)
unit=$(unit_pid "$b" second)
tree="$(supervisor_pid "$b" second) $(keeper_pid "$b") -$unit"
# shellcheck disable=SC2086
kill -STOP -- $tree
eventually 60 ticking "$a"
missed "a stall" "$began"
woken=$(now_ms)
# shellcheck disable=SC2086
kill -CONT -- $tree
eventually 40 ticking "$b" "$stalled"
never_mixed
late=$(awk -v who="$stalled" -v at="$woken" '$2 == who && $3 >= at { n++ } END { print n + 0 }' all)
tell "the one that was stalled ticked $late times when it woke"
[ "$late" -lt 5 ] || fail "the one that was stalled ticked $late times when it woke"

# ---------------------------------------------------------------- kill -9

before=$(scheduler)
unit=$(unit_pid "$b" second)
kill -KILL "$unit"
eventually 10 ticking "$b" "$before"
[ "$(unit_pid "$b" second)" != "$unit" ] || fail "the unit was not started again"
never_mixed

began=$(now_ms)
before=$(scheduler)
keeper=$(keeper_pid "$b")
kill -KILL "$keeper"
eventually 5 gone "${before%.*}"
eventually 60 ticking "$b" "$before"
waited_for "a killed keeper" "$began"
[ "$(keeper_pid "$b")" != "$keeper" ] || fail "the keeper was not started again"
never_mixed

began=$(now_ms)
before=$(scheduler)
kill -KILL "$(supervisor_pid "$b" second)"
eventually 5 gone "${before%.*}"
eventually 40 ticking "$a"
waited_for "a killed supervisor" "$began"
expect_same "state of $b" "$(second state_of "$b")" down
never_mixed
in_second 0 deploy "$service@${b##*-}"
eventually 30 ticking "$b"
never_mixed

# ---------------------------------------------------------------- the broker

before=$(scheduler)
private-broker stop -c "$work/broker"
eventually 10 gone "${before%.*}"
private-broker start -o $$ "$work/broker" >/dev/null
eventually 60 ticking "$b" "$before"
never_mixed

# One that hangs tells nobody that it has given the turn to another
before=$(scheduler)
hung=$(now_ms)
broker=$(private-broker env "$work/broker" | sed -n 's/^PID=//p')
kill -STOP "$broker"
eventually 30 gone "${before%.*}"
tell "where the broker hangs it was killed after $(($(now_ms) - hung)) ms"
kill -CONT "$broker"
eventually 60 ticking "$b" "$before"
gap_between 9000 60000 "a hung broker" "$hung"
never_mixed

# ---------------------------------------------------------------- scaled away, reaped

began=$(now_ms)
in_second 0 scale "$b" beat=0
eventually 20 ticking "$a"
handed_over "scaled away" "$began"
in_second 0 scale "$b" beat=1
eventually 20 ticking "$b"
began=$(now_ms)
in_second 0 reap "$b" --even-newest
eventually 20 ticking "$a"
handed_over "a reap" "$began"
second no_process_of "$b" || fail "something of $b is left: $(processes_of "$b")"
never_mixed
tell "$(wc -l <order) ticks of $(awk '!seen[$2]++ { n++ } END { print n }' order) schedulers"
