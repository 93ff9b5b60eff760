#!/usr/bin/env bash
# The broker hangs, is killed and comes back around a cut: exit 4 or 6, a truthful record, and the repeat completes. A cut outlives it.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
make_trunk
switches='["rabbit"]' make_service </dev/null
good=$(deploy_one ok)
bad=$(deploy_one ok)
broker_pid() { sed -n 's/^PID=//p' "$work/broker/state"; }
connected() { [ "$(connections_of "$1")" = 2 ]; }
refused_more_than() { [ "$(count_of refused "$1")" -gt "$2" ]; }
# Units are counted live by their connections: the good set must be back before a guard lets the bad one go.
restart() {
  eventually 10 gone "$(broker_pid)"
  private-broker start -o $$ "$work/broker" >/dev/null
  eventually 20 connected "$good"
}
eventually 20 connected "$bad"
produce 2000 100

# With 0 and 2 closed an error line is lost, and not written into the connection that holds the lock.
got=0
cdctl break "$bad" "$good" --timeout 20s <&- 2>&- >/dev/null || got=$?
expect_same "exit status with nothing open" $got 5
expect_same "the limit of $bad" "$(limit_of "$bad")" 0
expect_same "the limit of $good" "$(limit_of "$good")" none
! grep -r frame_error "$work/broker/log" || fail "something was written into a connection"
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 20 connected "$bad"

# It hangs: nobody waits for ever, nothing is claimed that is not known.
kill -STOP "$(broker_pid)"
began=$SECONDS
got=0
cdctl break "$bad" --timeout 3s -o ndjson >"$work/out" 2>"$work/err" </dev/null || got=$?
kill -CONT "$(broker_pid)"
[[ $got = 4 || $got = 6 ]] || fail "exit status $got from a broker that hangs"
[ $((SECONDS - began)) -le 15 ] || fail "it took $((SECONDS - began)) s"
expect_json 'all(.ok | not)'

# A breaker in a pipe goes on trying, for whoever gave it the verdict counts it as done.
now=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
kill -STOP "$(broker_pid)"
{
  printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"unhealthy","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' "$bad" "$now" "$now" "$now"
  sleep 60
} | cdctl break --timeout 3s -o ndjson >trying 2>trying.err &
trying=$!
tried() { jq -es 'any(.ok | not)' trying >/dev/null 2>&1; }
eventually 20 tried
kill -CONT "$(broker_pid)"
done_at_last() { jq -es '.[-1].ok and .[-1].changed' trying >/dev/null 2>&1; }
eventually 40 done_at_last
kill "$trying"
expect_same "the limit of $bad" "$(limit_of "$bad")" 0
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 20 connected "$bad"

# It is dead: exit 4, and ls says null, never false.
kill -KILL "$(broker_pid)"
expect_exit 4 cdctl break "$bad" --timeout 5s </dev/null
got=0
cdctl ls -o ndjson >"$work/out" 2>"$work/err" </dev/null || got=$?
expect_same "exit status of ls" $got 4
expect_json 'all(.cut != false)'
restart
expect_exit 0 cdctl break "$bad" </dev/null
expect_same "the limit of $bad" "$(limit_of "$bad")" 0

# A cut outlives the broker's death; its workers, alive, are refused.
kill -KILL "$(broker_pid)"
restart
refused=$(count_of refused "$bad")
eventually 20 refused_more_than "$bad" $((refused + 2))
expect_same "connections of $bad" "$(connections_of "$bad")" 0
expect_same "cut of $bad" "$(cut_of "$bad")" true

# It dies while the cut is under way: whatever came of it, the repeat completes.
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 20 connected "$bad"
cdctl break "$bad" --timeout 5s -o ndjson >cutting 2>&1 </dev/null &
cutting=$!
kill -KILL "$(broker_pid)"
eventually 30 gone "$cutting"
restart
expect_exit 0 cdctl break "$bad" </dev/null
expect_same "the limit of $bad" "$(limit_of "$bad")" 0
expect_same "connections of $bad" "$(connections_of "$bad")" 0
eventually 60 gone "$producer"
eventually 20 nothing_missing
