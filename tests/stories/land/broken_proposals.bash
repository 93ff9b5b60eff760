#!/usr/bin/env bash
# One proposal that cannot be had is its own trouble: objects that are not whole, a ref that names nothing, what the lander's own git refuses,
# something that takes longer than there is time. The others are listed, and land; in a new home and in one that knows the repository.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_origin
for person in alice bob mallory; do make_person $person; done
make_target <<<'verify = { command = "./check" }'

# lose ID: the object is gone from the repository.
lose() {
  mkdir packs
  mv origin.git/objects/pack/* packs/ 2>/dev/null || true
  for pack in packs/*.pack; do [ ! -e "$pack" ] || git -C origin.git unpack-objects -q <"$pack"; done
  rm -rf packs
  rm -f "origin.git/objects/${1:0:2}/${1:2}"
}
in_origin() { git -C origin.git rev-parse "$1"; }

number=0
# a_good_one: everybody's clone still gets what there is.
a_good_one() {
  number=$((number + 1))
  [ "$((number % 2))" = 0 ] || rm -rf home   # the first run, and one that has been here before
  offer alice "good$number" "good$number" x
  vote bob "good$number" approve
}
# others_land WARNING: what is told of the one that cannot be had, in each run; the good one lands.
others_land() {
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json 'map([.proposal, .verdict]) == [["'"good$number"'", "landed"]]'
  expect_error "$1"
  pipe_exit 0 "set -o pipefail; $landing"
  [ ! -s out ] || fail "something is left: $(cat out)"
  expect_error "$1"
}

others_are_listed() {
  expect_exit 0 cdctl proposals
  expect_json 'map(.proposal) == ["'"good$number"'"]'
  expect_error "$1"
}

# What a ref names and is not there keeps git's own server from taking any push (its look at what it has goes through all refs): then the
# others are listed, and wait for whoever mends the server.
for kind in commit garbled tree blob parent; do
  printf '%s\n' "a proposal that lacks its $kind" >command
  a_good_one
  change mallory bad "other" "$RANDOM$kind"
  as mallory git commit -q --allow-empty -m Second
  as mallory git push -q -f origin bad:refs/heads/propose/main/bad
  id=$(in_origin refs/heads/propose/main/bad)
  case $kind in
    commit | garbled) lost=$id ;;
    tree) lost=$(in_origin "$id^{tree}") ;;
    blob) lost=$(in_origin "$id:other") ;;
    parent) lost=$(in_origin "$id^") ;;
  esac
  lose "$lost"
  [ $kind != garbled ] || printf garbage >"origin.git/objects/${lost:0:2}/${lost:2}"
  case $kind in
    commit | garbled)
      others_are_listed 'propose/main/bad is left out: ' ;;
    *) others_land 'propose/main/bad is left out: ' ;;
  esac
  rm -f origin.git/refs/heads/propose/main/bad "origin.git/objects/${lost:0:2}/${lost:2}"
  sed -i '\#refs/heads/propose/main/bad$#d' origin.git/packed-refs 2>/dev/null || true
  withdraw "good$number"
done

# A review that cannot be had leaves out what it is about, since nobody can tell whether it says no.
a_good_one
offer alice judged judged x
vote bob judged approve
lose "$(in_origin "$(git -C origin.git for-each-ref --format='%(refname)' refs/reviews/main/judged)")"
others_are_listed 'propose/main/judged is left out: '
git -C origin.git for-each-ref --format='%(refname)' refs/reviews/main/judged | while read -r ref; do rm -f "origin.git/$ref"; done
rm -f origin.git/refs/heads/propose/main/judged
withdraw "good$number"

# What the lander's own git takes from nobody.
printf '[transfer]\n\tfsckObjects = true\n[clone]\n\tdefaultRemoteName = upstream\n' >lander.gitconfig
odd=$(printf 'tree %s\nparent %s\nauthor M <m@e> 0012 +0000\ncommitter M <m@e> 0012 +0000\n\nodd\n' "$(in_origin 'main^{tree}')" "$(in_origin main)" |
  git -C origin.git hash-object --literally -t commit -w --stdin)
a_good_one
git -C origin.git update-ref refs/heads/propose/main/odd "$odd"
export GIT_CONFIG_GLOBAL=$work/lander.gitconfig
others_land 'propose/main/odd is left out: .*fetch'
export GIT_CONFIG_GLOBAL=/dev/null
git -C origin.git update-ref -d refs/heads/propose/main/odd

# Sixty proposals whose notes name a hundred prerequisites each: nobody has signed them, and they take nobody's time.
sed -i '1i method = "squash"' targets.d/main.toml
tag=$(
  {
    printf 'object %s\ntype commit\ntag note\ntagger M <m@e> 1700000000 +0000\n\nAbout it\n\n' "$(in_origin main)"
    for n in {1..100}; do printf 'After: t%s %040x\n' "$n" "$n"; done
  } | git -C origin.git hash-object --literally -t tag -w --stdin
)
change mallory heap heap x
as mallory git push -q origin heap:refs/heads/heap
for n in {1..60}; do printf 'create refs/heads/propose/main/a%s %s\ncreate refs/proposals/main/a%s %s\n' "$n" "$(in_origin heap)" "$n" "$tag"; done |
  git -C origin.git update-ref --stdin
offer alice urgent urgent x
vote bob urgent approve
expect_exit 0 cdctl proposals --timeout 20s
expect_json 'any(.proposal == "urgent" and (.votes | map(select(.trusted)) | length == 1))'
