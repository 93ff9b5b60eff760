#!/usr/bin/env bash
# What the users of Tarmac saw, by its number in what is known of it: none of it is seen here.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob carol; do make_person $person; done
make_target <<<'contributors = ["*@example.com"]
verify = { command = "./check", silence = "2s", grace = "300ms" }'
all_refs() { git -C origin.git for-each-ref | sha256sum; }
defect() { printf '%s\n' "Tarmac $*" >command; }

defect '3: my tests ran before anybody had reviewed them'
offer alice unread how 'echo mine ran'
pipe_exit 0 "$landing"
expect_same 'tests run' "$(tests_run)" 0
as carol git fetch -q origin
as carol git checkout -q -B stranger origin/main
printf 'echo mine ran\n' >people/carol/how
(cd people/carol && git -c user.name=x -c user.email=x@y commit -qam 'By Eve' --author 'Eve <eve@elsewhere.example>')
as carol cdctl propose stranger >/dev/null
vote bob stranger approve
pipe_exit 0 'cdctl proposals | cdctl gate --all | jq -c "select(.proposal == \"stranger\")"'
expect_json '.[0].verdict == "rejected" and (.[0].why | test("^contributors: eve@elsewhere.example"))'
pipe_exit 0 "$landing"
expect_same 'tests run' "$(tests_run)" 0
withdraw stranger

defect '7: one vote was missing, and my proposal was sent back to the start'
before=$(all_refs)
pipe_exit 0 "$landing"
expect_quiet
expect_same 'what the repository holds' "$(all_refs)" "$before"
withdraw unread

defect '1: a test hung, and the lander killed itself: nothing else landed that night'
offer alice hangs how "(setsid sleep 5151.$$) & echo begun; sleep 5152.$$"
offer carol after after x
for topic in hangs after; do vote bob $topic approve; done
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "hangs" and .verdict == "rejected" and (.why | test("it hung"))) and any(.proposal == "after" and .verdict == "landed")'
! pgrep -f "sleep 515[12].$$" >/dev/null || fail 'a process of the test is left'
withdraw hangs

defect '2: what ignored TERM ran on until somebody came'
offer alice deaf how "trap '' TERM; echo begun; while :; do sleep 5153.$$; done"
vote bob deaf approve
pipe_exit 1 "$landing"
expect_json '.[0].proposal == "deaf" and .[0].verdict == "rejected"'
! pgrep -f "sleep 5153.$$" >/dev/null || fail 'it runs on'
withdraw deaf

defect '4: a typing error in one target stopped the landing of all'
git -C origin.git branch next main
make_target next next <<<'verify = { command = "./check" }'
sed -i '1i votes = "Aprove >= 1"' targets.d/next.toml
offer alice one one 1 --target main
offer alice two two 1 --target next
vote bob one approve --target main
vote bob two approve --target next
pipe_exit 4 "$landing"
expect_json 'length == 1 and .[0].proposal == "one" and .[0].verdict == "landed"'
expect_error 'next.*Aprove'
sed -i 1d targets.d/next.toml
pipe_exit 0 "$landing"
expect_json 'length == 1 and .[0].proposal == "two" and .[0].verdict == "landed"'
rm targets.d/next.toml

defect '5: a chain of three landed in the wrong order'
for topic in z-first m-second a-third; do offer alice $topic $topic 1; done
as alice cdctl propose a-third --revision a-third --after m-second >/dev/null
as alice cdctl propose m-second --revision m-second --after z-first >/dev/null
for topic in a-third m-second z-first; do vote bob $topic approve; done
pipe_exit 0 'cdctl proposals | tac | cdctl gate'
expect_json 'map(.proposal) == ["z-first", "m-second", "a-third"]'
pipe_exit 0 "$landing"
expect_json 'map(.proposal) == ["z-first", "m-second", "a-third"] and all(.verdict == "landed")'

defect '6: two runs at once, and nothing but a lock of bzr between them'
for number in 1 2 3 4; do
  offer alice "race$number" "race$number" "$number"
  vote bob "race$number" approve
done
for home in one two; do
  (export CDCTL_HOME=$work/home-$home
    for round in 1 2 3 4 5 6; do bash -c "$landing" >>"landed.$home" 2>/dev/null || true; done) &
done
wait
cat landed.one landed.two >out
expect_json 'map(select(.verdict == "landed" and (has("why") | not)) | .proposal) | sort == ["race1", "race2", "race3", "race4"]'
expect_same 'what is left' "$(refs_left)" ''

defect '8: the same comment, as long as the whole log, after each run'
offer alice loud how 'head -c 3000000 /dev/zero | tr "\0" "x"; exit 1'
vote bob loud approve
pipe_exit 1 "$landing"
[ "$(git -C origin.git notes --ref=cdctl-land show "$(head_of propose/main/loud)" | wc -c)" -lt 40000 ] || fail 'the note has no bound'
notes=$(git -C origin.git rev-parse refs/notes/cdctl-land)
for again in 1 2; do pipe_exit 1 "$landing"; done
expect_same 'notes' "$(git -C origin.git rev-parse refs/notes/cdctl-land)" "$notes"
