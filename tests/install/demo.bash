#!/usr/bin/env bash
# scripts/demo on a terminal at which nobody types, as somebody has it who calls it through a link, has CDPATH in the environment, a pager
# that waits for a key, and a folder for temporary files whose name holds a blank. Its claims all hold, and nothing of it is left.
. "$(dirname "$0")/common.bash"
begin
mkdir "a folder" bin
ln -s "$source_dir/scripts/demo" link-to-demo
printf '#!/bin/sh\nread -r key </dev/tty\ncat\n' >bin/less
chmod 755 bin/less
mkfifo nobody-types
exec 3<>nobody-types
unset GIT_PAGER
export TMPDIR="$work/a folder" TERM=xterm CDPATH=/:$source_dir PAGER=less PATH=$work/bin:$PATH

[ "$(./link-to-demo --help | wc -l)" = 2 ]
expect_exit 2 ./link-to-demo --no-such-option
expect_exit 2 ./link-to-demo --built "$work/no-such-folder"

timeout 280 script -qec "./link-to-demo --built '$build_dir'" said <&3 >/dev/null || { tail -n 20 said >&2; fail "the demo ended with $?"; }
grep -q 'Every claim held' said
if grep 'DOES NOT HOLD' said; then fail "a claim does not hold"; fi
[ -z "$(ls -A "a folder")" ] || fail "left in the temporary folder: $(ls -A "a folder")"
