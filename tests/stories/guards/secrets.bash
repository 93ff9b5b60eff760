#!/usr/bin/env bash
# A secret of its own in every place that can hold one; then every command, where it succeeds and where it fails, as loud as it can be.
# None of them is in an output, a record, an argument list, the environment of a child that has no business with it, a log, a file that
# others may read, or a parameter of the broker.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker # what it says in others' names would be found by their doctor
umask 022
ulimit -S -c 1024 2>/dev/null || true
units=1

# ---------------------------------------------------------------- the secrets

: >secrets
declare -A secret
for name in file env command old_password token tokenenv wrong giturl helper gitpassword gitquery bzruser checkuser checkquery mojo scripts plain sshpassword; do
  secret[$name]=shy$name$(random_hex 8)
  printf '%s\n' "${secret[$name]}" >>secrets
done
touch argv environ all
python3 "$source_dir/tests/support/look_at_processes.py" "CDCTL_STORY=$work" "$work" 2>looker.err &

# operator NAME: an administrator of the broker with the secret of that name.
operator() {
  printf '{"password":"%s","tags":"administrator"}' "${secret[$1]}" >body
  api "users/$service-roperator-$1" -X PUT -d @body
  printf '{"configure":".*","write":".*","read":".*"}' >body
  api "permissions/%2F/$service-roperator-$1" -X PUT -d @body
  rm body
}
for name in file env command; do operator $name; done
umask 077
printf '%s\n' "${secret[file]}" >broker.password
printf '%s\n' "${secret[wrong]}" >wrong.password
printf '%s\n' "${secret[command]}" >command.password
printf '%s\n' "${secret[token]}" >listen.token
printf '%s\n' "${secret[env]}" >env.password
printf '%s\n' "${secret[tokenenv]}" >env.token
umask 022
# Only cdctl has them in its environment, and not the programs of the test: each where the configuration names it.
mkdir programs
cat >programs/cdctl <<EOF
#!/bin/sh
case "\$* \$CDCTL_CONFIG" in *env.toml*)
  read -r SHY_PASSWORD <"$work/env.password"
  export SHY_PASSWORD ;;
esac
read -r SHY_TOKEN <"$work/env.token"
export SHY_TOKEN
exec "$build_dir/bin/cdctl" "\$@"
EOF

# A repository that asks for user and password: the user is what people call a token.
printf '%s:%s\n' "${secret[giturl]}" "${secret[helper]}" >git.credentials
printf '%s\n' "${secret[helper]}" >helper.password
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$1" = get ] || exit 0\nprintf "password=%%s\\n" "$(cat "%s/helper.password")"\n' "$work" >helper
chmod +x helper
git config --file gitconfig credential.helper "$work/helper"
export GIT_CONFIG_GLOBAL=$work/gitconfig
mkdir served
python3 "$source_dir/tests/support/basic_auth_server.py" served git.credentials served.port 2>served.err &
served() { [ -s served.port ]; }
eventually 20 served
at=127.0.0.1:$(cat served.port)
make_trunk
ln -s "$work/$service.git/.git" served/trunk.git
publish() { commit "$1" && git -C "$service.git" update-server-info; }
publish ok

# A spec, whose secrets its scripts print, and their environment.
mkdir -p spec.git/scripts
# shellcheck disable=SC2016
printf '#!/bin/sh\nexport -p >"%s/environment-of-scripts"\necho "with $(cat "$MOJO_LOCAL_DIR/token")"\n' "$work" >spec.git/scripts/build
chmod +x spec.git/scripts/build
printf 'secrets\nbuild config=scripts/build\ndeploy config=Procfile\n' >spec.git/manifest
git -C spec.git init -q -b main && git -C spec.git add -A && git -C spec.git commit -qm spec
mkdir -p home && chmod 700 home
mkdir -p "home/mojo/LOCAL/$service"
printf '%s\n' "${secret[mojo]}" >"home/mojo/LOCAL/$service/token"
chmod -R go= home/mojo

# Programs that say what they are given.
# shellcheck disable=SC2016
printf '#!/bin/sh\nexport -p >>"%s/environment-of-${0##*/}"\nexit 7\n' "$work" | tee programs/check programs/cdctl-hello >programs/ssh-refuses
chmod +x programs/*
export PATH=$work/programs:$PATH GIT_SSH=$work/programs/ssh-refuses

make_service "$service" "$service.git" <<EOF
[[checks]]
name = "front"
http = "http://$at/health?token=${secret[checkquery]}"
[[checks]]
name = "own"
command = ["$work/programs/check"]
EOF
write_with_token() {
  local line
  while IFS= read -r line; do
    case $line in
      'trunk = '*) printf 'trunk = { git = "http://%s@%s/trunk.git", branch = "main" }\nspec = { git = "%s/spec.git" }\n' "${secret[giturl]}" "$at" "$work" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"services.d/$service.toml"
}
write_with_token >new && mv new "services.d/$service.toml"
# Services that nobody can read, each by a secret that does not belong there, or to somebody who does not want it.
broken() { printf '[sources]\ntrunk = { %s }\n[rabbit]\nqueues = {}\n%s\n' "$2" "${3:-}" >"services.d/$service-$1.toml"; }
broken gitpassword "git = \"https://bob:${secret[gitpassword]}@$at/x.git\""
broken gitquery "git = \"https://$at/x.git?access_token=${secret[gitquery]}\""
broken forbidden "git = \"http://${secret[giturl]}@$at/forbidden/x.git\""
broken nobody "git = \"http://${secret[giturl]}@127.0.0.1:9/x.git\""
broken sshpassword "git = \"ssh://bob:${secret[sshpassword]}@127.0.0.1/x.git\""
broken ssh "git = \"ssh://bob@127.0.0.1/x.git\""
broken bzruser "bzr = \"https://${secret[bzruser]}@$at/x\""
broken checkuser "git = \"$work/spec.git\"" "[[checks]]
name = \"front\"
http = \"http://bob:${secret[checkuser]}@$at/health\""
broken plain "git = \"$work/spec.git\"" "password = \"${secret[plain]}\""

# config NAME LINE...: a configuration that has the broker's password so.
config() {
  local name=$1 user=$2
  shift 2
  {
    printf '[rabbit]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:%s"\nuser = "%s"\n' "$HTTP_PORT" "$AMQP_PORT" "$user"
    printf '%s\n' "$@"
    engine_config
    # Whoever knows of the variables, though another one has them: they are secrets all the same.
    printf '[signals]\ntoken_env = "SHY_TOKEN"\n'
  } >"$name.toml"
}
config cdctl "$service-roperator-file" 'password_file = "broker.password"'
config env "$service-roperator-env" 'password_env = "SHY_PASSWORD"'
config command "$service-roperator-command" 'password_command = ["cat", "'"$work"'/command.password"]'
config wrong "$service-roperator-file" 'password_file = "wrong.password"'
config open "$service-roperator-file" 'password_file = "open.password"'
printf '%s\n' "${secret[wrong]}" >open.password && chmod 644 open.password
config plain "$service-roperator-file" "password = \"${secret[plain]}\""
config address "$service-roperator-file" 'password_file = "broker.password"'
{ printf '[rabbit]\nmanagement = "http://bob:%s@127.0.0.1:%s"\n' "${secret[plain]}" "$HTTP_PORT" && sed '1,2d' address.toml; } >new && mv new address.toml
config failing "$service-roperator-command" 'password_command = ["sh", "-c", "echo '"${secret[old_password]}"'; echo '"${secret[old_password]}"' >&2; exit 3"]'

# loud CONFIG WORDS...: whatever it says, and however it ends.
loud() {
  local config=$1
  shift
  timeout -k 5 60 cdctl -v -c "$work/$config.toml" "$@" >>all 2>&1 </dev/null || true
}
# pipe COMMANDS: the same.
pipe() { timeout -k 5 90 bash -c "$1" >>all 2>&1 </dev/null || true; }

# ---------------------------------------------------------------- out

for config in cdctl env command; do
  publish ok
  CDCTL_CONFIG=$work/$config.toml pipe_exit 0 "cdctl outdated -v $service | cdctl deploy -v"
  cat out err >>all
  set=$(newest_set)
  connected() { [ "$(connections_of "$set")" -ge 1 ]; }
  eventually 60 connected
  unit=$(processes_of "$set" || true)
  unit=${unit##*$'\n'}
  tr '\0' '\n' <"/proc/$unit/environ" >environment-of-unit
  grep -q '^AMQP_URL=' environment-of-unit || fail "the unit has no AMQP_URL"
  ! grep -v '^AMQP_URL=' environment-of-unit | grep -qFf secrets || fail "the unit has a secret besides its own"
  expect_same "core limit of a unit" "$(awk '/core file/ { print $5 }' "/proc/$unit/limits")" "$(awk '/core file/ { print $5 }' "/proc/$$/limits")"
  cp "home/sets/$set/secrets/rabbit" worker.password
  tr -d '\n' <worker.password >>secrets && echo >>secrets
done
[ "$(wc -l <environment-of-scripts)" -gt 3 ] || fail "the spec's script did not run"

# ---------------------------------------------------------------- every command

for config in cdctl env command; do
  for format in table wide json ndjson name; do loud $config ls -o $format; done
  loud $config inspect "$set" -o table
  loud $config inspect "$set" -o json
  loud $config outdated --all
  loud $config signal "$set" oops --severity critical --message hello
  loud $config signals --since 1h
  loud $config probe
  pipe "cdctl -v -c $config.toml signals --since 1h | cdctl -v -c $config.toml trip --all"
  loud $config break "$set" --even-last "$set" --why 'a test'
  loud $config mend "$set"
  loud $config mend "$set" --probation 1s
  loud $config force closed "$service"
  loud $config force none "$service"
  loud $config hold "$service" --why 'a test'
  loud $config resume "$service"
  pipe "cdctl -v -c $config.toml ls | cdctl -v -c $config.toml stale --keep 1 --min-age 0s --prove-for 0s | cdctl -v -c $config.toml reap --dry-run"
  loud $config log
  loud $config log -o json
  loud $config timeline "$service" --since 1h
  loud $config timeline "$service" --since 1h -o html
  loud $config timeline "$service" --since 1h -o svg
  loud $config doctor
  loud $config doctor -o json
  loud $config config show
  loud $config config show -o json
  loud $config config show "$service"
  loud $config config check
  loud $config config explain rabbit.password_file
  loud $config plugins --check
  loud $config hello
  loud $config deploy "$service"
  loud $config deploy "$service" --dry-run
  loud $config mojo plan spec.git
  loud $config mojo lint spec.git
  loud $config mojo run --project "$service" "$work/spec.git" "$config"
done
# Those that fail.
for config in wrong open plain address failing nowhere; do
  for command in ls outdated doctor probe 'signals --since 1m' "break $set" "mend $set" "reap $set" 'config show' 'config check' "inspect $set" "signal $set oops" "deploy $service"; do
    # shellcheck disable=SC2086
    loud $config $command
  done
done
for other in gitpassword gitquery forbidden nobody sshpassword ssh bzruser checkuser plain; do
  loud cdctl outdated "$service-$other"
  loud cdctl deploy "$service-$other"
  loud cdctl deploy "$service-$other@main"
done
loud cdctl mojo plan "https://bob:${secret[gitpassword]}@$at/x.git"
loud cdctl mojo plan "https://$at/x.git?token=${secret[gitquery]}"
# A worker's own address, that is wrong: of a unit, so without the configuration.
for address in "127.0.0.1:9" "127.0.0.1:$AMQP_PORT" '[::1' 'no/port:x'; do
  for scheme in amqp:// amqps:// ''; do
    (AMQP_URL=${scheme}bob:${secret[plain]}@$address exec cdctl -v signal "$set" oops >>all 2>&1 </dev/null) || true
  done
done

# The listener, whose token is in a file or in the environment.
for option in '--token-file listen.token' ''; do
  # shellcheck disable=SC2086
  cdctl -v signals --listen 127.0.0.1:0 $option >>all 2>listen.err </dev/null &
  listener=$!
  listening() { grep -q 'listening on' listen.err; }
  eventually 20 listening
  address=$(sed -n 's/.*listening on //p' listen.err | tail -1)
  for name in token tokenenv wrong; do
    printf 'header = "Authorization: Bearer %s"\n' "${secret[$name]}" >curl.conf
    curl -s --noproxy '*' -K curl.conf -d '{"set":"'"$set"'","severity":"info","signal":"x"}' "http://$address/" >>all 2>&1 || true
    curl -s --noproxy '*' -K curl.conf -d 'nonsense' "http://$address/?token=x" >>all 2>&1 || true
  done
  # Secrets in memory leave no core file; children have the limit that we had.
  expect_same "core limit" "$(awk '/core file/ { print $5 }' "/proc/$listener/limits")" 0
  kill -TERM $listener
  wait $listener || true
  cat listen.err >>all
done
loud cdctl reap "$set" --even-newest --even-last "$set" --grace 0s
loud cdctl history

# ---------------------------------------------------------------- and where they are

# The test's own words: nobody else may repeat them.
grep -v -e "look_at_processes" -e "basic_auth_server" argv | grep -vF -e "mojo plan https" -e 'sh -c echo' >others.argv || true
[ -s others.argv ] || fail "no argument list was seen"
printf '%s\n' "${secret[old_password]}" >exceptions   # who writes a secret into a command has it in an argument list
none_in() { # WHAT FILE...
  local what=$1
  shift
  # shellcheck disable=SC2016
  ! grep -aFf secrets "$@" | head -5 >found || [ ! -s found ] || fail "$what: $(cut -c1-300 found)"
}
none_in "a command said a secret" all out err
none_in "an argument list has a secret" others.argv
# What a child is told: the trial's own shell, cdctl itself, and who a person starts by name have the person's environment.
for child in scripts check ssh-refuses; do
  [ -s "environment-of-$child" ] || fail "no $child ran"
  none_in "the environment of a child ($child)" "environment-of-$child"
done
grep -q "SHY_PASSWORD=" environment-of-cdctl-hello || fail "a command of one's own does not get what cdctl was given"
# Allowed are cdctl itself, the program that a person starts in its place, git and its helpers with the user of their own address, and a
# unit with its own AMQP_URL.
awk -F'\t' '$1 !~ /^[^ ]*\/bin\/cdctl / && $2 !~ /^GIT_CONFIG_VALUE_/ && $1 !~ /programs\/cdctl/ && !($1 ~ /demo-worker/ && $2 ~ /^AMQP_URL=/)' environ >told
[ ! -s told ] || fail "the environment of a child has a secret: $(cut -c1-200 told | head -3)"

# Files: where a secret may be is for its owner alone.
grep -raFlf secrets -D skip home | sort >holders || true
while read -r file; do
  case $file in
    home/sets/*/secrets/* | home/sets/*/run | home/mojo/LOCAL/* | home/sets/*/work/local/* | home/mojo/*/local/*) ;;
    *) fail "a secret is in $file" ;;
  esac
  mode=$(stat -c %a "$file")
  [ $((0$mode & 077)) = 0 ] || fail "others may read $file ($mode)"
done <holders
expect_same "mode of the home" "$(stat -c %a home)" 700

# The broker: parameters, policies, names.
api global-parameters >broker-says
api parameters >>broker-says
api users >>broker-says
none_in "the broker has a secret" broker-says
