"""Commands about models."""
import json
import os
import re
import sys
import time

from . import shapes, store
from .store import FULL, NEWEST, Fail


def file_of(kind, name):
    """A file that is answered as it stands, or nothing."""
    path = store.path("%s-%s.json" % (kind, name))
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def listed_in_file():
    if not os.path.exists(store.path("models.json")):
        return None
    with open(store.path("models.json")) as file:
        return json.load(file)


def version(run):
    print(json.dumps(FULL + "-ubuntu-amd64") if run.json else FULL + "-ubuntu-amd64")


def whoami(run):
    state = store.load()
    run.controller(state, run.options.get("-c"))
    if run.wrong.kind != "logged-out":
        run.answer({"controller": state["controller"]["name"], "user": state["controller"]["user"]})


def controllers(run):
    state = store.load()
    run.answer(shapes.controllers(state, len((listed_in_file() or {"models": []})["models"]) + len(state["models"])))


def models(run):
    state = store.look()
    run.controller(state, run.options.get("-c"))
    if "--all" in run.options and not state["settings"]["superuser"]:
        raise Fail("permission denied (unauthorized access)")
    out = listed_in_file() or {"models": []}
    out["models"] += [shapes.model(state, model) for model in state["models"].values() if "--all" in run.options or not model.get("hidden")]
    if run.wrong.kind == "dropped-model":
        name = run.wrong.argument
        lost = next((item for item in reversed(out["models"]) if not name or item["short-name"] == name), None)
        if lost:
            out["models"].remove(lost)
            run.say("could not read the summary of model %s" % lost["short-name"])
    run.answer(out)


def from_file(run, kind):
    """The answer that a test has put there for the model of `-m`, as with a controller that is nothing but files."""
    listed = listed_in_file()
    if listed is None:
        return None
    controller, _, name = run.options.get("-m", run.plain[0] if run.plain else "").rpartition(":")
    run.controller(store.load(), controller)
    if any(model["uuid"] == name or model["name"] == name for model in store.load()["models"].values()):
        return None
    for item in listed["models"] * 2:
        if run.wrong.kind != "not-found" and (name in (item["name"], item["short-name"], item["model-uuid"])):
            return item
    for item in listed["models"]:
        if run.wrong.kind != "not-found" and len(name) >= 6 and item["model-uuid"].startswith(name):
            return item
    owned = name if "/" in name or len(name) == 36 else "admin/" + name
    raise Fail("model attic:%s not found" % owned)


def status(run):
    item = from_file(run, "status")
    if item:
        out = file_of("status", item["short-name"])
        if out is None:
            raise Fail("permission denied (unauthorized access)")
        out["model"]["name"], shown = item["short-name"], item["name"]
    else:
        state = store.look()
        model = run.model(state)
        shown = model["owner"] + "/" + model["name"]
        out = file_of("status", model["name"]) or shapes.status(state, model, "--utc" in run.options)
    if not out["applications"]:
        run.say('Model "%s" is empty.' % shown)
    run.answer(out)


def offers(run):
    item = from_file(run, "offers")
    if item:
        run.answer(file_of("offers", item["short-name"]) or {})
        return
    state = store.look()
    model = run.model(state)
    run.answer(file_of("offers", model["name"]) or shapes.offers(state, model))


def show_model(run):
    item = from_file(run, "model")
    if item:
        run.answer({item["short-name"]: item})
        return
    state = store.look()
    model = run.model(state, run.plain[0] if run.plain else None)
    run.answer({model["name"]: shapes.model(state, model, shown=True)})


# ---------------------------------------------------------------- creation and configuration

def parse_tags(text):
    """`k=v k=v` as resource-tags has it, with Juju's own rule: no key of Juju's."""
    tags = {}
    import shlex
    for word in shlex.split(text):
        key, equals, value = word.partition("=")
        if not equals:
            raise Fail('resource-tags: expected "key=value", got "%s"' % word)
        if key.startswith("juju-"):
            raise Fail('tag "%s" uses reserved prefix "juju-"' % key)
        tags[key] = value
    return tags


def add_config(model, pairs):
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Fail('expected "key=value", got "%s"' % pair)
        if key == "resource-tags":
            parse_tags(value)
        model["config"][key] = value


def add_model(run):
    if not run.plain:
        raise Fail("model name is required", 2)
    name, cloud = run.plain[0], (run.plain[1:] or [""])[0]
    if not re.fullmatch(r"[a-z0-9]+[a-z0-9-]*", name):
        raise Fail('"%s" is not a valid name: model names may only contain lowercase letters, digits and hyphens' % name, 2)
    with store.change() as state:
        run.controller(state, run.options.get("-c"))
        owner, clouds = run.options.get("--owner", state["controller"]["user"]), state["clouds"]
        cloud = cloud.split("/")[0] or state["controller"]["cloud"]
        if cloud not in clouds:
            raise Fail('cloud "%s" not found, expected one of %s' % (cloud, sorted(clouds)))
        credential = run.options.get("--credential")
        if credential and credential not in state["credentials"] and not in_credentials_file(credential):
            raise Fail('credential "%s" not found (not found)' % credential)
        kind = "caas" if clouds[cloud] == "kubernetes" else "iaas"
        if any((model["owner"], model["name"]) == (owner, name) for model in state["models"].values()):
            raise Fail("failed to create new model: " + ("model %s/%s already exists" % (owner, name) if NEWEST else 'model "%s" for %s already exists' % (name, owner)) + " (already exists)")
        if kind == "caas" and any(model["type"] == kind and model["name"] == name for model in state["models"].values()):
            raise Fail('a namespace called "%s" already exists on this k8s cluster, would clash with model "%s"' % (name, name))
        model = store.new_model(state, name, owner, kind, cloud)
        add_config(model, run.options.get("--config", []))
    run.applied()
    run.say("Added '%s' model on %s/%s with credential '%s' for user '%s'" % (name, cloud, state["controller"]["region"], credential or cloud, owner))
    if NEWEST:
        run.say("No SSH keys were added to the model; see \"juju add-ssh-key\".")


def in_credentials_file(name):
    try:
        with open(os.path.join(os.environ["JUJU_DATA"], "credentials.yaml")) as file:
            return re.search(r"^\s+%s:" % re.escape(name), file.read(), re.M) is not None
    except (OSError, KeyError):
        return False


def tags_value(state, text):
    """As an object or a string: which a version gives is not known, so both are given by some."""
    shape = state["settings"]["tags"] or ("object" if store.VERSION == "3.6" else "string")
    return parse_tags(text) if shape == "object" and text else text


def model_config(run):
    pairs = [word for word in run.plain if "=" in word]
    if pairs or "--reset" in run.options:
        with store.change() as state:
            model = run.model(state)
            for key in run.options.get("--reset", "").split(","):
                model["config"].pop(key, None)
            add_config(model, pairs)
        return
    state = store.look()
    model = run.model(state)
    known = {"resource-tags": "", "update-status-hook-interval": "5m", "logging-config": "<root>=INFO", "name": model["name"], "type": state["clouds"].get(model["cloud"], "lxd"),
             "uuid": model["uuid"]}
    values = {key: {"Value": model["config"].get(key, default), "Source": "model" if key in model["config"] or key in ("name", "type", "uuid") else "default"}
              for key, default in {**known, **model["config"]}.items()}
    values["resource-tags"]["Value"] = tags_value(state, values["resource-tags"]["Value"])
    for key in run.plain:
        if key not in values:
            raise Fail('key "%s" not found in "%s/%s" model' % (key, model["owner"], model["name"]))
    run.answer({key: values[key] for key in run.plain or values})


# ---------------------------------------------------------------- the end

def destroy_model(run):
    options = run.options
    if "--destroy-storage" in options and "--release-storage" in options:
        raise Fail("--destroy-storage and --release-storage cannot both be specified", 2)
    if "--no-wait" in options and "--force" not in options:
        raise Fail("--no-wait without --force not valid")
    if not run.plain:
        raise Fail("no model specified", 2)
    if "--no-prompt" not in options and "-y" not in options and "--yes" not in options:
        raise Fail("destroy-model: EOF")
    with store.change() as state:
        model = run.model(state, run.plain[0])
        if model["name"] == "controller":
            raise Fail('"%s" is a controller; use \'juju destroy-controller\' to destroy it' % model["name"])
        storage = "destroy" if "--destroy-storage" in options else "release" if "--release-storage" in options else None
        if model["storage"] and not storage:
            raise Fail('cannot destroy model "%s"\n\nThe model has persistent storage remaining:\n\t%d filesystem(s)\n\nTo destroy the storage, run the destroy-model\n'
                       'command with the "--destroy-storage" option.\n\nTo release the storage from Juju\'s management\nwithout destroying it, use the "--release-storage" option\ninstead.'
                       % (model["name"], len(model["storage"])))
        going = model.setdefault("going", {"since": time.time(), "force": False, "no_wait": False, "storage": storage})
        going.update(force=going["force"] or "--force" in options, no_wait=going["no_wait"] or "--no-wait" in options, storage=storage or going["storage"])
    run.say("Destroying model")
    run.applied()
    if run.wrong.kind == "lost-wait":
        run.say("Unable to get the model status from the API: connection is shut down.")
        return
    wait_for_the_end(run, model)


def wait_for_the_end(run, model):
    """The client waits; the controller goes on without it."""
    real = sys.__stderr__
    while True:
        state = store.look()
        if model["uuid"] not in state["models"]:
            run.say("Model destroyed.")
            return
        if state["controller"]["dead"]:
            run.say("Unable to get the model status from the API: unable to connect to API: dial tcp 10.7.0.2:17070: connect: connection refused.")
            return
        count = len(state["models"][model["uuid"]]["applications"])
        real.write("Waiting for model to be removed%s...\n" % (", %d application(s)" % count if count else ""))
        real.flush()
        time.sleep(0.2)


def disable(run):
    with store.change() as state:
        model = run.model(state)
        if run.command == "enable-command":
            model["blocks"] = {kind: text for kind, text in model["blocks"].items() if kind not in run.plain}
        else:
            model["blocks"][run.plain[0]] = " ".join(run.plain[1:])


def disabled(run):
    run.answer([{"command-set": kind, **({"message": text} if text else {})} for kind, text in run.model(store.look())["blocks"].items()])


COMMANDS = {"version": version, "whoami": whoami, "controllers": controllers, "models": models, "status": status, "offers": offers,
            "show-model": show_model, "add-model": add_model, "model-config": model_config, "destroy-model": destroy_model,
            "disable-command": disable, "enable-command": disable, "disabled-commands": disabled}
