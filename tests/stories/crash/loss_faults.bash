#!/usr/bin/env bash
# The loss test when things go wrong: a set is cut in mid-flow, and the breaker is killed, the broker killed and started again,
# connections are closed, or the management API is slow. Published and confirmed = done, in every round, on classic and quorum queues.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
rounds=${CDCTL_STORY_ROUNDS:-8}
service_of_kind() { # classic | quorum
  local name=$service-$1
  make_trunk "$name"
  {
    printf 'units = { worker = 2 }\nswitches = ["rabbit"]\n[sources]\ntrunk = { git = "%s", branch = "main" }\n' "$work/$name.git"
    printf '[rabbit]\nqueues = { %s = { type = "%s" } }\n' "$name" "$1"
  } >"services.d/$name.toml"
}
declare -A good bad
for kind in classic quorum; do
  service_of_kind $kind
  name=$service-$kind
  cdctl deploy "$name" </dev/null >/dev/null 2>deploy.err || fail "deploy: $(cat deploy.err)"
  good[$kind]=$(newest_set "$name")
  commit ok "$name"
  cdctl deploy "$name" </dev/null >/dev/null 2>deploy.err || fail "deploy: $(cat deploy.err)"
  bad[$kind]=$(newest_set "$name")
done

broker_pid() { sed -n 's/^PID=//p' "$work/broker/state"; }
connected() { [ "$(connections_of "$1")" = 2 ]; }
restart() {
  local pid
  pid=$(broker_pid)
  kill -KILL "$pid"
  eventually 10 gone "$pid"   # its start would take it for one that runs
  private-broker start -o $$ "$work/broker" >/dev/null
}
close_some() { # of the workers' own connections
  local name
  for name in $(api "connections/username/$1" | jq -r '.[].name | @uri'); do api "connections/$name" -X DELETE >/dev/null || true; done
}
python3 "$source_dir/tests/fakes/slow_proxy" "$HTTP_PORT" 150 "$work/proxy.port" &
eventually 10 test -s proxy.port
sed "s|^management = .*|management = \"http://127.0.0.1:$(cat proxy.port)\"|" cdctl.toml >slow.toml
points=(break.counted break.remembered rabbit.memory.cut rabbit.cut.before rabbit.cut.limit break.rabbit)
faults=(kill restart close slow none)

# The cut that must come about in the end, whatever happens on the way.
cut() {
  local got=0
  case $2 in
    kill) CDCTL_TEST_CRASH_AT=${points[RANDOM % ${#points[@]}]} cdctl break "$1" </dev/null >/dev/null 2>&1 || true ;;
    restart)
      cdctl break "$1" --timeout 10s </dev/null >/dev/null 2>&1 &
      restart
      wait $! || true
      eventually 30 connected "$3"
      ;;
    close) close_some "$3" & close_some "$1" & ;;
    slow)
      expect_exit 0 cdctl break "$1" -c slow.toml </dev/null
      return
      ;;
  esac
  # A good set whose connections were closed a moment ago holds the guard up until it is back.
  until cdctl break "$1" --why "round $round" </dev/null >"$work/out" 2>"$work/err"; do
    got=$((got + 1))
    [ $got -lt 40 ] || fail "the cut does not come about"
    sleep 0.25
  done
}

for ((round = 1; round <= rounds; round++)); do
  kind=classic
  [ $((round % 2)) = 0 ] || kind=quorum
  fault=${faults[$(((round - 1) / 2 % ${#faults[@]}))]}
  eventually 30 connected "${good[$kind]}"
  eventually 30 connected "${bad[$kind]}"
  : >producer.ledger
  : >jobs.ledger
  produce 400 400 "$service-$kind"
  eventually 20 at_least delivery "${bad[$kind]}" $((RANDOM % 50 + 1))
  cut "${bad[$kind]}" $fault "${good[$kind]}"
  expect_same "the limit after $fault" "$(limit_of "${bad[$kind]}")" 0
  expect_same "connections after $fault" "$(connections_of "${bad[$kind]}")" 0
  eventually 60 gone "$producer"
  # A broker that was killed may have owed a confirm: those are no promise. What was confirmed is done.
  [ "$fault" = restart ] || expect_same "confirmed jobs after $fault" "$(confirmed_jobs)" 400
  eventually 60 nothing_missing
  expect_exit 0 cdctl mend "${bad[$kind]}" </dev/null
  printf 'round %d, %s, %s: confirmed %d, done %d\n' $round $kind $fault "$(confirmed_jobs)" "$(awk '$1 == "done" && !s[$3]++ { n++ } END { print n + 0 }' jobs.ledger)"
done
