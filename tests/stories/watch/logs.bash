#!/usr/bin/env bash
# `logs`: what units write, of several at once, over crashes and rotation, to the end of the set and after it; hostile text is shown, not obeyed.
. "$(dirname "$0")/../lib/common.bash"
begin
service=thumbs
# A worker that says its own escape sequences, and dies now and then.
make_trunk "$service" 'worker: printf "hello from $CDCTL_UNIT\n"; printf "\033]0;owned\007\033[2Jred\tink\n"; n=0; while sleep 0.1; do n=$((n + 1)); echo "tick $n"; [ $n -lt 20 ] || exit 3; done
loud: i=0; while [ $i -lt 3000 ]; do echo "line $i of the loud one"; i=$((i + 1)); done; exec sleep 1000'
units=2
make_service </dev/null
sed -i 's/^units = .*/units = { worker = 2, loud = 1 }/' "services.d/$service.toml"
expect_exit 0 cdctl deploy "$service" </dev/null
set=$(newest_set)
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
logs() { timeout 60 cdctl logs "$@" </dev/null; }

# ------------------------------------------------------------ at once
said() { logs "$set" >out 2>err; grep -q '"line":"tick 3"' out && grep -q 'line 2999 of' out; }
eventually 60 said
valid out
expect_json 'map(select(.process == "worker") | .unit) | unique | length == 2'
expect_json '[.[] | .time] | . == sort'
expect_json 'any(.line == "\u001b]0;owned\u0007\u001b[2Jred\tink")'
expect_exit 0 cdctl logs "$set/loud" --tail 2 </dev/null
expect_json 'map(.line) == ["line 2998 of the loud one", "line 2999 of the loud one"]'
number=$(jq -r 'select(.process == "loud") | .unit' out | head -1)
expect_exit 0 cdctl logs "$service@newest/$number" --tail 1 -o table </dev/null
expect_same "one unit" "$(cat out)" "line 2999 of the loud one"
expect_exit 0 cdctl logs "$set" --since 2100-01-01T00:00:00Z </dev/null
expect_quiet

# ------------------------------------------------------------ what a terminal gets: no escape of a worker's own
expect_exit 0 cdctl logs "$set" -o table </dev/null
expect_line '^worker\.[0-9] \| hello from [0-9]'
expect_line '^loud\.[0-9]   \| line 7 of the loud one'
expect_line 'owned.*red +ink'
expect_same "control characters" "$(LC_ALL=C grep -c $'[\001-\010\013-\037]' out || true)" 0

# ------------------------------------------------------------ names
expect_exit 2 cdctl logs </dev/null
expect_exit 2 cdctl logs "$set/a b" </dev/null
expect_exit 2 cdctl logs "$set" --tail some </dev/null
expect_exit 1 cdctl logs "$service-r0123456789" </dev/null
expect_error 'never was'

# ------------------------------------------------------------ following, over a crash, to the end
cdctl logs "$set/worker" -f --tail 0 >follow.ndjson 2>follow.err </dev/null &
follower=$!
crashed() { grep -q 'exit status 3; starts again' follow.ndjson; }
eventually 60 crashed
jq -se 'map(select(.line | startswith("exit status 3"))) | all(.engine)' follow.ndjson >/dev/null || fail "the engine's word is not marked"
again() { [ "$(jq -r .line follow.ndjson | grep -c '^hello')" -ge 1 ]; }
eventually 60 again
expect_exit 0 cdctl reap "$set" --grace 0s --even-newest --even-last "$set" </dev/null
ended() { ! kill -0 "$follower" 2>/dev/null; }
eventually 30 ended
wait "$follower" && status=0 || status=$?
expect_same "exit status of a follower whose set is gone" "$status" 0

# ------------------------------------------------------------ of two sets: as one, by their times
commit ok
expect_exit 0 cdctl deploy "$service" </dev/null
first=$(newest_set)
commit ok
expect_exit 0 cdctl deploy "$service" </dev/null
second=$(newest_set)
both_said() { logs "$first" "$second" >out 2>err; [ "$(jq -r 'select(.line == "tick 9") | .set' out | sort -u | wc -l)" = 2 ]; }
eventually 60 both_said
expect_json '[.[] | .time] | . == sort'
both=$(jq -s length out)
logs "$second" "$first/loud" -f --tail 5000 2>/dev/null | head -n 3000 >out
expect_json '(length == 3000) and ([.[] | .time] | . == sort)'
[ "$both" -gt 6000 ] || fail "only $both lines of two sets"
for each in "$first" "$second"; do expect_exit 0 cdctl reap "$each" --grace 0s --even-newest --even-last "$each" </dev/null; done

# ------------------------------------------------------------ afterwards
expect_exit 0 cdctl logs "$set/loud" --tail 2 </dev/null
expect_json '.[0].line == "line 2999 of the loud one" and .[1].engine and .[0].process == "loud"'
sed -i '/^\[local\]/a log_keep = "0"' cdctl.toml
commit ok
expect_exit 0 cdctl deploy "$service" </dev/null
next=$(newest_set)
expect_exit 0 cdctl reap "$next" --grace 0s --even-newest --even-last "$next" </dev/null
expect_exit 0 cdctl logs "$set" </dev/null
expect_quiet
expect_error 'gone|reaped'
expect_same "kept logs" "$(find "$work" -path '*/logs/*' -name '*.log*' | wc -l)" 0
