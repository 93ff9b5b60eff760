#!/usr/bin/env bash
# A git server over http that means ill: lists and packets without an end, wrong lengths, answers that come a byte at a time or unpack to
# gigabytes. It costs a command, git included, little memory and no more time than it was given, it is told in one line, and the sources of
# others are read all the same.
. "$(dirname "$0")/../lib/common.bash"
begin
. "$source_dir/tests/stories/lib/memory.bash"
make_trunk "$service" 'worker: sleep 1000'
make_service </dev/null

cat >server.py <<'END'
import gzip, http.server, os, socket, time, zlib

ID = b"%040x"
def pkt(text): return b"%04x" % (len(text) + 4) + text
def refs(first, last, kind=b"heads", old=False):
    for i in range(first, last, 1000):
        yield b"".join(pkt(ID % (k + 1) + b" refs/%s/v%07d\n" % (kind, k)) for k in range(i, i + 1000))
HEAD = pkt(b"# service=git-upload-pack\n") + b"0000"
MANY = 900000
def bomb():
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join(pack.compress(zeros) for _ in range(1024)) + pack.flush()
BOMB = bomb()

class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def start(self, length=None, status=200, **headers):
        kind = "result" if self.command == "POST" else "advertisement"
        self.send_response(status)
        self.send_header("Content-Type", "application/x-git-upload-pack-" + kind)
        for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
        if length is None: self.send_header("Connection", "close")
        else: self.send_header("Content-Length", str(length))
        self.end_headers()
    def write(self, *pieces):
        for piece in pieces: self.wfile.write(piece)
    def answer(self):
        self.close_connection = True
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lie = self.path.split("/")[1].removesuffix(".git")
        post = self.command == "POST"
        begin = b"" if post else HEAD
        if lie.startswith("old-"):  # a server that does not speak version 2
            if post: return self.start(0, 400)
            lie = lie.removeprefix("old-")
        main = pkt(ID % 7 + b" refs/heads/main\n") + pkt(ID % 9 + b" refs/tags/v9999999\n")
        try:
            if lie == "many":
                self.start()
                self.write(begin, main)
                self.write(*refs(0, MANY // 2), *refs(0, MANY // 2, b"tags"))
                self.write(b"0000")
            elif lie == "endless":
                self.start()
                self.write(begin, main)
                piece = b"".join(refs(0, 1000))
                while True: self.write(piece)
            elif lie == "packet":
                self.start()
                self.write(begin, b"ffff")
                while True: self.write(b"a" * 65536)
            elif lie == "flushes":
                self.start()
                while True: self.write(b"0001" * 16384)
            elif lie == "negative":
                self.start()
                self.write(begin, b"-001", main, b"0000")
            elif lie == "beyond":
                self.start()
                self.write(begin, b"fff0", main, b"0000")
            elif lie == "short":  # announces more than comes
                self.start(100000)
                self.write(begin, main)
            elif lie == "long":  # announces less
                self.start(20)
                self.write(begin, main, b"0000")
            elif lie == "huge":
                self.start(1 << 60)
                self.write(begin, main)
                while True: self.write(b"".join(refs(0, 1000)))
            elif lie == "chunks":
                self.send_response(200)
                self.send_header("Content-Type", "application/x-git-upload-pack-result")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.write(b"ffffffffffffffffff\r\n", main)
            elif lie == "gzip":
                self.start(len(BOMB), Content_Encoding="gzip")
                self.write(BOMB)
            elif lie == "drip":
                self.start()
                for byte in begin + main * 100:
                    self.write(bytes([byte]))
                    time.sleep(0.2)
            elif lie == "drip-head":
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 1000:
                    self.write(bytes([byte]))
                    time.sleep(0.2)
            elif lie == "head":
                self.write(b"HTTP/1.1 200 OK\r\n")
                while True: self.write(b"X-Y: " + b"z" * 1000 + b"\r\n")
            elif lie == "circle":
                self.start(0, 302, Location=self.path)
            elif lie == "silent":
                time.sleep(60)
        except OSError: pass
    do_GET = do_POST = answer
    def log_message(self, *args): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
server.daemon_threads = True
with open("port.new", "w") as file: file.write(str(server.server_port))
os.rename("port.new", "port")
server.serve_forever()
END
python3 server.py &
eventually 60 test -e port
port=$(cat port)
tell() { # SOURCE-KEYS: the service has a source at the server, and a neighbour that is well
  printf 'engine = "local"\nswitches = ["local"]\n[sources]\ntrunk = { git = "http://127.0.0.1:%s/%s.git", %s }\n' "$port" "$1" "$2" >"services.d/$service-far.toml"
}
# A deadline of 5 s, and the end of what was started; a long list that is good may take a busy machine longer.
asked() { # CODE LIE KEYS
  tell "$2" "$3"
  local began=$SECONDS
  expect_within 320 "$1" cdctl outdated --timeout 5s </dev/null
  [ $((SECONDS - began)) -lt $(($1 == 0 ? 120 : 30)) ] || fail "$2: it took $((SECONDS - began)) s"
  printf '%s %s: %s MiB, %s s\n' "$2" "$3" "$(cat peak)" "$((SECONDS - began))"
  expect_json 'any(.schema == "cdctl.revision/1" and .service == $name)' --arg name "$service"
}
refused() { # LIE KEYS
  asked 4 "$@"
  expect_json 'any(.schema == "cdctl.error/1" and .service == $name and (.error | test("\n") | not))' --arg name "$service-far"
  expect_same 'lines on stderr' "$(grep -c '^cdctl: ' err)" 1
}

# As long a list as there may be, where the server heeds no prefix: good, and not kept.
for kind in many old-many; do
  asked 0 $kind 'branch = "main"'
  expect_json 'any(.sources.trunk.revision == "0000000000000000000000000000000000000007")'
  asked 0 $kind 'tag = "v*"'
  expect_json 'any(.sources.trunk.revision == "0000000000000000000000000000000000000009")'
  [ "$(cat peak)" -le 160 ] || fail "$kind took $(cat peak) MiB"
done
for lie in endless packet flushes negative beyond short long huge chunks gzip drip drip-head head circle silent; do
  refused $lie 'branch = "main"'
done
for lie in old-endless old-packet old-gzip old-drip; do refused $lie 'tag = "v*"'; done

# The same where a target's proposals are read, which is git's alone.
mkdir -p targets.d
for lie in endless gzip packet silent; do
  printf 'repository = "http://127.0.0.1:%s/%s.git"\nbranch = "main"\nverify = { command = "true" }\n' "$port" $lie >targets.d/far.toml
  expect_within 320 4 cdctl proposals far --timeout 5s </dev/null
  expect_json 'length == 1 and .[0].schema == "cdctl.error/1" and .[0].target == "far"'
done
