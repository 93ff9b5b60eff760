# Thirty proposals of three authors, two landers at once, kills, hands, and everything that goes wrong with proposals: the same over
# each way to a repository. `thirty URL` is run in a story that has begun; URL is what the landers reach origin.git by. Through a server
# for code reviews: thirty_forge.bash.

topics=() good=() votes=()
declare -A head_of_topic   # what was proposed last
number=0

# put NAME TOPIC FILE TEXT: a commit on the first main, of a second of its own, so that the order is known. In the clone `desk`.
put() {
  number=$((number + 1))
  (
    cd desk
    git checkout -q -B "$2" origin/main
    printf '%s\n' "$4" >"$3"
    git add -A
    GIT_AUTHOR_NAME=$1 GIT_AUTHOR_EMAIL=$1@example.com GIT_COMMITTER_NAME=$1 GIT_COMMITTER_EMAIL=$1@example.com \
      GIT_AUTHOR_DATE="$((1700000000 + number)) +0000" GIT_COMMITTER_DATE="$((1700000000 + number)) +0000" git commit -qm "Change $3 for $2"
  )
}

# sign NAME TOPIC: a vote, as cdctl review makes it; all are pushed at once.
sign() {
  printf '%s\n\nReview-target: main\nReview-topic: %s\nReview-vote: Approve\n' "$2: Approve" "$2" |
    git -C desk -c user.name="$1" -c user.email="$1@example.com" -c gpg.format=ssh -c user.signingkey="$work/keys/$1.pub" tag -s -F - "vote/$2" "$2"
  votes+=("refs/tags/vote/$2:refs/reviews/main/$2/$1@example.com")
}

# The commits, and who has approved each; `sign` says how.
write_thirty() {
  git clone -q origin.git desk
  local authors=(alice bob carol) n topic
  # What fails comes early, before `how` is changed by what lands.
  put carol bad how 'exit 1'; sign bob bad
  put carol hangs how "trap '' TERM; (trap '' TERM; setsid sleep 4246.$$) & echo begun; while :; do sleep 1; done"; sign bob hangs
  for n in {1..19}; do
    put "${authors[n % 3]}" "p$n" "file$n" "$n"
    sign "${authors[(n + 1) % 3]}" "p$n"
    topics+=("p$n")
    good+=("p$n")
  done
  for topic in c3 c1 c2 y1 y2; do put alice $topic "$topic" $topic; sign bob $topic; done
  put alice x1 words left; sign bob x1
  put carol x2 words right; sign bob x2
  put bob talks how 'head -c 50000000 /dev/zero | tr "\0" x; echo done'; sign alice talks
  put alice moved moved 1; sign bob moved
  git -C desk commit -q --amend -m 'After the review'   # of what is pushed over, the old commit was approved
  topics+=(c3 c1 c2 y1 y2 x1 x2 talks bad hangs moved)
  good+=(c1 c2 c3 x1 talks)
  [ ${#topics[@]} = 30 ] || fail "${#topics[@]} proposals"
  for topic in "${topics[@]}"; do head_of_topic[$topic]=$(git -C desk rev-parse "refs/heads/$topic"); done
}

propose_thirty() {
  local topic
  for topic in "${topics[@]}"; do votes+=("$topic:refs/heads/propose/main/$topic"); done
  git -C desk push -q origin "${votes[@]}"
  as alice git fetch -q origin '+refs/heads/propose/main/*:refs/heads/*'
  for topic in 'c3 c2' 'c2 c1' 'y1 y2' 'y2 y1'; do as alice cdctl propose ${topic% *} --revision ${topic% *} --after ${topic#* } >/dev/null; done
}

lander() { # lander NAME [CRASH-POINT...]: rounds until nothing is left to do; each of the first ones dies at a step
  local name=$1 round points=("${@:2}")
  export CDCTL_HOME=$work/home-$name
  for ((round = 0; round < ${rounds:-60}; round++)); do
    (
      [ -z "${points[round]:-}" ] || export CDCTL_TEST_CRASH_AT=${points[round]}
      cdctl -c landers/cdctl.toml proposals 2>>"$name.err" | cdctl -c landers/cdctl.toml gate 2>>"$name.err" | head -n "${at_most:-6}" |
        cdctl -c landers/cdctl.toml verify 2>>"$name.err" | tee -a "verified.$name.ndjson" | cdctl -c landers/cdctl.toml land >>"landed.$name.ndjson" 2>>"$name.err"
    ) 2>/dev/null || true
    [ "$(merges)" -lt ${#good[@]} ] || [ -n "${points[round + 1]:-}" ] || break
  done
}
merges() { git -C origin.git log --merges --first-parent --format=%H main | wc -l; }

# The topics that main has merged, in its order.
landed_topics() {
  local head topic
  git -C origin.git log --merges --first-parent --reverse --format=%P main | cut -d' ' -f2 | while read -r head; do
    for topic in "${topics[@]}"; do [ "${head_of_topic[$topic]}" != "$head" ] || echo "$topic"; done
  done
}

# The landers' own configuration: it has a second target whose votes nobody can read.
make_landers() {
  mkdir -p landers/targets.d
  cp cdctl.toml landers/
  cat >landers/targets.d/main.toml
  { echo 'votes = "Approve > = 1"'; sed 's/^branch = .*/branch = "next"/' landers/targets.d/main.toml; } >landers/targets.d/wrong.toml
  git -C origin.git branch next main
}

# by_hand N: somebody pushes to main by hand.
by_hand() {
  until git -C hands pull -q --rebase origin main && { [ -e "hands/hand$1" ] || { echo x >"hands/hand$1" && git -C hands add -A && git -C hands commit -qm "By hand $1"; }; } &&
    git -C hands push -q origin HEAD:main; do :; done 2>/dev/null
}

# race CRASH-POINT...: two landers, one of which is killed at each; and, whenever some more have landed, a hand.
race() {
  local hand first second
  [ $# -ge 8 ] || fail "only $# step boundaries found"
  : >verified.one.ndjson && : >verified.two.ndjson
  (lander one "$@") &
  first=$!
  (lander two) &
  second=$!
  git clone -q origin.git hands
  for hand in 1 2 3; do
    until [ "$(merges)" -ge $((hand * 4)) ] || ! kill -0 $first 2>/dev/null; do sleep 0.2; done
    by_hand $hand
    ! declare -F at_hand >/dev/null || at_hand $hand
  done
  wait $first $second || true
}

# Every good one once and nothing else, the chain in its order, and no tree that nobody has verified.
expect_landed() {
  local last hand commit tree
  last=$(landed_topics | tr '\n' ' ')
  expect_same 'what landed' "$(tr ' ' '\n' <<<"$last" | sed '/^$/d' | sort | tr '\n' ' ')" "$(printf '%s\n' "${good[@]}" | sort | tr '\n' ' ')"
  expect_same 'merges' "$(merges)" ${#good[@]}
  [[ $last =~ c1.*c2.*c3 ]] || fail "the chain landed as $last"
  for hand in 1 2 3; do expect_same "hand$hand" "$(git -C origin.git show "main:hand$hand")" x; done
  for commit in $(git -C origin.git log --merges --first-parent --format=%H main); do
    tree=$(tree_of "$commit")
    jq -e --arg tree "$tree" --arg commit "$commit" -s \
      'any(.verdict == "verified" and .tree == $tree and .commit == $commit)' verified.*.ndjson >/dev/null ||
      fail "$(git -C origin.git log -1 --format='%h %s' "$commit") has a tree that nobody verified"
  done
  ! pgrep -f "sleep 4246.$$" >/dev/null || fail 'a child of a test is left'
}

thirty() {
  local url=$1 points began=$SECONDS topic
  make_origin
  for topic in alice bob carol; do make_person $topic; done
  write_thirty
  make_target <<<'verify = { command = "./check", silence = "5s", grace = "300ms" }'
  propose_thirty
  sed "s#^repository = .*#repository = \"$url\"#" targets.d/main.toml | make_landers
  cp reviewers landers/
  mapfile -t points < <(crash_points "$source_dir/core/land" "$source_dir/plugins/git/git_repository.cpp" | grep -v mirror)
  race "${points[@]}"
  (lander one)   # what conflicts with the last that landed is told so now
  expect_landed
  expect_same 'what is left' "$(git -C origin.git for-each-ref --format='%(refname:lstrip=4)' refs/heads/propose | tr '\n' ' ')" 'bad hangs moved x2 y1 y2 '
  for topic in bad hangs x2; do
    git -C origin.git notes --ref=cdctl-land show "$(head_of propose/main/$topic)" >note 2>/dev/null && grep -q 'Land-State: rejected' note || fail "$topic was not told why"
  done
  printf 'thirty over %s: %s s\n' "$(cut -d: -sf1 <<<"$url" | grep . || echo file)" $((SECONDS - began)) >&2
}
