#!/usr/bin/env bash
# What somebody tries who has the manual of `notify` alone: wrong keys and routes, records in other forms, a home that is full or not to be
# written, a pipe that must go on, receivers that were never told.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() {
  receivers_stop
  umount -l "$work/small" 2>/dev/null || :
}
begin
receivers_start
key=0123456789abcdef0123456789abcdef
now=$(date -u +%FT%T.%3NZ)
(umask 077 && printf '%s\n' $key >pagerduty.key && printf '%s\n' ${key//0/x} >wrong.key)
chat() { (umask 077 && printf 'http://127.0.0.1:%s/hooks/T0/%s\n' "$receivers_port" "$1" >chat.url); }
chat secret-part
cat >>cdctl.toml <<END
[pagerduty]
routing_key_file = "pagerduty.key"
api = "http://127.0.0.1:$receivers_port"
signals = true
[webhook.receivers.chat]
url_file = "chat.url"
[webhook.receivers.events]
url = "http://127.0.0.1:$receivers_port/events"
format = "json"
END
cp cdctl.toml good.toml
with() { { cat good.toml && cat; } >cdctl.toml; } # the configuration, and the lines of stdin
edited() { sed "$1" good.toml >cdctl.toml; }
bad_config() { # REGEX: `config check` says it, and exits 3
  expect_exit 3 cdctl config check
  expect_line "$1"
}

# Receivers that were never told are among the others, with a column for what was dropped; asking makes nothing.
expect_exit 0 cdctl notify --status -o ndjson </dev/null
expect_json 'map(.receiver) == ["pagerduty", "webhook:chat", "webhook:events"] and all(.sent == 0 and .waiting == 0 and .dropped == 0 and (has("last_sent") | not))'
expect_exit 0 cdctl notify --status -o table </dev/null
expect_line 'REFUSED +DROPPED'
! compgen -G 'home/configurations/*/notify/pagerduty' >/dev/null || fail 'to ask made an outbox'

# What routes and tables say wrongly is found before it is needed.
with <<<'[[notify.routes]]
to = ["webhook:chat"]
actions = ["deplyo"]'
bad_config "entry 1: no action 'deplyo'; did you mean deploy"
with <<<'[[notify.routes]]
to = ["webhook:nobody"]'
bad_config "no receiver 'webhook:nobody'"
with <<<'[[notify.routes]]
to = ["webhook:chat"]
severity = "loud"'
bad_config "'severity' must be one of"
edited "s#^url_file = .*#&\nurl = \"http://127.0.0.1:1/x\"#"
bad_config '\[webhook.receivers.chat\]: it needs one of url, url_file, url_env and url_command, and not two'
edited 's#chat.url#gone.url#'
bad_config 'gone.url is not there'
edited 's#^format = .*#formt = "json"#'
bad_config "\[webhook.receivers.events\]: unknown key 'formt'"
# All mistakes at once, each with its line and column.
with <<<'[webhook.receivers.more]
format = "slak"
urll = "x"
url = "ftp://chat.example/x"
[[notify.routes]]
to = ["pagerdty", "webhook:nobody"]
severity = "eror"
actions = ["deplyo"]'
expect_exit 3 cdctl config check -o table
for line in "'format' must be one of" "unknown key 'urll'" 'must be an http address' "no receiver 'webhook:nobody'" "'severity' must be one of" "no action 'deplyo'"; do
  expect_line "cdctl\.toml:[0-9]+:[0-9]+: .*$line"
done
cp good.toml cdctl.toml
expect_exit 0 cdctl config check

# Severities as numbers, a record that names only its set, CloudEvents: each goes where its words would.
with <<<'[[notify.routes]]
to = ["pagerduty"]
services = ["thumbs"]
severity = 3'
set=thumbs-r0000000001
signal() { printf '{"schema":"cdctl.signal/1","id":"%s","set":"%s","severity":%s,"signal":"oops","time":"%s"}\n' "$1" "$set" "$2" "$now"; }
{ signal n1 2; signal n2 6; } >numbers
expect_exit 0 cdctl notify pagerduty <numbers
expect_same pages "$(taken /v2/enqueue | jq -r '.payload.severity + " " + .dedup_key')" 'critical cdctl/signal/thumbs/oops'
forget_requests
outcome break 2 | jq -c 'del(.service)' >one
expect_exit 0 cdctl notify pagerduty <one
expect_same pages "$(taken /v2/enqueue | jq -r .dedup_key)" cdctl/cut/thumbs-r0000000002
forget_requests
jq -cn --arg set $set --arg now "$now" '{specversion: "1.0", id: "e1", source: "/x", type: "org.cdctl.signal.raised.v1", subject: $set, time: $now, severitytext: "ERROR", data: {signal: "late", message: "m"}},
  {specversion: "1.0", id: "e2", source: "/x", type: "org.cdctl.outcome.v1", data: {schema: "cdctl.outcome/1", action: "break", set: "thumbs-r0000000003", ok: true, changed: true, time: $now}},
  {specversion: "1.0", id: "e3", source: "/x", type: "com.github.push", data: {}}' >events
expect_exit 1 cdctl notify pagerduty <events
expect_error "line 3: a CloudEvent of type 'com.github.push' carries no record of cdctl; skipped"
expect_same pages "$(taken /v2/enqueue | jq -r .dedup_key | xargs)" 'cdctl/signal/thumbs/thumbs/late cdctl/cut/thumbs-r0000000003'

# severity = "error": a deploy that went well is told to nobody; one that went wrong is, and its end to who keeps incidents.
with <<<'[[notify.routes]]
to = ["pagerduty", "webhook:chat", "webhook:events"]
severity = "error"'
forget_requests
outcome deploy 4 '{"ok":false,"exit":1,"error":"no disk"}' >wrong
outcome deploy 5 >well
expect_exit 0 cdctl notify <wrong
expect_exit 0 cdctl notify <well
expect_same incident "$(taken /v2/enqueue | jq -r .event_action | xargs)" 'trigger resolve'
expect_same changes "$(requests /v2/change/enqueue .status)" ''
expect_same chat "$(requests /hooks/T0/secret-part .body | jq -r .text | grep -c deployed)" 1
expect_same records "$(taken /events | jq -r '.set + " " + (.ok | tostring)')" 'thumbs-r0000000004 false'

# A wrong key of the pager is mended, and what waited is sent: no replay, nothing refused.
edited 's#"pagerduty.key"#"wrong.key"#'
forget_requests
outcome break 6 >one
expect_exit 4 cdctl notify pagerduty --timeout 2s <one
expect_error 'kept: \[pagerduty\]: HTTP 400: .*; put the key of an integration Events API v2 into routing_key_file'
expect_same refused "$(cdctl notify --status -o ndjson </dev/null | jq -r 'select(.receiver == "pagerduty") | "\(.refused) \(.waiting)"')" '0 1'
cp good.toml cdctl.toml
expect_exit 0 cdctl notify pagerduty --flush --timeout 90s
expect_same later "$(taken /v2/enqueue | jq -r .dedup_key)" cdctl/cut/thumbs-r0000000006
# And a wrong address says what to do.
chat other
expect_exit 4 cdctl notify webhook:chat --timeout 2s <one
expect_error 'HTTP 404.*; mend the address: it is tried again each minute'
chat secret-part
rm -rf home/configurations

# The end of a run's own time is no word about the receiver: it asked for 2 s, and then there were 2 left.
forget_requests
{ outcome break 7; outcome break 8; } >two
answers '429 2' hang
expect_exit 4 cdctl notify pagerduty --timeout 4s <two
expect_error 'records for pagerduty could not be sent yet and are kept: the 4s of this run are over \(--timeout\)'
rm -rf home/configurations
receivers_stop
receivers_start "$receivers_port"

# Two receivers that hang: they are waited for beside each other.
forget_requests
answers hang hang hang hang hang hang hang hang
expect_exit 4 cdctl notify pagerduty webhook:events --timeout 1s <one
began=$SECONDS
expect_exit 4 cdctl notify --flush --timeout 8s
[ $((SECONDS - began)) -lt 15 ] || fail "one waited for the other: $((SECONDS - began)) s"
rm -rf home/configurations
receivers_stop
receivers_start "$receivers_port"
forget_requests

# --pass passes all of it, whatever is wrong here.
{ printf 'no record\n\n' && cat one; } >mixed
expect_exit 1 cdctl notify webhook:events --pass < <(cat one mixed)
cat one mixed | cmp -s - out || fail 'not all was passed'
# A line that is too long for a record, too; whoever comes behind it is told of all the same.
{ cat one; head -c 6000000 /dev/zero | tr '\0' x; echo; cat one; } >long
expect_exit 1 cdctl notify webhook:events --pass <long
cmp -s long out || fail 'a long line was not passed'
expect_error 'line 2: longer than 4194304 bytes; nobody is told of it, and it is passed on'
printf '[pagerduty]\nx = 1\n' >cdctl.toml
expect_exit 3 cdctl notify --pass <mixed
cmp -s mixed out || fail 'a wrong table stops the pipe'
expect_error 'nobody is told, and all of it is passed on'
cp good.toml cdctl.toml
mv home home.aside && : >home
timeout 60 cdctl notify --pass <mixed >out 2>err && fail 'a home that is a file is no trouble'
cmp -s mixed out || fail 'a home that is none stops the pipe'
rm home && mv home.aside home
printf 'SET  STATE\n' >table
expect_exit 2 cdctl notify webhook:events --pass <table
cmp -s table out || fail 'what is no record is not passed'

# A full disk: what was sent is not sent again, what cannot be kept is told all the same, or lost and counted.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=256k none small 2>/dev/null; then
  edited "s|^home = .*|home = \"$work/small/home\"|"
  forget_requests
  expect_exit 0 cdctl notify webhook:events <one
  receivers_stop
  expect_exit 4 cdctl notify webhook:events --timeout 500ms <two
  receivers_start "$receivers_port"
  head -c 1000000 /dev/zero >small/filler 2>/dev/null || true
  forget_requests
  for _ in 1 2; do timeout 100 cdctl notify webhook:events --flush --timeout 90s >out 2>err || true; done
  expect_same sent "$(taken /events | jq -r .set | xargs)" 'thumbs-r0000000007 thumbs-r0000000008'
  for i in $(seq 400); do outcome break $((i + 100)); done >many
  forget_requests
  expect_exit 0 cdctl notify webhook:events <many
  expect_same 'told from memory' "$(taken /events | jq -r .set | sort -u | wc -l)" 400
  receivers_stop
  expect_exit 1 cdctl notify webhook:events --timeout 2s <many
  expect_error '400 records for webhook:events are lost'
  receivers_start "$receivers_port"
  rm small/filler
  expect_exit 0 cdctl notify --status -o ndjson </dev/null
  expect_json 'any(.receiver == "webhook:events" and .dropped == 400)'
fi
