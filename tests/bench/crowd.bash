#!/usr/bin/env bash
# The cut of a set with a thousand connections, a tenth of them to clients that hang with full buffers; against the same calls by curl, in parallel.
. "$(dirname "$0")/common.bash"
begin
many=${CDCTL_BENCH_CONNECTIONS:-1000}
hung=$((many / 10)) sound=$((many - many / 10))
held=10 pushed=100 bytes=1000   # messages that a sound client holds, that are pushed at a hung one, their size
jobs=$((sound * held + hung * pushed + 1000))

has_broker=yes
printf '%s\n' 'tcp_listen_options.sndbuf = 16384' 'tcp_listen_options.backlog = 1024' >crowd.conf
private-broker start -t 300 -o $$ -c crowd.conf "$work/broker" >broker.env
read_broker
write_config
make_trunk
switches='["rabbit"]' make_service </dev/null
bad=$service-r0000000bad good=$service-r000000600d
for set in "$bad" "$good"; do
  api "users/$set" -f -X PUT -d '{"password":"crowd","tags":"","permissions":{"/":{"configure":"^$","write":"^$","read":".*"}}}'
  # A user that the memory knows no owner of is no live set, and guards do not count it.
  api "global-parameters/cdctl.set.$set" -f -X PUT -d '{"value":{"home":"bench:/crowd","engine":"local","deployed_at":"2026-11-23T00:00:00.000Z","units":3,"sources":{}}}'
  [ "$(api "users/$set/permissions" | jq length)" = 1 ] || api "permissions/%2F/$set" -f -X PUT -d '{"configure":"^$","write":"^$","read":".*"}'
done
api queues/%2F/crowd -f -X PUT -d '{"durable":true}'
api queues/%2F/calm -f -X PUT -d '{"durable":true}'
AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-crowd" fill crowd "$jobs" "$bytes"

crowd() { AMQP_URL=amqp://$1:crowd@127.0.0.1:$AMQP_PORT "$bench_bin/bench-crowd" "${@:2}" </dev/null & }
ready() { [ "$(grep -c '^ready' "$1" 2>/dev/null)" = 1 ]; }
waiting() { api 'queues/%2F?disable_stats=true&enable_queue_totals=true' | jq '.[] | select(.name == "crowd") | .messages_ready'; }
calm() { local before; before=$(waiting); sleep 0.5; [ "$(waiting)" = "$before" ] && [ "$before" -le $((jobs - sound * held - hung * 20)) ]; }
none_listed() { [ "$(connections_of "$bad")" = 0 ]; }
us() { date +%s%6N; }

# What curl is given: the limit, then each connection by its name, all at once.
by_curl() {
  api "user-limits/$bad/max-connections" -f -X PUT -d '{"value":0}'
  api "connections/username/$bad" | jq -r '.[].name | @uri | "url = \"'"http://127.0.0.1:$HTTP_PORT"'/api/connections/\(.)?disable_stats=true\"\noutput = \"/dev/null\""' >closing.curl
  curl -q -s --noproxy '*' -u guest:guest -X DELETE --parallel --parallel-immediate --parallel-max 300 -K closing.curl 2>>curl.err
}
by_cdctl() {
  expect_exit 0 cdctl break "$bad" --timeout 60s </dev/null
  expect_json '.[0] | .ok and .changed and .steps[0].left == 0'
}

# round WHO: a crowd comes, WHO cuts it; sets closed, back and gone, in ms since WHO began.
round() {
  local begun
  api "user-limits/$bad/max-connections" -X DELETE
  rm -f sound.ledger hung.ledger back.ledger
  crowd "$bad" work crowd "$sound" "$held" sound.ledger; local sound_pid=$!
  eventually 300 ready sound.ledger
  crowd "$bad" hang crowd "$hung" "$pushed" hung.ledger; local hung_pid=$!
  eventually 300 ready hung.ledger
  eventually 60 calm
  [ "$(connections_of "$bad")" = "$many" ] || fail "not $many connections"
  begun=$(us)
  # Both watchers look seldom and by the cheapest call: what they cost the broker, the cut would pay.
  AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT "$bench_bin/bench-crowd" wait crowd "$jobs" 50 back.ledger </dev/null & local watch_back=$!
  { until none_listed; do sleep 0.2; done; us >gone; } & local watch_gone=$!
  "by_$1"
  took=$((($(us) - begun) / 1000))
  wait "$watch_back" "$watch_gone" "$sound_pid"
  kill -KILL "$hung_pid"
  wait "$hung_pid" 2>/dev/null || true
  [ "$(grep -c '^closed' sound.ledger)" = "$sound" ] || fail "not all of the sound clients were closed"
  closed=$((($(awk '/^closed/ { if ($2 > last) last = $2 } END { print last }' sound.ledger) - begun) / 1000))
  back=$((($(awk '/^back/ { print $2 }' back.ledger) - begun) / 1000)) gone=$((($(<gone) - begun) / 1000))
  printf '%s: sound closed after %s ms, messages back %s ms, none listed %s ms, ended %s ms\n' "$1" "$closed" "$back" "$gone" "$took" >&2
}

crowd "$good" work calm 3 1 good.ledger
eventually 60 ready good.ledger
declare -A sum=() worst=([cdctl]=0 [gone]=0)
rounds=${CDCTL_BENCH_ROUNDS:-3}
for ((i = 0; i < rounds; ++i)); do
  for who in curl cdctl; do
    round $who
    sum[$who]=$((${sum[$who]:-0} + closed))
    [ $who = curl ] || { [ "$back" -le "${worst[cdctl]}" ] || worst[cdctl]=$back; [ "$gone" -le "${worst[gone]}" ] || worst[gone]=$gone; }
  done
done
row "cdctl break, $many connections, $hung hang: the sound ones closed / curl --parallel" "$((sum[cdctl] / rounds)) ms" "$((sum[curl] / rounds)) ms" \
  "$(reckon '%.2f' "${sum[cdctl]}/${sum[curl]}")" '<= 1.5' "${sum[cdctl]}/${sum[curl]} <= 1.5"
row "  all messages back in the queue" "${worst[cdctl]} ms" '' '' '<= 4000 ms' "${worst[cdctl]} <= 4000"
row "  no connection listed" "${worst[gone]} ms" '' '' '<= 6000 ms' "${worst[gone]} <= 6000"
