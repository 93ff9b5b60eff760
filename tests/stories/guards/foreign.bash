#!/usr/bin/env bash
# One home, many configurations: whoever does not know a service shows its sets as foreign, says nothing of their state, and leaves
# them alone. What an earlier version took all the same is found by its owner, and removed.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
units=1
make_trunk
make_service </dev/null
first=$(deploy_one ok)
second=$(deploy_one ok)
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
for set in "$first" "$second"; do eventually 20 connected "$set"; done
expect_exit 0 cdctl break "$first" </dev/null

# a knows the service and its broker; b has another service, c shares the broker, and neither knows it. All of one home.
mkdir -p b/services.d c/services.d
printf '[local]\nhome = "%s/home"\n' "$work" >b/cdctl.toml
sed "s|\"broker.password\"|\"$work/broker.password\"|" cdctl.toml >c/cdctl.toml
git init -q -b main other.git
printf 'worker: sleep 1000\n' >other.git/Procfile
git -C other.git add -A && git -C other.git commit -qm other
printf '[sources]\ntrunk = { git = "%s/other.git", branch = "main" }\n[reaper]\nkeep = 1\nmin_age = "0s"\nprove_for = "0s"\n' "$work" >b/services.d/other.toml
in_folder() { # FOLDER EXIT COMMAND...
  expect_exit "$2" env CDCTL_CONFIG="$work/$1/cdctl.toml" "${@:3}"
}
untouched() {
  expect_same "state of $first" "$(cdctl ls -o ndjson "$first" </dev/null | jq -c '[.state, .cut, .foreign]')" '["live",true,null]'
  expect_same "state of $second" "$(cdctl ls -o ndjson "$second" </dev/null | jq -c '[.state, .cut, .foreign]')" '["live",false,null]'
  expect_same "limit of $first" "$(limit_of "$first")" 0
  expect_same "limit of $second" "$(limit_of "$second")" none
  connected "$second" || fail "$second has lost its connections"
}

in_folder b 0 cdctl outdated </dev/null
in_folder b 0 cdctl deploy other </dev/null
for folder in b c; do
  in_folder $folder 0 cdctl ls -o ndjson </dev/null
  expect_json 'map(select(.service == $s)) | length == 2 and all(.foreign and .state == null and .cut == null and .units == null and (.newest | not) and (.proven | not))' --arg s "$service"
  valid out
  in_folder $folder 0 cdctl ls -o table </dev/null
  expect_line "$first.*its service is not configured here"
  in_folder $folder 0 bash -c 'cdctl ls | cdctl stale --all'
  expect_json 'map(select(.service == $s)) | length == 2 and all((.stale | not) and (.kept | startswith("foreign")))' --arg s "$service"
  # Its documented pipe, with the policy that keeps least, and marks that somebody else has made.
  in_folder $folder 0 bash -c 'cdctl ls | cdctl stale --keep 0 --min-age 0s --prove-for 0s --failed-grace 0s | cdctl reap'
  untouched
  in_folder $folder 5 bash -c "CDCTL_CONFIG=$work/cdctl.toml cdctl ls $service | CDCTL_CONFIG=$work/cdctl.toml cdctl stale --keep 0 --min-age 0s --prove-for 0s | cdctl reap --max-reaps 0"
  expect_error "$service is not configured in .*$folder/cdctl.toml"
  in_folder $folder 0 bash -c 'CDCTL_CONFIG='"$work"'/cdctl.toml cdctl ls | cdctl stale --keep 0 --min-age 0s --prove-for 0s'
  expect_quiet
  in_folder $folder 5 cdctl reap "$second" --even-newest --even-last "$second" </dev/null
  expect_error "reap the set with the configuration that has $service"
  untouched
  # A verdict on it is by rules that are not its own.
  in_folder $folder 0 bash -c "printf '{\"schema\":\"cdctl.verdict/1\",\"set\":\"$second\",\"verdict\":\"unhealthy\",\"rule\":\"critical >= 1\",\"time\":\"%s\"}\n' \$(date -u +%FT%T.%3NZ) | cdctl break --even-last $second"
  expect_json '.[0] | .ignored == "foreign" and (.changed | not)'
  in_folder $folder 0 cdctl probe </dev/null
  expect_json 'all(.service != $s)' --arg s "$service"
  in_folder $folder 0 cdctl inspect "$second" </dev/null
  expect_json '.[0] | .foreign and .state == null and .cut == null'
  in_folder $folder 3 cdctl hold "$service" </dev/null
  in_folder $folder 3 cdctl force open "$second" </dev/null
  in_folder $folder 3 cdctl mend "$first" --probation 6s </dev/null
  in_folder $folder 0 cdctl doctor -o ndjson </dev/null
  expect_json 'any(.what == "foreign sets" and .state == "ok" and (.found | contains($s)))' --arg s "$first"
  untouched
done
# b does not even see the broker: nobody may say so, not by name either.
in_folder b 5 cdctl reap "$second" --even-newest --even-foreign --even-last "$second" </dev/null
expect_error 'remembered of the set is kept elsewhere'
for action in "break --even-last $second" mend; do
  # shellcheck disable=SC2086
  in_folder b 5 cdctl $action "$second" </dev/null
done
in_folder b 5 cdctl mend "$first" </dev/null
in_folder b 5 cdctl retire "$service" --confirm "$service" </dev/null
untouched
[ ! -e "home/memory/holds/$service.json" ] || fail "b holds the deploys of a"

# Two configurations without a broker share the memory of their home, too.
sed -i '/^\[rabbit/,/^$/d' c/cdctl.toml
in_folder c 0 bash -c 'cdctl ls | cdctl stale --keep 0 --min-age 0s --prove-for 0s --failed-grace 0s | cdctl reap'
in_folder b 0 cdctl ls other -o ndjson </dev/null
expect_json 'length == 1 and .[0].state == "live"'
other=$(jq -r .set out)
in_folder c 5 cdctl reap "$other" --even-newest --even-last "$other" </dev/null
# Whoever has its memory, and no file any more, may end it by name.
rm b/services.d/other.toml
in_folder b 0 cdctl ls -o ndjson </dev/null
expect_json 'any(.set == $o and .foreign)' --arg o "$other"
in_folder b 0 cdctl reap "$other" --even-newest --even-last "$other" --even-foreign </dev/null
no_process_of "$other" || fail "a process of $other is left"

# What a reaper that knew nothing left behind: the folder is gone, the user is not.
kill_set "$first"
rm -rf "home/sets/$first"
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "set " + $s and (.found | startswith("a ghost")))' --arg s "$first"
expect_same "cut of a ghost" "$(cut_of "$first")" true
expect_exit 0 cdctl reap "$first" </dev/null
! user_exists "$first" || fail "the ghost's user is left"
expect_exit 0 cdctl reap "$first" </dev/null
expect_json '.[0].absent'
expect_exit 0 cdctl doctor </dev/null
