#!/usr/bin/env bash
# What it costs to tell a search index 20,000 records a second: `cdctl notify elastic`, its process that sends, and, apart, the stub that
# stands in for Elasticsearch and checks every document. $CDCTL_BENCH_SECONDS (20) of it, $CDCTL_BENCH_RATE records a second.
. "$(dirname "$0")/common.bash"
. "$bench_dir/../stories/lib/receivers.bash"
clean_up() { receivers_stop; }
begin
rate=${CDCTL_BENCH_RATE:-20000} seconds=${CDCTL_BENCH_SECONDS:-20}
records=$((rate * seconds))
"$bench_bin/bench-signals" "$records" 1000 >signals.ndjson
mkdir receivers
touch receivers/brief # a line a request
receivers_start
printf '[elastic]\nurl = "http://127.0.0.1:%s"\n' "$receivers_port" >>cdctl.toml
cpu_of_stub() { awk -v tick="$(getconf CLK_TCK)" '{ print ($14 + $15) / tick }' "/proc/$receivers_pid/stat"; }
before=$(cpu_of_stub)
python3 "$bench_dir/feed_lines.py" signals.ndjson "$rate" cdctl notify elastic --timeout 120s >numbers
read -r fed took cpu peak status <numbers
[ "$status" = 0 ] || fail "notify ended with $status"
stub=$(reckon '%.2f' "$(cpu_of_stub) - $before")
taken=$(sort -u receivers/documents | wc -l)
row "notify, $rate records/s into a search index, CPU of all its processes" "$(reckon '%.0f %% of a core' "100 * $cpu / $fed")" '' '' '<= 100 %' "$cpu / $fed <= 1"
row '  records that the index does not have' "$((records - taken))" '' '' '0' "$records - $taken == 0"
row '  fed in; all taken after' "$fed s; $took s" '' '' '+ 5 s' "$took <= $fed + 5 && $fed <= $seconds * 1.05"
row '  peak memory of one of them' "$peak MiB" '' '' '<= 64 MiB' "$peak <= 64"
row '  apart: CPU of the stub' "$(reckon '%.0f %% of a core' "100 * $stub / $fed")" '' '' '' -
