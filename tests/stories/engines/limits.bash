#!/usr/bin/env bash
# Limits of memory and CPU by process. Where the kernel gives us the controllers: a unit that takes too much is killed, alone, and
# says so; elsewhere it runs without, and that is said.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000
hungry: sleep 1; exec python3 -c "x = bytearray(300 << 20); import time; time.sleep(1000)"'
make_service </dev/null
file=services.d/$service.toml
sed -i 's/^units = .*/units = { worker = 1, hungry = 1 }/' "$file"
first=$(deploy_one ok)
cdctl inspect "$first" </dev/null | jq -e '.local | has("warning") | not' >/dev/null || fail "a set without limits warns"

# An edit of them ships
printf 'memory = { hungry = "64M" }\ncpu = { hungry = 0.5 }\n' | cat - "$file" >new && mv new "$file"
expect_exit 0 cdctl outdated </dev/null
expect_json 'length == 1 and .[0].why == "service-newer"'
expect_exit 0 cdctl deploy "$service" </dev/null
cp err said
set=$(newest_set)
inspected() { cdctl inspect "$set" </dev/null | jq -e "$1" >/dev/null; }
worker() { inspected '.local.units[] | select(.process == "worker") | .state == "up" and .restarts == 0'; }
eventually 20 worker
if inspected '.local | has("warning")'; then
  inspected '.local.warning | test("not in force")' || fail "another warning"
  grep -q 'not in force' said || fail "the deploy did not say it"
  hungry() { inspected '.local.units[] | select(.process == "hungry") | .state == "up"'; }
  eventually 20 hungry
  echo "no limits can be put in force here: $(cdctl inspect "$set" </dev/null | jq -r .local.warning)"
else
  killed() { inspected '.local.units[] | select(.process == "hungry") | .restarts >= 1 and (.last_exit | test("out of memory, its limit is 64M"))'; }
  eventually 30 killed
  worker || fail "the worker was killed, too"
  expect_exit 0 cdctl scale "$set" hungry=2 </dev/null
  eventually 30 worker
fi
expect_exit 0 cdctl break "$set" --even-last "$set" </dev/null
expect_exit 0 cdctl mend "$set" </dev/null
eventually 20 inspected '.local.units[] | select(.process == "worker") | .state == "up"'
for one in "$first" "$set"; do
  expect_exit 0 cdctl reap "$one" --even-newest --even-last "$one" --grace 1s </dev/null
  eventually 20 no_process_of "$one"
done
