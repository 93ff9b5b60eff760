#!/usr/bin/env bash
# A team with nothing but a bare repository: what is proposed, reviewed and tested lands; nothing else does, and it says why.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }

# Before there is a target.
pipe_exit 3 'cdctl proposals </dev/null'
expect_error 'targets.d/NAME.toml'

make_origin
for person in alice bob carol; do make_person $person; done
make_target <<<'verify = { command = "./check", silence = "2s", grace = "300ms" }'
expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl config show main </dev/null
expect_json 'all(.target == "main") and any(.key == "verify.silence" and .value == "2s") and any(.key == "votes" and .from == "default")'

# Nothing is proposed: nothing to do.
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# One proposal, from its first word to trunk.
change alice fix words two
expect_exit 0 as alice cdctl propose --dry-run
expect_json '.[0].dry_run and .[0].changed and .[0].proposal == "fix"'
expect_same 'proposals after a dry run' "$(refs_left)" ''
expect_exit 0 as alice cdctl propose
valid
expect_json '.[0].action == "propose" and .[0].changed and .[0].target == "main"'
expect_exit 0 as alice cdctl propose
expect_json '.[0].changed == false'
expect_exit 0 cdctl proposals
valid
expect_json '.[0].proposal == "fix" and .[0].votes == [] and .[0].authors == [{"name":"alice","email":"alice@example.com"}] and .[0].title == "Change words for fix"'

# Unreviewed: it waits, and no line of it is run.
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
expect_same 'tests before the gate' "$(tests_run)" 0
pipe_exit 0 'cdctl proposals | cdctl gate --all'
valid
expect_json '.[0].verdict == "waiting" and (.[0].why | test("Approve >= 1 \\(has 0\\)"))'

# A review needs the commit that is reviewed, and a key.
expect_exit 5 as bob cdctl review fix approve
expect_error 'which is not in .*people/bob: git fetch'
vote alice fix approve   # an author's own word
as bob git fetch -q origin
# That it was fetched does not say that anybody has looked at it.
expect_exit 5 as bob cdctl review fix approve
expect_error 'has [0-9a-f]* checked out: git checkout --detach'
expect_exit 2 as bob cdctl review fix approve --head 000
as bob git checkout -q --detach origin/propose/main/fix
expect_exit 2 as bob cdctl review fix lgtm
expect_exit 5 as bob cdctl review fix approve --head 0000000
expect_exit 0 as bob cdctl review fix needs-fixing -m 'Why two?'
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("Needs Fixing == 0 \\(has 1\\)") and test("an author.s own"))'
expect_exit 0 as bob cdctl review fix approve
valid
expect_json '.[0].vote == "Approve" and .[0].changed'
expect_exit 0 as bob cdctl review fix approve
expect_json '.[0].changed == false'

pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify'
valid
expect_json '.[0].verdict == "verified" and .[0].reviewers == ["bob@example.com"] and .[0].exit_status == 0 and (.[0].seal | length == 64)'
verified=$(jq -r .tree out)
head=$(as alice git rev-parse HEAD)
pipe_exit 0 "$landing --dry-run"
expect_json '.[0].dry_run and .[0].changed'
expect_same 'main after a dry run' "$(git -C origin.git log -1 --format=%s main)" Begin
pipe_exit 0 "set -o pipefail; $landing"
valid
expect_json '.[0].action == "land" and .[0].verdict == "landed" and .[0].changed and .[0].tree == $tree and .[0].authors == ["alice@example.com"]' --arg tree "$verified"
expect_same 'the tree that landed' "$(tree_of main)" "$verified"
git -C origin.git merge-base --is-ancestor "$head" main || fail 'the approved head is no ancestor of main'
expect_same 'its message' "$(git -C origin.git log -1 --format=%B main | tr '\n' '|')" 'Merge fix: Change words for fix||Reviewed-by: bob@example.com||'
expect_same 'what is left of it' "$(refs_left)" ''
expect_same 'tests run' "$(tests_run)" 1   # the second verify remembered the first
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
expect_exit 0 cdctl history --action land
expect_json 'length == 1 and .[0].proposal == "fix" and .[0].reviewers == ["bob@example.com"]'
expect_exit 0 cdctl history --action land -o table
expect_line 'land +main: fix +done'

# Whom to believe: a head that was pushed over an approved one, a tag without a signature, a key that nobody knows, a vote for
# something else.
offer alice pushed words three
vote bob pushed approve
as alice git commit -q --amend -m 'Something else'
as alice cdctl propose pushed >/dev/null
offer alice unsigned words unsigned
as bob git fetch -q origin
as bob git tag -a t -m "$(printf 'x\n\nReview-target: main\nReview-topic: unsigned\nReview-vote: Approve')" origin/propose/main/unsigned
as bob git push -q origin t:refs/reviews/main/unsigned/bob
offer alice unknown words unknown
ssh-keygen -q -t ed25519 -N '' -f keys/mallory
as bob git fetch -q origin
as bob env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.signingkey GIT_CONFIG_VALUE_0="$work/keys/mallory.pub" cdctl review unknown approve --head "$(head_of propose/main/unknown)" >/dev/null 2>err
expect_error 'this review does not count as it is: the key that signed it is in no line of git.reviewers, .*/reviewers'
# git makes a tag without a signature where it cannot use the key: nobody would count that word.
as bob git fetch -q origin
rm -f keys/gone.pub
expect_exit 3 as bob env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.signingkey GIT_CONFIG_VALUE_0="$work/keys/gone.pub" cdctl review unknown disapprove --head "$(head_of propose/main/unknown)"
expect_error 'signing the review: .*gone.pub'
offer alice other words other
as bob git fetch -q origin
git -C origin.git update-ref refs/reviews/main/other/bob refs/reviews/main/pushed/bob@example.com
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'all(.verdict == "waiting") and length == 4'
expect_json 'any(.proposal == "pushed" and (.why | test("of an older head"))) and any(.proposal == "unsigned" and (.why | test("not signed by an SSH or OpenPGP key")))'
expect_json 'any(.proposal == "unknown" and (.why | test("not one of git.reviewers"))) and any(.proposal == "other" and (.why | test("of an older head|a review of pushed")))'
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
expect_same 'tests run' "$(tests_run)" 1
chmod o+w reviewers
pipe_exit 4 'cdctl proposals | cdctl gate'
chmod o-w reviewers
withdraw pushed unsigned unknown other

# A test that fails: rejected, told on the proposal once, tested once.
offer carol bad how 'echo "line of the test"; exit 7'
vote bob bad approve
before=$(tests_run)
pipe_exit 1 "$landing"
valid
expect_json '.[0].verdict == "rejected" and .[0].changed and .[0].ok == false and (.[0].why | test("tests: exit status 7"))'
git -C origin.git notes --ref=cdctl-land show "$(head_of propose/main/bad)" >note
grep -q 'line of the test' note && grep -q 'Land-State: rejected' note || fail "the note says: $(cat note)"
notes=$(git -C origin.git rev-parse refs/notes/cdctl-land)
expect_error "main: bad: tests: exit status 7; its log is $work/home/land/logs/main-.*.log, which ends with: line of the test"
# While it stays open it is rejected each minute, which is no news, and no mail of cron's.
pipe_exit 1 "$landing"
expect_json '.[0].verdict == "rejected" and .[0].changed == false and (.[0].log | test("/land/logs/main-"))'
! grep -q . err || fail "a rejected proposal is told of again: $(cat err)"
expect_same 'rejections in the log' "$(cdctl history --action land | jq -s 'map(select(.proposal == "bad")) | length')" 1
expect_exit 1 bash -c 'cdctl proposals | cdctl gate | cdctl verify -o table'
expect_error 'main: bad: tests: exit status 7; its log is .*, which ends with: line of the test'
expect_exit 1 bash -c "$landing"
expect_same 'Tarmac 8: comments' "$(git -C origin.git rev-parse refs/notes/cdctl-land)" "$notes"
expect_same 'tests run of what fails' "$(tests_run)" $((before + 1))
withdraw bad
# Where nobody can be told, that is said once, too.
printf '#!/bin/sh\ncase $1 in refs/notes/*) exit 1 ;; esac\n' >origin.git/hooks/update
chmod +x origin.git/hooks/update
offer carol untold how 'exit 8'
vote bob untold approve
pipe_exit 1 "$landing"
expect_error 'main: untold: its author was not told'
pipe_exit 1 "$landing"
! grep -q . err || fail "what cannot be told is told of again: $(cat err)"
rm origin.git/hooks/update
withdraw untold

# A command that is not there.
make_target <<<'verify = { command = "./no-such-check" }'
offer carol missing words missing
vote bob missing approve
pipe_exit 4 "$landing"
expect_error 'main: missing: the target is broken: main fails by itself: tests: exit status 127 .it, or what it calls, is not there: .*; its log is .*, which ends with: .*no-such-check'
withdraw missing
before=$(($(tests_run) - 1))
make_target <<<'verify = { command = "./check", silence = "2s", grace = "300ms" }'

# A test that could not tell: deferred, and tested again.
offer carol maybe how 'exit 75'
vote bob maybe approve
pipe_exit 4 "$landing"
expect_json '.[0].verdict == "deferred"'
expect_same 'lines about what is deferred' "$(grep -c maybe err)" 1
pipe_exit 4 "$landing"
expect_same 'tests run of what cannot tell' "$(tests_run)" $((before + 3))
# Again and again: from the fifth time on it rests, and a success forgets that.
for _ in 3 4 5; do pipe_exit 4 "$landing"; done
pipe_exit 4 "$landing"
expect_json '.[0].verdict == "deferred" and (.[0].error | test("5 times in a row: .*exit status 75.*; it is tested again after 20.*, or by verify --again"))'
expect_same 'tests run of what rests' "$(tests_run)" $((before + 6))
pipe_exit 4 'cdctl proposals | cdctl gate | cdctl verify --again'
expect_same 'tests run of what was asked for' "$(tests_run)" $((before + 7))
withdraw maybe

# A tree that git cannot write down: that is the proposal's fault, and tomorrow's, too.
tree=$(printf '100644 blob %s\tconfig\n' "$(git -C origin.git rev-parse main:words)" | git -C origin.git mktree)
tree=$( (git -C origin.git ls-tree main && printf '040000 tree %s\t.git\n' "$tree") | git -C origin.git mktree)
git -C origin.git update-ref refs/heads/propose/main/odd "$(GIT_COMMITTER_NAME=carol GIT_COMMITTER_EMAIL=carol@example.com GIT_AUTHOR_NAME=carol GIT_AUTHOR_EMAIL=carol@example.com git -C origin.git commit-tree -p main -m Odd "$tree")"
vote bob odd approve
pipe_exit 1 "$landing"
expect_json '.[0].verdict == "rejected" and (.[0].why | test("nothing can be called \\.git"))'
withdraw odd

# Tarmac 1 and 2: a test that hangs, has children and takes no TERM; and one that says very much.
offer carol hangs how "trap '' TERM; (trap '' TERM; setsid sleep 4242.$$) & echo begun; sleep 4243.$$"
vote bob hangs approve
offer carol talks how 'head -c 50000000 /dev/zero | tr "\0" x; echo done'
vote bob talks approve
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "hangs" and .verdict == "rejected" and (.why | test("it hung"))) and any(.proposal == "talks" and .verdict == "landed")'
! pgrep -f "sleep 424[23].$$" >/dev/null || fail 'a child of the test is left'
[ "$(du -sk home/land/logs | cut -f1)" -lt 12000 ] || fail "the logs take $(du -sk home/land/logs)"
withdraw hangs
offer alice quiet how 'echo fine'
vote bob quiet approve
pipe_exit 0 "$landing"

# A conflict is rejected, and holds nobody else up.
offer alice left words left
offer carol right words right
offer bob beside other-words here
for topic in left right; do vote bob $topic approve; done
vote carol beside approve
# All is tested before something lands: else `left` may be on main already when `right` is merged, and that is another conflict.
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson; cdctl land <verified.ndjson'
expect_json 'map(select(.changed and .verdict == "landed")) | length == 2'
expect_json 'any(.proposal == "right" and .verdict == "waiting" and (.why | test("conflicts with what is ahead of it, up to .*, in words")))'
pipe_exit 1 "$landing"
expect_json '.[0].proposal == "right" and .[0].verdict == "rejected" and (.[0].why | test("conflict: with main in words"))'
withdraw right

# A chain that was proposed in the wrong order; a circle.
offer alice third third 3
offer alice second second 2
offer alice first first 1
as alice cdctl propose third --revision third --after second >/dev/null
as alice cdctl propose second --revision second --after first >/dev/null
expect_exit 1 as alice cdctl propose first --after no-such
for topic in third second; do vote bob $topic approve; done
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) == []'
vote bob first approve
pipe_exit 0 "$landing"
expect_json 'map(.proposal) == ["first", "second", "third"] and all(.verdict == "landed")'
expect_same 'what is left of them' "$(refs_left)" ''
offer alice a a a
offer alice b b b --after a
as alice cdctl propose a --revision a --after b >/dev/null
for topic in a b; do vote bob $topic approve; done
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'all(.verdict == "waiting" and (.why | test("a circle")))'
pipe_exit 0 "$landing"
expect_quiet
withdraw a b

# Landed by hand: what is left of it goes.
offer alice by-hand by-hand x
vote bob by-hand approve
git -C origin.git update-ref refs/heads/main refs/heads/propose/main/by-hand
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed" and (.[0].why | test("main had it already"))'
expect_same 'what is left of it' "$(refs_left)" ''

# Tarmac 4: a wrong votes line stops its own target only.
git -C origin.git branch next main
make_target next next <<<'verify = { command = "./check" }'
sed -i '1i votes = "Approve > = 1"' targets.d/main.toml
offer alice one one 1 --target main
offer alice two two 2 --target next
vote bob one approve --target main
vote bob two approve --target next
expect_exit 3 cdctl config check </dev/null
expect_line 'main.toml.*votes'
expect_exit 2 as alice cdctl propose one
expect_error '--target NAME: there are main, next'
pipe_exit 4 "$landing"
expect_json 'length == 1 and .[0].target == "next" and .[0].verdict == "landed"'
sed -i 1d targets.d/main.toml
pipe_exit 0 "$landing"
expect_json 'length == 1 and .[0].proposal == "one" and .[0].verdict == "landed"'
printf 'brunch = "x"\n' >targets.d/next.toml
pipe_exit 3 'cdctl proposals | cdctl gate >/dev/null; exit ${PIPESTATUS[0]}'
expect_error "unknown key 'brunch'; did you mean 'branch'"
rm targets.d/next.toml

# What lands is what somebody we trust has verified: nothing else, and nothing that was changed on the way.
offer alice sealed sealed x
vote bob sealed approve
pipe_exit 5 'cdctl proposals | cdctl gate | cdctl land'
expect_json '.[0].ok == false and (.[0].error | test("was not verified"))'
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify'
cp out verified.ndjson
for change in '.verdict = "verified" | .seal = null' '.tree = "x"' '.commit = .head' '.message += "x"' '.why = "x"'; do
  pipe_exit 5 "jq -c '$change' verified.ndjson | cdctl land"
done
CDCTL_HOME=$work/home2 pipe_exit 5 'cdctl land <verified.ndjson'
expect_error 'its seal does not hold'
# And what is verified, that is whose code is run, is what a gate that we trust has let through.
before=$(tests_run)
offer carol unseen how 'echo "run all the same"'
cdctl proposals >proposed.ndjson
pipe_exit 5 'jq -c "select(.proposal == \"unseen\") | .schema = \"cdctl.candidate/1\" | .verdict = \"ready\" | .reviewers = [\"bob@example.com\"]" proposed.ndjson | cdctl verify'
expect_error 'main: unseen: no gate has let it through: put cdctl gate before verify'
cdctl proposals | cdctl gate --all >gated.ndjson
for change in 'select(.proposal == "unseen") | .verdict = "ready"' 'select(.proposal == "unseen") | .verdict = "ready" | .reviewers = ["bob@example.com"]' \
  'select(.verdict == "ready") | .head = .base' 'select(.verdict == "ready") | .title = "x"' 'select(.verdict == "ready") | .ref = "refs/heads/main"'; do
  pipe_exit 5 "jq -c '$change' gated.ndjson | cdctl verify"
  expect_error 'main: (unseen|sealed): the seal of the gate does not hold'
  # Who lands behind it is told, or a run that was refused would look like one with nothing to do.
  expect_json 'map(.schema) == ["cdctl.error/1"] and .[0].target == "main" and .[0].exit == 5'
  pipe_exit 4 "jq -c '$change' gated.ndjson | cdctl verify 2>/dev/null | cdctl land"
done
pipe_exit 0 'cdctl verify <proposed.ndjson'
expect_error 'came past no gate: put cdctl gate before'
expect_quiet
expect_same 'tests run of what no gate has let through' "$(tests_run)" "$before"
CDCTL_HOME=$work/home2 pipe_exit 5 'cdctl verify <gated.ndjson'
expect_error 'main: sealed: the seal of the gate does not hold'
pipe_exit 0 'jq -c "select(.proposal == \"sealed\") | .note = \"members of others are theirs\"" gated.ndjson | cdctl verify'
expect_json '.[0].verdict == "verified"'
withdraw unseen

pipe_exit 3 'cdctl land --trust-record <verified.ndjson'
expect_error 'give them one by \[land\] key_file'

# Homes that share a key: what one has verified the other lands, the same commit.
(umask 077 && head -c 32 /dev/urandom | base64 >land.key)
printf '[land]\nkey_file = "land.key"\n' >>cdctl.toml
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
cdctl proposals | cdctl gate >gated.ndjson
CDCTL_HOME=$work/home2 pipe_exit 5 'cdctl verify <gated.ndjson'
expect_error 'the gate of .*home has let it through; --trust-record'
CDCTL_HOME=$work/home2 pipe_exit 0 'cdctl verify --trust-record <gated.ndjson'
expect_json '.[0].verdict == "verified" and (.[0].home | test("home2$"))'
CDCTL_HOME=$work/home2 pipe_exit 5 'cdctl land <verified.ndjson'
expect_error 'verified in .*home; --trust-record'
CDCTL_HOME=$work/home2 pipe_exit 0 'cdctl land --trust-record <verified.ndjson'
expect_json '.[0].verdict == "landed" and .[0].changed'
expect_same 'the commit that landed' "$(head_of main)" "$(jq -r .commit verified.ndjson)"

# A contributor that nobody knows; a template of the team's own; a branch that stays.
make_target <<<'contributors = ["*@example.com"]
message = "[r=<approved_by>] <title>"
remove_branch = false
verify = { command = "./check" }'
as alice git checkout -q -B stranger origin/main
(cd people/alice && git -c user.name=x -c user.email=x@y commit -q --allow-empty --author 'Eve <eve@elsewhere.example>' -m 'By Eve')
as alice cdctl propose stranger >/dev/null
vote bob stranger approve
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "rejected" and (.[0].why | test("eve@elsewhere.example is none"))'
withdraw stranger
offer alice stays stays x
vote bob stays approve
pipe_exit 0 "$landing"
expect_same 'its message' "$(git -C origin.git log -1 --format=%s main)" '[r=bob@example.com] Change stays for stays'
expect_same 'its branch' "$(head_of propose/main/stays)" "$(as alice git rev-parse stays)"
pipe_exit 0 "$landing"
expect_quiet

# A repository that cannot be asked is no answer, and nothing lands.
mv origin.git away.git
pipe_exit 4 "$landing"
expect_quiet
mv away.git origin.git

# A repository that refuses pushes keeps what it has.
withdraw stays
offer alice refused refused x
vote bob refused approve
mkdir -p origin.git/hooks
printf '#!/bin/sh\nread -r a b ref; [ "$ref" != refs/heads/main ] || { echo "main is closed"; exit 1; }\n' >origin.git/hooks/pre-receive
chmod +x origin.git/hooks/pre-receive
main=$(head_of main)
pipe_exit 5 "$landing"
expect_json '.[0].verdict == "deferred" and (.[0].error | test("did not take it.*: main is closed"))'
expect_same 'main' "$(head_of main)" "$main"
