#!/usr/bin/env bash
# `cmake --install` puts everything there, it works from wherever the folder is moved to, and needs nothing of the build.
. "$(dirname "$0")/common.bash"
begin
install_to "$work/first"
mv first "moved here"
prefix="$work/moved here"
PATH=$prefix/bin:$PATH

lib=$(dirname "$(find "$prefix" -name cdctl-http.so)")
for file in bin/cdctl libexec/cdctl/cdctl-supervise libexec/cdctl/cdctl-keep share/man/man1/cdctl.1.gz share/man/man1/cdctl-deploy.1.gz share/man/man1/cdctl-mojo.1.gz \
  share/cdctl/schemas/cdctl.set.1.schema.json share/doc/cdctl/README.md share/doc/cdctl/docs/commands.md share/doc/cdctl/LICENSE include/cdctl/plugin.hpp; do
  [ -s "$prefix/$file" ] || fail "not installed: $file"
done
for module in cdctl-http.so cdctl-amqp.so cdctl-listen.so cdctl-top.so ../libcdctl_sdk.a ../cmake/cdctl/cdctlConfig.cmake ../cmake/cdctl/CdctlPlugin.cmake; do
  [ -s "$lib/$module" ] || fail "not installed: $module"
done

# Every plugin of this tree, from its new place, whole.
expect_exit 0 cdctl plugins --check -o ndjson
expect_json 'length > 0 and all(.ok)'
expect_json 'all(.file | startswith($lib))' --arg lib "$lib"
expect_same plugins "$(jq -r .name out | sort | xargs)" "$(cd "$source_dir/plugins" && dirname */plugin.cpp | sort | xargs)"
expect_exit 0 cdctl plugins -o json
expect_json '.[0] | map(.version) | unique == [$version]' --arg version "$(cdctl version -o ndjson | jq -r .version)"
expect_exit 0 cdctl mojo phases -o ndjson

# Nothing names the folders it was built in or first installed to, debugging information apart.
for file in $(cd "$prefix" && find share include lib* -type f \( -name '*.cmake' -o -name '*.toml' -o -name '*.ndjson' \)); do
  ! grep -qE "$build_dir|$source_dir|$work/first" "$prefix/$file" || fail "$file names a folder of the build"
done
