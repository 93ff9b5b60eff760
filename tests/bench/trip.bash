#!/usr/bin/env bash
# A million signals through trip, against the shortest jq program that merely counts them by set.
. "$(dirname "$0")/common.bash"
begin
records=${CDCTL_BENCH_RECORDS:-1000000}
"$bench_bin/bench-signals" "$records" 200 >signals.ndjson
rules=(--rule 'critical >= 1' --rule 'errors >= 5 in 1m')
cdctl trip "${rules[@]}" <signals.ndjson >verdicts
[ -s verdicts ] || fail "trip found nothing to say"

measure -n "${CDCTL_BENCH_ROUNDS:-3}" -i signals.ndjson -- trip "$build_dir/bin/cdctl" trip "${rules[@]}" -- jq jq -n 'reduce inputs as $s ({}; .[$s.set] += 1)'
rate() { reckon '%.2f M/s' "$records / 1000 / ${median_of[$1]}"; }
row "cdctl trip, records a second : jq counting by set" "$(rate trip)" "$(rate jq)" "$(reckon '%.1f' "${median_of[jq]}/${median_of[trip]}")" '>= 10' \
  "${median_of[jq]}/${median_of[trip]} >= 10"
row "  peak memory of both" "$(reckon '%.1f MB' "${peak_of[trip]} / 1024")" "$(reckon '%.1f MB' "${peak_of[jq]} / 1024")" '' '' -
