#!/usr/bin/env bash
# A team with nothing but Breezy branches in a folder: what is proposed, reviewed and tested lands; nothing else does, and it says why.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/breezy.bash"
begin
command -v brz >/dev/null || { printf 'skipped: there is no brz; apt install brz\n' >&2; exit 0; }
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
make_server

# The first steps: what can be found out is written.
printf 'all:\n\ncheck:\n\t./check\n' >seed/Makefile
expect_exit 0 env CDCTL_CONFIG= CDCTL_SIGNING_KEY="$work/keys/alice" sh -c 'cd seed && exec cdctl init "$CDCTL_STORY/etc" --target thumbs'
grep -q "^repository = \"$work/srv/trunk/*\"" etc/targets.d/thumbs.toml && grep -q '^forge = "bzr"' etc/targets.d/thumbs.toml &&
  grep -q "^proposals = \"$work/srv/propose\"" etc/targets.d/thumbs.toml || fail "$(cat etc/targets.d/thumbs.toml)"
grep -q "^seed@example.com $(cut -d' ' -f1,2 keys/alice.pub)" etc/reviewers || fail "$(cat etc/reviewers)"
expect_exit 0 cdctl --config "$work/etc/cdctl.toml" config check </dev/null
rm seed/Makefile
make_target <<<'verify = { command = "./check", silence = "5s", grace = "300ms" }'
expect_exit 0 cdctl config check </dev/null
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# One proposal, from its first word to trunk.
change alice fix words two
expect_exit 0 at alice fix cdctl propose --dry-run
expect_json '.[0].dry_run and .[0].changed and .[0].proposal == "fix"'
expect_same 'proposals after a dry run' "$(left)" ''
expect_exit 0 at alice fix cdctl propose
valid
expect_json '.[0].changed and .[0].target == "trunk"'
expect_exit 0 at alice fix cdctl propose
expect_json '.[0].changed == false'
grep -q push_location people/alice/fix/.bzr/branch/branch.conf && fail 'propose changed the settings of a branch'
expect_exit 0 cdctl proposals
valid
expect_json '.[0].proposal == "fix" and .[0].votes == [] and .[0].authors == [{"name":"alice","email":"alice@example.com"}] and .[0].title == "Change words for fix"'
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
expect_same 'tests before the gate' "$(tests_run)" 0

# Nobody approves their own; who has not looked cannot vote.
vote alice fix approve
as bob brz init -q empty
expect_exit 5 at bob empty cdctl review fix approve
expect_error 'brz branch .*/propose/fix, look at it'
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("an author.s own"))'
vote bob fix approve
tip=$(tip_of trunk)
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
expect_same 'trunk after verify' "$(tip_of trunk)" "$tip"
expect_same 'tests run' "$(tests_run)" 1
pipe_exit 0 'cdctl land --dry-run <verified.ndjson'
expect_same 'trunk after a dry run' "$(tip_of trunk)" "$tip"
pipe_exit 0 'cdctl land <verified.ndjson'
valid
expect_json '.[0].verdict == "landed" and .[0].changed and .[0].tree == $tree' --arg tree "$(jq -r .tree verified.ndjson)"
expect_same 'the revision that landed' "$(tip_of trunk)" "$(jq -r .commit verified.ndjson)"
expect_same 'words on trunk' "$(on_trunk words)" two
brz log -r -1 srv/trunk | grep -q 'Merge fix: Change words for fix' || fail "its message: $(brz log -r -1 srv/trunk)"
brz log -r -1 srv/trunk | grep -q 'Reviewed-by: bob@example.com' || fail 'its message names no reviewer'
expect_same 'what is left of it' "$(left)$(brz ls -r -1 -R srv/reviews --kind=file)" ''
expect_same 'the folder of proposals' "$(find srv/propose -mindepth 1 -maxdepth 1 ! -name .bzr)" ''
pipe_exit 0 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "landed" and .[0].changed == false'
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
expect_same 'tests run' "$(tests_run)" 1

# Whom to believe: a newer revision, a review without a signature, of a key that nobody knows, for something else; a revision-id that
# somebody has given to other bytes.
offer alice newer words newer
vote bob newer approve
printf 'more\n' >>people/alice/newer/words
at alice newer brz commit -qm More
at alice newer cdctl propose >/dev/null
offer alice plain words plain
offer alice unknown words unknown
offer alice forged words forged
vote bob forged approve
ssh-keygen -q -t ed25519 -N '' -f keys/mallory
as bob brz branch -q --no-tree "$work/srv/propose/unknown" unknown
at bob unknown env CDCTL_SIGNING_KEY="$work/keys/mallory" cdctl review unknown approve >/dev/null 2>err
expect_error "unknown: this review does not count as it is: its key is not one of bzr.reviewers"
# Who has made an older revision of it has made some of it, and hears that before anything is signed.
offer bob shared shared bob
as alice brz branch -q "$work/srv/propose/shared" shared
printf 'more\n' >people/alice/shared/shared
at alice shared brz commit -qm More
at alice shared cdctl propose >/dev/null
at bob shared brz pull -q "$work/srv/propose/shared"
at bob shared cdctl review shared approve --dry-run >/dev/null 2>err
expect_error 'shared: this review does not count as it is: bob@example.com has made some of it'
withdraw shared
brz checkout -q --lightweight srv/reviews hands
mkdir -p hands/trunk/plain
sed '/BEGIN SSH/,$d; s/forged/plain/' hands/trunk/forged/bob@example.com >hands/trunk/plain/bob@example.com
cp hands/trunk/forged/bob@example.com hands/trunk/plain/other@example.com
sed -i 's/^Review-testament: ./Review-testament: x/' hands/trunk/forged/bob@example.com
(cd hands && brz add -q && brz commit -qm hands)
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 4 and all(.verdict == "waiting")'
expect_json 'any(.proposal == "newer" and (.why | test("of an older head"))) and any(.proposal == "unknown" and (.why | test("not one of bzr.reviewers")))'
expect_json 'any(.proposal == "plain" and (.why | test("a review of forged|of an older head|revision-id"))) and any(.proposal == "forged" and (.why | test("what was reviewed under this revision-id is not what is proposed")))'
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
withdraw newer plain unknown forged

# A test that fails, a conflict: rejected, said once, and nobody else is held up.
offer carol bad how 'echo "line of the test"; exit 7'
offer alice left words left
offer carol right words right
for topic in bad left right; do vote bob $topic approve; done
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "bad" and .verdict == "rejected" and .changed and (.why | test("tests: exit status 7"))) and any(.proposal == "left" and .verdict == "landed")'
brz cat -r -1 -d srv/reviews trunk/bad.land >note
grep -q 'line of the test' note && grep -q 'Land-State: rejected' note || fail "it is told: $(cat note)"
pipe_exit 1 "$landing"
expect_json 'any(.proposal == "bad" and .verdict == "rejected") and any(.proposal == "right" and .verdict == "rejected" and (.why | test("conflict: with trunk in words")))'
before=$(tests_run)
reviews=$(tip_of reviews)
pipe_exit 1 "$landing"
expect_json 'length == 2 and all(.verdict == "rejected" and .changed == false)'
expect_same 'tests run of what fails' "$(tests_run)" "$before"
expect_same 'what is told of it' "$(tip_of reviews)" "$reviews"
withdraw bad right

# A chain in the wrong order.
offer alice first first 1
offer alice second second 2 --after first
vote bob second approve
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) == []'
vote bob first approve
pipe_exit 0 "$landing"
expect_json 'map(.proposal) == ["first", "second"] and all(.verdict == "landed")'
expect_same 'what is left of them' "$(left)" ''

# Pushed by hand between the verdict and the push; pushed over in between.
offer alice late late 1
vote bob late approve
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
change carol hand hand x
brz push -q --no-remember -d people/carol/hand srv/trunk
tip=$(tip_of trunk)
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("trunk has moved from"))'
expect_same 'trunk' "$(tip_of trunk)" "$tip"
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
printf 2 >people/alice/late/late
at alice late brz commit -qm Again
at alice late cdctl propose >/dev/null
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("is not at .* any more"))'
expect_same 'trunk' "$(tip_of trunk)" "$tip"
vote bob late approve
pipe_exit 0 "$landing"
expect_same 'late on trunk' "$(on_trunk late)" 2

# Landed by hand: what is left of it goes.
offer alice by-hand by-hand x
vote bob by-hand approve
brz push -q --no-remember -d people/alice/by-hand srv/trunk
pipe_exit 0 "$landing"
expect_json '.[0].verdict == "landed" and (.[0].why | test("trunk had it already"))'
expect_same 'what is left of it' "$(left)" ''

# Two who propose under one name: the second does not push over the first.
offer alice same same 1
change carol same same 2
expect_exit 5 at carol same cdctl propose
expect_error 'somebody else has proposed it'
withdraw same

# What Breezy does not have is said, and a target that cannot be asked is no answer.
sed -i '1i method = "squash"' targets.d/trunk.toml
expect_exit 3 cdctl proposals
expect_error 'by merge alone'
sed -i 1d targets.d/trunk.toml
mv srv/trunk away
pipe_exit 4 "$landing"
expect_quiet
mv away srv/trunk
mv srv/propose away
pipe_exit 4 "$landing"
mv away srv/propose

# What leads elsewhere is no proposal: the trunk is not removed by it, and the others are listed.
change alice beside beside x
at alice beside cdctl propose >/dev/null
ln -s ../trunk srv/propose/linked
mkdir -p srv/propose/leads/.bzr/branch srv/propose/broken/.bzr/branch
printf 'Bazaar-NG meta directory, format 1\n' >srv/propose/leads/.bzr/branch-format
printf 'Bazaar-NG Branch Reference Format 1\n' >srv/propose/leads/.bzr/branch/format
printf 'file://%s/srv/trunk/' "$work" >srv/propose/leads/.bzr/branch/location
printf 'garbage\n' >srv/propose/broken/.bzr/branch-format
printf 'garbage\n' >srv/propose/broken/.bzr/branch/format
expect_exit 0 cdctl proposals
expect_json 'any(.proposal == "beside") and (any(.proposal == "linked" or .proposal == "leads" or .proposal == "broken") | not)'
pipe_exit 0 "$landing"
[ -d srv/trunk/.bzr/branch ] || fail 'the trunk was removed'

# A link in the branch of reviews, or a file where a folder belongs, keeps nobody from reviewing, and goes with the next review.
brz checkout -q --lightweight srv/reviews rv
mkdir -p rv/trunk
ln -s /etc/passwd rv/link
printf 'x\n' >rv/trunk/filed
(cd rv && brz add -q && brz commit -qm 'Links')
offer alice filed filed x
vote bob filed approve
expect_same 'links among the reviews' "$(brz ls -R srv/reviews | grep -c '^link')" 0
pipe_exit 0 "$landing"
expect_json 'any(.proposal == "filed" and .verdict == "landed")'
