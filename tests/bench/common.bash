# What the benches share: the props of the end-to-end stories, and how a measurement becomes a row of the table. Each bench is a
# script that sources this; scripts/bench runs them and prints the rows. By hand a bench starts a broker of its own.

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$bench_dir/../stories/lib/common.bash"
bench_bin=$build_dir/tests/bench
rows=${CDCTL_BENCH_ROWS:-}

# measure ARG...: bench-launch; the results are then in median_of, p99_of and peak_of, by name.
declare -A median_of p99_of peak_of
measure() {
  local name median p99 most peak
  "$bench_bin/bench-launch" "$@" >"$work/times"
  while read -r name median p99 most peak; do
    median_of[$name]=$median p99_of[$name]=$p99 peak_of[$name]=$peak
  done <"$work/times"
}

reckon() { awk "BEGIN { printf \"$1\", $2 }"; }
true_that() { awk "BEGIN { exit !($1) }"; }

# row CLAIM OURS PEER RATIO BOUND CONDITION: one line of the table; the condition is one of awk's, `-` for a row that claims nothing.
row() {
  local verdict=''
  [ "$6" = - ] || { true_that "$6" && verdict=holds || verdict=misses; }
  printf '%s|%s|%s|%s|%s|%s\n' "$1" "$2" "$3" "$4" "$5" "$verdict" | if [ -n "$rows" ]; then cat >>"$rows"; else cat >&2; fi
}

# at_most BOUND OURS PEER CLAIM: ours takes at most BOUND times what the peer takes (names of contestants).
at_most() {
  local ours=${median_of[$2]} peer=${median_of[$3]}
  row "$4" "$(reckon '%.2f ms' "$ours")" "$(reckon '%.2f ms' "$peer")" "$(reckon '%.2f' "$ours/$peer")" "<= $1" "$ours/$peer <= $1"
}

# faster BOUND OURS PEER CLAIM: ours is at least BOUND times as fast.
faster() {
  local ours=${median_of[$2]} peer=${median_of[$3]}
  row "$4" "$(reckon '%.2f ms' "$ours")" "$(reckon '%.2f ms' "$peer")" "$(reckon '%.1f' "$peer/$ours")" ">= $1" "$peer/$ours >= $1"
}

# two_sets WORKERS: a good and a bad set with that many real workers each, switched off at the broker alone (what every peer can do, too).
two_sets() {
  units=$1 switches='["rabbit"]'
  make_trunk
  make_service </dev/null
  good=$(deploy_one)
  bad=$(deploy_one ok)
  [ -n "$good" ] && [ -n "$bad" ] && [ "$good" != "$bad" ] || fail "no two sets: $(cat deploy.err)"
  eventually 20 connected "$good" "$1"
  eventually 20 connected "$bad" "$1"
}
connected() { [ "$(connections_of "$1")" = "$2" ]; }
