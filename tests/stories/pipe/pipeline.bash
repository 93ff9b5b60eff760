#!/usr/bin/env bash
# The main job: a revision goes out, a bad one is cut beside it, the fix follows, the old ones go, and nothing is left.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service
was_cut() { jq -es --arg set "$1" 'any(.set == $set and .ok and .changed)' breaker.log >/dev/null 2>&1; }
listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge 1 ]; }

# Of its own service alone: on a broker that others use, too, sets of three services that go bad at once would be the world's fault.
cdctl signals "$service" --follow </dev/null 2>signals.err | cdctl trip 2>trip.err | cdctl break -o ndjson >breaker.log 2>breaker.err &
eventually 20 listening
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_json 'length == 1 and (.[0] | .schema == "cdctl.outcome/1" and .action == "deploy" and .ok and .changed)'
good=$(newest_set)
user_exists "$good"
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_quiet
# As long as the story needs, on a slow machine too: the third revision must find jobs.
produce 2000 80
eventually 20 at_least done "$good" 50

commit busted
pipe_exit 0 'cdctl outdated | cdctl deploy'
bad=$(newest_set)
[ "$bad" != "$good" ] || fail "the new revision has the old name"
eventually 20 was_cut "$bad"
expect_same "the limit of $bad" "$(limit_of "$bad")" 0
expect_same "connections of $bad" "$(connections_of "$bad")" 0
expect_same "cut of $bad" "$(cut_of "$bad")" true
expect_same "cut of $good" "$(cut_of "$good")" false
expect_exit 0 cdctl break "$bad" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
pipe_exit 0 'cdctl outdated'
expect_quiet

commit fixed
pipe_exit 0 'cdctl outdated | cdctl deploy'
third=$(newest_set)
eventually 20 at_least done "$third" 20
pipe_exit 0 'cdctl ls | cdctl stale'
expect_quiet
pipe_exit 0 'cdctl ls | cdctl stale --keep 1 --min-age 0s --prove-for 0s | cdctl reap'
expect_json 'length == 2 and all(.action == "reap" and .ok and .changed)'
for set in "$good" "$bad"; do
  no_process_of "$set" || fail "a process of $set is left: $(processes_of "$set")"
  ! user_exists "$set" || fail "the user of $set is left"
done
expect_same "the sets that are left" "$(sets_of)" "$third"
pipe_exit 0 'cdctl ls | cdctl stale --keep 1 --min-age 0s --prove-for 0s | cdctl reap'
expect_quiet

eventually 90 gone "$producer"
eventually 20 nothing_missing
expect_same "confirmed jobs" "$(confirmed_jobs)" 2000

# An old revision comes back by its id, from its tombstone.
expect_exit 0 cdctl deploy "$service@${good##*-}" </dev/null
expect_json '.[0].ok'
expect_same "the state of $good" "$(state_of "$good")" live

# The guards hold for the last and the newest; by name they go, and then nothing is left.
expect_exit 5 cdctl reap "$good" "$third" </dev/null
expect_exit 0 cdctl reap "$good" "$third" --even-newest --even-last "$good" --even-last "$third" </dev/null
expect_same "the sets that are left" "$(sets_of)" ""
expect_same "the users that are left" "$(users_of "$service")" ""
no_process_of "$third" || fail "a process of $third is left"
no_process_of "$good" || fail "a process of $good is left"
