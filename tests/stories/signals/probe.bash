#!/usr/bin/env bash
# A set that gives jobs back and says nothing is found by looking at it: rates from the broker, units of this machine, checks of one's own.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
# sum SET FIELD: over all looks so far
sum() { jq -s --arg set "$1" "[.[] | select(.set == \$set and .signal == \"rabbit/work\") | .counts.$2 // 0] | add // 0" looks.ndjson; }
look() { cdctl probe "$service" </dev/null >>looks.ndjson 2>>looks.err; }
seen() { look && [ "$(sum "$1" "$2")" -ge "$3" ]; }
consuming() { cdctl probe "$service" </dev/null | jq -es --arg set "$1" 'any(.set == $set and .rabbit.consumers == 2)' >/dev/null; }

make_trunk
make_service <<'END'
[[checks]]
name = "named"
command = ["sh", "-c", "test \"$CDCTL_SET\" = \"$0\"", "{set}"]
[[checks]]
name = "door"
http = "http://127.0.0.1:1/{revision}"
severity = "warning"
timeout = "2s"
END
good=$(deploy_one ok)
expect_exit 0 cdctl probe "$service" </dev/null
valid "$work/out"
expect_json 'any(.signal == "rabbit/work" and .severity == "info" and .rabbit.no_rate == "first look" and (has("counts") | not))'
expect_json 'any(.signal == "local/units" and .severity == "info" and .local.want == 2)'
expect_json 'any(.signal == "check/named" and .severity == "info" and .counts == {"ok": 1, "failed": 0})'
expect_json 'any(.signal == "check/door" and .severity == "warning" and .counts.failed == 1)'
expect_json 'all(.source | startswith("/probe/"))'
expect_same "mode of the memory" "$(stat -c %a home/probes/rabbit.json)" 600

# One look after the other, as cron would: each goes on from the file of the one before.
sour=$(deploy_one sour)
eventually 20 consuming "$good"
eventually 20 consuming "$sour"
: >looks.ndjson
produce 4000 100
eventually 60 seen "$sour" failed 30
eventually 60 seen "$good" ok 100
valid looks.ndjson
# Redeliveries would have blamed the one that gets them.
[ "$(sum "$good" failed)" -le 3 ] || fail "the good set is said to have returned $(sum "$good" failed) jobs"

# From the looks of --every the sour set is cut, though nobody signalled, and the good one is not.
cdctl probe "$service" --every 500ms </dev/null 2>probe.err | cdctl trip --rule "'rabbit/returned' >= 2 in 1m" 2>trip.err | cdctl break -o ndjson >breaker.log 2>breaker.err &
is_cut() { [ "$(limit_of "$1")" = 0 ]; }
eventually 40 is_cut "$sour"
expect_same "cut of $good" "$(cut_of "$good")" false
eventually 90 gone "$producer"
eventually 30 nothing_missing

# What could not be asked is an error record and no signal; the rest is still looked at.
sed -i "s|^management = .*|management = \"http://127.0.0.1:1\"|" cdctl.toml
expect_exit 4 cdctl probe "$service" </dev/null
expect_json 'any(.schema == "cdctl.error/1") and all(.signal != "rabbit/work")'
expect_exit 2 cdctl probe "$service" --every 1ms </dev/null

# A command is run from a configuration that is trusted only.
sed -i "s|^management = .*|management = \"http://127.0.0.1:$HTTP_PORT\"|" cdctl.toml
expect_exit 3 env -u CDCTL_CONFIG cdctl probe "$service" </dev/null
expect_error "names a program"
