#!/usr/bin/env bash
# What every engine must do, whatever it is made of: CDCTL_STORY_ENGINE names it, engines/NAME.bash says what differs. Sets are made,
# described, cut, mended and destroyed; two deployers make one; a kill at any step is repaired by the next run; and while the engine
# cannot be asked, nothing is known: nothing is gone, nothing is cut, nothing is removed.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null

# ---------------------------------------------------------------- what a set is asked

# Their environment says it; a process that ends while it is looked for is no failure.
unit_processes() { processes_of "$1" || true; }
inspected() { cdctl inspect "$1" -o ndjson </dev/null 2>/dev/null | jq -c "$2"; }
pids_of() { unit_processes "$1" | sort -n | tr '\n' ' '; }
units_run() { [ "$(inspected "$1" '.units')" = "{\"want\":$2,\"up\":$2}" ] && [ -n "$(unit_processes "$1")" ]; }
is_live() { [ "$(state_of "$1")" = live ]; }
has_border() { [ "$(engine_border "$1")" = "$2" ]; }
gone_for_good() { ! engine_knows "$1" && [ -z "$(unit_processes "$1")" ]; }
expect_whole() { # SET WHERE
  expect_same "the state of $1 $2" "$(state_of "$1")" live
  eventually 20 units_run "$1" 2
  eventually 20 has_border "$1" "$whole"
}

# ---------------------------------------------------------------- one life

expect_exit 0 cdctl ls </dev/null
expect_quiet
expect_exit 0 cdctl deploy "$service" </dev/null
expect_json 'length == 1 and (.[0] | .ok and .changed)'
first=$(jq -r .set out)
expect_same "the engine's sets" "$(engine_sets)" "$first"
eventually 20 is_live "$first"
eventually 20 units_run "$first" 2
whole=$(engine_border "$first")
[ "$whole" != cut ] || fail "a new set is cut from the world"
expect_exit 0 cdctl ls </dev/null
expect_json 'length == 1 and (.[0] | .set == $set and .state == "live" and .newest and .cut != true and .engine == $engine and (.sources.trunk.revision | test("^[0-9a-f]{40}$")) and .deployed_at != null)' \
  --arg set "$first" --arg engine "$engine_name"
home=$(jq -r .home out)
expect_exit 0 cdctl inspect "$first" </dev/null
expect_json '.[0] | .units == {"want":2,"up":2} and .home == $home' --arg home "$home"
# Out there is out there: it is not offered, and a second deploy changes nothing.
expect_exit 0 cdctl outdated </dev/null
expect_quiet
pids=$(pids_of "$first")
expect_exit 0 cdctl deploy "$service" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
expect_same "processes after a deploy of what is there" "$(pids_of "$first")" "$pids"

expect_exit 0 cdctl break "$first" --even-last "$first" </dev/null
expect_json '.[0] | .ok and .changed'
expect_same "the border after a break" "$(engine_border "$first")" cut
expect_same "cut" "$(cut_of "$first")" true
expect_exit 0 cdctl break "$first" --even-last "$first" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
expect_exit 0 cdctl mend "$first" </dev/null
expect_json '.[0] | .ok and .changed'
expect_same "cut" "$(cut_of "$first")" false
expect_whole "$first" "after a mend"
expect_exit 0 cdctl mend "$first" </dev/null
expect_json '.[0] | .ok and (.changed | not)'

# ---------------------------------------------------------------- two deployers

commit ok
for number in 1 2 3; do
  (cdctl deploy "$service" -o ndjson >"race.$number" 2>"race.$number.err" </dev/null; echo $? >"race.$number.code") &
done
wait
cat race.?.code >codes
cat race.[123] >out
cat race.*.err >err
expect_same "exit codes of the race" "$(tr '\n' ' ' <codes)" "0 0 0 "
expect_json 'all(.ok) and (map(select(.changed)) | length) == 1 and (map(.set) | unique | length) == 1'
second=$(newest_set)
expect_same "the engine's sets" "$(engine_sets | sort | tr '\n' ' ')" "$(printf '%s\n' "$first" "$second" | sort | tr '\n' ' ')"
eventually 20 units_run "$second" 2

# ---------------------------------------------------------------- a deploy that fails

engine_spoil "$service"
commit ok
got=0
cdctl deploy "$service" >out 2>err </dev/null || got=$?
[ $got != 0 ] || fail "a deploy of nothing ended well"
expect_json 'length == 1 and (.[0] | .ok == false)'
spoilt=$(jq -r .set out)
if [[ " $(sets_of | tr '\n' ' ') " = *" $spoilt "* ]]; then
  expect_same "the state of a failed deploy" "$(state_of "$spoilt")" partial
  expect_exit 0 cdctl outdated </dev/null
  expect_quiet  # it has its back-off
  expect_exit 0 cdctl reap "$spoilt" --even-newest </dev/null
fi
gone_for_good "$spoilt" || fail "something of $spoilt is left"
engine_trunk "$service" 'worker: exec sleep 1000'
commit ok
expect_same "the sets that are left" "$(sets_of | sort | tr '\n' ' ')" "$(printf '%s\n' "$first" "$second" | sort | tr '\n' ' ')"

# ---------------------------------------------------------------- the engine cannot be asked

pids_first=$(pids_of "$first")
pids=$pids_first$(pids_of "$second")
engine_vanish
for words in ls "ls $first" outdated "inspect $first" "break $first" "reap $first --even-last $first"; do
  printf '%s\n' "$words" >command
  got=0
  timeout -k 5 120 cdctl $words -o ndjson >out 2>err </dev/null || got=$?
  case "$words $got" in
    "break"*" "[14] | "reap"*" "[14]) expect_json 'all(.ok != true)' ;;
    *" 4") expect_json 'all(.schema == "cdctl.error/1" or .state == null)' ;;
    *) fail "exit status $got while the engine cannot be asked" ;;
  esac
done
pipe_exit 4 'set -o pipefail; cdctl ls | cdctl stale --keep 0 --min-age 0s --prove-for 0s | cdctl reap'
expect_json 'all(.action != "reap" or .ok != true)'
expect_same "processes while the engine cannot be asked" "$(pids_of "$first")$(pids_of "$second")" "$pids"
engine_return
expect_whole "$first" "once the engine is back"
expect_whole "$second" "once the engine is back"
expect_same "processes once the engine is back" "$(pids_of "$first")$(pids_of "$second")" "$pids"

# ---------------------------------------------------------------- the end of one

expect_exit 0 cdctl reap "$second" --even-newest --grace 1s </dev/null
expect_json '.[0] | .ok and .changed'
gone_for_good "$second" || fail "something of $second is left: $(engine_sets) $(unit_processes "$second")"
expect_same "the sets that are left" "$(sets_of)" "$first"
expect_same "processes of the other" "$(pids_of "$first")" "$pids_first"
expect_exit 0 cdctl reap "$second" --even-newest </dev/null

# ---------------------------------------------------------------- killed at each step

# Those of the engine, and of the commands that drive it; the story crash is there for the broker's. A boundary of a command lies
# between two calls of the engine, where all versions and isolations of one engine have the same to do again: one of them passes
# those for all. Each passes all of the engine's own, since what Juju answers to a second try differs.
worth_reaching() {
  [[ " $engine_elsewhere " != *" $1 "* ]] || return 1
  case $1 in
    *rabbit* | reap.retired | deploy.let_in | deploy.turned | deploy.releas*) return 1 ;;
    "$engine_points".*) ;;
    deploy.* | break.* | mend.* | reap.*) [ "$engine_passes" = all ] ;;
    *) return 1 ;;
  esac
}
mapfile -t points < <(crash_points "$source_dir"/{core,cli} "$source_dir/plugins/$engine_points")
[ ${#points[@]} -gt 10 ] || fail "only ${#points[@]} step boundaries found"
deploys=() breaks=() mends=() reaps=()
for point in "${points[@]}"; do
  worth_reaching "$point" || continue
  case $point in
    deploy.* | *.claim.* | *.start.* | *.handover.* | *.clean.* | *.finish.*) deploys+=("$point") ;;
    break.* | *.cut.*) breaks+=("$point") ;;
    mend.* | *.mend.*) mends+=("$point") ;;
    reap.* | *.stop.* | *.destroy.*) reaps+=("$point") ;;
    *) deploys+=("$point") breaks+=("$point") mends+=("$point") reaps+=("$point") ;;
  esac
done

# One set is cut and mended with all their boundaries, then the others are made and removed.
set=$(deploy_one ok)
expect_whole "$set" "after a deploy"
for ((i = 0; i < ${#breaks[@]} || i < ${#mends[@]}; i++)); do
  point=${breaks[i]:-none}
  at_point "$point" cdctl break "$set"
  expect_same "the border after $point in a break" "$(engine_border "$set")" cut
  expect_same "cut of $set after $point" "$(cut_of "$set")" true
  point=${mends[i]:-none}
  at_point "$point" cdctl mend "$set"
  expect_whole "$set" "after $point in a mend"
done
expect_exit 0 cdctl reap "$set" --even-newest --grace 1s </dev/null
for ((i = 0; i < ${#deploys[@]} || i < ${#reaps[@]}; i++)); do
  point=${deploys[i]:-none}
  commit ok
  case $point in *.clean.* | *.taken) crashing "$engine_unfinished" cdctl deploy "$service" ;; esac  # the way over an unfinished one
  at_point "$point" cdctl deploy "$service"
  set=$(newest_set)
  [ "$set" != "$first" ] || fail "$point: no new set"
  expect_whole "$set" "after $point in a deploy"
  point=${reaps[i]:-none}
  at_point "$point" cdctl reap "$set" --even-newest --grace 1s
  gone_for_good "$set" || fail "$point in a reap: something of $set is left: $(engine_sets) $(unit_processes "$set")"
  expect_same "the sets after $point" "$(sets_of)" "$first"
done
for point in "${deploys[@]}" "${breaks[@]}" "${mends[@]}" "${reaps[@]}"; do
  [[ $reached = *" $point "* || " ${missed:-} " = *" $point "* ]] || missed+=" $point"
done
[ -z "${missed:-}" ] || fail "no command reached these step boundaries:$missed"

expect_same "processes of the first" "$(pids_of "$first")" "$pids_first"
expect_exit 0 cdctl reap "$first" --even-newest --even-last "$first" --grace 1s </dev/null
gone_for_good "$first" || fail "something of $first is left"
expect_exit 0 cdctl ls </dev/null
expect_quiet
engine_left_alone
