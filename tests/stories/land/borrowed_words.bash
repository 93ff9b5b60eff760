#!/usr/bin/env bash
# What a proposal says of itself is nobody's word: that another has landed, who has reviewed it, whose it is. A review of one repository is
# none of another, and a change that looks like one on the target is not that.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob mallory; do make_person $person; done
sed -i '/^mallory@/d' reviewers
with_method() { # with_method METHOD
  make_target <<<"method = \"$1\"
verify = { command = \"./check\" }"
}
message_of() { git -C origin.git log -1 --format=%B "$1"; }

# Somebody's commit, signed and approved, names the head of another proposal.
with_method rebase
offer alice victim words 'victim change'
victim=$(head_of propose/main/victim)
as mallory git fetch -q origin
as mallory git checkout -q -B evil origin/main
echo innocent >people/mallory/other
as mallory git add -A
as mallory git -c gpg.format=ssh commit -q -S -m "Innocent change

Land-head: $victim"
as mallory cdctl propose evil >/dev/null
vote bob evil approve
pipe_exit 0 "$landing"
message_of main | grep -q "Land-head: $victim" && fail 'it landed with the line'
expect_same 'the victim' "$(head_of propose/main/victim)" "$victim"
vote bob victim approve
pipe_exit 0 "$landing"
expect_json 'any(.proposal == "victim" and .verdict == "landed" and .changed)'
expect_same 'words' "$(git -C origin.git show main:words)" 'victim change'

# Reviewers that a commit names itself, by each method.
for method in merge squash rebase; do
  with_method $method
  change alice "$method" "by-$method" x
  as alice git commit -q --amend -m "Title $method

Words.

Reviewed-by: ceo@example.com
Co-authored-by: Zed <zed@example.com>
Land-State: landed"
  as alice cdctl propose "$method" >/dev/null
  vote bob "$method" approve
  pipe_exit 0 "$landing"
  expect_same "the reviewers by $method" "$(git -C origin.git log -1 --format='%(trailers:key=Reviewed-by,valueonly)' main | grep .)" bob@example.com
  message_of main | grep -q 'ceo@\|^Land-State' && fail "what only the lander knows, by $method"
done
# A squash is by the author of the first commit, whoever is named in it, and whatever else is by them.
with_method squash
change alice whose whose 1
as alice git commit -q --amend -m 'First

Co-authored-by: Zed <zed@example.com>'
echo 2 >people/alice/whose
as alice git commit -qa --author 'carol <carol@example.com>' -m 'Second'
echo 3 >people/alice/whose
as alice git commit -qam 'Third'
as alice cdctl propose whose >/dev/null
vote bob whose approve
pipe_exit 0 "$landing"
expect_same 'its author' "$(git -C origin.git log -1 --format='%an' main)" alice
expect_same 'the others' "$(git -C origin.git log -1 --format='%(trailers:key=Co-authored-by,valueonly)' main | grep . | sort | tr '\n' ' ')" \
  'Zed <zed@example.com> carol <carol@example.com> '

# A change that differs by its indentation alone is another one: it is in conflict, and stays.
as alice git fetch -q origin
as alice git checkout -q -B f origin/main
printf 'def f(x):\n    if x:\n        a()\n' >people/alice/f.py
as alice git add -A && as alice git commit -qm f && as alice git push -q origin HEAD:main
change alice right f.py "$(printf 'def f(x):\n    if x:\n        a()\n    stop()')"
as alice cdctl propose right >/dev/null
vote bob right approve
change mallory wrong f.py "$(printf 'def f(x):\n    if x:\n        a()\n        stop()')"
as mallory git push -q origin wrong:main
pipe_exit 1 "$landing"
expect_json '.[0].verdict == "rejected" and (.[0].why | test("f.py"))'
[[ $(head_of propose/main/right) ]] || fail 'the proposal is gone'
withdraw right

# A review of the play ground is none of the repository that is a copy of it.
git clone -q --bare origin.git prod.git
printf 'repository = "%s/prod.git"\nbranch = "main"\nverify = { command = "./check" }\n[git]\nreviewers = "reviewers"\n' "$work" >targets.d/prod.toml
change mallory fix words evil
as mallory git push -q origin fix:refs/heads/propose/main/fix
as bob git fetch -q origin
expect_exit 0 as bob cdctl review fix approve --head "$(head_of propose/main/fix)" --target main -m 'fine for the play ground'
as mallory git fetch -q origin 'refs/reviews/*:refs/reviews/*'
as mallory git push -q "$work/prod.git" fix:refs/heads/propose/main/fix 'refs/reviews/*:refs/reviews/*'
pipe_exit 0 'cdctl proposals prod | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("a review for the repository .*/origin.git: .*git.known_as"))'
pipe_exit 0 'cdctl proposals main | cdctl gate'
expect_json '.[0].proposal == "fix"'
# Where both are one, reached by another name, the target says so.
sed -i "/^reviewers/a known_as = [\"$work/origin.git\"]" targets.d/prod.toml
pipe_exit 0 'cdctl proposals prod | cdctl gate'
expect_json '.[0].proposal == "fix"'
rm targets.d/prod.toml
withdraw fix

# Secrets that the configuration names are no test's to read, and no log's or note's to show.
mkdir -m 700 elsewhere
(umask 077; echo LANDKEY-0123456789abcdef >elsewhere/land.key; echo TOKEN-0123456789 >elsewhere/forge.token)
printf '[land]\nkey_file = "%s/elsewhere/land.key"\n[github]\ntoken_file = "%s/elsewhere/forge.token"\n' "$work" "$work" >cdctl.toml
with_method merge
offer alice leak how "cat $work/elsewhere/* ; echo LANDKEY-01234''56789abcdef; exit 1"
vote bob leak approve
pipe_exit 1 "$landing"
! grep -r 'LANDKEY-0\|TOKEN-0' out err home/land/logs || fail 'a secret is shown'
! git -C origin.git log --notes=cdctl-land -1 --format=%N propose/main/leak | grep 'LANDKEY\|TOKEN' || fail 'a secret is in a note'
