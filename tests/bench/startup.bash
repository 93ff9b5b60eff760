#!/usr/bin/env bash
# How long a command takes that does next to nothing, against a C++ program that does nothing.
. "$(dirname "$0")/common.bash"
begin
make_trunk "$service" 'worker: while :; do sleep 60; done'
make_service </dev/null
set=$(deploy_one)
expect_same "the sets" "$(cdctl ls -o name </dev/null)" "$set"

measure -n "${CDCTL_BENCH_ROUNDS:-300}" -- empty "$bench_bin/bench-empty" -- version "$build_dir/bin/cdctl" version -- ls "$build_dir/bin/cdctl" ls
at_most 1.6 version empty 'cdctl version / empty C++ program with <iostream>'
at_most 3 ls empty 'cdctl ls, one local set, no broker / the same'
