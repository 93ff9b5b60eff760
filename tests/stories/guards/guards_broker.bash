#!/usr/bin/env bash
# The guards where a broker holds what all machines agree on: who is live, who owns a set, what is known to be bad, and which
# queues a cut may touch.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service </dev/null
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.%3NZ; }
verdict() {
  printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"unhealthy","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' \
    "$1" "$2" "$2" "$(at now)"
}
would_cut() { cdctl break --dry-run "$1" </dev/null >/dev/null 2>&1; }
expect_cut() { expect_same "cut of $1" "$(cut_of "$1")" "$2"; }

# ---------------------------------------------------------------- live is who holds a connection

first=$(deploy_one ok)
cp "$service.git/Procfile" Procfile
printf 'worker: exec sleep 1000\n' >"$service.git/Procfile"
deaf=$(deploy_one deaf)
expect_same "the deaf set" "$(cdctl ls "$deaf" </dev/null | jq -c '[.state, .cut, .units.up]')" '["live",false,2]'
eventually 15 would_cut "$deaf"
for attempt in 'break' 'reap'; do
  expect_exit 5 cdctl $attempt "$first" </dev/null
  expect_error "leave $service with 0 live units at work on the broker"
done
expect_exit 5 cdctl break < <(verdict "$first" "$(at now)")
expect_cut "$first" false
cp Procfile "$service.git/Procfile"
second=$(deploy_one ok)
eventually 15 would_cut "$first"
sed -i '1i min_live = 3' "services.d/$service.toml"
expect_exit 5 cdctl break "$first" </dev/null
expect_error 'with 2 live units at work on the broker, min_live is 3'
sed -i '1s/.*/min_live = "50%"/' "services.d/$service.toml"

# Two breakers at the same moment, for the last two: one cuts, the other is refused.
for number in 1 2; do
  set=$first
  [ $number = 1 ] || set=$second
  (status=0; cdctl break "$set" </dev/null >"break.$number" 2>"break.$number.err" || status=$?; echo $status >"break.$number.code") &
done
wait
expect_same "exit codes" "$(sort break.[12].code | tr '\n' ' ')" "0 5 "
expect_same "cut sets" "$(cdctl ls "$service" </dev/null | jq -s 'map(select(.cut)) | length')" 1
# Either may have won; the evidence below is about the one that was cut, since only a cut is mended.
mended=$(cdctl ls -o ndjson "$service" </dev/null | jq -r 'select(.cut) | .set')
before_mend=$(at now)
expect_exit 0 cdctl mend "$first" "$second" </dev/null
eventually 15 would_cut "$first"
eventually 15 would_cut "$second"

# Evidence from before the mend does not cut, fresh evidence does.
expect_exit 0 cdctl break < <(verdict "$mended" "$before_mend")
expect_json '.[0] | .ok and (.changed | not) and (.ignored | length) > 0'
expect_cut "$mended" false
expect_exit 0 cdctl break < <(verdict "$mended" "$(at now)")
expect_cut "$mended" true
expect_exit 0 cdctl mend "$mended" </dev/null
eventually 15 would_cut "$second"

# ---------------------------------------------------------------- a broker that does not answer

closed_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed "s|^management = .*|management = \"http://127.0.0.1:$closed_port\"|; s|^amqp = .*|amqp = \"amqp://127.0.0.1:$closed_port\"|" cdctl.toml >dead.toml
commit ok
for command in "break $first" "break $first --even-last $first" "mend $first" "reap $first" "reap $deaf --even-last $deaf" "deploy $service"; do
  expect_exit 4 cdctl $command -c dead.toml </dev/null
  expect_json 'all(.ok == false and (.changed | not) and .exit == 4)'
  expect_error "127.0.0.1:$closed_port"
done
expect_exit 4 cdctl outdated -c dead.toml </dev/null
expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
expect_exit 4 cdctl ls -c dead.toml </dev/null
expect_json 'any(.schema == "cdctl.error/1") and (map(select(.set)) | length == 3 and all(.cut == null))'
cp out unknown
expect_exit 4 cdctl stale --keep 0 --min-age 0s --prove-for 0s <unknown
expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
cp out unknown
expect_exit 4 cdctl reap <unknown
expect_same "the sets" "$(cdctl ls "$service" </dev/null | jq -c '[.state, .cut]' | sort -u)" '["live",false]'
expect_same "the users" "$(users_of "$service" | wc -l)" 3

# ---------------------------------------------------------------- two homes on one broker

sed "s|^home = .*|home = \"$work/second-home\"|" cdctl.toml >second.toml
over_there() { expect_exit "$1" cdctl "${@:2}" -c second.toml </dev/null; }
over_there 0 ls
expect_json 'length == 3 and all((.home | endswith($home)) and .cut == false and .units == null)' --arg home "$work/home"
over_there 5 reap "$first"
expect_error "it lives in home .*$work/home; reap it there"
pipe_exit 0 'cdctl ls -c second.toml | cdctl stale -c second.toml --keep 0 --min-age 0s --prove-for 0s'
expect_quiet
over_there 0 break "$first"  # a cut is anybody's
expect_cut "$first" true
expect_exit 0 cdctl reap "$first" </dev/null
# What was cut and reaped here is known to be bad there, and a tombstone's sources are known there too.
expect_exit 0 cdctl reap "$deaf" </dev/null
id=${deaf##*-}
over_there 5 deploy "$service@${first##*-}"
expect_error 'known to be bad'
over_there 0 deploy "$service@$id"
expect_json '.[0].ok and .[0].changed'
expect_exit 5 cdctl deploy "$service@$id" </dev/null
expect_error "owned by home .*$work/second-home"
over_there 0 reap "$deaf" --even-newest --grace 0s
expect_same "the users" "$(users_of "$service")" "$second"

# ---------------------------------------------------------------- everyone

third=$(deploy_one ok)
cdctl signal "$second" oops -s critical </dev/null
heard() { cdctl signals "$service" </dev/null | cdctl trip --all | jq -es 'length >= 1' >/dev/null; }
eventually 15 heard
pipe_exit 0 "cdctl signals $service | cdctl trip"
expect_json 'map([.set, .verdict]) == [[$set, "unhealthy"]]' --arg set "$second"
cdctl signal "$third" oops -s critical </dev/null
both_heard() { [ "$(cdctl signals "$service" </dev/null | wc -l)" = 2 ]; }
eventually 15 both_heard
pipe_exit 0 "cdctl signals $service | cdctl trip"
expect_json 'group_by(.set) | length == 2 and all(.[-1] | .verdict == "undecided" and .why == "everyone")'

# ---------------------------------------------------------------- queues that a cut would empty

limited() { # NAME ARGUMENTS TOP-LEVEL-LINE
  {
    printf '%s\nunits = { worker = 1 }\n[sources]\ntrunk = { git = "%s" }\n' "$3" "$work/$service.git"
    printf '[rabbit]\nqueues = { %s = { type = "quorum", arguments = { %s } } }\n' "$1" "$2"
  } >"services.d/$1.toml"
}
name=$service-limited
limited "$name" '"x-delivery-limit" = 5' ''
for dry in --dry-run ''; do
  expect_exit 5 cdctl deploy "$name" $dry </dev/null
  expect_error "the queue $name drops a message after 5 deliveries.*x-dead-letter-exchange.*accept_loss"
done
pipe_exit 5 "cdctl outdated $name | cdctl deploy"
expect_same "sets" "$(sets_of "$name")" ""
expect_same "users" "$(users_of "$name")" ""
! api "queues/%2F/$name" -f -o /dev/null || fail "the queue was made"
limited "$name" '"x-delivery-limit" = 5' 'accept_loss = true'
expect_exit 0 cdctl deploy "$name" </dev/null
expect_same "sets" "$(sets_of "$name" | wc -l)" 1
name=$service-dead
limited "$name" "\"x-delivery-limit\" = 5, \"x-dead-letter-exchange\" = \"$service-dlx\"" ''
expect_exit 5 cdctl deploy "$name" </dev/null
expect_error "its dead letters are lost: there is no exchange $service-dlx"
graves=$service-graves
limited "$name" "\"x-delivery-limit\" = 5, \"x-dead-letter-exchange\" = \"\", \"x-dead-letter-routing-key\" = \"$graves\"" ''
expect_exit 5 cdctl deploy "$name" </dev/null
expect_error "there is no queue $graves"
sed -i "s/^queues = { /&\"$graves\" = { type = \"classic\" }, /" "services.d/$name.toml"
expect_exit 0 cdctl deploy "$name" </dev/null
expect_same "state" "$(state_of "$name")" live

# ---------------------------------------------------------------- a breaker that knows nothing of the service

# The feed of a broker tells everyone of everybody's sets; who has no file of a service must not cut by rules of its own.
set=$(sets_of "$name")
mkdir -p stranger/services.d
sed "s|\"broker.password\"|\"$work/broker.password\"|" cdctl.toml >stranger/cdctl.toml
pipe_exit 0 "printf '%s\n' '$(verdict "$set" "$(at now)")' | CDCTL_HOME=$work/stranger/home cdctl break -c stranger/cdctl.toml"
expect_json 'length == 1 and (.[0] | .absent and (.changed | not))'
expect_cut "$set" false
