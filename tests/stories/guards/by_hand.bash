#!/usr/bin/env bash
# What a person says outlives cron: a roll-back by hand, a revision that is refused before it is out. And a name that was mistyped is no
# success. With a broker and without.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
first_pipe() { pipe_exit "$1" "set -o pipefail; cdctl outdated $name </dev/null | cdctl deploy"; }
reap_by_hand() { expect_exit 0 cdctl reap "$1" --grace 1s --even-newest --even-last "$1" </dev/null; }

# story NAME: on a service with a broker, or on one of this home alone.
story() {
  name=$1
  local first second third next
  first=$(newest_set "$name")
  commit ok "$name"
  first_pipe 0
  second=$(newest_set "$name")

  # ------------------------------------------------------------ rolled back by hand, while a newer one is uncut
  expect_exit 0 cdctl deploy "$name@previous" --dry-run </dev/null
  expect_error "$second is newer and would be held out"
  expect_exit 0 cdctl outdated "$name" --all </dev/null
  expect_json 'map(.why) == ["out-there"]'
  reap_by_hand "$first"
  expect_exit 0 cdctl deploy "$name@previous" </dev/null
  expect_json 'map([.set, .ok]) == [[$set, true]]' --arg set "$first"
  expect_error "$second is newer and is held out from now on.*; cdctl resume $name lifts that"
  expect_exit 0 cdctl deploy "$name@previous" </dev/null   # it means the same again
  expect_json 'map([.set, .changed]) == [[$set, false]]' --arg set "$first"
  expect_exit 0 cdctl history "$name" --action hold </dev/null
  valid out
  expect_json 'map([.set, .why]) == [[$set, $why]]' --arg set "$second" --arg why "$first was deployed by hand"
  # The third pipe takes neither: what was rolled back to is wanted, and what is newer would be put out again as soon as it is resumed.
  pipe_exit 0 "cdctl ls $name </dev/null | cdctl stale --keep 1 --min-age 0s --prove-for 0s --all"
  valid out
  expect_json 'map([.set, .newest, has("stale"), .held_out // false]) == [[$a, true, false, false], [$b, false, false, true]]' --arg a "$first" --arg b "$second"
  expect_json 'map(select(.set == $a) | .first_deployed_at < .deployed_at) == [true]' --arg a "$first"
  expect_exit 0 cdctl resume "$second" </dev/null
  pipe_exit 0 "set -o pipefail; cdctl ls $name </dev/null | cdctl stale --keep 1 --min-age 0s --prove-for 0s | cdctl reap --grace 1s"
  expect_quiet
  first_pipe 0
  expect_quiet
  expect_exit 0 cdctl hold "$second" --why "$first was deployed by hand" </dev/null
  reap_by_hand "$second"
  first_pipe 0
  expect_quiet
  expect_error "$second is not offered: it is held out by .*: $first was deployed by hand; cdctl resume $name"
  expect_exit 0 cdctl outdated "$name" --all </dev/null
  valid out
  expect_json 'map([.set, .why, .offered]) == [[$set, "held-out", false]]' --arg set "$second"
  # Nor does a record from before the roll-back bring it.
  jq -c '.offered = true' out >old
  expect_exit 5 cdctl deploy <old
  expect_error "refused: $second is held out"
  # What is newer than both goes out as ever.
  commit ok "$name"
  first_pipe 0
  expect_json 'map(.ok) == [true]'
  third=$(newest_set "$name")
  expect_exit 0 cdctl ls "$name" -o ndjson </dev/null
  valid out
  expect_exit 0 cdctl resume "$name" --dry-run </dev/null
  expect_json 'map(select(.set) | [.set, .held, .changed]) == [[$set, false, true]]' --arg set "$second"
  expect_exit 0 cdctl resume "$name" </dev/null
  valid out
  expect_json 'map(select(.set) | [.set, .changed]) == [[$set, true]]' --arg set "$second"
  expect_exit 0 cdctl resume "$name" </dev/null
  expect_json 'map(.changed) == [false]'

  # One revision can be held by its name; who deploys it by name wants it again.
  expect_exit 0 cdctl hold "$second" --why 'not yet' </dev/null
  valid out
  expect_json 'map([.set, .held]) == [[$set, true]]' --arg set "$second"
  expect_exit 0 cdctl deploy "$name@${second##*-}" </dev/null
  expect_error "$second is held out by .*: not yet; deployed all the same"
  expect_error "$third is newer and is held out"
  expect_exit 0 cdctl resume "$name" </dev/null
  expect_json 'map(select(.set) | .set) == [$set]' --arg set "$third"

  # ------------------------------------------------------------ refused before it is out
  commit ok "$name"
  next=$(cdctl outdated "$name" </dev/null | jq -r .set)
  expect_exit 0 cdctl break "$next" --why 'the migration is missing' --dry-run </dev/null
  expect_json 'map([.ok, .changed, .ahead, .dry_run]) == [[true, true, true, true]]'
  expect_exit 0 cdctl break "$next" --why 'the migration is missing' </dev/null
  valid out
  expect_json 'map([.ok, .changed, .ahead]) == [[true, true, true]]'
  expect_error "not offered; cdctl mend $next takes that back"
  expect_exit 0 cdctl break "$next" </dev/null
  expect_json 'map([.ok, .changed]) == [[true, false]]'
  first_pipe 0
  expect_quiet
  expect_error "$next is not offered: it is known to be bad .*: the migration is missing"
  expect_exit 5 cdctl deploy "$name" </dev/null
  expect_exit 0 cdctl mend "$next" </dev/null
  expect_json 'map([.ok, .changed]) == [[true, true]]'
  expect_exit 0 cdctl mend "$next" </dev/null
  expect_json 'map([.ok, .changed]) == [[true, false]]'
  first_pipe 0
  expect_json 'map([.set, .ok]) == [[$set, true]]' --arg set "$next"

  # ------------------------------------------------------------ a name that never was, and one that is gone
  local typo=$name-r0000000000 gone=$third verb
  reap_by_hand "$gone"
  for verb in break mend reap inspect; do
    expect_exit 1 cdctl $verb "$typo" </dev/null
    expect_error "$typo: there is no such set and never was"
    expect_exit 1 cdctl $verb "${next%?}$([ "${next: -1}" = 0 ] && echo 1 || echo 0)" </dev/null
    expect_error "did you mean $next\?"
    expect_exit 1 cdctl $verb "$name@r0000000000" </dev/null
    expect_error "$name@r0000000000: there is no such set and never was"
    expect_exit 0 cdctl $verb "$gone" </dev/null
    expect_exit 0 cdctl $verb "$name@${gone##*-}" </dev/null
    expect_error "$name@${gone##*-}: it is gone already"
    expect_exit 1 cdctl $verb "x$next" </dev/null
    expect_exit 1 cdctl $verb "x$name-*" </dev/null
  done
  expect_exit 1 cdctl break "$typo" --dry-run </dev/null
  expect_exit 1 cdctl reap - <<<"$typo"
  # A verdict on a set that is long gone is no mistake.
  at=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
  expect_exit 0 cdctl break <<<"{\"schema\":\"cdctl.verdict/1\",\"set\":\"$typo\",\"verdict\":\"unhealthy\",\"rule\":\"x\",\"time\":\"$at\"}"
}

make_trunk
make_service </dev/null
expect_exit 0 cdctl deploy "$service" </dev/null
story "$service"
expect_exit 1 cdctl hold "$service-r0123456789" --why 'of no use' </dev/null
expect_exit 0 cdctl hold "$(newest_set "$service")" --why 'of no use' </dev/null
expect_exit 0 cdctl retire "$service" --confirm "$service" --grace 1s </dev/null
expect_same "global parameters in the end" "$(api global-parameters | jq -r --arg n "$service" '.[].name | select(contains($n))')" ""
rm "services.d/$service.toml"

alone=$service-alone
make_trunk "$alone" 'worker: exec sleep 1000'
has_broker='' make_service "$alone" </dev/null
expect_exit 0 cdctl deploy "$alone" </dev/null
story "$alone"
