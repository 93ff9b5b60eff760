#!/usr/bin/env bash
# Thirty proposals and two landers under fire, over http.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/thirty.bash"
begin
# git's own server behind lighttpd, which gets its listening socket from python3: no port is guessed.
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
setenv.set-environment = ("GIT_PROJECT_ROOT" => "{work}", "GIT_HTTP_EXPORT_ALL" => "1",
  "GIT_CONFIG_COUNT" => "1", "GIT_CONFIG_KEY_0" => "http.receivepack", "GIT_CONFIG_VALUE_0" => "true")
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
thirty "http://127.0.0.1:$(cat port)/git/origin.git"
