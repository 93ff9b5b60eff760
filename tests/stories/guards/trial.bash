#!/usr/bin/env bash
# Half-open: a cut set is let in on one connection, and is joined again or cut again, whoever is killed meanwhile. And what a
# person forces, every breaker obeys.
. "$(dirname "$0")/../lib/common.bash"
begin broker
job_ms=5 make_trunk
make_service </dev/null
good=$(deploy_one ok)
other=$(deploy_one ok)
bad=$(deploy_one busted)
produce 100000 60
eventually 20 at_least done "$good" 5
expect_exit 0 cdctl break "$bad" "$other" </dev/null

memo_of() { api "global-parameters/cdctl.cut.$1" | jq -c ".value.$2"; }
is_cut() { [ "$(limit_of "$1")" = 0 ] && [ "$(connections_of "$1")" = 0 ] && [ "$(memo_of "$1" 'probation // "none"')" = '"none"' ]; }
on_trial() { [ "$(limit_of "$1")" = 1 ]; }

# ---------------------------------------------------------------- passed and failed

cdctl mend "$other" --probation 60s --messages 20 </dev/null >trial.out 2>trial.err &
trial=$!
eventually 20 on_trial "$other"
expect_same "cut of a set on trial" "$(cut_of "$other")" true   # for people, and for guards
most=0
until gone "$trial"; do
  on_trial "$other" || continue   # before and after it is counted: what it held earlier is listed for a moment longer
  now=$(connections_of "$other")
  if on_trial "$other" && [ "$now" -gt "$most" ]; then most=$now; fi
done
wait "$trial" || fail "the trial of a good set failed: $(cat trial.err)"
jq -es '.[0] | .ok and .changed and .trial.end == "passed" and .trial.acknowledged >= 20' trial.out >/dev/null || fail "$(cat trial.out)"
[ "$most" -le 1 ] || fail "$most connections were let in"
expect_same "the limit of $other" "$(limit_of "$other")" none
expect_same "cut of $other" "$(cut_of "$other")" false

expect_exit 1 cdctl mend "$bad" --probation 20s --messages 200 </dev/null
expect_json '.[0] | (.ok | not) and .changed and .trial.end == "failed"'
expect_error 'its trial failed: .*; it is cut again'
is_cut "$bad" || fail "$bad is not cut after its trial"
expect_same "why" "$(memo_of "$bad" 'why | test("its trial failed")')" true

# ---------------------------------------------------------------- killed

# The command that let it in is killed: its guardian ends the trial.
cdctl mend "$bad" --probation 6s </dev/null >/dev/null 2>&1 &
trial=$!
eventually 20 on_trial "$bad"
kill -9 "$trial"
eventually 30 is_cut "$bad"

# Killed at each boundary; the next one of these commands finds the set cut, or joined, never half open.
for point in probation.noted probation.world rabbit.admit.limit probation.admitted probation.failed probation.cut; do
  CDCTL_TEST_CRASH_AT=$point timeout 60 cdctl mend "$bad" --probation 5s </dev/null >/dev/null 2>&1 && fail "$point was not reached"
  eventually 40 is_cut "$bad"
done
expect_exit 0 cdctl break "$other" </dev/null
for point in probation.passed probation.joined; do
  CDCTL_TEST_CRASH_AT=$point timeout 60 cdctl mend "$other" --probation 60s --messages 5 </dev/null >/dev/null 2>&1 && fail "$point was not reached"
  expect_exit 0 cdctl mend "$other" </dev/null
  expect_same "the limit of $other" "$(limit_of "$other")" none
  expect_exit 0 cdctl break "$other" </dev/null
done

# Nobody is left to end it (the machine went down): whoever comes by does.
past=$(date -u -d '-1 minute' +%FT%T.000Z)
api "global-parameters/cdctl.cut.$bad" | jq --arg at "$past" '{value: (.value | .probation = {since: $at, until: $at, messages: 1, early: false, by: "nobody"})}' >memo
api "global-parameters/cdctl.cut.$bad" -f -X PUT -d @memo
api "user-limits/$bad/max-connections" -f -X PUT -d '{"value":1}'
expect_exit 1 cdctl mend --settle </dev/null
is_cut "$bad" || fail "nobody ended the trial of $bad"
expect_exit 0 cdctl mend --settle </dev/null
expect_quiet

# Interrupted: cut again, by its guardian.
cdctl mend "$bad" --probation 10m </dev/null >/dev/null 2>&1 &
trial=$!
eventually 20 on_trial "$bad"
kill -TERM "$trial"
wait "$trial" || true
eventually 20 is_cut "$bad"
expect_same "why" "$(memo_of "$bad" 'why')" '"its trial was interrupted"'

# A breaker may end a trial; a plain mend may, too.
cdctl mend "$bad" --probation 10m </dev/null >/dev/null 2>&1 &
trial=$!
eventually 20 on_trial "$bad"
# It is shown as what it is, with its own reason and not that of the trial before; which is in the timeline.
expect_exit 0 cdctl ls "$bad" -o table </dev/null
expect_line "^$bad +trial .*on trial until .*, by "
expect_no_line 'its trial'
expect_exit 0 cdctl timeline "$service" </dev/null
expect_json 'map(select(.set == $set) | .state, (.spans | map(select(.phase == "trial")) | length >= 2)) == ["trial", true]' --arg set "$bad"
expect_exit 0 cdctl break "$bad" </dev/null
expect_json '.[0] | .ok and .changed'
eventually 20 gone "$trial"
is_cut "$bad" || fail "a breaker could not end the trial"

# ---------------------------------------------------------------- refused

expect_exit 5 cdctl mend "$good" --probation 10s </dev/null
expect_error 'it is not cut'
expect_exit 2 cdctl mend "$bad" --messages 5 </dev/null
expect_exit 2 cdctl mend "$bad" --probation 1s </dev/null

# ---------------------------------------------------------------- forced

verdict() { jq -cn --arg set "$1" --arg at "$(date -u +%FT%T.%3NZ)" '{schema: "cdctl.verdict/1", set: $set, verdict: "unhealthy", rule: "critical >= 1", evidence: {count: 1, first: $at, last: $at}, time: $at}'; }
expect_exit 0 cdctl mend "$other" </dev/null
eventually 20 eval '[ "$(connections_of "$other")" -ge 1 ]'
expect_exit 0 cdctl force closed "$other" --why 'the demo is on' </dev/null
expect_json '.[0] | .schema == "cdctl.force/1" and .state == "closed"'
verdict "$other" | expect_exit 5 cdctl break
expect_error 'forced closed by .*the demo is on'
expect_same "cut of $other" "$(cut_of "$other")" false
expect_exit 0 cdctl force observe "$service" </dev/null
expect_exit 0 cdctl force none "$other" </dev/null
verdict "$other" | expect_exit 0 cdctl break
expect_json '.[0] | .ok and (.changed | not) and .ignored == "observe-only"'
expect_same "cut of $other" "$(cut_of "$other")" false
expect_exit 0 cdctl ls "$other" </dev/null
expect_json '.[0].forced == "observe"'
expect_exit 0 cdctl break "$other" --why 'a person may' </dev/null
expect_exit 0 cdctl force none "$service" </dev/null
expect_exit 0 cdctl force open "$other" </dev/null
expect_exit 5 cdctl mend "$other" </dev/null
expect_error 'forced open'
expect_exit 5 cdctl mend "$other" --probation 10s </dev/null
expect_exit 0 cdctl force none "$other" </dev/null
expect_exit 0 cdctl mend "$other" </dev/null
expect_exit 2 cdctl force ajar "$other" </dev/null
expect_exit 2 cdctl force open 'thumbs*' </dev/null
expect_exit 1 cdctl force open nobody </dev/null

kill -TERM "$producer"
eventually 20 gone "$producer"
eventually 60 nothing_missing
