#!/usr/bin/env bash
# What users of other merge queues complain of, by its number in what is known of them. 6, 7, 10, 17, 18 and 19 are of a CI's statuses
# and of tests at once: tests/unit/land has them by the same words.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob carol; do make_person $person; done
usual='verify = { command = "./check", silence = "2s", grace = "300ms" }'
make_target <<<"$usual"
complaint() { printf '%s\n' "complaint $*" >command; }
approved() { # approved NAME TOPIC FILE TEXT
  offer "$@"
  vote bob "$2" approve
}

complaint '1: I approved one commit, and another one was merged'
approved alice pushed pushed 1
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
as alice git commit -q --amend -m 'Never seen by anybody'
as alice cdctl propose pushed >/dev/null
main=$(head_of main)
pipe_exit 5 'cdctl land <verified.ndjson'
pipe_exit 0 "$landing"
expect_same 'main' "$(head_of main)" "$main"
withdraw pushed

complaint '2: somebody pushed to main meanwhile, and the bot crashed'
approved alice meanwhile meanwhile 1
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
change carol direct direct x
as carol git push -q origin direct:main
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred"'
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed"'

complaint '3: the server refused one call, and the whole batch was gone without a word'
make_target <<<"batch = 4
$usual"
for topic in x y z; do approved alice $topic $topic 1; done
printf '#!/bin/sh\nread -r a b ref; [ "$ref" != refs/heads/main ] || { echo "422 Unprocessable" >&2; exit 1; }\n' >origin.git/hooks/pre-receive
chmod +x origin.git/hooks/pre-receive
pipe_exit 5 "$landing"
expect_json 'length == 3 and all(.verdict == "deferred" and (.error | test("did not take it")))'
rm origin.git/hooks/pre-receive
pipe_exit 0 "$landing"
expect_json 'length == 3 and all(.verdict == "landed")'

complaint '11: one pipeline for each request is too dear'
tests=$(tests_run)
for topic in x y z; do approved alice $topic "$topic-2" 1; done
pipe_exit 0 "$landing"
expect_same 'tests for three' "$(($(tests_run) - tests))" 1
make_target <<<"$usual"

complaint '4: a deleted fork jammed the queue for hours'
approved alice gone gone 1
approved alice stays stays 1
cdctl proposals | cdctl gate >ready.ndjson
withdraw gone
pipe_exit 0 'cdctl verify <ready.ndjson | cdctl land'
expect_json 'any(.proposal == "gone" and .verdict == "waiting") and any(.proposal == "stays" and .verdict == "landed")'

complaint '5: it was stuck at "running" after a crash'
approved alice stuck stuck 1
for point in verify.merged verify.tested land.noted land.pushed; do
  (CDCTL_TEST_CRASH_AT=$point bash -c "$landing" >/dev/null 2>&1 </dev/null) 2>/dev/null || true
done
pipe_exit 0 "$landing"
expect_same 'stuck on main' "$(git -C origin.git show main:stuck)" 1
expect_same 'what is left' "$(refs_left)" ''

complaint '7: the head of the queue has a check that never ends, and everybody waits'
approved alice endless how "echo begun; sleep 6161.$$"
approved alice behind behind 1
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "behind" and .verdict == "landed")'

complaint '8: the bot merges main into my branch again and again'
expect_same 'the head of what was rejected' "$(head_of propose/main/endless)" "$(as alice git rev-parse endless)"
withdraw endless

complaint '9: mine was put out since the one before it failed'
approved alice fails how 'exit 1'
approved carol innocent innocent 1
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "fails" and .verdict == "rejected") and any(.proposal == "innocent" and .verdict == "landed")'

complaint '12: it was put out silently, and I noticed nine hours later'
git -C origin.git notes --ref=cdctl-land show "$(head_of propose/main/fails)" | grep -q 'Not landed on main: tests: exit status 1' || fail 'nobody told its author'
expect_exit 0 cdctl history --action land
expect_json 'any(.proposal == "fails" and .verdict == "rejected")'
withdraw fails

complaint '13: the runner was shut down, and that counted as my failure'
for end in 'kill -TERM $$; sleep 5' 'kill -KILL $$; sleep 5' 'exit 75'; do
  approved alice runner how "$end"
  pipe_exit 4 "$landing"
  expect_json '.[0].verdict == "deferred"'
  withdraw runner
done

# A disk that is full is nobody's failure either.
if unshare -Um --map-root-user true 2>/dev/null; then
  approved alice fills how 'head -c 9000000 /dev/zero >fill || exit 1'
  mkdir -p home/land/work
  pipe_exit 4 "cdctl proposals | cdctl gate | unshare -Um --map-root-user sh -c 'mount -t tmpfs -o size=2m none home/land/work && cdctl verify' | cdctl land"
  expect_json '.[0].verdict == "deferred" and (.[0].why | test("no room was left on the disk"))'
  withdraw fills
fi

complaint '14: no required job was named, and it merged untested'
printf 'repository = "%s/origin.git"\n' "$work" >targets.d/main.toml
approved_nobody=$(head_of main)
pipe_exit 3 'cdctl proposals >/dev/null'
pipe_exit 3 'cdctl config check >/dev/null'
expect_same 'main' "$(head_of main)" "$approved_nobody"

complaint '15: one flaky test, and the queue was switched off'
mkdir state
make_target <<<"verify = { command = './check', retries = 1, wrapper = ['env', 'STATE=$work/state'] }"
# shellcheck disable=SC2016
approved alice flaky how '[ -e "$STATE/once" ] || { : >"$STATE/once"; echo "by chance"; exit 1; }; echo fine'
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify'
expect_json '.[0].verdict == "verified" and .[0].tries == 2 and .[0].isolation == ["wrapper"]'
expect_error 'flaky: exit status 1; trying again, 2 of 2'
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed"'
approved alice worse how 'echo always; exit 3'
pipe_exit 1 "$landing"
expect_json '.[0].verdict == "rejected" and (.[0].why | test("exit status 3, 2 times"))'
withdraw worse
# A wrapper that is not there is nobody's failure; one that loses its machine neither.
make_target <<<"verify = { command = './check', wrapper = ['no-such-wrapper'] }"
approved alice wrapped how 'echo fine, wrapped'
pipe_exit 4 "$landing"
expect_error 'there is no program no-such-wrapper'
make_target <<<"verify = { command = './check', wrapper = ['sh', '-c', 'exit 255'] }"
pipe_exit 4 "$landing"
expect_json '.[0].verdict == "deferred" and (.[0].why | test("lost its machine"))'
make_target <<<"$usual"
pipe_exit 0 "$landing"

complaint '16: it had landed, and then the removal of a branch that was gone turned the run red'
approved alice cleaned cleaned 1
cat >origin.git/hooks/post-receive <<'HOOK'
#!/bin/sh
cat >/dev/null
git for-each-ref --format='delete %(refname)' refs/heads/propose/main refs/reviews/main | git update-ref --stdin
HOOK
chmod +x origin.git/hooks/post-receive
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed"'
rm origin.git/hooks/post-receive

complaint '20: two were green alone, and red together'
approved alice renames words 'renamed'
approved carol relies how 'grep -q one words'
pipe_exit 1 "$landing"
expect_json 'map(select(.verdict == "landed")) | length == 1'
expect_json 'map(select(.verdict == "rejected")) | length == 1'
