#!/usr/bin/env bash
# `release:` of a Procfile: once a revision, before its units, one of a service at a time; its failure fails the deploy and cuts nothing.
. "$(dirname "$0")/../lib/common.bash"
. "$source_dir/tests/stories/lib/crashes.bash"
begin broker
make_trunk "$service" "release: ./migrate && echo migrated
worker: exec \"$demo_bin/demo-worker\" $service \"$work/jobs.ledger\" 2"
cat >"$service.git/migrate" <<END
#!/bin/sh
echo "\$CDCTL_SET" >>"$work/releases"
echo "unit \$CDCTL_UNIT of \$CDCTL_PROCESS at \$AMQP_URL"
echo \$\$ >"$work/started"
. "$work/how"
END
chmod +x "$service.git/migrate"
make_service </dev/null
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
how() { rm -f started; printf '%s\n' "$1" >how; }
runs_of() { grep -cx "$1" releases || true; }
both_connected() { [ "$(connections_of "$1")" = 2 ]; }
deploy() { expect_exit "$1" cdctl deploy "$service" "${@:2}" -o ndjson </dev/null; }
# deploy_until_it_runs MODE: the trunk moves; in the background, as far as the command; sets deploying, and set.
deploy_until_it_runs() {
  how "$1"
  commit ok
  set=$(cdctl outdated "$service" -o ndjson </dev/null | jq -r .set)
  cdctl deploy "$service" -o ndjson >deploy.out 2>deploy.err </dev/null &
  deploying=$!
  eventually 60 filled started
}
ended_with() {
  local got=0
  wait "$deploying" || got=$?
  expect_same "exit status of the deploy" "$got" "$1"
}

# ------------------------------------------------------------ once, as one of the units, its words in the record and the logs
how true
commit ok
expect_exit 0 cdctl deploy "$service" --dry-run -o ndjson </dev/null
[ ! -e releases ] || fail "a dry run ran it"
deploy 0
valid
expect_json 'length == 1 and .[0].ok and .[0].release.ok and .[0].release.end == "exit status 0"'
expect_json '.[0].release.said | any(. == "migrated") and any(test("^unit release of release at \\*\\*\\*"))'
first=$(newest_set)
expect_same "runs" "$(runs_of "$first")" 1
eventually 30 both_connected "$first"
expect_exit 0 cdctl logs "$first/release" </dev/null
expect_json "any(.line | test(\"^unit release of release at amqp://$first:\")) and all(.unit == \"release\" and .process == \"release\")"
expect_exit 0 cdctl history -o ndjson </dev/null
expect_json 'any(.action == "deploy" and .release.ok)'
deploy 0
expect_json '.[0].changed == false and (.[0] | has("release") | not)'
expect_same "runs" "$(runs_of "$first")" 1
sed "s|^home = .*|home = \"$work/second-home\"|" cdctl.toml >second.toml
expect_exit 5 cdctl deploy "$service" --config "$work/second.toml" </dev/null
expect_same "runs" "$(runs_of "$first")" 1

# ------------------------------------------------------------ it fails: nothing is cut, nothing of the new set works, the next deploy repairs
how 'echo no such table; exit 3'
commit ok
deploy 1
valid
expect_error 'its release command failed: exit status 3; last output: no such table'
expect_json '.[0].ok == false and .[0].release.ok == false and (.[0].release.said | any(. == "no such table"))'
failed=$(jq -r .set out)
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
expect_json "any(.set == \"$first\" and .state == \"live\" and .cut == false)"
expect_json "any(.set == \"$failed\" and .state == \"partial\" and .cut == false and (.why_down | test(\"release command failed\")))"
both_connected "$first" || fail "the old set does not work any more"
no_process_of "$failed" || fail "something of the set that failed is left"
expect_same "the units of the set that failed" "$(connections_of "$failed")" 0
how true
deploy 0
expect_error 'did not come to a good end; it runs again'
expect_same "runs" "$(runs_of "$failed")" 2
eventually 30 both_connected "$failed"

# ------------------------------------------------------------ the deploy is killed in the middle of it
deploy_until_it_runs 'exec sleep 1000'
kill -9 "$deploying"
wait "$deploying" 2>/dev/null || true
eventually 30 no_process_of "$set"
expect_same "the state of a set whose deploy was killed" "$(state_of "$set")" partial
how true
deploy 0
expect_error 'it runs again'
expect_same "runs" "$(runs_of "$set")" 2
expect_same "state" "$(state_of "$set")" live
killed=$set

# ------------------------------------------------------------ one at a time; what runs is no unit that works, and holds up no cut
deploy_until_it_runs "until [ -e \"$work/go\" ]; do sleep 0.1; done"
running=$set
commit ok
deploy 6 --timeout 20s
expect_error 'the lock of .*release'
expect_exit 0 cdctl break "$first" --why 'to see that it can be' </dev/null
expect_exit 0 cdctl mend "$first" </dev/null
touch go
ended_with 0
expect_same "state" "$(state_of "$running")" live
how true
deploy 0

# ------------------------------------------------------------ cut in the middle of it, and interrupted
deploy_until_it_runs 'exec sleep 1000'
expect_exit 0 cdctl break "$set" --why 'it must not go on' </dev/null
ended_with 5
grep -q 'the set was cut while it ran' deploy.err || fail "the deploy does not say why: $(cat deploy.err)"
no_process_of "$set" || fail "it goes on"
how true
deploy 5
expect_error "cdctl mend $set"
expect_exit 0 cdctl mend "$set" </dev/null
deploy 0
expect_same "state" "$(state_of "$set")" live
deploy_until_it_runs 'exec sleep 1000'
kill -TERM "$deploying"
ended_with 143
no_process_of "$set" || fail "it goes on"
how true
deploy 0

# ------------------------------------------------------------ killed at each boundary: once where it was noted, else again
for point in deploy.releasing deploy.released deploy.release-noted local.run.ended; do
  commit ok
  crashing "$point" cdctl deploy "$service" || fail "it did not come to $point"
  deploy 0
  set=$(newest_set)
  expect_same "state after $point" "$(state_of "$set")" live
  case $point in
    deploy.releasing | deploy.release-noted) expect_same "runs after $point" "$(runs_of "$set")" 1 ;;
    *) expect_same "runs after $point" "$(runs_of "$set")" 2 ;;
  esac
done

# ------------------------------------------------------------ once a revision, also when it comes back
expect_exit 0 cdctl reap "$killed" --grace 0s </dev/null
! engine_knows "$killed" || fail "it is still there"
expect_exit 0 cdctl logs "$killed/release" </dev/null
expect_json 'any(.line == "migrated") and all(.process == "release")'
expect_exit 0 cdctl deploy "$service@${killed##*-}" </dev/null
expect_same "runs" "$(runs_of "$killed")" 2

# ------------------------------------------------------------ it is no unit
sed -i 's/^units = .*/units = { worker = 2, release = 1 }/' "services.d/$service.toml"
expect_exit 3 cdctl config check </dev/null
cat out err >said
grep -q 'release' said || fail "config check does not name it"
