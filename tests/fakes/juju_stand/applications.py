"""Commands about applications and their units."""
import json
import os
import re
import time

from . import charms, relations, shapes, store
from .store import LEGACY, NEWEST, Fail

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*")


def new_application(charm):
    return {"charm": charm["name"], "charm_revision": charm["revision"], "origin": charm["origin"], "channel": "latest/stable", "since": time.time(),
            "program": charm["program"], "folder": charm["folder"], "options": charm["options"], "settings": {}, "revision": 0, "exposed": None,
            "endpoints": {**charm["provides"], **charm["requires"]}, "provides": sorted(charm["provides"]), "subordinate_to": [],
            "is_subordinate": charm["subordinate"], "trust": False, "constraints": "", "units": {}, "next_unit": 0}


def typed(name, option, value):
    kind = option.get("type", "string")
    if kind == "int" and not isinstance(value, int):
        try:
            return int(value)
        except ValueError:
            raise Fail('option "%s" expected int, got "%s"' % (name, value)) from None
    if kind == "boolean" and not isinstance(value, bool):
        if str(value).lower() not in ("true", "false"):
            raise Fail('option "%s" expected boolean, got "%s"' % (name, value))
        return str(value).lower() == "true"
    if kind == "string" and not isinstance(value, str):
        raise Fail('option "%s" expected string, got %s' % (name, json.dumps(value)))
    return value


def set_options(application, values):
    """Whether anything is another; the agents run the charm again with it."""
    before = dict(application["settings"])
    for name, value in values.items():
        if name == "trust":
            application["trust"] = value in (True, "true")
            continue
        if name not in application["options"]:
            raise Fail('unknown option "%s"' % name)
        application["settings"][name] = typed(name, application["options"][name], value)
    if application["settings"] != before:
        application["revision"] += 1
        return True
    return False


# ---------------------------------------------------------------- deploy

def read_file(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise Fail("cannot read %s: %s" % (path, error.strerror)) from error


def options_of(run, name):
    """What --config says: FILE (options by application), or k=v; a value @FILE is read from it."""
    values = {}
    for word in run.options.get("--config", []):
        key, equals, value = word.partition("=")
        if equals:
            values[key] = read_file(value[1:]) if value.startswith("@") else value
        else:
            given = charms.plain_yaml(read_file(word))
            values.update(given.get(name, given if name not in given and not any(isinstance(one, dict) for one in given.values()) else {}))
    return values


def deploy(run):
    if not run.plain:
        raise Fail("no charm or bundle specified", 2)
    what = run.plain[0]
    if "--revision" in run.options and "--channel" not in run.options:
        raise Fail("specifying a revision requires a channel", 2)
    if what.endswith((".yaml", ".yml", ".json")) and os.path.isfile(what):
        deploy_bundle(run, what)
    else:
        deploy_charm(run, what, run.plain[1] if len(run.plain) > 1 else None)


def deploy_charm(run, what, name):
    with store.change() as state:
        model = run.model(state)
        if model.get("going"):
            raise Fail('model "%s" is no longer alive' % model["name"])
        if name and not NAME.fullmatch(name):
            raise Fail('invalid application name "%s"' % name)
        charm = charms.find(state, what)
        name = name or charm["name"]
        if name in model["applications"] or name in model["saas"]:
            raise Fail('deploying "%s": application already exists: deploy application using an alias name:\n    juju deploy <application> <alias>\n'
                       "use remove-application to remove the existing one and try again." % name)
        application = make(model, name, charm, run.options)
        set_options(application, options_of(run, name))
        if not application["is_subordinate"]:
            store.add_units(model, name, application, int(run.options.get("-n", 1)))
    run.say('Located local charm "%s", revision %d' % (charm["name"], charm["revision"]) if charm["origin"] == "local"
            else 'Located charm "%s" in charm-hub, revision %d' % (charm["name"], charm["revision"]))
    run.say('Deploying "%s" from %s charm "%s", revision %d on ubuntu@22.04/stable' % (name, "local" if charm["origin"] == "local" else "charm-hub", charm["name"], charm["revision"]))


def make(model, name, charm, options):
    application = new_application(charm)
    application.update(channel=options.get("--channel") or "latest/stable", trust="--trust" in options, constraints=options.get("--constraints") or "")
    for word in options.get("--resource", []):
        if "=" not in word:
            raise Fail('expected "name=value" for a resource, got "%s"' % word)
    model["applications"][name] = application
    return application


def merged(base, over):
    """An overlay over a bundle: null takes a thing away, mappings are merged, all else is replaced."""
    out = dict(base)
    for key, value in over.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        elif key == "relations" and isinstance(value, list):
            out[key] = out.get(key, []) + value
        else:
            out[key] = value
    return out


def deploy_bundle(run, path):
    bundle = charms.plain_yaml(read_file(path))
    for overlay in run.options.get("--overlay", []):
        bundle = merged(bundle, charms.plain_yaml(read_file(overlay)))
    if not bundle.get("applications", bundle.get("services")):
        raise Fail("the provided bundle has the following errors:\nat least one application must be specified")
    with store.change() as state:
        model = run.model(state)
        if model.get("going"):
            raise Fail('model "%s" is no longer alive' % model["name"])
        changes = apply_bundle(run, state, model, bundle, os.path.dirname(os.path.abspath(path)))
    run.say("Executing changes:\n" + "\n".join("- " + change for change in changes) if changes else "No changes to apply.")
    if changes:
        run.say("Deploy of bundle completed.")


def apply_bundle(run, state, model, bundle, beside):
    """A bundle is reconciled: what is there stays, what it says and is not there is added, units included."""
    changes = []
    for name, saas in (bundle.get("saas") or {}).items():
        if name not in model["saas"]:
            relations.consume_offer(run, state, model, saas["url"], name)
            changes.append("consume offer %s at %s" % (name, saas["url"]))
    for name, said in (bundle.get("applications") or bundle.get("services")).items():
        changes += apply_application(run, state, model, name, said or {}, beside)
    named = {*(bundle.get("saas") or {}), *(bundle.get("applications") or bundle.get("services"))}
    for ends in bundle.get("relations") or []:
        for end in ends:
            if end.split(":")[0] not in named:
                raise Fail("the provided bundle has the following errors:\nrelation %s refers to application \"%s\" not defined in this bundle" % (json.dumps(ends), end.split(":")[0]))
        if relations.relate_ends(run, state, model, ends[0], ends[1], again=True):
            changes.append("add relation %s - %s" % tuple(ends))
    return changes


def apply_application(run, state, model, name, said, beside):
    if not NAME.fullmatch(name):
        raise Fail('the provided bundle has the following errors:\ninvalid application name "%s"' % name)
    count, changes = said.get("num_units", said.get("scale", 1 if model["type"] == "caas" else 0)), []
    application = model["applications"].get(name)
    if application and application.get("going"):
        raise Fail('cannot deploy bundle: application "%s" is dying' % name)
    if not application:
        if not said.get("charm"):
            raise Fail('the provided bundle has the following errors:\nempty charm path for application "%s"' % name)
        charm = charms.find(state, said["charm"], beside)
        options = {"--channel": said.get("channel"), "--constraints": said.get("constraints")}
        application = make(model, name, charm, {**options, **({"--trust": True} if said.get("trust") else {})})
        changes += ["upload charm %s" % charm["name"], "deploy application %s" % name]
        if said.get("expose"):
            application["exposed"] = all_open()
    try:
        if set_options(application, said.get("options") or {}) and not changes:
            changes.append("set application options for %s" % name)
    except Fail as error:
        raise Fail("cannot deploy bundle: setting options for %s: %s" % (name, error)) from error
    if said.get("exposed-endpoints"):
        application["exposed"] = said["exposed-endpoints"]
    if not application["is_subordinate"] and len(application["units"]) < count:
        changes.append("add %d unit(s) of %s" % (count - len(application["units"]), name))
        store.add_units(model, name, application, count - len(application["units"]))
    return changes


# ---------------------------------------------------------------- options

def config(run):
    name, pairs = run.plain[0], [word for word in run.plain[1:] if "=" in word]
    if pairs or "--file" in run.options or "--reset" in run.options:
        with store.change() as state:
            application = run.application(run.model(state), name)
            values = {}
            if "--file" in run.options:
                values = charms.plain_yaml(read_file(run.options["--file"])).get(name)
                if values is None:
                    raise Fail('no settings found for "%s"' % name)
            for pair in pairs:
                key, _, value = pair.partition("=")
                values[key] = read_file(value[1:]) if value.startswith("@") else value
            for key in run.options.get("--reset", "").split(","):
                if application["settings"].pop(key, None) is not None:
                    application["revision"] += 1
            set_options(application, values)
        return
    application = run.application(run.model(store.look()), name)
    shown = {key: shown_option(option, application["settings"].get(key)) for key, option in application["options"].items()}
    if len(run.plain) > 1:
        if run.plain[1] not in shown:
            raise Fail('key "%s" not found in "%s" application config or charm settings.' % (run.plain[1], name))
        print(shown[run.plain[1]].get("value", ""))
        return
    trust = {"default": False, "description": "Does this application have access to trusted credentials", "source": "user" if application["trust"] else "default",
             "type": "bool", "value": application["trust"]}
    run.answer({"application": name, "application-config": {"trust": trust}, "charm": application["charm"], "settings": shown})


def shown_option(option, value):
    default = option.get("default")
    source = "user" if value is not None else "default" if default is not None else "unset"
    out = {"description": option.get("description") or "", "source": source, "type": option.get("type", "string")}
    if default is not None:
        out["default"] = default
    if source != "unset":
        out["value"] = default if value is None else value
    return out


# ---------------------------------------------------------------- the end of applications and units

def remove_application(run):
    if not run.plain:
        raise Fail("no application specified", 2)
    if "--no-wait" in run.options and "--force" not in run.options:
        raise Fail("--no-wait without --force not valid")
    if not LEGACY and "--no-prompt" not in run.options:
        raise Fail("remove-application: EOF")
    failed = []
    with store.change() as state:
        model = run.model(state)
        for name in run.plain:
            application = model["applications"].get(name)
            why = None if application else 'application "%s" not found' % name
            offers = [offer for offer, one in model["offers"].items() if one["application"] == name]
            if offers and "--force" not in run.options:
                why = 'cannot destroy application "%s": application is used by %d offer%s' % (name, len(offers), "" if len(offers) == 1 else "s")
            if why:
                failed.append("removing application %s failed: %s" % (name, why) if LEGACY else "ERROR " + why)
                continue
            run.say(("removing application %s" if LEGACY else "will remove application %s") % name)
            for unit in application["units"]:
                run.say("- will remove unit " + unit)
            if "--dry-run" in run.options:
                continue
            store.dying(application, "--force" in run.options, time.time(), "--no-wait" in run.options)
            application["going"]["storage"] = "destroy" if "--destroy-storage" in run.options else "release"
            store.advance(state)
    if failed:
        for line in failed[:-1]:
            run.say(line)
        if LEGACY:
            run.say(failed[-1])
            raise Quiet()
        raise Fail(failed[-1].removeprefix("ERROR "))


class Quiet(Fail):
    """Exit code 1 without an ERROR line."""

    def __init__(self):
        super().__init__("")


def expose(run):
    name = run.plain[0]
    with store.change() as state:
        model = run.model(state)
        application = run.application(model, name)
        if model["type"] == "caas" and not NEWEST and "juju-external-hostname" not in application["settings"]:
            raise Fail('cannot expose a k8s application without a "juju-external-hostname" value set, run\njuju config %s juju-external-hostname=<value>' % name)
        rule = {}
        if "--to-spaces" in run.options:
            rule["expose-to-spaces"] = run.options["--to-spaces"].split(",")
        if "--to-cidrs" in run.options:
            rule["expose-to-cidrs"] = run.options["--to-cidrs"].split(",")
        exposed = dict(application["exposed"] or {})
        for endpoint in run.options.get("--endpoints", "").split(","):
            if endpoint and endpoint not in application["endpoints"]:
                raise Fail('endpoint "%s" not found' % endpoint)
            exposed[endpoint] = rule or all_open()[""]
        application["exposed"] = exposed


def all_open():
    return {"": {"expose-to-cidrs": ["0.0.0.0/0", "::/0"]}}


def unexpose(run):
    with store.change() as state:
        application = run.application(run.model(state), run.plain[0])
        exposed = dict(application["exposed"] or {})
        for endpoint in run.options["--endpoints"].split(",") if "--endpoints" in run.options else list(exposed):
            exposed.pop(endpoint, None)
        application["exposed"] = exposed or None


def only_on(model, kind, command):
    if model["type"] != kind:
        raise Fail('Juju command "%s" %s' % (command, "only supported on k8s container models" if kind == "caas" else "not supported on container models"), 2)


def scale(run):
    name, count = run.plain[0], int(run.plain[1])
    with store.change() as state:
        model = run.model(state)
        only_on(model, "caas", "scale-application")
        application = run.application(model, name)
        resize(model, name, application, count)
    run.say("%s scaled to %d units" % (name, count))


def resize(model, name, application, count):
    staying = [unit for unit in application["units"].values() if not unit.get("dying")]
    for unit in staying[count:]:
        unit["dying"] = time.time()
    if len(staying) < count:
        store.add_units(model, name, application, count - len(staying))


def add_unit(run):
    with store.change() as state:
        model = run.model(state)
        application = run.application(model, run.plain[0])
        store.add_units(model, run.plain[0], application, int(run.options.get("-n", run.options.get("--num-units", 1))))


def remove_unit(run):
    with store.change() as state:
        model = run.model(state)
        if "--num-units" in run.options:
            application = run.application(model, run.plain[0])
            resize(model, run.plain[0], application, max(0, len(application["units"]) - int(run.options["--num-units"])))
            return
        only_on(model, "iaas", "remove-unit UNIT")
        for name in run.plain:
            unit = run.application(model, name.split("/")[0])["units"].get(name)
            if not unit:
                raise Fail('unit "%s" not found' % name)
            unit.setdefault("dying", time.time())


def show_application(run):
    model = run.model(store.look())
    run.answer({name: shapes.show_application(model, run.application(model, name)) for name in run.plain})


def show_unit(run):
    model = run.model(store.look())
    out = {}
    for name in run.plain:
        application = run.application(model, name.split("/")[0])
        if name not in application["units"]:
            raise Fail('unit "%s" not found' % name)
        out[name] = shapes.show_unit(model, name.split("/")[0], application, name)
    run.answer(out)


COMMANDS = {"deploy": deploy, "config": config, "remove-application": remove_application, "expose": expose, "unexpose": unexpose, "scale-application": scale,
            "add-unit": add_unit, "remove-unit": remove_unit, "show-application": show_application, "show-unit": show_unit}
