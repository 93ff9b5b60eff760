#!/usr/bin/env bash
# Without a broker: sets of this machine, signals through the spool folder, a cut that freezes.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: while :; do date +%s%3N >"ticks.$CDCTL_UNIT"; sleep 0.05; done'
make_service </dev/null
was_cut() { jq -es --arg set "$1" 'any(.set == $set and .ok and .changed)' breaker.log >/dev/null 2>&1; }
stopped() { local pid; for pid in $(processes_of "$1"); do grep -qE '^State:.(T|D|S)' "/proc/$pid/status" || return 1; done; }
ticks() { cat "$work"/home/sets/"$1"/work/sources/trunk/ticks.* 2>/dev/null; }
ticking() { local before; before=$(ticks "$1"); [ -n "$before" ] && sleep 0.3 && [ "$(ticks "$1")" != "$before" ]; }

good=$(deploy_one ok)
bad=$(deploy_one busted)
eventually 10 ticking "$bad"
cdctl signals --follow </dev/null 2>signals.err | cdctl trip 2>trip.err | cdctl break -o ndjson >breaker.log 2>breaker.err &
until was_cut "$bad"; do # the reader starts from now on: say it until it listens
  expect_exit 0 cdctl signal "$bad" oops -s critical -m 'every third job fails' </dev/null
  [ $((rounds = ${rounds:-0} + 1)) -lt 100 ] || fail "nobody cut $bad"
  sleep 0.1
done
expect_same "cut of $bad" "$(cut_of "$bad")" true
! ticking "$bad" || fail "a unit of $bad is still at work"
ticking "$good" || fail "the units of $good are not at work"
expect_exit 0 cdctl signals --since 1h </dev/null
expect_json "length >= 1 and all(.set == \"$bad\" and .severity == \"critical\" and .received != null)"

# The last live set is not cut, unless by name.
expect_exit 5 cdctl break "$good" </dev/null
expect_same "cut of $good" "$(cut_of "$good")" false
expect_exit 0 cdctl mend "$bad" </dev/null
eventually 10 ticking "$bad"
expect_exit 0 cdctl reap "$good" "$bad" --even-newest --even-last "$good" --even-last "$bad" --grace 1s </dev/null
no_process_of "$good" || fail "a process of $good is left"
no_process_of "$bad" || fail "a process of $bad is left"
