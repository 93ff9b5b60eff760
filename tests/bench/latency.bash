#!/usr/bin/env bash
# From the first very-bad signal to the last delivery, through the three processes: $CDCTL_BENCH_ROUNDS rounds (100). With
# $CDCTL_BENCH_STORM so many harmless signals a second of another set come beside it; 20000/20 are 20 of them in a message.
. "$(dirname "$0")/common.bash"
begin broker
units=2 switches='["rabbit"]'
touch work.ledger
make_trunk "$service" "worker: exec \"$bench_bin/bench-worker\" $service \"$work/work.ledger\""
make_service </dev/null
sed -i 's/critical >= 1/critical >= 1 in 1s/' "services.d/$service.toml"  # a set can be cut again soon after it was mended
good=$(deploy_one)
bad=()
for _ in 1 2 3 4; do bad+=("$(deploy_one ok)"); done
[ "$(sets_of | wc -l)" = 5 ] || fail "no five sets: $(cat deploy.err)"

listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge 1 ]; }
cdctl signals --follow </dev/null 2>signals.err | cdctl trip 2>trip.err | cdctl break >outcomes 2>break.err &
eventually 20 listening
produce 100000000 1000  # until the bench ends
rounds=${CDCTL_BENCH_ROUNDS:-100}
storm=${CDCTL_BENCH_STORM:-0} bound=50 beside=
if [ "$storm" != 0 ]; then
  bound=150
  AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-flood" "$storm" "$good" >flooded &
  flood=$!
fi
AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-latency" "$rounds" work.ledger outcomes $units "$good" "${bad[@]}" >times 2>times.err && measured=yes || measured=
[ -n "$measured" ] || [ "$storm" != 0 ] || fail "$(cat times.err; tail -n 3 outcomes signals.err trip.err break.err)"
if [ "$storm" != 0 ]; then
  kill -TERM "$flood"
  wait "$flood" || fail "the flood ended early"
  beside=", under $(awk '{ printf "%d", $1 / $2 }' flooded) signals/s"
  case $storm in */*) beside+=", ${storm#*/} a message" ;; *) beside+=", each a message" ;; esac
  if [ -z "$measured" ]; then  # the feed fell behind by more than a round waits
    cat times.err >&2
    row "first very-bad signal to last delivery, $rounds rounds$beside: p99" '> 10 s' '' '' "< $bound ms" 0
    exit 0
  fi
fi
read -r median p99 most closed_median closed_p99 closed_most <times
row "first very-bad signal to last delivery, $rounds rounds$beside: median" "$(reckon '%.1f ms' "$median")" '' '' '' -
row "  p99" "$(reckon '%.1f ms' "$p99")" '' '' "< $bound ms" "$p99 < $bound"
row "  maximum" "$(reckon '%.1f ms' "$most")" '' '' '' -
row "  ... to the worker's noticing: median, p99, maximum" "$(reckon '%.1f, %.1f, %.1f ms' "$closed_median, $closed_p99, $closed_most")" '' '' '' -
