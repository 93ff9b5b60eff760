#!/usr/bin/env bash
# No receiver silences another one: a run for one of them keeps what is new for the others, a wrong table or route is said and the others are told,
# and whoever cannot look, or be remembered, says so.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() {
  [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || :
  umount -l "$work/small" 2>/dev/null || :
  receivers_stop
}
begin
receivers_start
mkdir -p -m 0700 home
key=0123456789abcdef0123456789abcdef
(umask 077 && printf '%s\n' $key >pagerduty.key)
cat >>cdctl.toml <<END
[pagerduty]
routing_key_file = "pagerduty.key"
api = "http://127.0.0.1:$receivers_port"
[webhook.receivers.chat]
url = "http://127.0.0.1:$receivers_port/hooks/T0/secret-part"
[webhook.receivers.events]
url = "http://127.0.0.1:$receivers_port/events"
format = "json"
END
cp cdctl.toml good.toml
with() { { cat good.toml && cat; } >cdctl.toml; }
log() { outcome "$@" >>home/outcomes.ndjson; }
paged() { taken /v2/enqueue | jq -r .dedup_key | xargs; }
told() { taken /events | jq -r .set | xargs; }
waiting() { cdctl notify --status -o ndjson </dev/null 2>/dev/null | jq -r 'select(.receiver == "'"$1"'") | .waiting'; }
expect_exit 0 cdctl notify --new

# A run for one receiver, by hand or as a unit: what is new waits for the others, and no sender is started for them.
log break 1
expect_exit 0 cdctl notify --new webhook:events
expect_same 'told alone' "$(told)" thumbs-r0000000001
expect_same 'not yet' "$(paged)" ''
expect_same waits "$(waiting pagerduty) $(waiting webhook:chat)" '1 1'
expect_exit 0 cdctl notify --new pagerduty
expect_same 'the pager' "$(paged)" cdctl/cut/thumbs-r0000000001
expect_exit 0 cdctl notify --new
expect_same chat "$(requests /hooks/T0/secret-part | wc -l)" 1
expect_same 'once each' "$(told) $(paged)" 'thumbs-r0000000001 cdctl/cut/thumbs-r0000000001'
expect_same nothing "$(waiting pagerduty) $(waiting webhook:chat)" '0 0'

# One wrong table: all others are told, what is for it is kept until it is mended, and each command names it.
forget_requests
with <<END
[webhook.receivers.teams]
url = "http://127.0.0.1:$receivers_port/teams"
format = "teems"
END
log break 2
expect_exit 3 cdctl notify --new
expect_error "\[webhook.receivers.teams\]: 'format' must be one of"
expect_same others "$(told) $(paged)" 'thumbs-r0000000002 cdctl/cut/thumbs-r0000000002'
expect_exit 3 cdctl notify --status -o ndjson </dev/null
expect_error "\[webhook.receivers.teams\]: 'format' must be one of"
expect_json 'map(.receiver) == ["pagerduty", "webhook:chat", "webhook:events", "webhook:teams"] and (.[3] | .waiting == 1 and (.why | test("cannot be used")))'
expect_exit 0 cdctl notify webhook:events --flush
timeout 60 cdctl doctor -o ndjson >doctor 2>/dev/null || true
jq -se 'any(.what == "receivers" and .state == "bad" and (.found | test("webhook.receivers.teams.*must be one of")))' doctor >/dev/null || fail "doctor says nothing of it: $(cat doctor)"
cdctl metrics >metrics 2>metrics.err
grep -q '^cdctl_up{source="receivers"} 0' metrics || fail "$(grep cdctl_up metrics)"
grep -q "webhook.receivers.teams" metrics.err || fail 'metrics says nothing of it'
sed -i 's/teems/teams/' cdctl.toml
expect_exit 0 cdctl notify --new
expect_same 'what was kept' "$(taken /teams | wc -l)" 1

# A wrong route, and one to nobody: whom it names gets what is for it.
forget_requests
with <<'END'
[[notify.routes]]
to = ["pagerduty"]
actions = ["deplyo"]
[[notify.routes]]
to = ["webhook:nobody"]
END
log break 3
expect_exit 3 cdctl notify --new
expect_error "entry 1: no action 'deplyo'"
expect_error "no receiver 'webhook:nobody'"
expect_same 'told all the same' "$(told) $(paged)" 'thumbs-r0000000003 cdctl/cut/thumbs-r0000000003'
cp good.toml cdctl.toml
expect_exit 3 cdctl notify --flush webhoook
expect_error "no receiver 'webhoook'; did you mean webhook"

# A web page in a 200, of a login or a proxy, is nobody's answer: all of them wait.
forget_requests
answers page page page page page page page page page page page page   # tries included
log break 4
expect_exit 4 cdctl notify --new --timeout 400ms
for receiver in pagerduty webhook:chat webhook:events; do
  grep -q "1 record for $receiver could not be sent yet" err || fail "$receiver took a web page for its answer: $(cat err)"
done
expect_same waits "$(waiting pagerduty) $(waiting webhook:chat) $(waiting webhook:events)" '1 1 1'
forget_requests
expect_exit 0 cdctl notify --flush --timeout 60s
expect_same later "$(told) $(paged)" 'thumbs-r0000000004 cdctl/cut/thumbs-r0000000004'
forget_requests
for _ in {1..12}; do printf '/v2/enqueue error\n'; done >receivers/script   # tries included
log break 5
expect_exit 4 cdctl notify pagerduty --new --timeout 400ms
forget_requests
expect_exit 0 cdctl notify --flush --timeout 60s
expect_same 'no page is lost' "$(requests /v2/enqueue .status | wc -l)" 1

# A receiver that asks for three years is asked again after the longest pause.
forget_requests
with <<'END'
[notify]
longest_pause = "1s"
END
answers '/events 429 99999999'
outcome break 10 >one
expect_exit 0 cdctl notify webhook:events --timeout 20s <one
expect_same 'two tries' "$(requests /events .status | xargs)" '429 202'
cp good.toml cdctl.toml

# Who asks about a receiver is answered about that one.
expect_exit 0 cdctl notify --status pagerduty -o ndjson </dev/null
expect_json 'map(.receiver) == ["pagerduty"]'
expect_exit 3 cdctl notify --status nosuch </dev/null

# One that takes its time is not one that takes nothing: it took some, and the others are sent by the next run.
forget_requests
for i in $(seq 30); do printf '/events slow\n'; done >receivers/script
for i in $(seq 30); do outcome break $((i + 50)); done >many
expect_exit 4 cdctl notify webhook:events --timeout 1s <many
! grep -q 'takes nothing now' err || fail "$(cat err)"
expect_error 'the 1s of this run are over'
expect_same 'no trouble' "$(cdctl notify --status webhook:events -o ndjson </dev/null | jq -r '"\(.why // "")\(.tries // 0)"')" 0
expect_exit 0 cdctl notify --flush --timeout 60s

# A full disk: what was told is remembered in place, so that nobody gets the same line with each run.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=512k none small 2>/dev/null; then
  sed "s|^home = .*|home = \"$work/small/home\"|" good.toml >cdctl.toml
  mkdir -m 0700 small/home
  expect_exit 0 cdctl notify --new
  cdctl signal thumbs-r0000000001 oops --severity error --message early
  outcome break 6 >>small/home/outcomes.ndjson
  expect_exit 0 cdctl notify --new
  cdctl signal thumbs-r0000000001 oops --severity error --message full
  outcome break 7 >>small/home/outcomes.ndjson
  head -c 1000000 /dev/zero >small/filler 2>/dev/null || true
  forget_requests
  for _ in 1 2 3; do timeout 60 cdctl notify --new >out 2>err || true; done
  expect_same once "$(taken /events | jq -r 'select(.action == "break").set' | xargs)" thumbs-r0000000007
  expect_same 'signals, too' "$(taken /events | jq -r 'select(.message == "full").message' | xargs)" full
  cp good.toml cdctl.toml
fi

# A receiver that was removed, with something that waited: said as such, and no alert for ever.
forget_requests
answers '/events 503' '/events 503'
outcome break 8 >one
expect_exit 4 cdctl notify webhook:events --timeout 400ms <one
sed '/receivers.events/,$d' good.toml >cdctl.toml
expect_exit 0 cdctl notify --status -o ndjson </dev/null
expect_json 'map(select(.receiver == "webhook:events")) | .[0].waiting == 1 and (.[0].why | test("^not configured any more; rm -r /.*/notify/webhook:events"))'
cdctl metrics >metrics 2>/dev/null
! grep -q 'receiver="webhook:events"' metrics || fail 'metrics has a receiver that was removed'
grep -q 'receiver="pagerduty"' metrics || fail 'metrics has no receiver'
cp good.toml cdctl.toml

# A follower goes on with what it has read, and says so.
forget_requests
cdctl notify --follow </dev/null >/dev/null 2>follow.err &
follower=$!
log break 9
is_told() { [ -n "$(told)" ]; }
eventually 30 is_told
printf '# edited\n' >>cdctl.toml
has_said() { grep -q 'cdctl.toml has changed: .* restart it' follow.err; }
eventually 30 has_said
kill -TERM $follower
wait $follower || true
follower=

# A home that nobody may look into is no home where nothing waits.
own=$(echo home/configurations/*/notify)
mv "$own" aside
: >"$own"
expect_exit 4 cdctl notify --status </dev/null
expect_error "reading .*notify: Not a directory"
cdctl metrics >metrics 2>/dev/null
grep -q '^cdctl_up{source="receivers"} 0' metrics || fail "$(grep cdctl_up metrics)"
