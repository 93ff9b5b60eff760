#!/usr/bin/env bash
# For people who watch: what was done (log), the revisions side by side (timeline), what goes on now (top).
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service </dev/null
one=$(deploy_one ok)
two=$(deploy_one ok)
expect_exit 0 cdctl break "$one" --why 'wrong colours' </dev/null
expect_exit 0 cdctl mend "$one" --why 'repainted' </dev/null
expect_json '.[0].why == "repainted"'
expect_exit 2 cdctl mend "$one" --abort --why 'no reason of a trial' </dev/null

# ---------------------------------------------------------------- log
expect_exit 0 cdctl history
expect_json 'map([.action, .set]) == [["deploy", $one], ["deploy", $two], ["break", $one], ["mend", $one]]' --arg one "$one" --arg two "$two"
expect_same "a dry run in the log" "$(cdctl break "$two" --dry-run </dev/null | wc -l) $(cdctl history | wc -l)" '1 4'
expect_exit 0 cdctl history "$one" --action break -o table
expect_line "^TIME +ACTION +SET +RESULT +BY +WHY"
expect_line "break +$one +done +[^ ]+@[^ ]+ +wrong colours"
expect_exit 0 cdctl history "$one" --action mend
expect_json 'map(.why) == ["repainted"]'
expect_exit 0 cdctl history --since 2020-01-01T00:00:00Z --action break --action mend -o name
expect_same "lines" "$(sort -u out)" "$one"
expect_same "its name of before" "$(cdctl log 2>alias)" "$(cdctl history)"
expect_same "what that says" "$(cat alias)" "cdctl: cdctl log is called cdctl history now"
expect_same "with -q" "$(cdctl -q log 2>&1 >/dev/null)" ""
expect_exit 2 cdctl history --since yesterday
expect_exit 2 cdctl history --action eat
expect_exit 2 cdctl history "$service@newest"
cdctl history --follow --action break >follow.ndjson &
follower=$!
expect_exit 0 cdctl break "$one" </dev/null
both() { [ "$(wc -l <follow.ndjson)" = 2 ]; }
eventually 10 both
kill -TERM "$follower"
status=0
wait "$follower" || status=$?
expect_same "exit status of the follower" "$status" 143
expect_exit 0 cdctl mend "$one" </dev/null

# ---------------------------------------------------------------- timeline
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
cdctl signal "$two" oops -s critical -m 'wrong <colours>' </dev/null
three=$(deploy_one ok)
expect_exit 0 cdctl reap "$one" --grace 0s </dev/null
expect_exit 0 cdctl timeline "$service" --since 10m
valid "$work/out"
expect_json 'map(.set) == [$one, $two, $three]' --arg one "$one" --arg two "$two" --arg three "$three"
expect_json '.[0].state == "reaped" and (.[0].spans | map(.phase)) == ["out", "cut", "out", "cut", "out"]'
expect_json '.[0].marks | map(.kind) == ["deploy", "cut", "mend", "cut", "mend", "reap"]'
expect_json 'any(.[1].marks[]; .kind == "signal" and .severity == "critical" and .text == "oops: wrong <colours>")'
expect_json '.[2].newest and (.[2].spans | map(.phase)) == ["out"]'
expect_exit 0 cdctl timeline "$service" -o svg
expect_line '<title>.*wrong &lt;colours&gt;</title>'
expect_exit 0 cdctl timeline "$service" -o html
expect_line '<td>wrong colours</td>'
LC_ALL=C expect_exit 0 cdctl timeline "$service" --since 10m -o text
expect_line "^${one##*-} .* reaped$"
expect_same "characters beyond ASCII" "$(LC_ALL=C grep -c '[^ -~]' out || true)" 0
expect_exit 2 cdctl timeline
expect_exit 2 cdctl timeline "$service" -o table
expect_exit 1 cdctl timeline nobody

# ---------------------------------------------------------------- top
expect_exit 2 cdctl top </dev/null
expect_error 'cdctl ls'
tmuxes=0 screen=$work/tmux0
t() { tmux -S "$screen" "$@"; }
seen() { t capture-pane -p -t watch >screen.txt 2>/dev/null && grep -qE -- "$1" screen.txt; }
see() { eventually 60 seen "$1"; }
# open_top COLUMNS ROWS [ARG...]: a shell, so that one sees whether the terminal comes back.
open_top() {
  screen=$work/tmux$((++tmuxes))  # one that has just been ended may still answer
  TERM=xterm-256color LC_ALL=C.UTF-8 tmux -f /dev/null -S "$screen" new-session -d -s watch -x "$1" -y "$2" "stty -g >before; cdctl top $service ${*:3}; echo \$? >status; stty -g >after; echo back; exec cat"
}
close_tmux() { t kill-server 2>/dev/null || true; }
trap 'end_status=$?; close_tmux; end_story $end_status' EXIT

script -qec 'TERM=dumb cdctl top; echo $? >dumb.status' dumb.screen </dev/null >/dev/null 2>&1 || true
grep -q 'cannot place the cursor' dumb.screen || fail "$(cat dumb.screen)"
expect_same "exit status on a dumb terminal" "$(cat dumb.status)" 2
open_top 80 24
see "^$two +live +2/2"
see "^$three ★ +live +2/2"
see "critical $two +oops"
grep -q "$one" screen.txt && fail "a reaped set is on the screen"
see 'Enter inspect'
t send-keys -t watch Down Enter
see "^$two *$"
see '^sources'
expect_same "its name on the page" "$(grep -c "^$two\b" screen.txt)" 1
t send-keys -t watch End
see '^signals'
t send-keys -t watch q
four=$(deploy_one ok)
see "^$four ★ +live"
t send-keys -t watch / "${two##*-}" Enter
see "only names with '${two##*-}'"
grep -q "^$four" screen.txt && fail "the filter shows others"
t send-keys -t watch b
see "break $two\?  y yes"
see 'the guards allow it'
t send-keys -t watch n
see "break $two: not done"
expect_same "cut of $two" "$(cut_of "$two")" false
t send-keys -t watch b y
see "break $two: done in"
see "^$two +cut "
expect_same "cut of $two" "$(cut_of "$two")" true
expect_same "why" "$(cdctl history "$two" --action break | jq -r .why)" 'by hand, in cdctl top'
t send-keys -t watch m y
see "^$two +live "
t resize-window -t watch -x 120 -y 40
see 'LAST SIGNAL'
top_pid=$(pgrep -f "^cdctl top $service" || true)
[ -n "$top_pid" ] || fail "no top"
kill -TERM "$top_pid"
see '^back'
expect_same "exit status of top" "$(cat status)" 143
expect_same "the terminal" "$(cat after)" "$(cat before)"
expect_same "the screen before" "$(grep -c 'LAST SIGNAL' screen.txt || true)" 0
no_looker() { ! pgrep -f "__look $service" >/dev/null; }
eventually 20 no_looker
close_tmux

# What the probes of engines find wrong with a set, too.
make_trunk "$service-x" 'worker: sleep 0.2; exit 3'
has_broker='' make_service "$service-x" </dev/null
expect_exit 0 cdctl deploy "$service-x" </dev/null
sick=$(newest_set "$service-x")
open_top 80 24 "$service-x"
see "^$sick "
t send-keys -t watch End
see "^$sick: local/(down|restarts)"
close_tmux
expect_exit 0 cdctl reap "$sick" --grace 0s --even-newest --even-last "$sick" </dev/null
rm "services.d/$service-x.toml"

# The guards hold, and what could not be asked is in doubt: the sets stay, with question marks.
for set in "$two" "$three"; do expect_exit 0 cdctl break "$set" </dev/null; done
open_top 80 24
see "^$four ★ +live"
t send-keys -t watch b
see 'refused: it would leave'
see '(^| )same'  # to its end
t send-keys -t watch n
sed -i "s|^management = .*|management = \"http://127.0.0.1:1\"|" cdctl.toml
close_tmux
open_top 80 24
see "^\? .*127.0.0.1:1"
see "^$four.* \?  "
see ' 0 cut, [0-9]+\?'
t send-keys -t watch q
see '^back'
expect_same "exit status of top" "$(cat status)" 0
close_tmux
sed -i "s|^management = .*|management = \"http://127.0.0.1:$HTTP_PORT\"|" cdctl.toml
