#!/usr/bin/env bash
# Every command has a manual page, made from its row; groff and mandoc find nothing to warn of.
. "$(dirname "$0")/common.bash"
begin
cdctl=$build_dir/bin/cdctl
expect_exit 0 "$cdctl" __man man1 2026-11-23

# each command that help shows, each plugin that has commands, and the overview
mapfile -t wanted < <("$cdctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/cdctl-\1.1/p')
[ ${#wanted[@]} -gt 10 ] || fail "help names only ${#wanted[@]} commands"
for name in juju mojo; do wanted+=("cdctl-$name.1"); done
for page in cdctl.1 "${wanted[@]}"; do
  [ -s "man1/$page" ] || fail "no page $page"
  for section in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" FILES "SEE ALSO"; do
    grep -q "^.SH \"$section\"" "man1/$page" || fail "$page has no section $section"
  done
  expect_exit 0 env MANROFFSEQ= MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "man1/$page"
  [ ! -s err ] || fail "$page: groff warns"
  expect_exit 0 mandoc -T lint -W warning "man1/$page"
done

# What the rows say is on the page.
LC_ALL=C.UTF-8 MANWIDTH=80 man -l man1/cdctl-break.1 | col -b >break.txt
for text in '--even-last SET' 'cdctl signals --follow | cdctl trip | cdctl break' 'verdict records that say unhealthy' 'cdctl(1).*cdctl-trip(1)'; do
  grep -q -e "$text" break.txt || fail "cdctl-break(1) does not say: $text"
done
LC_ALL=C.UTF-8 MANWIDTH=80 man -l man1/cdctl-mojo.1 | col -b >mojo.txt
grep -q "mojo lint" mojo.txt || fail "cdctl-mojo(1) does not name its commands"
