"""The agents of the controller's units, one process for all: starts the programs of local charms, notes how they end, ends
those that are to go. It ends itself when nothing is left to do, or the controller's folder is gone."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.pycache_prefix = os.environ.get("FAKE_JUJU_CACHE") or os.path.join(os.environ.get("FAKE_JUJU") or os.devnull, "pycache")
from juju_stand import store  # noqa: E402

children = {}  # pid -> Popen of those that this process started


def start_time(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError):
        return None


def option_values(application):
    return {**{name: option.get("default") for name, option in application["options"].items()}, **application["settings"]}


def environment(model, name, application, unit_name):
    """What hook tools tell a charm. Secrets that an option names are there for an application that was granted them."""
    tools = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools")
    env = {key: os.environ[key] for key in ("HOME", "TMPDIR", "CDCTL_STORY", "LD_LIBRARY_PATH", "FAKE_JUJU", "FAKE_JUJU_CACHE", "FAKE_JUJU_VERSION") if key in os.environ}
    env.update({"PATH": tools + ":" + os.environ["PATH"], "JUJU_UNIT_NAME": unit_name, "JUJU_MODEL_NAME": model["name"],
                "JUJU_MODEL_UUID": model["uuid"], "JUJU_VERSION": store.FULL, "JUJU_DISPATCH_PATH": "hooks/start"})
    for option, value in option_values(application).items():
        if value is not None:
            env["CHARM_OPTION_" + option.upper().replace("-", "_")] = json.dumps(value) if isinstance(value, bool) else str(value)
    return env


def start(state, model, name, application, unit_name, unit):
    log = os.open(store.path("units", "%s-%s.log" % (model["uuid"], unit_name.replace("/", "-"))), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen([application["program"]], cwd=application["folder"], env=environment(model, name, application, unit_name),
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    except OSError as error:
        unit.update(ended="cannot start: %s" % error, since=time.time())
        return
    finally:
        os.close(log)
    children[child.pid] = child
    unit.update(pid=child.pid, started=start_time(child.pid), config=application["revision"], since=time.time())
    unit.pop("ended", None)


def end(state, unit, now):
    if "term" not in unit:
        unit["term"] = now
        send(unit["pid"], signal.SIGCONT)
        send(unit["pid"], signal.SIGKILL if unit.get("killed") else signal.SIGTERM)
    elif unit.get("killed") or now >= unit["term"] + state["settings"]["kill"]:
        send(unit["pid"], signal.SIGKILL)


def send(pid, number):
    try:
        os.killpg(pid, number)
    except OSError:
        pass


def look_at(state, model, name, application, unit_name, unit, now):
    pid = unit.get("pid")
    if pid:
        code = children[pid].poll() if pid in children else None
        if code is None and start_time(pid) is not None and start_time(pid) == unit["started"]:
            if unit.get("dying") or unit["config"] != application["revision"]:
                end(state, unit, now)
            return
        children.pop(pid, None)
        send(pid, signal.SIGKILL)  # what it left in its session
        if unit.get("term") and not unit.get("dying"):  # ended for new options: again
            unit["since"] = 0
        else:
            unit["ended"] = "ok" if code == 0 else "hook failed: \"start\""
            unit["since"] = now
        for key in ("pid", "started", "term"):
            unit.pop(key, None)
    elif application["program"] and not unit.get("dying"):
        fell = unit.get("ended") and unit.get("config") == application["revision"]
        if not fell and now >= unit["since"] + state["settings"]["start"]:
            start(state, model, name, application, unit_name, unit)


def round_of(state):
    now = time.time()
    for model in state["models"].values():
        for name, application in model["applications"].items():
            for unit_name, unit in application["units"].items():
                look_at(state, model, name, application, unit_name, unit, now)
    store.advance(state, now)


def work():
    """One round; false when nothing is left to do. The lock of the agents is let go while nobody can add work."""
    with store.locked():
        state = store.load()
        before = json.dumps(state)
        round_of(state)
        if json.dumps(state) != before:
            store.save(state)
        return store.work_to_do(state)


def main():
    os.makedirs(store.path("units"), exist_ok=True)
    held = os.open(store.path("agents.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    import fcntl
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    idle = 0
    while idle < 20:
        if not os.path.exists(store.path("lock")):
            break
        try:
            idle = 0 if work() else idle + 1
        except FileNotFoundError:
            break
        time.sleep(0.08)
    else:
        with store.locked():  # whoever adds work after this finds the lock free
            if not store.work_to_do(store.load()):
                os.close(held)
                return
        os.close(held)
        os.execv(sys.executable, sys.orig_argv)
    for child in list(children.values()):
        send(child.pid, signal.SIGKILL)


main()
