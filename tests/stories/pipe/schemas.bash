#!/usr/bin/env bash
# Every command that prints records, those of plugins too, prints at least one here, and each fits its schema. A command that is
# neither here nor among the silent ones fails the story, and so does a schema of which no record was seen.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
: >records
declare -A shown=()

# prints NAME CODE SCHEMAS COMMAND...: it ends with CODE and prints records, of these schemas at least. Input is the file in.
prints() {
  local name=$1 code=$2 schema
  expect_exit "$code" "${@:4}" -o ndjson <in
  [ -s out ] || fail "$name printed no record"
  "$build_dir/tests/validate-records" "$source_dir/schemas" <out >invalid 2>&1 || fail "not by the schema: $(head -3 invalid)"
  for schema in $3; do grep -q "\"schema\":\"cdctl\.$schema/1\"" out || fail "$name printed no $schema record"; done
  cat out >>records
  shown[$name]=yes
}
# Those that print none: their standard output is nothing, a screen, a script, or not theirs.
silent=(signal metrics top completion help 'mojo project-new' 'elastic template')

# ---------------------------------------------------------------- a service, from its configuration to its sets

make_trunk "$service" 'worker: echo hello; exec sleep 1000'
make_service <<'EOS'
[scale]
worker = { min = 1, max = 4 }
[[checks]]
name = "door"
command = ["true"]
EOS
: >in
prints init 0 file cdctl init new --service "$service" --trunk "$work/$service.git" --broker none
prints config 0 setting cdctl config show "$service"
prints config 0 key cdctl config explain reaper.keep
prints config 0 path cdctl config path
echo 'colour = "red"' >new/cdctl.toml
prints config 3 problem cdctl config check -c new/cdctl.toml
prints plugins 0 plugin cdctl plugins --check
prints version 0 version cdctl version
prints doctor 0 check cdctl doctor
make_service nowhere missing.git </dev/null
prints outdated 4 'revision error' cdctl outdated --all
rm services.d/nowhere.toml
prints deploy 0 outcome cdctl deploy "$service"
prints hold 0 hold cdctl hold "$service" --for 1h --why 'the sale'
prints ls 0 set cdctl ls --units
prints resume 0 hold cdctl resume "$service"
prints force 0 force cdctl force observe "$service" --why 'new rules'
prints ls 0 set cdctl ls
prints force 0 force cdctl force none "$service"
commit ok
prints deploy 0 outcome cdctl deploy "$service" --wait --settle 1s
second=$(newest_set)

# ---------------------------------------------------------------- what is said of sets, and what follows

for severity in debug info warning error critical; do cdctl signal "$second" "s-$severity" -s $severity -m 'a "b" ✓' --data n=1 </dev/null; done
prints probe 0 signal cdctl probe --timeout 20s
prints signals 0 signal cdctl signals --since 1h
cp out in
prints notify 0 signal env CDCTL_PLUGIN_PATH="$build_dir/tests/sinks" CDCTL_TEST_SINK="$work/sunk" cdctl notify keep --pass
: >in
prints notify 0 receiver cdctl notify --status
cdctl signals --since 1h >in </dev/null
prints trip 0 verdict cdctl trip --all
prints trip 0 explain cdctl trip --explain
prints trip 0 verdict cdctl trip
cp out in
prints break 0 outcome cdctl break
: >in
prints inspect 0 set cdctl inspect "$second"
prints diff 0 commit cdctl diff "$second"
prints mend 0 outcome cdctl mend "$second"
prints scale 0 outcome cdctl scale "$second" worker=3
prints ls 0 set cdctl ls
cp out in
prints want 0 want cdctl want --all
: >in
# What the screen of top is drawn from, until its reader goes: records by their schemas, and lines of its own without one.
# looks KIND FILTER [OPTION]: it writes a line of that kind for which the filter holds.
looks() {
  local looker status=0
  : >looked
  cdctl __look "$service" "${@:3}" >looked </dev/null &
  looker=$!
  eventually 30 grep -q "\"kind\":\"$1\"" looked
  kill -TERM "$looker"
  wait "$looker" || status=$?
  expect_same "exit status of __look" "$status" 143
  jq -c 'select(.schema)' looked >out
  [ ! -s out ] || "$build_dir/tests/validate-records" "$source_dir/schemas" <out >invalid 2>&1 || fail "not by the schema: $(head -3 invalid)"
  jq -es --arg set "$second" "any(.kind == \"$1\" and ($2))" looked >/dev/null || fail "no such line of kind $1: $(head -3 looked)"
}
looks look '.errors == [] and .gone == [] and .sets == 2'
jq -es --arg set "$second" 'any(.kind == "set" and .set == $set and .state == "live")' looked >/dev/null || fail "not the set: $(head -3 looked)"
looks trouble '.probe == "local" and (.sets | type) == "object" and (has("error") | not)' --probes
prints timeline 0 timeline cdctl timeline "$service"
prints logs 0 log cdctl logs "$second"
prints history 0 outcome cdctl history
prints history 0 outcome cdctl history --all-homes
prints ls 0 set cdctl ls
cp out in
prints stale 0 set cdctl stale --keep 0 --all --min-age 0s --prove-for 0s
prints stale 0 set cdctl stale --keep 1 --min-age 0s --prove-for 0s
cp out in
prints reap 0 outcome cdctl reap --grace 1s
: >in
prints retire 0 'outcome retire' cdctl retire "$service" --confirm "$service" --grace 1s

# ---------------------------------------------------------------- a proposal, from its first word to trunk

make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check" }'
change alice fix words two
change alice later words three
prints propose 0 outcome as alice cdctl propose fix --revision fix
prints propose 0 outcome as alice cdctl propose later --revision later --after fix
as bob git fetch -q origin
prints review 0 outcome as bob cdctl review fix approve --head "$(git -C origin.git rev-parse refs/heads/propose/main/fix)" -m 'Yes'
prints proposals 0 proposal cdctl proposals
cp out in
prints gate 0 candidate cdctl gate --all
cp out in
prints verify 0 candidate cdctl verify
cp out in
prints land 0 outcome cdctl land
: >in
printf '[lp:thumbs]\ntree_dir = /srv/thumbs\n' >tarmac.conf
prints land 0 'file import' cdctl land import tarmac.conf --dry-run
prints proposals 0 proposal cdctl proposals
prints history 0 outcome cdctl history --action land
prints config 0 setting cdctl config show main
echo 'votes = 1' >targets.d/main.toml
prints proposals 3 error cdctl proposals
rm targets.d/main.toml

# ---------------------------------------------------------------- juju, with the stand-in

captures=$source_dir/tests/captures/juju
juju() { # NAME SCHEMA ARGUMENT...
  prints "juju $1" 0 "$2" env PATH="$source_dir/tests/fakes:$PATH" FAKE_JUJU="$work/controller" FAKE_JUJU_VERSION=3.6 \
    FAKE_JUJU_CACHE="$build_dir/tests/pycache" JUJU_DATA="$work/data" cdctl juju "$1" "${@:3}"
}
mkdir -p data/cookies controller
echo 'controllers: {}' >data/controllers.yaml
echo 'password: none' >data/accounts.yaml
cp "$captures/models-36.json" controller/models.json
cp "$captures/status-36-machines.json" controller/status-thumbs.json
cp "$captures/offers-36.json" controller/offers-thumbs.json
juju models juju-model
juju status juju-application thumbs
juju units juju-unit thumbs
juju offers juju-offer thumbs

# ---------------------------------------------------------------- mojo: the commands, and each phase by hand

export MOJO_ROOT=$work/mojo MOJO_PROJECT=$service-mojo MOJO_SERIES=noble MOJO_STAGE=production MOJO_WORKSPACE=main
mkdir -p spec/production spec/app spec/charm
printf 'collect\nrepo\nbuilddeps\nsecrets\nbuild\nscript config=step\ndeploy\n' >spec/manifest
printf 'app app\ncharm charm\n' >spec/collect
printf 'charm\n' >spec/repo
printf 'dpkg\n' >spec/builddeps
printf 'worker: exec sleep 1000\n' >spec/app/Procfile
printf 'name: charm\n' >spec/charm/metadata.yaml
printf 'applications: { workers: { charm: ./noble/charm, num_units: 1, annotations: { cdctl-process: worker } } }\n' >spec/bundle
for step in build step verify stop-on; do printf '#!/bin/sh\n' >spec/$step && chmod 755 spec/$step; done
expect_exit 0 cdctl mojo project-new "$MOJO_PROJECT" --series noble
expect_quiet
prints 'mojo workspace-new' 0 workspace cdctl mojo workspace-new spec empty
prints 'mojo plan' 0 phase cdctl mojo plan spec
prints 'mojo plan-collect' 0 collect cdctl mojo plan-collect spec/collect
prints 'mojo phases' 0 phase-kind cdctl mojo phases
prints 'mojo lint' 0 lint-rule cdctl mojo lint --rules
echo 'verify config=gone' >spec/manifest-bad
prints 'mojo lint' 1 finding cdctl mojo lint spec
rm spec/manifest-bad
prints 'mojo run' 0 phase cdctl mojo run spec
prints 'mojo workspace-list' 0 workspace cdctl mojo workspace-list
for phase in collect repo builddeps secrets build verify 'script config=step' deploy 'juju-check-wait steady=1' nagios-check 'bundle wait=False' 'sleep config=0' stop-on; do
  # shellcheck disable=SC2086  # a phase and its options
  prints "mojo ${phase%% *}" 0 phase cdctl mojo $phase
done

# ---------------------------------------------------------------- nothing is left out

: >offered
commands_of() { cdctl __complete fish "cdctl $1" </dev/null | sed '/^:/d; s/\t.*//'; }
groups=$(cdctl plugins -o ndjson </dev/null | jq -r .name)
for name in $(commands_of ''); do
  if grep -qx "$name" <<<"$groups"; then commands_of "$name " | sed "s/^/$name /" >>offered; else echo "$name" >>offered; fi
done
[ "$(wc -l <offered)" -gt 40 ] || fail "these are not all commands: $(cat offered)"
printf '%s\n' "${!shown[@]}" "${silent[@]}" | sort >known
expect_same "commands that nothing is said of here (<), and those that are no more (>)" "$(sort offered | diff - known || true)" ""
for file in "$source_dir"/schemas/*.json; do
  schema=$(basename "$file" .1.schema.json)
  grep -q "\"schema\":\"$schema/1\"" records || fail "no record of $schema was seen"
done
