#!/usr/bin/env bash
# The machine goes down and comes back: every process of every set is gone, and nobody wrote anything down. Nobody works then, and that is
# said everywhere; one run of the first pipe restores what was there, the second changes nothing. With a broker and (`none`) without.
. "$(dirname "$0")/../lib/common.bash"
begin "${1:-broker}"
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }

# A Procfile as people write it: no exec, and a child of its own.
line='worker: while :; do date +%s.%N >>ticks; sleep 0.2; done'
[ -z "$has_broker" ] || line="worker: \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2"

reboot() {
  local set pid
  for set in $(engine_sets); do
    pid=$(cdctl inspect "$set" -o ndjson --since 1s </dev/null 2>/dev/null | jq -r '.local.supervisor_pid // empty')
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
    for pid in $(processes_of "$set" || true); do kill -9 "$pid" 2>/dev/null || true; done
  done
  for set in $(engine_sets); do
    eventually 10 no_process_of "$set"
    [ -n "${same_boot:-}" ] || [ ! -f "home/sets/$set/fence" ] || sed -i 's/^boot .*/boot 00000000-0000-4000-8000-000000000000/' "home/sets/$set/fence"
  done
}
first_pipe() { pipe_exit "$1" 'set -o pipefail; cdctl outdated '"${now:-}"' </dev/null 2>offered.err | tee offered | cdctl deploy'; }
offered_sets() { jq -r 'select(.schema == "cdctl.revision/1") | .set' offered | tr '\n' ' '; }
works() { [ "$(state_of "$1")" = live ] && [ "$(cut_of "$1")" = false ] && [ -n "$(processes_of "$1")" ] && { [ -z "$has_broker" ] || [ "$(connections_of "$1")" = 2 ]; }; }
second_run_changes_nothing() {
  first_pipe 0
  expect_same "offered by the second run" "$(offered_sets)" ""
  expect_quiet
}

make_trunk "$service" "$line"
make_service </dev/null
first=$(deploy_one)
commit ok
second=$(deploy_one)
eventually 20 works "$first"
eventually 20 works "$second"

# ---------------------------------------------------------------- two live revisions, the newest is cut

expect_exit 0 cdctl break "$second" --why bad </dev/null
deployed_at=$(cdctl ls "$first" -o ndjson </dev/null | jq -r .deployed_at)
same_boot=yes reboot
expect_same "state" "$(state_of "$first")" down

# Nobody works: the loudest thing there is.
expect_exit 0 cdctl ls -o ndjson </dev/null
valid out
expect_json 'length == 2 and all(.outage == "no unit works: 1 set is cut, 1 is down")'
expect_error "warning: $service: nobody works on it: no unit works"
expect_exit 0 cdctl ls -o table </dev/null
expect_error "warning: $service: nobody works on it"
expect_exit 0 cdctl probe -o ndjson </dev/null
valid out
expect_json 'map(select(.signal == "service/outage") | [.severity, .service, .key]) == [["critical", $s, $s + "/service/outage"]]' --arg s "$service"
cp out probed
expect_exit 0 cdctl trip <probed   # it is about the service: no set is cut for it
expect_json 'map(select(.verdict == "unhealthy")) == []'
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json 'map(select(.what == "work of " + $s) | .state) == ["bad"]' --arg s "$service"

first_pipe 0
expect_same "offered" "$(offered_sets)" "$first "
expect_same "why" "$(jq -r .why offered)" down
expect_json 'map([.set, .ok, .changed]) == [[$set, true, true]]' --arg set "$first"
eventually 20 works "$first"
expect_same "age of $first" "$(cdctl ls "$first" -o ndjson </dev/null | jq -r .deployed_at)" "$deployed_at"
expect_same "newest" "$(newest_set)" "$second"
expect_same "cut of $second" "$(cut_of "$second")" true
no_process_of "$second" || fail "what was cut came back"
second_run_changes_nothing
expect_exit 0 cdctl ls -o ndjson </dev/null
expect_json 'all(has("outage") | not)'
expect_exit 0 cdctl probe -o ndjson </dev/null
expect_json 'map(select(.signal == "service/outage") | .cleared) == [true]'
expect_exit 0 cdctl probe -o ndjson </dev/null
expect_json 'map(select(.signal == "service/outage")) == []'
expect_exit 0 cdctl mend "$second" </dev/null
eventually 20 works "$second"

# ---------------------------------------------------------------- several down, the trunk moves, a freeze, sources that are away, an edit

now=--now  # as the boot unit has it: one of them has fallen a moment ago
commit ok
reboot
first_pipe 0
third=$(newest_set)
expect_same "offered" "$(offered_sets)" "$first $second $third "   # the one that has served longest first, what is new last
for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done
second_run_changes_nothing

expect_exit 0 cdctl hold "$service" --why 'the sale' </dev/null
commit ok
reboot
first_pipe 0
expect_same "offered in a freeze" "$(offered_sets | tr ' ' '\n' | sort | xargs)" "$(printf '%s\n' "$first" "$second" "$third" | sort | xargs)"
for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done
expect_exit 0 cdctl resume "$service" </dev/null

mv "$service.git" away.git
reboot
first_pipe 4
expect_same "offered without a trunk" "$(offered_sets | wc -w)" 3
for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done
expect_exit 4 cdctl outdated </dev/null
expect_json 'map(.schema) == ["cdctl.error/1"]'
mv away.git "$service.git"

printf '[mojo]\nseries = "noble"\n' >>"services.d/$service.toml"
sed -i "1i max_sets = 3" "services.d/$service.toml"
reboot
first_pipe 0
for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done

# ---------------------------------------------------------------- killed in the middle

for point in local.revive.run local.revive.launched deploy.provisioned; do
  reboot
  cdctl outdated </dev/null >offered 2>/dev/null
  expect_exit 137 env CDCTL_TEST_CRASH_AT=$point cdctl deploy <offered
  first_pipe 0
  for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done
done

# ---------------------------------------------------------------- a retirement that was killed stays one

expect_exit 137 env CDCTL_TEST_CRASH_AT=retire.held cdctl retire "$service" --confirm "$service" </dev/null
reboot
cdctl outdated </dev/null >kept 2>/dev/null
expect_same "offered of a service that is being retired" "$(cat kept)" ""
expect_exit 0 cdctl resume "$service" </dev/null

# ---------------------------------------------------------------- the state folder is lost

[ "$engine_name" = local ] || exit 0
reboot
nobody_connected() { [ -z "$has_broker" ] || [ "$(api connections | jq --arg s "$service-r" '[.[] | select(.user | startswith($s))] | length')" = 0 ]; }
eventually 20 nobody_connected
rm -rf home
if [ -n "$has_broker" ]; then
  expect_exit 0 cdctl ls -o ndjson </dev/null
  expect_json 'length == 3 and all(.state == "down" and (.outage | length > 0))'
  first_pipe 1   # the file was edited since: what cannot be made again is said
  sed -i '/^\[mojo\]/,$d' "services.d/$service.toml"
  first_pipe 0
  for set in "$first" "$second" "$third"; do eventually 20 works "$set"; done
else
  first_pipe 0
  expect_same "why" "$(jq -r .why offered)" first
fi
