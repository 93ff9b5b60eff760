#!/usr/bin/env bash
# Where nothing says where the state is, each command says so and ends (3); it never makes a second state below the current folder.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: sleep 1000'
make_service </dev/null
set=$(deploy_one ok)
mkdir -m 777 away
sed '/^\[local\]/d; /^home/d' cdctl.toml >bare.toml  # as people write it: HOME says where
mkdir bare && mv bare.toml bare/cdctl.toml && cp -r services.d bare/ && chmod -R go+rX bare && chmod 711 .
commands=(outdated ls "inspect $set" signals probe "break $set" "mend $set" "force none $set" "hold $service" "resume $service"
  "deploy $service" "reap $set" "retire $service --confirm $service" log "timeline $service" doctor stale trip want "scale $set worker=1"
  "init other --service $service --trunk ..")
cd away
made() { [ -z "$(ls -A)" ] || fail "it made something below the current folder: $(find .)"; }

for command in "${commands[@]}"; do
  # shellcheck disable=SC2086
  expect_exit 3 env CDCTL_HOME=state cdctl $command </dev/null
  expect_error "CDCTL_HOME is 'state'.*such as $PWD/state, or unset it"
  made
done
expect_exit 0 env CDCTL_HOME=state cdctl version </dev/null
expect_exit 0 env CDCTL_HOME=state cdctl help </dev/null

# Root has a home without anybody's word; somebody else has none without HOME.
somebody=()
[ "$(id -u)" != 0 ] || somebody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
for home in '' .; do
  for command in "${commands[@]}"; do
    # shellcheck disable=SC2086
    expect_exit 3 env -u XDG_STATE_HOME -u CDCTL_HOME "HOME=$home" CDCTL_CONFIG=../bare/cdctl.toml "${somebody[@]}" cdctl $command </dev/null
    expect_error 'HOME is (not set|no absolute path).*set HOME, or CDCTL_HOME, to an absolute path'
    made
  done
done
pipe_exit 3 "env -u XDG_STATE_HOME -u HOME ${somebody[*]} cdctl -c ../bare/cdctl.toml outdated | env -u XDG_STATE_HOME -u HOME ${somebody[*]} cdctl -c ../bare/cdctl.toml deploy"
made
cd ..
expect_exit 0 cdctl ls </dev/null
expect_json 'length == 1 and .[0].state == "live"'

# Nor is anything read from, or written to, a home that somebody else can lead elsewhere.
mkdir -m 755 elsewhere
ln -s "$work/elsewhere" home/readers
[ ! -e home/readers/x ] || fail "the case tests nothing"
for command in "${commands[@]}"; do
  [[ $command != init* ]] || continue  # in a folder of its own, with a home of its own
  # shellcheck disable=SC2086
  expect_exit 3 cdctl $command </dev/null
  expect_error "home/readers is a symbolic link.*or name another home"
done
expect_same "what is there" "$(ls -A elsewhere)" ""
rm home/readers
if [ "$(id -u)" = 0 ]; then
  chown 65534 home
  expect_exit 3 cdctl ls </dev/null
  expect_error 'home belongs to another user \(uid 65534\).*chown it'
  chown 0 home
fi
expect_exit 0 cdctl signals --since 1m </dev/null
