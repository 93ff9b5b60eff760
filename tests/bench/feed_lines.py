#!/usr/bin/env python3
"""feed_lines.py FILE PER_SECOND COMMAND [ARG...]: gives a command so many lines of a file a second on its standard input.

Prints on stdout, which the command does not have: seconds until all was fed, seconds until it ended, CPU seconds of it and of all that it
waited for, peak memory of one of them in MiB, and its exit status.
"""
import itertools
import os
import subprocess
import sys
import time

file, rate = sys.argv[1], int(sys.argv[2])
child = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
begun, sent = time.monotonic(), 0
with open(file, "rb") as lines:
    while piece := list(itertools.islice(lines, max(rate // 50, 1))):
        child.stdin.write(b"".join(piece))
        child.stdin.flush()
        sent += len(piece)
        time.sleep(max(begun + sent / rate - time.monotonic(), 0))
fed = time.monotonic() - begun
child.stdin.close()
_, status, used = os.wait4(child.pid, 0)
cpu = used.ru_utime + used.ru_stime
print(f"{fed:.2f} {time.monotonic() - begun:.2f} {cpu:.2f} {used.ru_maxrss / 1024:.0f} {os.waitstatus_to_exitcode(status)}")
