#!/usr/bin/env bash
# What a phase costs beside its program: 200 script phases against a bash script that runs the same 200; and how long a plan takes.
. "$(dirname "$0")/common.bash"
begin
mkdir spec
cp "$(type -P true)" spec/empty
for _ in {1..200}; do printf 'script config=empty\n'; done >spec/manifest
{ printf '#!/bin/bash\nset -e\n'; for _ in {1..200}; do printf '%s/spec/empty\n' "$work"; done; } >all.bash
chmod 755 all.bash
for _ in {1..100}; do printf "script config=step-\${MOJO_SERIES} TARGET='a b' WAIT=\"\${WAIT:-600}\" # not a comment=1\n"; done |
  sed 's/ # not.*//' >spec/manifest-100
export MOJO_ROOT=$work/mojo MOJO_PROJECT=$service MOJO_SERIES=noble
expect_exit 0 cdctl mojo plan spec/manifest-100
expect_json 'length == 100'

measure -n "${CDCTL_BENCH_ROUNDS:-20}" -- run "$build_dir/bin/cdctl" mojo -q run "$work/spec" bench -- bash "$work/all.bash"
at_most 1.3 run bash '200 script phases : a bash script of the same 200'
measure -n "${CDCTL_BENCH_ROUNDS:-100}" -- empty "$bench_bin/bench-empty" -- plan "$build_dir/bin/cdctl" mojo plan "$work/spec/manifest-100"
row 'mojo plan of 100 lines' "$(reckon '%.2f ms' "${median_of[plan]}")" "$(reckon '%.2f ms' "${median_of[empty]}")" \
  "$(reckon '%.2f' "${median_of[plan]}/${median_of[empty]}")" '<= 5 ms' "${median_of[plan]} <= 5"
