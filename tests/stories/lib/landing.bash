# A repository whose main branch is a target, three people with keys, and what they do.

# make_target [NAME [BRANCH]]: a target on origin.git; further lines of its file come from stdin.
make_target() {
  local name=${1:-main} branch=${2:-main}
  mkdir -p targets.d
  {
    printf 'repository = "%s/origin.git"\nbranch = "%s"\n' "$work" "$branch"
    cat
    printf '[git]\nreviewers = "reviewers"\n'
  } >"targets.d/$name.toml"
}

# The program that tests: what it does is in the file `how`, so that a proposal can say.
make_origin() {
  make_as
  git init -q --bare -b main origin.git
  git init -q -b main seed
  printf '#!/bin/sh\n. ./how\n' >seed/check
  printf 'echo fine\n' >seed/how
  printf 'one\n' >seed/words
  chmod +x seed/check
  git -C seed add -A && git -C seed commit -qm 'Begin' && git -C seed push -q "$work/origin.git" main
}

# make_person NAME: a clone, and a key that counts.
make_person() {
  mkdir -p keys people
  ssh-keygen -q -t ed25519 -N '' -C "$1" -f "keys/$1"
  printf '%s@example.com %s\n' "$1" "$(cut -d' ' -f1,2 "keys/$1.pub")" >>reviewers
  git clone -q origin.git "people/$1"
  git -C "people/$1" config user.email "$1@example.com"
  git -C "people/$1" config user.name "$1"
  git -C "people/$1" config user.signingkey "$work/keys/$1.pub"
}

# as NAME COMMAND...: in the clone of a person, who made what is committed. A program, so that `expect_exit` can run it.
make_as() {
  mkdir -p bin
  cat >bin/as <<'END'
#!/bin/sh
who=$1
shift
export GIT_AUTHOR_NAME="$who" GIT_AUTHOR_EMAIL="$who@example.com" GIT_COMMITTER_NAME="$who" GIT_COMMITTER_EMAIL="$who@example.com"
cd "$CDCTL_STORY/people/$who" && exec "$@"
END
  chmod +x bin/as
  PATH=$work/bin:$PATH
}

# withdraw TOPIC...: nothing of a proposal is left.
withdraw() {
  local topic ref
  for topic; do
    git -C origin.git for-each-ref --format='%(refname)' "refs/heads/propose/*/$topic" "refs/reviews/*/$topic/*" "refs/proposals/*/$topic" |
      while read -r ref; do git -C origin.git update-ref -d "$ref"; done
  done
}

# change NAME TOPIC FILE TEXT [BRANCH]: a branch off the newest main (or BRANCH), with one commit.
change() {
  as "$1" git fetch -q origin
  as "$1" git checkout -q -B "$2" "${5:-origin/main}"
  printf '%s\n' "$4" >"people/$1/$3"
  as "$1" git add -A
  as "$1" git commit -qm "Change $3 for $2"
}

# offer NAME TOPIC FILE TEXT [PROPOSE-OPTION...]: the same, proposed.
offer() {
  change "$1" "$2" "$3" "$4"
  as "$1" cdctl propose "$2" "${@:5}" >/dev/null
}

# vote NAME TOPIC VOTE [REVIEW-OPTION...]: of what is proposed now, whatever is checked out.
vote() {
  local head
  head=$(git -C "$work/origin.git" for-each-ref --format='%(objectname)' "refs/heads/propose/**/$2" | head -n 1)
  as "$1" git fetch -q origin
  as "$1" cdctl review "$2" "$3" ${head:+--head "$head"} "${@:4}" >/dev/null
}

landing='cdctl proposals | cdctl gate | cdctl verify | cdctl land'
head_of() { git -C origin.git rev-parse -q --verify "refs/heads/$1" || true; }
tree_of() { git -C origin.git rev-parse "$1^{tree}"; }
refs_left() { git -C origin.git for-each-ref --format='%(refname)' refs/heads/propose refs/reviews refs/proposals | tr '\n' ' '; }
tests_run() { find home/land/logs -type f 2>/dev/null | wc -l; }
