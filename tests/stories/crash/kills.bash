#!/usr/bin/env bash
# kill -9 at random moments of deploy, break, mend and reap (crash.bash has the named ones), with workers that their Procfile starts
# through a shell, while jobs are published; then the same command again. Every end state is right, what was confirmed is done, and no
# process, user or folder is left. $CDCTL_STORY_KILLS is how many kills have to hit a command that is running (60).
. "$(dirname "$0")/../lib/common.bash"
begin broker
wanted=${CDCTL_STORY_KILLS:-60}
make_trunk "$service" "worker: \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2"
make_service </dev/null

at_work() { [ "$(connections_of "$1")" = 2 ]; }
expect_state() { # SET CUT LIMIT
  expect_same "cut of $1" "$(cut_of "$1")" "$2"
  expect_same "the limit of $1" "$(limit_of "$1")" "$3"
  [ "$2" = true ] || eventually 20 at_work "$1"
}
expect_gone() {
  no_process_of "$1" || fail "a process of $1 is left: $(processes_of "$1")"
  ! user_exists "$1" || fail "the user of $1 is left"
  [ ! -e "home/sets/$1" ] || fail "the folder of $1 is left"
}

declare -A longest=() hits=() runs=()
kills=0
# killed_on_the_way NAME COMMAND...: is killed after a part of the time that NAME has taken at most, one to three times; then the command
# itself, which has to succeed. The kill is a random moment and waits for nothing.
killed_on_the_way() {
  local name=$1 begun pid times=$((RANDOM % 3 + 1)) span=${longest[$1]:-80} got
  shift
  while ((times-- > 0)); do
    "$@" </dev/null >killed.out 2>killed.err &
    pid=$!
    sleep "$(printf '0.%06d' $((RANDOM * 32768 % (span * 1000 + 1) + RANDOM % 1000)))"
    kill -KILL $pid 2>/dev/null || true
    got=0
    wait $pid 2>/dev/null || got=$?
    runs[$name]=$((${runs[$name]:-0} + 1))
    if [ $got = 137 ]; then
      kills=$((kills + 1))
      hits[$name]=$((${hits[$name]:-0} + 1))
    elif [ $got != 0 ]; then
      cp killed.out out && cp killed.err err
      fail "$*: exit status $got, not killed"
    fi
  done
  begun=$(now_ms)
  expect_exit 0 "$@" </dev/null
  span=$(($(now_ms) - begun))
  [ $span -le "${longest[$name]:-0}" ] || longest[$name]=$((span < 900 ? span : 900))
}

base=$(deploy_one ok) # stays beside, so that no guard stands in the way
eventually 20 at_work "$base"
produce 1000000 60
while [ $kills -lt "$wanted" ]; do
  commit ok
  killed_on_the_way deploy cdctl deploy "$service"
  set=$(newest_set)
  [ "$set" != "$base" ] || fail "no new set"
  expect_state "$set" false none
  killed_on_the_way break cdctl break "$set"
  expect_state "$set" true 0
  expect_same "connections of $set" "$(connections_of "$set")" 0
  killed_on_the_way mend cdctl mend "$set"
  expect_state "$set" false none
  killed_on_the_way reap cdctl reap "$set" --even-newest --grace 5s
  expect_gone "$set"
  expect_same "the sets" "$(sets_of)" "$base"
done
kill -TERM "$producer"
eventually 20 gone "$producer"
eventually 60 nothing_missing
expect_same "users" "$(users_of "$service")" "$base"
expect_same "folders" "$(engine_sets)" "$base"
printf 'kills: %s (' $kills
for name in deploy break mend reap; do printf ' %s %s of %s runs' $name "${hits[$name]:-0}" "${runs[$name]:-0}"; done
printf ' ); confirmed %s, done %s, lost %s, done twice %s\n' "$(confirmed_jobs)" \
  "$(awk '$1 == "done" && !s[$3]++ { n++ } END { print n + 0 }' jobs.ledger)" "$(missing_jobs)" \
  "$(awk '$1 == "done" && s[$3]++ { n++ } END { print n + 0 }' jobs.ledger)"
for name in deploy break mend reap; do [ "${hits[$name]:-0}" -gt 0 ] || fail "no kill hit $name"; done
