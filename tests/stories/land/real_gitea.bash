#!/usr/bin/env bash
# The pipe on a real Gitea or Forgejo, on loopback, of this story alone: $CDCTL_GITEA names its program, or `gitea` or `forgejo` is on PATH.
# Skipped where there is none. What its stand-in does (tests/fakes/forge_stand/gitea.py) was held to it by runs on 1.26.0.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
gitea=${CDCTL_GITEA:-$(command -v gitea || command -v forgejo || true)}
[ -n "$gitea" ] || { printf 'skipped: there is no gitea, and CDCTL_GITEA names none\n' >&2; exit 0; }
begin

# --- the server

# Without what the story has told git: its own settings are in a home of its own.
server() { env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_NOSYSTEM -u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL -u GIT_COMMITTER_NAME -u GIT_COMMITTER_EMAIL HOME="$work/gitea" \
  "$gitea" "$@" --config "$work/gitea/app.ini" --work-path "$work/gitea"; }

start_gitea() {
  local port
  mkdir -p gitea
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  forge_url=http://127.0.0.1:$port
  cat >gitea/app.ini <<END
RUN_USER = $(id -un)
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = $port
ROOT_URL = $forge_url/
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = $work/gitea/gitea.db
[repository]
ROOT = $work/gitea/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = of-this-story
[service]
DISABLE_REGISTRATION = true
[api]
MAX_RESPONSE_ITEMS = 3
DEFAULT_PAGING_NUM = 2
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
[mailer]
ENABLED = false
[log]
MODE = console
LEVEL = Warn
END
  server web >gitea/out 2>&1 &
  eventually 120 curl -sf "$forge_url/api/v1/version" || { tail -20 gitea/out >&2; fail 'no gitea'; }
}

# api WHO METHOD PATH [JSON]: its answer; fails where it is not a good one.
api() {
  curl -sS --fail-with-body -X "$2" -H "Authorization: token $(<"tokens/$1")" -H 'Content-Type: application/json' ${4:+--data-raw "$4"} "$forge_url/api/v1$3" ||
    { printf '%s %s as %s\n' "$2" "$3" "$1" >&2; return 1; }
}
# ask FILTER PATH: jq over what the server says.
ask() { api boss GET "$2" | jq -r "$1"; }

# make_account NAME [OPTION...]: with a token, and a clone that pushes by it.
make_account() {
  mkdir -p tokens
  server admin user create --username "$1" --password "$(random_hex 8)aA1-" --email "$1@example.com" --must-change-password=false --access-token \
    --access-token-name story --access-token-scopes all "${@:2}" >made 2>&1 || { cat made >&2; fail "no account $1"; }
  grep -oE '\b[0-9a-f]{40}\b' made | tail -1 >"tokens/$1"
  rm made
}
# Over git's http it takes a token as a password only.
basic() { printf 'Authorization: Basic %s' "$(printf '%s:%s' "$1" "$(<"tokens/$1")" | base64 -w0)"; }
make_clone() {
  mkdir -p people
  git clone -q -c http.extraHeader="$(basic "$1")" "$forge_url/team/thumbs.git" "people/$1"
  git -C "people/$1" config user.email "$1@example.com"
  git -C "people/$1" config user.name "$1"
}

repo=/repos/team/thumbs
newest='max_by(.id) | "\(.context) \(.status)"'   # its own order is by the second, and leastindex puts the highest first
make_origin
start_gitea
make_account boss --admin
for person in alice bob carol robot reader; do make_account $person; done
api boss POST /orgs '{"username": "team"}' >/dev/null
api boss POST /orgs/team/repos '{"name": "thumbs", "default_branch": "main"}' >/dev/null
git -C seed push -q "http://boss:$(<tokens/boss)@${forge_url#http://}/team/thumbs.git" main
rm -rf origin.git
ln -s gitea/repositories/team/thumbs.git origin.git   # for the helpers of landing.bash, which only read
for person in alice bob carol; do api boss PUT "$repo/collaborators/$person" '{"permission": "write"}'; done
api boss PUT "$repo/collaborators/robot" '{"permission": "admin"}'
api boss PUT "$repo/collaborators/reader" '{"permission": "read"}'
for person in alice bob carol; do make_clone $person; done
sed -i "s|^cd .*|export FORGE_TOKEN=\$(cat \"\$CDCTL_STORY/tokens/\$who\")\n&|" bin/as

# The lander: its token in the environment for the API, in git's settings for the push.
FORGE_TOKEN=$(<tokens/robot)
export FORGE_TOKEN
git config -f lander.gitconfig "http.$forge_url/.extraHeader" "$(basic robot)"
land_all() { GIT_CONFIG_GLOBAL=$work/lander.gitconfig pipe_exit "${1:-0}" "set -o pipefail; $landing"; }
mkdir -p targets.d
target() { { printf 'forge = "gitea"\nrepository = "%s/team/thumbs.git"\n' "$forge_url"; cat; printf '[gitea]\ntoken_env = "FORGE_TOKEN"\n%s\n' "${1:-}"; } >targets.d/main.toml; }
plain='verify = { command = "./check" }'
target <<<"$plain"

# pull_of TOPIC: the number of the newest pull request of a branch.
pull_of() { local page; for page in 1 2 3 4 5 6 7 8; do ask '.[] | "\(.number) \(.head.label)"' "$repo/pulls?state=all&limit=3&page=$page"; done | awk -v topic="$1" '$2 == topic || $2 ~ ":" topic "$" { print $1; exit }'; }
approve() { api "$1" POST "$repo/pulls/$(pull_of "$2")/reviews" "{\"event\": \"${3:-APPROVED}\", \"body\": \"${4:-}\"}" >/dev/null; }
pull() { ask "$2" "$repo/pulls/$(pull_of "$1")"; }
withdrawn() { api boss PATCH "$repo/pulls/$(pull_of "$1")" '{"state": "closed"}' >/dev/null; }

expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target main" and .state == "ok" and (.found | test("team/thumbs on .*/api/v1 as robot: it may read and write")))'
FORGE_TOKEN=wrong expect_exit 4 cdctl proposals
expect_error '401.*the token is not one that it knows'
land_all
expect_quiet

# From its first word to trunk. Its repository allows to be told of a merge.
api boss PATCH $repo '{"allow_manual_merge": true}' >/dev/null
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
expect_exit 0 as bob cdctl review 1 needs-information
expect_json '.[0].changed == false'
expect_exit 0 cdctl proposals
expect_json '.[0].votes | length == 1 and .[0].value == "Needs Information" and .[0].trusted'
expect_exit 0 as bob cdctl review 1 approve
expect_exit 0 as bob cdctl review 1 approve
expect_json '.[0].changed == false'
land_all
expect_json '.[0].verdict == "landed" and .[0].changed and .[0].reviewers == ["bob"]'
expect_same 'the pull request' "$(pull fix '"\(.state) \(.merged) \(.merge_commit_sha)"')" "closed true $(head_of main)"
expect_same 'its branch' "$(git -C origin.git for-each-ref refs/heads/fix)" ''
expect_same 'its status' "$(ask "$newest" "$repo/commits/$(pull fix .head.sha)/statuses?sort=leastindex")" 'cdctl/main success'
expect_same 'its comments' "$(ask 'map(.user.login) | join(" ")' "$repo/issues/1/comments")" robot
land_all
expect_quiet

# By default it does not: then it is closed, and what comes after it lands all the same, in a later run.
api boss PATCH $repo '{"allow_manual_merge": false}' >/dev/null
offer alice closes closes x
offer alice after after x --after "$(pull_of closes)"
approve bob closes
land_all
expect_json 'map(.verdict) == ["landed"]'
expect_same 'the pull request' "$(pull closes '"\(.state) \(.merged)"')" 'closed false'
approve bob after
land_all
expect_json 'map(.verdict) == ["landed"]'
# Where it detects merges by itself, nobody has to tell it.
api boss PATCH $repo '{"allow_manual_merge": true, "autodetect_manual_merge": true}' >/dev/null
offer alice seen seen x
approve bob seen
land_all
expect_json 'map(.verdict) == ["landed"]'
expect_same 'the pull request' "$(pull seen '"\(.state) \(.merged)"')" 'closed true'
api boss PATCH $repo '{"autodetect_manual_merge": false}' >/dev/null

# Whose word counts.
for topic in reader dismissed older stands; do offer alice "$topic" "$topic" x; done
approve reader reader
approve bob dismissed
api boss POST "$repo/pulls/$(pull_of dismissed)/reviews/$(ask '.[0].id' "$repo/pulls/$(pull_of dismissed)/reviews")/dismissals" '{"message": "no"}' >/dev/null
approve bob older
approve bob stands REQUEST_CHANGES 'Not so'
for topic in older stands; do
  as alice git checkout -q $topic
  as alice git commit -q --allow-empty -m 'More'
  as alice cdctl propose $topic >/dev/null
done
approve carol stands
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'length == 4 and all(.verdict == "waiting")'
expect_json 'any(.why | test("reader: they may not push")) and any(.why | test("of an older head|it is stale")) and any(.why | test("Needs Fixing == 0 .has 1"))'
api boss POST /orgs/team/teams '{"name": "readers", "permission": "read", "units": ["repo.code", "repo.pulls"], "units_map": {"repo.code": "read", "repo.pulls": "read"}}' >/dev/null
api boss PUT "/teams/$(ask '.[] | select(.name == "readers") | .id' /orgs/team/teams)/members/reader"
target 'reviewers = ["BOB", "team/readers"]' <<<"$plain"
FORGE_TOKEN=$(<tokens/boss) pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json 'map(select(.verdict == "ready")) | length == 1 and .[0].reviewers == ["reader"]'
expect_exit 4 cdctl proposals   # who is in no team of the organisation may not see them
expect_error 'gitea.reviewers'
target <<<"$plain"
FORGE_TOKEN=$(<tokens/alice) expect_exit 4 cdctl proposals
expect_error '403.*gitea.reviewers names them without a question|gitea.reviewers names them without a question.*403'
for topic in reader dismissed older stands; do withdrawn "$topic"; done

# Conversations on lines, a request for a review, a draft.
offer alice talk words talked
number=$(pull_of talk)
api bob POST "$repo/pulls/$number/reviews" '{"event": "COMMENT", "body": "see", "comments": [{"path": "words", "body": "why?", "new_position": 1}]}' >/dev/null
approve carol talk
api boss POST "$repo/pulls/$number/requested_reviewers" '{"reviewers": ["bob"]}' >/dev/null
target <<<"votes = \"Approve >= 1, Unresolved == 0, Pending == 0\"
$plain"
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("Unresolved == 0 .has 1")) and (.[0].why | test("Pending == 0 .has 1"))'
review=$(ask 'map(select(.comments_count > 0)) | .[0].id' "$repo/pulls/$number/reviews?limit=3")
api boss POST "$repo/pulls/comments/$(ask '.[0].id' "$repo/pulls/$number/reviews/$review/comments")/resolve" >/dev/null
as bob git fetch -q origin "refs/pull/$number/head"
as bob cdctl review "$number" approve >/dev/null
api boss PATCH "$repo/pulls/$number" '{"title": "WIP: talk"}' >/dev/null
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("draft"))'
api boss PATCH "$repo/pulls/$number" '{"title": "talk"}' >/dev/null
land_all
expect_json '.[0].verdict == "landed"'
target <<<"$plain"

# A fork that is gone closes what came from it; a chain of three that was proposed in the wrong order; all in pages of three.
api carol POST $repo/forks '{}' >/dev/null
as carol git remote add fork "$forge_url/carol/thumbs.git"
as carol git config remote.pushDefault fork
offer carol forked forked x
expect_same 'where its branch is' "$(pull forked .head.repo.full_name)" carol/thumbs
approve bob forked
api carol DELETE /repos/carol/thumbs
as carol git config --unset remote.pushDefault
expect_same 'the fork' "$(pull forked '"\(.head.repo) \(.state)"')" 'null closed'
offer alice first first 1
offer alice second second 2 --after "$(pull_of first)"
offer alice third third 3 --after "$(pull_of second)"
for number in 1 2 3; do offer bob "other$number" "other$number" x; done
for topic in third second first; do approve bob $topic; done
approve alice other2
land_all
expect_json 'map(.title | sub(".* "; "")) == ["first", "second", "third", "other2"] and all(.verdict == "landed" and .changed)'

# A test that fails is told once, in one comment.
offer alice bad how 'echo "@carol"; exit 7'
approve bob bad
bad=$(pull_of bad)
for round in 1 2; do
  land_all 1
  expect_json "any(.verdict == \"rejected\" and .changed == ($round == 1))"
  expect_same comments "$(ask length "$repo/issues/$bad/comments")" 1
  expect_same 'its status' "$(ask "$newest" "$repo/commits/$(pull bad .head.sha)/statuses?sort=leastindex")" 'cdctl/main failure'
done
withdrawn bad

# Statuses of others, on the merge: what nobody has set is no pass.
target <<<'verify = { statuses = ["ci"], limit = "60s" }'
offer alice status status x
approve bob status
(
  for ((i = 0; i < 300; i++)); do
    commit=$(git -C origin.git for-each-ref --format='%(objectname)' refs/heads/staging | head -1)
    [ -z "$commit" ] || { api bob POST "$repo/statuses/$commit" '{"state": "success", "context": "ci"}' >/dev/null && break; }
    sleep 0.2
  done
) &
land_all
expect_json 'map(.verdict) == ["landed"]'
wait $!
target <<<"$plain"

# By its own call, where nobody may push: each method, a head that moves, a rule.
api boss POST $repo/branch_protections '{"branch_name": "main", "rule_name": "main", "enable_push": false}' >/dev/null
offer alice pushed pushed x
approve bob pushed
land_all 5
expect_json '.[0].verdict == "deferred"'
for method in merge squash rebase; do
  target <<<"land_via = \"forge\"
method = \"$method\"
$plain"
  if [ $method != merge ]; then
    offer alice "by$method" "by$method" x
    approve bob "by$method"
  fi
  land_all
  expect_json 'map(.verdict) == ["landed"] and .[0].changed'
  topic=$([ $method = merge ] && echo pushed || echo by$method)
  expect_same "$topic" "$(pull "$topic" '"\(.state) \(.merged) \(.merge_commit_sha)"')" "closed true $(head_of main)"
  expect_same "parents by $method" "$(git -C origin.git log -1 --format=%P main | wc -w)" "$([ $method = merge ] && echo 2 || echo 1)"
  land_all
  expect_quiet
done
target <<<"land_via = \"forge\"
$plain"
offer alice moves moves 1
approve bob moves
GIT_CONFIG_GLOBAL=$work/lander.gitconfig pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
api boss PATCH $repo/branch_protections/main '{"required_approvals": 2, "enable_approvals_whitelist": false}' >/dev/null
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("405"))'
api boss PATCH $repo/branch_protections/main '{"required_approvals": 0}' >/dev/null
as alice git checkout -q moves
as alice git commit -q --allow-empty -m 'More'
as alice cdctl propose moves >/dev/null
pipe_exit 5 'cdctl land <verified.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("is not at .* any more"))'

for file in reader dismissed older stands other1 other3 bad moves; do
  ! git -C origin.git cat-file -e "main:$file" 2>/dev/null || fail "$file landed"
done
! grep -rqF -- "$FORGE_TOKEN" home state out err cdctl.toml targets.d 2>/dev/null || fail 'the token is in a file'
