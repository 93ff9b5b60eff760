#!/usr/bin/env bash
# A cut by a fresh process, against one curl process that makes the calls of a cut over one kept connection.
#
# Which calls these are is read from the broker's access log of one cut, so that the peer stays the true one when break changes.
. "$(dirname "$0")/common.bash"
begin
has_broker=yes
mkdir -m 700 access
printf 'management.http_log_dir = %s/access\n' "$work" >access.conf
private-broker start -o $$ -c access.conf "$work/broker" >broker.env
read_broker
write_config
two_sets 3

# The calls that the broker answered to cdctl since line $1 of its access log: METHOD PATH, one a line.
calls_since() { cat access/* | tail -n "+$(($1 + 1))" | sed -n 's/^[^"]*"\([A-Z]*\) \([^ ]*\) HTTP.*/\1 \2/p'; }
lines() { cat access/* | wc -l; }
settled() { local before; before=$(lines); sleep 0.5; [ "$(lines)" = "$before" ]; }  # the log is written behind the answers

eventually 10 settled
from=$(lines)
expect_exit 0 cdctl break "$bad" </dev/null
expect_json '.[0] | .ok and .changed and .steps[0].closed == 3'
eventually 10 settled
calls_since "$from" >calls
expect_same "DELETE calls of one cut" "$(grep -c '^DELETE /api/connections/' calls)" 3
api global-parameters | jq -c --arg name "cdctl.cut.$bad" '.[] | select(.name == $name) | {value}' >cut.json
[ -z "${CDCTL_BENCH_CALLS:-}" ] || sed "s/$bad/BAD/; s/$good/GOOD/" calls >"$CDCTL_BENCH_CALLS"

export BENCH_SET=$bad BENCH_UNITS=3 BENCH_DIR=$work BENCH_HTTP=http://127.0.0.1:$HTTP_PORT

# The peer does the same job: after it the set is cut and its connections are closed.
"$bench_dir/between_cuts.bash" curl
curl -q -s -K calls.curl
expect_same "the limit after curl's calls" "$(limit_of "$bad")" 0
expect_same "connections after curl's calls" "$(connections_of "$bad")" 0

measure -n "${CDCTL_BENCH_ROUNDS:-30}" -p "$bench_dir/between_cuts.bash" -- break "$build_dir/bin/cdctl" break "$bad" -- curl curl -q -s -K calls.curl
at_most 1.5 break curl "cdctl break SET, 3 connections / curl making its $(grep -c . calls) calls"
