# Thirty proposals and two landers under fire (thirty.bash) through a server for code reviews, which answers 405, 409, 422, 429 and 5xx, not
# at all, in the middle of an answer and in HTML meanwhile, has pages of seven, and loses a fork. After crashes.bash, landing.bash,
# thirty.bash and forge.bash.

declare -A reviewer_of
first_of_moved=

# Who approves, said in a browser once all is proposed.
sign() {
  reviewer_of[$2]=$1
  [ "$2" != moved ] || first_of_moved=$(git -C desk rev-parse refs/heads/moved)
}

# home_of TOPIC: the repository that its branch is in; carol works in a fork.
author_of() { git -C desk log -1 --format=%an "$1" --; }
home_of() { case $(author_of "$1") in carol) echo carol/thumbs ;; *) echo team/thumbs ;; esac; }

propose_thirty() {
  local topic repo after sign='#'
  [ "$1" != gitlab ] || sign='!'
  # What fails is the oldest, before `how` is changed by what lands.
  for topic in bad hangs $(printf '%s\n' "${topics[@]}" | grep -vx 'bad\|hangs'); do
    repo=$(home_of "$topic")
    git -C desk push -q "$work/forge/$repo.git" "$([ "$topic" = moved ] && echo "$first_of_moved" || echo "$topic"):refs/heads/$topic"
    say open "$(jq -nc --arg head "$repo" --arg branch "$topic" --arg user "$(author_of "$topic")" \
      '{repo: "team/thumbs", head_repo: $head, branch: $branch, base: "main", title: "Change it for \($branch)", body: "", user: $user}')"
    approve "${reviewer_of[$topic]}" "$topic"
  done
  for topic in 'c3 c2' 'c2 c1' 'y1 y2' 'y2 y1'; do
    after=${topic#* } topic=${topic% *}
    say pull "{\"number\": $(pull_of "$topic"), \"body\": \"Depends-On: $sign$(pull_of "$after")\"}"
  done
  git -C desk push -q -f "$work/forge/team/thumbs.git" moved:refs/heads/moved
}

# What the server answers now and then, each to the next call of its kind; twice a second, so that most calls are answered well.
make_trouble() {
  local one troubles=(
    '"match": "/(pulls|merge_requests)\\?", "status": 503' '"match": "/(reviews|approvals)", "how": "cut"'
    '"match": "/commits", "status": 429, "headers": {"Retry-After": "1"}' '"match": "page=2", "status": 500'
    '"match": "/(reviews|versions)", "how": "html", "status": 200, "body": "<html>"' '"match": "/(pulls|merge_requests)/[0-9]+$", "how": "hang", "seconds": 2'
    '"method": "POST", "match": "/statuses", "status": 409' '"method": "POST", "match": "/(comments|notes)", "status": 422'
    '"method": "DELETE", "match": "/(branches|refs)/", "status": 500' '"match": "/(branches|ref)/", "status": 429, "headers": {"Retry-After": "1"}'
  )
  local method=$1 status
  for status in 405 409 422 429 500; do troubles+=("\"method\": \"$method\", \"match\": \"/merge\$\", \"status\": $status, \"headers\": {\"Retry-After\": \"1\"}"); done
  troubles+=("\"method\": \"$method\", \"match\": \"/merge\$\", \"status\": 502, \"after\": true")
  while :; do
    for one in "${troubles[@]}"; do
      say trouble "{\"alone\": true, $one}" 2>/dev/null || return 0
      sleep 0.5
    done
  done
}

# Between two hands the fork goes, and what was proposed from it stays; Gitea closes it.
at_hand() { [ "$1" != 1 ] || [ "$face" = gitea ] || say forget '{"repo": "carol/thumbs"}'; }

# told TOPIC: what its proposal says in the end.
open_topics() { state '.pulls | map(select(.state == "open") | .branch) | sort | join(" ")'; }

# thirty_at FACE
thirty_at() {
  local face=$1 rounds=150 points began=$SECONDS topic method=PUT troubles pull
  make_origin
  start_forge "$face"
  for topic in alice bob carol; do make_member $topic write; done
  make_member robot admin
  make_fork carol
  write_thirty
  propose_thirty "$face"
  say set '{"page_cap": 7, "notice_after": 1}'
  FORGE_TOKEN=$(<tokens/robot)
  export FORGE_TOKEN
  make_landers <<END
forge = "$face"
repository = "$forge_url/team/thumbs.git"
branch = "main"
verify = { command = "./check", silence = "5s", grace = "300ms" }
[$face]
token_env = "FORGE_TOKEN"
END
  mapfile -t points < <(crash_points "$source_dir/core/land" "$source_dir/plugins/git/git_repository.cpp" "$source_dir/plugins/forges" | grep -v mirror)
  [ "$face" != gitea ] || method=POST
  make_trouble $method &
  troubles=$!
  race "${points[@]}"
  kill $troubles
  wait $troubles 2>/dev/null || true
  say trouble '{}'
  for topic in 1 2; do (at_most=100 lander one); (at_most=100 lander two); done   # what is left of those that died is brought to its end, and nothing more is done

  # Of the two that conflict either is good.
  [ "$(landed_topics | grep -c '^x[12]$')" = 1 ] || fail 'x1 and x2 landed, or neither'
  local other=x2
  if landed_topics | grep -qx x2; then
    other=x1
    mapfile -t good < <(printf '%s\n' "${good[@]}" | sed 's/^x1$/x2/')
  fi
  expect_landed
  expect_same 'what is open' "$(open_topics)" "bad hangs moved $other y1 y2"
  for topic in bad hangs $other; do
    pull=$(pull_of "$topic")
    expect_same "the status of $topic" "$(state ".statuses[\"${head_of_topic[$topic]}\"] | map(select(.context == \"cdctl/main\") | .state) | last | test(\"^fail\")")" true
    expect_same "the comments on $topic" "$(state ".pulls[$pull - 1].comments | length")" 1
  done
  expect_same 'branches that are left' "$(git -C origin.git for-each-ref --format='%(refname:lstrip=2)' refs/heads | tr '\n' ' ')" \
    "main moved next $([ $other = x2 ] || echo 'x1 ')y1 y2 "
  ! grep -rqF -- "$FORGE_TOKEN" home-one home-two ./*.err ./*.ndjson landers 2>/dev/null || fail 'the token is in a file'
  printf 'thirty through %s: %s s\n' "$face" $((SECONDS - began)) >&2
}
