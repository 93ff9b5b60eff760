"""What goes wrong: from FAKE_JUJU_TROUBLE, and from the file `trouble` in the controller's folder (juju_control trouble).

Both hold words [COMMAND=]KIND[:ARGUMENT][@after][*TIMES]. Without a command FAKE_JUJU_ONLY says it, else it is any. `@after`: once
the change was applied, and its answer does not come. TIMES: only in so many runs of it (counted in the file `troubles`).
"""
import os
import re
import sys
import time

from . import store

BOTH = ("hang", "deaf", "slow", "shutdown", "signal", "dead", "lock")  # these know before and after
WORD = re.compile(r"^(?:(?P<command>[a-z-]+)=)?(?P<kind>[a-z-]+)(?::(?P<argument>[^@*]*))?(?P<after>@after)?(?:\*(?P<times>\d+))?$")


class Trouble:
    def __init__(self, kind="", argument="", after=False):
        self.kind, self.argument, self.after = kind, argument, after

    def strike(self, after=False):
        """Goes wrong now, when it is its moment and its kind shows itself so."""
        if self.kind not in BOTH or self.after != after:
            return
        name = store.load()["controller"]["name"]
        if self.kind in ("hang", "deaf"):
            if self.kind == "deaf":
                import signal
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            with open(store.path("hanging"), "w") as file:
                file.write(str(os.getpid()))
            time.sleep(600)
        elif self.kind == "slow":
            time.sleep(float(self.argument))
        elif self.kind == "shutdown":
            raise store.Fail("connection is shut down")
        elif self.kind == "signal":
            os.kill(os.getpid(), 9)
        elif self.kind == "dead":
            raise store.Fail("unable to connect to API: dial tcp 10.7.0.2:17070: connect: connection refused")
        elif self.kind == "lock":
            raise store.Fail('cannot acquire lock file to read controller "%s": timeout acquiring mutex' % name)

    def logged_out(self):
        if self.kind == "logged-out":
            name = store.load()["controller"]["name"]
            if store.LEGACY:
                sys.stderr.write("please enter password for ann on %s: " % name)
                raise store.Fail("invalid entity name or password (unauthorized access)")
            raise store.Fail('controller "%s": not logged in' % name)


def still_due(word, times):
    """Counts this run of the word, and says whether the trouble is still due."""
    with store.locked("troubles.lock"):
        with open(store.path("troubles"), "a+") as file:
            file.seek(0)
            if file.read().splitlines().count(word) >= times:
                return False
            file.write(word + "\n")
            return True


def current(words):
    command = next((word for word in words if not word.startswith("-")), "")
    given = os.environ.get("FAKE_JUJU_TROUBLE", "").split()
    only = os.environ.get("FAKE_JUJU_ONLY")
    if os.path.exists(store.path("trouble")):
        with open(store.path("trouble")) as file:
            given += file.read().split()
    for word in given:
        match = WORD.match(word)
        if not match:
            sys.exit("juju stand-in: no trouble is called %s" % word)
        if (match["command"] or only or command) != command:
            continue
        if match["times"] and not still_due(word, int(match["times"])):
            continue
        return Trouble(match["kind"], match["argument"] or "", bool(match["after"]))
    return Trouble()
