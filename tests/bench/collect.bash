#!/usr/bin/env bash
# A collect file of 50 small git repositories on a local http server, against a loop of `git clone`.
. "$(dirname "$0")/common.bash"
begin

make_repositories() {
  local i folder
  mkdir -p repositories seed
  git init -q -b main seed
  for folder in a b c d e; do
    mkdir -p "seed/$folder"
    for i in 1 2 3 4; do seq $((i * 50)) >"seed/$folder/$i"; done
  done
  git -C seed add .
  git -C seed commit -q -m first
  for i in {1..5}; do
    echo "$i" >>seed/a/1
    git -C seed commit -q -a -m "$i"
  done
  for i in {1..50}; do
    echo "$i" >seed/own
    git -C seed add own
    git -C seed commit -q -m "own $i"
    git clone -q --bare "file://$work/seed" "repositories/r$i.git"
  done
}

# git's own server behind lighttpd, which gets its listening socket from python3: no port is guessed.
serve() {
  cat >serve.py <<'END'
import os, socket, sys
work = sys.argv[1]
sock = socket.create_server(("127.0.0.1", 0), backlog=64)
with open(work + "/lighttpd.conf", "w") as conf:
    conf.write(f'''server.document-root = "{work}"
server.port = {sock.getsockname()[1]}
server.bind = "127.0.0.1"
server.systemd-socket-activation = "enable"
server.errorlog = "{work}/lighttpd.log"
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
alias.url = ("/git/" => "/usr/lib/git-core/git-http-backend/")
cgi.assign = ("" => "")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "{work}/repositories", "GIT_HTTP_EXPORT_ALL" => "1")
''')
os.dup2(sock.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
with open(work + "/port.new", "w") as port:
    port.write(str(sock.getsockname()[1]))
os.rename(work + "/port.new", work + "/port")
os.execv("/usr/sbin/lighttpd", ["lighttpd", "-D", "-f", work + "/lighttpd.conf"])
END
  python3 serve.py "$work" >/dev/null 2>&1 &
  eventually 10 test -s port
}

make_repositories
serve
url=http://127.0.0.1:$(cat port)/git
printf '[local]\nhome = "%s/home"\n' "$work" >cdctl.toml
mkdir spec
echo collect >spec/manifest
for i in {1..50}; do echo "r$i git+$url/r$i.git" >>spec/collect; done

# between NAME: what the next one must not find.
cat >between <<END
#!/bin/sh
rm -rf '$work/root' '$work/clones'
mkdir '$work/clones'
[ "\$1" = warm ] || rm -rf '$work/home'
END
cat >clone-all <<END
#!/bin/sh -e
for i in \$(seq 50); do git clone --quiet $url/r\$i.git '$work'/clones/\$i; done
END
chmod +x between clone-all
collect=(cdctl mojo -r "$work/root" run --project bench --series noble "$work/spec" main)

# Both make the same trees.
./between clones
./clone-all
"${collect[@]}" >/dev/null 2>collect.err </dev/null
for i in 1 25 50; do diff -r -x .git "clones/$i" "root/bench/noble/main/build/r$i"; done
expect_same "the commit of r50" "$(git -C root/bench/noble/main/build/r50 rev-parse HEAD)" "$(git -C clones/50 rev-parse HEAD)"

# In this order a warm collect follows a cold one.
measure -n "${CDCTL_BENCH_ROUNDS:-10}" -p ./between -- clones ./clone-all -- cold "${collect[@]}" -- warm "${collect[@]}"
faster 3 cold clones 'collect of 50 repositories over http, nothing cached / git clone in a loop'
faster 3 warm clones 'the same, cached'
