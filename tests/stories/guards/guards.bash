#!/usr/bin/env bash
# What no option turns off silently: min_live, the fallback, marks and their policy, old evidence, edited records. The memory is
# the home's; guards_broker has what a broker changes.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
first=$(deploy_one ok)
second=$(deploy_one ok)
third=$(deploy_one ok)

# setting LINE: a top-level line of the service's file instead of the last one given.
cp "services.d/$service.toml" service.toml
setting() { { printf '%s\n' "$1"; cat service.toml; } >"services.d/$service.toml"; }
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.%3NZ; }
verdict() { # SET TIME-OF-LAST-EVIDENCE
  printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"unhealthy","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' \
    "$1" "$2" "$2" "$(at now)"
}
cut_sets() { cdctl ls -o ndjson </dev/null | jq -s 'map(select(.cut)) | length'; }
expect_cut() { expect_same "cut of $1" "$(cut_of "$1")" "$2"; }
# deployed SET WHEN: the memory says that it was deployed then.
deployed() {
  jq -c --arg at "$(at "$2")" '.deployed_at = $at' "home/memory/sets/$1.json" >memo
  cp memo "home/memory/sets/$1.json"
}
# The policy that keeps least: only the guards keep anything.
strict=(--keep 1 --min-age 0s --prove-for 0s --cut-grace 0s --failed-grace 0s)
marks() { cdctl ls </dev/null | cdctl stale "${strict[@]}"; }

# ---------------------------------------------------------------- min_live, in units, after the action

setting 'min_live = 5'
expect_exit 5 cdctl break --dry-run "$first" "$second" --even-last "$second" </dev/null
expect_json 'length == 2 and (.[0] | .ok == false and .exit == 5 and (.changed | not)) and (.[1] | .ok and .changed)'
setting 'min_live = 4'
expect_exit 0 cdctl break "$first" </dev/null
expect_exit 5 cdctl break "$second" </dev/null
expect_error "leave $service with 2 live units, min_live is 4.*--even-last $second"
expect_json '.[0] | .ok == false and (.changed | not) and .exit == 5 and .steps == []'
expect_cut "$second" false
expect_exit 5 cdctl break < <(verdict "$second" "$(at now)")
expect_exit 5 cdctl reap "$second" </dev/null
expect_exit 2 cdctl break "$second" --even-last "$first" --even-last "$third" </dev/null
expect_same "sets" "$(sets_of | wc -l)" 3
expect_same "cut sets" "$(cut_sets)" 1

# Once cut, once more is no new loss; its own name gets a set past the guard.
expect_exit 0 cdctl break "$first" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
expect_exit 0 cdctl break "$second" --even-last "$second" </dev/null
expect_cut "$second" true
expect_exit 0 cdctl mend "$second" </dev/null

# Percent are of the units that were live: 4 now, 2 after.
setting 'min_live = "51%"'
expect_exit 5 cdctl break "$second" </dev/null
expect_error 'min_live is 51%'
setting 'min_live = "50%"'
expect_exit 0 cdctl break "$second" </dev/null
expect_exit 5 cdctl break "$third" </dev/null
expect_cut "$third" false

# The default is one unit: nobody cuts or reaps the last by mistake, not even with --even-newest.
setting ''
expect_exit 5 cdctl break "$third" </dev/null
expect_exit 5 cdctl reap "$third" --even-newest </dev/null
expect_error '--even-last'
expect_same "state of $third" "$(state_of "$third")" live

# --even-last names one set, in any way that does; what names another is refused and not ignored.
for name in "$service" "$service@r" "$service-*" "$service@rffff" 'Not a set'; do
  expect_exit 2 cdctl break "$third" --even-last "$name" </dev/null
  expect_exit 2 cdctl reap "$third" --even-newest --even-last "$name" </dev/null
  expect_exit 2 cdctl break --even-last "$name" < <(verdict "$third" "$(at now)")
done
expect_exit 2 cdctl break "$third" --even-last "$first" </dev/null
expect_error "--even-last $first: .*not among the sets that are named"
expect_exit 2 cdctl reap --even-newest </dev/null
expect_exit 2 cdctl reap --even-foreign </dev/null
expect_exit 0 cdctl break "$third" --dry-run --even-last "$service@newest" </dev/null
expect_json '.[0] | .ok and .changed'
expect_exit 0 cdctl reap "$third" --dry-run --even-newest --even-last "$service@${third##*-}" </dev/null
expect_exit 0 cdctl break --dry-run --even-last "$service@newest" < <(verdict "$third" "$(at now)")
expect_json '.[0] | .ok and .changed'
expect_cut "$third" false

# What cannot be counted is exit 4 and nothing is done.
cp "home/memory/cuts/$first.json" kept
printf '{"cut":' >"home/memory/cuts/$first.json"
expect_exit 4 cdctl break "$third" </dev/null
expect_exit 4 cdctl reap "$third" --even-newest </dev/null
expect_exit 4 cdctl ls </dev/null
expect_json 'any(.schema == "cdctl.error/1") and (map(select(.set)) | length == 3 and all(.cut == null))'
pipe_exit 4 "cdctl ls | cdctl stale ${strict[*]} | cdctl reap"
cp kept "home/memory/cuts/$first.json"
expect_same "sets" "$(sets_of | wc -l)" 3
expect_cut "$third" false
expect_exit 0 cdctl mend "$first" "$second" </dev/null

# ---------------------------------------------------------------- the newest and the fallback

marks >marked
expect_same "marked sets" "$(jq -r .set marked | sort | tr '\n' ' ')" "$(printf '%s\n' "$first" "$second" | sort | tr '\n' ' ')"
expect_exit 0 cdctl break "$third" </dev/null
marks >marked
expect_same "marked beside a newest that is cut" "$(jq -r .set marked)" "$first"
expect_exit 5 cdctl reap "$third" </dev/null
expect_error 'the newest.*--even-newest'
expect_exit 0 cdctl mend "$third" </dev/null

# The first is proven, what is newer is not: it stays, however many newer ones there are.
deployed "$first" '-2 days'
deployed "$second" '-3 hours'
deployed "$third" '-2 hours'
expect_same "proven sets" "$(cdctl ls </dev/null | jq -r 'select(.proven) | .set')" ""  # a mend begins the proof anew
rm home/memory/cuts/*.json
expect_same "proven sets" "$(cdctl ls </dev/null | jq -r 'select(.proven) | .set')" "$first"
pipe_exit 0 'cdctl ls | cdctl stale --keep 1 --all'
expect_json 'any(.set == $set and .stale == null and (.kept | test("fallback")))' --arg set "$first"
expect_json 'any(.set == $set and .stale.why != null)' --arg set "$second"
deployed "$second" '-25 hours'
pipe_exit 0 'cdctl ls | cdctl stale --keep 1'
expect_json 'map(.set) == [$set]' --arg set "$first"

# ---------------------------------------------------------------- marks

# Older than ten minutes: refused.
marks | jq -c --arg at "$(at '-11 minutes')" '.stale.at = $at' >old
expect_exit 5 cdctl reap <old
expect_error 'the mark is 11m old'
expect_same "sets" "$(sets_of | wc -l)" 3

# Checked again, with the policy it was made by: a newest that was cut since leaves the second as the one to keep.
cdctl ls </dev/null | cdctl stale --keep 2 --min-age 0s --prove-for 0s >marked
expect_same "marked with keep 2" "$(jq -r .set marked)" "$first"
expect_exit 0 cdctl break "$second" </dev/null
expect_exit 5 cdctl reap <marked
expect_error 'not stale any more: one of the 2 newest live sets'
expect_same "sets" "$(sets_of | wc -l)" 3
expect_exit 0 cdctl mend "$second" </dev/null

# A mark that was tampered with, or has lost its policy, reaps nothing.
marks | jq -c '.set = $set' --arg set "$third" >forged
expect_exit 5 cdctl reap <forged
marks | jq -c 'del(.stale.policy)' >forged
expect_exit 1 cdctl reap <forged
expect_error 'no policy'
expect_same "sets" "$(sets_of | wc -l)" 3

# More than max_reaps refuse the whole run before the first.
printf '[reaper]\nmax_reaps = 1\n' >>"services.d/$service.toml"
marks >marked
expect_exit 5 cdctl reap <marked
expect_error "2 sets of $service are marked, max_reaps is 1; nothing was done"
expect_quiet
expect_same "sets" "$(sets_of | wc -l)" 3
# … of that service, whatever another one allows.
make_service other "$service.git" </dev/null
cdctl deploy other </dev/null >/dev/null 2>&1
cat marked <(cdctl ls other </dev/null | jq -c '.stale = $stale' --argjson stale "$(jq -sc '.[0].stale' marked)") >more
expect_exit 5 cdctl reap <more
expect_quiet
expect_same "sets" "$(sets_of "$service" | wc -l)" 3
setting ''

# ---------------------------------------------------------------- old evidence

ignored() { # WHY TIME
  expect_exit 0 cdctl break < <(verdict "$second" "$2")
  expect_json '.[0] | .ok and (.changed | not) and (.ignored | test($why))' --arg why "$1"
  expect_cut "$second" false
}
ignored 'older than the mend' "$(at '-1 minute')"
rm "home/memory/cuts/$second.json"
deployed "$second" '-2 minutes'
deployed "$third" '-1 minute'
ignored 'older than the set' "$(at '-4 minutes')"
deployed "$second" '-2 hours'
ignored 'max_verdict_age is 5m' "$(at '-6 minutes')"
setting 'max_verdict_age = "2m"'
ignored 'max_verdict_age is 2m' "$(at '-3 minutes')"
expect_exit 0 cdctl break < <(verdict "$second" "$(at '-1 minute')")
expect_json '.[0].changed'
expect_cut "$second" true
expect_exit 0 cdctl mend "$second" </dev/null
setting ''

# ---------------------------------------------------------------- trip: everyone

raise() { cdctl signal "$1" oops -s critical </dev/null; }
raise "$first" && raise "$second" && raise "$third"
pipe_exit 0 'cdctl signals --since 1h | cdctl trip --all'
expect_json 'group_by(.set) | length == 3 and all(.[-1] | .verdict == "undecided" and .why == "everyone")'
cdctl signal "$third" fine -s info </dev/null
expect_exit 0 cdctl trip --all < <(cdctl signals --since 1h </dev/null | grep -v "\"$first\"" | jq -c 'select(.set != $third or .signal == "fine")' --arg third "$third")
expect_json 'any(.set == $set and .verdict == "unhealthy")' --arg set "$second"
expect_json 'map(select(.set == $set)) | length == 1 and .[0].verdict == "healthy"' --arg set "$third"

# ---------------------------------------------------------------- deploy takes the configuration's word

commit ok
cdctl outdated "$service" </dev/null >revision
jq -c --arg id "$(printf '%040d' 7)" '.sources.trunk.revision = $id' revision >forged
expect_exit 1 cdctl deploy <forged
expect_error 'the record says revision'
jq -c '.set = "other-r0123456789"' revision >forged
expect_exit 1 cdctl deploy <forged
jq -c 'del(.sources.trunk)' revision >forged
expect_exit 1 cdctl deploy <forged
setting '' && printf '[mojo]\nseries = "noble"\n' >>"services.d/$service.toml"
expect_exit 1 cdctl deploy <revision
expect_error 'was edited since'
setting ''
expect_same "sets" "$(sets_of "$service" | wc -l)" 3
jq -c '.sources.trunk.url = "/nonexistent/evil.git"' revision >elsewhere
expect_exit 0 cdctl deploy <elsewhere
expect_same "the address" "$(cdctl ls "$service@newest" </dev/null | jq -r .sources.trunk.url)" "$work/$service.git"

# What is unknown of another service stops nothing of this one, and the exit status tells of both.
printf '{"schema":"cdctl.error/1","service":"other","while":"listing sets","error":"no route","exit":4,"time":"%s"}\n' "$(at now)" >unknown
{ cat unknown; cdctl ls "$service" </dev/null; cdctl ls other </dev/null; } >mixed
expect_exit 4 cdctl stale "${strict[@]}" <mixed
expect_json 'map(.schema) | unique | length == 2'
expect_json 'map(select(.schema == "cdctl.set/1")) | length == 3 and all(.service == $service)' --arg service "$service"
cp out marked
expect_exit 4 cdctl reap <marked
expect_json 'length == 3 and all(.ok and .changed)'
expect_same "sets" "$(sets_of "$service" | wc -l) $(sets_of other | wc -l)" "1 1"
