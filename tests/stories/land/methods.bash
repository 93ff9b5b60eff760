#!/usr/bin/env bash
# A target that wants one commit a proposal, and one that wants them one by one: what lands is what was tested, once, and it says who
# has made it, who has reviewed it and what it mends.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob carol; do make_person $person; done
lands() { # lands PROPOSAL
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json 'any(.proposal == $name and .verdict == "landed" and .changed)' --arg name "$1"
}

# --- Squash.
make_target <<<'method = "squash"
message = "<title> (<topic>)\n\n<description>"
verify = { command = "./check" }'
change alice two words two
printf 'x\n' >people/alice/more
as alice git add -A
as alice git -c user.name=carol -c user.email=carol@example.com commit -q --author 'carol <carol@example.com>' -m 'Mend the door

It squeaked.

Fixes: #7
LP: #1234'
as alice cdctl propose two >/dev/null
vote bob two approve
head=$(as alice git rev-parse HEAD)
before=$(head_of main)
lands two
expect_same 'its parent' "$(git -C origin.git log -1 --format=%P main)" "$before"
expect_same 'its author' "$(git -C origin.git log -1 --format='%an <%ae>' main)" 'alice <alice@example.com>'
git -C origin.git log -1 --format=%B main >message
printf '%s\n' 'Mend the door (two)' '' 'It squeaked.' '' 'Fixes: #7' 'LP: #1234' 'Co-authored-by: carol <carol@example.com>' \
  'Reviewed-by: bob@example.com' "Land-head: $head" '' | diff - message || fail 'the message is another'
expect_same 'trailers that git reads' "$(git -C origin.git log -1 --format='%(trailers:key=Reviewed-by,valueonly)' main | head -n 1)" bob@example.com

# What has landed does not land again: proposed once more, with trunk gone on in the same lines.
as carol git fetch -q origin
as carol git checkout -q -B later origin/main
printf 'three\n' >people/carol/words
as carol git commit -qam 'On in the same lines'
as carol git push -q origin later:main
as alice git push -q origin "$head:refs/heads/propose/main/two"
vote bob two approve
main=$(head_of main)
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed" and (.[0].why | test("main had it already"))'
expect_same 'main' "$(head_of main)" "$main"
expect_same 'what is left' "$(refs_left)" ''

# What changes nothing has nothing to land: that is told once, and is in the history once.
as alice git fetch -q origin
as alice git checkout -q -B empty origin/main
as alice git commit -q --allow-empty -m 'Nothing'
as alice git push -q origin empty:refs/heads/propose/main/empty
vote bob empty approve
pipe_exit 0 "$landing"
expect_error 'main: empty: .*what is left of it stays, .*: remove its branch'
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed" and .[0].changed == false'
! grep -q . err || fail "what changes nothing is told of again: $(cat err)"
expect_same 'in the history' "$(cdctl history --action land | jq -s 'map(select(.proposal == "empty")) | length')" 1
withdraw empty

# A chain: the second holds the commits of the first.
change alice first first 1
as alice cdctl propose first >/dev/null
as alice git checkout -q -b second
printf '2\n' >people/alice/second
as alice git add -A && as alice git commit -qm 'Second'
as alice cdctl propose second --after first >/dev/null
vote bob first approve
pipe_exit 0 "$landing"
expect_json 'length == 1 and .[0].proposal == "first" and .[0].verdict == "landed"'
vote bob second approve
lands second
expect_same 'files' "$(git -C origin.git show main:first main:second | tr '\n' ' ')" '1 2 '
expect_same 'commits of main' "$(git -C origin.git rev-list --count --merges main)" 0

# By hand, as one commit.
offer alice hand hand 1
vote bob hand approve
as carol git fetch -q origin
as carol git checkout -q -B by-hand origin/main
as carol git merge -q --squash origin/propose/main/hand >/dev/null
as carol git commit -qm 'By hand'
as carol git push -q origin by-hand:main
main=$(head_of main)
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed"'
expect_same 'main' "$(head_of main)" "$main"
expect_json '.[0].why | test("what is left of it stays")'
expect_same 'what is left' "$(refs_left)" 'refs/heads/propose/main/hand refs/reviews/main/hand/bob@example.com '
withdraw hand

# A kill between the push and the record: the next run finishes it, and pushes nothing twice.
for point in land.noted land.pushed land.read-back land.written; do
  offer alice "k-$point" "k-$point" 1
  vote bob "k-$point" approve
  (CDCTL_TEST_CRASH_AT=$point bash -c "$landing" >out 2>err </dev/null) 2>/dev/null || true
  pipe_exit 0 "$landing"
  pipe_exit 0 "$landing"
  expect_same "commits of k-$point" "$(git -C origin.git log --format=%s main | grep -c "Change k-$point ")" 1
done
expect_same 'what is left' "$(refs_left)" ''

# --- Rebase.
make_target <<<'method = "rebase"
verify = { command = "./check" }'
change alice series series 1
as alice git commit -q --allow-empty -m 'Nothing, said'
printf '2\n' >people/alice/series
GIT_AUTHOR_DATE='2020-01-02T03:04:05+0700' as alice git commit -qam 'Series, two'
as alice cdctl propose series >/dev/null
vote bob series approve
change carol ahead ahead x
as carol git push -q origin ahead:main
before=$(head_of main)
lands series
expect_same 'its commits' "$(git -C origin.git log --reverse --format=%s "$before..main" | tr '\n' '|')" 'Change series for series|Nothing, said|Series, two|'
expect_same 'its time' "$(git -C origin.git log -1 --format=%aI main)" 2020-01-02T03:04:05+07:00
expect_same 'its author' "$(git -C origin.git log -1 --format=%ae main)" alice@example.com
git -C origin.git log -1 --format=%B main | grep -q '^Reviewed-by: bob@example.com$' || fail 'it does not say who has reviewed it'
pipe_exit 0 "$landing"
expect_quiet
# On top of the newest already: as it is, but for the name of who has reviewed it.
offer alice top top 1
vote bob top approve
head=$(as alice git rev-parse HEAD)
main=$(head_of main)
lands top
expect_same 'its parent' "$(git -C origin.git rev-parse main^)" "$main"
expect_same 'its trailers' "$(git -C origin.git log -1 --format=%B main | sed '1,/^$/d' | tr '\n' '|')" "Reviewed-by: bob@example.com|Land-head: $head||"
