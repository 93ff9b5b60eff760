"""One run of the client: its words, what it does, what it prints, and how it ends."""
import contextlib
import io
import json
import os
import sys

from . import applications, models, relations, store, trouble, user_secrets, words
from .store import Fail, VERSION

FOLDER_ONLY = ("version", "whoami", "controllers")  # these ask no controller
CHANGES = {**models.COMMANDS, **applications.COMMANDS, **relations.COMMANDS, **user_secrets.COMMANDS}
GUARDED = {  # what `juju disable-command` knows
    "destroy-model": ("destroy-model", "remove-object", "all"),
    "remove-application": ("remove-object", "all"), "remove-unit": ("remove-object", "all"), "remove-relation": ("remove-object", "all"),
}
GUARDED.update({name: ("all",) for name in ("deploy", "config", "model-config", "relate", "integrate", "add-relation", "add-unit", "scale-application",
                                            "expose", "unexpose", "consume")})


class Run:
    """What a command works with."""

    def __init__(self, command, plain, options, wrong):
        self.command, self.plain, self.options, self.wrong = command, plain, options, wrong
        self.json = options.get("--format") == "json"

    def applied(self):
        """The change is written: what goes wrong after it goes wrong here."""
        self.wrong.strike(after=True)
        self.wrong = trouble.Trouble(self.wrong.kind, self.wrong.argument) if not self.wrong.after else trouble.Trouble()

    def answer(self, value):
        text = json.dumps(value, separators=(",", ":"), sort_keys=True)
        for char in "<>&":  # as Go writes JSON
            text = text.replace(char, "\\u%04x" % ord(char))
        print(text)

    def say(self, text):
        print(text, file=sys.stderr)

    # ------------------------------------------------------------ what the words mean

    def controller(self, state, name):
        if name and name != state["controller"]["name"]:
            raise Fail("controller %s not found" % name, 2)

    def model(self, state, text=None):
        """By name, by owner and name, by uuid, by six or more characters that a uuid begins with."""
        text = text if text is not None else self.options.get("-m", "")
        if not text:
            raise Fail("No model in focus.\n\nPlease use \"juju models\" to see models available to you.", 2)
        controller, colon, name = text.rpartition(":")
        self.controller(state, controller)
        found = None
        if self.wrong.kind != "not-found":
            for model in state["models"].values():
                if name in (model["uuid"], model["name"], model["owner"] + "/" + model["name"]):
                    found = model
            for model in state["models"].values():
                if not found and len(name) >= 6 and model["uuid"].startswith(name):
                    found = model
        if not found:
            if name in state["removed"] and state["settings"]["masked"] and self.command != "destroy-model":
                raise Fail("invalid entity name or password (unauthorized access)")
            owned = name if "/" in name or len(name) == 36 else state["controller"]["user"] + "/" + name
            raise Fail("model %s:%s not found" % (state["controller"]["name"], owned))
        if found.get("denied") or self.wrong.kind == "denied":
            raise Fail("permission denied (unauthorized access)")
        reads = self.command in ("config", "model-config") and not (any("=" in word for word in self.plain) or "--file" in self.options or "--reset" in self.options)
        blocked = [kind for kind in GUARDED.get(self.command, ()) if kind in found["blocks"] and not reads]
        if blocked:
            raise Fail("the operation has been disabled for the current model\n\nAll operations that change model have been disabled for the current model.\n"
                       "To enable changes, run\n\n    juju enable-command %s\n" % blocked[0])
        return found

    def application(self, model, name):
        if name not in model["applications"]:
            raise Fail('application "%s" not found' % name)
        return model["applications"][name]


def run(command, plain, options, wrong):
    with_model = Run(command, plain, options, wrong)
    if command not in FOLDER_ONLY:
        if store.load()["controller"]["dead"]:
            raise Fail("unable to connect to API: dial tcp 10.7.0.2:17070: connect: connection refused")
        wrong.logged_out()
        wrong.strike()
        if wrong.kind == "empty-object":
            with_model.answer({})
            return
    CHANGES[command](with_model)
    with_model.applied()


def guarded(given):
    """Runs it and gives what it prints. juju prints `{}` for a run that failed with --format json."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    wrong = trouble.current(given)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command, plain, options = words.parse(given, ("--retry-count",) if wrong.kind == "old-client" else ())
            run(command, plain, options, wrong)
        except Fail as error:
            if error.code == 1:
                out.truncate(0)
                out.seek(0)
                out.write("{}\n" if "json" in given else "")
            err.write("ERROR %s\n" % error if str(error) else "")
            code = error.code
    text = out.getvalue()
    return text[: len(text) // 2] if wrong.kind == "half-json" else text, err.getvalue(), code


def living_marks():
    marks = os.listdir(store.path("running"))
    return sum(1 for mark in marks if os.path.exists("/proc/" + mark))


def note(given):
    data = os.environ.get("JUJU_DATA", "")
    line = json.dumps({"argv": given, "data": data, "files": sorted(os.listdir(data)) if os.path.isdir(data) else [],
                       "mode": oct(os.stat(data).st_mode & 0o777) if os.path.isdir(data) else "", "at_once": living_marks(),
                       "stdin": sys.stdin.read(1), "version": VERSION})
    with open(store.path("calls.ndjson"), "a") as file:
        file.write(line + "\n")


def main(given):
    mark = store.path("running", str(os.getpid()))
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    open(mark, "w").close()
    try:
        note(given)
        out, err, code = guarded(given)
        sys.stderr.write(err)
        sys.stderr.flush()
        sys.stdout.write(out)
        sys.stdout.flush()
    finally:
        with contextlib.suppress(OSError):
            os.unlink(mark)
    sys.exit(code)
