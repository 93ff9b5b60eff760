#!/usr/bin/env bash
# What `outdated` offers and why, what it holds back and until what, and what `deploy` makes of it by hand.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
printf 'COLOUR=red\n' >worker.env
make_service </dev/null
sed -i '/^trunk = /a config = { file = "worker.env" }' "services.d/$service.toml"
cp "services.d/$service.toml" service.toml
trunk_commit() { git -C "$service.git" rev-parse HEAD; }
held_back() { # WHY HINT: nothing on offer, the reason on stderr, and in the record that --all gives
  expect_exit 0 cdctl outdated "$service" </dev/null
  expect_quiet
  expect_error "is not offered: .*$2"
  expect_exit 0 cdctl outdated "$service" --all </dev/null
  expect_json 'length == 1 and (.[0] | .why == $why and .offered == false and (.held | length) > 0)' --arg why "$1"
  cp out held
  expect_exit 0 cdctl deploy <held
  expect_error 'skipped 1 record'
  expect_quiet
}
offered() { # WHY [OPTION...]
  expect_exit 0 cdctl outdated "$service" "${@:2}" </dev/null
  expect_json 'length == 1 and (.[0] | .why == $why and .offered != false)' --arg why "$1"
}
ship() { # [OUTDATED-OPTION...]: what is offered goes out; $newest is its set
  expect_exit 0 cdctl outdated "$service" "$@" </dev/null
  cp out revision
  expect_exit 0 cdctl deploy <revision
  expect_json 'length == 1 and (.[0] | .ok and .changed)'
  newest=$(jq -r .set revision)
  expect_same "the newest" "$(newest_set)" "$newest"
  expect_exit 0 cdctl outdated "$service" </dev/null
  expect_quiet
}

# ---------------------------------------------------------------- why

offered first
ship
first=$newest
commit_1=$(trunk_commit)
commit ok
offered trunk-newer
expect_exit 10 cdctl outdated --exit-code </dev/null
ship
expect_exit 0 cdctl outdated --exit-code </dev/null
second=$newest
commit_2=$(trunk_commit)
printf 'COLOUR=blue\n' >worker.env
offered config-newer
ship
sed -i 's/worker = 2/worker = 1/' "services.d/$service.toml"  # so many units are no revision
expect_exit 0 cdctl outdated </dev/null
expect_quiet
printf '[mojo]\nseries = "noble"\n' >>"services.d/$service.toml"
offered service-newer
ship
expect_same "units of the edit" "$(cdctl ls "$newest" </dev/null | jq -c .units.want)" 1
sed -i '1i min_live = 0' "services.d/$service.toml"  # shapes no deployment
expect_exit 0 cdctl outdated </dev/null
expect_quiet
commit ok
printf 'COLOUR=green\n' >worker.env
offered config-newer,trunk-newer
ship

# ---------------------------------------------------------------- backwards

expect_exit 0 cdctl reap "$second" </dev/null
git -C "$service.git" reset -q --hard "$commit_2"
held_back backwards --allow-back
offered backwards --allow-back
git -C "$service.git" reset -q --hard '@{1}'
expect_exit 0 cdctl outdated "$service" </dev/null
expect_quiet
# A commit that nobody deployed is no way back.
git -C "$service.git" reset -q --hard "$commit_1"
printf 'x\n' >"$service.git/x"
commit ok
offered trunk-newer
ship

# ---------------------------------------------------------------- an old one by its id, and a pinned source

git -C "$service.git" reset -q --hard "$commit_1"
printf 'COLOUR=red\n' >worker.env
cp service.toml "services.d/$service.toml"
# A file has no history: an old revision needs the bytes that it was made of, and nothing is made without them.
printf 'COLOUR=mauve\n' >worker.env
expect_exit 1 cdctl deploy "$service@${second##*-}" </dev/null
expect_error "worker.env has other bytes"
expect_quiet
expect_exit 0 cdctl outdated "$service" --allow-back </dev/null
cp out revision
printf 'COLOUR=red\n' >worker.env
expect_exit 1 cdctl deploy <revision
expect_error "worker.env has other bytes"
expect_same "sets without a home" "$(cdctl ls </dev/null | jq -r 'select(.state != "live") | .set')" ""
# The combination of the second set is a tombstone, which its id brings back wherever the trunk is now.
id=${second##*-}
expect_exit 0 cdctl deploy "$service@${id%??}" --dry-run </dev/null
expect_json '.[0] | .set == $set and .dry_run and .changed' --arg set "$second"
expect_exit 0 cdctl deploy "$service@${id%??}" </dev/null
expect_json '.[0] | .set == $set and .ok and .changed' --arg set "$second"
expect_same "its commit" "$(git -C "home/sets/$second/work/sources/trunk" rev-parse HEAD)" "$commit_2"
expect_same "the newest" "$(newest_set)" "$second"
expect_exit 0 cdctl deploy "$service" --source "trunk=${commit_2:0:8}" </dev/null
expect_json '.[0] | .set == $set and .ok and (.changed | not)' --arg set "$second"
expect_exit 0 cdctl deploy "$service@${first##*-}" </dev/null
expect_json '.[0] | .set == $set and (.changed | not)' --arg set "$first"
expect_exit 1 cdctl deploy "$service@rffffffffff" </dev/null
expect_error 'no such revision'
expect_exit 2 cdctl deploy "$service" --source "trnk=$commit_2" </dev/null
expect_error 'did you mean trunk'
expect_exit 1 cdctl deploy "$service" --source trunk=0123456789 </dev/null
expect_same "sets" "$(sets_of | sort | uniq -d)" ""

# What was the newest before a return by hand is no way back: the next commit ships with it.
printf 'COLOUR=green\n' >worker.env
commit fixed
expect_exit 0 cdctl outdated "$service" </dev/null
expect_json '.[0].why == "config-newer,trunk-newer"'
printf 'COLOUR=red\n' >worker.env

# ---------------------------------------------------------------- known bad

commit busted
ship
bad=$newest
expect_exit 0 cdctl break "$bad" --why 'wrong colours' </dev/null
expect_exit 0 cdctl outdated "$service" </dev/null  # cut, but out there
expect_quiet
expect_exit 0 cdctl reap "$bad" --even-newest </dev/null
held_back known-bad 'wrong colours.*--even-bad'
offered known-bad --even-bad
expect_exit 5 cdctl deploy "$service" </dev/null
expect_error 'known to be bad.*--even-bad'
expect_exit 5 cdctl deploy "$service@${bad##*-}" </dev/null
expect_exit 5 cdctl deploy "$service" --dry-run </dev/null
expect_same "the bad set" "$(sets_of | sed -n "/^$bad\$/p")" ""
ship --even-bad
expect_same "the pardoned set" "$newest $(cut_of "$bad")" "$bad false"
expect_exit 0 cdctl break "$bad" </dev/null
expect_exit 0 cdctl reap "$bad" --even-newest </dev/null
expect_exit 0 cdctl deploy "$service" --even-bad </dev/null
expect_json '.[0] | .ok and .changed'

# ---------------------------------------------------------------- unfinished and down

commit ok
expect_exit 0 cdctl outdated "$service" </dev/null
cp out revision
unfinished=$(jq -r .set revision)
mv "$service.git" away.git
expect_exit 4 cdctl deploy <revision
expect_json '.[0] | .ok == false and .exit == 4'
mv away.git "$service.git"
expect_same "state" "$(state_of "$unfinished")" partial
held_back unfinished '1 attempt failed; the next is due in .*--now'
offered unfinished --now
ship --now
expect_same "the repaired set" "$newest $(state_of "$unfinished")" "$unfinished live"

# shellcheck disable=SC2046
kill -9 $(cdctl inspect "$unfinished" </dev/null | jq -r '.local | .supervisor_pid, .units[].pid')
is_down() { [ "$(state_of "$unfinished")" = down ]; }
eventually 10 is_down
offered down
ship
expect_same "the repaired set" "$newest $(state_of "$unfinished")" "$unfinished live"
