#!/usr/bin/env bash
# The local engine at its worst: daemons that flee, crash loops, a killed supervisor, a reboot, a full disk.
. "$(dirname "$0")/../lib/common.bash"
begin

# ---------------------------------------------------------------- units that flee

# Each unit leaves two behind in sessions of their own; one of them has lost its parent and every mark, and ignores TERM.
cat >unit <<END
echo \$\$ >>$work/pids
setsid sh -c 'echo \$\$ >>$work/pids; exec sleep 1000' &
setsid env -i /bin/sh -c '/bin/sh $work/stray & :' &
exec sleep 1000
END
cat >stray <<END
echo \$\$ >>$work/pids
trap '' TERM
while :; do sleep 1; done
END
make_trunk "$service" "worker: exec sh $work/unit"
make_service </dev/null
set=$(deploy_one)
fled() { [ "$(wc -l <pids)" -ge 6 ]; }
eventually 10 fled
runs() { grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }
still_there() { local pid; for pid in $(cat pids); do ! runs "$pid" || return 0; done; return 1; }
for pid in $(cat pids); do runs "$pid" || fail "unit process $pid is not there"; done
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
expect_exit 0 cdctl mend "$set" --thaw </dev/null
expect_exit 0 cdctl reap "$set" --even-newest --even-last "$set" --grace 500ms </dev/null
! still_there || fail "a process outlived the reap: $(cat pids)"
no_process_of "$set" || fail "left: $(processes_of "$set")"
expect_same "the set's folder" "$(ls home/sets)" ""

# ---------------------------------------------------------------- a crash loop

make_trunk loop 'worker: echo "going to fall ✗"; echo last words >&2; exit 7'
make_service loop </dev/null
expect_exit 0 cdctl deploy loop </dev/null  # started is deployed: health is the breakers' matter
loop=$(jq -r .set out)
unit_is() { cdctl inspect "$loop" </dev/null 2>/dev/null | jq -e ".local.units[0] | $1" >/dev/null; }
eventually 15 unit_is '.restarts >= 2 and (.log | length) >= 4'
expect_exit 0 cdctl inspect "$loop" </dev/null
expect_json '.[0].local.units | length == 2 and all(.process == "worker" and (.last_exit | tostring | test("7")))'
expect_json '.[0].local.units | all(.log | index("last words") != null and index("going to fall ✗") != null)'
expect_exit 0 cdctl inspect "$loop" -o table </dev/null
expect_line 'last words'
expect_line 'restart'
# With back-off: it does not spin.
restarts() { cdctl inspect "$loop" </dev/null | jq '[.local.units[].restarts] | max'; }
[ "$(restarts)" -lt 20 ] || fail "a crash loop without back-off: $(restarts) restarts"
expect_exit 0 cdctl reap "$loop" --even-newest --even-last "$loop" </dev/null
no_process_of "$loop" || fail "left: $(processes_of "$loop")"

# ---------------------------------------------------------------- kill -9 of the supervisor, and a reboot

make_trunk steady "worker: exec sleep 1000"
make_service steady </dev/null
expect_exit 0 cdctl deploy steady </dev/null
steady=$(jq -r .set out)
is_down() { [ "$(state_of "$steady")" = down ]; }
repaired() { # [--now]: what is down is offered, and the deploy repairs it: same set, units new, nothing twice
  expect_exit 0 cdctl outdated steady "$@" </dev/null
  expect_json 'length == 1 and (.[0] | .why == "down" and .set == $set)' --arg set "$steady"
  cp out revision
  expect_exit 0 cdctl deploy <revision
  expect_json '.[0] | .ok and .changed'
  expect_same "state and deployed_at" "$(cdctl ls "$steady" </dev/null | jq -c '[.state, .units.up, .deployed_at]')" "[\"live\",2,\"$deployed_at\"]"
  expect_same "processes" "$(cdctl inspect "$steady" </dev/null | jq '.local.units[].pid' | sort)" "$(units_of_steady | sort)"
  expect_exit 0 cdctl outdated steady </dev/null
  expect_quiet
}
units_of_steady() { for pid in $(processes_of "$steady" || true); do [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" != "sleep 1000 " ] || echo "$pid"; done; }
deployed_at=$(cdctl ls "$steady" </dev/null | jq -r .deployed_at)
pids_of_set() { cdctl inspect "$steady" </dev/null | jq '.local | .supervisor_pid, .units[].pid'; }
before=$(units_of_steady)
kill -9 "$(cdctl inspect "$steady" </dev/null | jq .local.supervisor_pid)"
eventually 10 is_down
repaired
for pid in $before; do ! runs "$pid" || fail "unit $pid of before is still there"; done

# A reboot: every process of the set is gone at once, its files are those of a boot that has passed.
# shellcheck disable=SC2046
kill -9 $(pids_of_set)
eventually 10 is_down
sed -i 's/^boot .*/boot 00000000-0000-4000-8000-000000000000/' "home/sets/$steady/fence"
# It had not lived ten minutes: a row of falls is offered with a back-off.
expect_exit 0 cdctl outdated steady </dev/null
expect_quiet
expect_error '1 attempt failed; the next is due in [0-9]+s, or now with --now'
repaired --now
expect_exit 0 cdctl break "$steady" --even-last "$steady" </dev/null
# shellcheck disable=SC2046
kill -9 $(pids_of_set)
# What was cut stays cut, is out there, and is not offered.
expect_exit 0 cdctl ls "$steady" </dev/null
expect_json '.[0] | .cut and .newest'
expect_exit 0 cdctl outdated steady </dev/null
expect_quiet
# A mend starts it again: nobody else would.
expect_exit 0 cdctl mend "$steady" </dev/null
expect_same "state" "$(cdctl ls "$steady" </dev/null | jq -c '[.state, .cut, .units.up]')" '["live",false,2]'

# ---------------------------------------------------------------- a full disk

if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=256k none small 2>/dev/null; then
  trap 'umount -l "$work/small" 2>/dev/null; end_story $?' EXIT
  sed -i "s|^home = .*|home = \"$work/small/home\"|" cdctl.toml
  make_trunk big 'worker: exec sleep 1000'
  make_service big </dev/null
  head -c 10000000 /dev/zero >small/filler 2>/dev/null || true
  expect_exit 1 cdctl deploy big </dev/null
  expect_error 'No space left on device'
  expect_same "sets" "$(cdctl ls </dev/null | jq -r 'select(.state == "live")')" ""
  rm small/filler && mount -o remount,size=64m small
  expect_exit 0 cdctl deploy big </dev/null
  big=$(jq -r .set out)
  expect_same "state" "$(state_of "$big")" live
  # Full while it runs: still seen, still cut and mended or refused with a reason, and removed.
  head -c 100000000 /dev/zero >small/filler 2>/dev/null || true
  expect_same "state on a full disk" "$(state_of "$big")" live
  expect_exit 1 cdctl break "$big" --even-last "$big" </dev/null
  expect_error 'No space left on device'
  expect_same "cut" "$(cut_of "$big")" false
  rm small/filler
  expect_exit 0 cdctl break "$big" --even-last "$big" </dev/null
  expect_same "cut" "$(cut_of "$big")" true
  expect_exit 0 cdctl reap "$big" --even-newest --even-last "$big" </dev/null
  no_process_of "$big" || fail "left: $(processes_of "$big")"
else
  printf 'left out: a full disk (needs root and mount)\n'
fi
