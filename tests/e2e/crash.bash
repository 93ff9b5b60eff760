#!/usr/bin/env bash
# kill -9 at every step boundary of deploy, break, mend and reap, then the same command again: the end state is right, no process
# and no user is left over, no job is lost. The boundaries are read from the sources, and each must have been reached.
. "$(dirname "$0")/common.bash"
begin broker
make_trunk
make_service </dev/null
mapfile -t points < <(grep -rhoE 'crash_point\("[^"]+"' "$source_dir"/{sdk/src,cli,plugins} | cut -d'"' -f2 | sort -u)
[ ${#points[@]} -gt 0 ] || fail "no step boundaries found"
reached=" "

# crashing POINT COMMAND...: runs it with the crash; succeeds when it got there, and fails the story when it ended otherwise than well.
crashing() {
  local point=$1 got=0
  shift
  printf '%s (dies at %s)\n' "$*" "$point" >"$work/command"
  CDCTL_TEST_CRASH_AT=$point timeout -k 5 120 "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
  [ $got != 0 ] || return 1
  [ $got = 137 ] || fail "exit status $got, expected to die at $point"
  reached+="$2@$point "
}
connected() { [ "$(connections_of "$1")" = 2 ]; }
workers_of() { local pid; for pid in $(processes_of "$1"); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != demo-worker ] || echo "$pid"; done | wc -l; }

deploy_one ok >/dev/null   # stays beside, so that no guard stands in the way
base=$(newest_set)
produce 100000 60
for point in "${points[@]}"; do
  commit ok
  if crashing "$point" cdctl deploy "$service"; then expect_exit 0 cdctl deploy "$service" </dev/null; fi
  set=$(newest_set)
  [ "$set" != "$base" ] || fail "$point: no new set"
  expect_same "the state of $set after $point" "$(state_of "$set")" live
  eventually 20 connected "$set"
  expect_same "workers of $set after $point" "$(workers_of "$set")" 2

  if crashing "$point" cdctl break "$set"; then expect_exit 0 cdctl break "$set" </dev/null; fi
  expect_same "the limit of $set after $point" "$(limit_of "$set")" 0
  expect_same "connections of $set after $point" "$(connections_of "$set")" 0
  expect_same "cut of $set after $point" "$(cut_of "$set")" true

  if crashing "$point" cdctl mend "$set"; then expect_exit 0 cdctl mend "$set" </dev/null; fi
  expect_same "the limit of $set after $point" "$(limit_of "$set")" none
  eventually 20 connected "$set"
  expect_same "workers of $set after $point" "$(workers_of "$set")" 2

  if crashing "$point" cdctl reap "$set" --even-newest --grace 1s; then expect_exit 0 cdctl reap "$set" --even-newest --grace 1s </dev/null; fi
  no_process_of "$set" || fail "$point: a process of $set is left"
  ! user_exists "$set" || fail "$point: the user of $set is left"
  expect_same "the sets after $point" "$(sets_of)" "$base"
done
kill -TERM "$producer"
eventually 20 gone "$producer"
eventually 30 nothing_missing
expect_same "users" "$(users_of "$service")" "$base"
printf 'reached:%s\n' "$reached"
for point in "${points[@]}"; do
  [[ $reached = *"@$point "* ]] || fail "no command reached the step boundary $point"
done
