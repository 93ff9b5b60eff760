"""What juju_control does: see its own words."""
import json
import os
import signal
import sys
import time

from . import applications, charms, store

DATA = {
    "controllers.yaml": """controllers:
  attic:
    uuid: %s
    api-endpoints: ['10.7.0.2:17070']
    ca-cert: |
      -----BEGIN CERTIFICATE-----
      -----END CERTIFICATE-----
    cloud: shed
    region: shed
    type: lxd
    agent-version: %s
    controller-machine-count: 0
    active-controller-machine-count: 0
    machine-count: 1
current-controller: attic
""",
    "accounts.yaml": "controllers:\n  attic:\n    user: admin\n    password: shy-secret\n    last-known-access: superuser\n",
    "credentials.yaml": "credentials:\n  shed:\n    shed:\n      auth-type: certificate\n      client-key: shy-cloud-key\n",
    "models.yaml": "controllers: {}\n",
}


def init(data=None, identity=store.CONTROLLER_UUID):
    os.makedirs(store.FOLDER, exist_ok=True)
    with store.locked():
        store.save(store.fresh(identity))
    if data:
        os.makedirs(os.path.join(data, "cookies"), mode=0o700, exist_ok=True)
        for name, text in DATA.items():
            with open(os.path.join(data, name), "w") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(text % (identity, store.FULL) if name == "controllers.yaml" else text)


def options_of(words):
    plain, options = [], {}
    words = list(words)
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            options.setdefault(word, []).append(words.pop(0))
        else:
            plain.append(word)
    return plain, options


def find(state, name):
    for model in state["models"].values():
        if name in (model["name"], model["uuid"], model["owner"] + "/" + model["name"]):
            return model
    sys.exit("juju_control: no model is called %s" % name)


def model(*words):
    (name,), options = options_of(words)
    kind = options.get("--type", ["iaas"])[0]
    with store.change() as state:
        made = store.new_model(state, name, options.get("--owner", [state["controller"]["user"]])[0], kind, "shed-k8s" if kind == "caas" else "shed",
                               options.get("--uuid", [None])[0])
        made["access"] = options.get("--access", ["admin"])[0]
        made["config"].update(pair.split("=", 1) for pair in options.get("--config", []))
    print(made["uuid"])


def models(prefix, count, state_word="live"):
    with store.change() as state:
        for number in range(int(count)):
            name = "%s-r%010x" % (prefix, number)
            made = store.new_model(state, name, state["controller"]["user"])
            made["config"]["resource-tags"] = "cdctl-set=%s cdctl-state=%s cdctl-source-trunk=git:%d" % (name, state_word, number)


def access(name, word):
    with store.change() as state:
        find(state, name)["access"] = word


def application(*words):
    (where, name), options = options_of(words)
    with store.change() as state:
        its_model = find(state, where)
        add_application(state, its_model, name, options.get("--charm", ["lamp"])[0], int(options.get("--units", [1])[0]))


def add_application(state, its_model, name, charm, units):
    made = applications.new_application(charms.find(state, charm))
    its_model["applications"][name] = made
    if not made["is_subordinate"]:
        store.add_units(its_model, name, made, units)


def charm(name, text):
    with store.change() as state:
        state["hub"][name] = {"provides": {}, "requires": {}, "options": {}, "revision": 1, **json.loads(text)}


def broker(name="queues"):
    with store.change() as state:
        made = store.new_model(state, name, state["controller"]["user"])
        add_application(state, made, "rabbit", "rabbitmq-server", 1)
        made["offers"]["rabbit"] = {"application": "rabbit", "endpoints": {"amqp": {"interface": "rabbitmq", "role": "provider"}}}
    print(made["uuid"])


def set_(key, value):
    with store.change() as state:
        state["settings"][key] = {"true": True, "false": False}.get(value, value if key == "tags" else float(value) if value[:1].isdigit() else value)


def trouble(*words):
    if os.path.exists(store.path("troubles")):
        os.unlink(store.path("troubles"))
    with open(store.path("trouble.new"), "w") as file:
        file.write(" ".join(words))
    os.rename(store.path("trouble.new"), store.path("trouble"))


def switch(key):
    def do(name, word):
        with store.change() as state:
            find(state, name)[key] = word == "on"
    return do


def dead(word):
    with store.change() as state:
        state["controller"]["dead"] = word == "on"


def lost(word, where=None, unit=None):
    with store.change() as state:
        for its_model in [find(state, where)] if where else state["models"].values():
            for one in its_model["applications"].values():
                for name, its_unit in one["units"].items():
                    if unit in (None, name):
                        its_unit["lost"] = word == "on"


def say(where, unit, workload, message="", agent="idle"):
    with store.change() as state:
        its_unit = find(state, where)["applications"][unit.split("/")[0]]["units"][unit]
        its_unit["said"] = None if workload == "-" else [workload, message, agent, ""]
        its_unit["since"] = time.time()


def stuck(where, word):
    name, _, one = where.partition("/")
    with store.change() as state:
        its_model = find(state, name)
        (its_model["applications"][one] if one else its_model)["stuck"] = None if word == "no" else word


def storage(where, owner, identity):
    with store.change() as state:
        find(state, where)["storage"].append({"id": identity, "owner": owner, "since": time.time()})


def remove(where):
    with store.change() as state:
        gone = find(state, where)
        del state["models"][gone["uuid"]]
        state["removed"][gone["uuid"]] = gone["name"]
        pids = [unit.get("pid") for one in gone["applications"].values() for unit in one["units"].values()]
    for pid in pids:
        if pid:
            os.killpg(pid, signal.SIGKILL)


def units(where=None):
    state = store.look()
    for its_model in [find(state, where)] if where else state["models"].values():
        for one in its_model["applications"].values():
            for name, unit in one["units"].items():
                print(its_model["name"], name, unit.get("pid", 0), "dying" if unit.get("dying") else "alive")


def stop():
    with store.locked():
        state = store.load()
        for its_model in state["models"].values():
            for one in its_model["applications"].values():
                for unit in one["units"].values():
                    if unit.get("pid"):
                        try:
                            os.killpg(unit["pid"], signal.SIGKILL)
                        except OSError:
                            pass
        store.save(store.fresh())


def printed(key):
    return lambda: print("\n".join(store.look()[key]))


COMMANDS = {"init": init, "model": model, "models": models, "access": access, "application": application, "charm": charm, "broker": broker, "set": set_, "trouble": trouble, "dead": dead,
            "lost": lost, "say": say, "stuck": stuck, "storage": storage, "deny": switch("denied"), "hide": switch("hidden"), "remove": remove, "units": units,
            "released": printed("released"), "erased": printed("erased"), "removed": printed("removed"), "stop": stop,
            "tags": lambda name: print(find(store.look(), name)["config"].get("resource-tags", "")),
            "show": lambda: print(json.dumps(store.look(), indent=1))}


def main(words, about):
    if not words or words[0] not in COMMANDS:
        sys.exit(about)
    COMMANDS[words[0]](*words[1:])
