#!/usr/bin/env bash
# A scheduler of which only the newest live set of its service runs one: two homes, one broker. Deploys, cuts, reaps, stalls and kills
# hand it on, and in the order in which the broker got them the ticks of two schedulers are never mixed.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
ticker="$source_dir/tests/support/ticker.py"
make_trunk "$service" "worker: exec \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2
beat: exec python3 $ticker $service-ticks"
make_service </dev/null
file=services.d/$service.toml
sed -i 's/^units = .*/units = { worker = 1, beat = { count = 1, across = "service" } }/; s/^queues = .*/&\npublish = [""]/' "$file"
api "queues/%2F/$service-ticks" -X PUT -f -o /dev/null -d '{"durable":true,"arguments":{"x-queue-type":"classic"}}'

# The second home: another machine's, as far as anybody can tell.
second() { XDG_STATE_HOME=$work/state2 "$@"; }
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
ticked_by() { ticks | awk -v set="$1" '$1 == set { n++ } END { print n + 0 }'; }
# ticking SET: the newest tick is of that set, and not a second old.
ticking() { ticks | tail -1 | awk -v set="$1" -v now="$(now_ms)" '{ at = $3; who = $1 } END { exit !(who == set && now - at < 1000) }'; }
# Each scheduler that ran has its ticks in one piece.
never_mixed() {
  ticks >order
  awk '$2 != last && seen[$2]++ { print "mixed: " $0; bad = 1 } { last = $2 } END { exit bad }' order || fail "two schedulers ran at once"
}
# The longest time without a tick since MS.
longest_gap() { ticks | awk -v since="$1" '$3 < since { next } last && $3 - last > most { most = $3 - last } { last = $3 } END { print most + 0 }'; }
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

# ---------------------------------------------------------------- the newest has it

a=$(deploy_one ok)
eventually 20 ticking "$a"
has_units "$a" '["live",2,2,1]' || fail "the first set: $(units_of "$a")"
began=$(now_ms)
b=$(second deploy_one ok)
eventually 20 ticking "$b"
eventually 5 has_units "$a" '["live",1,1,1]'
has_units "$b" '["live",2,2,1]' second || fail "the second set: $(units_of "$b" second)"
gap=$(longest_gap "$began")
tell "handed over to the newer set in $gap ms"
[ "$gap" -lt 12000 ] || fail "the handover took $gap ms"
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
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl break "$b" --why 'bad beat' </dev/null
eventually 30 ticking "$a"
tell "after a cut the other had it in $(longest_gap "$began") ms"
[ "$(longest_gap "$began")" -lt 15000 ] || fail "the cut: a gap of $(longest_gap "$began") ms"
never_mixed
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl mend "$b" </dev/null
eventually 20 ticking "$b"
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl break "$b" --why again </dev/null
eventually 30 ticking "$a"
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl mend "$b" --thaw </dev/null
eventually 20 ticking "$b"
never_mixed

# ---------------------------------------------------------------- the machine stalls

began=$(now_ms)
tree="$(supervisor_pid "$b" second) $(keeper_pid "$b") $(unit_pid "$b" second)"
# shellcheck disable=SC2086
kill -STOP $tree
eventually 40 ticking "$a"
tell "after a stall the other had it in $(longest_gap "$began") ms"
[ "$(longest_gap "$began")" -lt 30000 ] || fail "the stall: a gap of $(longest_gap "$began") ms"
# shellcheck disable=SC2086
kill -CONT $tree
eventually 40 ticking "$b"
never_mixed

# ---------------------------------------------------------------- kill -9

unit=$(unit_pid "$b" second)
kill -KILL "$unit"
eventually 10 ticking "$b"
[ "$(unit_pid "$b" second)" != "$unit" ] || fail "the unit was not started again"
keeper=$(keeper_pid "$b")
kill -KILL "$keeper"
eventually 3 gone "$(unit_pid "$b" second)" || true
eventually 60 ticking "$b"
[ "$(keeper_pid "$b")" != "$keeper" ] || fail "the keeper was not started again"
never_mixed
kill -KILL "$(supervisor_pid "$b" second)"
eventually 40 ticking "$a"
expect_same "state of $b" "$(second state_of "$b")" down
never_mixed
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl deploy "$service@${b##*-}" </dev/null
eventually 30 ticking "$b"
never_mixed

# ---------------------------------------------------------------- the broker

private-broker stop -c "$work/broker"
eventually 10 gone "$(unit_pid "$b" second)"
private-broker start -o $$ "$work/broker" >/dev/null
eventually 60 ticking "$b"
never_mixed

# ---------------------------------------------------------------- scaled away, reaped

expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl scale "$b" beat=0 </dev/null
eventually 20 ticking "$a"
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl scale "$b" beat=1 </dev/null
eventually 20 ticking "$b"
began=$(now_ms)
expect_exit 0 env XDG_STATE_HOME="$work/state2" cdctl reap "$b" --even-newest </dev/null
eventually 20 ticking "$a"
tell "after a reap the other had it in $(longest_gap "$began") ms"
second no_process_of "$b" || fail "something of $b is left: $(processes_of "$b")"
never_mixed
tell "$(wc -l <order) ticks of $(awk '!seen[$2]++ { n++ } END { print n }' order) schedulers"
