#!/usr/bin/env bash
# Several candidates that are tested as one and land as one: one push, the tree that was tested, all or none; the one that breaks it
# is found by halving, and a target that is broken by itself puts nobody out.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'batch = 8
verify = { command = "./check" }'
# How often main was moved.
printf '#!/bin/sh\nread -r a b ref; [ "$ref" != refs/heads/main ] || echo x >>"%s/pushes"\ncat >/dev/null\n' "$work" >origin.git/hooks/post-receive
chmod +x origin.git/hooks/post-receive
: >pushes
pushes() { wc -l <pushes; }
some() { # some FROM TO: proposals pFROM to pTO, approved
  local number
  for ((number = $1; number <= $2; number++)); do
    offer alice "p$number" "file$number" "$number"
    vote bob "p$number" approve
  done
}

# --- Eight good ones: one test, one push.
some 1 8
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify | tee verified.ndjson'
valid
expect_json 'length == 8 and all(.verdict == "verified" and (.batch | length == 8)) and (map(.tip) | unique | length == 1)'
expect_same 'tests' "$(tests_run)" 1
# A part of a batch was tested by nobody.
pipe_exit 5 'head -n 7 verified.ndjson | cdctl land'
expect_error 'a batch lands as a whole'
# Nor is it whole where one came twice.
pipe_exit 5 '(head -n 1 verified.ndjson; head -n 7 verified.ndjson) | cdctl land'
expect_error 'a batch lands as a whole'
for change in '.batch = null | .tip = null' '.batch = ["p1"]'; do
  pipe_exit 5 "head -n 1 verified.ndjson | jq -c '$change' | cdctl land"
done
expect_same 'pushes' "$(pushes)" 0
# One of them is pushed over before the push: none lands.
as alice git checkout -q p3
as alice git commit -q --amend -m 'Something else'
as alice cdctl propose p3 >/dev/null
main=$(head_of main)
pipe_exit 5 'cdctl land <verified.ndjson'
valid
expect_json 'length == 8 and all(.verdict == "deferred")'
expect_same 'main' "$(head_of main)" "$main"
vote bob p3 approve
pipe_exit 0 "$landing"
valid
expect_json 'length == 8 and all(.verdict == "landed" and .changed) and all(.batch | length == 8)'
expect_same 'pushes' "$(pushes)" 1
expect_same 'what is left' "$(refs_left)" ''
expect_same 'the tree that landed' "$(tree_of main)" "$(jq -sr 'last.tree' out)"
for number in {1..8}; do expect_same "p$number" "$(git -C origin.git show "main:file$number")" "$number"; done
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# --- One that breaks it: out after at most log2(8)+1 further tests, and the others land without it.
some 11 13
offer alice bad how 'exit 1'
vote bob bad approve
some 14 17
tests=$(tests_run)
pipe_exit 1 "$landing"
expect_json 'map(select(.verdict == "landed" and .changed)) | length == 7'
expect_json 'map(select(.verdict == "rejected") | .proposal) == ["bad"]'
[ $(($(tests_run) - tests)) -le 6 ] || fail "$(($(tests_run) - tests)) tests: the batch, 4 to find it, 1 for those behind it"
withdraw bad

# --- A target that is broken by itself.
as alice git fetch -q origin
as alice git checkout -q -B broken origin/main
printf 'exit 9\n' >people/alice/how
as alice git commit -qam 'By hand, and broken'
as alice git push -q origin broken:main
some 21 23
notes=$(git -C origin.git rev-parse -q --verify refs/notes/cdctl-land || true)
pipe_exit 4 "$landing"
expect_json 'length == 3 and all(.verdict == "deferred" and (.why | test("the target is broken: main fails by itself")))'
expect_same 'notes' "$(git -C origin.git rev-parse -q --verify refs/notes/cdctl-land || true)" "$notes"
offer alice mend how 'echo fine'
vote bob mend approve
as alice cdctl propose mend --revision mend >/dev/null
pipe_exit 0 "$landing"   # with what mends it they pass
expect_json 'length == 4 and all(.verdict == "landed")'

# --- Several tests at once, each on top of those ahead; and a kill at each step of a batch.
make_target <<<'batch = 2
verify = { command = "./check" }'
some 31 36
offer alice bad how 'sleep 0.3; exit 1'
vote bob bad approve
pipe_exit 1 "cdctl proposals | cdctl gate | cdctl verify --jobs 3 | cdctl land"
expect_json 'map(select(.verdict == "landed" and .changed)) | length == 6'
expect_json 'map(select(.verdict == "rejected") | .proposal) == ["bad"]'
withdraw bad
expect_exit 2 cdctl verify --jobs 0
number=40
for point in verify.merged verify.tested verify.remembered land.noted land.leased land.pushed land.read-back land.written; do
  some $((number + 1)) $((number + 2))
  moved=$(pushes)
  printf '%s\n' "the pipe, to die at $point" >command
  (CDCTL_TEST_CRASH_AT=$point bash -c "$landing" >out 2>err </dev/null) 2>/dev/null || true
  for again in once twice; do pipe_exit 0 "$landing"; done
  expect_same "pushes after $point" "$(pushes)" $((moved + 1))
  for one in 1 2; do
    expect_same "merges after $point" "$(git -C origin.git log --merges --format=%s main | grep -c "Merge p$((number + one)):")" 1
  done
  expect_same "what is left after $point" "$(refs_left)" ''
  [ -z "$(ls -A home/land/begun 2>/dev/null)" ] || fail "$point: what was begun is not finished"
  number=$((number + 2))
done
