#!/usr/bin/env bash
# trip on recorded signals: rules of the service's file, replays that say the same twice, explanations, the world, and what does not count.
. "$(dirname "$0")/../lib/common.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
corpus=$build_dir/tests/verdict-corpus
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
one=thumbs-r0000000001 two=thumbs-r0000000002
at() { date -u -d "2026-11-23T04:00:00Z $1 seconds" +%Y-%m-%dT%H:%M:%S.000Z; }
signal() { # SET SEVERITY SECONDS [MEMBERS]
  printf '{"schema":"cdctl.signal/1","id":"%s","set":"%s","severity":"%s","signal":"oops",%s"time":"%s","received":"%s"}\n' \
    "$1-$3-$2-${4:+c}" "$1" "$2" "${4:+$4,}" "$(at "$3")" "$(at "$3")"
}

# ---------------------------------------------------------------- a replay

"$corpus" --write bad-at-once 3 >signals
bad=$("$corpus" --truth bad-at-once 3 | cut -d ' ' -f 1)
expect_exit 10 cdctl trip --replay signals --exit-code </dev/null
expect_json 'length >= 1 and all(.set == $set) and .[0].verdict == "unhealthy" and (.[0].evidence.basis | IN("peers", "absolute"))' --arg set "$bad"
cp out once
expect_exit 0 cdctl trip --replay signals </dev/null
expect_same "a second replay" "$(cat out)" "$(cat once)"
valid out
expect_exit 0 cdctl trip <signals
expect_same "the first verdict of a pipe" "$(head -1 out)" "$(head -1 once)"
expect_exit 2 cdctl trip --replay nowhere </dev/null
expect_error 'reading --replay: opening nowhere: No such file'

# ---------------------------------------------------------------- an explanation

expect_exit 0 cdctl trip --replay signals --explain </dev/null
valid out
expect_json '(map(.rule) | unique | length) == 6 and all(.schema == "cdctl.explain/1")'
expect_json 'any(.set == $set and .verdict == "unhealthy" and .way >= 1) and all(.set == $set or .verdict == "healthy")' --arg set "$bad"
expect_exit 0 cdctl trip --replay signals --explain -o table </dev/null
expect_line '^SET +RULE +STATE +BY +COUNT +VALUE +TRIPS AT +WHY$'
expect_line "^$bad +critical >= 1 unless everyone in 5s +(quiet|bad) +absolute "

# ---------------------------------------------------------------- rules of a file

sed -i 's/^rules = .*/rules = [\n  "critical >= 1",\n  "failure-rate > 2x",\n]/' "services.d/$service.toml"
expect_exit 3 cdctl trip <signals
expect_error "services.d/$service.toml:[0-9]+: breaker.rules: rule 'failure-rate > 2x', column 18: expected 'baseline'"
expect_exit 2 cdctl trip --rule 'errors >= 5 on 1m' <signals
expect_error 'column 13'

# ---------------------------------------------------------------- the world

for second in 0 1 2; do signal "$one" info "$second"; signal "$two" info "$second"; done >everyone
{ signal "$one" critical 3; signal "$two" critical 4; } >>everyone
expect_exit 0 cdctl trip --rule 'critical >= 1 unless everyone in 5s' <everyone
expect_json 'length == 2 and all(.verdict == "undecided" and .why == "everyone") and (map(select(.loud)) | length == 1) and (map(select(.loud))[0].sets | length == 2)'
expect_error 'thumbs: 2 sets went bad together \(everyone\)'
valid out
# Without the second it is the one that said so, after the wait.
expect_exit 0 cdctl trip --rule 'critical >= 1 unless everyone in 5s' < <(grep -v "$two.*critical" everyone)
expect_json 'map([.set, .verdict]) == [[$set, "unhealthy"]]' --arg set "$one"

# ---------------------------------------------------------------- what does not count

{
  signal "$one" critical 0 '"cleared":true'
  signal "$one" critical 1 '"expires":"2026-11-23T03:00:00Z"'
} >nothing
expect_exit 0 cdctl trip --rule 'critical >= 1' <nothing
expect_quiet
expect_error 'skipped 1 record that is past its expiry'
{ signal "$one" info 0; printf '{"schema":"cdctl.error/1","service":"thumbs","while":"reading the feed","error":"no route","exit":4,"time":"%s"}\n' "$(at 1)"; signal "$one" critical 2; } >unknown
expect_exit 4 cdctl trip --rule 'critical >= 1' <unknown
expect_json 'length == 2 and any(.schema == "cdctl.error/1") and any(.verdict == "error" and .why == "reading the feed")'
valid out
