# A server for code reviews (tests/fakes/forge) with a repository team/thumbs, and people who have tokens there. landing.bash goes first.

# start_forge FACE: origin.git of landing.bash becomes its repository.
start_forge() {
  mkdir -p forge/team
  mv origin.git forge/team/thumbs.git
  ln -s forge/team/thumbs.git origin.git   # for the helpers of landing.bash
  "$source_dir/tests/fakes/forge" "$1" forge port 2>forge.err &
  eventually 20 test -s port
  forge_url=http://127.0.0.1:$(<port)
  say set '{}'
}

# say WHAT JSON: see tests/fakes/forge_stand/control.py.
say() { curl -sSf --data-raw "$2" "$forge_url/_/$1" >/dev/null; }
# state FILTER: jq over what the server has.
state() { curl -sSf "$forge_url/_/state" | jq -r "$1"; }
requests() { curl -sSf "$forge_url/_/requests"; }

# make_member NAME MAY: a token, and a clone that pushes to the repository.
make_member() {
  mkdir -p people tokens
  printf 'tok_%s_%s\n' "$1" "$(random_hex 8)" >"tokens/$1"
  say user "{\"login\": \"$1\", \"token\": \"$(<"tokens/$1")\", \"may\": \"$2\"}"
  git clone -q "$forge_url/team/thumbs.git" "people/$1"
  git -C "people/$1" config user.email "$1@example.com"
  git -C "people/$1" config user.name "$1"
}

# make_member_as: `as` of landing.bash, with the token of the person.
make_member_as() {
  make_as
  sed -i "s|^cd .*|export FORGE_TOKEN=\$(cat \"\$CDCTL_STORY/tokens/\$who\")\n&|" bin/as
}

# make_fork NAME: a fork, which the person's clone pushes to from now on.
make_fork() {
  mkdir -p "forge/$1"
  git clone -q --bare forge/team/thumbs.git "forge/$1/thumbs.git"
  git -C "people/$1" remote add fork "$forge_url/$1/thumbs.git"
  git -C "people/$1" config remote.pushDefault fork
}

# pull_of TITLE-OR-BRANCH: the number of the newest proposal of a branch.
pull_of() { state ".pulls | map(select(.branch == \"$1\")) | last | .number"; }

# approve NAME TOPIC [STATE] [COMMIT]: said in a browser.
approve() { say review "{\"number\": $(pull_of "$2"), \"login\": \"$1\", \"state\": \"${3:-APPROVED}\"${4:+, \"commit\": \"$4\"}}"; }

# holds_up_one PATH: one bad answer about a proposal, at this path of it, holds up that one, and no other.
holds_up_one() {
  local topic
  for topic in silent spoken; do
    offer alice $topic $topic x
    approve bob $topic
  done
  say trouble "{\"match\": \"/$(pull_of silent)/$1\", \"status\": 403, \"times\": 99}"
  pipe_exit 4 "$landing"
  expect_error "reading what was said of $(pull_of silent): .*403"
  expect_json 'any(.verdict == "landed" and (.title | test("spoken"))) and any(.verdict == "deferred" and (.title | test("silent")) and (.error | test("403")))'
  say trouble '{}'
  pipe_exit 0 "set -o pipefail; $landing"
  expect_json 'map(select(.title | test("silent"))) | length == 1 and .[0].verdict == "landed"'
}
