#!/usr/bin/env bash
# kill -9 at every step boundary of deploy, break, mend and reap, then the same command again: the end state is right, no process
# and no user is left over, no job is lost. The boundaries are read from the sources; one that no command reached fails the story.
# With `none` as argument it runs without a broker, else with one.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
begin "${1:-broker}"

# Boundaries of ways that these four commands do not take here (a broken mirror, a dead supervisor, `signal`):
# the unit tests of the plugins, and the stories land, mojo_run, release, brokers, holds, homes, reboot, by_hand, scale and notify/follower, are where they belong.
elsewhere=(init.draft init.file git.mirror-removed git.mirror-fetched local.feed.written local.mend.halted local.mend.unmarked
  deploy.let_in deploy.turned deploy.releasing deploy.released deploy.release-noted local.run.ended local.discard.marked local.revive.run local.revive.launched
  scale.counted scale.world local.scale.kept local.scale.run local.scale.told
  mojo.external mojo.set-claimed mojo.set-started
  probation.noted probation.world probation.admitted probation.passed probation.joined probation.failed probation.cut
  notify.heard notify.kept notify.taken notify.passed notify.settled
  verify.merged verify.tested verify.remembered verify.noted verify.staged land.noted land.leased land.pushed land.read-back land.written
  rabbit.admit.limit rabbit.memory.moving retire.held retire.reaped retire.counted retire.forgotten listen.sent probe.memory spool.put spool.sent spool.taken)

worth_reaching() {
  [[ " ${elsewhere[*]} " != *" $1 "* ]] || return 1
  [ -n "$has_broker" ] || case $1 in *rabbit* | local.secret.saved | reap.retired) return 1 ;; esac
}

workers_of() {
  local pid
  for pid in $(processes_of "$1"); do
    grep -qxE "$worker_name" "/proc/$pid/comm" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null && echo "$pid"
  done | wc -l
}
at_work() { [ "$(workers_of "$1")" = 2 ] && { [ -z "$has_broker" ] || [ "$(connections_of "$1")" = 2 ]; }; }

expect_live() {
  expect_same "the state of $1 after $point" "$(state_of "$1")" live
  expect_same "cut of $1 after $point" "$(cut_of "$1")" false
  [ -z "$has_broker" ] || expect_same "the limit of $1 after $point" "$(limit_of "$1")" none
  eventually 20 at_work "$1"
}
expect_cut() {
  expect_same "cut of $1 after $point" "$(cut_of "$1")" true
  [ -n "$has_broker" ] || return 0
  expect_same "the limit of $1 after $point" "$(limit_of "$1")" 0
  expect_same "connections of $1 after $point" "$(connections_of "$1")" 0
}
expect_gone() {
  no_process_of "$1" || fail "$point: a process of $1 is left: $(processes_of "$1")"
  [ -z "$has_broker" ] || ! user_exists "$1" || fail "$point: the user of $1 is left"
  [ ! -e "home/sets/$1" ] || fail "$point: the folder of $1 is left"
  expect_same "the sets after $point" "$(sets_of)" "$base"
}

# A hundred tombstones more than the service has, copies of one: then old ones are forgotten.
add_tombstones() {
  local tombstone number
  tombstone=$(api global-parameters | jq -c --arg p "cdctl.set.$service-" 'first(.[] | select((.name | startswith($p)) and .value.reaped_at) | {value})')
  [ -n "$tombstone" ] || fail "no tombstone found"
  for number in {1..100}; do
    api "global-parameters/cdctl.set.$service-r$(printf %010x "$number")" -f -X PUT -d "$tombstone" || fail "cannot write a tombstone"
  done
}

if [ -n "$has_broker" ]; then
  worker_name=demo-worker
  make_trunk
else
  worker_name=sleep
  make_trunk "$service" 'worker: exec sleep 1000'
fi
make_spec
make_service </dev/null
mapfile -t points < <(crash_points "$source_dir"/{sdk/src,core,cli} "$source_dir"/plugins/{local,git,mojo,rabbit})
[ ${#points[@]} -gt 20 ] || fail "only ${#points[@]} step boundaries found"

base=$(deploy_one ok)   # stays beside, so that no guard stands in the way
[ -z "$has_broker" ] || produce 100000 60
for point in "${points[@]}"; do
  worth_reaching "$point" || continue
  commit ok
  if [[ $point = local.clean.* ]]; then # the way of a deploy over an unfinished one
    crashing local.start.launched cdctl deploy "$service"
  fi
  [ "$point" != git.mirror-made ] || rm -rf home/cache/git
  [ "$point" != rabbit.memory.trim ] || add_tombstones
  at_point "$point" cdctl deploy "$service"
  set=$(newest_set)
  [ "$set" != "$base" ] || fail "$point: no new set"
  expect_live "$set"
  at_point "$point" cdctl break "$set"
  expect_cut "$set"
  at_point "$point" cdctl mend "$set"
  expect_live "$set"
  at_point "$point" cdctl reap "$set" --even-newest --grace 1s
  expect_gone "$set"
  [[ $reached = *" $point "* ]] || missed+=" $point"
done
if [ -n "$has_broker" ]; then
  kill -TERM "$producer"
  eventually 20 gone "$producer"
  eventually 30 nothing_missing
  expect_same "users" "$(users_of "$service")" "$base"
fi
[ -z "${missed:-}" ] || fail "no command reached these step boundaries:$missed"
