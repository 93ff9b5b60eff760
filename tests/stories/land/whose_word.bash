#!/usr/bin/env bash
# Whose word counts on a proposal, and that what is remembered of it is never more than what holds: one person with several addresses,
# patterns, OpenPGP, clocks that were wrong, a key that is taken away, refs that somebody moves behind our back.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob carol; do make_person $person; done
make_target <<<'votes = "Approve >= 1, Disapprove == 0"
verify = { command = "./check" }'
gate_says() { # gate_says TOPIC VERDICT WHY: and a second time from what is remembered
  local again
  for again in '' ' (remembered)'; do
    pipe_exit 0 'cdctl proposals | cdctl gate --all'
    jq -e -s --arg topic "$1" --arg verdict "$2" --arg why "$3" \
      'any(.proposal == $topic and .verdict == $verdict and ((.why // "") | test($why)))' out >/dev/null || fail "$1$again: $(cat out)"
  done
}

# Who has two addresses is one person: no vote on what was made under the other one.
key=$(cut -d' ' -f1,2 keys/alice.pub)
sed -i "s/^alice@example.com /alice@example.com,alice@home.example /" reviewers
as alice git checkout -q -b home origin/main
as alice env GIT_AUTHOR_EMAIL=alice@home.example git commit -q --allow-empty -m 'From home'
as alice cdctl propose home >/dev/null
expect_exit 0 as alice cdctl review home approve --head "$(head_of propose/main/home)"
expect_error 'warning: main: home: this review does not count as it is: alice@home.example has made some of it'
expect_exit 0 as alice cdctl review home approve --head "$(head_of propose/main/home)"
expect_error 'does not count as it is: alice@home.example'
as bob git fetch -q origin
expect_exit 0 as bob cdctl review home abstain --head "$(head_of propose/main/home)"
! grep -q . err || fail 'a reviewer was warned'
gate_says home waiting 'an author.s own .alice@home.example'
sed -i "s/^alice@example.com,alice@home.example /alice@example.com /" reviewers
printf 'alice@home.example %s\n' "$key" >>reviewers   # in a line of its own, by the key
gate_says home waiting 'an author.s own'

# A pattern is nobody.
sed -i '/^bob@/s/^[^ ]*/*@example.com/' reviewers
vote bob home approve
gate_says home waiting 'names no one person'
sed -i '/^\*@/s/^[^ ]*/bob@example.com/' reviewers
gate_says home ready '^$'

# A key that is taken away takes its votes with it, also those that are remembered.
cp reviewers reviewers.all
sed -i '/^bob@/d' reviewers
gate_says home waiting 'not one of git.reviewers'
cp reviewers.all reviewers
gate_says home ready '^$'

# A vote that somebody takes away, or puts back under another name, behind our back.
ref=refs/reviews/main/home/bob@example.com
approved=$(git -C origin.git rev-parse $ref)
git -C origin.git update-ref -d $ref
gate_says home waiting 'has 0'
git -C origin.git update-ref $ref "$approved"
gate_says home ready '^$'
vote bob home disapprove
git -C origin.git update-ref refs/reviews/main/home/zzz "$approved"
gate_says home waiting 'Disapprove == 0 .has 1.'
# The last word counts even where an earlier one came from a clock that was years ahead.
withdraw home
offer alice clock clock 1
as carol git fetch -q origin
head=$(as carol git rev-parse origin/propose/main/clock)
as carol env GIT_COMMITTER_DATE='2040-01-01T00:00:00Z' git -c gpg.format=ssh tag -s -m "$(printf 'x\n\nReview-target: main\nReview-topic: clock\nReview-vote: Approve')" future "$head"
as carol git push -q origin future:refs/reviews/main/clock/carol@example.com
gate_says clock ready '^$'
future=$(git -C origin.git rev-parse refs/reviews/main/clock/carol@example.com)
rm -rf people/carol2 && git clone -q origin.git people/carol2   # in another clone, which has never seen it
cp people/carol/.git/config people/carol2/.git/config
as carol2 git fetch -q origin
as carol2 cdctl review clock disapprove --head "$(head_of propose/main/clock)" >/dev/null
git -C origin.git update-ref refs/reviews/main/clock/other "$future"
gate_says clock waiting 'Disapprove == 0 .has 1.'
withdraw clock

# Refs that hold something else than a review: a commit, a text of many megabytes, a tag of a tag. They hurt nobody.
offer alice odd odd 1
git -C origin.git update-ref refs/reviews/main/odd/commit main
head -c 20000000 /dev/zero | git -C origin.git hash-object -w --stdin >blob
git -C origin.git update-ref refs/reviews/main/odd/blob "$(cat blob)"
{ printf 'object %s\ntype commit\ntag x\ntagger x <x@x> 1700000000 +0000\n\n' "$(head_of main)"; head -c 20000000 /dev/zero | tr '\0' x; } |
  git -C origin.git hash-object -t tag -w --stdin >tag
git -C origin.git update-ref refs/reviews/main/odd/tag "$(cat tag)"
git -C origin.git update-ref refs/proposals/main/odd "$(cat tag)"
vote bob odd approve
gate_says odd ready '^$'
pipe_exit 0 "$landing"
expect_json '.[0].proposal == "odd" and .[0].verdict == "landed"'
expect_same 'what is left' "$(refs_left)" ''

# A branch that is itself a target is no proposal, whatever pattern it fits.
git -C origin.git branch propose/main/release main
make_target release propose/main/release <<<'verify = { command = "./check" }'
expect_exit 0 cdctl proposals main
expect_json 'length == 0'
rm targets.d/release.toml
withdraw release

# A branch under a name that nobody could review is none, and says so once; what the target has already is not proposed.
as alice git fetch -q origin
as alice git checkout -q -b nothing origin/main
expect_exit 1 as alice cdctl propose
expect_error 'main has .* already: commit something'
for name in '-o' '$(id)' $'c1\xc2\x9b31m'; do as alice git push -q origin "HEAD^:refs/heads/propose/main/$name"; done
expect_exit 0 cdctl proposals
expect_json 'length == 0'
expect_error 'main: 3 branches of the repository are no proposal, for their name: refs/heads/propose/main/.\(id\)'
git -C origin.git for-each-ref --format='delete %(refname)' refs/heads/propose | git -C origin.git update-ref --stdin

# A name that is not there.
offer alice typo typo 1
expect_exit 1 as bob cdctl review tyop approve
expect_error 'there is no proposal tyop for main; did you mean typo'
expect_exit 1 as bob cdctl review something-else approve
expect_error 'there is no proposal something-else for main; see cdctl proposals main'
expect_exit 1 as alice cdctl propose typo --after tyop
expect_error 'no proposal tyop for main to come after; did you mean typo'

# A configuration found by walking up names no program, and what verifies is one.
mkdir below
expect_exit 3 env -u CDCTL_CONFIG -C below cdctl verify <<<"{\"schema\":\"cdctl.candidate/1\",\"target\":\"main\",\"proposal\":\"typo\"}"
expect_error 'verify.command is a program, which a configuration may not name that was only found in this folder or one above'
expect_quiet

# OpenPGP, by a keyring of gpgv and nothing else.
if command -v gpg gpgv >/dev/null; then
  export GNUPGHOME=$work/gnupg
  mkdir -m 700 gnupg
  gpg --batch -q --passphrase '' --quick-generate-key 'Bob B <bob@example.com>' ed25519 sign 1d 2>/dev/null
  gpg --batch -q --passphrase '' --quick-generate-key 'Eve <carol@example.com>' ed25519 sign 1d 2>/dev/null
  gpg --batch -q --export bob@example.com >reviewers.gpg
  make_target <<<'verify = { command = "./check" }'
  sed -i 's/^reviewers = .*/keyring = "reviewers.gpg"/' targets.d/main.toml
  as bob git config user.signingkey bob@example.com
  as carol git config user.signingkey carol@example.com
  vote carol typo approve
  gate_says typo waiting 'its key is not one of git.keyring'
  vote bob typo approve
  gate_says typo ready '^$'
  expect_json 'any(.proposal == "typo" and .reviewers == ["bob@example.com"])'
  # The same vote for something else, or changed after it was signed.
  git -C origin.git cat-file tag refs/reviews/main/typo/bob@example.com | sed 's/Review-vote: Approve/Review-vote: Disapprove/' |
    git -C origin.git hash-object -t tag -w --stdin >tag
  git -C origin.git update-ref refs/reviews/main/typo/bob@example.com "$(cat tag)"
  gate_says typo waiting 'its key is not one of git.keyring'
  gpgconf --kill all 2>/dev/null || true
fi
