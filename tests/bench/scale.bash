#!/usr/bin/env bash
# What many sets and many breakers cost: the tables of docs/scale.md. It claims nothing.
#
#   tests/bench/scale.bash [SETS]...     1000 and 10000 when none is named; $CDCTL_BENCH_BREAKERS (1 10 100) follow the feed beside the last;
#   $CDCTL_BENCH_RATE signals a second in that feed (1000); $CDCTL_BENCH_COMMANDS=no leaves the first table out
#
# CPU is user and system time, so that a busy machine moves it little; the broker's is that of its process.
. "$(dirname "$0")/common.bash"
. "$bench_dir/many_sets.bash"
begin
sizes=("$@")
[ $# -gt 0 ] || sizes=(1000 10000)
tick=$(getconf CLK_TCK)
rounds=${CDCTL_BENCH_ROUNDS:-3} seconds=20 rate=${CDCTL_BENCH_RATE:-1000}
table=$work/table

beam_mib() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$beam/status"; }
latency() { api users/guest -m 60 -f -o /dev/null -w '%{time_total}\n'; }   # of the management API, in seconds
worst_ms() { awk '{ ms = $1 * 1000; if (ms > worst) worst = ms } END { printf "%.0f ms", worst }' "$1"; }
ask_until() { while [ ! -e "$1" ]; do latency; sleep 0.25; done; }

# cost LABEL COMMAND...: a line of the table: means of some rounds, and of one round more the worst answer to somebody else.
cost() {
  local label=$1 before cpu memory status sum=0 broker=0 i asks
  shift
  for ((i = 0; i < rounds; ++i)); do
    [ -z "$prepare" ] || $prepare
    before=$(beam_ms)
    used "$@" >numbers
    read -r cpu memory status <numbers
    [ "$status" = 0 ] || fail "$label ended with $status"
    sum=$((sum + cpu)) broker=$((broker + $(beam_ms) - before))
  done
  [ -z "$prepare" ] || $prepare
  rm -f over
  ask_until over >asked & asks=$!
  used "$@" >numbers
  touch over
  wait "$asks"
  printf '| %s | %s | %s ms | %s MiB | %s ms | %s |\n' "$sets" "$label" $((sum / rounds)) "$memory" $((broker / rounds)) "$(worst_ms asked)" >>"$table"
  row "$label, $sets sets: CPU, memory, broker CPU" "$((sum / rounds)) ms, $memory MiB, $((broker / rounds)) ms" '' '' '' -
}

joined() { cdctl mend "$one" </dev/null >prepared; }
cut_off() { cdctl break "$one" </dev/null >prepared; }
# A second set of the service that is connected, so that the guard of `break` counts somebody.
companion() {
  local other=$1
  api "users/$other" -f -X PUT -d '{"password":"companion","tags":""}'
  api "permissions/%2F/$other" -f -X PUT -d '{"configure":"","write":".*","read":""}'
  AMQP_URL=amqp://$other:companion@127.0.0.1:$AMQP_PORT "$bench_bin/bench-flood" 1 "$other" >companion & companion_pid=$!
  eventually 60 eval '[ "$(connections_of '"$other"')" = 1 ]'
}

commands() {
  local input=/dev/null prepare=
  one=$(jq -r '.users[1].name' definitions.json)
  cdctl signals --since 1s </dev/null >/dev/null  # declares the feed
  companion "$(jq -r '.users[2].name' definitions.json)"
  cost '`ls`' cdctl ls -o ndjson
  cost '`metrics`' cdctl metrics --timeout 60s
  cost '`ls SERVICE`' cdctl ls "${one%-*}" -o ndjson
  prepare=joined
  cost '`break SET`' cdctl break "$one"
  prepare=cut_off
  cost '`mend SET`' cdctl mend "$one"
  prepare=
  joined
  cdctl ls -o ndjson </dev/null >all.ndjson
  input=all.ndjson
  cost '`stale`, of what `ls` said' cdctl stale
  "$bench_bin/bench-signals" 200000 "$sets" >signals.ndjson
  input=/dev/null
  cost '`trip` of 200,000 signals of all sets' cdctl trip --replay signals.ndjson
  kill -TERM "$companion_pid"
  wait "$companion_pid"
}

# follow COUNT: so many breakers beside a steady feed, and then one very bad signal that all of them must speak of.
follow() {
  local count=$1 i pids=() pid before before_us asks flood begun took memory=0 broker ours
  rm -f said.* over
  for ((i = 0; i < count; ++i)); do
    cdctl signals --follow </dev/null 2>>follow.err >"pipe.$i" & pids+=($!)
    cdctl trip --rule 'critical >= 1' <"pipe.$i" >"said.$i" 2>>trip.err & pids+=($!)
  done
  cpu() { local sum=0; for pid in "${pids[@]}"; do sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$pid/stat"))); done; printf '%d' $((sum * 1000 / tick)); }
  listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge "$count" ]; }
  all_said() { local i; for ((i = 0; i < count; ++i)); do grep -qs '"unhealthy"' "said.$i" || return 1; done; }
  eventually 300 listening
  ask_until over >asked & asks=$!
  AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-flood" $rate "$one" >flooded & flood=$!
  sleep 3  # what starting costs is not meant
  before=$(beam_ms) before_us=$(cpu)
  sleep $seconds
  broker=$((($(beam_ms) - before) / seconds)) ours=$((($(cpu) - before_us) / seconds))
  touch over
  wait "$asks"
  for pid in "${pids[@]}"; do memory=$((memory + $(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"))); done
  kill -TERM "$flood"
  wait "$flood"
  before=$(beam_ms) begun=$(now_ms) took='not sent'
  if cdctl signal "$one" very-bad --severity critical </dev/null >raised; then
    eventually 600 all_said
    took="$(($(now_ms) - begun)) ms"
  fi
  printf '| %s | %s | %s | %s ms | %s MiB | %s ms | %s | %s | %s ms |\n' "$sets" "$count" "$rate" "$ours" $((memory / 1024)) "$broker" "$(worst_ms asked)" "$took" $(($(beam_ms) - before)) >>"$table"
  row "$count breakers, $rate signals/s, $sets sets: CPU a second, memory, broker CPU" "$ours ms, $((memory / 1024)) MiB, $broker ms" '' '' '' -
  kill -TERM "${pids[@]}"
  wait "${pids[@]}" || true
}
breakers() {
  local i count
  printf '\n| sets | breakers | signals a second | CPU a second of all | memory of all | broker CPU a second | GET of a user, worst | a critical signal until all said so | broker CPU of that |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n' >>"$table"
  for count; do
    for ((i = 0; i < count; ++i)); do [ -p "pipe.$i" ] || mkfifo "pipe.$i"; done
    follow "$count"
  done
}

printf '| sets | command | CPU | memory | broker CPU | GET of a user, worst |\n| --- | --- | --- | --- | --- | --- |\n' >"$table"
for sets in "${sizes[@]}"; do
  fill_broker "$sets"
  printf 'scale: the broker has %s MiB with %s sets; a GET of a user takes %s s\n' "$(beam_mib)" "$sets" "$(latency)" >&2
  if [ "${CDCTL_BENCH_COMMANDS:-yes}" = yes ]; then commands; else one=$(jq -r '.users[1].name' definitions.json); cdctl signals --since 1s </dev/null >/dev/null; fi
  [ "$sets" != "${sizes[-1]}" ] || breakers ${CDCTL_BENCH_BREAKERS:-1 10 100}
  private-broker stop "$work/broker"
  rm -rf "$work/broker"
done
cat "$table"
