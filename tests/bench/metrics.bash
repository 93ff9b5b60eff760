#!/usr/bin/env bash
# What a look of `metrics` costs where there are many sets, and what `ls` pays for knowing who wrote what they are made of: the whole command
# with 10,000 sets ($CDCTL_BENCH_SETS) of 2,500 services on a broker, as `deploy` leaves them. CPU, means of $CDCTL_BENCH_ROUNDS rounds (5).
. "$(dirname "$0")/common.bash"
. "$bench_dir/many_sets.bash"
begin
sets=${CDCTL_BENCH_SETS:-10000} rounds=${CDCTL_BENCH_ROUNDS:-5} input=/dev/null
fill_broker "$sets"
# cpu COMMAND...: mean in ms, after a round that does not count; its peak in MiB is in $peak.
cpu() {
  local i ms status sum=0
  for ((i = 0; i <= rounds; ++i)); do
    used "$@" >numbers
    read -r ms peak status <numbers
    [ "$status" = 0 ] || fail "$* ended with $status"
    [ $i = 0 ] || sum=$((sum + ms))
  done
  mean=$((sum / rounds))
}
cdctl signals --since 1s </dev/null >/dev/null # declares the feed

before=$(beam_ms)
cpu cdctl metrics --timeout 60s
row "metrics, $sets sets on the broker: CPU" "$mean ms" '' '' "<= $((300 * sets / 10000)) ms" "$mean <= 300 * $sets / 10000"
row '  peak memory; CPU of the broker' "$peak MiB; $((($(beam_ms) - before) / (rounds + 1))) ms" '' '' '' -
cpu cdctl metrics --sets --timeout 60s
row '  with --sets' "$mean ms" '' '' '' -

# The same list without and with what the home knows of their commits.
cpu cdctl ls -o ndjson
without=$mean
mkdir -p -m 0700 home
jq -c '.global_parameters[] | select(.name | startswith("cdctl.set.")) | {set: .name[10:], commits: (.value.sources | map_values({revision,
  subject: "Make the thumbs of pictures with a transparent background", author: "Alice Example <alice@example.com>", committed_at: "2026-11-23T04:11:30.000Z"}))}' definitions.json >home/commits.ndjson
[ "$(cdctl ls -o ndjson </dev/null | jq -r 'select(.sources.trunk.subject) | .set' | wc -l)" = "$sets" ] || fail "ls does not know what the sets are made of"
cpu cdctl ls -o ndjson
row "ls, $sets sets, without and with the commits of each: CPU" "$mean ms" "$without ms" "$(reckon '%.2f' "$mean / $without")" '' -
