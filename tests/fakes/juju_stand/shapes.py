"""What the state looks like in the answers of juju: field by field as each version has it. Most fields are left out when they are
empty, false or 0 (Go's omitempty)."""
import time

from .store import FULL, LEGACY, NEWEST

LOST = "agent is not communicating with the server"


def some(**fields):
    """Without the empty ones; `_` in a name stands for `-`."""
    return {name.replace("_", "-"): value for name, value in fields.items() if value not in (None, "", False, 0, [], {})}


def stamp(seconds, utc=True):
    return time.strftime("%Y-%m-%d %H:%M:%SZ" if utc else "%d %b %Y %H:%M:%SZ", time.gmtime(seconds))


def info(current, message="", since=0, utc=True, **more):
    return {"current": current, **some(message=message, since=stamp(since, utc) if since else "", **more)}


def platform(application, model):
    if LEGACY:
        series = "kubernetes" if model["type"] == "caas" else "jammy"
        return {"series": series, "os": "kubernetes" if model["type"] == "caas" else "ubuntu"}
    return {"base": {"name": "ubuntu", "channel": application.get("channel_of_base", "22.04")}}


def life(going, dead=False):
    if dead:
        return "dead"
    return "dying" if going else "alive" if NEWEST else ""


# ---------------------------------------------------------------- controllers and models

def controllers(state, count):
    own = state["controller"]
    return {"controllers": {own["name"]: {"user": own["user"], "access": "superuser", "recent-server": "10.7.0.2:17070", "uuid": own["uuid"],
                                          "api-endpoints": ["10.7.0.2:17070"], "ca-cert": "-----BEGIN CERTIFICATE-----\n", "cloud": own["cloud"],
                                          **some(region=own["region"], model_count=count, agent_version=FULL)}},
            "current-controller": own["name"]}


def model_status(model, utc=True, humanised=False):
    current = "destroying" if model.get("going") else "available"
    if humanised:
        return {"current": current, "since": "just now"}
    return info(current, "attempt 1 to destroy model" if model.get("going") else "", model["since"], utc)


def model(state, it, shown=False):
    own, owner = state["controller"], it["owner"]
    out = {"name": owner + "/" + it["name"], "short-name": it["name"], "model-uuid": it["uuid"], "model-type": it["type"],
           "controller-uuid": own["uuid"], "controller-name": own["name"], "is-controller": it["name"] == "controller",
           "cloud": it["cloud"], "life": "dying" if it.get("going") else "alive"}
    out.update(some(owner="" if NEWEST else owner, region=own["region"] if it["type"] == "iaas" else "", type=state["clouds"].get(it["cloud"], "lxd")))
    out.update({"status": model_status(it, humanised=True), "agent-version": FULL, "credential": {"name": "shed", "owner": owner, "cloud": it["cloud"]}})
    if not NEWEST:
        out["sla"] = "unsupported"
    if not shown:
        out.update({"access": it.get("access", "admin"), "last-connection": "just now"})
        if not NEWEST:
            out["sla-owner"] = owner
        return out
    out["credential"]["validity-check"] = "valid"
    out["users"] = {owner: {"display-name": owner, "access": "admin", "last-connection": "just now"}}
    if not LEGACY:
        out["supported-features"] = [{"name": "juju", "description": "the version of Juju used by the model", "version": FULL}]
    return out


# ---------------------------------------------------------------- units

def unit_words(it, application):
    """Workload, its message, agent, its message."""
    if it.get("said"):
        return it["said"]
    if it.get("lost"):
        return ["unknown", "agent lost, see 'juju show-status-log'", "lost", LOST]
    if it.get("pid"):
        return ["active", "", "idle", ""]
    if it.get("ended") == "ok" or not application["program"]:
        fresh = time.time() < it["since"] + 0.1
        return ["waiting", "installing agent", "allocating", ""] if fresh else ["active", "", "idle", ""]
    if it.get("ended"):
        return ["error", it["ended"], "idle", ""]
    return ["waiting", "installing agent", "allocating", ""]


def unit(model, application, it, utc, number):
    workload, message, agent, doing = unit_words(it, application)
    out = {"workload-status": info(workload, message, it["since"], utc),
           "juju-status": info(agent, doing, 0 if agent == "allocating" else it["since"], utc, version="" if agent == "allocating" else FULL)}
    out.update(some(leader=it["leader"], machine=it.get("machine")))
    if model["type"] == "caas":
        out.update({"address": "10.1.4.%d" % (number % 250), "provider-id": "pod-%d" % number})
    else:
        out["public-address"] = "10.7.1.%d" % (number % 250)
    return out


def worst(application):
    """The leader's word, else the worst; made before presence is looked at, so lost units still count as active."""
    order = ("error", "blocked", "maintenance", "waiting", "active", "terminated", "unknown")
    words = [["active"] if it.get("lost") else unit_words(it, application) for it in application["units"].values()]
    if not words:
        return "unknown", ""
    best = min(words, key=lambda word: order.index(word[0]) if word[0] in order else 9)
    return best[0], best[1] if len(best) > 1 else ""


def related(model, name):
    """Who an application's endpoints are related to."""
    out = {}
    for relation in model["relations"]:
        for end, other in (relation["ends"], relation["ends"][::-1]):
            if end["application"] == name and end["endpoint"]:
                one = other["application"] if LEGACY else {"related-application": other["application"], "interface": relation["interface"],
                                                           "scope": relation.get("scope", "global")}
                out.setdefault(end["endpoint"], []).append(one)
    return out


def charm_fields(it):
    out = {"charm": it["charm"] if it["origin"] == "charmhub" else "local:%s-%d" % (it["charm"], it["charm_revision"]), "charm-origin": it["origin"],
           "charm-name": it["charm"], "charm-rev": it["charm_revision"]}
    out.update(some(charm_channel=it["channel"] if it["origin"] == "charmhub" else ""))
    return out


def application(model_, name, it, utc):
    word, message = worst(it)
    out = {**charm_fields(it), **platform(it, model_), "exposed": bool(it["exposed"]), "application-status": info(word, message, it["since"], utc)}
    out.update(some(life=life(it.get("going")), relations=related(model_, name), subordinate_to=it["subordinate_to"],
                    endpoint_bindings={"": "alpha", **{end: "alpha" for end in it["endpoints"]}}))
    if model_["type"] == "caas":
        out.update(some(scale=len(it["units"])))
        out.update({"provider-id": "7d2ef1bb-0000-4000-8000-00000000000c", "address": "10.152.183.20"})
    if not it["subordinate_to"]:
        units = {unit_name: unit(model_, it, one, utc, one["number"]) for unit_name, one in it["units"].items()}
        out.update(some(units=units))
    return out


def machine(number, it, lost, utc):
    address = "10.7.1.%d" % (int(number) % 250)
    out = {"juju-status": info("down" if lost else "started", LOST if lost else "", it["since"], utc, version=FULL), "hostname": "juju-c0ffee-" + number,
           "dns-name": address, "ip-addresses": [address], "instance-id": "juju-c0ffee-" + number,
           "machine-status": info("running", "Running", it["since"], utc), "modification-status": info("idle" if NEWEST else "applied", "", it["since"], utc),
           **({"series": "jammy"} if LEGACY else {"base": {"name": "ubuntu", "channel": "22.04"}}),
           "network-interfaces": {"eth0": {"ip-addresses": [address], "mac-address": "00:16:3e:00:00:0" + number[-1], "gateway": "10.7.0.1", "space": "alpha", "is-up": True}},
           "constraints": "arch=amd64", "hardware": "arch=amd64 cores=2 mem=2048M"}
    return out


def with_subordinates(it, applications, utc):
    """Units of subordinates are shown below those of their principals, and nowhere else."""
    shown = {}
    for name, sub in it["applications"].items():
        for unit_name, one in sub["units"].items():
            principal = one.get("principal")
            if principal:
                fields = unit(it, sub, one, utc, one["number"])
                fields.pop("machine", None)
                shown.setdefault(principal, {})[unit_name] = fields
    for fields in applications.values():
        for unit_name, one in fields.get("units", {}).items():
            if unit_name in shown:
                one["subordinates"] = shown[unit_name]


def remote(name, it, model_, utc):
    relations = {}
    for relation in model_["relations"]:
        for end, other in (relation["ends"], relation["ends"][::-1]):
            if end["application"] == name:
                relations.setdefault(end["endpoint"], []).append(other["application"])
    out = {"url": it["url"], "endpoints": it["endpoints"], "application-status": info("active", "", it["since"], utc)}
    out.update(some(life="alive" if NEWEST else "", relations=relations))
    return out


def offer_counts(model_, name, it):
    ends = connections(model_, name)
    out = {"application": it["application"], "charm": charm_url(model_["applications"].get(it["application"])), "endpoints": it["endpoints"]}
    out.update(some(total_connected_count=len(ends), active_connected_count=sum(1 for one in ends if one["status"] == "joined")))
    return out


def status(state, it, utc):
    applications = {name: application(it, name, one, utc) for name, one in it["applications"].items()}
    with_subordinates(it, applications, utc)
    lost = {one["machine"] for app in it["applications"].values() for one in app["units"].values() if one.get("lost") and one.get("machine")}
    head = {"name": it["name"], "type": it["type"], "controller": state["controller"]["name"], "cloud": it["cloud"], "version": FULL,
            "model-status": model_status(it, utc)}
    head.update(some(region=state["controller"]["region"] if it["type"] == "iaas" else "", sla="" if NEWEST else "unsupported"))
    out = {"model": head, "machines": {number: machine(number, one, number in lost, utc) for number, one in it["machines"].items()},
           "applications": applications, "storage": storage(it), "controller": {"timestamp": time.strftime("%H:%M:%SZ", time.gmtime())}}
    if LEGACY:
        out["branches"] = {}
    out.update(some(application_endpoints={name: remote(name, one, it, utc) for name, one in it["saas"].items()},
                    offers={name: offer_counts(it, name, one) for name, one in it["offers"].items()}))
    return out


def storage(it):
    if not it["storage"]:
        return {}
    return {"storage": {disk["id"]: {"kind": "filesystem", "life": "alive", "status": info("attached" if disk.get("owner") else "detached", "", it["since"]),
                                     "persistent": True, **some(attachments=attachments(it, disk))} for disk in it["storage"]}}


def attachments(it, disk):
    owner = it["applications"].get(disk.get("owner"), {"units": {}})
    return {"units": {name: {"life": "alive"} for name in list(owner["units"])[:1]}} if owner["units"] else {}


# ---------------------------------------------------------------- offers, applications, units

def charm_url(it):
    if not it:
        return ""
    return "ch:amd64/%s-%d" % (it["charm"], it["charm_revision"]) if it["origin"] == "charmhub" else "local:%s-%d" % (it["charm"], it["charm_revision"])


def connections(model_, name):
    return [relation for relation in model_["relations"] if relation.get("offer") == name]


def connection(relation):
    return {"source-model-uuid": relation["other_model"], "username": relation["user"], "relation-id": relation["id"], "endpoint": relation["ends"][0]["endpoint"],
            "status": {"current": relation["status"], **some(message=relation.get("message")), "since": "just now"}, "ingress-subnets": ["10.7.1.10/32"]}


def offers(state, it):
    out = {}
    for name, one in it["offers"].items():
        ends = connections(it, name)
        out[name] = {"application": one["application"], "store": state["controller"]["name"], "charm": charm_url(it["applications"].get(one["application"])),
                     "offer-url": "%s/%s.%s" % (it["owner"], it["name"], name), "endpoints": one["endpoints"],
                     **({} if state["settings"].get("no_connections") else some(connections=[connection(end) for end in ends])),
                     "users": {it["owner"]: {"display-name": it["owner"], "access": "admin"}, "everyone@external": {"access": "read"}}}
    return out


def show_application(it, one):
    out = {"charm": one["charm"], "constraints": {"arch": "amd64"}, "principal": not one["subordinate_to"], "exposed": bool(one["exposed"]), "remote": False,
           "life": "dying" if one.get("going") else "alive", "endpoint-bindings": {"": "alpha", **{end: "alpha" for end in one["endpoints"]}}}
    out.update({"series": "jammy"} if LEGACY else {"base": "ubuntu@22.04"})
    out.update(some(channel=one["channel"] if one["origin"] == "charmhub" else "", exposed_endpoints=one["exposed"] or {}))
    return out


def show_unit(it, application_name, one, name):
    unit_it, relations = one["units"][name], []
    for relation in it["relations"]:
        for end, other in (relation["ends"], relation["ends"][::-1]):
            if end["application"] != application_name:
                continue
            far = it["applications"].get(other["application"], {"units": {other["application"] + "/0": {}}})["units"]
            relations.append({"relation-id": relation["id"], "endpoint": end["endpoint"], "related-endpoint": other["endpoint"], "application-data": {},
                              "local-unit": {"in-scope": relation["status"] == "joined", "data": None},
                              "related-units": {each: {"in-scope": True, "data": {"ingress-address": "10.7.1.9"}} for each in far}})
    out = {"opened-ports": None, "charm": charm_url(one), "leader": unit_it["leader"], "life": "dying" if unit_it.get("dying") else "alive", "relation-info": relations}
    number = unit_it["number"]
    out.update(some(machine=unit_it.get("machine"), public_address="10.7.1.%d" % number if it["type"] == "iaas" else "",
                    address="10.1.4.%d" % number if it["type"] == "caas" else "", provider_id="pod-%d" % number if it["type"] == "caas" else ""))
    return out
