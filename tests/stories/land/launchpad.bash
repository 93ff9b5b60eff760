#!/usr/bin/env bash
# The pipe on Launchpad's stand-in: what is its own (a status that somebody sets, votes that name no revision, prerequisites, a scanner that comes
# by later, operations in forms), and what must hold on any server.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/forge.bash"
begin

make_origin
start_forge launchpad
make_member_as
# Launchpad's names of repositories, beside those that the helpers know.
served() { mkdir -p "forge/~$1/thumbs/+git" && ln -s "$work/forge/$1/thumbs.git" "forge/~$1/thumbs/+git/thumbs.git"; }
address() { printf '%s/~%s/thumbs/+git/thumbs.git' "$forge_url" "$1"; }
served team
# A token and its secret; two words that must be in no file.
person() { # person NAME MAY
  make_member "$1" "$2"
  printf 'tok_%s_%s:sec_%s\n' "$1" "$(random_hex 8)" "$(random_hex 8)" >"tokens/$1"
  say user "{\"login\": \"$1\", \"token\": \"$(<"tokens/$1")\", \"may\": \"$2\"}"
  git -C "people/$1" remote set-url origin "$(address team)"
}
for name in alice bob carol robot; do person "$name" write; done
person reader read
make_fork carol
served carol
git -C people/carol remote set-url fork "$(address carol)"
FORGE_TOKEN=$(<tokens/robot)
export FORGE_TOKEN
mkdir -p targets.d
target() { { printf 'forge = "launchpad"\nrepository = "%s"\n' "$(address team)"; cat; printf '[launchpad]\napi = "%s/devel"\ntoken_env = "FORGE_TOKEN"\n%s\n' "$forge_url" "${1:-}"; } >targets.d/main.toml; }
plain='verify = { command = "./check" }'
target <<<"$plain"
# sets NAME TOPIC STATUS [HEAD]: said in a browser; HEAD `-` for none.
sets() {
  local head=${4:-$(state ".pulls[$(pull_of "$2") - 1].head")}
  [ "$head" != - ] && head="\"$head\"" || head=null
  say pull "{\"number\": $(pull_of "$2"), \"status\": \"$3\", \"reviewer\": \"$1\", \"reviewed_revid\": $head, \"date_reviewed\": \"$(date -u +%FT%T.%6N+00:00)\"}"
}
yes_to() { approve "$1" "$2"; sets "$1" "$2" Approved; }   # yes_to NAME TOPIC
status_of() { state ".pulls[$(pull_of "$1") - 1].status"; }

expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "ok" and (.found | test("~team/thumbs/.git/thumbs on .*/devel as robot")))'
FORGE_TOKEN=$(<tokens/reader) expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "warning" and (.found | test("does not trust")))'
FORGE_TOKEN=wrong expect_exit 3 cdctl proposals
FORGE_TOKEN="${FORGE_TOKEN%%:*}:wrong" expect_exit 4 cdctl proposals
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# From its first word to trunk.
change alice fix words two
expect_exit 0 as alice cdctl propose
expect_json '.[0].proposal == "1" and .[0].changed and .[0].ref == "refs/heads/fix"'
expect_exit 0 as alice cdctl propose
expect_json '.[0].changed == false'
as bob git fetch -q origin fix
expect_exit 0 as bob cdctl review 1 disapprove -m 'On second thoughts'
expect_exit 0 cdctl proposals
expect_json '.[0].votes | length == 1 and .[0].value == "Disapprove" and .[0].who == "bob" and .[0].trusted'
expect_json '.[0].draft and .[0].labels == ["Needs review"] and (.[0].title | test("Change words for fix"))'
expect_exit 0 as bob cdctl review 1 approve
expect_same 'its status' "$(status_of fix)" Approved
expect_exit 0 as bob cdctl review 1 approve
expect_json '.[0].changed == false'
say pull '{"number": 1, "bugs": [17, 4]}'
pipe_exit 0 "set -o pipefail; $landing"
expect_json '.[0].verdict == "landed" and .[0].changed and .[0].reviewers == ["bob"]'
# Its scanner will not come by for an hour.
expect_same 'its status' "$(status_of fix)" Merged
expect_same 'its branch' "$(git -C origin.git for-each-ref refs/heads/fix)" ''
expect_same 'its bugs' "$(git -C origin.git log -1 --format=%B main | grep -cE 'LP: #(17|4)$')" 2
expect_same 'its comments' "$(state '.pulls[0].comments | map(select(.vote == null)) | length')" 0
pipe_exit 0 "set -o pipefail; $landing"
expect_quiet

# Votes without the status, the status without votes; an author's own.
offer alice votes votes x
approve bob votes
offer alice status status x
sets bob status Approved
offer alice own own x
yes_to alice own
offer alice rejected rejected x
yes_to bob rejected
sets bob rejected Rejected
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 3 and all(.verdict == "waiting")'
expect_json "any(.proposal == \"$(pull_of own)\" and (.why | test(\"alice: an author's own\")))"
expect_json "any(.proposal == \"$(pull_of votes)\" and (.why | test(\"draft\")))"
expect_json "any(.proposal == \"$(pull_of status)\" and (.why | test(\"Approve >= 1\")))"

# Approved is the revision that was reviewed, and a vote is of the head that there was.
offer alice older older x
yes_to bob older
as alice git commit -q --allow-empty -m 'More'
as alice cdctl propose older >/dev/null
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of older)\" and .verdict == \"waiting\" and (.why | test(\"draft\")))"
sets carol older Approved -
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of older)\" and .verdict == \"waiting\" and (.why | test(\"of an older head\")))"
sets carol older Approved
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of older)\" and .verdict == \"waiting\" and (.why | test(\"of an older head\")))"
yes_to bob older
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'length == 1 and .[0].verdict == "landed" and (.[0].title | test("older"))'

# Whose word counts; what stands against it; who was asked and is silent.
offer alice read read x
yes_to reader read
offer alice stands stands x
approve bob stands CHANGES_REQUESTED
yes_to carol stands
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'any(.why | test("reader: Launchpad does not trust them")) and any(.why | test("Needs Fixing == 0 .has 1"))'
say team '{"name": "readers", "members": ["reader"]}'
target 'reviewers = ["carol", "~readers"]' <<<"$plain"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) | map(.reviewers[0]) | sort == ["carol", "reader"]'
target <<<"votes = \"Approve >= 1, Pending == 0\"
$plain"
say pull "{\"number\": $(pull_of stands), \"requested\": [\"alice\"]}"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of stands)\" and (.why | test(\"Pending == 0 .has 1\")))"
target <<<"$plain"
for topic in votes status own read stands; do git -C origin.git update-ref -d "refs/heads/$topic"; done

# Of a fork; pages of two; a chain of three that was proposed in the wrong order.
say set '{"page_cap": 2}'
offer carol forked forked x
# A fork is fetched from where it is.
expect_exit 5 as bob cdctl review "$(pull_of forked)" approve
expect_error 'git fetch .*~carol/thumbs/.git/thumbs.git refs/heads/forked'
yes_to bob forked
as carol git config --unset remote.pushDefault
offer alice first first 1
offer alice second second 2 --after "$(pull_of first)"
offer alice third third 3 --after "$(pull_of second)"
for number in 1 2 3; do offer bob "other$number" "other$number" x; done
for topic in third second; do yes_to bob $topic; done
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "map(select(.verdict == \"ready\")) | length == 1 and (.[0].title | test(\"forked\"))"
yes_to bob first
yes_to alice other2
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'map(.title | sub(".* "; "")) == ["forked", "first", "second", "third", "other2"] and all(.verdict == "landed" and .changed)'
expect_same 'the fork' "$(status_of forked)" Merged

# A test that fails is told once, in one comment that is changed; what is rejected is nobody's turn but its author's.
offer alice bad how 'echo "@carol"; exit 7'
yes_to bob bad
bad=$(pull_of bad)
told() { state ".pulls[$bad - 1].comments | map(select(.title == \"cdctl: landing on main\")) | $1"; }
pipe_exit 1 "$landing"
expect_json 'any(.verdict == "rejected" and .changed)'
expect_same 'its comments' "$(told length)" 1
expect_same 'its status' "$(status_of bad)" 'Needs review'
pipe_exit 0 "$landing"
expect_same 'its comments' "$(told length)" 1
as alice git commit -q --allow-empty -m 'Worse'
as alice cdctl propose bad >/dev/null
yes_to bob bad
pipe_exit 1 "$landing"
expect_same 'its comments' "$(told length)" 1
[[ $(told '.[0].content') == *"$(as alice git rev-parse bad)"* ]] || fail "not of its head: $(told '.[0].content')"
git -C origin.git update-ref -d refs/heads/bad

# A server in trouble.
offer alice good good x
yes_to bob good
say trouble '{"match": "getMergeProposals", "status": 503, "times": 2}'
say trouble '{"match": "/all_comments", "how": "cut", "times": 2}'
say trouble '{"match": "/preview_diffs", "status": 429, "headers": {"Retry-After": "1"}}'
pipe_exit 0 'cdctl proposals'
expect_json 'any(.title | test("good"))'
# Half an answer makes no vote count, and no list shorter.
half='"status": 200, "times": 99, "body":'
for trouble in '"match": "/votes", "status": 500, "times": 99' '"match": "getMergeProposals", "how": "html", "status": 200, "body": "<html>", "times": 99' \
  "\"match\": \"/votes\", $half {\"message\": \"x\"}" "\"match\": \"/votes\", $half {\"start\": 0, \"total_size\": 3, \"entries\": []}" \
  "\"match\": \"/votes\", $half {\"entries\": [], \"next_collection_link\": \"https://elsewhere.example/devel/x\"}" \
  "\"match\": \"getMergeProposals\", $half {\"entries\": [{\"queue_status\": \"Approved\"}]}" \
  "\"match\": \"/all_comments\", $half {\"entries\": null}" "\"match\": \"/preview_diffs\", \"status\": 401, \"times\": 99" \
  '"match": "isPersonTrustedReviewer", "status": 403, "times": 99' '"match": "getRefByPath", "status": 500, "times": 99'; do
  say trouble "{$trouble}"
  main=$(head_of main)
  CDCTL_HOME=$work/home-new pipe_exit 4 "$landing"
  expect_same "main after $trouble" "$(head_of main)" "$main"
  say trouble '{}'
done
# Of one nothing is told of its branch: it is left out alone.
say trouble "{\"match\": \"getRefByPath.*good\", $half {\"path\": \"x\"}}"
main=$(head_of main)
CDCTL_HOME=$work/home-new pipe_exit 0 "$landing"
expect_error 'what its branch is: it is left out'
expect_same 'main' "$(head_of main)" "$main"
say trouble '{}'
# What was said with a vote is asked for where it is not among the comments, for it may be against the proposal.
say trouble "{\"match\": \"/all_comments\", $half {\"entries\": []}}"
CDCTL_HOME=$work/home-new pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of good)\" and .verdict == \"ready\")"
say trouble '{"match": "/comments/", "status": 404, "times": 99}'
CDCTL_HOME=$work/home-new pipe_exit 4 "$landing"
say trouble '{}'
# An approval of which nobody knows what there was to see is none.
say pull "{\"number\": $(pull_of good), \"reviewer\": \"carol\"}"
say trouble "{\"match\": \"/preview_diffs\", $half {\"entries\": []}}"
CDCTL_HOME=$work/home-new pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json "any(.proposal == \"$(pull_of good)\" and .verdict == \"waiting\" and (.why | test(\"Launchpad does not tell what it is of\")))"
say trouble '{}'
# It was told that one is merged, and the answer was lost.
say trouble '{"method": "POST", "match": "/\\+merge/", "status": 502, "after": true}'
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'any(.verdict == "landed" and (.title | test("good")))'
expect_same 'its status' "$(status_of good)" Merged

# By squash no commit of it is on the target; Launchpad would never see it.
target <<<"method = \"squash\"
$plain"
offer alice flat flat x
yes_to bob flat
pipe_exit 0 "set -o pipefail; $landing"
expect_json 'any(.verdict == "landed")'
expect_same 'its status' "$(status_of flat)" Merged
pipe_exit 0 "set -o pipefail; $landing"

for file in votes status own rejected read stands other1 other3; do
  ! git -C origin.git cat-file -e "main:$file" 2>/dev/null || fail "$file landed"
done
for name in robot alice bob; do
  for word in $(tr ':' ' ' <"tokens/$name"); do
    ! grep -rqF -- "$word" home home-new state out err cdctl.toml targets.d 2>/dev/null || fail "the token of $name is in a file"
  done
done
