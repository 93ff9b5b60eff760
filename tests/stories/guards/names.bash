#!/usr/bin/env bash
# One rule for the names that people type, in every command: what cannot be a name is usage (2); what names nothing is a mistake (1), with
# the nearest name; what is known to be gone is done already (0); a glob that matches nothing is an empty answer to who looks. And what
# only another configuration has is no typing error.
. "$(dirname "$0")/../lib/common.bash"
begin broker
units=1

# line_of COMMAND NAME: the command with that name in its place.
line_of() {
  case $1 in
    signal) printf 'cdctl signal %s oops -s info' "$2" ;;
    force) printf 'cdctl force observe %s' "$2" ;;
    config) printf 'cdctl config show %s' "$2" ;;
    retire) printf 'cdctl retire %s --confirm %s' "$2" "$2" ;;
    trial) printf 'cdctl mend %s --probation 6s' "$2" ;;
    top) printf "script -qec 'cdctl top %s' /dev/null" "$2" ;;
    *) printf 'cdctl %s %s' "$1" "$2" ;;
  esac
}
looks='ls probe signals log'                  # SELECTOR…
acts='inspect break mend reap'                # the same, of who acts or asks for one set
targets='force hold resume'                   # a service, or a whole set
services='outdated deploy timeline config retire top'
one_set='signal'                              # a whole set

check() { # EXIT ERROR COMMANDS NAME
  local command
  for command in $3; do
    pipe_exit "$1" "$(line_of "$command" "$4") </dev/null 2>&1"
    [ -z "$2" ] || expect_line "$2"
  done
}
story() { # SERVICE
  local name=$1 gone live typo
  gone=$(newest_set "$name")
  commit ok "$name"
  expect_exit 0 cdctl deploy "$name" </dev/null
  live=$(newest_set "$name")
  expect_exit 0 cdctl reap "$gone" --grace 1s --even-last "$gone" </dev/null
  typo=${live%?}$([ "${live: -1}" = 0 ] && echo 1 || echo 0)
  local before
  before=$(cdctl history --since 1h -o ndjson </dev/null | jq -c 'select(.changed)')

  # A service that is mistyped: the letter too many, and one that is nowhere near.
  check 1 "did you mean $name\?" "$looks $acts $targets $services trial" "${name}x"
  check 1 "no service 'zzzzzz'" "$looks break mend reap inspect force hold outdated deploy top" zzzzzz
  check 1 "did you mean $name\?" "$looks $acts deploy" "${name}x@r0"
  check 1 "did you mean $name\?" "ls probe $acts" "${name}x@newest"
  # A set that never was, by its whole name and by a prefix.
  check 1 "$typo: .*never was; did you mean $live\?" "$looks $acts $targets" "$typo"
  # A signal that is lost is worse than one of nobody.
  check 0 "$typo: .*never was; did you mean $live\?.* sent all the same" "$one_set" "$typo"
  check 1 'never was' "$looks $acts" "$name@r0000000000"
  check 1 'no such revision' deploy "$name@r0000000000"
  # One that is gone.
  check 0 '' "$looks $acts $targets $one_set" "$gone"
  check 0 'gone already' "ls probe $acts" "$name@${gone##*-}"
  expect_exit 0 cdctl force none "$gone" </dev/null
  # A glob, for who takes one.
  check 0 '' "$looks" "'zzz*'"
  check 1 'never was' "$acts" "'zzz*'"
  check 2 '' "$targets $services $one_set" "'zzz*'"
  # What cannot be a name.
  check 2 '' "$looks $acts $targets $services $one_set" "Thumbs!"
  check 2 '' "outdated timeline retire top config" "$live"
  # A right name is none of these, whatever there is of it.
  check 0 '' "$looks inspect outdated timeline" "$name"
  check 0 '' "$looks inspect" "$name@${live##*-}"
  # Of several names the right ones are looked at.
  expect_exit 1 cdctl ls "$typo" "$live" </dev/null
  expect_json 'map(.set) == [$set]' --arg set "$live"

  expect_same "what was done" "$(cdctl history --since 1h -o ndjson </dev/null | jq -c 'select(.changed and .action != "force" and .action != "hold" and .action != "resume")')" "$(jq -c 'select(.action != "force" and .action != "hold" and .action != "resume")' <<<"$before")"
  expect_exit 0 cdctl signals --since 10m -o ndjson </dev/null
  expect_json "any(.set == \"$typo\")"

  # A revision that is to come may be spoken of before it is out.
  commit ok "$name"
  typo=$(cdctl outdated "$name" </dev/null | jq -r .set)
  check 0 '' 'force hold resume' "$typo"
  expect_exit 0 cdctl force none "$typo" </dev/null

  # What is forced, without a name.
  expect_exit 0 cdctl force </dev/null
  expect_quiet
  expect_exit 0 cdctl force observe "$name" --why 'new rules' </dev/null
  expect_exit 0 cdctl force closed "$live" --why 'the sale' </dev/null
  expect_exit 0 cdctl force </dev/null
  "$build_dir/tests/validate-records" "$source_dir/schemas" <out
  expect_json 'map([.target, .state, .why]) | sort == ([[$name, "observe", "new rules"], [$set, "closed", "the sale"]] | sort)' --arg name "$name" --arg set "$live"
  expect_json 'all(.since and .by)'
  expect_exit 0 cdctl force -o table </dev/null
  expect_line "$live +closed .*the sale"
  expect_exit 0 cdctl force none "$name" "$live" </dev/null
  expect_exit 0 cdctl force </dev/null
  expect_quiet
}

make_trunk
make_service </dev/null
expect_exit 0 cdctl deploy "$service" </dev/null
story "$service"

# Nobody can say whether a name is right: a signal goes all the same, what was done is told, and a look is "could not ask".
sed 's|^management = .*|management = "http://127.0.0.1:1"|' cdctl.toml >deaf.toml
expect_exit 0 cdctl signal -c deaf.toml "$service-r0000000000" unsure -s info </dev/null
expect_exit 0 cdctl history -c deaf.toml "$service-r0000000000" </dev/null
expect_exit 4 cdctl ls -c deaf.toml "$service-r0000000000" </dev/null

# ---------------------------------------------------------------- what another configuration has

# Another machine on the same broker, which does not know the service: nothing of it runs there.
mkdir -p there/services.d
sed "s|^home = .*|home = \"$work/there/home\"|; s|\"broker.password\"|\"$work/broker.password\"|" cdctl.toml >there/cdctl.toml
from_there() { expect_exit "$1" env CDCTL_CONFIG="$work/there/cdctl.toml" "${@:2}"; }
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
for _ in 1 2; do
  set=$(deploy_one ok)
  eventually 20 connected "$set"
done
home=$(cdctl ls "$set" -o ndjson </dev/null | jq -r .home)
from_there 0 cdctl ls "$set" </dev/null
expect_json 'map([.set, .foreign, .home]) == [[$set, true, $home]]' --arg set "$set" --arg home "$home"
from_there 0 cdctl inspect "$set" </dev/null
expect_json '.[0].foreign'
at=$(date -u +%FT%T.%3NZ)
from_there 0 cdctl break <<<"{\"schema\":\"cdctl.verdict/1\",\"set\":\"$set\",\"verdict\":\"unhealthy\",\"rule\":\"x\",\"time\":\"$at\"}"
expect_json '.[0] | .absent and (.changed | not)'
from_there 0 cdctl break "$set" --why 'seen from there' </dev/null
expect_json '.[0] | .ok and .changed'
expect_same "its limit" "$(limit_of "$set")" 0
expect_exit 0 cdctl ls "$set" </dev/null
expect_json '.[0] | .cut and .cut_why == "seen from there"'
from_there 1 cdctl mend "$set" </dev/null
expect_error "its units are in home $home"
expect_same "its limit" "$(limit_of "$set")" none
from_there 5 cdctl reap "$set" --even-newest --even-foreign --even-last "$set" </dev/null
expect_error "it lives in home $home; reap it there"
from_there 0 cdctl history "$set" </dev/null
expect_json 'map(select(.changed) | .action) == ["break", "mend"]'
from_there 0 cdctl signal "$set" fine -s info </dev/null
for command in "force observe $service" "force observe $set" "hold $service" "hold $set" "outdated $service" "deploy $service" "mend $set --probation 6s"; do
  # shellcheck disable=SC2086
  from_there 3 cdctl $command </dev/null
  expect_error "$service is not configured in .*there/cdctl.toml, its sets live in home $home; do it with the configuration that has $service"
done
from_there 1 cdctl break "$service-r0000000000" </dev/null
expect_error "as far as this configuration knows \($service is not in .*there/cdctl.toml\)"
from_there 1 cdctl outdated "${service}x" </dev/null
# And where not even the broker is known, nobody claims that it never was.
printf '[local]\nhome = "%s/there/home"\n' "$work" >there/cdctl.toml
from_there 1 cdctl break "$set" </dev/null
expect_error 'as far as this configuration knows'
expect_exit 0 cdctl mend "$set" </dev/null

alone=$service-alone
make_trunk "$alone" 'worker: exec sleep 1000'
has_broker='' make_service "$alone" </dev/null
expect_exit 0 cdctl deploy "$alone" </dev/null
story "$alone"
