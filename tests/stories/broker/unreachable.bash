#!/usr/bin/env bash
# A service of which something cannot be asked, or whose file is broken, stops nobody else.
. "$(dirname "$0")/../lib/common.bash"
begin
good=$service
for name in "$good" gone empty nobranch; do
  make_trunk "$name" 'worker: exec sleep 1000'
  make_service "$name" </dev/null
done
rm -rf gone.git empty.git
git init -q -b main empty.git
git -C nobranch.git branch -q -m main trunk
error_of() { jq -r --arg service "$1" 'select(.schema == "cdctl.error/1" and .service == $service) | .error' "$work/out"; }
offered_services() { jq -r 'select(.schema == "cdctl.revision/1") | .service' "$work/out"; }

# Each its own reason, on stdout for the pipe and on stderr for people; the answer of the good one stands beside them.
expect_exit 4 cdctl outdated </dev/null
cp out unreachable
expect_same "the services on offer" "$(offered_services)" "$good"
for name in gone empty nobranch; do
  expect_json 'map(select(.service == $name)) | length == 1 and (.[0] | .schema == "cdctl.error/1" and .exit == 4 and (.while | length) > 0)' --arg name "$name"
  expect_error "cdctl: $name: .*$name.git"
  ! grep -qE 'reading trunk.*reading trunk' err || fail "it says twice what it did"
done
expect_same "different reasons" "$(for name in gone empty nobranch; do error_of $name | sed "s/$name//g"; done | sort -u | wc -l)" 3
expect_exit 4 cdctl outdated nobranch "$good" </dev/null
expect_same "the services on offer" "$(offered_services)" "$good"
expect_exit 4 cdctl deploy nobranch </dev/null
pipe_exit 4 'cdctl outdated | cdctl deploy'
expect_json 'length == 1 and (.[0] | .ok and .changed and .service == $good)' --arg good "$good"
expect_same "all sets" "$(cdctl ls -o name </dev/null)" "$(newest_set "$good")"
expect_exit 0 cdctl outdated "$good" </dev/null
expect_quiet

# A source that is not there any more: no offer, and what runs stays as it is.
mv "$good.git" away.git
expect_exit 4 cdctl outdated "$good" </dev/null
expect_same "state" "$(state_of "$good")" live
mv away.git "$good.git"

# The broken file of one team: exit 3 and an error record; the others go on. Worse news wins.
rm services.d/gone.toml services.d/empty.toml services.d/nobranch.toml
commit ok
printf 'unts = { worker = 2 }\n[sources]\ntrunk = { git = "%s" }\n' "$work/$good.git" >services.d/broken.toml
expect_exit 3 cdctl outdated </dev/null
expect_same "the services on offer" "$(offered_services)" "$good"
expect_json 'any(.schema == "cdctl.error/1" and .service == "broken" and .exit == 3 and (.error | test("broken.toml:1.*unts.*did you mean .units")))'
expect_error "broken: .*broken.toml:1"
expect_exit 3 cdctl ls </dev/null
expect_json 'any(.service == "broken" and .schema == "cdctl.error/1") and any(.schema == "cdctl.set/1")'
expect_exit 0 cdctl outdated "$good" </dev/null
expect_exit 3 cdctl outdated broken </dev/null
expect_exit 3 cdctl deploy broken </dev/null
expect_quiet
pipe_exit 4 'cdctl outdated | cdctl deploy'
expect_json 'length == 1 and .[0].ok and .[0].changed'
printf '[sources\n' >services.d/broken.toml
expect_exit 3 cdctl outdated </dev/null
expect_error 'broken.toml:1'
printf '[sources]\ntrunk = { git = "%s/none.git" }\n' "$work" >services.d/away.toml
expect_exit 4 cdctl outdated </dev/null
expect_json 'any(.service == "broken" and .exit == 3) and any(.service == "away" and .exit == 4)'
rm services.d/*.toml
expect_exit 0 cdctl outdated </dev/null
expect_quiet

# The sets of a service whose file has left can still be seen, and removed by whoever says so.
expect_same "all sets" "$(cdctl ls </dev/null | jq -r .service | sort -u)" "$good"
mapfile -t sets < <(cdctl ls -o name </dev/null)
expect_exit 5 cdctl reap "${sets[@]}" --even-newest --even-last "${sets[0]}" --even-last "${sets[1]}" </dev/null
expect_same "all sets" "$(cdctl ls </dev/null | jq -r '[.service, .foreign] | @csv' | sort -u)" "\"$good\",true"
expect_exit 0 cdctl reap "${sets[@]}" --even-newest --even-foreign --even-last "${sets[0]}" --even-last "${sets[1]}" </dev/null
expect_same "all sets" "$(cdctl ls -o name </dev/null)" ""

# No configuration at all.
unset CDCTL_CONFIG
expect_exit 3 env HOME=/nonexistent cdctl outdated -c missing.toml </dev/null
mkdir empty && cd empty
mv ../cdctl.toml ../cdctl.away
[ -e /etc/cdctl/cdctl.toml ] || expect_exit 3 env HOME=/nonexistent cdctl ls </dev/null
cd ..
mv cdctl.away cdctl.toml
