"""Commands about secrets of a model's user (3.3 on)."""
import re
import time

from . import charms, store
from .applications import read_file
from .store import Fail


def content_of(run):
    values = {}
    if "--file" in run.options:
        values.update(charms.plain_yaml(read_file(run.options["--file"])))
    for pair in run.plain[1:]:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Fail('key value "%s" not valid' % pair)
        values[key.removesuffix("#file")] = read_file(value) if key.endswith("#file") else value
    for key in values:
        if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", key) or len(key) < 3:
            raise Fail('key "%s" not valid' % key)
    if not values:
        raise Fail("missing secret value or filename", 2)
    return {key: str(value) for key, value in values.items()}


def find(model, text):
    for identity, secret in model["secrets"].items():
        if text.removeprefix("secret:") in (identity, secret["name"]):
            return identity, secret
    raise Fail('secret "%s" not found' % text)


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def add(run):
    content = content_of(run)
    with store.change() as state:
        model = run.model(state)
        if any(secret["name"] == run.plain[0] for secret in model["secrets"].values()):
            raise Fail('secret with name "%s" already exists' % run.plain[0])
        identity = store.random_id()
        model["secrets"][identity] = {"name": run.plain[0], "revision": 1, "content": content, "grants": [], "created": stamp(), "updated": stamp()}
    print("secret:" + identity)


def again(model, secret):
    """Whoever was granted it runs its charm again (secret-changed)."""
    for name in secret["grants"]:
        if name in model["applications"]:
            model["applications"][name]["revision"] += 1


def update(run):
    content = content_of(run)
    with store.change() as state:
        model = run.model(state)
        _, secret = find(model, run.plain[0])
        if secret["content"] != content:
            secret.update(content=content, revision=secret["revision"] + 1, updated=stamp())
            again(model, secret)


def grant(run):
    with store.change() as state:
        model = run.model(state)
        _, secret = find(model, run.plain[0])
        for name in run.plain[1].split(","):
            application = run.application(model, name)
            if run.command == "grant-secret" and name not in secret["grants"]:
                secret["grants"].append(name)
                application["revision"] += 1
            elif run.command == "revoke-secret" and name in secret["grants"]:
                secret["grants"].remove(name)


def remove(run):
    with store.change() as state:
        model = run.model(state)
        identity, _ = find(model, run.plain[0])
        del model["secrets"][identity]


def secrets(run):
    model = run.model(store.look())
    run.answer({identity: {"revision": secret["revision"], "owner": "<model>", "name": secret["name"], "created": secret["created"], "updated": secret["updated"]}
                for identity, secret in model["secrets"].items()})


COMMANDS = {"add-secret": add, "update-secret": update, "grant-secret": grant, "revoke-secret": grant, "remove-secret": remove, "secrets": secrets}
