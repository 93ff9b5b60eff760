#!/usr/bin/env bash
# What is forced on sets of which very many go bad at once: each is asked for, also one without a memo; and a broker that hangs
# holds the breaker up once, not once a set.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
for name in one two; do
  make_trunk "$service$name" 'worker: exec sleep 1000'
  make_service "$service$name" </dev/null
done
put() { api "global-parameters/$1" -f -X PUT -d "{\"value\":$2}"; }
forced() { printf '{"state":"%s","by":"me","at":"2026-11-23T00:00:00.000Z","why":"w"}' "$1"; }

# Of each service 15 sets are bad and 5 are well.
at=$(date -u +%FT%T.%3NZ)
for name in one two; do
  for i in {25..29} {10..24}; do
    severity=critical
    [ "$i" -lt 25 ] || severity=info
    printf '{"schema":"cdctl.signal/1","id":"%s%s","set":"%s%s-r00000000%s","severity":"%s","signal":"oops","time":"%s","received":"%s"}\n' \
      "$name" "$i" "$service" "$name" "$i" "$severity" "$at" "$at"
  done
done >bad
said() { jq -r --arg set "$service$1" 'select(.set == $set) | [.verdict, .why // "-"] | join(" ")' out; }

for i in {10..19}; do
  put "cdctl.set.${service}one-r00000000$i" '{"home":"x:/y","engine":"local","deployed_at":"2026-11-23T00:00:00.000Z","sources":{}}'
done
put "cdctl.force.${service}one-r0000000010" "$(forced closed)"
put "cdctl.force.${service}one-r0000000019" "$(forced open)"
put "cdctl.force.${service}one-r0000000024" "$(forced observe)"   # there is no memo of this one
put "cdctl.force.${service}two" "$(forced observe)"               # and of none of these
expect_exit 0 cdctl trip --rule 'critical >= 1' <bad
expect_same "closed" "$(said one-r0000000010)" "undecided forced-closed"
expect_same "open" "$(said one-r0000000019)" "unhealthy forced-open"
expect_same "observe" "$(said one-r0000000024)" "undecided observe-only"
expect_same "not forced" "$(said one-r0000000018)" "unhealthy -"
expect_json 'map(select(.service == $name)) | length == 15 and all(.why == "observe-only")' --arg name "${service}two"

# It hangs: three seconds for all of them together. `break` asks again.
broker=$(sed -n 's/^PID=//p' broker.env)
kill -STOP "$broker"
began=$SECONDS
expect_exit 0 timeout 60 cdctl trip --rule 'critical >= 1' <bad
took=$((SECONDS - began))
kill -CONT "$broker"
expect_json 'length == 30 and all(.verdict == "unhealthy")'
[ "$took" -lt 20 ] || fail "a broker that hangs held it up for $took s"
