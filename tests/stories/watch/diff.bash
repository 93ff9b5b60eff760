#!/usr/bin/env bash
# What changed: who wrote what a set is made of, where people look; and the commits between two sets, whatever became of the repository.
. "$(dirname "$0")/../lib/common.bash"
begin
units=1
make_trunk "$service" 'worker: while :; do sleep 60; done'
printf 'a=1\n' >settings.env
make_service </dev/null
sed -i "/^trunk = /a config = { file = \"$work/settings.env\" }" "services.d/$service.toml"
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$1" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
# wrote WHO SUBJECT: the trunk moves.
wrote() { git -C "$service.git" commit -q --allow-empty --author "$1 <$1@e>" -m "$2"; }
subjects() { jq -rs 'map("\(.change) \(.subject // .source)") | join(", ")' out; }

one=$(deploy_one)
wrote alice 'Fix the colours'
wrote bob 'Make it fast'

# ---------------------------------------------------------------- where it is shown

expect_exit 0 cdctl outdated </dev/null
valid out
expect_json '.[0].sources.trunk | .subject == "Make it fast" and .author == "bob" and (.committed_at | startswith("20"))'
expect_exit 0 cdctl outdated -o table </dev/null
expect_line 'trunk [0-9a-f]{8} Make it fast'
pipe_exit 0 'cdctl outdated | cdctl deploy'
valid out
expect_json '.[0].commits | map([.source, .subject, .author]) == [["trunk", "Make it fast", "bob"]]'
two=$(newest_set)
[ "$two" != "$one" ] || fail "nothing new was deployed"
expect_exit 0 cdctl ls "$two" </dev/null
valid out
expect_json '.[0].sources.trunk.subject == "Make it fast"'
pipe_exit 0 'cdctl ls | cdctl stale --keep 1 --min-age 0s --prove-for 0s --all'
expect_json 'any(.sources.trunk.subject == "Make it fast")'
expect_exit 0 cdctl ls "$two" -o wide </dev/null
expect_line 'Make it fast'
expect_exit 0 cdctl inspect "$two" -o table </dev/null
expect_line 'Make it fast, by bob .* ago'
expect_exit 0 cdctl timeline "$service" -o text </dev/null
expect_exit 0 cdctl timeline "$service" </dev/null
expect_json 'any(.[].marks[]; .kind == "deploy" and (.text | contains("trunk: Make it fast (bob)")))'
expect_exit 0 cdctl break "$two" --why 'wrong colours' --even-last "$two" </dev/null
expect_json '.[0].commits[0].subject == "Make it fast"'
expect_exit 0 cdctl mend "$two" </dev/null

# ---------------------------------------------------------------- between two sets

expect_exit 0 cdctl diff "$two" </dev/null
valid out
expect_same "what it brought" "$(subjects)" 'added Make it fast, added Fix the colours'
expect_json 'all(.from == $one and .to == $two and .source == "trunk" and (.short | length) == 8)' --arg one "$one" --arg two "$two"
for pair in "$one $two" "$service@previous $service@newest" "$service@${one##*-} $service@newest"; do
  # shellcheck disable=SC2086
  expect_exit 0 cdctl diff $pair </dev/null
  expect_same "of $pair" "$(subjects)" 'added Make it fast, added Fix the colours'
done
expect_exit 0 cdctl diff "$two" "$one" </dev/null
expect_same "back" "$(subjects)" 'removed Make it fast, removed Fix the colours'
expect_error 'it went back to an older one'
expect_exit 0 cdctl diff "$two" --limit 1 </dev/null
expect_same "one of them" "$(subjects)" 'added Make it fast'
expect_error 'trunk: 1 commit more; --limit'
expect_exit 0 cdctl diff "$two" -o table </dev/null
expect_line '^SOURCE +CHANGE +COMMIT +AGE +AUTHOR +SUBJECT$'
expect_line '^trunk +added +[0-9a-f]{8} .* bob +Make it fast$'
expect_exit 0 cdctl diff "$one" </dev/null
expect_quiet
expect_error 'nothing came before it'
expect_exit 0 cdctl diff "$one" "$one" </dev/null
expect_error 'made of the same'
printf 'a=2\n' >settings.env
three=$(deploy_one)
expect_exit 0 cdctl diff "$three" </dev/null
expect_json 'length == 1 and (.[0] | .source == "config" and .change == "changed" and .was != .revision)'

# ---------------------------------------------------------------- what names no set, and roles everywhere

expect_exit 2 cdctl diff </dev/null
expect_exit 2 cdctl diff "$service-*" </dev/null
expect_exit 2 cdctl diff "$service" </dev/null
expect_error 'that is 3 sets; name one'
expect_exit 2 cdctl diff "$one" "other-r0123456789" </dev/null
expect_exit 1 cdctl diff "$service-r0123456789" </dev/null
expect_exit 1 cdctl diff "$service@proven" </dev/null
for command in "ls" "inspect" "logs" "probe" "break --dry-run" "mend --dry-run" "reap --dry-run"; do
  # shellcheck disable=SC2086
  expect_exit 0 cdctl $command "$service@previous" </dev/null
done
expect_same "the previous one" "$(cdctl ls -o name "$service@previous" </dev/null)" "$two"
for command in ls probe logs inspect; do # none is proven: something was named that is not there
  expect_exit 1 cdctl $command "$service@proven" </dev/null
  expect_quiet
  expect_error 'there is no such set; see cdctl ls'
done
sed -i "/^\[breaker\]/i [reaper]\nprove_for = \"0s\"" "services.d/$service.toml"
expect_same "the proven one" "$(cdctl ls -o name "$service@proven" </dev/null)" "$three"
expect_exit 0 cdctl deploy "$service@proven" --dry-run </dev/null
expect_json 'map(.set) == [$set]' --arg set "$three"

# ---------------------------------------------------------------- reaped, and taken away by a force push

expect_exit 0 cdctl reap "$one" --grace 0s </dev/null
expect_exit 0 cdctl diff "$one" "$two" </dev/null
expect_same "from a set that was reaped" "$(subjects)" 'added Make it fast, added Fix the colours'
git -C "$service.git" reset -q --hard HEAD~1
wrote carol 'Make it faster'
four=$(deploy_one)
git -C "$service.git" reflog expire --expire=now --all
git -C "$service.git" gc -q --prune=now
expect_exit 0 cdctl diff "$three" "$four" </dev/null
expect_same "by the copy that deploys made" "$(subjects)" 'added Make it faster, removed Make it fast'
expect_error 'its history was rewritten'
rm -rf home/cache
expect_exit 1 cdctl diff "$three" "$four" </dev/null
expect_error 'does not have commit [0-9a-f]{40} any more .was it removed by a force push'
expect_json 'any(.schema == "cdctl.error/1") and any(.change == "changed" and .was != .revision)'
valid out
mv "$service.git" "$service.away"
expect_exit 4 cdctl diff "$three" "$four" --timeout 20s </dev/null
expect_exit 0 cdctl ls "$four" </dev/null
expect_json '.[0].sources.trunk.subject == "Make it faster"'

# ---------------------------------------------------------------- a wait that is ended: what was learned of the commits stays

mv "$service.away" "$service.git"
wrote dora 'Leave early'
cdctl deploy "$service" --wait --settle 100s </dev/null >waited 2>waited.err &
waits=$!
is_out() { [ "$(newest_set)" != "$four" ] && [ "$(state_of "$(newest_set)")" = live ]; }
eventually 60 is_out
kill -TERM "$waits"
status=0
wait "$waits" || status=$?
[ "$status" = 130 ] || [ "$status" = 143 ] || fail "an ended wait: $status: $(cat waited.err)"
jq -es '.[0] | .ok and .wait.served == false and .commits[0].subject == "Leave early"' waited >/dev/null || fail "$(cat waited)"
expect_exit 0 cdctl ls "$service@newest" </dev/null
expect_json '.[0].sources.trunk.subject == "Leave early"'
