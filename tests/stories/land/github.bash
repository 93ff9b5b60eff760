#!/usr/bin/env bash
# The whole pipe on GitHub's stand-in: every good pull request lands once, nothing else does, whatever the server does meanwhile.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/forge.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }

make_origin
start_forge github
make_member_as
for person in alice bob carol; do make_member $person write; done
make_member robot write
make_member reader read
say user '{"login": "helper[bot]", "type": "Bot", "may": "write"}'
make_fork carol
FORGE_TOKEN=$(<tokens/robot)
export FORGE_TOKEN

# What cdctl runs is told no token: not by its arguments, nor by its environment.
cat >bin/git <<'END'
#!/bin/sh
if [ "$(cat /proc/$PPID/comm)" = cdctl ]; then { printf '%s\n' "$*"; env; } >>"$CDCTL_STORY/children"; fi
exec /usr/bin/git "$@"
END
chmod +x bin/git

# A target, by its repository's address alone; whose token it is stands in cdctl.toml for all.
mkdir -p targets.d
printf '[github]\ntoken_env = "FORGE_TOKEN"\n' >>cdctl.toml
target() { { printf 'forge = "github"\nrepository = "%s/team/thumbs.git"\n' "$forge_url"; cat; } >targets.d/main.toml; }
target <<<'verify = { command = "./check" }'
expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl config explain github.reviewers
expect_line 'Whose reviews count'
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "ok" and (.found | test("team/thumbs on .* as robot: it may read and write")))'
target <<<'verify = { command = "./check" }
[github]
repositry = "team/thumbs"'
expect_exit 3 cdctl config check </dev/null
expect_line "did you mean 'repository'"
target <<<'verify = { command = "./check" }
[github]
token_file = "github.token"'
expect_exit 3 cdctl config check </dev/null
expect_line 'github.token is not there'
cp tokens/robot github.token
chmod 644 github.token
expect_exit 3 cdctl config check </dev/null
expect_line 'others may read'
chmod 600 github.token
expect_exit 0 cdctl config check </dev/null
FORGE_TOKEN=wrong expect_exit 0 cdctl proposals
target <<<'verify = { command = "./check" }'
FORGE_TOKEN=wrong expect_exit 4 cdctl proposals
expect_error '401.*the token is not one that it knows'
FORGE_TOKEN= expect_exit 3 cdctl proposals
expect_error 'is empty or not one word'

pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# From its first word to trunk.
change alice fix words two
expect_exit 0 as alice cdctl propose --dry-run
expect_json '.[0].dry_run and .[0].changed'
expect_same 'branches after a dry run' "$(git -C origin.git for-each-ref --format='%(refname)')" refs/heads/main
expect_exit 0 as alice cdctl propose
valid
expect_json '.[0].proposal == "1" and .[0].changed and .[0].ref == "refs/pull/1/head"'
expect_exit 0 as alice cdctl propose
expect_json '.[0].proposal == "1" and .[0].changed == false'
expect_exit 0 cdctl proposals
valid
expect_json '.[0].proposal == "1" and .[0].authors == [{"name":"alice","email":"alice@example.com"}] and .[0].title == "Change words for fix" and (.[0].link | test("/team/thumbs/pull/1$"))'
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting"'

# Reviews: of what was fetched, by somebody else, the last word of each.
expect_exit 5 as bob cdctl review 1 approve
expect_error 'which is not in .*people/bob: git fetch .*refs/pull/1/head'
as bob git fetch -q origin refs/pull/1/head
as alice git fetch -q origin refs/pull/1/head
expect_exit 5 as alice cdctl review 1 approve
expect_error 'Can not approve your own pull request'
expect_exit 1 as bob cdctl review 77 approve
expect_exit 2 as bob cdctl review fix approve
expect_exit 0 as bob cdctl review 1 disapprove
expect_exit 0 cdctl proposals
expect_json '.[0].votes | length == 1 and .[0].value == "Disapprove" and .[0].who == "bob" and .[0].trusted'
expect_exit 0 as bob cdctl review 1 approve -m 'Now it is good.'
expect_exit 0 as bob cdctl review 1 approve
expect_json '.[0].changed == false'
pipe_exit 0 "set -o pipefail; $landing"
valid
expect_json '.[0].action == "land" and .[0].verdict == "landed" and .[0].changed and .[0].reviewers == ["bob"]'
expect_same 'words on main' "$(git -C origin.git show main:words)" two
expect_same 'the pull request' "$(state '.pulls[0] | "\(.state) \(.merged)"')" 'closed true'
expect_same 'its branch' "$(git -C origin.git for-each-ref refs/heads/fix)" ''
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# Whose word counts: not that of a bot, of who may only read, of who is gone, one that was dismissed, one of an older commit; and a request
# for changes stands whatever is pushed after it.
for topic in bot reader gone dismissed older stands; do offer alice "$topic" "$topic" x; done
approve 'helper[bot]' bot
approve reader reader
approve nobody gone
approve bob dismissed
say dismiss "{\"number\": $(pull_of dismissed), \"login\": \"bob\"}"
approve bob older
approve bob stands CHANGES_REQUESTED
for topic in older stands; do
  as alice git checkout -q $topic
  as alice git commit -q --allow-empty -m 'More'
  as alice cdctl propose $topic >/dev/null
done
approve carol stands
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 6 and all(.verdict == "waiting")'
expect_json 'any(.why | test("bot.s")) and any(.why | test("reader: they may not push")) and any(.why | test("of an older head")) and any(.why | test("Needs Fixing == 0 .has 1"))'
# Named reviewers, and a team's.
say team '{"name": "team/readers", "members": ["reader"]}'
target <<<'verify = { command = "./check" }
[github]
reviewers = ["BOB", "team/readers"]'
approve carol gone
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'any(.verdict == "ready" and .reviewers == ["reader"]) and (map(select(.verdict == "ready")) | length == 1) and any(.why | tostring | test("carol: they are none of github.reviewers"))'
target <<<'verify = { command = "./check" }'
for topic in bot reader gone dismissed older stands; do git -C origin.git update-ref -d "refs/heads/$topic"; done
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# Conversations are asked about where the votes say so.
offer alice talk talk x
approve bob talk
target <<<'votes = "Approve >= 1, Unresolved == 0"
verify = { command = "./check" }'
say pull "{\"number\": $(pull_of talk), \"threads\": [true, true, false]}"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("Unresolved == 0 .has 1"))'
say pull "{\"number\": $(pull_of talk), \"threads\": [true, true, true]}"
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed"'
target <<<'verify = { command = "./check" }'

# What was squashed is closed and not merged. What comes after it lands in a later run: our own status of its head says that it has.
target <<<'method = "squash"
verify = { command = "./check" }'
offer alice squashed squashed x
offer alice later later x --after "$(pull_of squashed)"
approve bob squashed
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.verdict) == ["landed"]'
expect_same 'the pull request' "$(state ".pulls[$(pull_of squashed) - 1] | \"\(.state) \(.merged)\"")" 'closed false'
approve bob later
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.verdict) == ["landed"]'
target <<<'verify = { command = "./check" }'

# A fork that is gone; pages of two; a chain of three that was proposed in the wrong order.
say set '{"page_cap": 2}'
offer carol forked forked x
approve bob forked
say forget '{"repo": "carol/thumbs"}'
as carol git config --unset remote.pushDefault
expect_same 'the fork' "$(state '.pulls | last | .head_repo')" null
offer alice first first 1
offer alice second second 2 --after "$(pull_of first)"
offer alice third third 3
expect_exit 1 as alice cdctl propose third --after 999
as alice cdctl propose third --after "$(pull_of second)" >/dev/null
for topic in third second; do approve bob $topic; done
for number in 1 2 3; do offer bob "other$number" "other$number" x; done
approve alice other2
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready").title | sub(".* "; "")) == ["forked", "other2"]'
approve bob first
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.title | sub(".* "; "")) == ["forked", "first", "second", "third", "other2"] and all(.verdict == "landed" and .changed)'
expect_same 'the fork on main' "$(git -C origin.git show main:forked)" x

# What did not change is not sent again.
expect_exit 0 cdctl proposals
requests >/dev/null
before=$(state .unchanged)
expect_exit 0 cdctl proposals
asked=$(requests | jq length)
expect_same 'answers that had not changed' "$(($(state .unchanged) - before))" "$asked"

# A test that fails is told once, in one comment, which mentions nobody; after a newer commit the same comment says so.
offer alice bad how 'echo "\`\`\`\`"; echo "@carol <b>#1</b>"; exit 7'
approve bob bad
pipe_exit 1 "$landing"
expect_json 'any(.verdict == "rejected" and .changed)'
bad=$(pull_of bad)
comments() { state ".pulls[$bad - 1].comments | length"; }
expect_same comments "$(comments)" 1
state ".pulls[$bad - 1].comments[0].body" >comment
grep -q '^<!-- cdctl-land main -->$' comment && grep -q '^\*\*Not landed\*\*' comment || fail "the comment says: $(cat comment)"
expect_same 'its fence' "$(grep -c '^`````' comment)" 2
! sed '/^`````text$/,/^`````$/d' comment | grep -q @ || fail "it mentions somebody: $(cat comment)"
expect_same 'its status' "$(state ".statuses[\"$(as alice git rev-parse bad)\"] | map(.context + \" \" + .state) | join(\",\")" | sed 's/.*,//')" 'cdctl/main failure'
statuses=$(state ".statuses[\"$(as alice git rev-parse bad)\"] | length")
pipe_exit 1 "$landing"
expect_json 'all(.changed == false)'
expect_same comments "$(comments)" 1
expect_same statuses "$(state ".statuses[\"$(as alice git rev-parse bad)\"] | length")" "$statuses"
say review "{\"number\": $bad, \"login\": \"bob\", \"state\": \"COMMENTED\"}"   # is no vote
as alice git checkout -q bad
echo 'echo still bad; exit 8' >people/alice/how
as alice git commit -qam 'Try again'
as alice cdctl propose bad >/dev/null
approve bob bad
pipe_exit 1 "$landing"
expect_same comments "$(comments)" 1
state ".pulls[$bad - 1].comments[0].body" | grep -q 'still bad' || fail 'the comment is that of the older commit'
git -C origin.git update-ref -d refs/heads/bad

# A server in trouble. Nothing of half an answer lands.
offer alice good good x
approve bob good
say trouble '{"match": "/pulls\\?", "status": 502, "times": 2}'
say trouble '{"match": "/reviews", "how": "cut", "times": 2}'
say trouble '{"match": "/commits\\?", "status": 429, "headers": {"Retry-After": "1"}}'
pipe_exit 0 'cdctl proposals'
expect_json 'any(.title | test("good"))'
for trouble in '"match": "page=2", "status": 500, "times": 9' '"match": "/reviews", "how": "html", "status": 200, "body": "<html>", "times": 9' \
  '"match": "/pulls\\?", "status": 200, "body": {"message": "x"}, "times": 9' '"match": "/permission", "status": 403, "times": 9'; do
  say trouble "{$trouble}"
  main=$(head_of main)
  CDCTL_HOME=$work/home-new pipe_exit 4 "$landing"
  expect_same "main after $trouble" "$(head_of main)" "$main"
  say trouble '{}'
done
say trouble '{"match": "/pulls\\?", "how": "hang", "times": 9}'
expect_exit 4 cdctl proposals --timeout 3s
say trouble '{}'
# Rate limits that go beyond the deadline: it says when to come back, and asks nobody before.
for trouble in '"status": 403, "body": {"message": "You have exceeded a secondary rate limit."}' '"status": 429, "headers": {"Retry-After": "3000"}' \
  "\"status\": 403, \"headers\": {\"x-ratelimit-remaining\": \"0\", \"x-ratelimit-reset\": \"$(($(date +%s) + 3000))\"}"; do
  say trouble "{\"match\": \"/pulls\", $trouble}"
  expect_exit 4 cdctl proposals --timeout 5s
  expect_error 'takes no more requests before .*come back then'
  requests >/dev/null
  expect_exit 4 cdctl proposals --timeout 5s
  expect_same 'requests before that' "$(requests | jq length)" 0
  rm -f home/rest/*/until
done
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'any(.verdict == "landed" and (.title | test("good")))'
holds_up_one reviews

by_forge() {
# A target that takes no push: GitHub merges, and what it made is read back.
printf '#!/bin/sh\nread -r a b ref; [ "$ref" != refs/heads/main ] || { echo "main is protected"; exit 1; }\n' >forge/team/thumbs.git/hooks/pre-receive
chmod +x forge/team/thumbs.git/hooks/pre-receive
target <<<'land_via = "forge"
verify = { command = "./check" }'
expect_exit 0 cdctl config check </dev/null
for number in 1 2 3; do
  offer alice "api$number" "api$number" "$number"
  approve bob "api$number"
done
pipe_exit 0 "cdctl proposals | cdctl gate | cdctl verify >verified.ndjson"
say set '{"protected": {"main": "Required status check \"ci\" is expected."}}'
pipe_exit 5 'head -n 1 verified.ndjson | cdctl land'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("405.*Required status check"))'
say set '{"protected": {}}'
# The answer to the merge is lost: it is asked what became of it.
say trouble '{"method": "PUT", "match": "/merge", "status": 502, "after": true}'
pipe_exit 0 'head -n 1 verified.ndjson | cdctl land'
expect_json '.[0].verdict == "landed"'
pipe_exit 5 'sed -n 2p verified.ndjson | cdctl land'   # its base was a candidate, and is another commit now
expect_json '.[0].verdict == "deferred" and (.[0].error | test("main has moved"))'
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'length == 2 and all(.verdict == "landed" and .changed)'
expect_same 'by whom' "$(git -C origin.git log -1 --format=%an main)" forge
# 409, and somebody else's merge.
offer alice moves moves 1
approve bob moves
pipe_exit 0 "cdctl proposals | cdctl gate | cdctl verify >verified.ndjson"
as alice git checkout -q moves
as alice git commit -q --allow-empty -m 'More'
as alice cdctl propose moves >/dev/null
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("is not at .* any more"))'
rm forge/team/thumbs.git/hooks/pre-receive
target <<<'verify = { command = "./check" }'
}
landed=10
if cdctl config explain land_via >/dev/null 2>&1; then
  by_forge
  landed=13
fi

# Every good one is on main once, and nothing else.
expect_same 'merges on main' "$(git -C origin.git log --merges --first-parent --format=%H main | wc -l)" "$landed"
for file in bot reader gone dismissed older stands other1 other3 bad moves; do
  ! git -C origin.git cat-file -e "main:$file" 2>/dev/null || fail "$file landed"
done

# Nobody but the server has seen a token.
rm github.token
[ -s children ] || fail 'no child was seen'
for person in robot alice bob; do
  ! grep -qF -- "$(<"tokens/$person")" children || fail "a child was told the token of $person"
  ! grep -rqF -- "$(<"tokens/$person")" home home-new state out err cdctl.toml targets.d comment people/*/.git/config 2>/dev/null || fail "the token of $person is in a file"
done
