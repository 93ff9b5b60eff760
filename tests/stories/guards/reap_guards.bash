#!/usr/bin/env bash
# What a reap takes away is for good: it counts what may come back, and it counts again when it has stood still.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
make_trunk
{
  printf 'units = { worker = 1 }\nswitches = ["rabbit"]\n[sources]\ntrunk = { git = "%s", branch = "main" }\n' "$work/$service.git"
  printf '[rabbit]\nqueues = { %s = { type = "quorum" } }\n' "$service"
} >"services.d/$service.toml"
first=$(deploy_one ok)
second=$(deploy_one ok)
connected() { local set; for set in "$@"; do [ "$(connections_of "$set")" = 1 ] || return 1; done; }
eventually 60 connected "$first" "$second"

# ---------------------------------------------------------------- one stands still, and others count without him

stopped() { grep -q '^State:[[:space:]]*T' "/proc/$1/status" 2>/dev/null; }
locks() { api connections | jq -r --arg s "$service" '.[] | select(.client_properties.connection_name // "" | contains("cdctl lock " + $s)) | .name | @uri'; }
lose_locks() {
  local name
  for name in $(locks); do api "connections/$name" -X DELETE >/dev/null || true; done
  [ -z "$(locks)" ]
}
listed() { [ -n "$(locks)" ]; }
reaper=
stand_still_at() { # POINT SET: $reaper is the reaper that stands still there, and loses the lock that it holds
  CDCTL_TEST_CRASH_AT="~$1" cdctl reap "$2" --even-newest --grace 1s --timeout 110s </dev/null >reaper.out 2>reaper.err &
  reaper=$!
  eventually 60 stopped "$reaper"
  [ "$1" != reap.stopped ] || return 0   # it holds none there
  eventually 30 listed                   # the broker shows a connection some seconds after it was made
  eventually 20 lose_locks
}
go_on() { # CODE
  local got=0
  kill -CONT "$reaper"
  wait "$reaper" || got=$?
  [ "$got" = "$1" ] || fail "the reaper ended with $got, expected $1: $(cat reaper.out reaper.err)"
}

stand_still_at reap.counted "$first"
expect_exit 0 cdctl break "$second" </dev/null
go_on 5
grep -q 'leave .* with 0 live units' reaper.err || fail "it does not say why: $(cat reaper.err)"
expect_same "the limit of $first" "$(limit_of "$first")" none
expect_same "its state" "$(state_of "$first") $(cut_of "$first")" "live false"
connected "$first" || fail "the last live set has lost its connections"
expect_exit 0 cdctl mend "$second" </dev/null
eventually 60 connected "$first" "$second"

# Nobody has cut meanwhile: it takes a new lock and goes on. What it kept out counts for nobody.
stand_still_at rabbit.drain.limit "$first"
expect_exit 5 cdctl break "$second" </dev/null
go_on 0
expect_same "the sets" "$(sets_of "$service")" "$second"

# It stands still after the stop, another one finishes, and the same revision comes anew.
third=$(deploy_one ok)
eventually 60 connected "$second" "$third"
stand_still_at reap.stopped "$third"
expect_exit 0 cdctl reap "$third" --even-newest --grace 0s </dev/null
expect_exit 0 cdctl deploy "$service@${third##*-}" </dev/null
eventually 60 connected "$third"
go_on 5
connected "$third" || fail "the set that came anew has lost its connection"
user_exists "$third" || fail "the set that came anew has lost its user"

# ---------------------------------------------------------------- after a restart of the broker

# Workers that are slow to come back: they stand still.
workers=$(processes_of "$second" || true; processes_of "$third" || true)
kill -STOP $workers
broker_pid() { sed -n 's/^PID=//p' "$work/broker/state"; }
old=$(broker_pid)
kill -KILL "$old"
eventually 10 gone "$old"
private-broker start -t 300 -o $$ "$work/broker" >/dev/null
expect_same "connections" "$(connections_of "$second") $(connections_of "$third")" "0 0"
expect_exit 5 cdctl break "$second" </dev/null
expect_exit 5 cdctl reap "$second" --grace 0s </dev/null
expect_error 'about to come back'
expect_exit 5 cdctl reap "$third" --even-newest --grace 0s </dev/null
pipe_exit 5 'cdctl ls | cdctl stale --keep 1 --min-age 0s --prove-for 100d | cdctl reap --grace 0s'
expect_same "the sets" "$(sets_of "$service" | wc -l)" 2
kill -CONT $workers
eventually 90 connected "$second" "$third"
expect_exit 0 cdctl reap "$second" --grace 1s </dev/null

# ---------------------------------------------------------------- the last one crashes in a loop

expect_exit 5 cdctl break "$third" </dev/null
printf 'worker: sleep 0.01; exit 7\n' >"$service.git/Procfile"
looping=$(deploy_one ok)
expect_exit 0 cdctl reap "$third" --even-last "$third" --grace 0s </dev/null
cuts_it() { cdctl break "$looping" </dev/null >out 2>err; }
eventually 30 cuts_it
expect_same "cut" "$(cut_of "$looping")" true
