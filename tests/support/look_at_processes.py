"""Notes what the processes of a story show to others: look_at_processes.py MARK FOLDER. Until it is killed it looks at every process whose
environment holds MARK, and writes each argument list once to FOLDER/argv, and what an environment has of the lines of FOLDER/secrets once to
FOLDER/environ, behind the argument list."""
import os
import sys
import time

mark, folder = sys.argv[1].encode(), sys.argv[2]
seen = set()


def read(pid, name):
    try:
        with open("/proc/%s/%s" % (pid, name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def secrets():
    with open(os.path.join(folder, "secrets"), "rb") as file:
        return [line for line in file.read().split(b"\n") if line]


argv = open(os.path.join(folder, "argv"), "ab", 0)
environ = open(os.path.join(folder, "environ"), "ab", 0)
while True:
    known = secrets()
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        line = read(pid, "cmdline")
        if not line or (pid, line) in seen:
            continue
        around = read(pid, "environ")
        if mark not in around:
            continue
        seen.add((pid, line))
        argv.write(line.replace(b"\0", b" ").replace(b"\n", b" ") + b"\n")
        for entry in around.split(b"\0"):
            if any(secret in entry for secret in known):
                environ.write(line.replace(b"\0", b" ").replace(b"\n", b" ") + b"\t" + entry.replace(b"\n", b" ") + b"\n")
    time.sleep(0.002)
