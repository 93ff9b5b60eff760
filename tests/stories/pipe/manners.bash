#!/usr/bin/env bash
# How a command behaves towards people: docs/cli-manners.md says which other test holds the rules that are not here.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
live=$(deploy_one ok)

# 9, 14: who does not answer is waited for until the deadline, and named.
python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(600)' >port &
eventually 20 test -s port
mkdir -p deaf/services.d
printf '[rabbit]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:%s"\nuser = "guest"\npassword_file = "../broker.password"\n' "$(cat port)" "$(cat port)" >deaf/cdctl.toml
{ sed '/^switches/d' "services.d/$service.toml"; printf '[rabbit]\nqueues = { q = { type = "quorum" } }\n'; } >"deaf/services.d/$service.toml"
expect_exit 4 timeout 60 cdctl ls -c deaf/cdctl.toml --timeout 1s </dev/null
expect_error "$service: .*127.0.0.1:$(cat port).*no answer within 1s"
# The error names the deadline that was given, whatever the last of several calls had of it.
mkdir -p deaf/git/services.d
cp cdctl.toml deaf/git/
printf '[sources]\ntrunk = { git = "http://127.0.0.1:%s/x.git" }\n' "$(cat port)" >deaf/git/services.d/deaf.toml
expect_exit 4 timeout 60 cdctl outdated -c deaf/git/cdctl.toml --timeout 2s </dev/null
expect_error 'deaf: .*no answer within 2s\b'
# There is one for all that a command asks: here a broker and a repository are silent, one after the other.
sed 's|"../broker.password"|"../../broker.password"|' deaf/cdctl.toml >deaf/git/cdctl.toml
{ printf 'engine = "local"\n'; cat deaf/git/services.d/deaf.toml; printf '[rabbit]\nqueues = { q = { type = "quorum" } }\n'; } >deaf/git/both.toml
mv deaf/git/both.toml deaf/git/services.d/deaf.toml
began=$SECONDS
expect_exit 4 timeout 60 cdctl outdated -c deaf/git/cdctl.toml --timeout 9s </dev/null
[ $((SECONDS - began)) -le 13 ] || fail "a deadline of 9 s took $((SECONDS - began)) s"
expect_exit 0 timeout 10 cdctl version </dev/null
expect_exit 0 timeout 10 cdctl ls --help -c deaf/cdctl.toml </dev/null

# 16: no option takes a secret, only the file that holds one.
for command in $(cdctl __complete fish 'cdctl ' | cut -f1 | grep -v '^:'); do
  for option in $(cdctl __complete fish "cdctl $command --" | cut -f1 | grep -vx -- --pass | grep -E -- 'pass|token|secret|key-' || true); do
    [[ $option = *-file ]] || fail "$command $option would put a secret on a command line"
  done
done
[ -n "$(cdctl __complete fish 'cdctl signals --tok')" ] || fail "the case tests nothing"

# 17: no abbreviations; what was meant is said and not done; options may stand anywhere; help leads with examples.
for wrong in 'outdate' 'rea' 'lss'; do
  expect_exit 2 cdctl $wrong </dev/null
  expect_quiet
done
expect_exit 2 cdctl reep "$live" --even-newest --even-last "$live" </dev/null
expect_error "did you mean reap"
expect_exit 2 cdctl ls --out name </dev/null
expect_exit 2 cdctl reap --even-new "$live" </dev/null
expect_same "the set" "$(cdctl ls -o name </dev/null)" "$live"
for line in "-o name ls $service" "ls -o name $service" "ls $service -o name" "ls $service --output=name" "ls -oname $service"; do
  expect_same "cdctl $line" "$(cdctl $line </dev/null)" "$live"
done
expect_same "the first line of help" "$(cdctl reap --help | head -1)" '  $ cdctl ls | cdctl stale | cdctl reap'

# A program cdctl-NAME is a command, which help names; it cannot take the place of one of ours.
mkdir programs
printf '#!/bin/sh\nprintf "hello %%s\\n" "$*"\n' >programs/cdctl-hello
cp programs/cdctl-hello programs/cdctl-ls
chmod +x programs/*
PATH=$PWD/programs:$PATH
expect_same "a program" "$(cdctl hello big world)" "hello big world"
expect_same "a command of ours" "$(cdctl ls -o name </dev/null)" "$live"
cdctl --help >help.out
grep -qF "  hello      $PWD/programs/cdctl-hello" help.out || fail "help does not name it: $(cat help.out)"
! grep -q 'programs/cdctl-ls' help.out || fail "help names a program that never runs"
