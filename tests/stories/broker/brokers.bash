#!/usr/bin/env bash
# Services on two brokers and a second virtual host: each is cut where it lives, a broker that is down hides its own services only,
# and a service that moves to another broker keeps its old sets in sight.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
private-broker start -o $$ "$work/second" >second.env
port_of() { sed -n "s/^$1=//p" second.env; }
second_api() { HTTP_PORT=$(port_of HTTP_PORT) api "$@"; }
api vhosts/team -f -X PUT && api permissions/team/guest -f -X PUT -d '{"configure":".*","write":".*","read":".*"}'
printf '\n[rabbit.brokers.second]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:%s"\nuser = "guest"\npassword_file = "broker.password"\n' \
  "$(port_of HTTP_PORT)" "$(port_of AMQP_PORT)" >>cdctl.toml

here=$service-here there=$service-there team=$service-team
for name in "$here" "$there" "$team"; do
  make_trunk "$name"
  units=1 make_service "$name" </dev/null
done
sed -i 's/^\[rabbit\]$/[rabbit]\nbroker = "second"/' "services.d/$there.toml"
sed -i 's/^\[rabbit\]$/[rabbit]\nvhost = "team"/' "services.d/$team.toml"
next_revision() {
  for name in "$@"; do commit ok "$name"; done
  expect_exit 0 bash -c 'cdctl outdated | cdctl deploy'
}
connected_in() { [ "$("$1" "connections/username/$2" | jq length)" = 1 ]; }
at_work() { connected_in api "$(newest_set "$here")" && connected_in second_api "$(newest_set "$there")" && connected_in api "$(newest_set "$team")"; }

next_revision
first_here=$(newest_set "$here") first_there=$(newest_set "$there") first_team=$(newest_set "$team")
eventually 30 at_work
next_revision "$here" "$there" "$team"
eventually 30 at_work
next_here=$(newest_set "$here") next_there=$(newest_set "$there") next_team=$(newest_set "$team")
next_revision "$here" "$there" "$team"
eventually 30 at_work
bad_here=$(newest_set "$here") bad_there=$(newest_set "$there") bad_team=$(newest_set "$team")
expect_same "users of the second broker" "$(second_api 'users?columns=name' | jq -r '.[].name | select(contains("-r"))' | sort | tr '\n' ' ')" \
  "$(printf '%s\n' "$first_there" "$next_there" "$bad_there" | sort | tr '\n' ' ')"
! user_exists "$bad_there" || fail "the first broker has a user of $there"
expect_same "where $team may work" "$(api "users/$bad_team/permissions" | jq -r '.[].vhost')" team
api "queues/team/$team" -f -o /dev/null || fail "the queue of $team is not in its virtual host"
expect_exit 0 cdctl doctor </dev/null
expect_json 'any(.what == "second: management API") and any(.what == "default: permissions on team")'

# ---------------------------------------------------------------- a bad one on each

mkfifo said
cdctl trip <said 2>trip.err | cdctl break >broken 2>break.err &
# Of two services: of three that turn bad at once trip would say that it is the world.
cdctl signals "$here" "$there" --follow=watch >said 2>follow.err </dev/null &
follower=$!
following() { [ "$(api 'connections?columns=client_properties.connection_name' | grep -o 'cdctl signals' | wc -l)" -ge 2 ] && second_api 'connections?columns=client_properties.connection_name' | grep -q 'cdctl signals'; }
eventually 20 following
# say SET HEALTHY: something bad of one, while another says that it is well; else trip would take it for the world's fault.
say() {
  expect_exit 0 cdctl signal "$2" fine -s info </dev/null
  expect_exit 0 cdctl signal "$1" oops -s critical </dev/null
}
is_cut() { [ "$(cut_of "$1")" = true ]; }
say "$bad_here" "$first_here"
eventually 30 is_cut "$bad_here"
say "$bad_there" "$first_there"
eventually 30 is_cut "$bad_there"
say "$bad_team" "$first_team"
pipe_exit 0 "cdctl signals $team | cdctl trip | cdctl break"
expect_json 'map([.set, .ok, .changed]) == [[$set, true, true]]' --arg set "$bad_team"
expect_same "limits" "$(limit_of "$bad_here") $(second_api "users/$bad_there" | jq '.limits["max-connections"]') $(limit_of "$bad_team")" "0 0 0"
for set in "$first_here" "$first_there" "$first_team" "$next_here" "$next_there" "$next_team"; do expect_same "cut of $set" "$(cut_of "$set")" false; done
expect_same "cuts" "$(jq -r .set broken | tr '\n' ' ')" "$bad_here $bad_there "
expect_exit 0 cdctl mend "$bad_here" "$bad_there" "$bad_team" </dev/null
eventually 30 at_work

# ---------------------------------------------------------------- one broker is down

private-broker stop "$work/second"
expect_exit 4 cdctl ls -o ndjson </dev/null
expect_json 'map(select(.schema == "cdctl.error/1").service) == [$name]' --arg name "$there"
expect_json 'map(select(.set and .cut == null).service) | unique == [$name]' --arg name "$there"
expect_json 'map(select(.set and .cut == false)) | length == 6'
cp out unknown
expect_exit 4 cdctl stale --keep 0 --min-age 0s --prove-for 0s <unknown
expect_json 'any(.schema == "cdctl.error/1") and all(.schema == "cdctl.error/1" or .service != $name)' --arg name "$there"
cp out marked
expect_exit 4 cdctl reap --dry-run <marked
expect_json 'length > 0 and all(.service != $name)' --arg name "$there"
expect_exit 4 cdctl signals -o ndjson </dev/null
expect_json 'map(select(.schema == "cdctl.error/1").service) == [$name]' --arg name "$there"
expect_json 'map(select(.schema == "cdctl.signal/1").service) | unique == ([$a, $b] | sort)' --arg a "$here" --arg b "$team"
expect_exit 4 cdctl probe -o ndjson </dev/null
expect_json 'map(select(.schema == "cdctl.error/1").service) | unique == [$name]' --arg name "$there"
expect_json 'any(.service == $name and .schema == "cdctl.signal/1")' --arg name "$here"
commit ok "$here"
commit ok "$there"
expect_exit 4 bash -c 'cdctl outdated | cdctl deploy'
expect_json 'map([.service, .ok]) == [[$name, true]]' --arg name "$here"
expect_exit 4 cdctl break "$bad_there" </dev/null
expect_json 'length > 0 and all(.ok | not)'
say "$next_here" "$first_here"
eventually 30 is_cut "$next_here"
say "$next_team" "$first_team"
pipe_exit 0 "cdctl signals $team | cdctl trip | cdctl break"
expect_same "cut of $next_team" "$(cut_of "$next_team")" true
expect_exit 4 cdctl resume "$there" </dev/null   # a freeze that cannot be read is not "none"
expect_quiet
for set in "$first_there" "$next_there" "$bad_there"; do [ -n "$(processes_of "$set")" ] || fail "$set was reaped"; done
expect_same "how often the broker was told to be away" "$(grep -c "nothing is heard of $there" follow.err)" 1

# It comes back: what was said meanwhile is not lost, and nobody had to start anything again.
private-broker start -o $$ "$work/second" >/dev/null
back() { cdctl ls </dev/null >/dev/null 2>&1; }
eventually 30 back
old_there() { connected_in second_api "$first_there" && connected_in second_api "$bad_there"; }
eventually 30 old_there
# A broker that has just started answers for its stream a little later.
heard_there() { cdctl signal "$first_there" fine -s info </dev/null >/dev/null 2>&1; }
eventually 60 heard_there
say "$next_there" "$first_there"
eventually 40 is_cut "$next_there"
for set in "$first_there" "$bad_there"; do expect_same "cut of $set" "$(cut_of "$set")" false; done
kill -TERM "$follower"
eventually 10 gone "$follower"
for name in default second default/team; do grep -q " $name=[0-9]" <(sed 's|/%2F|/|' home/configurations/*/readers/watch) || fail "no position of $name in $(cat home/configurations/*/readers/watch)"; done

# ---------------------------------------------------------------- a service moves to the other broker

before=$(sets_of "$here" | sort)
expect_exit 0 cdctl hold "$here" --why 'the move' </dev/null
expect_exit 0 cdctl force observe "$here" --why 'the move' </dev/null
sed -i 's/^\[rabbit\]$/[rabbit]\nbroker = "second"/' "services.d/$here.toml"
expect_exit 0 cdctl ls "$here" -o ndjson </dev/null
expect_same "sets before the first deploy over there" "$(jq -r .set out | sort)" "$before"
expect_json 'length > 0 and all(.cut != null and .forced == "observe")'
expect_exit 0 cdctl outdated "$here" --all </dev/null
expect_json 'map([.why, .offered]) == [["held", false]]'
expect_exit 0 cdctl resume "$here" </dev/null
expect_json 'map([.held, .changed]) == [[false, true]]'
expect_exit 0 cdctl force none "$here" </dev/null
said_of() { "$1" global-parameters | jq -r --arg n "$here" '.[].name | select(. == "cdctl.hold." + $n or . == "cdctl.force." + $n)'; }
expect_same "what was said of $here, on both" "$(said_of api)$(said_of second_api)" ""
expect_exit 137 env CDCTL_TEST_CRASH_AT=rabbit.memory.moving cdctl deploy "$here" </dev/null
expect_exit 0 cdctl deploy "$here" </dev/null
moved=$(newest_set "$here")
[[ $before != *"$moved"* ]] || fail "the edit made no new set"
second_api "users/$moved" -f -o /dev/null || fail "$moved has no user on the second broker"
user_exists "$first_here" || fail "$first_here lost its user"
eventually 30 connected_in second_api "$moved"
also_of() { "$1" "global-parameters/cdctl.also.$here" | jq -c .value.brokers; }
expect_same "where else, on both" "$(also_of second_api) $(also_of api)" '["default"] ["second"]'
expect_exit 0 cdctl break "$first_here" </dev/null
expect_same "limit of the old set" "$(limit_of "$first_here")" 0
# Its old broker is away: the service is unknown, and says why.
private-broker stop "$work/broker"
expect_exit 4 cdctl ls "$here" </dev/null
expect_error "$here may have sets on the broker default"
expect_exit 4 cdctl reap "$first_here" </dev/null
expect_exit 0 cdctl ls "$there" </dev/null
private-broker start -o $$ "$work/broker" >/dev/null
eventually 30 back
# It goes back before anything was reaped: the sets over there stay in sight.
sed -i '/^broker = "second"$/d' "services.d/$here.toml"
expect_exit 0 cdctl ls "$moved" </dev/null
expect_json 'map(.cut) == [false]'
sed -i 's/^\[rabbit\]$/[rabbit]\nbroker = "second"/' "services.d/$here.toml"
for set in $before; do expect_exit 0 cdctl reap "$set" --grace 0s --even-last "$set" </dev/null; done
expect_same "users that are left" "$(users_of "$here")" ""
next_revision "$here"
expect_same "where else, in the end" "$(second_api global-parameters | jq -c --arg n "cdctl.also.$here" 'map(select(.name == $n)) | length')" 0
