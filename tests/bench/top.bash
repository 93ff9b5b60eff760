#!/usr/bin/env bash
# What `cdctl top` costs while it watches a thousand sets: CPU time of the one that draws and the two that ask, over a minute of the wall clock.
. "$(dirname "$0")/common.bash"
begin own-broker
many=${CDCTL_BENCH_SETS:-1000} seconds=${CDCTL_BENCH_SECONDS:-60}
make_trunk
make_service </dev/null
one=$(deploy_one ok)
# The others are what a set of another home is to us: a user, and a parameter like that of the real one.
api "global-parameters/cdctl.set.$one" >one.json
jq -nc --arg service "$service" --argjson many "$many" --slurpfile one one.json '[range(1; $many) | "\($service)-r" + ("0000000000\(.)" | .[-10:])] as $names
  | {users: [$names[] | {name: ., password: "", tags: ""}], global_parameters: [$names[] | {name: "cdctl.set.\(.)", value: $one[0].value}]}' >crowd.json
api definitions -f -X POST -d @crowd.json -o /dev/null -m 120
[ "$(sets_of | wc -l)" = "$many" ] || fail "not $many sets"

screen=$work/tmux
t() { tmux -S "$screen" "$@"; }
trap 'end_status=$?; t kill-server 2>/dev/null || true; end_story $end_status' EXIT
TERM=xterm-256color LC_ALL=C.UTF-8 tmux -f /dev/null -S "$screen" new-session -d -s watch -x 120 -y 40 "exec cdctl top $service"
shown() { t capture-pane -p -t watch >screen.txt && grep -q " $many sets" screen.txt; }
eventually 60 shown
cpu_of() { local pid sum=0; for pid; do sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$pid/stat"))); done; printf '%s' "$sum"; }
drawer=$(pgrep -f "^cdctl top $service")
mapfile -t askers < <(pgrep -f "^[^ ]*cdctl __look $service")
several_looks() { [ "$(($(cpu_of "${askers[@]}") - first))" -gt "$first" ]; }
first=$(cpu_of "${askers[@]}")
wait_until 20 several_looks || true   # past the first look, which writes every set
before=$(cpu_of "$drawer" "${askers[@]}") drew=$(cpu_of "$drawer")
sleep "$seconds"
ticks=$(($(cpu_of "$drawer" "${askers[@]}") - before)) drew=$(($(cpu_of "$drawer") - drew))
shown || fail "it shows something else"
head -1 screen.txt >&2
hz=$(getconf CLK_TCK)
row "cdctl top, $many sets, share of a core" "$(reckon '%.1f %%' "100 * $ticks / $hz / $seconds")" '' '' '<= 5 %' "100 * $ticks / $hz / $seconds <= 5"
row "  of this the one that draws" "$(reckon '%.1f %%' "100 * $drew / $hz / $seconds")" '' '' '' -

# The others never were: their home forgets them, or the story would reap each by itself.
expect_exit 0 cdctl reap "$one" --grace 0s --even-newest --even-last "$one" </dev/null
t kill-server
: >cdctl.toml
rm services.d/*
