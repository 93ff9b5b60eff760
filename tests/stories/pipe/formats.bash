#!/usr/bin/env bash
# What is written: the formats, the schemas, who gets colours, how a stream ends, and that a second run or a dry one changes
# nothing.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
mkdir home
: >records
# run_all WANT COMMAND...: its records are kept for the schemas.
kept() { expect_exit "$@"; cat "$work/out" >>records; }
# Everything that may change between two runs a moment apart.
timeless() { jq -cS 'del(.time, .took_ms)' "$@"; }
files() { find home -type f ! -name outcomes.ndjson ! -path '*/cache/*' -printf '%p %s %T@\n' | sort; }

# dry_then_real COMMAND...: the dry run says what the real one then does and changes nothing; the second real one has nothing
# to do. Input is the file in.
dry_then_real() {
  local before
  before=$(files)
  kept 0 "$@" --dry-run <in
  expect_json 'length >= 1 and all(.dry_run and .ok and .changed)'
  expect_same "the home after $* --dry-run" "$(files)" "$before"
  cp out dry
  kept 0 "$@" <in
  expect_json 'length >= 1 and all((has("dry_run") | not) and .ok and .changed)'
  same_keys='[.schema, .action, .service, .revision, .set, .ok, .changed, .why]'
  expect_same "dry and real" "$(jq -c "$same_keys" dry)" "$(jq -c "$same_keys" out)"
  kept 0 "$@" <in
  expect_json 'length >= 1 and all(.ok and (.changed | not))'
}

expect_exit 0 cdctl outdated </dev/null
cp out in && cat in >>records
dry_then_real cdctl deploy
first=$(newest_set)
second=$(deploy_one ok)
: >in
dry_then_real cdctl break "$first" --why 'wrong "colours"'
dry_then_real cdctl mend "$first"
dry_then_real cdctl scale "$first" worker=3
third=$(deploy_one ok)
cdctl ls </dev/null | cdctl stale --keep 2 --min-age 0s --prove-for 0s >in
dry_then_real cdctl reap
expect_same "sets" "$(sets_of | wc -l)" 2
dry_then_real cdctl reap "$second"
for command in break mend scale reap; do
  kept 0 cdctl $command "$first" </dev/null
  expect_json '.[0] | .ok and .absent and (.changed | not)'
done

# ---------------------------------------------------------------- every record by its schema

for severity in debug info warning error critical; do cdctl signal "$third" "s-$severity" -s $severity -m 'a "b" ✓' --data n=1 </dev/null; done
make_service nowhere missing.git </dev/null
kept 4 cdctl outdated --all </dev/null
kept 0 cdctl ls </dev/null
cdctl ls </dev/null >sets
kept 0 cdctl stale --keep 0 --all <sets
kept 0 cdctl inspect "$third" </dev/null
kept 0 cdctl signals --since 1h </dev/null
cp out signals
kept 0 cdctl trip --all <signals
kept 0 cdctl trip --rule 'errors >= 2 in 1m' <signals
expect_json 'length == 1 and .[0].verdict == "unhealthy"'
cp out verdicts
kept 5 cdctl break <verdicts
kept 0 cdctl plugins </dev/null
kept 0 cdctl version -o ndjson </dev/null
rm services.d/nowhere.toml
valid records
for schema in revision set signal verdict outcome error plugin version; do
  grep -q "\"schema\":\"cdctl.$schema/1\"" records || fail "no $schema record was seen"
done

# ---------------------------------------------------------------- one value, five formats

for command in "ls" "stale --keep 0 --all" "plugins" "signals --since 1h" "trip --all" "outdated --all"; do
  case $command in stale*) cp sets in ;; trip*) cp signals in ;; *) : >in ;; esac
  # Times of the run apart, the records are the same.
  pipe_exit 0 "cdctl $command -o ndjson <in"
  timeless out | jq -cS 'del(.stale.at)' >a
  [ -s a ] || fail "cdctl $command wrote nothing"
  pipe_exit 0 "cdctl $command <in"
  expect_same "$command without -o" "$(timeless out | jq -cS 'del(.stale.at)')" "$(cat a)"
  pipe_exit 0 "cdctl $command -o json <in"
  jq -e 'type == "array"' out >/dev/null
  expect_same "$command -o json" "$(jq -c '.[]' out | timeless | jq -cS 'del(.stale.at)')" "$(cat a)"
  pipe_exit 0 "cdctl $command -o name <in"
  expect_same "$command -o name" "$(cat out)" "$(jq -r '.set // .name' a)"
  for format in table wide; do
    pipe_exit 0 "cdctl $command -o $format <in"
    expect_same "lines of $command -o $format" "$(wc -l <out)" "$(($(wc -l <a) + 1))"
    for value in $(jq -r '.revision // .name' a); do expect_line "(^| |-)$value( |\$)"; done
  done
done
for format in ndjson json name table; do  # an actor's records, too
  expect_exit 5 cdctl break "$third" -o $format </dev/null
  expect_error 'min_live is 1'
  case $format in
    ndjson) expect_json 'length == 1 and .[0].exit == 5' ;;
    json) expect_json '.[0] | length == 1 and .[0].exit == 5' ;;
    name) expect_same "the name" "$(cat out)" "$third" ;;
    table) expect_line "^break +$third +refused" ;;
  esac
done
pipe_exit 0 'cdctl ls -o wide'
expect_line "^$third +live +2/2 +[0-9]+s +newest +local +.*$work/home +trunk [0-9a-f]{8} ok\$"
expect_exit 0 cdctl inspect "$third" -o table </dev/null
expect_no_line '[{}]|[[][]]'
expect_exit 0 cdctl plugins -o table </dev/null
expect_line '^local +[0-9.]+ +yes +engine memory feed probe$'
expect_same "lines wider than 80 columns" "$(grep -c '.\{81\}' out || true)" 0
expect_exit 2 cdctl ls -o yaml </dev/null
expect_error 'ndjson json table wide name'
rm -rf empty && mkdir -p empty/services.d && printf '[local]\nhome = "%s/none"\n' "$work" >empty/cdctl.toml
expect_same "an empty list" "$(cdctl ls -c empty/cdctl.toml -o json </dev/null | jq -c .)" '[]'
expect_same "an empty table" "$(cdctl ls -c empty/cdctl.toml -o table </dev/null)" ''

# ---------------------------------------------------------------- colours

escapes() { grep -c $'\e' "$1" || true; }
on_terminal() { script -qefc "$1" /dev/null </dev/null | tr -d '\r' >"$work/screen"; }
unset NO_COLOR
export TERM=xterm
pipe_exit 0 'cdctl ls -o table; cdctl inspect '"$third"' -o table; cdctl frobnicate; true'
expect_same "escapes in a pipe" "$(escapes out) $(escapes err)" "0 0"
on_terminal 'cdctl ls'
grep -q "^SET  *STATE" screen || fail "no table on a terminal: $(cat screen)"
grep -q $'\e\\[32mlive\e\\[0m' screen || fail "no colour on a terminal"
for plain in 'NO_COLOR=1 cdctl ls' 'cdctl ls --no-color' 'TERM=dumb cdctl ls'; do
  on_terminal "$plain"
  grep -q "^SET  *STATE" screen || fail "no table: $plain"
  expect_same "escapes of $plain" "$(escapes screen)" 0
done
# A terminal of 80 columns: no line is wider, and nothing is cut off.
narrow() { on_terminal "stty cols 80; cdctl $1"; }
for command in ls plugins 'signals --since 1h' 'log --since 1h' 'config show' "inspect $third" doctor; do
  narrow "$command --no-color"
  expect_same "lines of cdctl $command wider than 80 columns" "$(LC_ALL=C.UTF-8 grep -E '.{81}' screen | grep -v '^  cgroup' || true)" ""  # that path is one word
done
# What has no room goes before what happened does: who did it.
narrow 'history --since 1h --no-color'
grep -qE '^TIME +ACTION +SET +RESULT +WHY$' screen || fail "history in 80 columns: $(head -3 screen)"
on_terminal 'stty cols 120; cdctl history --since 1h --no-color'
grep -qE '^TIME +ACTION +SET +RESULT +BY +WHY$' screen || fail "history in 120 columns: $(head -3 screen)"
narrow 'config show --no-color'
expect_same "a value with its blanks away" "$(tr -d ' \n' <screen | grep -c "{\"trunk\":" || true)" 1
on_terminal 'cdctl ls -o ndjson'
jq -e .set screen >/dev/null
expect_same "escapes in NDJSON" "$(escapes screen)" 0
on_terminal 'CDCTL_OUTPUT=name cdctl ls'
expect_same "names by choice" "$(cat screen)" "$third"
expect_same "the same choice in a pipe" "$(CDCTL_OUTPUT=name cdctl ls </dev/null | jq -r .set)" "$third"
export NO_COLOR=1

# ---------------------------------------------------------------- ends

# A reader that leaves: quietly, exit 0.
for command in 'ls' 'signals --since 1h' 'plugins' 'ls -o json' 'ls -o table' '--help'; do
  pipe_exit 0 "set -o pipefail; cdctl $command | head -1"
  expect_same "stderr of $command" "$(cat err)" ""
done
pipe_exit 0 'yes "$(head -1 sets)" | head -3000 | { cdctl stale --keep 0 --all; echo "status $?" >&2; } | head -1'
expect_error '^status 0$'
expect_same "lines on stderr" "$(wc -l <err)" 1

# INT and TERM end a stream at once, with everything written, and each with its own status.
ended_with() { # SIGNAL STATUS PID
  local status=0
  kill "-$1" "$3"
  eventually 10 gone "$3"
  wait "$3" || status=$?
  expect_same "status after $1" "$status" "$2"
}
written() { [ -s out ]; }
for ending in 'INT 130' 'TERM 143'; do
  : >out  # the shell starts what is in the background with INT ignored
  env --default-signal=INT cdctl signals --follow --since 1h </dev/null >out 2>err &
  eventually 10 written
  ended_with $ending $!
  expect_same "stderr after $ending" "$(cat err)" ""
  expect_same "records after $ending" "$(jq -c .id out)" "$(jq -c .id signals)"
  # A filter that waits for more ends the same way.
  mkfifo pipe
  : >out
  env --default-signal=INT cdctl trip <pipe >out 2>err &
  exec 5>pipe
  cat signals >&5
  eventually 10 written
  ended_with $ending $!
  exec 5>&-
  rm pipe
done
