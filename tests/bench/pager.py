#!/usr/bin/env python3
"""pager.py ROUNDS REQUESTS SET...: how long it takes from a very-bad signal to the page.

A round raises a critical signal for the next set (`cdctl signal`, a fresh process whose start counts), waits until the pager's stub has taken
an incident of it (a line of REQUESTS, which has the time), mends the set, and waits until the incident is over. Prints the median, the 99th
percentile and the maximum in milliseconds.
"""
import json
import math
import subprocess
import sys
import time

rounds, sets = int(sys.argv[1]), sys.argv[3:]
QUIET = 2.5  # the window of the rule is a second; then trip says healthy, and a set can be taken again
requests = open(sys.argv[2], "a+")
requests.seek(0)
rest = ""


def wait_for(name, action):
    """The time of the next request with that action for this set."""
    global rest
    end = time.time() + 30
    while time.time() < end:
        *lines, rest = (rest + requests.read()).split("\n")
        for line in lines:
            seen = json.loads(line)
            event = json.loads(seen["body"])
            if seen["status"] == 202 and event.get("event_action") == action and event.get("dedup_key") == "cdctl/cut/" + name:
                return seen["time"]
        time.sleep(0.005)
    sys.exit(f"pager.py: no {action} of {name} within 30 s")


def cdctl(*arguments):
    subprocess.run(["cdctl", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


took, free = [], {}
for i in range(rounds):
    name = sets[i % len(sets)]
    time.sleep(max(free.get(name, 0) - time.time(), 0))
    begun = time.time()
    cdctl("signal", name, "very-bad", "--severity", "critical")
    took.append((wait_for(name, "trigger") - begun) * 1000)
    free[name] = time.time() + QUIET
    cdctl("mend", name)
    wait_for(name, "resolve")
took.sort()
print(*(f"{took[max(math.ceil(share * rounds) - 1, 0)]:.1f}" for share in (0.5, 0.99, 1)))
