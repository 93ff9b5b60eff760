#!/usr/bin/env bash
# The broker that the tests of one ctest run share: broker_fixture.bash start|start-if-there|stop DIR ENV_FILE
# start leaves KEY=VALUE lines (those of private-broker) in ENV_FILE; the broker ends with ctest, however that ends.
set -eu
private_broker=$(dirname "${BASH_SOURCE[0]}")/../../scripts/private-broker
action=$1 dir=$2 env_file=$3

discard() {
  [ ! -d "$dir" ] || "$private_broker" stop "$dir"
  rm -rf "$dir" "$env_file"
}

case $action in
  start-if-there) # where there is no other RabbitMQ nobody who asks for it runs
    [ -z "${CDCTL_BROKER_ROOT:-}" ] || exec "${BASH_SOURCE[0]}" start "$dir" "$env_file"
    ;;
  start)
    discard # what a killed run left
    mkdir -p "$(dirname "$env_file")"
    (umask 077 && "$private_broker" start -o "$PPID" "$dir" >"$env_file.new")
    mv "$env_file.new" "$env_file"
    ;;
  stop) discard ;;
esac
