#!/usr/bin/env bash
# A machine that is gone for good: its sets block the end of their service, and the newest revision waits for it for ever. A person says so,
# by the name of its home; nobody else does, and not of a home that is there. A machine that comes back all the same brings nothing back.
. "$(dirname "$0")/../lib/common.bash"
begin broker
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
units=1
make_trunk
make_service </dev/null
for number in 1 2; do sed "s|^home = .*|home = \"$work/home$number\"|" cdctl.toml >"home$number.toml"; done
export CDCTL_CONFIG=$work/home1.toml
second() { expect_exit "$1" env CDCTL_CONFIG="$work/home2.toml" "${@:2}"; }
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
unconnected() { ! connected "$1"; }
declare -A supervisor_of
# end_set SET: its machine has died; what is known of it is not asked of its home, which is away by then.
end_set() {
  local pids
  kill -9 "${supervisor_of[$1]}"  # first: it would start them again
  until no_process_of "$1"; do
    mapfile -t pids < <(processes_of "$1" 2>/dev/null)
    kill -9 "${pids[@]}" 2>/dev/null || true
  done
  eventually 20 unconnected "$1"
}
# Its memory says that it has been out for an hour: whoever may be about to connect is waited for.
grow_old() {
  local memo
  memo=$(api "global-parameters/cdctl.set.$1" | jq -c '.value.deployed_at = (now - 3600 | todate) | {value}')
  api "global-parameters/cdctl.set.$1" -X PUT -d "$memo"
}
broker_is_up() { [ "$(api nodes | jq '.[0].uptime')" -gt 61000 ]; }

one=$(deploy_one)
two=$(deploy_one ok)
for set in "$one" "$two"; do
  eventually 20 connected "$set"
  grow_old "$set"
  supervisor_of[$set]=$(cdctl inspect "$set" -o ndjson </dev/null | jq .local.supervisor_pid)
done
home=$(cdctl ls "$one" -o ndjson </dev/null | jq -r .home)

# It is there: its folder, then a connection of a neighbour; each says why not.
second 5 cdctl reap "$one" </dev/null
expect_error "if that home is gone for good: cdctl reap $one --gone-home $home"
second 5 cdctl reap "$one" --gone-home "$home" </dev/null
expect_error "is a folder of this machine"
mv home1 away
second 5 cdctl reap "$one" --gone-home "$home" </dev/null
expect_error 'is not gone: .* holds a connection'
end_set "$one"
second 5 cdctl reap "$one" --gone-home "$home" </dev/null
expect_error "$two holds a connection"
end_set "$two"
eventually 70 broker_is_up

# Not from a pipe, not of another home, not by half.
second 2 cdctl reap --gone-home "$home" </dev/null
second 2 cdctl reap - --gone-home "$home" <<<"$one"
expect_error 'never with names from stdin'
second 5 cdctl reap "$one" --gone-home "${home}x" </dev/null
expect_error "it lives in home $home"
second 1 cdctl retire "$service" --confirm "$service" </dev/null
expect_error "2 of 2 sets could not be reaped"
second 0 cdctl resume "$service" </dev/null
second 0 cdctl outdated "$service" </dev/null
expect_quiet  # it waits for that home
second 5 cdctl deploy "$service" </dev/null
expect_error "if that home is gone for good: cdctl reap $two --gone-home $home"

second 0 cdctl reap "$two" --gone-home "$home" --dry-run </dev/null
expect_json '.[0] | .ok and .changed and .dry_run and .gone_home == $home' --arg home "$home"
user_exists "$two" || fail "a dry run took the user"
second 0 cdctl reap "$two" --gone-home "$home" </dev/null
valid out
expect_json '.[0] | .ok and .changed and .gone_home == $home and (.steps | map(.plugin)) == ["rabbit"]' --arg home "$home"
! user_exists "$two" || fail "its user is left"
second 0 cdctl reap "$two" --gone-home "$home" </dev/null
expect_json '.[0] | .ok and .absent and (.changed | not)'
second 0 cdctl history "$two" --action reap </dev/null
expect_json 'map(select(.changed) | .gone_home) == [$home]' --arg home "$home"
# The newest revision is offered again, to a home that is there.
second 0 cdctl outdated "$service" </dev/null
expect_json 'map(.set) == [$set]' --arg set "$two"
second 0 bash -c "cdctl outdated $service | cdctl deploy"
eventually 20 connected "$two"
second 5 cdctl reap "$two" --gone-home "$(cdctl ls -c home2.toml "$two" -o ndjson </dev/null | jq -r .home)" </dev/null
expect_error 'this home has it'

# The machine is back: what was reaped meanwhile stays away, what lives elsewhere by now is left over.
second 0 cdctl reap "$one" --gone-home "$home" </dev/null
mv away home1
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
expect_json 'map(select(.set == $set) | [.leftover, .state, .locked_out]) == [["down", null, null]]' --arg set "$one"
pipe_exit 0 "cdctl outdated $service --all | cdctl deploy"
expect_quiet
! user_exists "$one" || fail "it came back by itself"
expect_exit 0 cdctl doctor -o ndjson </dev/null
expect_json 'any(.what == "set '"$one"'" and .state == "warning" and (.found | contains("given up")) and (.cure | contains("cdctl reap '"$one"'")))'
for set in "$one" "$two"; do
  expect_exit 0 cdctl reap "$set" </dev/null
  expect_json '.[0] | .ok and .changed and .leftover'
  [ ! -d "home1/sets/$set" ] || fail "$set is left"
done
connected "$two" || fail "the set that lives elsewhere lost its connections"
expect_exit 0 cdctl doctor </dev/null

# The end of a service, with all that the dead machine had.
three=$(deploy_one ok)
eventually 20 connected "$three"
kill_set "$three"
eventually 20 unconnected "$three"
grow_old "$three"
mv home1 away
second 0 cdctl retire "$service" --confirm "$service" --gone-home "$home" --grace 1s </dev/null
expect_json 'map(select(.schema == "cdctl.outcome/1") | [.set, .gone_home // "-"]) | sort == ([["'"$three"'", $home], ["'"$two"'", "-"]] | sort)' --arg home "$home"
expect_same "users in the end" "$(users_of "$service")" ""
expect_same "global parameters in the end" "$(api global-parameters | jq -r --arg n "$service" '.[].name | select(contains($n))')" ""
