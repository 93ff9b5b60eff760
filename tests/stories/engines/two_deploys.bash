#!/usr/bin/env bash
# Deploys of one revision at the same time: one set, one user, everybody succeeds. Another home is refused and told whose it is.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service </dev/null

for number in 1 2 3 4 5; do
  (cdctl deploy "$service" -o ndjson >"deploy.$number" 2>"deploy.$number.err" </dev/null; echo $? >"deploy.$number.code") &
done
wait
cat deploy.[1-5].code >codes
expect_same "exit codes" "$(tr '\n' ' ' <codes)" "0 0 0 0 0 "
cat deploy.[1-5] >"$work/out"
expect_json 'length == 5 and all(.ok) and (map(select(.changed)) | length) == 1 and (map(.set) | unique | length) == 1'
set=$(newest_set)
expect_same "sets" "$(sets_of)" "$set"
expect_same "users" "$(users_of "$service")" "$set"
both_connected() { [ "$(connections_of "$set")" = 2 ]; }
eventually 15 both_connected

sed "s|^home = .*|home = \"$work/second-home\"|" cdctl.toml >second.toml
expect_exit 5 cdctl deploy "$service" --config "$work/second.toml" </dev/null
expect_error "$work/home"
expect_same "users" "$(users_of "$service")" "$set"
no_second_set() { [ -z "$(cdctl ls -o name --config "$work/second.toml" </dev/null | grep -v "^$set$")" ] && [ ! -e "$work/second-home/sets/$set/alive" ]; }
no_second_set || fail "the second home has a set"
