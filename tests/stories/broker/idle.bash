#!/usr/bin/env bash
# Workers that the broker lets in and that take nothing (refused, stuck, or ended with status 0 and restarted) look like what they are:
# in ls, for min_live, for deploy --wait, for the default rules. And a worker that needs four connections passes its trial.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
# As people write them: no exec.
good="worker: amqp-consume -u \"\$AMQP_URL\" -q $service -- sh -c 'cat >>$work/done; echo >>$work/done'"
deaf='worker: echo "403 ACCESS_REFUSED - configure access refused" >&2; sleep 100000 | amqp-publish -u "$AMQP_URL" -r nothing -l'
make_trunk "$service" "$good"
units=1 make_service </dev/null
sed -i '/^\[breaker\]/d; /^rules/d' "services.d/$service.toml"   # the default rules
grow_old() {
  local memo
  memo=$(api "global-parameters/cdctl.set.$1" | jq -c '.value.deployed_at = (now - 3600 | todate) | {value}')
  api "global-parameters/cdctl.set.$1" -X PUT -d "$memo"
}
says() { cdctl ls "$1" -o ndjson </dev/null 2>/dev/null | jq -e "$2" >/dev/null; }
run() { printf '%s\n' "$1" >"$service.git/Procfile"; deploy_one "$2"; }

first=$(deploy_one good)
zombie=$(run "$deaf" deaf)
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
eventually 20 connected "$first"
eventually 20 connected "$zombie"

# ---------------------------------------------------------------- min_live

# It counts who works: the zombie is connected, and takes nothing.
would_cut() { cdctl break --dry-run "$1" </dev/null >/dev/null 2>&1; }
eventually 30 would_cut "$zombie"
expect_exit 5 cdctl break "$first" </dev/null
expect_error "leave $service with 0 live units at work on the broker"
expect_exit 5 cdctl reap "$first" </dev/null

# ---------------------------------------------------------------- the default rules, within a minute

begun=$(date +%s)
timeout 120 cdctl probe "$service" --every 5s -o ndjson </dev/null 2>/dev/null | timeout 120 cdctl trip >verdicts 2>trip.err &
pipe=$!
unhealthy() { jq -es --arg s "$zombie" 'any(.set == $s and .verdict == "unhealthy")' verdicts >/dev/null 2>&1; }
eventually 75 unhealthy
took=$(($(date +%s) - begun))
[ "$took" -le 75 ] || fail "the default rules took $took s"
! jq -es --arg s "$first" 'any(.set == $s and .verdict == "unhealthy")' verdicts >/dev/null || fail "the good set is unhealthy: $(cat verdicts)"
kill "$pipe" 2>/dev/null || true

# ---------------------------------------------------------------- ls and doctor

broker_is_up() { [ "$(api nodes | jq '.[0].uptime')" -gt 61000 ]; }
eventually 70 broker_is_up
grow_old "$first"
sleep 1.1   # the times of the memory are whole seconds
grow_old "$zombie"
eventually 20 says "$zombie" '.state == "live" and (.proven | not) and (.idle | test("^connected, consumes nothing: .*ACCESS_REFUSED"))'
says "$first" '.state == "live" and (has("idle") | not)' || fail "the good set is idle: $(cdctl ls </dev/null)"
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
valid out
expect_exit 0 cdctl ls "$service" -o table </dev/null
expect_line "$zombie +partial .*connected, consumes nothing"
expect_line "$first +live "
expect_exit 0 cdctl outdated "$service" </dev/null
expect_quiet   # a deploy would not help it
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "set " + $set and .state == "bad" and (.found | test("none takes a message")) and (.cure | test("consumes = false")))' --arg set "$zombie"
# It may be meant so: then who is connected works.
sed -i 's/^\[rabbit\]/&\nconsumes = false/' "services.d/$service.toml"
says "$zombie" 'has("idle") | not' || fail "it is idle all the same"
sed -i '/^consumes/d' "services.d/$service.toml"

# ---------------------------------------------------------------- deploy --wait

run 'worker: echo "540 NOT_IMPLEMENTED - queue does not support global qos" >&2; sleep 0.2' again >/dev/null   # ends with status 0
git -C "$service.git" commit -qm looping --allow-empty
looped=$SECONDS
expect_exit 6 cdctl deploy "$service" --wait --settle 1s --timeout 300s </dev/null
expect_json '.[0].ok and (.[0].wait | (.served | not) and (.why | test("consumes nothing, restarted .*540")))'
[ $((SECONDS - looped)) -lt 150 ] || fail "it waited for $((SECONDS - looped)) s"

# ---------------------------------------------------------------- four connections, one trial

hold='sleep 100000 | amqp-publish -u "$AMQP_URL" -r nothing -l'
sed -i 's/^\[rabbit\]/&\nunit_connections = 4/; s/^units.*/units = { worker = 3 }/' "services.d/$service.toml"
# It takes no message until it has all of its connections.
cat >"$service.git/worker" <<END
#!/bin/sh
for n in 1 2 3; do ($hold || kill \$\$) & done
sleep 1
amqp-consume -u "\$AMQP_URL" -q $service -- sh -c 'cat >>$work/done; echo >>$work/done'
END
chmod +x "$service.git/worker"
git -C "$service.git" add worker
pool=$(run 'worker: ./worker' pool)
twelve() { [ "$(connections_of "$pool")" = 12 ]; }
eventually 30 twelve
expect_exit 0 cdctl break "$pool" --even-last "$pool" </dev/null
expect_exit 0 cdctl break "$first" "$zombie" --even-last "$first" --even-last "$zombie" </dev/null
produce 30 5
expect_exit 0 cdctl mend "$pool" --probation 60s --messages 3 </dev/null
expect_json '.[0] | .ok and .trial.end == "passed" and any(.steps[]; .connections == 4)'
eventually 30 twelve   # the units that it left out are back
expect_same "cut of $pool" "$(cut_of "$pool")" false
