#!/usr/bin/env bash
# A broker that hangs: whoever sends very many signals and may spool them waits for it once, not once for each of their batches.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
set=$service-r5f0c1e9a2b
make_trunk
make_service </dev/null
expect_exit 0 cdctl signal "$set" before </dev/null
broker=$(sed -n 's/^PID=//p' broker.env)
seq -f "{\"set\":\"$set\",\"signal\":\"many\",\"id\":\"many%.0f\"}" 3000 >many.ndjson
kill -STOP "$broker"
began=$SECONDS
expect_exit 0 cdctl signal - --spool --timeout 4s <many.ndjson
took=$((SECONDS - began))
kill -CONT "$broker"
[ "$took" -lt 16 ] || fail "the spool was waited for $took s"
all_are_there() { [ "$(cdctl signals --since 1h </dev/null 2>>replay.err | jq -r 'select(.signal == "many") | .id' | sort -u | wc -l)" = 3000 ]; }
eventually 30 all_are_there
