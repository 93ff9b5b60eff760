#!/usr/bin/env bash
# Landing under fire: two landers at once with somebody who pushes to trunk by hand, a proposal that is pushed over while it is
# tested, and kill -9 at every step boundary. Every good proposal lands once, nothing else does, and what lands was tested.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob carol; do make_person $person; done
make_target <<<'verify = { command = "./check" }'

# Each merge on main has a tree that some verify called good; and main only ever went forward.
expect_tested() {
  local commit tree
  for commit in $(git -C origin.git log --merges --first-parent --format=%H main); do
    tree=$(tree_of "$commit")
    jq -e --arg tree "$tree" --arg commit "$commit" -s 'any(.verdict == "verified" and .tree == $tree and .commit == $commit)' verified.*.ndjson >/dev/null ||
      fail "$(git -C origin.git log -1 --format='%h %s' "$commit") has a tree that nobody verified"
  done
}

# --- Two landers, each with a home of its own, and hands.
authors=(alice bob carol)
for number in {1..12}; do
  author=${authors[number % 3]}
  offer "$author" "p$number" "file$number" "$number"
done
for number in {1..12}; do
  reviewer=${authors[(number + 1) % 3]}
  [ "$number" = 5 ] || vote "$reviewer" "p$number" approve
done
offer alice broken how 'exit 1'
vote bob broken approve

lander() { # lander NAME ROUNDS
  local round
  export CDCTL_HOME=$work/home-$1
  for ((round = 0; round < $2; round++)); do
    cdctl proposals 2>>"$1.err" | cdctl gate 2>>"$1.err" | cdctl verify 2>>"$1.err" | tee -a "verified.$1.ndjson" |
      cdctl land >>"landed.$1.ndjson" 2>>"$1.err" || true
    [ -n "$(git -C origin.git for-each-ref refs/heads/propose | grep -v 'broken\|p5')" ] || break
  done
}
by_hand() {
  local number
  for number in {1..3}; do
    sleep 1.5
    change carol "hand$number" "hand$number" x
    until as carol git push -q origin "hand$number:main" 2>/dev/null; do
      as carol git fetch -q origin && as carol git rebase -q origin/main
    done
  done
}
lander one 20 & lander two 20 & by_hand &
wait
(export CDCTL_HOME=$work/home-one; lander one 3)
cat landed.*.ndjson >out
# Who only finds that it has landed says so in `why`.
expect_json 'map(select(.verdict == "landed" and (has("why") | not)) | .proposal) | sort == (["p1","p2","p3","p4","p6","p7","p8","p9","p10","p11","p12"] | sort)'
expect_json 'all(select(.verdict == "landed") | .proposal != "broken" and .proposal != "p5")'
for number in 1 2 3 4 6 7 8 9 10 11 12; do
  expect_same "p$number on main" "$(git -C origin.git show "main:file$number")" "$number"
done
for number in 1 2 3; do expect_same "hand$number on main" "$(git -C origin.git show "main:hand$number")" x; done
expect_same 'merges on main' "$(git -C origin.git log --merges --first-parent --format=%H main | wc -l)" 11
expect_tested
expect_same 'what is left' "$(git -C origin.git for-each-ref --format='%(refname:lstrip=4)' refs/heads/propose | tr '\n' ' ')" 'broken p5 '
withdraw broken
withdraw p5

# --- Pushed over between the verdict and the push: what was verified is not what is proposed.
offer alice moved moved 1
vote bob moved approve
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
as alice git commit -q --amend -m 'Another'
as alice cdctl propose moved >/dev/null
main=$(head_of main)
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("is not at .* any more"))'
expect_same 'main' "$(head_of main)" "$main"
withdraw moved   # withdrawn
pipe_exit 5 'cdctl land <verified.ndjson'
expect_same 'main' "$(head_of main)" "$main"

# --- Trunk that was pushed to by hand between the verdict and the push.
offer alice late late 1
vote bob late approve
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
change carol fast fast x
as carol git push -q origin fast:main
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("main has moved from"))'
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed" and .[0].changed'

# --- A kill at each step; then the whole pipe again.
mapfile -t points < <(crash_points "$source_dir/core/land" "$source_dir/plugins/git/git_repository.cpp" | grep -v mirror)
[ ${#points[@]} -ge 8 ] || fail "only ${#points[@]} step boundaries found"
number=0
for point in "${points[@]}"; do
  number=$((number + 1))
  offer alice "k$number" "kill$number" "$number"
  vote bob "k$number" approve
  tests=$(tests_run)
  printf '%s\n' "the pipe, to die at $point" >command
  (CDCTL_TEST_CRASH_AT=$point bash -c "$landing" >out 2>err </dev/null) 2>/dev/null || true
  case $point in
    verify.merged | verify.tested) want=2 ;;   # nothing was remembered yet
    *) want=1 ;;
  esac
  [ "$point" != verify.merged ] || want=1      # and there nothing was tested yet
  reached+=" $point "
  for again in once twice; do
    pipe_exit 0 "set -o pipefail; cdctl proposals | cdctl gate | cdctl verify | tee -a verified.kill.ndjson | cdctl land"
  done
  expect_same "k$number on main after $point" "$(git -C origin.git show "main:kill$number")" "$number"
  expect_same "merges of k$number after $point" "$(git -C origin.git log --merges --format=%s main | grep -c "Merge k$number:")" 1
  expect_same "what is left after $point" "$(refs_left)" ''
  [ "$(($(tests_run) - tests))" -le "$want" ] || fail "$point: $(($(tests_run) - tests)) tests were run, at most $want needed"
  expect_exit 0 cdctl history --action land
  expect_json 'map(select(.proposal == $name and .verdict == "landed" and .changed)) | length >= 1' --arg name "k$number"
  [ -z "$(ls -A home/land/begun 2>/dev/null)" ] || fail "$point: what was begun is not finished: $(ls home/land/begun)"
done

# --- A verify that is killed in the middle of a test takes the test with it, and leaves nothing that the next does not clear away.
offer alice long how "echo begun; (setsid sleep 4244.$$) & sleep 4245.$$"
vote bob long approve
cdctl proposals | cdctl gate >ready.ndjson
cdctl verify <ready.ndjson >/dev/null 2>&1 &
verify=$!
eventually 30 pgrep -f "sleep 4245.$$" >/dev/null
{ kill -9 $verify && wait $verify; } 2>/dev/null || true
no_test() { ! pgrep -f "sleep 424[45].$$" >/dev/null; }
eventually 30 no_test
withdraw long
offer alice short how 'echo short'
vote bob short approve
pipe_exit 0 "$landing"
expect_same 'work folders' "$(ls -A home/land/work)" ''
# One that is asked to stop ends its test, too, and decides nothing.
offer alice long how "echo begun; (setsid sleep 4244.$$) & sleep 4245.$$"
vote bob long approve
cdctl proposals | cdctl gate >ready.ndjson
cdctl verify <ready.ndjson >out 2>err &
verify=$!
eventually 30 pgrep -f "sleep 4245.$$" >/dev/null
got=0
kill -TERM $verify && wait $verify || got=$?
expect_same 'its exit status' $got 143
eventually 30 no_test
expect_json 'all(.verdict == "deferred")'
