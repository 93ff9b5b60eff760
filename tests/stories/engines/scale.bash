#!/usr/bin/env bash
# Another number of units, in place: by hand, by the service's file, while the set is cut, over the end of whoever runs it; no
# revision is made of it, and nobody else is restarted. kill -9 at each step and the same again gives the same.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
begin
make_trunk "$service" 'worker: ./run
beat: exec sleep 1000'
cat >"$service.git/run" <<'EOR'
#!/bin/sh
trap 'sleep 1; echo done $CDCTL_UNIT >>"$LEDGER"; exit 0' TERM
while :; do sleep 0.05; done
EOR
sed -i "2i LEDGER=$work/ledger" "$service.git/run"
chmod +x "$service.git/run"
make_service </dev/null
file=services.d/$service.toml
sed -i 's/^units = .*/units = { worker = 2, beat = 1 }/' "$file"
set=$(deploy_one ok)
counts() { cdctl ls "$set" </dev/null | jq -c '[.state, .processes.worker, .processes.beat, .units.want, .units.up]'; }
is() { [ "$(counts)" = "$1" ]; }
pids() { cdctl inspect "$set" </dev/null | jq -c '[.local.units[] | select(.process == "'"$1"'") | .pid] | sort'; }
eventually 20 is '["live",2,1,3,3]'
beat=$(pids beat) first=$(cdctl inspect "$set" </dev/null | jq '.local.units[] | select(.unit == "0") | .pid')

# ---------------------------------------------------------------- by hand

expect_exit 0 cdctl scale "$set" worker=4 --why 'the sale' </dev/null
expect_json '.[0] | .action == "scale" and .ok and .changed and .units == {"beat": 1, "worker": 4} and .why == "the sale"'
eventually 20 is '["live",4,1,5,5]'
expect_exit 0 cdctl scale "$set" worker=4 </dev/null
expect_json '.[0] | .ok and (.changed | not)'
expect_exit 0 cdctl scale "$service@newest" worker=1 --dry-run </dev/null
expect_json '.[0] | .changed and .dry_run and .units.worker == 1'
is '["live",4,1,5,5]' || fail "a dry run has changed something: $(counts)"
# Who is one too many finishes what it does, and nobody waits for that
expect_exit 0 cdctl scale "$set" worker=1 </dev/null
eventually 20 is '["live",1,1,2,2]'
finished() { [ "$(sort -u ledger 2>/dev/null | wc -l)" = 3 ]; }
eventually 20 finished
expect_same "the first worker and the beat" "$(pids worker) $(pids beat)" "[$first] $beat"
expect_exit 0 cdctl history --action scale </dev/null
expect_json 'length == 3 and all(.set == $set)' --arg set "$set"

# ---------------------------------------------------------------- the service's file

sed -i 's/^units = .*/units = { worker = 3, beat = 1 }/' "$file"
expect_exit 0 cdctl outdated </dev/null
expect_quiet
expect_exit 0 cdctl scale "$service@newest" </dev/null
expect_json '.[0] | .ok and .changed and .units.worker == 3'
eventually 20 is '["live",3,1,4,4]'

# ---------------------------------------------------------------- what is refused

while IFS='|' read -r code line answer; do
  # shellcheck disable=SC2086
  expect_exit "$code" cdctl scale $line </dev/null
  expect_error "$answer"
done <<END_LINES
2|worker=2|name a SET
2|$set worker=x|PROCESS=N
2|$set worker=2 worker=3|twice
3|$set wroker=2|did you mean worker
5|$set worker=0 beat=0|a set has one unit at least
END_LINES

# ---------------------------------------------------------------- whoever runs it

supervisor=$(cdctl inspect "$set" </dev/null | jq .local.supervisor_pid)
expect_exit 0 cdctl scale "$set" worker=2 </dev/null
eventually 20 is '["live",2,1,3,3]'
kill -9 "$supervisor"
eventually 20 is '["down",2,1,3,0]'
expect_exit 0 cdctl scale "$set" worker=4 </dev/null
is '["down",4,1,5,0]' || fail "a set that is down was not scaled: $(counts)"
pipe_exit 0 'cdctl outdated --now | cdctl deploy'
eventually 20 is '["live",4,1,5,5]'

# ---------------------------------------------------------------- a cut set

expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
expect_exit 0 cdctl scale "$set" worker=2 </dev/null
expect_json '.[0] | .ok and .changed'
expect_same "cut" "$(cut_of "$set")" true
expect_exit 0 cdctl mend "$set" </dev/null
eventually 20 is '["live",2,1,3,3]'

# ---------------------------------------------------------------- the guard

printf 'min_live = 3\n' | cat - "$file" >new && mv new "$file"
expect_exit 5 cdctl scale "$set" worker=1 </dev/null
expect_error 'min_live is 3'
is '["live",2,1,3,3]' || fail "the guard has let it through: $(counts)"
expect_exit 0 cdctl scale "$set" worker=1 --even-last "$set" </dev/null
eventually 20 is '["live",1,1,2,2]'
sed -i '/^min_live/d' "$file"

# ---------------------------------------------------------------- wishes

wish() { # UNITS NOW [AGE]
  printf '{"schema":"cdctl.want/1","service":"%s","revision":"%s","set":"%s","process":"worker","units":%s,"now":%s,"min":1,"max":8,"why":"9 wait","time":"%s"}\n' \
    "$service" "${set##*-}" "$set" "$1" "$2" "$(date -u -d "-${3:-0} seconds" +%Y-%m-%dT%H:%M:%S.%3NZ)"
}
expect_exit 0 cdctl scale < <(wish null 1)
expect_quiet
expect_exit 0 cdctl scale < <(wish 3 2)
expect_json '.[0] | (.changed | not) and (.ignored | test("by now"))'
expect_exit 0 cdctl scale < <(wish 3 1 900)
expect_json '.[0] | (.changed | not) and (.ignored | test("ago"))'
expect_exit 0 cdctl scale < <(wish 3 1)
expect_json '.[0] | .changed and .why == "9 wait" and .units.worker == 3'
eventually 20 is '["live",3,1,4,4]'
cdctl ls </dev/null >sets
expect_exit 0 cdctl scale <sets
expect_error 'skipped'
expect_exit 4 cdctl scale < <(printf '{"schema":"cdctl.error/1","service":"%s","error":"x","exit":4}\n' "$service"; wish 4 3)
is '["live",3,1,4,4]' || fail "an unknown service was scaled: $(counts)"

# ---------------------------------------------------------------- kill -9 at each step

wanted=3
for point in $(crash_points "$source_dir/core/actions/boundary.hpp" "$source_dir/plugins/local/engine.cpp" | grep -E '(^|\.)scale\.'); do
  wanted=$((wanted == 3 ? 2 : 3))
  crashing "$point" cdctl scale "$set" worker=$wanted || fail "no command reached $point"
  expect_exit 0 cdctl scale "$set" worker=$wanted </dev/null
  eventually 20 is "[\"live\",$wanted,1,$((wanted + 1)),$((wanted + 1))]"
done
expect_exit 0 cdctl reap "$set" --even-newest --even-last "$set" --grace 3s </dev/null
eventually 20 no_process_of "$set"
