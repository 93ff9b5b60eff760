#!/usr/bin/env bash
# `cdctl mojo …` by hand and from cron: a run, its records and logs, a failure and the way on, kill -9 at every phase, two runs at
# once, a phase that hangs. No broker.
. "$(dirname "$0")/../lib/common.bash"
begin

export MOJO_ROOT=$work/mojo MOJO_SERIES=noble MOJO_STAGE=lp/production
unset MOJO_SPEC MOJO_WORKSPACE MOJO_PROJECT MOJO_LOGFILE
project=$service
in_project=(--project "$project")

write_script() { # NAME, the body on stdin
  mkdir -p "$(dirname "spec/$1")"
  { printf '#!/bin/sh\nset -eu\n'; cat; } >"spec/$1"
  chmod 755 "spec/$1"
}

mkdir -p spec/lp/production spec/app
cat >spec/manifest <<'EOF'
# Everything a run by hand can do.
secrets
collect config=collect-${MOJO_SERIES}
builddeps
build
script config=steps/setup  WHO='the world'  WAIT="${WAIT:-0}"
include config=common DEEP=yes
deploy
juju-check-wait steady=1 max-wait=30
verify config=steps/check
sleep config=0
EOF
printf 'script config=steps/deep\n' >spec/common
printf 'app app\nempty @\n' >spec/collect-noble
printf 'dpkg\n' >spec/builddeps
printf 'worker: exec sleep 1000\n' >spec/app/Procfile
write_script build <<<'echo built >"$MOJO_BUILD_DIR/app/artefact"'
write_script lp/production/steps/setup <<'EOF'
echo "setup $WHO $WAIT $MOJO_STAGE $(cat "$MOJO_LOCAL_DIR/token")"
echo setup >>"$LEDGER"
EOF
write_script steps/deep <<<'echo "deep $DEEP"; echo deep >>"$LEDGER"'
write_script steps/check <<<'echo check >>"$LEDGER"; test "$(cat "$MOJO_BUILD_DIR/app/artefact")" = built; exit ${CHECK_EXIT:-0}'
export LEDGER=$work/steps.ledger
mkdir -p "mojo/LOCAL/$project/lp/production"
printf 'sesame-open-1234\n' >"mojo/LOCAL/$project/lp/production/token"

schemas() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/schema.err" || fail "$(cat "$work/schema.err")"; }
workspace() { printf '%s/mojo/%s/noble/%s' "$work" "$project" "$1"; }
my_sets() { ls home/sets 2>/dev/null; }

# The language, before anything runs.
expect_exit 0 cdctl mojo plan spec
schemas
expect_json 'length == 10 and .[1].options == [["config","collect-noble"]] and .[4].options == [["config","steps/setup"],["WHO","the world"],["WAIT","0"]] and .[5].path == "common"'
expect_exit 0 cdctl mojo phases
schemas
expect_json 'map(.name) | contains(["collect","stop-on","include"])'
expect_exit 0 cdctl mojo plan-collect spec/collect-noble
schemas
expect_json 'map(.destination) == ["app","empty"]'
expect_exit 0 cdctl mojo lint spec
expect_quiet
expect_exit 0 cdctl mojo lint --rules
schemas
expect_json 'map(.name) | contains(["dead-link","unreferenced-file"])'
printf 'scrip config=x\nverify config=gone\nscript config=build COUNT=${NOT_SET}\n' >spec/manifest-bad
expect_exit 3 cdctl mojo plan -m manifest-bad spec
expect_quiet
expect_exit 3 cdctl mojo run "${in_project[@]}" -m manifest-bad spec bad
expect_error "manifest-bad:1:1: 'scrip' is no phase; did you mean script"
expect_error "manifest-bad:2:8: there is no 'gone' in the spec"
expect_error 'manifest-bad:3:21: COUNT: variable NOT_SET is not set'
expect_exit 1 cdctl mojo lint spec
schemas
expect_json 'any(.path == "manifest-bad" and .line == 1 and .rule == "manifest")'
expect_exit 2 cdctl mojo run spec
expect_error 'set MOJO_PROJECT'

# A run, with the options of the command line and with a crontab's environment.
expect_exit 0 cdctl mojo project-new "$project" --series noble --container containerless
expect_exit 0 cdctl mojo run "${in_project[@]}" spec main
schemas
expect_json 'length == 10 and all(.ok) and .[4].wall_ms > 0'
expect_error 'script steps/setup: setup the world 0 lp/production \*\*\*'
! grep -rqF sesame-open-1234 "$(workspace main)/log" out err || fail "the secret is in a log"
expect_same "mode of the secret" "$(stat -c %a "$(workspace main)/local/token")" 600
expect_same "mode of local" "$(stat -c %a "$(workspace main)/local")" 700
set=$(my_sets)
workers() { for pid in $(processes_of "$set" || true); do cat "/proc/$pid/comm"; done; }
expect_same "workers" "$(workers)" sleep
expect_exit 0 cdctl mojo workspace-list
schemas
expect_json 'map(select(.name == "main"))[0] |  .last.state == "done" and .set == $set' --arg set "$set"
MOJO_PROJECT=$project MOJO_SPEC=spec MOJO_WORKSPACE=cron MOJO_LOGFILE=$work/published.log expect_exit 0 cdctl mojo -r "$work/mojo" run
expect_error "$set is live already"
grep -q 'setup the world' published.log || fail "MOJO_LOGFILE got nothing"
expect_same "sets" "$(my_sets)" "$set"
expect_exit 0 cdctl mojo verify "${in_project[@]}" --workspace main config=steps/check

# A failure says how, and the command that it names goes on.
CHECK_EXIT=7 expect_exit 1 cdctl mojo run "${in_project[@]}" spec main
expect_error 'manifest:10: verify steps/check: exit status 7'
expect_json '.[-1] | .ok == false and .state == "failed" and .exit == 1'
way_on=$(sed -n 's/.*go on from there with: //p' err)
: >steps.ledger
expect_exit 0 bash -c "$way_on"
expect_same "steps of the resumed run" "$(tr '\n' ' ' <steps.ledger)" 'check '
expect_exit 2 cdctl mojo run "${in_project[@]}" --from 1 spec main
expect_error 'manifest has no phase at line 1; the next one is line 2, secrets'
: >steps.ledger
expect_exit 0 cdctl mojo run "${in_project[@]}" --from 6 --until common:1 spec main
expect_same "steps from 6 to common:1" "$(tr '\n' ' ' <steps.ledger)" 'setup deep '
: >steps.ledger
expect_exit 0 cdctl mojo run "${in_project[@]}" --only common:1 spec main
expect_same "only common:1" "$(tr '\n' ' ' <steps.ledger)" 'deep '

# The set follows what was collected and the stage, not how often a line was run; a phase by hand leaves a live set live.
# No configuration has its service, so that it is foreign here; the engine itself knows.
state_now() { printf '%s,%s' "$(cdctl ls -o ndjson "$1" </dev/null | jq -r .foreign)" "$([ -n "$(processes_of "$1")" ] && echo works)"; }
expect_exit 0 cdctl mojo -q run "${in_project[@]}" --from 3 spec main
expect_same "sets after a second collect" "$(my_sets)" "$set"
expect_exit 0 cdctl mojo -q deploy "${in_project[@]}" --workspace main
expect_same "state after deploy by hand" "$(state_now "$set")" true,works
mkdir outside && cp spec/app/Procfile outside/
printf 'app %s/outside\nempty @\n' "$work" >spec/lp/production/collect-noble
expect_exit 0 cdctl mojo -q run "${in_project[@]}" --until 8 spec other
first=$(jq -r .set "$(workspace other)/workspace.json")
echo changed >outside/changed
expect_exit 0 cdctl mojo -q run "${in_project[@]}" --until 8 spec other
second=$(jq -r .set "$(workspace other)/workspace.json")
[ "$first" != "$second" ] || fail "what was collected changed, and the set did not"
rm spec/lp/production/collect-noble

# What cannot be is said before anything is lost or run.
expect_exit 2 cdctl mojo run "${in_project[@]}" "$(workspace main)/spec" main
expect_error 'are inside each other'
expect_exit 2 cdctl mojo run "${in_project[@]}" "$work" main
expect_error 'are inside each other'
expect_exit 2 cdctl mojo run "${in_project[@]}" no/such/spec main
[ -e "$(workspace main)/spec/manifest" ] || fail "the workspace was emptied for nothing"
expect_exit 2 cdctl mojo verify "${in_project[@]}" --stage other --workspace main config=steps/check
expect_error "was made for stage 'lp/production', not 'other'"
printf 'units = { worker = 1 }\nswitches = ["local"]\n[sources]\ntrunk = { git = "%s/none" }\n' "$work" >services.d/served.toml
: >steps.ledger
expect_exit 5 cdctl mojo -q run --project served spec main
expect_error 'deploy it with: cdctl deploy served'
expect_same "steps of a project that is a service" "$(cat steps.ledger)" ''
rm services.d/served.toml
expect_exit 3 cdctl mojo run "${in_project[@]}" --config none.toml spec main
DB_PASSWORD=from-the-environment expect_exit 0 cdctl mojo script "${in_project[@]}" --workspace main config=steps/deep 'DEEP=${DB_PASSWORD}'
expect_json '.[0].options[1] == ["DEEP","***"]'
AMQP_URL=amqp://u:brokerpass@h expect_exit 3 cdctl mojo script "${in_project[@]}" --workspace main config=steps/deep 'DEEP=${AMQP_URL}'
expect_error 'variable AMQP_URL is not set'
expect_exit 0 cdctl mojo --project "$project" --workspace main sleep config=2 --phase-timeout 1s

# kill -9 after and inside every phase, then --from failed: every step is done, in order; those cut short, again.
for point in fetched checked after-secrets after-collect collected after-builddeps after-build after-script set-claimed set-started \
  after-deploy after-juju-check-wait after-verify after-sleep; do
  date +%N >spec/app/nonce # a new set each time
  : >steps.ledger
  got=0
  (CDCTL_TEST_CRASH_AT=mojo.$point timeout 60 cdctl mojo -q run "${in_project[@]}" spec killed >/dev/null 2>&1; exit $?) 2>/dev/null || got=$?
  [ $got = 137 ] || fail "exit status $got, expected to die at mojo.$point"
  expect_exit 0 cdctl mojo workspace-list
  case $point in
    fetched | checked) expect_exit 0 cdctl mojo -q run "${in_project[@]}" spec killed ;;
    *) expect_exit 0 cdctl mojo -q run "${in_project[@]}" --from failed spec killed ;;
  esac
  expect_same "steps after a kill at $point" "$(uniq steps.ledger | tr '\n' ' ')" 'setup deep check '
  killed=$(jq -r .set "$(workspace killed)/workspace.json")
  [ -e "home/sets/$killed/finished" ] || fail "$killed is not finished after a kill at $point"
done

# Two runs of one spec at once, each in its own workspace; a third in a held one is refused.
write_script steps/slow <<'EOF'
echo "$MOJO_WORKSPACE" >"$MOJO_BUILD_DIR/who"
touch "$RENDEZVOUS/$MOJO_WORKSPACE"
for i in $(seq 600); do
  [ ! -e "$RENDEZVOUS/a" ] || [ ! -e "$RENDEZVOUS/b" ] || [ ! -e "$RENDEZVOUS/go" ] || break
  sleep 0.05
done
test "$(cat "$MOJO_BUILD_DIR/who")" = "$MOJO_WORKSPACE"
EOF
printf 'script config=steps/slow timeout=60\n' >spec/manifest-slow
export RENDEZVOUS=$work/rendezvous
mkdir rendezvous
cdctl mojo -q run "${in_project[@]}" -m manifest-slow spec a >a.out 2>a.err </dev/null & a=$!
cdctl mojo -q run "${in_project[@]}" -m manifest-slow spec b >b.out 2>b.err </dev/null & b=$!
both_there() { [ -e rendezvous/a ] && [ -e rendezvous/b ]; }
eventually 20 both_there
expect_exit 5 cdctl mojo -q run "${in_project[@]}" -m manifest-slow spec a
expect_error 'another run is in the workspace'
touch rendezvous/go
wait $a || fail "the first run failed: $(cat a.err)"
wait $b || fail "the second run failed: $(cat b.err)"

# A phase that hangs, ignores TERM and has children: killed at its timeout, none left; the same for a run that is told to end.
write_script steps/hang <<'EOF'
trap '' TERM
setsid sh -c 'trap "" TERM; sleep 300' &
(trap '' TERM; sleep 300) &
touch "$RENDEZVOUS/hanging"
while :; do sleep 1; done
EOF
printf 'script config=steps/hang timeout=2\n' >spec/manifest-hang
hangs_left() { with_environment "MOJO_SPEC_DIR=$(workspace hang)/spec" || true; }
none_left() { [ -z "$(hangs_left)" ]; }
expect_exit 6 cdctl mojo -q run "${in_project[@]}" -m manifest-hang spec hang
expect_error 'manifest-hang:1: script steps/hang: deadline passed'
eventually 5 none_left
rm rendezvous/hanging
cdctl mojo -q run "${in_project[@]}" -m manifest-hang spec hang >/dev/null 2>hang.err </dev/null & hang=$!
eventually 20 test -e rendezvous/hanging
kill -TERM $hang
got=0; wait $hang || got=$?
expect_same "exit status of the interrupted run" "$got" 143
eventually 5 none_left
# kill -9 leaves the script; the next run in the workspace ends it first
rm rendezvous/hanging
printf 'script config=steps/hang timeout=300\n' >spec/manifest-hang
cdctl mojo -q run "${in_project[@]}" -m manifest-hang spec hang >/dev/null 2>&1 </dev/null & hang=$!
eventually 20 test -e rendezvous/hanging
{ kill -KILL $hang; wait $hang; } 2>/dev/null || true
! none_left || fail "the script did not outlive the run: the test shows nothing"
printf 'script config=steps/deep DEEP=no\n' >spec/manifest-hang
expect_exit 0 cdctl mojo run "${in_project[@]}" -m manifest-hang spec hang
expect_error 'of the run before, which was cut short'
none_left || fail "processes are left: $(hangs_left)"
