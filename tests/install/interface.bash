#!/usr/bin/env bash
# What plugins see is what its interface version says: the headers, without comments and layout, are those that
# tests/install/interface.sha256 names. When they differ, raise CDCTL_INTERFACE in cdctl/plugin.hpp, or leave it when no type changed; then
# run this test with CDCTL_WRITE_REFERENCE=1.
set -euo pipefail
source_dir=${CDCTL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
root=$source_dir/sdk/include/cdctl
pinned=$source_dir/tests/install/interface.sha256
number=$(sed -n 's/^#define CDCTL_INTERFACE //p' "$root/plugin.hpp")
now="$number $(cat "$root"/*.hpp "$root"/roles/*.hpp | "${CXX:-g++}" -w -fpreprocessed -dD -E -P -x c++ - | tr -s ' \n\t' ' ' | sha256sum | cut -d' ' -f1)"
[ -z "${CDCTL_WRITE_REFERENCE:-}" ] || printf '%s\n' "$now" >"$pinned"
[ "$now" = "$(<"$pinned")" ] && exit 0
printf 'the headers of the plugin interface changed (now %s, pinned %s): see %s\n' "$now" "$(<"$pinned")" "$0" >&2
exit 1
