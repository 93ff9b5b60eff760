#!/usr/bin/env bash
# Signals over HTTP: from curl in each form, kept by the feed before they are answered for, and read by breakers at their own pace.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
set=$service-r5f0c1e9a2b
make_trunk
make_service </dev/null
random_hex 24 >token
chmod 600 token

listening() { grep -q 'listening on' listen.err; }
# post STATUS CURL-ARG...: posts to the listener with the token.
post() {
  local want=$1 got
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$(cat token)" >curl.conf # the token stays out of the argument list
  got=$(curl -s -m 20 --noproxy '*' -K curl.conf -o answer -w '%{http_code}' "http://$address/" "$@")
  [ "$got" = "$want" ] || fail "answer $got, expected $want: $(head -c 300 answer)"
}
event() { printf '{"specversion":"1.0","id":"%s","source":"/test","type":"org.cdctl.signal.raised.v1","subject":"%s","severitynumber":17,"data":{"signal":"%s"}}' "$1" "$set" "$2"; }
replayed() { cdctl signals --since 1h "$service" </dev/null | jq -r .signal | sort | uniq -c | awk '{ print $1 $2 }' | paste -sd' '; }

expect_exit 3 cdctl signals --listen 127.0.0.1:0 </dev/null
expect_error "needs a token"
expect_exit 2 cdctl signals --listen 0.0.0.0:8080 --token-file token </dev/null
expect_exit 3 cdctl signals --listen 127.0.0.1:0 --token-file cdctl.toml </dev/null
printf '\n[signals]\ntoken_file = "token"\n' >>cdctl.toml
cdctl signals --listen 127.0.0.1:0 </dev/null >taken.ndjson 2>listen.err &
listener=$!
eventually 20 listening
address=$(sed -n 's/.*listening on //p' listen.err)

post 204 -H 'Content-Type: application/json' -d "{\"service\":\"$service\",\"revision\":\"r5f0c1e9a2b\",\"signal\":\"plain\"}"
post 204 -H 'Content-Type: application/cloudevents+json' -d "$(event 1 structured)"
post 204 -H 'Content-Type: application/cloudevents-batch+json' -d "[$(event 2 batched),$(event 3 batched)]"
post 204 -H 'Content-Type: application/json' -H 'ce-specversion: 1.0' -H 'ce-id: 4' -H 'ce-source: /test' -H 'ce-type: org.cdctl.signal.raised.v1' -H "ce-subject: $set" -d '{"signal":"binary"}'
post 204 -H 'Content-Type: application/json' -d "{\"version\":\"4\",\"status\":\"firing\",\"truncatedAlerts\":0,\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"alerted\",\"set\":\"$set\",\"severity\":\"critical\"},\"annotations\":{},\"startsAt\":\"2026-11-23T04:00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"fingerprint\":\"ab\"}]}"
# What was answered for is in the feed.
expect_same "signals in the feed" "$(replayed)" "1alerted 2batched 1binary 1plain 1structured"

post 400 -H 'Content-Type: application/json' -d '{"set":"nobody","signal":"x"}'
post 415 -H 'Content-Type: text/csv' -d 'a,b'
head -c 70000 /dev/zero | tr '\0' 'x' | sed 's/.*/{"set":"'"$set"'","message":"&"}/' >big
post 413 -H 'Content-Type: application/json' --data-binary @big
head -c 1100000 /dev/zero >bigger
post 413 -H 'Content-Type: application/json' --data-binary @bigger
expect_same "an answer without a token" "$(curl -s --noproxy '*' -o answer -w '%{http_code}' -d x "http://$address/")" 401
[ "$(wc -l <taken.ndjson)" = 6 ] || fail "$(wc -l <taken.ndjson) records on stdout, expected 6"
valid taken.ndjson
! grep -q "$(cat token)" listen.err taken.ndjson || fail "the token was said"

# A reader that stands still holds nobody up, and misses nothing.
cdctl signals "$service" --follow=slow </dev/null >slow.ndjson 2>slow.err &
slow=$!
eventually 20 filled 'home/configurations/*/readers/slow'   # it has a position: what comes from now on is its to give
kill -STOP "$slow"
for i in $(seq 1 400); do printf '{"set":"%s","signal":"flood","id":"f%s","severity":"info"}\n' "$set" "$i"; done >flood.ndjson
expect_exit 0 timeout 20 cdctl signal - <flood.ndjson
kill -CONT "$slow"
caught_up() { [ "$(grep -c '"flood"' slow.ndjson)" = 400 ]; }
eventually 30 caught_up
kill "$slow"

# It ends on request, and at once.
kill -TERM "$listener"
status=0
wait "$listener" || status=$?
expect_same "exit status of the listener" $status 143
