#!/usr/bin/env bash
# From a very-bad signal to the pager: `signals --follow | trip | break`, and `notify --follow` beside it, as docs/notify.md has them, while
# 1,000 other signals a second go through the same feed ($CDCTL_BENCH_RATE). $CDCTL_BENCH_ROUNDS rounds (200).
. "$(dirname "$0")/common.bash"
. "$bench_dir/../stories/lib/receivers.bash"
clean_up() { receivers_stop; }
begin broker
receivers_start
(umask 077 && printf '0123456789abcdef0123456789abcdef\n' >pagerduty.key)
printf '[pagerduty]\nrouting_key_file = "pagerduty.key"\napi = "http://127.0.0.1:%s"\nchanges = false\n' "$receivers_port" >>cdctl.toml
units=2 switches='["rabbit"]'
make_trunk
make_service </dev/null
sed -i 's/critical >= 1/critical >= 1 in 1s/' "services.d/$service.toml" # a set can be cut again soon after it was mended
sets=()
for _ in 1 2 3 4 5; do
  sets+=("$(deploy_one ok)")
  eventually 30 connected "${sets[-1]}" 2
done
[ "$(sets_of | wc -l)" = 5 ] || fail "no five sets: $(cat deploy.err)"

listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge 2 ]; }
cdctl signals --follow </dev/null 2>signals.err | cdctl trip 2>trip.err | cdctl break >outcomes 2>break.err &
cdctl notify --follow </dev/null 2>notify.err &
follower=$!
eventually 30 listening
rate=${CDCTL_BENCH_RATE:-1000} rounds=${CDCTL_BENCH_ROUNDS:-200}
AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-flood" "$rate" "${sets[0]}" >flooded &
flood=$!
python3 "$bench_dir/pager.py" "$rounds" receivers/requests "${sets[@]:1}" >times || fail "$(tail -n 3 outcomes signals.err trip.err break.err notify.err)"
kill -TERM "$flood"
wait "$flood" || fail "the flood ended early"
kill -TERM "$follower"
wait "$follower" || true
read -r median p99 most <times
row "first very-bad signal to the pager, $rounds rounds, beside $(awk '{ printf "%d", $1 / $2 }' flooded) signals/s: median" "$(reckon '%.0f ms' "$median")" '' '' '' -
row '  p99' "$(reckon '%.0f ms' "$p99")" '' '' '<= 1000 ms' "$p99 <= 1000"
row '  maximum' "$(reckon '%.0f ms' "$most")" '' '' '' -
