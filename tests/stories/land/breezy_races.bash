#!/usr/bin/env bash
# Breezy branches: two landers at once with somebody who pushes to trunk by hand, kill -9 at every step boundary.
# Every good proposal lands once, nothing else does, and what lands was tested.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/breezy.bash"
begin
command -v brz >/dev/null || { printf 'skipped: there is no brz; apt install brz\n' >&2; exit 0; }
make_server
make_target <<<'verify = { command = "./check" }'

# --- Two landers, each with a home of its own, and hands.
for number in 1 2 3 4; do
  offer alice "p$number" "file$number" "$number"
  [ "$number" = 4 ] || vote bob "p$number" approve
done
lander() { # lander NAME ROUNDS
  local round
  export CDCTL_HOME=$work/home-$1
  for ((round = 0; round < $2; round++)); do
    cdctl proposals 2>>"$1.err" | cdctl gate 2>>"$1.err" | cdctl verify 2>>"$1.err" | tee -a "verified.$1.ndjson" |
      cdctl land >>"landed.$1.ndjson" 2>>"$1.err" || true
    [ "$(left)" != 'p4 ' ] || break
  done
}
change carol hand hand x
by_hand() {
  until brz push -q --no-remember -d people/carol/hand srv/trunk 2>/dev/null; do
    at carol hand brz merge -q "$work/srv/trunk" && at carol hand brz commit -qm 'Merge trunk'
  done
}
at_work=()
for one in 'lander one 12' 'lander two 12' by_hand; do
  $one &
  at_work+=($!)
done
wait "${at_work[@]}"
cat landed.*.ndjson >out
expect_json 'map(select(.verdict == "landed" and (has("why") | not)) | .proposal) | sort == ["p1","p2","p3"]'
for number in 1 2 3; do expect_same "p$number on trunk" "$(on_trunk "file$number")" "$number"; done
expect_same 'p4 on trunk' "$(on_trunk file4 || true)" ''
expect_same 'hand on trunk' "$(on_trunk hand)" x
expect_same 'what is left' "$(left)" 'p4 '
for topic in p1 p2 p3; do
  commit=$(jq -r --arg topic $topic 'select(.verdict == "landed" and .proposal == $topic and (has("why") | not)).commit' landed.*.ndjson)
  tree=$(jq -r --arg topic $topic 'select(.verdict == "landed" and .proposal == $topic and (has("why") | not)).tree' landed.*.ndjson)
  jq -e --arg tree "$tree" --arg commit "$commit" -s 'any(.verdict == "verified" and .tree == $tree and .commit == $commit)' verified.*.ndjson >/dev/null ||
    fail "$topic landed with a tree that nobody verified"
  brz revision-info -d srv/trunk "revid:$commit" | grep -qv '???' || fail "$topic: $commit is not on trunk"
done
withdraw p4

# --- Killed at each boundary: the next run finishes what was begun, tests nothing twice and lands nothing twice.
export CDCTL_HOME=$work/home
for point in verify.merged land.noted land.leased land.pushed land.read-back land.written; do
  topic=at-${point//./-}
  offer alice "$topic" "$topic" x
  vote bob "$topic" approve
  cdctl proposals | cdctl gate >ready.ndjson
  case $point in
    verify.*) crashing $point sh -c 'exec cdctl verify <ready.ndjson' || fail "did not come to $point" ;;
    *)
      cdctl verify <ready.ndjson >verified.ndjson
      crashing $point sh -c 'exec cdctl land <verified.ndjson' || fail "did not come to $point"
      ;;
  esac
  before=$(tests_run)
  [ $point != verify.merged ] || before=$((before + 1))
  pipe_exit 0 "$landing"
  expect_same "$topic on trunk" "$(on_trunk "$topic")" x
  expect_same "what is left after $point" "$(left)" ''
  expect_same "tests after $point" "$(tests_run)" "$before"
  expect_same "merges of $topic" "$(brz log -n1 --line srv/trunk | grep -c "Merge $topic:")" 1
done
