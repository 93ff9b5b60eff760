#!/usr/bin/env bash
# People are told, each as they want to be: a pager, a chat, a search index, alerts; and what goes wrong on the way loses nothing.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() { receivers_stop; }
begin
receivers_start
key=0123456789abcdef0123456789abcdef
(umask 077 && printf '%s\n' $key >pagerduty.key && printf 'http://127.0.0.1:%s/hooks/T0/secret-part\n' "$receivers_port" >chat.url)
cat >>cdctl.toml <<EOF
[pagerduty]
routing_key_file = "pagerduty.key"
api = "http://127.0.0.1:$receivers_port"
[webhook.receivers.chat]
url_file = "chat.url"
[webhook.receivers.events]
url = "http://127.0.0.1:$receivers_port/events"
format = "cloudevents"
[elastic]
url = "http://127.0.0.1:$receivers_port"
namespace = "prod"
[alertmanager]
url = "http://127.0.0.1:$receivers_port"
labels = { team = "web" }
EOF
expect_exit 0 cdctl config check

# A test goes to the receiver that is named, and is over again.
expect_exit 0 cdctl notify --test pagerduty
expect_same actions "$(taken /v2/enqueue | jq -r .event_action | xargs)" "trigger resolve"
expect_exit 2 cdctl notify --test </dev/null
expect_exit 3 cdctl notify --test webhook:nobody
expect_error "no receiver 'webhook:nobody'"

# A cut and its mend: one incident, a line each in the chat, a document each, an alert that ends.
forget_requests
{ outcome deploy 1; outcome break 1; } >two
expect_exit 0 cdctl notify <two
expect_quiet
outcome mend 1 >three
expect_exit 0 cdctl notify <three
expect_same incident "$(taken /v2/enqueue | jq -r 'select(.dedup_key | startswith("cdctl/cut/")) | .event_action + " " + .dedup_key' | sort -r | xargs)" \
  "trigger cdctl/cut/thumbs-r0000000001 resolve cdctl/cut/thumbs-r0000000001"
expect_same severity "$(taken /v2/enqueue | jq -r 'select(.event_action == "trigger").payload | .severity + ": " + .summary')" \
  "error: thumbs-r0000000001 was cut by breaker@web1: errors >= 5 in 1m"
expect_same change "$(taken /v2/change/enqueue | jq -r .payload.summary)" "thumbs-r0000000001 was deployed by breaker@web1: errors >= 5 in 1m"
expect_same chat "$(requests /hooks/T0/secret-part .body | jq -r .text | sed 's/^[^ ]* //')" \
'`thumbs-r0000000001 was deployed by breaker@web1: errors &gt;= 5 in 1m`
`thumbs-r0000000001 was cut by breaker@web1: errors &gt;= 5 in 1m`
`thumbs-r0000000001 was mended by breaker@web1: errors &gt;= 5 in 1m`'
expect_same events "$(taken /events | jq -r '.type + " " + .subject + " " + .data.action' | xargs)" \
  "org.cdctl.outcome.v1 thumbs-r0000000001 deploy org.cdctl.outcome.v1 thumbs-r0000000001 break org.cdctl.outcome.v1 thumbs-r0000000001 mend"
expect_same documents "$(requests /_bulk .body | jq -c 'select(.create) | .create._index' | sort -u)" '"logs-cdctl.outcomes-prod"'
expect_same columns "$(requests /_bulk .body | jq -r 'select(.message) | [.event.action, .event.outcome, .service.name, .log.level] | join(" ")')" \
"deploy success thumbs info
break success thumbs error
mend success thumbs info"
expect_same labels "$(taken /api/v2/alerts | jq -cS '.[] | .labels' | sort -u)" \
  '{"alertname":"SetCut","cdctl_key":"cut/thumbs-r0000000001","service":"thumbs","severity":"error","team":"web"}'
[ "$(taken /api/v2/alerts | tail -n 1 | jq -r '.[0].endsAt')" \< "$(date -u -d '+1 minute' +%FT%T.000Z)" ] || fail "the alert did not end"

# The receiver of the table itself, beside one with a name: both are told.
forget_requests
cp cdctl.toml before.toml
printf '[pagerduty.receivers.web]\nrouting_key_file = "pagerduty.key"\napi = "http://127.0.0.1:%s/web"\n' "$receivers_port" >>cdctl.toml
outcome break 6 >one
expect_exit 0 cdctl notify pagerduty <one
expect_same both "$(requests /v2/enqueue .status) $(requests /web/v2/enqueue .path)" "202 /web/v2/enqueue"
outcome break 7 >one
expect_exit 0 cdctl notify pagerduty: <one
expect_same one "$(requests /v2/enqueue .status | wc -l) $(requests /web/v2/enqueue .path | wc -l)" "2 1"
cp before.toml cdctl.toml

# What changed nothing, a dry run, and a signal wake nobody; all of it is in the index.
forget_requests
{ outcome break 2 '{"changed":false}'; outcome break 3 '{"dry_run":true}'; outcome deploy 4 '{"ok":false,"exit":5,"error":"owned by web2"}'
  printf '{"schema":"cdctl.signal/1","id":"s1","set":"thumbs-r0000000001","service":"thumbs","revision":"r0000000001","severity":"critical","signal":"oops","key":"thumbs/oops","time":"%s"}\n' "$(date -u +%FT%T.%3NZ)"; } >nothing
expect_exit 0 cdctl notify pagerduty elastic alertmanager <nothing
expect_same pages "$(requests /v2/enqueue)$(requests /v2/change/enqueue)$(requests /api/v2/alerts)" ""
expect_same documents "$(requests /_bulk .body | jq -c 'select(.create)' | wc -l)" 4

# A guard that refuses a cut is worse than a cut; all sets going bad together is worse still.
forget_requests
{ outcome break 5 '{"ok":false,"changed":false,"exit":5,"error":"it would leave 0 live units, min_live is 1"}'
  echo '{"schema":"cdctl.verdict/1","service":"thumbs","revision":"r0000000005","set":"thumbs-r0000000005","verdict":"undecided","why":"everyone","loud":true,"sets":["a","b"],"time":"2026-01-01T00:00:00.000Z"}'; } >bad
expect_exit 0 cdctl notify pagerduty <bad
expect_same pages "$(taken /v2/enqueue | jq -r '.payload.severity + " " + .dedup_key' | xargs)" "critical cdctl/cut/thumbs-r0000000005 critical cdctl/everyone/thumbs"

# Too many requests, a server in trouble, a connection that is cut: later, in order, each once.
forget_requests
answers "503" "429 2" "cut"
for i in 11 12 13 14; do outcome break $i; done >four
before=$(date +%s%3N)
expect_exit 0 cdctl notify pagerduty --timeout 60s <four
[ $(($(date +%s%3N) - before)) -ge 2900 ] || fail "Retry-After and the pause before it were not kept"
expect_same order "$(taken /v2/enqueue | jq -r .dedup_key | uniq | sed 's/.*-r0*//' | xargs)" "b c d e"

# What is refused for good is said with the field, kept, and holds nothing up; it can be sent once more.
forget_requests
answers "400"
{ outcome break 21; outcome break 22; } >two
expect_exit 1 cdctl notify pagerduty <two
expect_error 'pagerduty refused a record for good: HTTP 400: told to say 400; it is in .*/notify/pagerduty/refused.ndjson'
expect_same others "$(taken /v2/enqueue | jq -r .dedup_key)" "cdctl/cut/thumbs-r0000000016"
expect_same refused "$(cdctl notify --status -o ndjson | jq -r 'select(.receiver == "pagerduty") | "\(.refused) \(.waiting)"')" "1 0"
expect_exit 0 cdctl notify --replay pagerduty
expect_same replayed "$(taken /v2/enqueue | jq -r .dedup_key | tail -n 1)" "cdctl/cut/thumbs-r0000000015"

# Half of a bulk: what was too much is sent again, what cannot be read is put aside, nothing is there twice.
forget_requests
answers "items 201 429 400"
for i in 31 32 33; do outcome break $i; done >three
expect_exit 1 cdctl notify elastic --timeout 60s <three
expect_error 'elastic refused a record for good: HTTP 400 document_parsing_exception: failed to parse'
expect_same sent "$(requests /_bulk .body | jq -r 'select(.labels).labels.cdctl_set' | sed 's/.*-r0*//' | xargs)" "1f 20 21 20"

# A wrong key: kept, told once, and the others are not held up.
forget_requests
answers "401"
outcome break 41 >one
expect_exit 4 cdctl notify pagerduty --timeout 3s <one
expect_error '1 record for pagerduty could not be sent yet and is kept: \[pagerduty\]: HTTP 401'
expect_exit 0 cdctl notify webhook:chat <one
expect_same chat "$(requests /hooks/T0/secret-part .status)" 200
expect_exit 0 cdctl notify pagerduty --flush --timeout 90s
expect_same later "$(taken /v2/enqueue | jq -r .dedup_key)" "cdctl/cut/thumbs-r0000000029"

# Routes: who is named gets what they say, and a route to nobody is refused.
forget_requests
cp cdctl.toml before.toml
cat >>cdctl.toml <<'EOF'
[[notify.routes]]
to = ["webhook:chat"]
actions = ["land"]
[[notify.routes]]
to = ["pagerduty"]
services = ["other-*"]
EOF
expect_exit 0 cdctl notify <one
expect_same told "$(requests /v2/enqueue)$(requests /hooks/T0/secret-part)" ""
expect_same unnamed "$(requests /events .status)" 202
printf '[[notify.routes]]\nto = ["webhook:nobody"]\n' >>cdctl.toml
expect_exit 3 cdctl notify <one
expect_error "webhook:nobody"
sed -i 's/to = \["webhook:nobody"\]/too = ["pagerduty"]/' cdctl.toml
expect_exit 3 cdctl notify <one
expect_error "entry 3: unknown key 'too'; did you mean"
cp before.toml cdctl.toml

# Nobody is there (outage.bash is about that): the address, which is a secret, is not shown.
forget_requests
receivers_stop
expect_exit 4 cdctl notify webhook:chat --timeout 1s <one
expect_error '1 record for webhook:chat could not be sent yet and is kept: '
! grep -q 'secret-part' err || fail "the address of the chat is shown"

# No secret is anywhere but in its file.
secrets_in() { grep -rlE "$key|secret-part" "$@" 2>/dev/null || :; }
expect_same secrets "$(secrets_in "$work/home" out err)" ""
