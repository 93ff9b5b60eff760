#!/usr/bin/env bash
# A file that somebody else has made need not be a file: a FIFO, a device, a folder, a link to one, two sparse gigabytes. It costs its own
# service an error, and nobody time or memory.
. "$(dirname "$0")/../lib/common.bash"
begin
. "$source_dir/tests/stories/lib/memory.bash"
within=64  # its own are about 25
make_trunk "$service" 'worker: sleep 1000'
make_service </dev/null
good=$service
set=$(deploy_one ok)
bad=${service}x
truncate -s 2G large
odd=(fifo folder zero full large link) # what odd() makes
odd() { # odd KIND PATH
  rm -rf "$2"
  case $1 in
    fifo) mkfifo "$2" ;;
    folder) mkdir "$2" ;;
    zero) ln -s /dev/zero "$2" ;;
    full) ln -s /dev/full "$2" ;;
    large) truncate -s 2G "$2" ;;
    link) ln -s "$work/large" "$2" ;;
  esac
}
quick() { expect_within $within "$@"; [ "$SECONDS" -lt $((began + 20)) ] || fail "it took $((SECONDS - began)) s"; }
from_here() { began=$SECONDS; }

# A service's file.
for kind in "${odd[@]}"; do
  odd $kind "services.d/$bad.toml"
  from_here
  quick 0 cdctl ls "$good" </dev/null
  expect_json 'length >= 1'
  commit ok
  quick 3 cdctl outdated </dev/null
  expect_json 'any(.schema == "cdctl.revision/1" and .service == $good)' --arg good "$good"
  expect_error "$bad"
  quick 3 cdctl config check </dev/null
  quick 1 cdctl doctor </dev/null
done
pipe_exit 0 "cdctl outdated '$good' | cdctl deploy"
rm -rf "services.d/$bad.toml"

# A source that is a file.
for kind in "${odd[@]}"; do
  odd $kind config.env
  printf 'engine = "local"\nswitches = ["local"]\n[sources]\ntrunk = { git = "%s/%s.git" }\nconfig = { file = "%s/config.env" }\n' "$work" "$good" "$work" \
    >"services.d/$bad.toml"
  from_here
  quick 4 cdctl outdated "$bad" </dev/null
  expect_json 'any(.schema == "cdctl.error/1" and .service == $bad) and all(.service == $bad)' --arg bad "$bad"
  quick 4 cdctl deploy "$bad" </dev/null
  commit ok
  quick 4 cdctl outdated </dev/null
  expect_json 'any(.schema == "cdctl.revision/1" and .service == $good)' --arg good "$good"
done
pipe_exit 4 "cdctl outdated | cdctl deploy"
expect_json 'length == 1 and .[0].service == $good and .[0].ok' --arg good "$good"
rm -rf "services.d/$bad.toml" config.env

# Secrets: the broker's password, the listener's token.
mkdir -p secret/services.d
cp "services.d/$good.toml" secret/services.d
for kind in "${odd[@]}"; do
  odd $kind secret/password
  { printf '[rabbit]\nmanagement = "http://127.0.0.1:1"\namqp = "amqp://127.0.0.1:1"\nuser = "guest"\npassword_file = "password"\n'; engine_config; } >secret/cdctl.toml
  printf '[rabbit]\nqueues = { %s = { type = "quorum" } }\n' "$good" | cat "services.d/$good.toml" - >"secret/services.d/$good.toml"
  from_here
  quick 3 cdctl ls -c secret/cdctl.toml </dev/null
  expect_error 'password'
  quick 3 cdctl signals --listen 127.0.0.1:0 --token-file secret/password </dev/null
done

# What a trunk holds: its Procfile leads out of it.
make_trunk "$bad" 'worker: sleep 1000'
make_service "$bad" </dev/null
for target in /dev/zero /dev/full "$work/large" Procfile .; do
  ln -sfn "$target" "$bad.git/Procfile"
  git -C "$bad.git" add -A
  git -C "$bad.git" commit -qm "$target"
  from_here
  expect_within $within 3 cdctl deploy "$bad" </dev/null
  [ "$SECONDS" -lt $((began + 30)) ] || fail "it took $((SECONDS - began)) s"
done
rm "services.d/$bad.toml"

# A spec of Mojo, as a folder: nothing of it is waited for.
mkdir -p spec
for file in manifest collect script Procfile bundles.yaml deploy; do
  for kind in "${odd[@]}"; do
    rm -rf spec && mkdir spec
    printf 'script\nbundle config=bundles.yaml\ndeploy\n' >spec/manifest
    printf '#!/bin/sh\n' >spec/script && chmod +x spec/script
    odd $kind "spec/$file"
    [ "$kind" = large ] || [ "$kind" = fifo ] && chmod +x "spec/$file"
    for command in plan lint; do
      from_here
      printf '%s\n' "mojo $command ($kind as $file)" >command
      timeout -k 5 60 python3 peak.py peak cdctl mojo $command spec </dev/null >out 2>err || :
      [ "$(cat peak)" -le $((within + 32)) ] || fail "it took $(cat peak) MiB"
      [ "$SECONDS" -lt $((began + 20)) ] || fail "it took $((SECONDS - began)) s"
    done
  done
done

# What waits to be sent, and what the home holds of a set: a worker has the same user.
mkdir -p home/spool
for kind in "${odd[@]}"; do odd $kind "home/spool/$bad.$kind.ndjson"; done
printf '{"set":"%s","signal":"behind"}\n' "$set" >"home/spool/z.ndjson"
from_here
expect_within 100 1 cdctl signals --since 1h "$good" </dev/null
expect_json 'any(.signal == "behind")'
folder=home/sets/$set
for file in status frozen attempts.json set.json; do
  [ -e "$folder/$file" ] || continue
  for kind in fifo zero large; do
    mv "$folder/$file" kept
    odd $kind "$folder/$file"
    from_here
    timeout -k 5 60 python3 peak.py peak cdctl ls "$good" </dev/null >out 2>err || :
    rm -rf "${folder:?}/$file"
    mv kept "$folder/$file"
    [ "$(cat peak)" -le $within ] || fail "it took $(cat peak) MiB"
    [ "$SECONDS" -lt $((began + 20)) ] || fail "it took $((SECONDS - began)) s"
  done
done
expect_same "the set" "$(state_of "$set") $(cut_of "$set")" "live false"

# Beside the plugins: a manifest, a library, what a manifest keeps beside it. The others go on.
mkdir plugins
chmod 0755 plugins
manifest() { # FILE
  printf 'name = "odd"\nversion = "1"\nsummary = "odd"\nfile = "%s"\ninterface = %s\n[[role]]\nrole = "sink"\nkind = "odd"\nkeys = []\n' "$1" \
    "$(sed -n 's/^#define CDCTL_INTERFACE //p' "$source_dir/sdk/include/cdctl/plugin.hpp")" >plugins/odd.toml
}
for kind in "${odd[@]}"; do
  odd $kind plugins/odd.toml
  from_here
  CDCTL_PLUGIN_PATH=$work/plugins quick 0 cdctl ls "$good" </dev/null
  expect_json 'length >= 1'
  CDCTL_PLUGIN_PATH=$work/plugins quick 0 cdctl plugins </dev/null
  expect_json 'any(.name == "odd" and (.refused | type) == "string")'
  rm -rf plugins/odd.toml
  manifest odd.so
  odd $kind plugins/odd.so
  from_here
  CDCTL_PLUGIN_PATH=$work/plugins quick 0 cdctl ls "$good" </dev/null
  CDCTL_PLUGIN_PATH=$work/plugins quick 1 cdctl plugins --check </dev/null
  expect_json 'any(.name == "odd" and (.refused | type) == "string")'
  CDCTL_PLUGIN_PATH=$work/plugins quick 3 cdctl notify odd </dev/null
  rm -rf plugins/odd.so
  cp "$(find "$build_dir" -path '*/cdctl/plugins/git.so' | head -1)" plugins/odd.so
  for beside in odd.commands.ndjson odd.keys.ndjson odd.records.ndjson; do
    odd $kind "plugins/$beside"
    from_here
    CDCTL_PLUGIN_PATH=$work/plugins quick 0 cdctl ls "$good" </dev/null
    rm -rf "plugins/$beside"
  done
  rm plugins/odd.so
done

# What Juju's client and the home of its sets hold. No controller answers: nothing is known, and nobody waits.
uuid=0c0ffee0-0000-4000-8000-000000000001
mkdir -p far/data far/services.d
{ engine_config; printf '[juju]\ncontroller = "attic"\ndata = "data"\n'; } >far/cdctl.toml
printf 'engine = "juju"\nswitches = ["juju"]\n[sources]\ntrunk = { git = "%s/%s.git" }\n' "$work" "$good" >"far/services.d/$bad.toml"
printf 'controllers:\n  attic:\n    uuid: %s\n    api-endpoints: ["127.0.0.1:1"]\ncurrent-controller: attic\n' $uuid >controllers.yaml
printf 'controllers:\n  attic:\n    user: admin\n' >accounts.yaml
bomb() { # each line names the one before it nine times
  local name before=a0
  printf 'a0: &a0 ["x","x","x","x","x","x","x","x","x"]\n'
  for name in $(seq -f 'a%.0f' 12); do
    printf '%s: &%s [%s]\n' "$name" "$name" "$(printf '*%s,' $before $before $before $before $before $before $before $before)*$before"
    before=$name
  done
}
mkdir -p "home/juju/$uuid/sets/$bad-r0000000001"
for file in controllers.yaml accounts.yaml machine seen sets/$bad-r0000000001/{attempts,cut,reaping}; do
  cp controllers.yaml accounts.yaml far/data
  case $file in
    *.yaml) at=far/data/$file ;;
    machine) at=home/juju/machine ;;
    *) at=home/juju/$uuid/$file ;;
  esac
  for kind in "${odd[@]}" bomb; do
    if [ $kind = bomb ]; then rm -rf "$at"; { cat "$(basename "$file")" 2>/dev/null || :; bomb; } >"$at"; else odd $kind "$at"; fi
    from_here
    printf 'ls (%s as %s)\n' $kind "$file" >command
    status=0
    timeout -k 5 60 python3 peak.py peak cdctl ls "$bad" --timeout 5s -c far/cdctl.toml </dev/null >out 2>err || status=$?
    [ $status = 3 ] || [ $status = 4 ] || fail "exit code $status"
    [ "$(cat peak)" -le $((within + 64)) ] || fail "it took $(cat peak) MiB"
    [ "$SECONDS" -lt $((began + 20)) ] || fail "it took $((SECONDS - began)) s"
  done
  rm -rf "$at"
done

# What trip replays: a FIFO of a name has nobody at its other end.
signal="{\"schema\":\"cdctl.signal/1\",\"id\":\"1\",\"set\":\"$set\",\"severity\":\"critical\",\"signal\":\"oops\",\"time\":\"2026-11-23T04:00:00.000Z\"}"
for kind in fifo folder zero full; do
  odd $kind replayed
  from_here
  quick 2 cdctl trip --replay replayed --rule 'critical >= 1' </dev/null
  expect_error 'reading --replay: reading replayed: not a regular file'
done
expect_within $within 0 bash -c "cdctl trip --replay <(sleep 0.3; printf '%s\n' '$signal') --rule 'critical >= 1'" </dev/null
expect_json 'length == 1 and .[0].verdict == "unhealthy"'
odd large replayed
expect_within $within 1 cdctl trip --replay replayed --rule 'critical >= 1' </dev/null
expect_error 'line 1: longer than'
