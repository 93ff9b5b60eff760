#!/usr/bin/env bash
# What `cdctl plugins new` writes builds against an installed cdctl and passes its own test, as it stands, in each role.
. "$(dirname "$0")/common.bash"
begin
install_to "$work/prefix"
PATH=$work/prefix/bin:$PATH
for role in sink source probe switch engine deployer doctor command; do
  expect_exit 0 cdctl plugins new "my-$role" --role $role
  expect_quiet
  ! grep -rE '@[A-Z_]+@' "my-$role" || fail "a placeholder is left"
  build_plugin "my-$role" "build-$role"
  expect_exit 0 ctest --test-dir "build-$role" --output-on-failure --no-tests=error
done
roles=$(CDCTL_PLUGIN_PATH=$work/build-sink/plugins cdctl plugins -o ndjson | jq -r 'select(.name == "my-sink") | .roles[]')
expect_same roles "$roles" sink:my-sink

# Its version is the one of its own project, and not that of cdctl.
sed -i 's/^project(\(.*\) VERSION [0-9.]*/project(\1 VERSION 7.8.9/' my-sink/CMakeLists.txt
build_plugin my-sink build-sink
CDCTL_PLUGIN_PATH=$work/build-sink/plugins expect_exit 0 cdctl plugins --check -o ndjson
expect_json 'map(select(.name == "my-sink")) | length == 1 and .[0].ok and .[0].version == "7.8.9"'

# The default is a sink, in a folder of its name, or in the one that is named.
expect_exit 0 cdctl plugins new plain "$work/some where"
grep -q 'Sink, NewSink>("plain")' "some where/plain.cpp" || fail "the default role is not sink"

# What cannot be.
for name in Big ../up deploy -x a--b ''; do expect_exit 2 cdctl plugins new -- "$name" "$work/never"; done
[ ! -e never ] || fail "a refused name left a folder"
expect_exit 2 cdctl plugins new
expect_exit 2 cdctl plugins old name
for role in memory feed; do expect_exit 2 cdctl plugins new name --role $role; done  # as its help says
expect_exit 0 cdctl plugins --help
expect_line 'Not a memory or'
expect_exit 5 cdctl plugins new again "$work/some where"
expect_error 'is not empty'
