#!/usr/bin/env bash
# Two configurations in one home, one with a broker and one without: each has its own positions, receivers and records of its services.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() {
  [ -z "${reader:-}" ] || kill "$reader" 2>/dev/null || :
  receivers_stop
}
begin broker
receivers_start
mkdir -p services.d plain/services.d
mkdir -m 0700 home
export CDCTL_HOME=$work/home
for file in "services.d/$service.toml" plain/services.d/plainly.toml; do
  printf 'engine = "local"\nswitches = ["local"]\n[sources]\nfirst = { file = "%s" }\n' "$work/cdctl.toml" >"$file"
done
for at in "$work:broker" "$work/plain:plain"; do
  printf '[webhook]\nurl = "http://127.0.0.1:%s/%s"\nformat = "json"\n' "$receivers_port" "${at##*:}" >>"${at%:*}/cdctl.toml"
done
broker() { CDCTL_CONFIG=$work/cdctl.toml "$@"; }
plain() { CDCTL_CONFIG=$work/plain/cdctl.toml "$@"; }
log() { # SERVICE ACTION
  outcome "$2" 1 "$(jq -cn --arg service "$1" '{service: $service, set: ($service + "-r0000000001")}')" >>home/outcomes.ndjson
}
# Of the services here: on a broker that stories share, others signal, too.
told() { taken "/$1" | jq -r --arg ours "$service" '(.set | sub("-r[0-9a-f]*$"; "")) as $of | select($of | IN($ours, "plainly", "nobodys")) | $of + " " + (.action // .message)' | sort -u | xargs; }
new() { broker expect_exit 0 cdctl notify --new; plain expect_exit 0 cdctl notify --new; }

# A position of before, which was one for the home: the configuration whose feed it is of goes on there, the other says that it is none.
mkdir -p home/readers home/notify
chmod 0700 home/readers home/notify
plain cdctl signal plainly-r0000000001 oops --severity error --message early
printf '20000101T00:0\n' >home/readers/notify
printf '0:0\n' >home/notify/log.position
plain expect_exit 0 cdctl notify --new
plain expect_exit 0 cdctl notify --flush
expect_same "what was before" "$(told plain)" "plainly early"
log "$service" break
broker expect_exit 0 cdctl notify --new
expect_error "notify: '20000101T00:0' is no position in this feed"
expect_same "the other's" "$(told broker)" "$service break"

# Each is told of its own services; what none has, both are told.
forget_requests
log "$service" deploy
log plainly deploy
log nobodys reap
plain cdctl signal plainly-r0000000001 oops --severity error --message local
broker cdctl signal "$service-r0000000001" oops --severity error --message remote
new
expect_same broker "$(told broker)" "$(printf '%s\n' "$service deploy" 'nobodys reap' "$service remote" | sort -u | xargs)"
expect_same plain "$(told plain)" "$(printf '%s\n' 'plainly deploy' 'nobodys reap' 'plainly local' | sort -u | xargs)"
forget_requests
new
expect_same "not twice" "$(told broker)$(told plain)" ""

# Readers of one name, one after the other and at once; neither refuses the other's position.
CDCTL_CONFIG=$work/cdctl.toml cdctl signals --follow=night >broker.out 2>broker.err &
reader=$!
eventually 20 filled 'home/configurations/*/readers/night'
plain timeout 2 cdctl signals --follow=night >plain.out 2>plain.err || :
! grep -E 'position|another reader' plain.err || fail 'two readers of one name are in the way of each other'
kill "$reader"
wait "$reader" || :
reader=
expect_same positions "$(ls home/configurations/*/readers/night | wc -l)" 2

# Metrics of each ask its own.
for one in broker plain; do
  $one cdctl metrics >metrics 2>metrics.err || fail "metrics"
  grep -q '^cdctl_up{source="signals"} 1' metrics || fail "$one: $(cat metrics.err)"
done
