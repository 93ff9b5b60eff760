#!/usr/bin/env bash
# Two controllers, and two machines on one of them, with one broker: whoever loses a race leaves no model and nothing on this machine,
# and touches nothing of the winner's; what was killed before it had lost is removed by name; and who mends from a machine that does
# not reach the controller is told what is still to do, and where.
CDCTL_STORY_ENGINE=${CDCTL_STORY_ENGINE:-juju-3.6}
. "$(dirname "$0")/../lib/common.bash"
begin broker
units=1
make_trunk
make_service </dev/null

attic=$FAKE_JUJU cellar=$work/cellar cellar_uuid=0c0ffee0-0000-4000-8000-000000000002
engine_end() {
  juju_control stop 2>/dev/null
  FAKE_JUJU=$cellar juju_control stop 2>/dev/null
}
mkdir "$cellar"
in_cellar() { FAKE_JUJU=$cellar JUJU_DATA=$work/juju-cellar "$@"; }
in_cellar juju_control init "$work/juju-cellar" $cellar_uuid
in_cellar juju_control broker queues >/dev/null
for number in 1 2 3; do sed "s|^home = .*|home = \"$work/home$number\"|" cdctl.toml >"home$number.toml"; done
export CDCTL_CONFIG=$work/home1.toml
from_second() { expect_exit "$1" env FAKE_JUJU="$cellar" JUJU_DATA="$work/juju-cellar" CDCTL_CONFIG="$work/home2.toml" "${@:2}"; }
models_of() { FAKE_JUJU=$1 juju_control show | jq -r --arg set "$2" '[.models[] | select(.name == $set)] | length'; }
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
field() { cdctl ls -o ndjson "$1" </dev/null | jq -r ".$2"; }
race() { # CONFIG...: a deployer for each, at the same moment
  local config number=0
  deployers=()
  for config; do
    number=$((number + 1))
    (
      [ "$config" != home2 ] || export FAKE_JUJU=$cellar JUJU_DATA=$work/juju-cellar
      cdctl outdated -c "$config.toml" </dev/null | cdctl deploy -c "$config.toml" -o ndjson >"race.$number" 2>"race.$number.err" || true
    ) &
    deployers+=($!)
  done
  wait "${deployers[@]}"
}

# ---------------------------------------------------------------- two controllers

for round in 1 2 3; do
  commit ok
  race home1 home2
  set=$(newest_set)
  user_exists "$set" || fail "round $round: nobody won"
  case $(field "$set" home) in
    juju:*1) winner=$attic loser=$cellar files=home2/juju/$cellar_uuid ;;
    juju:*2) winner=$cellar loser=$attic files=home1/juju/0c0ffee0-0000-4000-8000-000000000001 ;;
    *) fail "round $round: it is owned by '$(field "$set" home)'" ;;
  esac
  expect_same "models of the winner" "$(models_of "$winner" "$set")" 1
  expect_same "models of the loser" "$(models_of "$loser" "$set")" 0
  [ ! -e "$files/sets/$set" ] || fail "round $round: the loser's machine keeps $(ls -A "$files/sets/$set")"
  eventually 30 connected "$set"
done

# One that was killed before it had lost leaves a model that is nobody's set: the owner's is left alone.
commit ok
from_second 137 env CDCTL_TEST_CRASH_AT=deploy.claimed cdctl deploy "$service" </dev/null
set=$(deploy_one)
eventually 30 connected "$set"
expect_same "models of the one that was killed" "$(models_of "$cellar" "$set")" 1
from_second 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0] | .leftover != null and .state == null and (.home | endswith("1"))'
from_second 0 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "set '"$set"'" and (.cure | contains("cdctl reap '"$set"'")))'
from_second 5 cdctl deploy "$service" </dev/null
expect_error "owned by home juju:.*1, this one is juju:.*2"
from_second 137 env CDCTL_TEST_CRASH_AT=juju.stop.marked cdctl reap "$set" </dev/null
from_second 0 cdctl reap "$set" </dev/null
expect_json '.[0] | .ok and .changed and .leftover and (.steps | map(.plugin)) == ["juju"]'
expect_same "models that are left" "$(models_of "$cellar" "$set")" 0
expect_same "models of the owner" "$(models_of "$attic" "$set")" 1
user_exists "$set" || fail "the user is gone"
connected "$set" || fail "its connections were closed"
from_second 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0] | .leftover == null and .state == null'

# ---------------------------------------------------------------- two machines, one controller

for round in 1 2; do
  commit ok
  race home1 home3 home1 home3
  set=$(newest_set)
  expect_same "round $round: models" "$(models_of "$attic" "$set")" 1
  cat race.[1-4] >out
  expect_json 'all(.ok) and (map(select(.changed)) | length) == 1'
  eventually 30 connected "$set"
done

# ---------------------------------------------------------------- a mend from elsewhere

border=$(engine_border "$set")
whole_again() { [ "$(engine_border "$set")" = "$border" ]; }
cut_it() {
  expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
  expect_same "the border" "$(engine_border "$set")" cut
}
half_mended() {
  expect_json '.[0] | (.ok | not) and .changed and .exit == 1'
  expect_error "its limit is lifted, but its units are in home juju:.*1 and stay stopped until cdctl mend $set"
  expect_same "limit" "$(limit_of "$set")" none
  expect_same "the border" "$(engine_border "$set")" cut
}
cut_it
from_second 1 cdctl mend "$set" </dev/null
half_mended
# The pipe of its home finishes it.
expect_exit 0 cdctl outdated </dev/null
expect_json 'map([.set, .why]) == [["'"$set"'", "stopped"]]'
pipe_exit 0 'cdctl outdated | cdctl deploy'
eventually 20 whole_again
# A controller that does not answer, or a machine that knows none, is the same: the broker's part is done, the rest is named.
cut_it
engine_vanish
expect_exit 1 cdctl mend "$set" --timeout 20s </dev/null
half_mended
expect_error 'could not be asked from here'
engine_return
expect_exit 0 cdctl mend "$set" </dev/null
eventually 20 whole_again
cut_it
mkdir nowhere
expect_exit 1 env JUJU_DATA="$work/nowhere" cdctl mend "$set" </dev/null
half_mended
expect_exit 1 env JUJU_DATA="$work/nowhere" cdctl mend "$set" </dev/null
expect_json '.[0] | (.ok | not) and (.changed | not)'
expect_exit 0 cdctl mend "$set" </dev/null
expect_json '.[0].ok'
eventually 20 whole_again
eventually 30 connected "$set"
expect_exit 0 cdctl mend "$set" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
