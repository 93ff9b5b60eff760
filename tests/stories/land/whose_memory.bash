#!/usr/bin/env bash
# What a proposal's test finds of the secrets of who tests it: none, in no process's environment or memory, by whatever way cdctl has them.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
command -v python3 >/dev/null || { echo "skipped: no python3 here" >&2; exit 0; }
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check" }'
printf '[land]\nkey_env = "PLANTED_KEY"\n[github]\ntoken_file = "planted.token"\n' >cdctl.toml
# What looks for them must not hold them itself: it puts the marks together.
export PLANTED_KEY=planted-Key-0123456789 PLANTED_URL=amqp://admin:planted-Url-0123456789@broker
echo planted-Token-0123456789 >planted.token && chmod 600 planted.token
cat >how-it-looks <<'END'
cat >look.py <<'PY'
import os
marks = [f"planted-{part}-0123456789".encode() for part in ("Key", "Url", "Token")]
looked = 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    if pid == str(os.getpid()): continue
    looked += 1
    try:
        text = open(f"/proc/{pid}/environ", "rb").read()
        for mark in marks:
            if mark in text: print("found in the environment of", pid, mark.decode()[::-1])
    except OSError: pass
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                if " rw" not in line: continue
                first, last = (int(x, 16) for x in line.split()[0].split("-"))
                try:
                    memory.seek(first)
                    text = memory.read(last - first)
                except (OSError, ValueError, OverflowError): continue
                for mark in marks:
                    if mark in text: print("found in the memory of", pid, mark.decode()[::-1])
    except OSError: pass
print("looked at", "some" if looked else "none")
PY
python3 look.py
END
as alice git fetch -q origin
as alice git checkout -q -B fix origin/main
cp how-it-looks people/alice/how
as alice git commit -qam 'Look around'
as alice cdctl propose fix >/dev/null
vote bob fix approve
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify'
jq -e '.verdict == "verified"' out >/dev/null || fail "$(cat out)"
log=$(jq -r .log out)
if grep -q 'processes' out || [ "$(id -u)" != 0 ]; then
  grep -qx 'looked at some' "$log" || fail "it looked at nothing: $(cat "$log")"
  if grep found "$log"; then fail "a test has read a secret"; fi
else
  echo "no namespaces here, and root reads what it likes"
fi
