#!/usr/bin/env bash
# Who speaks for a set, and what its user may do: a worker that finds a way to another set's routing key is not heard, what it has
# bound is named and removed, and rights that somebody changed are told and given again.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker # a binding on the exchange of the signals is everybody's
mix=${service}x
make_trunk
make_service </dev/null
make_trunk "$mix"
make_service "$mix" </dev/null
victim=$(deploy_one ok)
mixed=$(cdctl deploy "$mix" -o name </dev/null 2>>deploy.err | tail -1)

# unit_env SET VARIABLE: as one of its workers has it; nothing while there is none.
unit_env() {
  local pid
  for pid in $(processes_of "$1" 2>/dev/null || true); do
    ! grep -qs demo-worker "/proc/$pid/comm" || { tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n "s/^$2=//p"; return 0; }
  done
}
has_worker() { [ -n "$(unit_env "$1" AMQP_URL)" ]; }
eventually 20 has_worker "$victim"
eventually 20 has_worker "$mixed"
url_of_mixed=$(unit_env "$mixed" AMQP_URL)
url_of_victim=$(unit_env "$victim" AMQP_URL)
key=${victim%-*}.${victim##*-}.critical
event() { printf '{"set":"%s","signal":"%s","severity":"critical"}' "$1" "$2"; }
sources() { api "exchanges/%2F/cdctl.signals/bindings/destination" | jq -r '.[].source'; }

# ---------------------------------------------------------------- another set's name

# As it was where one name was allowed for a queue and an exchange: the right to read the queue is the right to bind the exchange.
api "exchanges/%2F/$mix" -f -X PUT -d '{"type":"topic"}'
bind() { api "bindings/%2F/e/$mix/e/cdctl.signals" -f -o /dev/null -X POST -d '{"routing_key":"#"}'; }
api "permissions/%2F/$mixed" -f -X PUT -d '{"configure":"^$","write":"^(?:cdctl\\.signals|'"$mix"')\\z","read":"^(?:'"$mix"')\\z"}'
bind
! amqp-publish -u "$url_of_mixed" -e cdctl.signals -r "$key" -b "$(event "$victim" lie)" 2>/dev/null || fail "the topic permission holds nobody"
for _ in 1 2 3; do amqp-publish -u "$url_of_mixed" -e "$mix" -r "$key" -b "$(event "$victim" lie)"; done
amqp-publish -u "$url_of_mixed" -e cdctl.signals -r "${mixed%-*}.${mixed##*-}.critical" -b "$(event "$victim" lie)"
amqp-publish -u "$url_of_victim" -e cdctl.signals -r "$key" -b "$(event "$victim" mute)"   # its own, by a client that does not say so
bodies() { api "queues/%2F/cdctl.signals.log" | jq -e '.messages >= 5' >/dev/null; }
eventually 20 bodies
expect_exit 0 cdctl signals --since 1h </dev/null
expect_quiet
expect_error "not heard: .*exchange '$mix'.*; and 2 messages like it"
expect_error "not heard: .*does not say who sent it.*user_id.*; and 1 message like it"
expect_same "lines" "$(grep -c 'not heard' err)" 2
pipe_exit 0 'cdctl signals --since 1h 2>/dev/null | cdctl trip --all | cdctl break'
expect_same "cut" "$(cut_of "$victim")" false

# doctor names the binding, who may have made it, and the client that is not heard.
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "any(.state == \"bad\" and (.what | startswith(\"bindings of cdctl.signals\")) and (.found | contains(\"$mix is bound\") and contains(\"who may have made it: \") and contains(\"$mixed\")))"
expect_json 'any(.state == "warning" and (.what | startswith("signals on")) and (.found | contains("not heard")))'

# The set itself is heard, and cut; so is what an operator says.
expect_exit 0 env AMQP_URL="$url_of_victim" CDCTL_SET="$victim" CDCTL_SERVICE="$service" CDCTL_REVISION="${victim##*-}" cdctl signal oops -s warning </dev/null
expect_exit 0 cdctl signal "$victim" seen -s warning </dev/null
expect_exit 0 cdctl signals --since 1h </dev/null
expect_json 'map(.signal) == ["oops", "seen"]'

# ---------------------------------------------------------------- what it has bound goes

expect_same "bound" "$(sources)" "$mix"
second=$(deploy_one ok)
expect_same "bound after a deploy" "$(sources)" ""
grep -q "the exchange $mix is bound to cdctl.signals.*removed" deploy.err || fail "the deploy is silent"

# What is out there comes back all the same when it falls: a new set is what is refused.
kill_set "$mixed"
pipe_exit 0 "cdctl outdated $mix | cdctl deploy"
expect_json ".[0] | .set == \"$mixed\" and .ok and .changed"
expect_error 'a new set will be refused for that'
eventually 20 has_worker "$mixed"
bind
expect_exit 0 cdctl reap "$mixed" --even-newest --even-last "$mixed" --grace 0s </dev/null
expect_same "bound after the reap" "$(sources)" ""

# ---------------------------------------------------------------- one name for a queue and an exchange

expect_exit 5 cdctl deploy "$mix" </dev/null
expect_error "the broker has an exchange with the name of the queue $mix"
sed -i "s/^\[breaker\]/publish = [\"$mix\"]\n[breaker]/" "services.d/$mix.toml"
expect_exit 3 cdctl config check -o ndjson </dev/null
expect_json "length == 1 and (.[0].file | endswith(\"$mix.toml\")) and (.[0].what | contains(\"queues.$mix: an exchange here has the same name\"))"
expect_exit 3 cdctl deploy "$mix" </dev/null
expect_error 'call one of them otherwise'
rm "services.d/$mix.toml"
expect_exit 0 cdctl config check </dev/null

# ---------------------------------------------------------------- rights that somebody changed

supervisor() { cdctl inspect "$second" -o ndjson </dev/null 2>/dev/null | jq .local.supervisor_pid; }
runs=$(supervisor)
rights() { cdctl ls "$second" -o ndjson </dev/null 2>/dev/null | jq -r '.rights // ""'; }
give() { api "permissions/%2F/$second" -f -X PUT -d "{\"configure\":\"$1\",\"write\":\"$2\",\"read\":\"$3\"}"; }
put_right() {
  expect_exit 0 cdctl outdated </dev/null
  expect_json "map(select(.set == \"$second\") | .why) == [\"rights\"]"
  pipe_exit 0 'cdctl outdated | cdctl deploy'
  expect_json "any(.set == \"$second\" and .ok and .changed and (.rights | contains(\"$1\")))"
  expect_same "rights" "$(rights)" ""
  expect_same "its supervisor" "$(supervisor)" "$runs"
  expect_exit 0 cdctl deploy "$service" </dev/null
  expect_json '.[0] | .ok and (.changed | not)'
}
expect_same "rights" "$(rights)" ""
before=$(api "permissions/%2F/$second")

api "permissions/%2F/$second" -X DELETE
expect_exit 0 cdctl ls "$second" -o ndjson </dev/null
expect_json '.[0] | .state == "live" and (.rights | contains("none of its units gets in"))'
expect_exit 0 cdctl ls "$second" -o table </dev/null
expect_line 'its rights were changed: '
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "any(.what == \"set $second\" and .state == \"bad\" and (.cure | contains(\"cdctl deploy $service@\")))"
expect_exit 0 cdctl probe "$second" </dev/null
expect_json 'any(.signal == "service/rights" and .severity == "warning")'
put_right 'no permission on the virtual host'
expect_same "the permission" "$(api "permissions/%2F/$second")" "$before"

give '.*' '.*' '.*'
put_right "configure is '.*'"
expect_same "the permission" "$(api "permissions/%2F/$second")" "$before"
api "topic-permissions/%2F/$second" -X DELETE
put_right 'under every routing key'
api vhosts/other -f -X PUT -d '{}'
api "permissions/other/$second" -f -X PUT -d '{"configure":".*","write":".*","read":".*"}'
put_right 'it may enter the virtual host other'
api "users/$second" | jq -c '{password_hash, hashing_algorithm, tags: "administrator"}' | api "users/$second" -f -X PUT -d @-
put_right "it has the tags 'administrator'"

# A cut set stays cut, and its rights are for later.
expect_exit 0 cdctl break "$second" --even-last "$second" </dev/null
give '.*' '.*' '.*'
expect_exit 0 cdctl outdated </dev/null
expect_json "all(.set != \"$second\" or .why != \"rights\")"
