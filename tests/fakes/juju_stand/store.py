"""The controller that is kept in a folder: one JSON file, changed under a lock by writing a new one and renaming it, so that
a kill at any point leaves the old state or the new one. What takes time in Juju is done by whoever looks next (advance)."""
import contextlib
import fcntl
import json
import os
import sys
import time

FOLDER = os.environ.get("FAKE_JUJU", "")
VERSION = os.environ.get("FAKE_JUJU_VERSION", "3.6")
FULL = {"2.9": "2.9.51", "3.6": "3.6.11", "4.0": "4.0.6"}[VERSION]
LEGACY = VERSION == "2.9"  # speaks of series, not of bases
NEWEST = VERSION == "4.0"
CONTROLLER_UUID = "0c0ffee0-0000-4000-8000-000000000001"

# Seconds: between a model's or an application's last unit and its end, before a unit starts, between TERM and KILL of it, and
# before a suspended relation says so.
SETTINGS = {"destroy": 0.3, "start": 0.1, "kill": 2.0, "settle": 0.2, "tags": "", "masked": NEWEST, "superuser": True}


def path(*parts):
    return os.path.join(FOLDER, *parts)


class Fail(Exception):
    """The command ends with `ERROR text`; with --format json it also says `{}`, as juju does once it runs (exit code 1)."""

    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code


def fresh(identity=CONTROLLER_UUID):
    return {
        "controller": {"name": "attic", "uuid": identity, "user": "admin", "cloud": "shed", "region": "shed", "dead": False},
        "settings": dict(SETTINGS),
        "models": {}, "removed": {}, "hub": {}, "clouds": {"shed": "lxd", "shed-k8s": "kubernetes"}, "credentials": ["shed"],
        "released": [], "erased": [],
    }


def load():
    try:
        with open(path("controller.json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return fresh()


@contextlib.contextmanager
def locked(name="lock", wait=True):
    file = os.open(path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(file)


def save(state):
    aside = path("controller.json.%d" % os.getpid())
    with open(aside, "w") as file:
        json.dump(state, file)
    os.rename(aside, path("controller.json"))


@contextlib.contextmanager
def change():
    """The state, to be changed. It is written when the block ends well; a Fail changes nothing."""
    with locked():
        state = load()
        before = json.dumps(state)
        advance(state)
        yield state
        if json.dumps(state) != before:
            save(state)
    wake(state)


def look():
    """The state as it is now."""
    with change() as state:
        return state


# ---------------------------------------------------------------- what goes on without anybody

def advance(state, now=None):
    now = now or time.time()
    for identity, model in list(state["models"].items()):
        for name, application in list(model["applications"].items()):
            advance_application(state, model, name, application, now)
        advance_relations(state, model, now)
        going = model.get("going")
        if not going:
            continue
        for application in model["applications"].values():
            dying(application, going["force"], now, going["no_wait"])
        if model["applications"] or now < going["since"] + state["settings"]["destroy"]:
            continue
        if held(model.get("stuck"), going):
            continue
        state["released" if going["storage"] == "release" else "erased"] += [disk["id"] for disk in model["storage"]]
        forget_connections(state, identity)
        state["removed"][identity] = model["name"]
        del state["models"][identity]


def held(stuck, going):
    """What keeps a thing from ending: `force` (until it is forced), `no-wait` (until nobody waits either), `ever`."""
    return {None: False, "force": not going["force"], "no-wait": not going.get("no_wait"), "ever": True}[stuck]


def dying(application, force, now, no_wait=False):
    going = application.setdefault("going", {"since": now, "force": False, "no_wait": False, "storage": "release"})
    going["force"] = going["force"] or force
    going["no_wait"] = going["no_wait"] or no_wait
    if held(application.get("stuck"), going):
        return
    for unit in application["units"].values():
        unit.setdefault("dying", now)
        if force:
            unit["killed"] = True


def advance_application(state, model, name, application, now):
    going = application.get("going")
    if going:
        dying(application, going["force"], now, going["no_wait"])
    for unit_name, unit in list(application["units"].items()):
        if not unit.get("pid") and unit.get("dying") and now >= unit["dying"] + state["settings"]["destroy"] / 2:
            machine = unit.get("machine")
            del application["units"][unit_name]
            used = any(other.get("machine") == machine for app in model["applications"].values() for other in app["units"].values())
            if machine is not None and not used:
                model["machines"].pop(machine, None)
    if not going or application["units"] or held(application.get("stuck"), going) or now < going["since"] + state["settings"]["destroy"]:
        return
    for disk in [disk for disk in model["storage"] if disk.get("owner") == name]:
        disk["owner"] = None
        if going["storage"] == "destroy":
            model["storage"].remove(disk)
            state["erased"].append(disk["id"])
    for relation in [one for one in model["relations"] if any(end["application"] == name for end in one["ends"])]:
        remove_relation(state, model, relation)
    del model["applications"][name]


def advance_relations(state, model, now):
    for relation in model["relations"]:
        turn = relation.get("turn")
        if turn and now >= turn["at"] + state["settings"]["settle"]:
            relation["status"] = turn["to"]
            relation["since"] = now
            del relation["turn"]


def remove_relation(state, model, relation):
    """With its other half, where it crosses models."""
    model["relations"].remove(relation)
    other = state["models"].get(relation.get("other_model") or "")
    if other:
        other["relations"] = [one for one in other["relations"] if one.get("key") != relation["key"]]


def forget_connections(state, identity):
    for model in state["models"].values():
        model["relations"] = [one for one in model["relations"] if one.get("other_model") != identity]


# ---------------------------------------------------------------- making things

def new_model(state, name, owner, kind="iaas", cloud=None, identity=None):
    identity = identity or "5e7a%s-%s-4%s-8%s-%s" % tuple(random_hex(n) for n in (4, 4, 3, 3, 12))
    model = {"uuid": identity, "name": name, "owner": owner, "type": kind, "cloud": cloud or state["controller"]["cloud"], "since": time.time(),
             "config": {}, "applications": {}, "saas": {}, "relations": [], "offers": {}, "secrets": {}, "machines": {}, "storage": [],
             "blocks": {}, "next_relation": 0, "next_machine": 0}
    state["models"][identity] = model
    return model


def add_units(model, name, application, count):
    for _ in range(count):
        number = application["next_unit"]
        application["next_unit"] += 1
        unit = {"since": time.time(), "leader": not application["units"], "number": number}
        if model["type"] == "iaas" and not application["subordinate_to"]:
            unit["machine"] = str(model["next_machine"])
            model["machines"][unit["machine"]] = {"since": time.time()}
            model["next_machine"] += 1
        application["units"]["%s/%d" % (name, number)] = unit


def random_id(length=20):
    return "".join("0123456789abcdefghijklmnopqrstuv"[byte % 32] for byte in os.urandom(length))


def random_hex(length):
    return os.urandom((length + 1) // 2).hex()[:length]


# ---------------------------------------------------------------- the agents

def work_to_do(state):
    """Whether a unit's process runs, should run, or something is on its way out."""
    for model in state["models"].values():
        if model.get("going") and model.get("stuck") != "ever":
            return True
        for application in model["applications"].values():
            if application.get("going") and application.get("stuck") != "ever":
                return True
            if any(unit.get("pid") or (application["program"] and not unit.get("ended")) or unit.get("dying") for unit in application["units"].values()):
                return True
    return False


def wake(state):
    """Starts the agents of this controller (agents.py) when there is something to do and they are not there."""
    if not work_to_do(state):
        return
    try:
        with locked("agents.lock", wait=False):
            pass
    except OSError:
        return
    env = {key: os.environ[key] for key in ("PATH", "HOME", "FAKE_JUJU", "FAKE_JUJU_CACHE", "FAKE_JUJU_VERSION", "TMPDIR", "CDCTL_STORY", "LD_LIBRARY_PATH") if key in os.environ}
    if "juju-data" in env.get("TMPDIR", "") or "cdctl-juju" in env.get("TMPDIR", ""):
        env["TMPDIR"] = "/tmp"  # the caller's goes with its call
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agents.py")
    if os.fork() == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(path("agents.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for target, source in ((0, null), (1, log), (2, log)):
            os.dup2(source, target)
        os.closerange(3, 256)
        os.chdir(FOLDER)
        os.execve(sys.executable, [sys.executable, "-SE", program], env)
