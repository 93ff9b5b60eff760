#!/usr/bin/env bash
# Deploy freezes, max_sets, forced states without a broker, a bad rule in one file, and the end of a service, with a broker and without.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }

# story SERVICE QUEUES: on a service with a broker, or on one of this home alone; what its retirement leaves.
story() {
  local name=$1 queues=$2 first second
  first=$(newest_set "$name")

  # ------------------------------------------------------------ hold and resume
  expect_exit 0 cdctl hold "$name" --why 'the sale' --dry-run </dev/null
  expect_json 'map([.held, .changed, .dry_run]) == [[true, true, true]]'
  expect_exit 0 cdctl hold "$name" --why 'the sale' </dev/null
  expect_json 'map([.held, .changed, .until]) == [[true, true, null]]'
  valid out
  expect_exit 0 cdctl hold "$name" --why 'the sale' </dev/null
  expect_json 'map(.changed) == [false]'
  commit ok "$name"
  expect_exit 0 cdctl outdated "$name" </dev/null
  expect_quiet
  expect_error "not offered: deploys are held by .*: the sale; cdctl resume $name"
  expect_exit 0 cdctl outdated "$name" --all </dev/null
  expect_json 'map([.why, .offered]) == [["held", false]]'
  valid out
  expect_exit 0 cdctl ls "$name" -o table </dev/null
  expect_line 'deploys held by .*: the sale'
  expect_line "^$first +live, held "
  expect_exit 0 cdctl ls "$name" -o ndjson </dev/null
  valid out
  expect_exit 0 cdctl resume "$name" </dev/null
  expect_json 'map([.held, .changed]) == [[false, true]]'
  valid out
  expect_exit 0 cdctl resume "$name" </dev/null
  expect_json 'map(.changed) == [false]'
  cdctl outdated "$name" </dev/null >offered
  expect_exit 0 cdctl hold "$name" --why again </dev/null
  expect_exit 5 cdctl deploy <offered
  expect_error 'deploys of .* are held by .*: again; .*--even-held'
  expect_exit 0 cdctl deploy --even-held <offered
  second=$(newest_set "$name")
  [ "$second" != "$first" ] || fail "nothing was deployed"
  expect_exit 0 cdctl hold "$name" --for 1s </dev/null
  commit ok "$name"
  offered() { [ -n "$(cdctl outdated "$name" </dev/null 2>/dev/null)" ]; }
  eventually 20 offered   # it has lifted itself
  expect_exit 0 cdctl deploy "$name" </dev/null

  # ------------------------------------------------------------ max_sets
  sed -i '1i max_sets = 3' "services.d/$name.toml"
  commit ok "$name"
  expect_exit 0 cdctl outdated "$name" --all </dev/null
  expect_json 'map([.why, .offered]) == [["max-sets", false]]'
  expect_error "there are 3 sets, max_sets is 3; make room: cdctl ls $name | cdctl stale | cdctl reap"
  expect_exit 0 cdctl break "$first" --even-last "$first" </dev/null
  expect_exit 0 cdctl outdated "$name" </dev/null
  expect_json 'map(.why) == ["trunk-newer"]'
  expect_exit 0 cdctl mend "$first" </dev/null
  sed -i '1s/.*/max_sets = 0/' "services.d/$name.toml"
  expect_exit 0 cdctl outdated "$name" </dev/null
  expect_json 'length == 1'

  # ------------------------------------------------------------ forced states
  expect_exit 0 cdctl force closed "$second" --why 'leave it' </dev/null
  expect_exit 5 cdctl break "$second" --even-last "$second" </dev/null
  expect_error 'forced closed by .*: leave it'
  for rule in '' '--rule=critical >= 1'; do
    at=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
    printf '{"schema":"cdctl.signal/1","id":"a","set":"%s","severity":"critical","signal":"oops","time":"%s","received":"%s"}\n' "$second" "$at" "$at" >oops
    expect_exit 0 cdctl trip ${rule:+"$rule"} <oops
    expect_json '.[-1] | [.verdict, .why] == ["undecided", "forced-closed"]'
  done
  for format in table wide; do
    expect_exit 0 cdctl ls "$second" -o $format </dev/null
    expect_line "^$second +live, pinned .*forced closed on $second by .*: leave it"
  done
  expect_exit 0 cdctl inspect "$second" -o table </dev/null
  expect_line '^  state +live, pinned$'
  expect_line "pinned +forced closed on $second"
  expect_exit 0 cdctl ls "$second" </dev/null
  valid out
  expect_exit 0 cdctl force none "$second" </dev/null
  # What is forced on the service is lifted from the service, and the advice does it.
  expect_exit 0 cdctl force closed "$name" --why 'all of it' </dev/null
  expect_exit 5 cdctl break "$second" --even-last "$second" -o table </dev/null
  expect_line "^break +$second +refused "
  expect_error "forced closed by .* on $name: all of it; cdctl force none $name lifts that"
  read -ra advice < <(sed -n 's/.*: all of it; \(cdctl force none .*\) lifts that$/\1/p' err)
  expect_exit 0 "${advice[@]}" </dev/null
  expect_exit 0 cdctl break "$second" --dry-run --even-last "$second" </dev/null

  # ------------------------------------------------------------ the log has what people said
  expect_exit 0 cdctl history "$name" </dev/null
  valid out
  expect_json 'map(select(.action == "hold") | [.set, .why]) | .[0] == [null, "the sale"]'
  expect_json 'map(select(.action == "hold" and .until != null)) | length == 1'
  expect_json 'any(.action == "resume" and .set == null)'
  expect_json 'map(select(.action == "force") | [.service, .set, .forced]) == [[$name, $set, "closed"], [$name, $set, "none"], [$name, null, "closed"], [$name, null, "none"]]' \
    --arg name "$name" --arg set "$second"
  expect_exit 0 cdctl history "$name" --action force -o table </dev/null
  expect_line "force +all of $name +done +[^ ]+ +closed: all of it"
  expect_exit 0 cdctl trip <oops
  expect_json '.[-1].verdict == "unhealthy"'

  # ------------------------------------------------------------ the end
  expect_exit 2 cdctl retire "$name" </dev/null
  expect_exit 2 cdctl retire "$name" --confirm "$name-x" </dev/null
  expect_exit 0 cdctl retire "$name" --confirm "$name" --dry-run </dev/null
  valid out
  expect_json 'map(select(.action == "reap")) | length == 3 and all(.ok and .dry_run)'
  expect_same "sets after a dry run" "$(sets_of "$name" | wc -l)" 3
  for point in retire.held retire.reaped retire.counted retire.forgotten; do
    expect_exit 137 env CDCTL_TEST_CRASH_AT=$point cdctl retire "$name" --confirm "$name" --grace 1s </dev/null
    expect_same "offered after $point" "$(cdctl outdated "$name" </dev/null 2>/dev/null)" ""
  done
  expect_exit 0 cdctl retire "$name" --confirm "$name" --grace 1s </dev/null
  valid out
  expect_json '.[-1] | .schema == "cdctl.retire/1" and .ok and .queues == $queues' --argjson queues "$queues"
  expect_error "now remove .*/services.d/$name.toml"
  expect_exit 0 cdctl history "$name" --action retire </dev/null
  expect_json 'length == 1 and (.[0] | .ok and .set == null)'
  expect_same "sets in the end" "$(sets_of "$name")" ""
  for set in "$first" "$second"; do no_process_of "$set" || fail "a process of $set is left"; done
  expect_exit 0 cdctl outdated "$name" </dev/null
  expect_json 'map(.why) == ["first"]'
}

make_trunk
make_service </dev/null
expect_exit 0 cdctl deploy "$service" </dev/null

# A set of another home is not gone because this one has none, also when its file has left.
owned=$(newest_set "$service")
mv "services.d/$service.toml" "$work/left.toml"
expect_exit 5 env CDCTL_HOME="$work/elsewhere" cdctl reap "$owned" </dev/null
expect_error "it lives in home"
expect_exit 1 env CDCTL_HOME="$work/elsewhere" cdctl retire "$service" --confirm "$service" </dev/null
expect_json '.[-1] | [.schema, .ok, .reaped] == ["cdctl.retire/1", false, 0]'
mv "$work/left.toml" "services.d/$service.toml"
expect_exit 0 cdctl resume "$service" </dev/null
# Nor because an engine could not be asked.
cp cdctl.toml "$work/without-juju.toml"
printf '\n[juju]\ncontroller = "nowhere"\n' >>cdctl.toml
ghost=$service-ghost
expect_exit 4 env JUJU_DATA="$work/no-juju" cdctl reap "$ghost-r0123456789" </dev/null
expect_json 'map(.ok) == [false]'
expect_exit 3 env JUJU_DATA="$work/no-juju" cdctl retire "$ghost" --confirm "$ghost" </dev/null
cp "$work/without-juju.toml" cdctl.toml
expect_exit 1 cdctl reap "$ghost-r0123456789" </dev/null   # all have answered: it never was
expect_error "never was"

story "$service" "[\"$service\"]"
expect_same "users in the end" "$(users_of "$service")" ""
expect_same "global parameters in the end" "$(api global-parameters | jq -r --arg n "$service" '.[].name | select(contains($n))')" ""
api "queues/%2F/$service" -f -o /dev/null || fail "the queue is gone"

# A service that is nowhere was never meant, and one whose file has left is unknown once nothing is left of it.
no_such_service() { # NAME [OPTION]
  expect_exit 1 cdctl retire "$1" --confirm "$1" ${2:+"$2"} </dev/null
  expect_json 'map([.schema, .ok, .changed, .reaped, .exit]) == [["cdctl.retire/1", false, false, 0, 1]]'
  valid out
  expect_error "no service '$1' in "
}
no_such_service "${service}x" --dry-run
no_such_service "${service}x"
expect_error "did you mean $service"
expect_same "freezes of a service that is nowhere" "$(api global-parameters | jq -r --arg n "${service}x" '.[].name | select(contains($n))')" ""
cp "services.d/$service.toml" "$work/left.toml"
expect_exit 137 env CDCTL_TEST_CRASH_AT=retire.forgotten cdctl retire "$service" --confirm "$service" </dev/null
rm "services.d/$service.toml"
expect_exit 0 cdctl retire "$service" --confirm "$service" </dev/null  # its freeze was left
no_such_service "$service"
mv "$work/left.toml" "services.d/$service.toml"
# What is forced on a service outlives its file; its retirement lifts that, too.
forgets_force() {
  expect_exit 0 cdctl force observe "$1" </dev/null
  mv "services.d/$1.toml" "$work/left.toml"
  expect_exit 0 cdctl retire "$1" --confirm "$1" </dev/null
  no_such_service "$1"
  mv "$work/left.toml" "services.d/$1.toml"
}
forgets_force "$service"

alone=$service-alone
make_trunk "$alone" 'worker: exec sleep 1000'
has_broker='' make_service "$alone" </dev/null
expect_exit 0 cdctl deploy "$alone" </dev/null
story "$alone" "[]"
expect_same "files in the end" "$(find home/memory -name "$alone*" ! -path '*/locks/*')" ""

# ---------------------------------------------------------------- a bad rule is its own service's trouble

sed -i 's/^rules = .*/rules = ["critical >> 1"]/' "services.d/$alone.toml"
at=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
for set in "$alone-r0000000001" "$service-r0000000001"; do
  printf '{"schema":"cdctl.signal/1","id":"%s","set":"%s","severity":"critical","signal":"oops","time":"%s","received":"%s"}\n' "$set" "$set" "$at" "$at"
done >oops
expect_exit 1 cdctl trip <oops
expect_error "services.d/$alone.toml:[0-9]+: breaker.rules"
expect_json 'map(select(.schema == "cdctl.error/1") | [.service, .exit]) == [[$name, 3]]' --arg name "$alone"
expect_json 'map(select(.verdict == "unhealthy").set) == [$set]' --arg set "$service-r0000000001"
rm "services.d/$service.toml"
expect_exit 3 cdctl trip <oops
