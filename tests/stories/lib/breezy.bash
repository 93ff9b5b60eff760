# A Breezy branch that is a target, a folder of proposals beside it, three people with keys, and what they do.

# make_server: branches below $work/srv, which `place` names for everybody (an address of the same folder).
make_server() {
  place=${1:-$work/srv}
  export BRZ_HOME=$work BZR_HOME=$work HOME=$work BRZ_EMAIL='Seed <seed@example.com>'
  mkdir -p bin keys people
  cat >bin/as <<'END_OF_AS'
#!/bin/sh
who=$1
shift
export BRZ_EMAIL="$who <$who@example.com>" CDCTL_SIGNING_KEY="$CDCTL_STORY/keys/$who"
cd "$CDCTL_STORY/people/$who" && exec "$@"
END_OF_AS
  # at NAME TOPIC COMMAND...: in a branch of theirs.
  printf '#!/bin/sh\nwho=$1 topic=$2\nshift 2\ncd "$CDCTL_STORY/people/$who/$topic" && exec as "$who" sh -c '"'"'cd "$0" && exec "$@"'"'"' "$topic" "$@"\n' >bin/at
  chmod +x bin/as bin/at
  PATH=$work/bin:$PATH
  # As people make them by hand: with working trees, which no push from elsewhere updates.
  mkdir -p srv/propose
  brz init -q srv/trunk
  brz init -q srv/reviews
  brz branch -q srv/trunk seed
  printf '#!/bin/sh\n. ./how\n' >seed/check
  printf 'echo fine\n' >seed/how
  printf 'one\n' >seed/words
  chmod +x seed/check
  (cd seed && brz add -q && brz commit -qm 'Begin' && brz push -q --no-remember "$work/srv/trunk")
  for person in alice bob carol; do
    ssh-keygen -q -t ed25519 -N '' -C "$person" -f "keys/$person"
    printf '%s@example.com %s\n' "$person" "$(cut -d' ' -f1,2 "keys/$person.pub")" >>reviewers
    mkdir -p "people/$person"
    brz init-shared-repo -q "people/$person"
  done
}

# make_target: the target `trunk`; further lines of its file come from stdin.
make_target() {
  mkdir -p targets.d
  {
    printf 'forge = "bzr"\nrepository = "%s/trunk"\nbranch = "trunk"\n' "$place"
    cat
    printf '[bzr]\nproposals = "%s/propose"\nreviews = "%s/reviews"\nreviewers = "reviewers"\n' "$place" "$place"
  } >targets.d/trunk.toml
}

# change NAME TOPIC FILE TEXT: a branch off the newest trunk with one revision.
change() {
  rm -rf "people/${1:?}/${2:?}"
  as "$1" brz branch -q "$work/srv/trunk" "$2"
  printf '%s\n' "$4" >"people/$1/$2/$3"
  at "$1" "$2" brz add -q
  at "$1" "$2" brz commit -qm "Change $3 for $2"
}

# offer NAME TOPIC FILE TEXT [PROPOSE-OPTION...]
offer() {
  change "$1" "$2" "$3" "$4"
  at "$1" "$2" cdctl propose "${@:5}" >/dev/null
}

# vote NAME TOPIC VOTE: looks at it, and says so.
vote() {
  if [ -d "people/$1/$2" ]; then
    at "$1" "$2" brz pull -q --overwrite "$work/srv/propose/$2"
  else
    as "$1" brz branch -q --no-tree "$work/srv/propose/$2" "$2"
  fi
  at "$1" "$2" cdctl review "$2" "$3" >/dev/null
}

withdraw() {
  local topic
  for topic; do rm -rf "srv/propose/${topic:?}/.bzr/branch"; done
}

landing='cdctl proposals | cdctl gate | cdctl verify | cdctl land'
tip_of() { brz revision-info -d "srv/$1" | cut -d' ' -f2; }
on_trunk() { brz cat -r -1 -d srv/trunk "$1" 2>/dev/null; }
left() { find srv/propose -mindepth 3 -maxdepth 3 -name branch -printf '%P\n' | cut -d/ -f1 | sort | tr '\n' ' '; }
tests_run() { { find home/land/logs -type f 2>/dev/null || true; } | wc -l; }
