#!/usr/bin/env bash
# between_cuts.bash WHO: run before each measured cut of $BENCH_SET: joins it again, however it was cut, waits until its
# $BENCH_UNITS workers are back, and tells a curl peer the names of their connections. Wants AMQP and HTTP to be those of $BENCH_HTTP.
set -euo pipefail
. "$(dirname "$0")/../../scripts/processes.bash"
api() { curl -s -m 10 --noproxy '*' -u guest:guest -H 'Content-Type: application/json' "$BENCH_HTTP/api/$1" "${@:2}"; }
listed() { [ "$(api "connections/username/$BENCH_SET" | jq length)" = "$BENCH_UNITS" ]; }
# What rabbitmqadmin sees: the statistics, which come late.
in_statistics() { [ "$(api 'connections?columns=user,state' | jq --arg set "$BENCH_SET" '[.[] | select(.user == $set and .state == "running")] | length')" = "$BENCH_UNITS" ]; }
with_statistics() { listed && in_statistics; }

[ ! -f "$BENCH_DIR/permission" ] || api "permissions/%2F/$BENCH_SET" -f -o /dev/null -X PUT -d @"$BENCH_DIR/permission"
cdctl mend "$BENCH_SET" </dev/null >"$BENCH_DIR/mended"
api "user-limits/$BENCH_SET/max-connections" -o /dev/null -X DELETE
wait_until 30 "${BENCH_READY:-listed}" || { printf 'the workers of %s are not back\n' "$BENCH_SET" >&2; exit 1; }
[ "$1" != curl ] || api "connections/username/$BENCH_SET" | jq -r '.[].name | @uri' | "$(dirname "$0")/curl_calls.bash" >"$BENCH_DIR/calls.curl"
