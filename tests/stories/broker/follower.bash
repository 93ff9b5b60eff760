#!/usr/bin/env bash
# The broker dies under followers that have heard nothing yet, and comes back: they hear everything that was said since, and say twice that
# something was the matter.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
make_service </dev/null
bad=$service-r0123456789
expect_exit 0 cdctl signals </dev/null   # makes the feed; and a stream that was just declared does not outlive a kill
private-broker stop -c "$work/broker"
private-broker start -o $$ "$work/broker" >/dev/null
broker_pid() { sed -n 's/^PID=//p' "$work/broker/state"; }
readable() { cdctl signals --since 1s </dev/null >/dev/null 2>&1; } # streams come a moment after the broker
eventually 30 readable
heard() { [ "$(wc -l <"$1")" -ge "$2" ]; }
connections() { api connections | jq '[.[] | select(.client_properties.connection_name // "" | startswith("cdctl signals"))] | length'; }
both_listen() { [ "$(connections)" = 2 ]; }
cdctl signals --follow </dev/null >plain 2>plain.err &
cdctl signals --follow=night </dev/null >named 2>named.err &
eventually 20 filled 'home/configurations/*/readers/night'
eventually 20 both_listen
kill -KILL "$(broker_pid)"
eventually 10 gone "$(broker_pid)"
private-broker start -o $$ "$work/broker" >/dev/null
for n in 1 2 3 4 5 6 7 8 9 10 11; do # from the moment that it takes anything
  until timeout 10 cdctl signal "$bad" "oops-$n" -s critical </dev/null 2>/dev/null; do sleep 0.1; done
done
for who in plain named; do
  eventually 30 heard $who 11
  jq -es '[.[].signal] == [range(1; 12) | "oops-\(.)"]' $who >/dev/null || fail "$who heard $(jq -c .signal $who | tr '\n' ' ')"
  expect_same "warnings of $who" "$(grep -c 'trying again' $who.err)" 1
  expect_same "lines of $who that it is back" "$(grep -c 'is back' $who.err)" 1
done
