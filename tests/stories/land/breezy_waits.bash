#!/usr/bin/env bash
# Breezy branches: places in the folder of proposals where brz waits for ever are their own trouble, and hold up nobody.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/breezy.bash"
begin
command -v brz >/dev/null || { printf 'skipped: there is no brz; apt install brz\n' >&2; exit 0; }
make_server
make_target <<<'verify = { command = "./check" }'
offer alice good words two
vote bob good approve
for number in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16; do
  brz branch -q --no-tree srv/trunk "srv/propose/a$number"
  rm -rf "srv/propose/a$number/.bzr/repository/pack-names"
  mkfifo "srv/propose/a$number/.bzr/repository/pack-names"
done
# By names the good one comes last: by the third run those before it are known.
for run in 1 2 3; do
  expect_exit 0 cdctl proposals --timeout 24s
  expect_error 'a01 is left out: '
done
expect_json 'map(.proposal) == ["good"] and (.[0].votes | map(.value) == ["Approve"])'
