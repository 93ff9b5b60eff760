# What scripts/demo is told with: its stage (the temporary folder), its props, its account. Sourced; wants $root and $build.

. "$root/scripts/processes.bash"

# Whether FOLDER is fit for the stage: Mojo's collect files cannot name a blank, and the workers' programs are run from there.
fit_for_stage() {
  local trial
  [[ $1 != *[[:space:]]* ]] && trial=$(mktemp -- "$1/cdctl-demo.XXXXXX" 2>/dev/null) || return 1
  printf '#!/bin/sh\n' >"$trial" && chmod 700 "$trial" && "$trial" 2>/dev/null
  set -- $?
  rm -f -- "$trial"
  return "$1"
}

open_stage() {
  local parent
  for parent in "${TMPDIR:-/tmp}" /tmp /var/tmp; do fit_for_stage "$parent" && break || parent=; done
  [ -n "$parent" ] || { printf 'demo: no folder for temporary files is writable, runs programs and has no blank in its name; set TMPDIR to one\n' >&2; exit 1; }
  stage=$(mktemp -d "$parent/cdctl-demo.XXXXXX") && cd "$stage" || exit 1
  chmod 700 "$stage"
  export PATH=$build/bin:$build/examples/demo:$root/scripts:$PATH
  export CDCTL_CONFIG=$stage/cdctl.toml
  export CDCTL_DEMO=$stage # every process of this run has the folder in its environment
  unset CDCTL_PLUGIN_PATH AMQP_URL CDCTL_SET
  unset ${!GIT_@}
  export GIT_PAGER=cat GIT_TERMINAL_PROMPT=0 # nobody is there to turn pages or to answer
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
  chapters=0 broken_claims=0 background=()
  touch jobs.ledger producer.ledger
}

# ---------------------------------------------------------------- telling

chapter() {
  chapters=$((chapters + 1))
  printf '\n%d. %s\n\n' "$chapters" "$1"
}

# Prints a command and runs it as it stands.
show() {
  printf '$ %s\n' "$1"
  eval "$1"
}

# The same in the background, in a process group of its own; $1 names it in error lines.
show_background() {
  printf '$ %s &\n' "$2"
  set -m
  eval "$2" </dev/null &
  set +m
  background+=($!)
  declare -g "pid_$1=$!"
}

give_up() {
  printf '\ndemo: %s\n' "$1" >&2
  tail -n 5 breaker.log producer.log 2>/dev/null >&2
  exit 1
}

# claim TEXT ACTUAL = EXPECTED
claim() {
  if [ "$2" = "$4" ]; then
    printf '  [holds] %s\n' "$1"
  else
    printf '  [DOES NOT HOLD] %s: found "%s", expected "%s"\n' "$1" "$2" "$4"
    broken_claims=$((broken_claims + 1))
  fi
}

# ---------------------------------------------------------------- props

# shellcheck disable=SC2145
api() { curl -s -m 10 --noproxy '*' -u "guest:guest" -H 'Content-Type: application/json' "http://127.0.0.1:$HTTP_PORT/api/$@"; }

# An operator's user for cdctl and one for the producer; passwords reach no argument list.
make_users() {
  local name tags secret rights
  # shellcheck disable=SC1090
  . <(grep -E '^(AMQP|HTTP)_PORT=' broker.env)
  for name in cdctl producer; do
    secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    case $name in
      cdctl) tags=administrator rights='{"configure":".*","write":".*","read":".*"}' ;;
      producer) tags= rights='{"configure":"^$","write":"^(amq\\.default|thumbs)$","read":"^$"}' producer_url=amqp://producer:$secret@127.0.0.1:$AMQP_PORT ;;
    esac
    (umask 077 && printf '%s\n' "$secret" >"$name.password")
    printf '{"password":"%s","tags":"%s"}' "$secret" "$tags" | api "users/$name" -f -X PUT -d @- &&
      printf '%s' "$rights" | api "permissions/%2F/$name" -f -X PUT -d @- || give_up "cannot make the RabbitMQ user $name"
  done
}

commit() { # MODE MESSAGE: what the worker of this commit is like
  printf '%s\n' "$1" >thumbs/mode
  show "git -C thumbs commit -qam '$2'" || give_up "git commit failed"
}

make_repositories() {
  local mode
  git init -q -b main thumbs && git init -q -b main thumbs-spec || give_up "git init failed"
  printf 'worker: exec demo-worker thumbs "%s/jobs.ledger" 5\n' "$stage" | sed "s|demo-worker|\"$build/examples/demo/demo-worker\"|" >thumbs/Procfile
  for mode in sketch ok; do
    printf '%s\n' $mode >thumbs/mode
    git -C thumbs add -A && git -C thumbs commit -qm "Make thumbnails: $mode" || give_up "git commit failed"
  done
  cp -r "$root/examples/demo/spec/." thumbs-spec/
  sed -i "s|@TRUNK@|$stage/thumbs|" thumbs-spec/collect
  git -C thumbs-spec add -A && git -C thumbs-spec commit -qm "Build, check, deploy" || give_up "git commit failed"
}

# A trunk that is pushed to, and two people with a clone of it; the key of one counts.
make_reviewer() {
  local who
  git -C thumbs config receive.denyCurrentBranch updateInstead
  ssh-keygen -q -t ed25519 -N '' -C bob -f bob.key || give_up "ssh-keygen failed"
  printf 'bob@example.org %s\n' "$(cut -d' ' -f1,2 bob.key.pub)" >reviewers
  for who in ada bob; do
    git clone -q thumbs $who && git -C $who config user.name ${who^} && git -C $who config user.email $who@example.org || give_up "git clone failed"
  done
  git -C bob config user.signingkey "$stage/bob.key.pub"
}

propose() { # MODE TOPIC MESSAGE: the same, offered and not pushed
  printf '%s\n' "$1" >ada/mode
  show "git -C ada commit -qam '$3'" || give_up "git commit failed"
  show "(cd ada && cdctl propose $2 -o table)" || give_up "cdctl propose failed"
}
landed_tree() { cdctl history --action land -o ndjson | jq -r .tree | tail -n 1; }

write_configuration() {
  cat >cdctl.toml <<END
[rabbit]
management = "http://127.0.0.1:$HTTP_PORT"
amqp = "amqp://127.0.0.1:$AMQP_PORT"
user = "cdctl"
password_file = "cdctl.password"

[local]
home = "$stage/home"
END
  mkdir -p services.d
  mkdir -p targets.d
  cat >targets.d/main.toml <<END
repository = "$stage/thumbs"
[verify]
command = "test -s mode && grep -q '^worker: ' Procfile"
[git]
reviewers = "reviewers"
END
  cat >services.d/thumbs.toml <<END
units = { worker = 3 }

[sources]
trunk = { git = "$stage/thumbs", branch = "main" }
spec  = { git = "$stage/thumbs-spec", branch = "main" }

[mojo]
stage = "production"

[rabbit]
queues = { thumbs = { type = "quorum" } }

[breaker]
rules = ["critical >= 1"]
END
}

was_cut() { jq -es --arg set "$1" 'any(.set == $set and .ok)' breaker.log >/dev/null 2>&1; }
newest_set() { cdctl ls -o ndjson thumbs | jq -r 'select(.newest) | .set'; }

# ---------------------------------------------------------------- the account

count_of() { awk -v event="$1" -v set="$2" '$1 == event && $4 == set { n++ } END { print n + 0 }' jobs.ledger; }
done_jobs_of() { [ "$(count_of done "$1")" -ge "$2" ]; }
deliveries_after() { awk -v set="$1" -v after="$2" '$1 == "delivery" && $4 == set && $2 > after { n++ } END { print n + 0 }' jobs.ledger; }

tell_cut_time() {
  awk -v set="$bad" '
    $4 != set { next }
    $1 == "signal" && (!first || $2 < first) { first = $2 }
    $1 == "delivery" && $2 > last { last = $2 }
    $1 == "delivery" { n++ }
    END { printf "First very-bad signal to last delivery to the bad set: %d ms (it got %d jobs in all).\n", last - first, n }' jobs.ledger
}

account() { # sets published, finished, lost, duplicates
  read -r published finished lost duplicates < <(awk '
    FNR == NR { if ($1 == "confirmed" && !($3 in sent)) { sent[$3]; p++ } next }
    $1 == "done" { if ($3 in did) d++; else { did[$3]; f++ } }
    END { for (job in sent) if (!(job in did)) l++; print p + 0, f + 0, l + 0, d + 0 }' producer.ledger jobs.ledger)
}
all_done() { account; [ "$lost" = 0 ]; }
producer_ended() { ! kill -0 "$pid_producer" 2>/dev/null; }
tell_account() {
  account
  printf 'published %d   done %d   lost %d   duplicates %d\n\n' "$published" "$finished" "$lost" "$duplicates"
}

# ---------------------------------------------------------------- the end

processes_of() { with_environment "CDCTL_SET=$1" | tr '\n' ' '; }

# Sets are removed through cdctl; then whatever of this run is still there is ended by its pid.
tidy_up() {
  local set group
  if [ -f cdctl.toml ]; then
    for set in $(timeout 20 cdctl ls -o name 2>/dev/null); do
      timeout 30 cdctl reap "$set" --grace 2s --even-newest --even-last "$set" >/dev/null 2>&1
    done
  fi
  for group in "${background[@]}"; do kill -TERM -- "-$group" 2>/dev/null; done
  [ ! -d broker ] || private-broker stop broker
  cd / && end_all_of "$stage"
  rm -rf "$stage"
}
