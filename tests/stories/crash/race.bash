#!/usr/bin/env bash
# Many breakers at once over one service, on machines that know of each other only through the broker: some are killed in the
# middle of a cut, some stand still there and lose their lock. Whatever they do, min_live units stay.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
{ printf 'units = { worker = 1 }\nmin_live = 1\n'; printf '[sources]\ntrunk = { git = "%s", branch = "main" }\n' "$work/$service.git"; printf '[rabbit]\nqueues = { %s = { type = "quorum" } }\n' "$service"; } >"services.d/$service.toml"
sets=()
for i in 1 2 3 4; do sets+=("$(deploy_one ok)"); done
connected() { for set in "${sets[@]}"; do [ "$(connections_of "$set")" = 1 ] || return 1; done; }
eventually 30 connected

uncut() { local set n=0; for set in "${sets[@]}"; do [ "$(limit_of "$set")" = 0 ] || n=$((n + 1)); done; echo $n; }
mend_all() { expect_exit 0 cdctl mend "${sets[@]}" </dev/null; eventually 30 connected; }
lose_locks() { # what happens to who stands still: the broker drops him
  local name
  for name in $(api connections | jq -r --arg s "$service" '.[] | select(.client_properties.connection_name // "" | contains("cdctl lock " + $s)) | .name | @uri'); do
    api "connections/$name" -X DELETE >/dev/null || true
  done
}
stopped() { grep -q '^State:[[:space:]]*T' "/proc/$1/status" 2>/dev/null; }
lock_lost() { [ "$(api connections | jq --arg s "$service" '[.[] | select(.client_properties.connection_name // "" | contains("cdctl lock " + $s))] | length')" = 0 ]; }

# ---------------------------------------------------------------- one stands still while another cuts

# Three are cut already by a person's word but two, so that only one of the two that are left may go.
for point in break.counted break.remembered rabbit.cut.limit; do
  expect_exit 0 cdctl break "${sets[2]}" "${sets[3]}" </dev/null
  CDCTL_TEST_CRASH_AT="~$point" cdctl break "${sets[0]}" </dev/null >first.out 2>first.err &
  first=$!
  eventually 20 stopped "$first"
  eventually 20 eval 'lose_locks; lock_lost'
  second=0
  timeout 60 cdctl break "${sets[1]}" </dev/null >second.out 2>second.err || second=$?
  sleep 2.1   # as long as a cut must take to count as one that stood still; nothing else waits for it
  kill -CONT "$first"
  one=0
  wait "$first" || one=$?
  [ "$(uncut)" -ge 1 ] || fail "$point: both were cut (exit $one and $second): $(cat first.out second.out)"
  mend_all
done

# ---------------------------------------------------------------- eight at once, some killed, some standing still

points=(break.counted break.remembered rabbit.cut.before rabbit.cut.limit rabbit.memory.cut '~break.counted' '~break.remembered' '~rabbit.cut.limit')
for round in 1 2 3; do
  pids=()
  for i in 0 1 2 3 4 5 6 7; do
    order=$(printf '%s\n' "${sets[@]}" | shuf)
    if [ $((i % 2)) = 0 ]; then at=${points[$(((i + round * 3) % ${#points[@]}))]}; else at=none; fi
    CDCTL_TEST_CRASH_AT=$at timeout -s KILL 90 cdctl break $order --timeout 20s </dev/null >"breaker.$i.out" 2>"breaker.$i.err" &
    pids+=($!)
  done
  # Who stands still loses his lock, and goes on later. A set is never found with nobody left.
  end=$(($(now_ms) + 40000))
  while [ "$(now_ms)" -lt $end ]; do
    busy=
    for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || busy=yes; done
    [ -n "$busy" ] || break
    for pid in $(pgrep -f "cdctl break .*$service" || true); do
      ! stopped "$pid" || { lose_locks; (sleep 2.1; kill -CONT "$pid" 2>/dev/null || true) & }
    done
    sleep 0.2
  done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  [ "$(uncut)" -ge 1 ] || fail "round $round: nobody is left: $(cat breaker.*.out)"
  # And who comes later cuts no more either.
  expect_exit 5 cdctl break "${sets[@]}" </dev/null
  [ "$(uncut)" -ge 1 ] || fail "round $round: a later breaker took the last"
  mend_all
done
