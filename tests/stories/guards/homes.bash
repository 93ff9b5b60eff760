#!/usr/bin/env bash
# Two homes, as two machines have, on one broker: whoever loses a race leaves nothing, only the owner removes, a user that is gone is
# noticed and comes back, and who mends from elsewhere is told what is still to do.
. "$(dirname "$0")/../lib/common.bash"
begin broker
units=1
make_trunk
make_service </dev/null
for number in 1 2; do sed "s|^home = .*|home = \"$work/home$number\"|" cdctl.toml >"home$number.toml"; done
export CDCTL_CONFIG=$work/home1.toml  # the first one is where no other is said
second() { CDCTL_CONFIG=$work/home2.toml "$@"; }
from_second() { expect_exit "$1" env CDCTL_CONFIG="$work/home2.toml" "${@:2}"; }
reaper="cdctl ls | cdctl stale --keep 1 --min-age 0s --failed-grace 0s --prove-for 0s | cdctl reap"
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
here() { [ -d "home$1/sets/$2" ]; }
field() { cdctl ls -o ndjson "$1" </dev/null | jq -r ".$2"; }

# ---------------------------------------------------------------- the race

made=()
for round in 1 2 3 4 5 6 7 8; do
  commit ok
  deployers=()
  for number in 1 2 1 2; do
    [ "${#deployers[@]}" -lt 2 ] || [ $((round % 3)) = 0 ] || continue
    (cdctl outdated -c "home$number.toml" </dev/null | cdctl deploy -c "home$number.toml" >"race.${#deployers[@]}" 2>&1 || true) &
    deployers+=($!)
  done
  wait "${deployers[@]}"
  set=$(newest_set)
  made+=("$set")
  user_exists "$set" || fail "round $round: nobody won"
  owner=$(field "$set" home)
  case $owner in
    *home1) loser=2 ;;
    *home2) loser=1 ;;
    *) fail "round $round: it is owned by '$owner'" ;;
  esac
  ! here "$loser" "$set" || fail "round $round: the loser keeps something of $set"
  eventually 20 connected "$set"
  expect_same "state where it does not live" "$(cdctl ls -o ndjson -c "home$loser.toml" "$set" </dev/null | jq -c '[.state, .cut, .units, .leftover]')" '[null,false,null,null]'
done
# The third pipe of each takes only what is its own, and nothing that the other needs.
for number in 1 2; do expect_exit 0 bash -c "export CDCTL_CONFIG=$work/home$number.toml; $reaper"; done
set=${made[-1]}
for number in 1 2; do
  cdctl ls -o ndjson -c "home$number.toml" </dev/null | jq -r 'select(.units) | .set' >mine
  while read -r one; do user_exists "$one" || fail "the user of $one is gone, and it lives in home $number"; done <mine
done
for number in 1 2; do
  expect_exit 0 cdctl doctor -c "home$number.toml" -o ndjson </dev/null
  expect_json 'any(.what == "sets" and .state == "ok")'
done

# ---------------------------------------------------------------- one that was killed before it had lost

cdctl ls -o name </dev/null | while read -r one; do
  for number in 1 2; do cdctl reap -c "home$number.toml" "$one" --grace 0s --even-newest --even-last "$one" >/dev/null 2>&1 </dev/null || true; done
done
commit ok
from_second 137 env CDCTL_TEST_CRASH_AT=deploy.claimed cdctl deploy "$service" </dev/null
expect_exit 0 cdctl deploy "$service" </dev/null
set=$(newest_set)
eventually 20 connected "$set"
here 2 "$set" || fail "there is no stub to look at"
from_second 0 cdctl ls -o ndjson </dev/null
expect_json 'length == 1 and (.[0] | .leftover == "partial" and .state == null and (.home | endswith("home1")))'
from_second 0 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "set '"$set"'" and .state == "warning" and (.cure | contains("cdctl reap '"$set"'")))'
from_second 0 cdctl outdated </dev/null
expect_quiet
pipe_exit 0 "export CDCTL_CONFIG=$work/home2.toml; $reaper"
user_exists "$set" || fail "the reaper of another home took the user"
from_second 5 cdctl deploy "$service" </dev/null
expect_error "owned by home .*home1"
from_second 137 env CDCTL_TEST_CRASH_AT=local.discard.marked cdctl reap "$set" </dev/null
from_second 0 cdctl reap "$set" </dev/null
expect_json '.[0] | .ok and .changed and .leftover and (.steps | map(.plugin)) == ["local"]'
! here 2 "$set" || fail "the stub is left"
user_exists "$set" || fail "the user is gone"
connected "$set" || fail "its connections were closed"
expect_same "state" "$(state_of "$set")" live
from_second 5 cdctl reap "$set" --even-newest --even-last "$set" </dev/null
expect_error "it lives in home .*home1; reap it there"

# ---------------------------------------------------------------- a user that is gone

supervisor=$(cdctl inspect "$set" -o ndjson </dev/null | jq .local.supervisor_pid)
lose_user() {
  api "users/$1" -X DELETE
  ! user_exists "$1" || fail "the user is still there"
  api "connections/username/$1" | jq -r '.[].name' | while read -r name; do api "connections/$(jq -rn --arg n "$name" '$n|@uri')" -X DELETE; done
}
back() { user_exists "$set" && connected "$set"; }
lose_user "$set"
expect_exit 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0] | .locked_out and .state == "live" and .cut == false'
expect_exit 0 cdctl ls "$set" -o table </dev/null
expect_line 'its user on the broker is gone'
from_second 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0] | has("locked_out") | not'
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "any(.what == \"set $set\" and .state == \"bad\" and (.cure | contains(\"cdctl deploy $service@\")))"
expect_exit 0 cdctl probe "$set" </dev/null
expect_json 'any(.signal == "rabbit/locked-out" and .severity == "warning") and all(.signal != "rabbit/consumers")'
from_second 0 cdctl outdated </dev/null
expect_quiet
expect_exit 0 cdctl outdated </dev/null
expect_json 'map([.set, .why]) == [["'"$set"'", "locked-out"]]'
expect_exit 137 env CDCTL_TEST_CRASH_AT=deploy.let_in cdctl deploy "$service" </dev/null
lose_user "$set"
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_json '.[0] | .ok and .changed and .let_in'
eventually 30 back
expect_same "its supervisor" "$(cdctl inspect "$set" -o ndjson </dev/null | jq .local.supervisor_pid)" "$supervisor"
expect_exit 0 cdctl deploy "$service" </dev/null
expect_json '.[0] | .ok and (.changed | not)'

# The broker has lost everything: who owns it, too.
lose_user "$set"
api "global-parameters/cdctl.set.$set" -X DELETE
expect_same "locked out" "$(field "$set" locked_out)" true
pipe_exit 0 'cdctl outdated | cdctl deploy'
eventually 30 back
from_second 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0].home | endswith("home1")'

# What its units hold is not known any more: they are started anew.
lose_user "$set"
rm home1/sets/"$set"/secrets/rabbit
pipe_exit 0 'cdctl outdated | cdctl deploy'
eventually 30 back

# A cut set that has no user stays cut when it gets one.
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
lose_user "$set"
expect_same "cut" "$(cut_of "$set")" true
expect_exit 0 cdctl outdated </dev/null
expect_quiet
expect_exit 1 cdctl mend "$set" --probation 6s </dev/null
expect_error 'its user on the broker is gone'
expect_exit 0 cdctl deploy "$service" </dev/null
expect_same "limit" "$(limit_of "$set")" 0
expect_exit 0 cdctl mend "$set" </dev/null
eventually 30 back

# And a mend does not say that it works when it has none.
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
lose_user "$set"
expect_exit 1 cdctl mend "$set" </dev/null
expect_error "its user on the broker is gone.*cdctl deploy $service@"
pipe_exit 0 'cdctl outdated | cdctl deploy'
eventually 30 back

# ---------------------------------------------------------------- a mend from elsewhere

stopped() { [ -n "$(cat "home1/sets/$set/frozen" 2>/dev/null)" ]; }
cut_and_mend_elsewhere() {
  expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
  from_second 1 cdctl mend "$set" </dev/null
  expect_json '.[0] | (.ok | not) and .changed and .exit == 1'
  expect_error "its units are in home .*home1 and stay stopped until cdctl mend $set"
  expect_same "limit" "$(limit_of "$set")" none
  stopped || fail "its units are not stopped"
}
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
from_second 5 cdctl mend "$set" --probation 6s </dev/null
expect_error "its units are stopped in home .*home1"
expect_same "limit" "$(limit_of "$set")" 0
cut_and_mend_elsewhere
from_second 1 cdctl mend "$set" </dev/null
expect_json '.[0] | (.ok | not) and (.changed | not)'
from_second 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0].stopped_in | endswith("home1")'
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "any(.what == \"set $set\" and (.cure == \"cdctl mend $set\"))"
expect_exit 0 cdctl mend "$set" </dev/null
! stopped || fail "its units are still stopped"
eventually 30 connected "$set"
from_second 0 cdctl mend "$set" </dev/null
expect_json '.[0] | .ok and (.changed | not)'
# Cron of its home finishes what was begun elsewhere, too.
cut_and_mend_elsewhere
expect_exit 0 cdctl outdated </dev/null
expect_json 'map([.set, .why]) == [["'"$set"'", "stopped"]]'
pipe_exit 0 'cdctl outdated | cdctl deploy'
! stopped || fail "its units are still stopped"
eventually 30 connected "$set"
# A cut that comes after such a mend is a cut.
cut_and_mend_elsewhere
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
expect_exit 0 cdctl outdated </dev/null
expect_quiet
expect_exit 0 cdctl mend "$set" </dev/null
eventually 30 connected "$set"

# ---------------------------------------------------------------- names of machines

# elsewhere HOSTNAME COMMAND: as if this machine had another name.
elsewhere=(unshare --uts bash -c 'hostname "$0" && eval "$1"')
if "${elsewhere[@]}" other true 2>/dev/null; then
  for name in first second "$HOSTNAME"; do
    expect_exit 0 "${elsewhere[@]}" "$name" "cdctl ls $set </dev/null"
    expect_json '.[0] | .state == "live" and (.owner | endswith("home1"))'
    expect_exit 5 "${elsewhere[@]}" "$name" "cdctl reap $set --even-newest --even-last $set </dev/null"
    expect_error 'takes the set over'
    user_exists "$set" || fail "the user is gone"
    expect_exit 1 "${elsewhere[@]}" "$name" 'cdctl doctor </dev/null'
    expect_exit 0 "${elsewhere[@]}" "$name" "cdctl deploy $service </dev/null"
    expect_error 'taken over from home'
    expect_exit 0 "${elsewhere[@]}" "$name" "cdctl ls $set </dev/null"
    expect_json '.[0] | has("owner") | not'
  done
  connected "$set" || fail "its connections were closed"
  expect_exit 0 "${elsewhere[@]}" localhost 'cdctl doctor -o ndjson </dev/null || true'
  expect_json 'any(.what == "host name" and .state == "warning")'
fi
# same_name COMMAND: another machine that has this one's name, and the same path for its own home.
same_name=(unshare --mount bash -c 'mount --bind "$0" home1 && eval "$1"' "$work/empty")
mkdir empty
if "${same_name[@]}" true 2>/dev/null; then
  expect_exit 0 "${same_name[@]}" 'cdctl ls </dev/null'
  expect_json 'map([.set, .ghost]) == [["'"$set"'", true]]'
  expect_exit 5 "${same_name[@]}" 'set -o pipefail; cdctl outdated </dev/null | cdctl deploy'
  expect_error 'of its units are open; does another machine have this one.s name'
  expect_same "what it leaves" "$(find empty/sets -mindepth 1 2>/dev/null)" ""
  expect_exit 5 "${same_name[@]}" "cdctl reap $set </dev/null"
  user_exists "$set" || fail "the user is gone"
  connected "$set" || fail "its connections were closed"
fi

# ---------------------------------------------------------------- a ghost

# lose_set SET: its folder is gone, as a lost disk takes it, and its processes with it.
lose_set() {
  kill_set "$1"
  rm -rf "home1/sets/$1"
}
unconnected() { ! connected "$set"; }
lose_set "$set"
eventually 20 unconnected
expect_exit 0 cdctl ls "$set" -o ndjson </dev/null
expect_json '.[0] | .ghost and .state == "down" and .units == null'
expect_exit 1 cdctl doctor -o ndjson </dev/null
expect_json "any(.what == \"set $set\" and .state == \"bad\" and (.found | startswith(\"a ghost\")))"
expect_exit 0 bash -c "$reaper"
expect_quiet
from_second 5 cdctl reap "$set" --even-newest --even-last "$set" </dev/null
user_exists "$set" || fail "another home took the user of a ghost"
pipe_exit 0 'cdctl outdated | cdctl deploy'
eventually 30 back
expect_same "ghost" "$(field "$set" ghost)" null
lose_set "$set"
eventually 20 unconnected
expect_exit 0 cdctl reap "$set" --even-last "$set" </dev/null
expect_json '.[0] | .ok and .changed'
! user_exists "$set" || fail "the user of a ghost is left"
expect_same "sets" "$(sets_of)" ""
expect_exit 1 cdctl doctor -o ndjson </dev/null  # nobody works
expect_json 'all(.what | startswith("set ") | not)'
# Nor does one stop the end of its service.
expect_exit 0 cdctl deploy "$service" </dev/null
set=$(newest_set)
eventually 20 connected "$set"
lose_set "$set"
eventually 20 unconnected
expect_exit 0 cdctl retire "$service" --confirm "$service" </dev/null
expect_same "users in the end" "$(users_of "$service")" ""
expect_same "global parameters in the end" "$(api global-parameters | jq -r --arg n "$service" '.[].name | select(contains($n))')" ""
