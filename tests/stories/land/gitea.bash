#!/usr/bin/env bash
# The pipe on Gitea's stand-in: what is its own (stale and official reviews, a merge that it is told of, 405, 409, 423), and what must hold
# on any server.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/forge.bash"
begin

make_origin
start_forge gitea
make_member_as
for person in alice bob carol; do make_member $person write; done
make_member robot admin
make_member reader read
make_fork carol
FORGE_TOKEN=$(<tokens/robot)
export FORGE_TOKEN
mkdir -p targets.d
target() { { printf 'forge = "gitea"\nrepository = "%s/team/thumbs.git"\n' "$forge_url"; cat; printf '[gitea]\ntoken_env = "FORGE_TOKEN"\n%s\n' "${1:-}"; } >targets.d/main.toml; }
plain='verify = { command = "./check" }'
target <<<"$plain"
expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "ok" and (.found | test("team/thumbs on .*/api/v1 as robot")))'
FORGE_TOKEN=wrong expect_exit 4 cdctl proposals
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# From its first word to trunk; Gitea is told that it was merged.
change alice fix words two
expect_exit 0 as alice cdctl propose
expect_json '.[0].proposal == "1" and .[0].changed and .[0].ref == "refs/pull/1/head"'
expect_exit 0 as alice cdctl propose
expect_json '.[0].changed == false'
as bob git fetch -q origin refs/pull/1/head
as alice git fetch -q origin refs/pull/1/head
expect_exit 5 as alice cdctl review 1 approve
expect_error 'your own pull is not allowed'
expect_exit 0 as bob cdctl review 1 needs-information
expect_exit 0 cdctl proposals
expect_json '.[0].votes | length == 1 and .[0].value == "Needs Information" and .[0].trusted'
expect_exit 0 as bob cdctl review 1 approve
expect_exit 0 as bob cdctl review 1 approve
expect_json '.[0].changed == false'
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed" and .[0].changed and .[0].reviewers == ["bob"]'
expect_same 'the pull request' "$(state '.pulls[0] | "\(.state) \(.merged) \(.merge_commit)"')" "closed true $(head_of main)"
expect_same 'its branch' "$(git -C origin.git for-each-ref refs/heads/fix)" ''
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet
# Where its repository does not allow that word, it is closed.
say set '{"manual_merge": false}'
offer alice closes closes x
offer alice after after x --after "$(pull_of closes)"
approve bob closes
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed"'
expect_same 'the pull request' "$(state '.pulls[1] | "\(.state) \(.merged)"')" 'closed false'
# What comes after it lands in a later run: our own status of its head says that it has.
approve bob after
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.verdict) == ["landed"]'
say set '{"manual_merge": true}'

# Whose word counts.
for topic in reader gone dismissed older stale stands; do offer alice "$topic" "$topic" x; done
approve reader reader
approve nobody gone
approve bob dismissed
say dismiss "{\"number\": $(pull_of dismissed), \"login\": \"bob\"}"
approve bob older
say review "{\"number\": $(pull_of stale), \"login\": \"bob\", \"state\": \"APPROVED\", \"stale\": true}"
approve bob stands CHANGES_REQUESTED
for topic in older stands; do
  as alice git checkout -q $topic
  as alice git commit -q --allow-empty -m 'More'
  as alice cdctl propose $topic >/dev/null
done
approve carol stands
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 6 and all(.verdict == "waiting")'
expect_json 'any(.why | test("account is gone")) and any(.why | test("reader: they may not push")) and any(.why | test("of an older head")) and any(.why | test("it is stale")) and any(.why | test("Needs Fixing == 0 .has 1"))'
say team '{"name": "team/readers", "members": ["reader"]}'
target 'reviewers = ["BOB", "team/readers"]' <<<"$plain"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) | length == 1 and .[0].reviewers == ["reader"]'
# Who may not ask for permissions is told what to do, and decides nothing.
target <<<"$plain"
FORGE_TOKEN=$(<tokens/alice) expect_exit 4 cdctl proposals
expect_error '403.*gitea.reviewers names them without a question|gitea.reviewers names them without a question.*403'
FORGE_TOKEN=$(<tokens/alice) expect_exit 1 cdctl doctor -o ndjson
expect_json 'any(.plugin == "gitea" and .state == "bad" and (.found | test("may not ask who may push")) and (.cure | test("reviewers = ")))'
for topic in reader gone dismissed older stale stands; do git -C origin.git update-ref -d "refs/heads/$topic"; done

# Conversations.
offer alice talk talk x
approve carol talk COMMENTED
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

# A fork that is gone closes what came from it; pages of two; a chain of three that was proposed in the wrong order.
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
expect_json 'map(.title | sub(".* "; "")) == ["first", "second", "third", "other2"] and all(.verdict == "landed" and .changed)'

# A test that fails is told once, in one comment.
offer alice bad how 'echo "@carol"; exit 7'
approve bob bad
bad=$(pull_of bad)
for round in 1 2; do
  pipe_exit 1 "$landing"
  expect_json "any(.verdict == \"rejected\" and .changed == ($round == 1))"
  expect_same comments "$(state ".pulls[$bad - 1].comments | length")" 1
  expect_same 'its status' "$(state ".statuses[\"$(as alice git rev-parse bad)\"] | map(.context + \" \" + .state) | last")" 'cdctl/main failure'
done
git -C origin.git update-ref -d refs/heads/bad

# A server in trouble.
offer alice good good x
approve bob good
say trouble '{"match": "/pulls\\?", "status": 503, "times": 2}'
say trouble '{"match": "/reviews", "how": "cut", "times": 2}'
say trouble '{"match": "/commits\\?", "status": 429, "headers": {"Retry-After": "1"}}'
pipe_exit 0 'cdctl proposals'
expect_json 'any(.title | test("good"))'
for trouble in '"match": "page=2", "status": 500, "times": 9' '"match": "/reviews", "how": "html", "status": 200, "body": "<html>", "times": 9' \
  '"match": "/pulls\\?", "status": 200, "body": null, "times": 9'; do
  say trouble "{$trouble}"
  main=$(head_of main)
  pipe_exit 4 "$landing"
  expect_same "main after $trouble" "$(head_of main)" "$main"
  say trouble '{}'
done
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'any(.verdict == "landed" and (.title | test("good")))'
holds_up_one reviews

# Landed by Gitea's own call, where nobody may push.
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
  say set '{"archived": true}'
  pipe_exit 5 'head -n 1 verified.ndjson | cdctl land'
  expect_json '.[0].verdict == "deferred" and (.[0].error | test("423.*archived"))'
  say set '{"archived": false, "checking": 2}'
  say trouble '{"method": "POST", "match": "/merge", "status": 502, "after": true, "skip": 2}'
  pipe_exit 0 'head -n 1 verified.ndjson | cdctl land'
  expect_json '.[0].verdict == "landed"'
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json 'length == 1 and all(.verdict == "landed" and .changed)'
  # Somebody pushes right before the merge, and the two conflict: Gitea says of that what it says while it checks.
  offer alice raced words raced
  approve bob raced
  pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
  say trouble '{"method": "POST", "match": "/merge", "push": ["team/thumbs", "main", "words", "theirs"]}'
  local began=$SECONDS
  pipe_exit 5 'cdctl land <verified.ndjson'
  expect_json '.[0].verdict == "deferred" and (.[0].error | test("has moved from"))'
  [ $((SECONDS - began)) -lt 12 ] || fail "it was asked for $((SECONDS - began)) s whether it can be merged"
  rm forge/team/thumbs.git/hooks/pre-receive
}
landed=11
if cdctl config explain land_via >/dev/null 2>&1; then
  by_forge
  landed=13
fi

expect_same 'merges on main' "$(git -C origin.git log --merges --first-parent --format=%H main | wc -l)" "$landed"
for file in reader gone dismissed older stale stands other1 other3 bad; do
  ! git -C origin.git cat-file -e "main:$file" 2>/dev/null || fail "$file landed"
done
for person in robot alice bob; do
  ! grep -rqF -- "$(<"tokens/$person")" home state out err cdctl.toml targets.d 2>/dev/null || fail "the token of $person is in a file"
done
