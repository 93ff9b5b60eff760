#!/usr/bin/env bash
# Units that have long jobs: the reap has Juju remove their applications and leaves, sets beside them are gone at once, and the next
# run of the pipe removes the rest.
CDCTL_STORY_ENGINE=${CDCTL_STORY_ENGINE:-juju-3.6}
. "$(dirname "$0")/../lib/common.bash"
begin
units=1
# As a charm that waits in its stop hook: Juju has no end for that
juju_control set kill 3600
# shellcheck disable=SC2016
make_trunk "$service" 'worker: trap "" TERM; : >"'"$work"'/began-$CDCTL_SET"; while [ ! -e "'"$work"'/done-$CDCTL_SET" ]; do sleep 0.2; done'
make_service </dev/null
policy=(--keep 1 --min-age 0s --prove-for 0s)
began() { [ -e "began-$1" ]; }
up() { [ "$(cdctl inspect "$1" -o ndjson </dev/null | jq .units.up)" = 1 ]; }
absent() { ! engine_knows "$1"; }
one() {
  set=$(deploy_one ok)
  eventually 30 began "$set"
  eventually 30 up "$set"
}

printf 'stop_timeout = { worker = "until done, at most 2h" }\n' | cat - "services.d/$service.toml" >new && mv new "services.d/$service.toml"
one; busy=$set
one; idle=$set
: >"done-$idle"
one; newest=$set
began_at=$SECONDS
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
[ $((SECONDS - began_at)) -le 300 ] || fail "it took $((SECONDS - began_at)) s"
expect_json 'length == 2 and all(.ok)'
expect_json 'any(.set == $s and .draining and .until != null and .steps[-1].left == 1)' --arg s "$busy"
expect_json 'any(.set == $s and (.draining | not))' --arg s "$idle"
expect_error "$busy: .* may finish.*the next reap removes it"
engine_knows "$busy" || fail "$busy is gone in the middle of its job"
absent "$idle" || fail "$idle is there"
expect_same "state" "$(state_of "$busy")" reaping
# Again, and it is still at it; and by name.
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap --max-reaps 0"
expect_json 'length == 1 and .[0].draining'
expect_exit 0 cdctl reap "$busy" </dev/null
expect_json '.[0].draining'
[ "$(juju_control units "$busy" | awk '$3 != 0' | wc -l)" = 1 ] || fail "the unit of $busy does not run any more"
: >"done-$busy"
finished() { [ "$(juju_control units "$busy" | wc -l)" = 0 ]; }
eventually 30 finished
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
expect_json 'length == 1 and .[0].ok and (.[0].draining | not)'
absent "$busy" || fail "$busy is there"
# A grace that is given by hand ends a drain.
one; latest=$set
pipe_exit 0 "cdctl ls | cdctl stale ${policy[*]} | cdctl reap"
expect_json 'length == 1 and .[0].draining'
expect_exit 0 cdctl reap "$newest" --grace 0s --timeout 90s </dev/null
absent "$newest" || fail "$newest is there"
expect_same "what is left" "$(engine_sets | grep "$service" | sort)" "$latest"
