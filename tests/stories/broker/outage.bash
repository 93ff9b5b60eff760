#!/usr/bin/env bash
# The broker is down for a while: clients that spool lose nothing, nothing counts twice, and a killed sender changes nothing about that.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
set=$service-r5f0c1e9a2b
make_trunk
make_service </dev/null
broker_pid() { sed -n 's/^PID=//p' "$work/broker/state"; }
waiting() { { find home/spool -name '*.ndjson' 2>/dev/null || :; } | wc -l; }
replayed() { cdctl signals --since 1h </dev/null 2>>replay.err | jq -r .id | sort; }
distinct() { replayed | uniq | wc -l; }

expect_exit 0 cdctl signal "$set" before --id before </dev/null
private-broker stop -c "$work/broker" # cleanly: a stream that was just declared does not outlive a kill
expect_exit 4 cdctl signal "$set" lost --id lost </dev/null
expect_same "files in the spool" "$(waiting)" 0
for i in 1 2 3; do
  expect_exit 0 cdctl signal "$set" during --id "during$i" --spool </dev/null
  expect_error "kept in .*home/spool"
done
printf '{"set":"%s","signal":"during","id":"stdin%s"}\n' "$set" 1 "$set" 2 >two.ndjson
printf '\n[signals]\nspool = true\n' >>cdctl.toml
expect_exit 0 cdctl signal - <two.ndjson
# Anyone can leave a line there.
printf '{"set":"%s","signal":"during"}\nno signal\n' "$set" >>home/spool/mine.ndjson
expect_same "files in the spool" "$(waiting)" 5
expect_exit 4 cdctl signals --since 1h </dev/null

# The broker is back. Senders that are killed at each boundary leave everything to the next.
private-broker start -o $$ "$work/broker" >/dev/null
readable() { CDCTL_HOME=$work/elsewhere cdctl signals --since 1s </dev/null >/dev/null 2>&1; } # streams come a moment after the broker
eventually 30 readable
for point in spool.taken spool.sent; do
  expect_exit 137 env CDCTL_TEST_CRASH_AT=$point cdctl signal "$set" after --id "$point" </dev/null
done
expect_exit 1 cdctl signals --since 1h </dev/null # the line that is no signal is told
expect_error "mine.ndjson: line 2: .*refused.log"
expect_same "files in the spool" "$(waiting)" 0
expect_exit 0 cdctl signals --since 1h </dev/null
grep -q '^no signal$' home/spool/refused.log || fail "the line that is no signal is not kept"

# before, during1-3, stdin1-2, the line, and the two that were sent before their sender was killed: no more, no less.
expect_same "distinct signals" "$(distinct)" 9
[ "$(replayed | wc -l)" -gt 9 ] || fail "no signal was sent twice: the crash in between was none"
! replayed | grep -q '^lost$' || fail "what was refused with exit 4 is there"
# A breaker counts each once.
cdctl signals --since 1h </dev/null | cdctl trip --rule "'during' >= 6 in 1h" -o ndjson >verdicts
jq -es 'any(.verdict == "unhealthy" and .evidence.count == 6)' verdicts >/dev/null || fail "the verdict is not on six signals: $(cat verdicts)"

# A listener that spools takes signals while the broker is down, and answers for them.
random_hex 24 >token
chmod 600 token
cdctl signals --listen 127.0.0.1:0 --token-file token </dev/null >taken.ndjson 2>listen.err &
listening() { grep -q 'listening on' listen.err; }
eventually 20 listening
address=$(sed -n 's/.*listening on //p' listen.err)
kill -KILL "$(broker_pid)"
printf 'header = "Authorization: Bearer %s"\n' "$(cat token)" >curl.conf
expect_same "the answer" "$(curl -s -m 20 --noproxy '*' -K curl.conf -o answer -w '%{http_code}' -H 'Content-Type: application/json' -d "{\"set\":\"$set\",\"id\":\"posted\"}" "http://$address/")" 204
expect_same "files in the spool" "$(waiting)" 1
private-broker start -o $$ "$work/broker" >/dev/null
drained() { [ "$(waiting)" = 0 ]; }
eventually 30 drained
replayed | grep -q '^posted$' || fail "what was posted is not in the feed"

# A broker under a memory alarm takes nothing and says nothing. Who reads is not held up by what waits.
private-broker ctl "$work/broker" set_vm_memory_high_watermark absolute 1MB >/dev/null
alarmed() { [ "$(api nodes | jq '.[0].mem_alarm')" = true ]; }
eventually 20 alarmed
expect_exit 0 cdctl signal "$set" alarmed --id alarmed --timeout 2s </dev/null
expect_same "files in the spool" "$(waiting)" 1
began=$SECONDS
cdctl signals --follow --since 1h </dev/null >alarm.ndjson 2>alarm.err &
heard_under_alarm() { grep -q '"posted"' alarm.ndjson; }
eventually 8 heard_under_alarm
expect_exit 0 cdctl signals --since 1h </dev/null
[ $((SECONDS - began)) -le 20 ] || fail "reading took $((SECONDS - began)) s under an alarm"
private-broker ctl "$work/broker" set_vm_memory_high_watermark 0.6 >/dev/null
eventually 60 drained
heard_after_alarm() { grep -q '"alarmed"' alarm.ndjson; }
eventually 10 heard_after_alarm
[ "$(grep -c 'waits\? in the spool: ' alarm.err)" -le 1 ] || fail "the alarm was told more than once: $(cat alarm.err)"
