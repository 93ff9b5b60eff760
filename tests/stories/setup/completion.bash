#!/usr/bin/env bash
# Completion as it is typed, in all three shells; and what one TAB may cost when nobody answers.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: while :; do sleep 60; done'
make_service </dev/null
make_service "z$service" "$service.git" </dev/null
first=$(deploy_one)
second=$(deploy_one ok)
[ -n "$first" ] && [ -n "$second" ] && [ "$first" != "$second" ] || fail "no two sets: $(cat deploy.err)"
candidates() { cdctl __complete fish -- "$1" "${@:2}" </dev/null; }

printf '# the names of sets: asked for, then kept\n'
candidates "cdctl inspect $service-" >got
expect_same "the sets" "$(cut -f1 got | sed \$d | sort)" "$(printf '%s\n%s\n' "$first" "$second" | sort)"
expect_same "the newest" "$(awk -F'\t' '/newest/ { print $1 }' got)" "$second"
[ -n "$(find "$work/home/completion" -type f ! -name '*.lock')" ] || fail "nothing is kept"
rm -r "$work/home/completion"
cdctl ls >ls.out </dev/null
[ -n "$(find "$work/home/completion" -type f)" ] || fail "ls keeps no names"

printf '# a program cdctl-NAME, and the one beside it that completes it\n'
mkdir external
printf '#!/bin/sh\nexit 0\n' >external/cdctl-hello
printf '#!/bin/sh\nfor word; do :; done\nprintf "%%s-moon\\t%%s\\n%%s-sun\\n:nospace\\n" "$word" "$#" "$word"\n' >external/cdctl_complete-hello
printf '#!/bin/sh\ntrap "" TERM\nexec sleep 1000.5\n' >external/cdctl_complete-deaf
cp external/cdctl-hello external/cdctl-deaf
chmod +x external/*
PATH=$PWD/external:$PATH
expect_same "a program" "$(candidates 'cdctl hel')" "$(printf 'help\tThe page of a command\nhello\t%s\n:' "$PWD/external/cdctl-hello")"
ln -s external other-name
mkdir later
cp external/cdctl-hello later/cdctl-helm
expect_same "a folder of two names, and one after it" "$(PATH=$PWD/other-name:$PATH:$PWD/later candidates 'cdctl hel')" \
  "$(printf 'help\tThe page of a command\nhello\t%s\nhelm\t%s\n:' "$PWD/other-name/cdctl-hello" "$PWD/later/cdctl-helm")"
expect_same "its candidates" "$(candidates 'cdctl hello big w')" "$(printf 'w-moon\t2\nw-sun\n: nospace')"
expect_same "one that never answers" "$(candidates 'cdctl deaf ')" ":"
! pgrep -f 'sleep 1000[.]5' >/dev/null || fail "it is still there"

printf '# typed\n'
touch 'a file.toml' 'another'
cat >cases <<END
["cdctl outd<TAB>", "outdated"]
["cdctl ls --uni<TAB>", "ls", "--units"]
["cdctl ls -o wi<TAB>", "ls", "-o", "wide"]
["cdctl ls --output=wi<TAB>", "ls", "--output=wide"]
["cdctl ls --output='wi<TAB>", "ls", "--output=wide"]
["cdctl -o nd<TAB>ls", "-o", "ndjson", "ls"]
["cdctl outdated z$service<TAB>", "outdated", "z$service"]
["cdctl outdated z${service:0:4}<TAB>", "outdated", "z$service"]
["cdctl inspect $service@n<TAB>", "inspect", "$service@newest"]
["cdctl inspect $service@${first: -11:6}<TAB>", "inspect", "$service@${first: -11}"]
["cdctl inspect '${second:0:-4}<TAB>", "inspect", "$second"]
["cdctl inspect \"${second:0:-4}<TAB>", "inspect", "$second"]
["cdctl break --even-last=${second:0:-4}<TAB>", "break", "--even-last=$second"]
["echo '|' | cdctl doc<TAB>", "doctor"]
["false; X=1 cdctl doc<TAB>", "doctor"]
["c doc<TAB>", "doctor"]
["cdctl insp $second<LEFT $((${#second} + 1))><TAB>", "inspect", "$second"]
["cdctl trip -r crit<TAB>", "trip", "-r", "critical >= 1"]
["cdctl trip --rule 'errors >= 5 i<TAB>", "trip", "--rule", "errors >= 5 in 1m"]
["cdctl trip --rule \"errors >= 5 in 1<TAB>", "trip", "--rule", "errors >= 5 in 1m"]
["cdctl deploy $service --source=tr<TAB>abc", "deploy", "$service", "--source=trunk=abc"]
["cdctl deploy $service --source tr<TAB>abc", "deploy", "$service", "--source", "trunk=abc"]
["cdctl mojo work<TAB>l<TAB>", "mojo", "workspace-list"]
["cdctl mojo run --phase<TAB>5<TAB>", "mojo", "run", "--phase-timeout", "5"]
["cdctl force ob<TAB>z${service:0:4}<TAB>", "force", "observe", "z$service"]
["cdctl ls --config a\\\\ f<TAB>", "ls", "--config", "a file.toml"]
["cdctl ls --config=ano<TAB>", "ls", "--config=another"]
["cdctl mojo lint serv<TAB>x", "mojo", "lint", "services.d/x"]
["cdctl unheard-of wo<TAB>", "unheard-of", "wo"]
["cdctl d<TAB><TAB>", {"shows": "Put revisions out beside"}]
END
for shell in bash zsh fish; do
  "$source_dir/tests/tools/type_in_shell.py" $shell "$work/$shell" <cases || fail "in $shell"
done
NO_BASH_COMPLETION=yes "$source_dir/tests/tools/type_in_shell.py" bash "$work/bare" <cases || fail "in bash without bash-completion"

printf '# nobody answers: a broker that takes connections and says nothing; a plugin whose library is a pipe\n'
python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(600)' >port &
eventually 20 test -s port
printf '[rabbit]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:%s"\nuser = "guest"\npassword_file = "broker.password"\n' "$(cat port)" "$(cat port)" >deaf.toml
mkdir slow && mkfifo slow/slow.so
printf 'name = "slow"\nversion = "1"\nfile = "slow.so"\ninterface = %s\n[[role]]\nrole = "engine"\nkind = "slow"\n' \
  "$(cdctl version -o json | jq '.[0].interface')" >slow/slow.toml
chmod go-w slow slow/*

# shortest WORDS...: the least of ten runs in ms, so that a busy machine does not count; nothing may be said on stderr.
shortest() {
  local i least=999999 begun took
  for ((i = 0; i < 10; i++)); do
    rm -rf fresh && mkdir fresh  # no lock of the run before, whose child may still wait
    begun=${EPOCHREALTIME/./}
    CDCTL_HOME=$PWD/fresh "$@" >got 2>got.err </dev/null
    took=$(((${EPOCHREALTIME/./} - begun) / 1000))
    [ ! -s got.err ] || fail "it says: $(cat got.err)"
    [ "$(sed -n '1s/\t.*//p' got)" = "$service" ] || fail "what needs no answer is not there: $(cat got)"
    ((took >= least)) || least=$took
  done
  printf '%s\n' "$least"
}
mkdir deaf && mv deaf.toml deaf/cdctl.toml && cp -r services.d broker.password deaf
sed -i 's/^switches.*//; $a [rabbit]\nqueues = { q = { type = "quorum" } }' deaf/services.d/*.toml
took=$(CDCTL_CONFIG=$PWD/deaf/cdctl.toml shortest cdctl __complete fish -- "cdctl inspect $service")
printf 'a silent broker: %s ms\n' "$took"
((took >= 60)) || fail "it was not waited for: the case tests nothing"
((took <= 150)) || fail "it costs $took ms"
mkdir stuck && cp -r cdctl.toml services.d stuck
sed -i '1i engine = "slow"' stuck/services.d/*.toml
sed -i '/^switches/d; /^engine = "local"/d' stuck/services.d/*.toml
took=$(CDCTL_PLUGIN_PATH=$PWD/slow CDCTL_CONFIG=$PWD/stuck/cdctl.toml shortest cdctl __complete fish -- "cdctl inspect $service")
printf 'a library that is a pipe: %s ms\n' "$took"
((took <= 150)) || fail "it costs $took ms"

printf '# the names that are kept are there all the same\n'
mkdir kept
CDCTL_CONFIG=$PWD/deaf/cdctl.toml CDCTL_HOME=$PWD/kept candidates "cdctl inspect $service-" >got
expect_same "without a cache" "$(cat got)" ":"
mkdir -p kept/completion
cp "$(find "$work/home/completion" -type f ! -name '*.lock' | head -1)" "kept/completion/$(printf %s "$(realpath deaf/cdctl.toml)" | sha256sum | cut -c1-16)"
touch -d '1 minute ago' kept/completion/*
CDCTL_CONFIG=$PWD/deaf/cdctl.toml CDCTL_HOME=$PWD/kept candidates "cdctl inspect $service-" >got
expect_same "with one" "$(cut -f1 got | sed \$d | sort)" "$(printf '%s\n%s\n' "$first" "$second" | sort)"

printf '# a configuration found by walking up does not choose whom a TAB talks to\n'
(cd deaf && unset CDCTL_CONFIG && CDCTL_HOME=$work/home candidates "cdctl inspect $service-" >../got)
expect_same "the local engine's" "$(cut -f1 got | sed \$d | sort)" "$(printf '%s\n%s\n' "$first" "$second" | sort)"
