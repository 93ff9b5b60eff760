#!/bin/sh
# test.sh CDCTL PLUGIN-FOLDER: cdctl finds nothing wrong with the plugin, and it does what it is for.
set -eu
cdctl=$1
unset CDCTL_CONFIG
export CDCTL_PLUGIN_PATH="$2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export CDCTL_HOME="$work/home"
touch cdctl.toml

"$cdctl" plugins --check -o ndjson | grep '"name":"@NAME@"' | grep '"ok":true' || { echo "cdctl refuses the plugin:"; "$cdctl" plugins --check -o wide; exit 1; }

@TEST@
