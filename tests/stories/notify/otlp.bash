#!/usr/bin/env bash
# Records as logs of OpenTelemetry: a stub holds each request to the protocol, and goes wrong in the ways that it knows.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() { receivers_stop; }
begin
receivers_start
(umask 077 && printf 'otlp-secret-token\n' >otlp.token)
cat >>cdctl.toml <<EOT
[otlp]
url = "http://127.0.0.1:$receivers_port"
token_file = "otlp.token"
environment = "production"
[otlp.receivers.vendor]
url = "http://127.0.0.1:$receivers_port/vendor/v1/logs"
token_file = "otlp.token"
header = "api-key"
EOT
expect_exit 0 cdctl config check
logs_of() { taken "${1:-/v1/logs}" | jq -c '.resourceLogs[] | .resource as $r | .scopeLogs[].logRecords[] | {r: ($r.attributes | map({(.key): .value.stringValue}) | add), a: (.attributes | map({(.key): (.value | to_entries[0].value)}) | add), record: .}'; }

expect_exit 0 cdctl notify --test otlp otlp:vendor
expect_same "tests" "$(logs_of | wc -l) $(logs_of /vendor/v1/logs | wc -l)" "2 2"
expect_same "a token" "$(requests /v1/logs '.headers.authorization' | sort -u)" "Bearer otlp-secret-token"
expect_same "a vendor's header" "$(requests /vendor/v1/logs '.headers["api-key"]' | sort -u)" "otlp-secret-token"

# What was done, landed and said, in the words of the conventions.
forget_requests
{
  outcome deploy 1
  outcome deploy 2 '{"ok":false,"changed":false,"exit":6,"error":"timed out"}'
  outcome break 1
  jq -cn '{schema: "cdctl.outcome/1", action: "land", service: null, revision: null, set: null, target: "main", proposal: "fix-typo", verdict: "landed", head: "9f2c1ab", title: "Fix a typo", ok: true, changed: true, took_ms: 3, steps: [], by: "a@b", time: "2026-11-23T04:11:30.120Z"}'
  printf '{"schema":"cdctl.signal/1","id":"s1","set":"thumbs-r0000000001","service":"thumbs","revision":"r0000000001","unit":"0","severity":"critical","signal":"oops","key":"thumbs/oops","message":"it hurts","n":3,"share":0.5,"time":"2026-11-23T04:11:30.120Z","received":"2026-11-23T04:11:31.000Z"}\n'
} >some
expect_exit 0 cdctl notify otlp: <some
expect_quiet
expect_same "resources" "$(logs_of | jq -r '[.r["service.name"], .r["service.version"] // "-", .r["deployment.environment.name"]] | join(" ")' | sort -u)" \
"cdctl - production
thumbs r0000000001 production
thumbs r0000000002 production"
expect_same "events" "$(logs_of | jq -r '[.record.eventName, .a["cicd.pipeline.task.run.result"] // "-", .a["deployment.status"] // "-", .a["vcs.change.state"] // "-"] | join(" ")' | sort)" \
"cdctl.outcome.break success - -
cdctl.outcome.deploy success succeeded -
cdctl.outcome.deploy timeout failed -
cdctl.outcome.land success - merged
cdctl.signal.oops - - -"
expect_same "a signal" "$(logs_of | jq -r 'select(.record.eventName == "cdctl.signal.oops") | [.record.severityText, (.record.severityNumber | tostring), .record.body.stringValue, .record.timeUnixNano, .record.observedTimeUnixNano, .a["cdctl.n"]] | join(" ")')" \
  "FATAL 21 it hurts 1795407090120000000 1795407091000000000 3"

# Later means later; a 500 is for good, by the protocol.
forget_requests
answers "503" "429 1"
outcome break 3 >one
expect_exit 0 cdctl notify otlp: --timeout 60s <one
expect_same "in the end" "$(logs_of | wc -l) $(requests /v1/logs .status | xargs)" "1 503 429 200"
forget_requests
answers "500"
outcome break 4 >one
expect_exit 1 cdctl notify otlp: --timeout 20s <one
expect_error 'refused a record for good: HTTP 500'

# Part of a batch was rejected: said, and not sent again. All of it: refused.
forget_requests
answers "reject 1"
{ outcome break 5; outcome break 6; } >two
expect_exit 0 cdctl notify otlp: <two
expect_error '1 of 2 records were rejected, and it does not say which: too old'
expect_same "requests" "$(requests /v1/logs .status | wc -l)" 1
answers "reject 2"
expect_exit 1 cdctl notify otlp: <two
expect_error 'refused .*rejected: too old'

# Nothing of the token anywhere.
! grep -rq otlp-secret-token home out err 2>/dev/null || fail "the token is in the home or in an output"
answers "401"
outcome break 7 >one
expect_exit 4 cdctl notify otlp: --timeout 2s <one
expect_error '401'
! grep -q otlp-secret-token err || fail "the token is in an error"
