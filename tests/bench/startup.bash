#!/usr/bin/env bash
# How long a command takes that does next to nothing, against a C++ program that does nothing.
. "$(dirname "$0")/common.bash"
begin
make_trunk "$service" 'worker: while :; do sleep 60; done'
make_service </dev/null
set=$(deploy_one)
expect_same "the sets" "$(cdctl ls -o name </dev/null)" "$set"

measure -n "${CDCTL_BENCH_ROUNDS:-300}" -- empty "$bench_bin/bench-empty" -- version "$build_dir/bin/cdctl" version -- ls "$build_dir/bin/cdctl" ls \
  -- commands "$build_dir/bin/cdctl" __complete fish 'cdctl d' -- options "$build_dir/bin/cdctl" __complete fish 'cdctl deploy --'
at_most 1.6 version empty 'cdctl version / empty C++ program with <iostream>'
at_most 3 ls empty 'cdctl ls, one local set, no broker / the same'
at_most 2 commands version 'a TAB behind cdctl / cdctl version'
at_most 2 options version 'a TAB behind cdctl deploy -- / the same'
