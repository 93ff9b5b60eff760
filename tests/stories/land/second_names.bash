#!/usr/bin/env bash
# A proposal that is another ref's second name is none: the pipe neither lists nor removes what it leads to. One that heaps up reviews
# stops itself alone.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check" }'
main=$(head_of main)

git -C origin.git branch release main
git -C origin.git symbolic-ref refs/heads/propose/main/x refs/heads/release
git -C origin.git symbolic-ref refs/heads/propose/main/y refs/heads/main
ln -s ../../main origin.git/refs/heads/propose/main/linked
pipe_exit 0 "$landing"
expect_same 'the target' "$(head_of main)" "$main"
expect_same 'the release' "$(head_of release)" "$main"
expect_exit 0 cdctl proposals
expect_json 'length == 0'
grep -q 'x is no proposal: .*another name of refs/heads/release' err || fail 'nobody was told of the symbolic ref'
change alice x words two
expect_exit 5 as alice cdctl propose x
expect_same 'what nobody has pushed' "$(head_of release)" "$main"
rm origin.git/refs/heads/propose/main/linked
git -C origin.git symbolic-ref --delete refs/heads/propose/main/x
git -C origin.git symbolic-ref --delete refs/heads/propose/main/y

# A good one beside 1,200 reviews of another.
offer alice good words two
vote bob good approve
change bob heap other x
as bob git push -q origin heap:refs/heads/propose/main/heap
tip=$(head_of propose/main/heap)
for n in $(seq 1200); do printf 'create refs/reviews/main/heap/u%s %s\n' "$n" "$tip"; done | git -C origin.git update-ref --stdin
pipe_exit 0 "$landing"
expect_json 'any(.proposal == "good" and .verdict == "landed")'
expect_same 'main' "$(git -C origin.git show main:words)" two
expect_same 'the one with the heap' "$(head_of propose/main/heap)" "$tip"

# Junk does not stand in the way of what a reviewer has said, whether it is a tag or not; and it goes when that has landed.
mkdir tags
for n in $(seq 1100); do
  printf 'object %s\ntype commit\ntag u\ntagger u <u@example.com> %s +0000\n\nx\n' "$tip" "$n" >"tags/$n"
  printf '%s/tags/%s\n' "$work" "$n"
done >paths
git -C origin.git hash-object -t tag -w --stdin-paths <paths |
  awk '{ printf "create refs/reviews/main/heap/t%s %s\n", NR, $1 }' | git -C origin.git update-ref --stdin
vote alice heap approve
pipe_exit 0 "$landing"
expect_json 'any(.proposal == "heap" and .verdict == "landed")'
expect_same 'what is left of the heap' "$(git -C origin.git for-each-ref refs/reviews/main/heap | wc -l)" 0
