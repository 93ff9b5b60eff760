#!/usr/bin/env bash
# What juju does wrong, done to the juju engine: it hangs, loses the connection before and after a change was made, leaves models out
# of its list, says "not found" of what is there, dies, and models that do not want to go. No trouble makes a set be called gone that
# is there, a healthy one be cut or removed, another model be destroyed, or a command outlive its deadline; and when the trouble has
# passed, the same command comes to the right end.
CDCTL_STORY_ENGINE=${CDCTL_STORY_ENGINE:-juju-3.6}
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null

alive() { juju_control units "$1" | awk '$3 != 0 && $4 == "alive"' | wc -l; }
both_run() { [ "$(alive "$1")" = 2 ]; }
whole_again() { [ "$(engine_border "$1")" = "$whole" ]; }
# tried LIMIT_S WORDS...: the command ends within the limit, well or not; its exit code is in $got.
tried() {
  local limit=$1 begun=$SECONDS
  shift
  got=0
  printf '%s (with %s)\n' "$*" "$(cat controller/trouble)" >command
  timeout -k 5 100 "$@" >out 2>err </dev/null || got=$?
  [ $((SECONDS - begun)) -le "$limit" ] || fail "took $((SECONDS - begun)) s, at most $limit expected"
}
nothing_of_juju_runs() { # of this story: others run beside it
  local pid
  for pid in $(pgrep -f "^[^ ]*python3? -SE $source_dir/tests/fakes/juju " || true); do
    ! grep -qszxF "FAKE_JUJU=$FAKE_JUJU" "/proc/$pid/environ" || return 1
  done
}
no_secret_shown() { ! grep -rqs 'shy-' out err controller/calls.ndjson || fail "a secret is shown"; }

keep=$(deploy_one ok)
eventually 20 both_run "$keep"
whole=$(engine_border "$keep")
kept_pids=$(juju_control units "$keep")
expect_kept() {
  expect_same "the units of $keep" "$(juju_control units "$keep")" "$kept_pids"
  expect_same "the border of $keep" "$(engine_border "$keep")" "$whole"
  expect_same "the neighbour" "$(juju_control units neighbour | grep -c alive)" 1
}

# ---------------------------------------------------------------- reading

for trouble in hang deaf shutdown dead signal lock empty-object half-json logged-out not-found denied; do
  juju_control trouble "$trouble"
  tried 45 cdctl ls --timeout 4s
  case $trouble in
    not-found | denied) [ $got = 0 ] || fail "exit status $got of a list that does not ask the model" ;;
    *) [ $got = 4 ] || fail "exit status $got, 4 expected" ;;
  esac
  [ $got = 0 ] || expect_json 'all(.schema == "cdctl.error/1" or .state == null)'
  tried 60 cdctl reap "$keep" --even-newest --even-last "$keep" --timeout 4s
  [ $got != 0 ] || fail "a reap ended well in the middle of $trouble"
  expect_json 'all(.ok != true)'
  no_secret_shown
  juju_control trouble
  eventually 5 nothing_of_juju_runs
  expect_kept
done
# A model that is left out of the list is there all the same.
juju_control trouble models=dropped-model
expect_exit 4 cdctl ls </dev/null
expect_exit 4 cdctl reap "$keep" --even-newest --even-last "$keep" </dev/null
juju_control trouble
expect_kept
# Locks and lost connections pass.
juju_control trouble 'models=lock*2' 'status=shutdown*2'
expect_exit 0 cdctl ls </dev/null
expect_same "state" "$(jq -r .state out)" live
juju_control trouble

# Every agent lost at once is the controller's trouble: then nobody knows what is up, and it is not down.
juju_control lost on
expect_exit 0 cdctl ls "$keep" </dev/null
expect_json '.[0].state != "down"'
expect_exit 0 cdctl outdated </dev/null
expect_quiet
juju_control lost off

# ---------------------------------------------------------------- a change whose answer does not come

# ends_well TROUBLE WORDS...: with the trouble the command may fail, and in time; without it, it comes to its end.
ends_well() {
  local trouble=$1
  shift
  juju_control trouble $trouble
  tried 90 "$@"
  juju_control trouble
  no_secret_shown
  eventually 5 nothing_of_juju_runs
  [ $got = 0 ] || expect_exit 0 "$@" </dev/null
}
for kind in shutdown signal hang; do
  for moment in '' @after; do
    commit ok
    commands='add-model model-config deploy' limit=15s
    [ $kind != hang ] || commands=model-config limit=8s   # each hang costs a deadline
    for command in $commands; do
      ends_well "$command=$kind$moment*1" cdctl deploy "$service" --timeout $limit
      set=$(newest_set)
      [ "$set" != "$keep" ] || fail "no new set"
      eventually 20 both_run "$set"
      expect_same "models of that name" "$(engine_sets | grep -cx "$set")" 1
      if [ $command = model-config ]; then
        ends_well "suspend-relation=$kind$moment*1" cdctl break "$set" --timeout $limit
        expect_same "the border of $set" "$(engine_border "$set")" cut
        ends_well "resume-relation=$kind$moment*1" cdctl mend "$set" --timeout $limit
        eventually 10 whole_again "$set"
      fi
      reaping=destroy-model
      [ $command != deploy ] || reaping=remove-application
      ends_well "$reaping=$kind$moment*1" cdctl reap "$set" --even-newest --grace 1s --timeout $limit
      ! engine_knows "$set" || fail "$set is there after a reap"
      expect_kept
      commit ok
    done
  done
done

# ---------------------------------------------------------------- models that do not want to go

# Destroyed for ever: the ladder ends at a person, and until then nothing is called gone.
set=$(deploy_one ok)
eventually 20 both_run "$set"
juju_control stuck "$set" force
expect_exit 0 cdctl reap "$set" --even-newest --grace 0s --timeout 60s </dev/null
grep -q '"--force"' controller/calls.ndjson || fail "nothing was forced"
! grep -q '"--no-wait"' controller/calls.ndjson || fail "--no-wait came too early"
! engine_knows "$set" || fail "$set is there"
set=$(deploy_one ok)
juju_control stuck "$set" ever
tried 90 cdctl reap "$set" --even-newest --grace 0s --timeout 80s
[ $got != 0 ] || fail "a reap of what is still there ended well"
expect_error 'by hand'
engine_knows "$set" || fail "$set should be there"
expect_same "state" "$(state_of "$set")" reaping
juju_control stuck "$set" no
expect_exit 0 cdctl reap "$set" --even-newest --grace 0s </dev/null
expect_kept

# destroy-model loses the controller while it waits, and ends well: no proof of anything.
set=$(deploy_one ok)
juju_control stuck "$set" force
juju_control trouble 'destroy-model=lost-wait'
tried 20 cdctl reap "$set" --even-newest --grace 0s --timeout 4s
[ $got != 0 ] || fail "a reap of what is still there ended well"
juju_control trouble
juju_control stuck "$set" no
expect_exit 0 cdctl reap "$set" --even-newest </dev/null

# Disks are released and not wiped, unless the service says so; commands that somebody disabled stay disabled.
set=$(deploy_one ok)
juju_control storage "$set" worker spool/0
juju disable-command destroy-model -m "$set"
tried 60 cdctl reap "$set" --even-newest --grace 1s --timeout 20s
[ $got != 0 ] || fail "a protected model was destroyed"
engine_knows "$set" || fail "$set should be there"
juju enable-command destroy-model -m "$set"
expect_exit 0 cdctl reap "$set" --even-newest </dev/null
expect_same "disks" "$(juju_control released) $(juju_control erased)" "spool/0 "

# A model of a set's name that cdctl did not make is nobody's to take or to destroy.
commit ok
next=$(cdctl outdated </dev/null | jq -r .set)
foreign=$(juju_control model "$next")
expect_exit 5 cdctl deploy "$service" </dev/null
tried 60 cdctl reap "$next" --even-newest --even-last "$next"
juju_state | jq -e --arg uuid "$foreign" '.models[$uuid] | (.going | not)' >/dev/null || fail "a foreign model was destroyed"
juju_control remove "$next"

# ---------------------------------------------------------------- two machines

for number in 1 2; do
  sed "s|^home = .*|home = \"$work/machine$number\"|" cdctl.toml >machine$number.toml
  (cdctl deploy "$service" --config "$work/machine$number.toml" -o ndjson >race.$number 2>race.$number.err </dev/null; echo $? >race.$number.code) &
done
wait
cat race.1 race.2 >out
cat race.1.err race.2.err >err
expect_same "exit codes" "$(cat race.1.code race.2.code | tr '\n' ' ')" "0 0 "
expect_json '(map(select(.changed)) | length) == 1'
expect_same "models of $next" "$(engine_sets | grep -cx "$next")" 1
expect_kept

# ---------------------------------------------------------------- what it costs, and how it is asked

for number in {1..40}; do juju_control model crowd$number >/dev/null; done
rm controller/calls.ndjson
expect_exit 0 cdctl ls --config "$work/machine2.toml" </dev/null
rm controller/calls.ndjson
expect_exit 0 cdctl ls --config "$work/machine2.toml" </dev/null
expect_same "calls of a second look" "$(jq -r '.argv[1]' controller/calls.ndjson | sort | uniq -c | tr -s ' \n' ' ')" " 1 models "
jq -se 'all(.[]; .at_once <= 4)' controller/calls.ndjson >/dev/null || fail "more than four at once"
no_secret_shown
