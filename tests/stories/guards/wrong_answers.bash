#!/usr/bin/env bash
# A management port that answers otherwise than RabbitMQ would: nobody knows anything, nothing is done, and the exit code is 4.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service </dev/null
set=$(deploy_one ok)
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.%3NZ; }

# Says the same to everything, and notes what was to be changed.
cat >liar.py <<'END'
import http.server, sys
class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command != "GET":
            with open("changed", "a") as file:
                file.write("%s %s %s\n" % (self.command, self.path, body.decode()))
        status, text = open("lie").read().split(" ", 1)
        text = text.rstrip("\n").encode()
        self.send_response(int(status))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_PUT = do_POST = do_DELETE = answer
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
with open("port.new", "w") as file:
    file.write(str(server.server_port))
import os
os.rename("port.new", "port")
server.serve_forever()
END
printf '200 []\n' >lie
python3 liar.py &
eventually 20 test -e port
sed "s|^management = .*|management = \"http://127.0.0.1:$(cat port)\"|" cdctl.toml >liar.toml
commit ok

verdict() { printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"unhealthy","rule":"r","evidence":{"count":1,"last":"%s"},"time":"%s"}\n' "$set" "$(at now)" "$(at now)"; }
for lie in '200 []' '200 null' '200 {}' '200 7' '404 ' '404 <html>' '400 {"error":"bad_request","reason":"no"}' '302 '; do
  printf '%s\n' "$lie" >lie
  : >changed
  for command in ls outdated "break $set" "mend $set" "reap $set --even-newest" "inspect $set" probe doctor "deploy $service" \
    "retire $service --confirm $service"; do
    got=0
    timeout 60 cdctl $command -c liar.toml -o ndjson </dev/null >out 2>err || got=$?
    # What this machine has of its own to say is bad or good besides.
    [ "$command" = doctor ] && [ $got = 1 ] && jq -es 'any(.state == "unknown") and all(select(.plugin == "rabbit") | .state != "bad")' out >/dev/null && got=4
    [ $got = 4 ] || { printf '%s\n' "$command (to: $lie)" >command; fail "exit status $got, expected 4"; }
  done
  pipe_exit 4 "printf '%s' '$(verdict)' | cdctl break -c liar.toml"
  [ ! -s changed ] || fail "it was changed what nobody had read (to: $lie): $(cat changed)"
done
expect_same "the set" "$(state_of "$set") $(cut_of "$set")" "live false"
