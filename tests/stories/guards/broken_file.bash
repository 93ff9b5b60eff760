#!/usr/bin/env bash
# The file of a service has a typing error on the machine that breaks, and its sets live on another one: a verdict still cuts, and min_live is
# what the file said when the service was deployed.
. "$(dirname "$0")/../lib/common.bash"
begin broker
units=1
make_trunk
make_service </dev/null
sed -i '1i min_live = 2' "services.d/$service.toml"
mkdir -p other/services.d
sed "s|^home = .*|home = \"$work/other/home\"|; s|\"broker.password\"|\"$work/broker.password\"|" cdctl.toml >other/cdctl.toml
printf 'unitz = 1\n' >"other/services.d/$service.toml"
connected() { [ "$(connections_of "$1")" -ge 1 ]; }
verdict_of() { # as trip says it
  local time
  time=$(date -u +%FT%T.%3NZ)
  printf '{"schema":"cdctl.verdict/1","set":"%s","service":"%s","revision":"%s","verdict":"unhealthy","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' \
    "$1" "$service" "${1##*-}" "$time" "$time" "$time"
}
sets=()
for _ in 1 2; do sets+=("$(deploy_one ok)"); done
for set in "${sets[@]}"; do eventually 20 connected "$set"; done

verdict_of "${sets[0]}" >verdict
expect_exit 5 cdctl break -c other/cdctl.toml <verdict
expect_error 'min_live is 2'
expect_exit 5 cdctl break -c other/cdctl.toml "${sets[0]}" </dev/null
expect_same "the limit" "$(limit_of "${sets[0]}")" none

sets+=("$(deploy_one ok)")
eventually 20 connected "${sets[2]}"
verdict_of "${sets[0]}" >verdict
expect_exit 0 cdctl break -c other/cdctl.toml <verdict
expect_json '.[0] | .ok and .changed'
expect_same "the limit" "$(limit_of "${sets[0]}")" 0
verdict_of "${sets[1]}" >verdict
expect_exit 5 cdctl break -c other/cdctl.toml <verdict
