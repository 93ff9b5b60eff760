#!/usr/bin/env bash
# A million signals of a thousand sets through trip with the six default rules, against the shortest jq program that merely counts them by set.
. "$(dirname "$0")/common.bash"
begin
: >cdctl.toml # the default rules for every service
records=${CDCTL_BENCH_RECORDS:-1000000}
"$bench_bin/bench-signals" "$records" 1000 >signals.ndjson
cdctl trip --explain <signals.ndjson >explained
[ "$(jq -r .rule explained | sort -u | wc -l)" = 6 ] || fail "these are not the six default rules"
[ "$(jq -r .set explained | sort -u | wc -l)" = 1000 ] || fail "these are not a thousand sets"
cdctl trip <signals.ndjson >verdicts
[ -s verdicts ] || fail "trip found nothing to say"

measure -n "${CDCTL_BENCH_ROUNDS:-3}" -i signals.ndjson -- trip "$build_dir/bin/cdctl" trip -- jq jq -n 'reduce inputs as $s ({}; .[$s.set] += 1)'
rate() { reckon '%.2f M/s' "$records / 1000 / ${median_of[$1]}"; }
row "cdctl trip, six rules, records a second : jq counting by set" "$(rate trip)" "$(rate jq)" "$(reckon '%.1f' "${median_of[jq]}/${median_of[trip]}")" '>= 10' \
  "${median_of[jq]}/${median_of[trip]} >= 10"
row "  records a second on one core" "$(rate trip)" '' '' '>= 1.5 M/s' "$records / 1000 / ${median_of[trip]} >= 1.5"
row "  peak memory of both" "$(reckon '%.1f MB' "${peak_of[trip]} / 1024")" "$(reckon '%.1f MB' "${peak_of[jq]} / 1024")" '' '<= 64 MiB' "${peak_of[trip]} / 1024 <= 64"
