#!/usr/bin/env bash
# `cdctl ls | cdctl want | cdctl scale`: a backlog gets more units, up to max; when it is gone they go, down to min; and without
# figures there is no wish. On a real broker, with real workers.
. "$(dirname "$0")/../lib/common.bash"
begin broker
job_ms=200
make_trunk
units=1 make_service <<'EOS'
[scale]
worker = { min = 1, max = 4, drain = "5s", settle = "1s" }
EOS
set=$(deploy_one ok)
worker() { cdctl ls "$set" </dev/null | jq -r '.processes.worker'; }
connected() { [ "$(connections_of "$set")" = "$1" ]; }
eventually 30 connected 1
want() { pipe_exit "$1" 'cdctl ls | cdctl want --all'; }

want 0
expect_json 'length == 1 and .[0].units == null and .[0].now == 1 and .[0].min == 1 and .[0].max == 4 and (.[0].why | length > 0)'
"$build_dir/tests/validate-records" "$source_dir/schemas" <out || fail "not by the schema"
pipe_exit 0 'cdctl ls | cdctl want'
expect_quiet

# ---------------------------------------------------------------- up, with the backlog

produce 900 300
eventually 60 gone "$producer"
pipe='cdctl ls | cdctl want | cdctl scale'
tick() { # UNITS: whether the pipe has brought it there
  bash -c "$pipe" >>ticks 2>>ticks.err </dev/null || true
  [ "$(worker)" = "$1" ] && return
  sleep 2
  false
}
eventually 120 tick 4
eventually 30 connected 4
[ "$(jq -s 'map(.units.worker) | max' ticks)" = 4 ] || fail "more than max: $(cat ticks)"
jq -es 'all(.action == "scale" and .ok) and (.[0].units.worker == 2)' ticks >/dev/null || fail "not by twos: $(cat ticks ticks.err)"
"$build_dir/tests/validate-records" "$source_dir/schemas" <ticks || fail "not by the schema"

# ---------------------------------------------------------------- down, when it is gone

eventually 120 nothing_missing
: >ticks
eventually 120 tick 1
eventually 30 connected 1
jq -es 'map(.units.worker) == [2, 1]' ticks >/dev/null || fail "not by halves: $(cat ticks ticks.err)"
expect_same "jobs that are missing" "$(missing_jobs)" 0
expect_same "the set" "$(newest_set)" "$set"

# ---------------------------------------------------------------- no figures, no wish

mv cdctl.toml whole.toml
sed "s|^management = .*|management = \"http://127.0.0.1:9\"|" whole.toml >cdctl.toml
cdctl ls -c whole.toml </dev/null >sets 2>/dev/null || true
expect_exit 4 cdctl want --all <sets
expect_json 'all(.schema == "cdctl.error/1")'
mv whole.toml cdctl.toml
cdctl ls </dev/null >sets
expect_exit 4 cdctl want --all < <(printf '{"schema":"cdctl.error/1","service":"%s","error":"x","exit":4}\n' "$service"; cat sets)
expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
expect_exit 0 cdctl want --all < <(jq -c '.cut = null' sets)
expect_quiet
expect_exit 0 cdctl want --all < <(jq -c '.units.up = 0' sets)
expect_json 'all(.units == null and (.why | test("not all of its units")))'
