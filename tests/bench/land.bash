#!/usr/bin/env bash
# Landing: what the pipe takes from a proposal that is approved to trunk, beside a shell script that merges, tests and pushes by git (the
# test is `true` in both); how many tests a hundred proposals need in batches when three of them are bad, beside one each; and what it
# costs to ask a repository of a thousand proposals again, beside one `git ls-remote`. CDCTL_BENCH_PROPOSALS takes the place of the hundred.
. "$(dirname "$0")/common.bash"
. "$source_dir/tests/stories/lib/landing.bash"
begin
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "true" }'

# ms COMMAND...: what it takes, a command that must work.
ms() {
  local from=$EPOCHREALTIME
  "$@" >"$work/out" 2>"$work/err" </dev/null || fail "$* failed: $(cat "$work/err")"
  printf '%s' $(((${EPOCHREALTIME/[.,]/} - ${from/[.,]/}) / 1000))
}
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
versus() { # versus CLAIM BOUND: of the files ours and peer
  local ours peer
  ours=$(median <ours) peer=$(median <peer)
  row "$1" "$ours ms" "$peer ms" "$(reckon '%.2f' "$ours/$peer")" "<= $2" "$ours/$peer <= $2"
}

# --- From approved to landed, each in turn.
git clone -q origin.git peer-clone
cat >by-git <<'END'
#!/bin/sh -e
# What one would write: merge in a clone, test a copy, push if nobody was faster, remove the branch.
cd "$1/peer-clone"
git fetch -q --prune origin
base=$(git rev-parse origin/main) head=$(git rev-parse "origin/propose/main/$2")
git -c gpg.ssh.allowedSignersFile="$1/reviewers" verify-tag "$(git ls-remote origin "refs/reviews/main/$2/*" | cut -f1)" 2>/dev/null || {
  git fetch -q origin "refs/reviews/main/$2/*:refs/reviews/$2/*"
  git -c gpg.ssh.allowedSignersFile="$1/reviewers" verify-tag "$(git for-each-ref --format='%(objectname)' "refs/reviews/$2")"
}
git checkout -q --detach "$base"
git merge -q --no-ff -m "Merge $2" "$head"
rm -rf "$1/peer-tree"
git worktree add -q --detach "$1/peer-tree" HEAD
(cd "$1/peer-tree" && sh -c true)
git worktree remove --force "$1/peer-tree"
git push -q --atomic --force-with-lease="main:$base" --force-with-lease="propose/main/$2:$head" origin HEAD:main ":propose/main/$2" ":refs/reviews/main/$2/bob@example.com"
END
chmod +x by-git
rounds=${CDCTL_BENCH_ROUNDS:-10}
: >ours && : >peer
for ((round = 0; round <= rounds; round++)); do   # the first one counts for nobody
  for who in ours peer; do
    offer alice "$who$round" "$who$round" x
    vote bob "$who$round" approve
    if [ $who = ours ]; then took=$(ms bash -o pipefail -c "$landing"); else took=$(ms ./by-git "$work" "$who$round"); fi
    expect_same "$who$round on main" "$(git -C origin.git show "main:$who$round")" x
    [ $round = 0 ] || echo "$took" >>$who
  done
done
versus 'approved to landed : a git shell script' 1.3

# --- A hundred proposals in batches of sixteen, three of them bad: how often something is tested. One by one it is each of them once.
many=${CDCTL_BENCH_PROPOSALS:-100}
make_target <<<'batch = 16
verify = { command = "! ls bad-* 2>/dev/null" }'
bad=" $((many / 5)) $((many / 2)) $((many * 9 / 10)) "
for ((n = 1; n <= many; n++)); do
  if [[ $bad == *" $n "* ]]; then file=bad-$n; else file=good-$n; fi
  offer alice "many$n" "$file" x
  vote bob "many$n" approve
done
before=$(tests_run)
for ((pass = 1; pass <= 10; pass++)); do   # what a batch put off is for the next pass
  # 1: some were rejected
  bash -o pipefail -c "$landing" >out 2>err </dev/null || [ $? = 1 ] || fail "landing: $(cat err)"
  [ -n "$(jq -r 'select(.verdict == "landed" and .changed) | .proposal' out)" ] || break
done
landed=$(git -C origin.git ls-tree --name-only main | grep -c '^good-')
expect_same 'what has landed' "$landed" "$((many - 3))"
expect_same 'bad ones on main' "$(git -C origin.git ls-tree --name-only main | grep -c '^bad-' || true)" 0
runs=$(($(tests_run) - before))
row "$many proposals, 3 bad, batches of 16 : one by one" "$runs tests" "$many tests" "$(reckon '%.2f' "$runs/$many")" '<= 0.45' "$runs/$many <= 0.45"
for n in $bad; do withdraw "many$n"; done
make_target <<<'verify = { command = "true" }'

# --- A thousand proposals, nothing new.
as alice git fetch -q origin
base=$(as alice git rev-parse origin/main)
for n in {1..1000}; do
  printf 'commit refs/heads/t%s\ncommitter alice <alice@example.com> %s +0000\ndata 9\nChange %s\nfrom %s\nM 644 inline f%s\ndata 1\nx\n\n' "$n" $((1700000000 + n)) $((n % 10)) "$base" "$n"
done | as alice git fast-import --quiet
as alice git push -q origin 'refs/heads/t*:refs/heads/propose/main/t*'
for n in {1..50}; do vote bob "t$n" approve; done
cdctl proposals >first 2>err </dev/null
[ "$(wc -l <first)" = 1000 ] || fail "$(wc -l <first) proposals; $(cat err)"
: >ours && : >peer
for ((round = 0; round < rounds; round++)); do
  ms cdctl proposals >>ours && echo >>ours
  ms git ls-remote origin.git >>peer && echo >>peer
done
versus '1,000 proposals, nothing new : git ls-remote' 2
