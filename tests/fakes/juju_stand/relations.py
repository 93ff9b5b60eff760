"""Relations in a model and between models: offers, who consumes them, and what is suspended."""
import time

from . import store
from .store import Fail


def end_of(model, text):
    """The endpoints that `APP[:EP]` may mean: [(application, endpoint, interface, role, remote)]."""
    name, _, wanted = text.partition(":")
    if name in model["applications"]:
        application = model["applications"][name]
        ends = {**application["endpoints"], "juju-info": "juju-info"} if wanted == "juju-info" or not wanted else application["endpoints"]
        found = [(name, end, interface, "provider" if end in application["provides"] or end == "juju-info" else "requirer", None) for end, interface in ends.items()]
    elif name in model["saas"]:
        saas = model["saas"][name]
        found = [(name, end, one["interface"], one["role"], saas) for end, one in saas["endpoints"].items()]
    else:
        raise Fail('application "%s" not found' % name)
    found = [one for one in found if wanted in ("", one[1])]
    if not found:
        raise Fail('application "%s" has no "%s" relation' % (name, wanted))
    return found


def pair_of(model, left, right):
    fits = [(a, b) for a in end_of(model, left) for b in end_of(model, right) if a[2] == b[2] and a[3] != b[3]]
    explicit = [one for one in fits if "juju-info" not in (one[0][1], one[1][1])] or fits
    if not explicit:
        raise Fail("no relations found")
    if len(explicit) > 1:
        raise Fail('ambiguous relation: "%s %s" could refer to %s' % (left, right, "; ".join('"%s:%s %s:%s"' % (a[0], a[1], b[0], b[1]) for a, b in explicit)))
    return explicit[0]


def same(relation, a, b):
    ends = [(end["application"], end["endpoint"]) for end in relation["ends"]]
    return sorted(ends) == sorted([(a[0], a[1]), (b[0], b[1])])


def spell(relation):
    return " ".join("%s:%s" % (end["application"], end["endpoint"]) for end in relation["ends"])


def add(model, a, b, interface, **more):
    relation = {"id": model["next_relation"], "ends": [{"application": a[0], "endpoint": a[1]}, {"application": b[0], "endpoint": b[1]}], "interface": interface,
                "status": "joined", "since": time.time(), "key": store.random_id(), **more}
    model["next_relation"] += 1
    model["relations"].append(relation)
    return relation


def relate_ends(run, state, model, left, right, again=False):
    a, b = pair_of(model, left, right)
    if any(same(relation, a, b) for relation in model["relations"]):
        if again:
            return False
        raise Fail('cannot add relation "%s:%s %s:%s": relation %s:%s %s:%s already exists (already exists)' % (a[:2] + b[:2] + a[:2] + b[:2]))
    remote = a[4] or b[4]
    if remote:
        relate_offer(state, model, a, b, remote)
        return True
    add(model, a, b, a[2], scope="container" if a[2] == "juju-info" or b[2] == "juju-info" else "global")
    for one, other in ((a, b), (b, a)):
        application = model["applications"][one[0]]
        if application["is_subordinate"]:
            application["subordinate_to"] = sorted(set(application["subordinate_to"]) | {other[0]})
            for unit_name in model["applications"][other[0]]["units"]:
                number = application["next_unit"]
                application["next_unit"] += 1
                application["units"]["%s/%d" % (one[0], number)] = {"since": time.time(), "leader": number == 0, "number": number, "principal": unit_name}
    return True


def relate_offer(state, model, a, b, remote):
    """Both halves: one in the model that consumes, one in the model that offers, each with its own number."""
    offering = state["models"].get(remote["model"])
    if not offering or remote["offer"] not in offering["offers"]:
        raise Fail('offer "%s" not found' % remote["url"])
    local_end, far_end = (b, a) if a[4] else (a, b)
    offer = offering["offers"][remote["offer"]]
    far = add(offering, (offer["application"], far_end[1]), ("remote-" + store.random_id(8), local_end[1]), far_end[2], offer=remote["offer"], other_model=model["uuid"],
              user=model["owner"])
    near = add(model, a, b, a[2], other_model=offering["uuid"])
    near["key"] = far["key"]


def relate(run):
    with store.change() as state:
        relate_ends(run, state, run.model(state), *run.plain[:2])


def remove_relation(run):
    with store.change() as state:
        model = run.model(state)
        if len(run.plain) == 1 and run.plain[0].isdigit():
            found = [one for one in model["relations"] if one["id"] == int(run.plain[0])]
            if not found:
                raise Fail("relation %s not found" % run.plain[0])
        else:
            a, b = pair_of(model, *run.plain[:2])
            found = [one for one in model["relations"] if same(one, a, b)]
            if not found:
                raise Fail('relation "%s:%s %s:%s" not found (not found)' % (a[:2] + b[:2]))
        leave(model, found[0])
        store.remove_relation(state, model, found[0])


def leave(model, relation):
    """Subordinates go with the relation that brought them."""
    names = [end["application"] for end in relation["ends"]]
    for name in names:
        application = model["applications"].get(name)
        if application and application["is_subordinate"]:
            application["subordinate_to"] = [one for one in application["subordinate_to"] if one not in names]
            application["units"] = {unit: one for unit, one in application["units"].items() if one.get("principal", "").split("/")[0] not in names}


# ---------------------------------------------------------------- offers

def offer(run):
    where, _, ends = run.plain[0].rpartition(":")
    model_name, _, name = where.rpartition(".")
    with store.change() as state:
        model = run.model(state, model_name or run.options.get("-m", ""))
        application = run.application(model, name)
        offered = {}
        for end in ends.split(","):
            if end not in application["endpoints"]:
                raise Fail('application "%s" has no "%s" relation' % (name, end))
            offered[end] = {"interface": application["endpoints"][end], "role": "provider" if end in application["provides"] else "requirer"}
        offer_name = run.plain[1] if len(run.plain) > 1 else name
        model["offers"][offer_name] = {"application": name, "endpoints": offered}
    run.say('Application "%s" endpoints [%s] available at "%s/%s.%s"' % (name, ends, model["owner"], model["name"], offer_name))


def find_offer(state, url):
    controller, _, rest = url.rpartition(":")
    where, _, name = rest.rpartition(".")
    if controller and controller != state["controller"]["name"]:
        raise Fail("controller %s not found" % controller)
    for model in state["models"].values():
        if where in (model["owner"] + "/" + model["name"], model["name"]) and name in model["offers"]:
            return model, name
    raise Fail('application offer "%s" not found' % url)


def consume_offer(run, state, model, url, name):
    offering, offer_name = find_offer(state, url)
    known = model["saas"].get(name)
    if known and known["url"] != url:
        raise Fail('saas application called "%s" from a different offer already exists' % name)
    if name in model["applications"]:
        raise Fail('saas application "%s": application already exists' % name)
    model["saas"][name] = {"url": "%s/%s.%s" % (offering["owner"], offering["name"], offer_name), "model": offering["uuid"], "offer": offer_name,
                           "endpoints": offering["offers"][offer_name]["endpoints"], "since": time.time()}


def consume(run):
    with store.change() as state:
        name = run.plain[1] if len(run.plain) > 1 else find_offer(state, run.plain[0])[1]
        consume_offer(run, state, run.model(state), run.plain[0], name)
    run.say("Added %s as %s" % (run.plain[0], name))


def remove_saas(run):
    with store.change() as state:
        model = run.model(state)
        for name in run.plain:
            if name not in model["saas"]:
                raise Fail('saas application "%s" not found' % name)
            for relation in [one for one in model["relations"] if any(end["application"] == name for end in one["ends"])]:
                store.remove_relation(state, model, relation)
            del model["saas"][name]


def remove_offer(run):
    with store.change() as state:
        for url in run.plain:
            model, name = find_offer(state, url)
            used = [one for one in model["relations"] if one.get("offer") == name]
            if used and "--force" not in run.options:
                raise Fail('cannot delete application offer "%s": offer has %d relation%s' % (name, len(used), "" if len(used) == 1 else "s"))
            for relation in used:
                store.remove_relation(state, model, relation)
            del model["offers"][name]


# ---------------------------------------------------------------- suspended

def turn(run):
    """Only on the side that offers; already as wanted is no error. All numbers are looked at before one is changed."""
    to = "suspended" if run.command == "suspend-relation" else "joined"
    with store.change() as state:
        model = run.model(state)
        for number in run.plain:
            if not number.isdigit():
                raise Fail('relation ID "%s" not valid' % number, 2)
            found = [one for one in model["relations"] if one["id"] == int(number)]
            if not found:
                raise Fail("relation %s not found" % number)
            if not found[0].get("offer"):
                raise Fail('cannot set suspend status for "%s" which is not associated with an offer' % spell(found[0]))
        for relation in model["relations"]:
            if str(relation["id"]) not in run.plain:
                continue
            now = relation.get("turn", {}).get("to") or relation["status"]
            if now == to:
                continue
            relation["status"] = "suspending" if to == "suspended" else "joining"
            relation["turn"] = {"to": to, "at": time.time()}
            relation["message"] = run.options.get("--message", "") if to == "suspended" else ""


COMMANDS = {"add-relation": relate, "relate": relate, "integrate": relate, "remove-relation": remove_relation, "offer": offer, "consume": consume,
            "remove-saas": remove_saas, "remove-offer": remove_offer, "suspend-relation": turn, "resume-relation": turn}
