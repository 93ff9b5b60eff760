#!/usr/bin/env bash
# Jobs wait and nobody takes them: every place says so, also where all units are up, and nobody says it any longer than it is so. And workers
# that never connect to the broker that guards count by: doctor names them, with what to do.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
units=1
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
set=$(deploy_one)
signals_of() { cdctl probe "$service" -o ndjson </dev/null | jq -c 'select(.signal == "service/outage")'; }
outage_of() { cdctl ls "$service" -o ndjson </dev/null | jq -r '.outage // "none"' | sort -u; }
says() { [ "$(outage_of)" = "$1" ]; }

# An empty queue without a consumer is no outage: there is nothing to do.
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
expect_json '.[0] | .state == "live" and (has("outage") | not)'
expect_same "signals" "$(signals_of)" ""

produce 3 100
eventually 20 gone "$producer"
eventually 40 says "3 jobs wait in $service, and nobody consumes"
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
valid out
expect_json 'length == 1 and (.[0] | .state == "live" and .units.up == 1)'
expect_error "warning: $service: nobody works on it: 3 jobs wait in $service, and nobody consumes"
expect_exit 0 cdctl ls "$service" -o table </dev/null
expect_line "$set +live .*nobody works: 3 jobs wait in $service"
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "work of '"$service"'" and .state == "bad" and (.found | contains("3 jobs wait in")) and (.cure | length > 0))'
expect_exit 0 cdctl probe "$service" </dev/null
valid out
expect_json 'map(select(.signal == "service/outage") | [.severity, .service, .key, .set]) == [["critical", $s, $s + "/service/outage", $set]]' --arg s "$service" --arg set "$set"
expect_json 'map(select(.signal == "service/outage") | .message) | .[0] | test("nobody works on .* since .*: 3 jobs wait")'
cp out seen
# It is about the service and no revision: no rule counts it, unless it names it.
expect_exit 0 cdctl trip --rule 'critical >= 1' <seen
expect_json 'all(.verdict != "unhealthy")'
expect_exit 0 cdctl trip --rule "'service/outage' >= 1" <seen
expect_json 'any(.verdict == "unhealthy")'
# outdated has nothing that would help: the units are up.
expect_exit 0 cdctl outdated "$service" </dev/null
expect_quiet

# ---------------------------------------------------------------- workers that never connect

broker_is_up() { [ "$(api nodes | jq '.[0].uptime')" -gt 61000 ]; }
grow_old() {
  local memo
  memo=$(api "global-parameters/cdctl.set.$1" | jq -c '.value.deployed_at = (now - 3600 | todate) | {value}')
  api "global-parameters/cdctl.set.$1" -X PUT -d "$memo"
}
unconnected='any(.what == "set " + $set and .state == "bad" and (.found | contains("none of its 1 unit holds a connection to the broker, though it lists queues (" + $s + ")")) and (.cure | contains("switches = [\"local\"]")))'
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "$unconnected | not" --arg set "$set" --arg s "$service"  # it has just been deployed
eventually 70 broker_is_up
grow_old "$set"
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "$unconnected" --arg set "$set" --arg s "$service"
commit ok
expect_exit 0 cdctl deploy "$service" </dev/null
expect_exit 5 cdctl reap "$set" --grace 0s </dev/null
expect_error 'leave the broker out of its .switches.'
# As doctor says. What the broker holds of its sets is looked at and removed all the same.
sed -i '1i switches = ["local"]' "services.d/$service.toml"
expect_same "jobs that wait" "$(outage_of)" "3 jobs wait in $service, and nobody consumes"
expect_exit 0 cdctl reap "$set" --grace 0s </dev/null
expect_json '.[0] | .ok and .changed and ([.steps[].plugin] | contains(["rabbit", "local"]))'
left=$(cdctl ls "$service" -o name </dev/null)
expect_same "users" "$(users_of "$service")" "$left"
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json 'all(.what | startswith("set ") | not)'
# A cut is the engine's alone, and seen as one; one that the broker made before is taken back.
expect_exit 0 cdctl break "$left" --even-last "$left" </dev/null
expect_json '.[0].steps | map(.plugin) == ["local"]'
expect_same "cut" "$(cut_of "$left")" true
expect_exit 0 cdctl mend "$left" </dev/null
expect_same "cut" "$(cut_of "$left")" false
sed -i '1d' "services.d/$service.toml"
expect_exit 0 cdctl break "$left" --even-last "$left" </dev/null
sed -i '1i switches = ["local"]' "services.d/$service.toml"
expect_exit 0 cdctl mend "$left" </dev/null
expect_same "cut" "$(cut_of "$left")" false
expect_same "its limit" "$(api "user-limits/$left" | jq -c .)" '[]'
sed -i '1d' "services.d/$service.toml"

# ---------------------------------------------------------------- somebody takes them

engine_trunk "$service" "worker: exec \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2"
set=$(deploy_one ok)
eventually 60 says none
expect_exit 0 cdctl probe "$service" </dev/null
expect_json 'map(select(.signal == "service/outage") | [.cleared, .severity]) == [[true, "info"]]'
expect_same "the second look" "$(signals_of)" ""
eventually 20 nothing_missing
expect_exit 0 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "work of '"$service"'" and .state == "ok")'

