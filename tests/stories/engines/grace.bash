#!/usr/bin/env bash
# What a worker gets to end: as people write it (`worker: ./run`, no exec), by hand and by the third pipe; long jobs are left to
# finish and hold nobody up. And why a worker that dies at once is down.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: ./run'
trunk=$service.git
# The job takes a while after TERM; the script around it dies of TERM itself.
printf '#!/bin/sh\n./job\n:\n' >"$trunk/run"
cat >"$trunk/job" <<'END'
#!/bin/sh
trap 'sleep "$(cat "$WORK/rest")"; echo done $CDCTL_REVISION >>"$LEDGER"; exit 0' TERM
echo begun $CDCTL_REVISION >>"$LEDGER"
while :; do sleep 0.05; done
END
sed -i "2i WORK=$work LEDGER=$work/ledger" "$trunk/job"
printf '1\n' >rest
chmod +x "$trunk/run" "$trunk/job"
units=1 make_service </dev/null
policy=(--keep 1 --min-age 0s --prove-for 0s)
file=services.d/$service.toml
begun() { grep -qs "begun ${1##*-}" ledger; }
finished() { grep -qs "done ${1##*-}" ledger; }

# No job is lost: not by a reap by name, and not by the third pipe.
first=$(deploy_one one) && eventually 10 begun "$first"
second=$(deploy_one two) && eventually 10 begun "$second"
third=$(deploy_one three) && eventually 10 begun "$third"
expect_exit 0 cdctl reap "$first" </dev/null
finished "$first" || fail "the job of $first is lost"
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
expect_json 'length == 1 and .[0].set == $s and .[0].ok' --arg s "$second"
finished "$second" || fail "the job of $second is lost"

# Until done: the reap says so and leaves, the set beside it is gone at once, and the next run of the pipe removes the rest.
printf 'stop_timeout = { worker = "until done, at most 2h" }\n' | cat - "$file" >new && mv new "$file"
expect_exit 0 cdctl outdated </dev/null
expect_json 'length == 0'   # nothing to ship
fourth=$(deploy_one four) && eventually 10 begun "$fourth"
printf '12\n' >rest
sed -i 's/^trap .*/trap "exit 0" TERM/' "$trunk/job"
fifth=$(deploy_one five) && eventually 10 begun "$fifth"
sixth=$(deploy_one six) && eventually 10 begun "$sixth"
began=$SECONDS
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
[ $((SECONDS - began)) -le 9 ] || fail "it took $((SECONDS - began)) s"
expect_json 'length == 3 and all(.ok)'
expect_json 'map(select(.draining)) | length == 2 and all(.until != null and (.steps[-1].left >= 1))'
expect_json 'any(.set == $s and (.draining | not))' --arg s "$fifth"
expect_error 'the next reap removes it'
for set in "$third" "$fourth"; do
  ! finished "$set" || fail "$set had no long job"
  expect_exit 0 cdctl ls "$set" </dev/null
  expect_json '.[0].state == "reaping"'
done
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap --max-reaps 0"   # no new mark is among them
eventually 30 finished "$third"
eventually 30 finished "$fourth"
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
expect_exit 0 cdctl ls -o name </dev/null
expect_same "what is left" "$(cat out)" "$sixth"

# Words that mean nothing are refused, with the line.
for wrong in '"soon"' '30' '"until done"' '"48h"'; do
  sed "s/^stop_timeout.*/stop_timeout = { worker = $wrong }/" "$file" >wrong.toml && cp "$file" right.toml && mv wrong.toml "$file"
  expect_exit 3 cdctl config check </dev/null
  expect_json 'any(.what | test("stop_timeout.worker.*until done, at most 2h"))'
  mv right.toml "$file"
done

# A worker that dies at once: the deploy does not wait to find out, ls says why, and --wait says the same as its record.
printf '#!/bin/sh\necho "cannot find the colours" >&2\nexit 7\n' >"$trunk/run"
bad=$(deploy_one bad)
why() { cdctl ls "$bad" </dev/null | jq -e '.why_down | test("unit 0 .worker.: exit status 7: cannot find the colours")' >/dev/null; }
eventually 10 why
told() { cdctl ls -o table </dev/null | grep -q 'exit status 7: cannot find the colours'; }
eventually 10 told   # between two tries it is up for a moment
git -C "$trunk" commit -qm again --allow-empty
expect_exit 6 cdctl deploy "$service" --wait --settle 2s --timeout 10s </dev/null
expect_json 'length == 1 and .[0].ok and (.[0].wait | .served == false and .exit == 6 and (.why | test("cannot find the colours")))'
expect_exit 0 cdctl history --action deploy </dev/null
expect_json '.[-1].ok and .[-1].wait.exit == 6'

# Cut during the wait: exit 1, and the record says so.
printf '#!/bin/sh\nexec sleep 1000\n' >"$trunk/run"
git -C "$trunk" commit -qam sleeper
cdctl deploy "$service" --wait --settle 20s </dev/null >waited 2>/dev/null &
waiting=$!
newest=
there() { newest=$(cdctl ls "$service@newest" </dev/null | jq -r 'select(.state == "live" and .units.up == 1 and .why_down == null).set'); [ -n "$newest" ] && [ "$newest" != "$bad" ]; }
eventually 20 there
expect_exit 0 cdctl break "$newest" --even-last "$newest" --why 'wrong colours' </dev/null
status=0
wait "$waiting" || status=$?
expect_same "exit status of the wait" "$status" 1
jq -e '.ok == false and .exit == 1 and (.error | test("wrong colours"))' waited >/dev/null || fail "$(cat waited)"
