"""Charms: folders and archives of this machine, and what a hub would have."""
import json
import os

from . import store
from .store import NEWEST, Fail

# endpoint -> interface, by role
HUB = {
    "rabbitmq-server": {"revision": 188, "provides": {"amqp": "rabbitmq"}, "requires": {}, "options": {}},
    "nrpe": {"revision": 98, "subordinate": True, "provides": {}, "requires": {"general-info": "juju-info"}, "options": {}},
    "lamp": {"revision": 3, "provides": {"website": "http"}, "requires": {"amqp": "rabbitmq"}, "options": {"shade": {"type": "string", "default": "plain"}, "amqp-url": {"type": "string"}}},
}


def scalar(text):
    text = text.split(" #")[0].strip()
    if text[:1] in "\"'":
        return text[1:-1]
    if text[:1] in "[{":
        return json.loads(text)
    return {"true": True, "false": False, "": None, "null": None}.get(text, int(text) if text.lstrip("-").isdigit() else text)


def plain_yaml(text):
    """Mappings of mappings and scalars, which is all that the charms of our tests say; or JSON."""
    if text.lstrip()[:1] in ("{", "["):
        return json.loads(text)
    root = {}
    open_ = [(-1, root)]
    for line in text.splitlines():
        body = line.strip()
        if not body or body.startswith("#") or body == "---":
            continue
        indent = len(line) - len(line.lstrip())
        while open_[-1][0] >= indent:
            open_.pop()
        key, _, value = body.partition(":")
        key = key.strip("\"'")
        if value.strip():
            open_[-1][1][key] = scalar(value)
        else:
            open_[-1][1][key] = {}
            open_.append((indent, open_[-1][1][key]))
    return root


def read_yaml(path):
    try:
        with open(path) as file:
            return plain_yaml(file.read())
    except FileNotFoundError:
        return {}


def ends_of(metadata, role):
    return {name: end["interface"] for name, end in (metadata.get(role) or {}).items()}


def unpack(path):
    """A copy of the charm that belongs to the controller."""
    folder = store.path("charms", store.random_hex(32))
    os.makedirs(folder)
    if os.path.isdir(path):
        if NEWEST:
            raise Fail('deploying the charm directory "%s" is not supported, pack it with "charmcraft pack" first' % path)
        import shutil  # here, as the next: they cost every other run more than its work
        shutil.copytree(path, folder, dirs_exist_ok=True)
        return folder
    import zipfile
    try:
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                target = archive.extract(item, folder)
                mode = item.external_attr >> 16 & 0o777
                if mode and not item.is_dir():
                    os.chmod(target, mode)
    except (OSError, zipfile.BadZipFile) as error:
        raise Fail('cannot read the charm archive "%s": %s' % (path, error))
    return folder


def local(path):
    if not os.path.exists(path):
        raise Fail('no charm was found at "%s"' % path)
    folder = unpack(path)
    metadata = {**read_yaml(os.path.join(folder, "charmcraft.yaml")), **read_yaml(os.path.join(folder, "metadata.yaml"))}
    if not metadata.get("name"):
        raise Fail('file "metadata.yaml" not found in "%s"' % path)
    options = read_yaml(os.path.join(folder, "config.yaml")).get("options") or (metadata.get("config") or {}).get("options") or {}
    program = next((os.path.join(folder, name) for name in ("dispatch", "run") if os.access(os.path.join(folder, name), os.X_OK)), None)
    return {"name": metadata["name"], "revision": 0, "origin": "local", "subordinate": bool(metadata.get("subordinate")), "provides": ends_of(metadata, "provides"),
            "requires": ends_of(metadata, "requires"), "options": options, "program": program, "folder": folder}


def find(state, name, beside=""):
    """A charm by path (relative: below `beside`), or by the name it has in the hub."""
    if name.startswith(("./", "../", "/")) or name.endswith(".charm"):
        return local(os.path.join(beside, name))
    name = name.removeprefix("ch:").removeprefix("cs:").split("/")[-1]
    known = {**HUB, **state["hub"]}.get(name)
    if known is None:
        raise Fail('resolving with preferred channel: selecting releases: charm or bundle "%s" not found: not found' % name)
    return {"name": name, "origin": "charmhub", "program": None, "folder": None, "subordinate": False, **known}
