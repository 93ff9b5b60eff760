#!/usr/bin/env bash
# What people see who wait: a passing line on the terminal, which goes before anything else is written, and nothing of it anywhere else.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
units=1
make_trunk "$service" "worker: trap 'sleep 3; exit 0' TERM; while :; do sleep 0.2; done"
make_service </dev/null
# on_terminal COMMAND...: its stderr, a terminal of 80 columns, in seen; its stdout in out.
cat >terminal.py <<'END'
import os, pty, sys, fcntl, struct, termios
far, near = pty.openpty()
fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
pid = os.fork()
if pid == 0:
    os.dup2(near, 2)
    os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(near)
with open("seen", "wb") as seen:
    while True:
        try:
            piece = os.read(far, 65536)
        except OSError:
            break
        if not piece:
            break
        seen.write(piece)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
on_terminal() { TERM=xterm LC_ALL=C.UTF-8 timeout 120 python3 terminal.py "$@"; }
left() { tr '\r' '\n' <seen | tail -5; }
drawn() { tr '\r' '\n' <seen | grep -caE "$1" || true; } # how many pictures
taken_away() { [ "$(tail -c 4 seen | od -An -tx1 | tr -d ' ')" = 0d1b5b4b ] || fail "the passing line is left on the screen: $(left)"; }

on_terminal cdctl deploy "$service" --wait --settle 2s || fail "deploy: $(left)"
[ "$(drawn "fetching $work")" -ge 1 ] || fail "nothing of the first fetch: $(left)"
[ "$(drawn '█+░* [0-9]/2 '"$service")" -ge 2 ] || fail "no bar of the wait: $(left)"
taken_away
set=$(jq -r .set out)
expect_json 'length == 1 and .[0].ok'
on_terminal cdctl reap "$set" --grace 5s --even-newest --even-last "$set" || fail "reap: $(left)"
[ "$(drawn '[0-9]/5 '"$set"': [0-9]+ process(es)? (has|have) to end')" -ge 3 ] || fail "no bar of the grace: $(left)"
taken_away

# Nothing of it where nobody wants it, or nobody looks.
commit ok
on_terminal cdctl -q deploy "$service" --wait --settle 1s || fail "deploy: $(left)"
expect_same "with -q" "$(cat seen)" ""
set=$(jq -r .set out)
expect_exit 0 cdctl deploy "$service" --wait --settle 1s </dev/null
expect_same "without a terminal" "$(cat err)" ""
TERM=dumb timeout 60 python3 terminal.py cdctl deploy "$service" --wait --settle 1s || fail "dumb: $(cat seen)"
expect_same "on a dumb terminal" "$(cat seen)" ""
expect_exit 0 cdctl reap "$set" --grace 0s --even-newest --even-last "$set" </dev/null

# A test under way: its time, what it said last, and for how long it has said nothing.
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check", limit = "60s", silence = "50s" }'
offer alice slow how 'echo half way; sleep 8'
vote bob slow approve
pipe_exit 0 'cdctl proposals | cdctl gate >ready.ndjson'
on_terminal sh -c 'cdctl verify <ready.ndjson' || fail "verify: $(left)"
expect_json '.[0].verdict == "verified"'
[ "$(drawn '[0-9]/60 main: slow: half way')" -ge 3 ] || fail "no bar of the test: $(left)"
[ "$(drawn '/60 main: slow: half way \(silent for [5-9]s of 50s\)')" -ge 1 ] || fail "nothing of its silence: $(left)"
taken_away
