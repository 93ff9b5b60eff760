#!/usr/bin/env bash
# A node of a cluster hangs while a set is to be cut: the broker takes no limit, lists and closes no connection, and goes on delivering
# at its other node. The engine stops the set all the same, and the broker's part follows when it can. Then a node is gone.
. "$(dirname "$0")/../lib/common.bash"
begin
private-broker start -o $$ -a 127.0.0.2 "$work/broker" >broker.env
private-broker start -o $$ -a 127.0.0.3 -j "$work/broker" "$work/second" >second.env
value_of() { sed -n "s/^$1=//p" "$2"; }
second_pid=$(value_of PID second.env)
clean_up() {
  kill -CONT "$second_pid" 2>/dev/null
  "$source_dir/scripts/private-broker" stop "$work/second"
}
has_broker=yes
read_broker
# Of the first node, whatever it costs the second one.
api() { curl -s -m 10 --noproxy '*' -u guest:guest -H 'Content-Type: application/json' "http://127.0.0.2:$HTTP_PORT/api/$1" "${@:2}"; }
addresses() { # cdctl.toml names the nodes in this order
  local ports managements=() amqps=() file
  for file in "$@"; do
    managements+=("\"http://$(value_of ADDRESS "$file"):$(value_of HTTP_PORT "$file")\"")
    amqps+=("\"amqp://$(value_of ADDRESS "$file"):$(value_of AMQP_PORT "$file")\"")
  done
  printf -v ports 'management = [%s, %s]\namqp = [%s, %s]' "${managements[@]}" "${amqps[@]}"
  { printf '[rabbit]\n%s\nuser = "guest"\npassword_file = "broker.password"\n' "$ports"; engine_config; } >cdctl.toml
}
write_config
addresses "$work/broker/state" "$work/second/state"

# On the first node alone: what hangs with the second has no queue.
make_trunk
{
  printf 'units = { worker = 2 }\n[sources]\ntrunk = { git = "%s", branch = "main" }\n' "$work/$service.git"
  printf '[rabbit]\nqueues = { %s = { type = "classic" } }\n' "$service"
} >"services.d/$service.toml"
good=$(deploy_one)
bad=$(deploy_one bad-manners)
connected() { [ "$(connections_of "$1")" = 2 ]; }
eventually 30 connected "$good"
eventually 30 connected "$bad"

# A unit knows all nodes, and no secret of them twice.
mapfile -t pids < <(processes_of "$bad")
tr '\0' '\n' <"/proc/${pids[0]}/environ" >environ
grep -q "^AMQP_NODES=amqp://127.0.0.2:$AMQP_PORT,amqp://127.0.0.3:$(value_of AMQP_PORT second.env)\$" environ ||
  fail "the unit does not know the nodes: $(grep ^AMQP_NODES environ)"
grep -q "^AMQP_URL=amqp://$bad:.*@127.0.0.2:$AMQP_PORT/%2F\$" environ || fail "the unit has no address of the first node"

AMQP_URL=amqp://guest:guest@127.0.0.2:$AMQP_PORT demo-producer "$service" producer.ledger 6000 150 >produced 2>produced.err </dev/null &
producer=$!
eventually 20 at_least delivery "$bad" 20

# The node that is asked first hangs. What it cannot do is told, and the set is stopped within seconds.
addresses "$work/second/state" "$work/broker/state"
kill -STOP "$second_pid"
begun=$(date +%s%N)
timeout 60 cdctl break "$bad" --why "it is bad" --timeout 8s </dev/null >"$work/out" 2>"$work/err" &
breaker=$!
stopped() { grep -q "the broker is late" "$work/err"; }
eventually 12 stopped
took=$((($(date +%s%N) - begun) / 1000000))
printf 'stopped by its engine after %s ms\n' "$took"
before=$(count_of delivery "$bad")
sleep 2   # what it had in hand is in the ledger, and nothing comes after that
held=$(count_of delivery "$bad")
[ "$held" -le $((before + 5)) ] || fail "it went on working: $before deliveries, and then $held"
status=0
wait "$breaker" || status=$?
[ "$status" = 6 ] || [ "$status" = 4 ] || fail "a cut that the broker did not take ended with $status"
expect_error 'its units stay stopped by the engine'
expect_same "deliveries of the set that is stopped" "$(count_of delivery "$bad")" "$held"
expect_json '.[0].steps | map(select(.plugin == "local")) | .[0].ok'
# The good set has what is left of the work.
eventually 20 at_least delivery "$good" $(($(count_of delivery "$good") + 50))
# Two cannot both go: the guard counts what the engine sees.
! timeout 60 cdctl break "$good" --timeout 4s </dev/null >/dev/null 2>good.err || fail "the last set that works was cut"
grep -q "go on: refused: it would leave" good.err || fail "why the last set goes on: $(cat good.err)"
kill -CONT "$second_pid"

# Its word stands: the broker is back, and no cron starts what was called bad.
from_cron() {
  cdctl outdated "$service" </dev/null >offers 2>offers.err && cdctl deploy --timeout 20s <offers >"$work/out" 2>"$work/err"
}
eventually 90 from_cron
expect_same "deliveries of the set that is stopped" "$(count_of delivery "$bad")" "$held"

# The broker's part follows.
cut_at_last() { cdctl break "$bad" --why "it is bad" --timeout 10s </dev/null >"$work/out" 2>"$work/err"; }
eventually 90 cut_at_last
expect_same "limit" "$(limit_of "$bad")" 0
expect_same "connections" "$(connections_of "$bad")" 0
expect_same "cut" "$(cut_of "$bad")" true
wait "$producer"
eventually 90 nothing_missing

# One that is killed when the engine has stopped the set, and the broker knows nothing yet: nobody says why it stands still, and it is
# offered again.
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 30 connected "$bad"
eventually 30 connected "$good"
kill -STOP "$second_pid"
expect_exit 137 env CDCTL_TEST_CRASH_AT=local.cut.done cdctl break "$bad" --timeout 20s </dev/null
kill -CONT "$second_pid"
stands_still() { cdctl ls "$bad" -o ndjson </dev/null 2>ls.err | jq -e '.cut == false and has("stopped_in")' >/dev/null; }
eventually 90 stands_still
cdctl ls "$bad" -o table </dev/null | grep -q "$bad.* stopped" || fail "it is not shown as stopped: $(cdctl ls "$bad" -o table </dev/null)"
cdctl outdated "$service" </dev/null >offers
jq -es --arg s "$bad" 'any(.set == $s and .why == "stopped")' offers >/dev/null || fail "it is not offered: $(cat offers)"
cdctl deploy <offers >"$work/out"
expect_json 'any(.ok and .changed)'
eventually 30 connected "$bad"
expect_same "cut" "$(cut_of "$bad")" false
cdctl ls "$bad" -o ndjson </dev/null | jq -e 'has("stopped_in") | not' >/dev/null || fail "it is stopped still"
expect_exit 0 cdctl outdated "$service" </dev/null
[ ! -s "$work/out" ] || fail "it is offered once more: $(cat "$work/out")"
expect_exit 0 cdctl break "$bad" </dev/null

# A node is gone: everything goes by the other one, and doctor names it.
kill -KILL "$second_pid"
eventually 10 gone "$second_pid"
expect_exit 0 cdctl ls "$service" </dev/null
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 30 connected "$bad"
expect_exit 0 cdctl break "$bad" </dev/null
expect_same "connections" "$(connections_of "$bad")" 0
cdctl doctor </dev/null >doctor.out 2>&1 || true
grep -q "node http://127.0.0.3:.*" doctor.out || fail "doctor does not name the node that is gone: $(cat doctor.out)"
