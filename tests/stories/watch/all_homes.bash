#!/usr/bin/env bash
# What every home did, from any of them: a home's own log, and in between what the broker remembers of the others.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
units=1
make_trunk
make_service </dev/null
for number in 1 2 3; do sed "s|^home = .*|home = \"$work/home$number\"|" cdctl.toml >"home$number.toml"; done
export CDCTL_CONFIG=$work/home1.toml  # the first one is where no other is said
from_second() { expect_exit "$1" env CDCTL_CONFIG="$work/home2.toml" "${@:2}"; }
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }

one=$(deploy_one ok)
commit ok
from_second 0 cdctl deploy "$service" </dev/null
two=$(jq -r .set out)
from_second 0 cdctl break "$two" --why 'wrong colours' </dev/null
from_second 0 cdctl mend "$two" </dev/null
expect_exit 0 cdctl break "$one" --why 'nobody needs it' </dev/null
from_second 0 cdctl hold "$service" --why 'a fair' </dev/null

# ---------------------------------------------------------------- each act once, from both

story='[["deploy",$one],["deploy",$two],["break",$two],["mend",$two],["break",$one],["hold",null]]'
for number in 1 2; do
  expect_exit 0 cdctl history --all-homes -c "home$number.toml" </dev/null
  valid out
  expect_json 'map([.action, .set]) == '"$story" --arg one "$one" --arg two "$two"
  expect_json '[.[].time] == ([.[].time] | sort)'
done
expect_exit 0 cdctl history --all-homes </dev/null
expect_json 'map(.remembered == true) == [false, true, true, true, false, true]'
expect_json '.[1] | (.home | endswith("home2")) and .took_ms == null and .by == null'
expect_json '(.[2].why == "wrong colours") and (.[3].by | contains("@")) and .[5].why == "a fair"'
expect_exit 0 cdctl history </dev/null
expect_json 'map(.action) == ["deploy", "break"] and all(has("remembered") | not)'

# ---------------------------------------------------------------- the filters, and a table

expect_exit 0 cdctl history --all-homes "$two" --action break </dev/null
expect_json 'length == 1 and .[0].why == "wrong colours"'
expect_exit 0 cdctl history --all-homes --since 0s </dev/null
expect_quiet
expect_exit 0 cdctl history --all-homes -o table </dev/null
expect_line "deploy +$two +done +- +in .*home2"
expect_line "break +$two +done +[^ ]+ +wrong colours"
expect_exit 2 cdctl history --all-homes --follow </dev/null
expect_error 'the log of this home'
expect_exit 1 cdctl history --all-homes nobody </dev/null

# ---------------------------------------------------------------- a reap, and a revision that comes back

from_second 0 cdctl resume "$service" </dev/null
from_second 0 cdctl reap "$two" --grace 0s --even-newest --even-last "$two" </dev/null
expect_exit 0 cdctl history --all-homes "$two" </dev/null
expect_json 'map(.action) == ["deploy", "break", "mend", "reap"]'
from_second 0 cdctl deploy "$service@${two##*-}" </dev/null
expect_exit 0 cdctl history --all-homes "$two" </dev/null
expect_json '(map(.action) | .[0]) == "deploy" and (map(.action) | .[-1]) == "deploy"'

# ---------------------------------------------------------------- a home with nothing of its own; a broker that is away

expect_exit 0 cdctl history --all-homes -c home3.toml </dev/null
expect_json 'length >= 4 and all(.remembered)'
private-broker stop "$work/broker"
expect_exit 4 cdctl history --all-homes --timeout 3s </dev/null
expect_json 'any(.schema == "cdctl.error/1") and any(.action == "deploy") and any(.action == "break")'
valid out
expect_exit 0 cdctl history </dev/null
