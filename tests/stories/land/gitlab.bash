#!/usr/bin/env bash
# The pipe on GitLab's stand-in: what is its own (approvals without a commit, threads, a tree that nobody tells, 400, 405, 409, 422), and what
# must hold on any server.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/forge.bash"
begin

make_origin
start_forge gitlab
make_member_as
for person in alice bob carol; do make_member $person write; done
make_member robot write
make_member reader read
make_fork carol
FORGE_TOKEN=$(<tokens/robot)
export FORGE_TOKEN
mkdir -p targets.d
target() { { printf 'forge = "gitlab"\nrepository = "%s/team/thumbs.git"\n' "$forge_url"; cat; printf '[gitlab]\ntoken_env = "FORGE_TOKEN"\n%s\n' "${1:-}"; } >targets.d/main.toml; }
plain='verify = { command = "./check" }'
target <<<"$plain"
expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "ok" and (.found | test("team/thumbs on .*/api/v4 as robot")))'
FORGE_TOKEN=wrong expect_exit 4 cdctl proposals
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# From its first word to trunk.
change alice fix words two
expect_exit 0 as alice cdctl propose
expect_json '.[0].proposal == "1" and .[0].changed and .[0].ref == "refs/merge-requests/1/head"'
expect_exit 0 as alice cdctl propose
expect_json '.[0].changed == false'
as bob git fetch -q origin refs/merge-requests/1/head
as alice git fetch -q origin refs/merge-requests/1/head
expect_exit 5 as alice cdctl review 1 approve
expect_exit 2 as bob cdctl review 1 abstain
expect_exit 0 as bob cdctl review 1 approve
expect_exit 0 as bob cdctl review 1 disapprove -m 'On second thoughts'
expect_exit 0 cdctl proposals
expect_json '.[0].votes | length == 1 and .[0].value == "Disapprove" and .[0].who == "bob" and .[0].trusted'
expect_exit 0 as bob cdctl review 1 approve
expect_exit 0 as bob cdctl review 1 approve
expect_json '.[0].changed == false'
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed" and .[0].changed and .[0].reviewers == ["bob"]'
expect_same 'the merge request' "$(state '.pulls[0] | "\(.state) \(.merged)"')" 'closed true'
expect_same 'its branch' "$(git -C origin.git for-each-ref refs/heads/fix)" ''
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# An approval is of the head that there was when it was given, by what GitLab tells of the time: of old servers a note.
for tells in true false; do
  say set "{\"tells_when\": $tells}"
  offer alice "older-$tells" "older-$tells" x
  approve bob "older-$tells"
  as alice git commit -q --allow-empty -m 'More'
  as alice cdctl propose "older-$tells" >/dev/null
  offer alice "now-$tells" "now-$tells" x
  approve bob "now-$tells"
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json "length == 1 and .[0].verdict == \"landed\" and (.[0].title | test(\"now-$tells\"))"
done
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 2 and all(.verdict == "waiting" and (.why | test("of an older head")))'
# Again by the same reviewer, of what there is now.
as bob git fetch -q origin "refs/merge-requests/$(pull_of older-true)/head"
expect_exit 0 as bob cdctl review "$(pull_of older-true)" approve
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'length == 1 and .[0].verdict == "landed"'
git -C origin.git update-ref -d refs/heads/older-false
say set '{"tells_when": true}'

# Whose word counts; what stands against it.
for topic in reader dismissed stands; do offer alice "$topic" "$topic" x; done
approve reader reader
approve bob dismissed
say dismiss "{\"number\": $(pull_of dismissed), \"login\": \"bob\"}"
approve bob stands CHANGES_REQUESTED
as alice git checkout -q stands
as alice git commit -q --allow-empty -m 'More'
as alice cdctl propose stands >/dev/null
approve carol stands
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 3 and all(.verdict == "waiting")'
expect_json 'any(.why | test("reader: they may not push")) and any(.why | test("Needs Fixing == 0 .has 1"))'
say team '{"name": "team/readers", "members": ["reader"]}'
target 'reviewers = ["BOB", "@team/readers"]' <<<"$plain"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) | length == 1 and .[0].reviewers == ["reader"]'
target <<<"$plain"
for topic in reader dismissed stands; do git -C origin.git update-ref -d "refs/heads/$topic"; done

# Threads.
offer alice talk talk x
approve bob talk
target <<<"votes = \"Approve >= 1, Unresolved == 0\"
$plain"
say pull "{\"number\": $(pull_of talk), \"threads\": [true, false]}"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("Unresolved == 0 .has 1"))'
say pull "{\"number\": $(pull_of talk), \"threads\": [true, true]}"
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed"'
target <<<"$plain"

# A fork that is gone; pages of two; a chain of three that was proposed in the wrong order.
say set '{"page_cap": 2}'
offer carol forked forked x
approve bob forked
say forget '{"repo": "carol/thumbs"}'
as carol git config --unset remote.pushDefault
offer alice first first 1
offer alice second second 2 --after "$(pull_of first)"
offer alice third third 3 --after "$(pull_of second)"
for number in 1 2 3; do offer bob "other$number" "other$number" x; done
for topic in third second first; do approve bob $topic; done
approve alice other2
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.title | sub(".* "; "")) == ["forked", "first", "second", "third", "other2"] and all(.verdict == "landed" and .changed)'
# A head that is on no branch of the project has its status all the same.
expect_same 'the statuses of the fork' "$(state ".statuses[\"$(as carol git rev-parse forked)\"] | map(.state) | join(\" \")")" 'pending success'

# A test that fails is told once, in one note.
offer alice bad how 'echo "/merge"; echo "@carol"; exit 7'
approve bob bad
bad=$(pull_of bad)
for round in 1 2; do
  pipe_exit 1 "$landing"
  expect_json "any(.verdict == \"rejected\" and .changed == ($round == 1))"
  expect_same notes "$(state ".pulls[$bad - 1].comments | length")" 1
  expect_same 'its status' "$(state ".statuses[\"$(as alice git rev-parse bad)\"] | map(.context + \" \" + .state) | last")" 'cdctl/main failed'
done
git -C origin.git update-ref -d refs/heads/bad

# A server in trouble.
offer alice good good x
approve bob good
say trouble '{"match": "/merge_requests\\?", "status": 503, "times": 2}'
say trouble '{"match": "/discussions", "how": "cut", "times": 2}'
say trouble '{"match": "/versions", "status": 429, "headers": {"Retry-After": "1"}}'
pipe_exit 0 'cdctl proposals'
expect_json 'any(.title | test("good"))'
for trouble in '"match": "page=2", "status": 500, "times": 9' '"match": "/approvals", "how": "html", "status": 200, "body": "<html>", "times": 9' \
  '"match": "/merge_requests\\?", "status": 200, "body": {"message": "x"}, "times": 9' '"match": "/versions", "status": 403, "times": 9'; do
  say trouble "{$trouble}"
  main=$(head_of main)
  CDCTL_HOME=$work/home-new pipe_exit 4 "$landing"
  expect_same "main after $trouble" "$(head_of main)" "$main"
  say trouble '{}'
done
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'any(.verdict == "landed" and (.title | test("good")))'
holds_up_one approvals

# Landed by GitLab's own call, where nobody may push; the tree is that of the commit that it made.
by_forge() {
  printf '#!/bin/sh\nread -r a b ref; [ "$ref" != refs/heads/main ] || { echo "main is protected"; exit 1; }\n' >forge/team/thumbs.git/hooks/pre-receive
  chmod +x forge/team/thumbs.git/hooks/pre-receive
  target <<<"land_via = \"forge\"
$plain"
  for number in 1 2; do
    offer alice "api$number" "api$number" "$number"
    approve bob "api$number"
  done
  pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
  say set '{"protected": {"main": "yes"}}'
  pipe_exit 5 'head -n 1 verified.ndjson | cdctl land'
  expect_json '.[0].verdict == "deferred" and (.[0].error | test("405"))'
  say set '{"protected": {}, "checking": 2}'
  say trouble '{"method": "PUT", "match": "/merge$", "status": 502, "after": true, "skip": 2}'
  pipe_exit 0 'head -n 1 verified.ndjson | cdctl land'
  expect_json '.[0].verdict == "landed"'
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json 'length == 1 and all(.verdict == "landed" and .changed)'
  # Somebody pushes while it is checked: what could be merged then is not what was tested.
  offer alice raced raced x
  approve bob raced
  pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
  say set '{"checking": 1}'
  say trouble '{"method": "PUT", "match": "/merge$", "push": ["team/thumbs", "main", "theirs", "x"]}'
  pipe_exit 5 'cdctl land <verified.ndjson'
  expect_json '.[0].verdict == "deferred" and (.[0].error | test("has moved from"))'
  ! git -C origin.git cat-file -e main:raced 2>/dev/null || fail 'what was never tested has landed'
  rm forge/team/thumbs.git/hooks/pre-receive
}
landed=13
if cdctl config explain land_via >/dev/null 2>&1; then
  by_forge
  landed=15
fi

expect_same 'merges on main' "$(git -C origin.git log --merges --first-parent --format=%H main | wc -l)" "$landed"
for file in reader dismissed older-false stands other1 other3 bad; do
  ! git -C origin.git cat-file -e "main:$file" 2>/dev/null || fail "$file landed"
done
for person in robot alice bob; do
  ! grep -rqF -- "$(<"tokens/$person")" home home-new state out err cdctl.toml targets.d 2>/dev/null || fail "the token of $person is in a file"
done
