#!/usr/bin/env bash
# What others send need not have an end: a line, an answer, what a program says. It costs a command 64 MiB at most beside its own, is told in
# one line, and the rest goes on.
. "$(dirname "$0")/../lib/common.bash"
begin
. "$source_dir/tests/stories/lib/memory.bash"
within=100  # its own are about 25
make_trunk "$service" 'worker: sleep 1000'
make_service </dev/null
set=$(deploy_one ok)
now=$(date -u +%FT%T.%3NZ)
signal() { printf '{"schema":"cdctl.signal/1","id":"%s","set":"%s","service":"%s","severity":"%s","signal":"s%s","time":"%s"}\n' "$1" "$set" "$service" "$2" "$1" "$now"; }

# A line of 300 MiB between two good ones: told with its number, and the last one still counts.
between() { # FIRST LAST
  printf '%s\n' "$1"
  head -c 300M /dev/zero
  printf '\n%s\n' "$2"
}
expect_within $within 1 cdctl trip --all < <(between "$(signal 1 info)" "$(signal 2 critical)")
expect_error '^cdctl: line 2: longer than 4194304 bytes; skipped$'
expect_json 'any(.schema == "cdctl.verdict/1" and .verdict == "unhealthy")'
expect_within $within 1 cdctl signal - < <(between "$(signal 1 info)" "$(signal 2 info)")
expect_error 'line 2: longer than'
expect_same "signals in the feed" "$(cdctl signals --since 1h "$service" </dev/null | jq -r .signal | sort | paste -sd' ')" "s1 s2"
sets=$(cdctl ls -o ndjson </dev/null)
expect_within $within 1 cdctl stale --keep 5 --all < <(between "$sets" "$sets")
expect_error 'line 2: longer than'
expect_json 'length == 2'
for command in break deploy reap; do
  expect_within $within 1 cdctl $command < <(between "$sets" "$sets")
  expect_error 'line 2: longer than'
  expect_error 'skipped 2 records'
done
for command in break mend reap; do
  expect_within $within 1 cdctl $command - < <(between "$service" "$service")
  expect_error 'line 2: longer than'
  expect_error 'line 3: .* is no whole set name'
done
# One that never ends is told before its end, and nobody waits for more memory.
expect_within $within 1 cdctl trip < <(signal 1 info; head -c 2G /dev/zero)
expect_error '^cdctl: line 2: longer than'

# Much of what is good: whoever has to keep it says where it stops, and does nothing by half.
printf '%s' "$sets" | jq -c '.note = ("x" * 1000000)' >one
for _ in $(seq 80); do cat one; done >many
expect_within 150 1 cdctl stale --keep 0 <many
expect_error 'standard input has more than 67108864 bytes of the set records of cdctl ls; nothing was taken'
expect_quiet
for _ in $(seq 110); do seq -f "$service-r%010.0f" 1000; done >many
expect_within $within 1 cdctl break - <many
expect_error 'standard input has more than 100000 names; nothing was taken'
expect_same "the set" "$(cut_of "$set")" false

# Deep and wide records.
python3 - >shapes <<'END'
deep = 100000
for x in "[" * deep + "]" * deep, "[" * deep, "[" + "0," * 1900000 + "0]":
    print('{"schema":"cdctl.set/1","x":%s}' % x)
END
for command in trip break stale reap deploy 'signal -'; do
  expect_within $within 1 cdctl $command <shapes
  expect_error 'line 1: '
  expect_error 'line 2: '
done

# A server that says whatever is asked for, and more: as RabbitMQ, as a repository, as what a check asks.
cat >liar.py <<'END'
import http.server, os
class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lie = open("lie").read().strip()
        piece = b"0," * (1 << 19)
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            if lie == "head":
                self.flush_headers()
                while True: self.wfile.write(b"X-Y: " + b"z" * 1000 + b"\r\n")
            wide = b'"' + b"x" * ((1 << 20) - 3) + b'",'  # few values, whose bytes are kept as they are
            # an object is not what a list was asked for, nor about what was: all of it is read, and then refused
            begin, end = (b'{"x":[', b"0]}") if lie in ("full", "wide") else (b"[", b"0]")
            body, times = {"announced": (piece, 10240), "endless": (piece, 10240), "dense": (piece, 40), "deep": (b"[" * 100000, 1),
                           "full": (wide, 15), "wide": (wide, 60)}[lie]
            if lie in ("endless", "wide"): self.send_header("Connection", "close")
            else: self.send_header("Content-Length", str(len(begin) + len(body) * times + len(end)))
            self.end_headers()
            self.wfile.write(begin)
            for _ in range(times): self.wfile.write(body)
            self.wfile.write(end)
        except OSError: pass
    do_GET = do_PUT = do_POST = do_DELETE = answer
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
with open("port.new", "w") as file: file.write(str(server.server_port))
os.rename("port.new", "port")
server.serve_forever()
END
python3 liar.py &
eventually 20 test -e port
mkdir -p liar/services.d
{
  printf '[rabbit]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:1"\nuser = "guest"\npassword_file = "%s"\n' "$(cat port)" "$work/broker.password"
  engine_config
} >liar/cdctl.toml
printf 'engine = "local"\n[sources]\ntrunk = { git = "http://127.0.0.1:%s/%s.git" }\n[rabbit]\nqueues = { %s = { type = "quorum" } }\n' \
  "$(cat port)" "$service" "$service" >"liar/services.d/$service.toml"
for lie in announced endless dense deep head full wide; do
  printf '%s\n' "$lie" >lie
  for command in ls outdated probe "break $set" "mend $set" "inspect $set" doctor 'signals --since 1h'; do
    expect_within 150 4 timeout 60 cdctl $command -c liar/cdctl.toml </dev/null # several such answers at once
  done
done

# The same as a forge, and as who is told.
mkdir -p liar/targets.d
printf 'forge-token-of-the-story' >liar/token
chmod 600 liar/token
printf '[elastic]\nurl = "http://127.0.0.1:%s"\n[otlp]\nurl = "http://127.0.0.1:%s"\n' "$(cat port)" "$(cat port)" >>liar/cdctl.toml
for forge in github gitlab gitea; do
  printf 'repository = "https://git.example/team/thumbs.git"\nforge = "%s"\nverify.command = "true"\n[%s]\napi = "http://127.0.0.1:%s/api/v3"\ntoken_file = "%s"\n' \
    $forge $forge "$(cat port)" "$work/liar/token" >liar/targets.d/$forge.toml
done
outcome="{\"schema\":\"cdctl.outcome/1\",\"action\":\"break\",\"service\":\"$service\",\"set\":\"$set\",\"ok\":true,\"changed\":true,\"time\":\"$now\"}"
for lie in announced endless dense deep full wide; do
  printf '%s\n' "$lie" >lie
  expect_within 100 4 timeout 60 cdctl proposals -c liar/cdctl.toml </dev/null
  expect_json 'length == 3 and all(.schema == "cdctl.error/1")'
  timeout 60 python3 "$work/peak.py" peak cdctl notify elastic otlp -c liar/cdctl.toml <<<"$outcome" >out 2>err || true
  grep -qs '^CMAKE_CXX_FLAGS:.*-fsanitize=' "$build_dir/CMakeCache.txt" || [ "$(cat peak)" -le 100 ] || fail "telling took $(cat peak) MiB"
done
rm -r liar/targets.d

# A repository with more refs than anybody has, by each way there is to one: as good as any, or told that it is too long. A list that is
# just short enough (63 MB, 900,000 refs) costs its own bytes, and git prints of it what it was asked for.
python3 - >refs <<'END'
for i in range(900000):
    print("%040x\trefs/heads/b%07d" % (i + 1, i))
print("%040x\trefs/heads/main" % 7)
END
mkdir -p many.git/refs many.git/objects bin
printf 'ref: refs/heads/main\n' >many.git/HEAD
printf '[core]\n\tbare = true\n' >many.git/config
tr '\t' ' ' <refs >many.git/packed-refs
cat >bin/git <<'END'
#!/bin/sh
case $* in *ls-remote*) ;; *) exec /usr/bin/git "$@" ;; esac
for asked; do :; done
case $(cat "$GIT_LIE") in
  many) exec grep "	$asked\$" "$GIT_LIE.refs" ;;
  long) cat "$GIT_LIE.refs" "$GIT_LIE.refs" ;;
  endless) exec cat /dev/zero ;;
  loud) cat /dev/zero >&2 ;;
esac
END
chmod +x bin/git
ln -s "$work/refs" lie-of-git.refs
mkdir -p vast/services.d
engine_config >vast/cdctl.toml
vast() { # ADDRESS
  printf 'engine = "local"\nswitches = ["local"]\n[sources]\ntrunk = { git = "%s", branch = "main" }\n' "$1" >"vast/services.d/$service-vast.toml"
}
vast "$work/many.git"
expect_within 150 0 cdctl outdated "$service-vast" -c vast/cdctl.toml </dev/null
expect_json 'length == 1 and .[0].sources.trunk.revision == "0000000000000000000000000000000000000007"'
vast "ssh://127.0.0.1:1/many.git"
for lie in many long endless loud; do
  printf '%s\n' "$lie" >lie-of-git
  [ $lie != many ] && want=4 || want=0
  PATH=$work/bin:$PATH GIT_LIE=$work/lie-of-git expect_within 130 "$want" cdctl outdated "$service-vast" --timeout 10s -c vast/cdctl.toml </dev/null
done

# What brz prints, where there is a plugin for it.
if [ -e "$build_dir/lib/cdctl/plugins/bzr.so" ]; then
  cat >bin/brz <<'END'
#!/bin/sh
case $(cat "$BRZ_LIE") in
  long) head -c 1G /dev/zero ;;
  endless) exec cat /dev/zero ;;
  loud) cat /dev/zero >&2 ;;
esac
END
  chmod +x bin/brz
  printf 'engine = "local"\nswitches = ["local"]\n[sources]\ntrunk = { bzr = "bzr://127.0.0.1:1/thumbs" }\n' >"vast/services.d/$service-vast.toml"
  for lie in long endless loud; do
    printf '%s\n' "$lie" >lie-of-brz
    PATH=$work/bin:$PATH BRZ_LIE=$work/lie-of-brz expect_within $within 4 cdctl outdated "$service-vast" --timeout 10s -c vast/cdctl.toml </dev/null
  done
fi

# And a controller of Juju.
mkdir -p data vast/services.d
printf 'controllers:\n  attic:\n    uuid: 0c0ffee0-0000-4000-8000-000000000001\n    api-endpoints: ["127.0.0.1:1"]\ncurrent-controller: attic\n' >data/controllers.yaml
printf 'controllers:\n  attic:\n    user: admin\n' >data/accounts.yaml
cat >bin/juju <<'END'
#!/bin/sh
case $(cat "$JUJU_LIE") in
  long) head -c 300M /dev/zero ;;
  endless) exec cat /dev/zero ;;
  loud) cat /dev/zero >&2 ;;
  dense) printf '{"models":['; yes '{},' | head -20000000; printf '{}]}' ;;
esac
END
chmod +x bin/juju
{ cat vast/cdctl.toml; printf '[juju]\ncontroller = "attic"\n'; } >data/cdctl.toml
mkdir -p data/services.d
printf 'engine = "juju"\nswitches = ["juju"]\n[sources]\ntrunk = { git = "%s/%s.git" }\n' "$work" "$service" >"data/services.d/$service-far.toml"
for lie in long endless loud dense; do
  printf '%s\n' "$lie" >lie-of-juju
  PATH=$work/bin:$PATH JUJU_LIE=$work/lie-of-juju JUJU_DATA=$work/data expect_within $within 4 cdctl ls "$service-far" --timeout 10s -c data/cdctl.toml </dev/null
  expect_json 'all(.schema == "cdctl.error/1")'
done

# Checks of one's own: what they say is bounded as well.
cat >>"services.d/$service.toml" <<END
[[checks]]
name = "page"
http = "http://127.0.0.1:$(cat port)/"
[[checks]]
name = "talk"
command = ["sh", "-c", "head -c 300M /dev/zero; exit 1"]
END
printf 'endless\n' >lie
expect_within $within 0 cdctl probe "$service" </dev/null
expect_json 'any(.signal == "check/page" and .counts.failed == 1)'
expect_json 'any(.signal == "check/talk" and .counts.failed == 1)'
expect_same "the set" "$(state_of "$set") $(cut_of "$set")" "live false"
