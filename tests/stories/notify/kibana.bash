#!/usr/bin/env bash
# What examples/kibana brings fits what `notify` sends: each field that its objects name is in the template and in a document, and every
# reference is to an object that comes with it.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() { receivers_stop; }
begin
receivers_start
printf '\n[elastic]\nurl = "http://127.0.0.1:%s"\nnamespace = "production"\n' "$receivers_port" >>cdctl.toml
objects=$source_dir/examples/kibana/cdctl.ndjson
expect_exit 0 cdctl elastic template </dev/null
mv out template.json

# ---------------------------------------------------------------- documents of what its columns are about

{
  outcome deploy 1
  outcome break 1
  outcome reap 2 '{"ok": false, "exit": 5, "error": "it is the last one"}'
  jq -cn --arg time "$(date -u +%FT%T.%3NZ)" '{schema: "cdctl.signal/1", id: "s-1", set: "thumbs-r0000000001", service: "thumbs", revision: "r0000000001",
    unit: "0", severity: "critical", signal: "oops", key: "thumbs/oops", message: "every third job fails", time: $time, received: $time}'
} >records.ndjson
expect_exit 0 cdctl notify elastic <records.ndjson
jq -r 'select(.path == "/_bulk") | .body' receivers/requests | jq -c 'select(has("@timestamp"))' >documents.ndjson
expect_same documents "$(wc -l <documents.ndjson)" 4

python3 - "$objects" template.json documents.ndjson <<'END' || fail "$objects does not fit"
import fnmatch
import json
import re
import sys

objects = [json.loads(line) for line in open(sys.argv[1])]
template = json.load(open(sys.argv[2]))
documents = [json.loads(line) for line in open(sys.argv[3])]
wrong = []


def fields_of(properties, prefix=""):
    for name, field in properties.items():
        if "properties" in field:
            yield from fields_of(field["properties"], prefix + name + ".")
        else:
            yield prefix + name, field["type"]


def named_in(document, prefix=""):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from named_in(value, prefix + name + ".")
        yield prefix + name


def query_fields(source):
    return re.findall(r"([@a-z_.]+)\s*:", json.loads(source)["query"]["query"])


def uses(one):
    """The fields that an object names, and whether it sorts or groups by each."""
    attributes = one["attributes"]
    for column in attributes.get("columns", []):
        yield column, False
    for name, _ in attributes.get("sort", []):
        yield name, True
    meta = attributes.get("kibanaSavedObjectMeta")
    if meta:
        for name in query_fields(meta["searchSourceJSON"]):
            yield name, False
    for agg in json.loads(attributes.get("visState", "{}")).get("aggs", []):
        if "field" in agg["params"]:
            yield agg["params"]["field"], True
    if one["type"] == "index-pattern":
        yield attributes["timeFieldName"], True
        for name in json.loads(attributes["fieldFormatMap"]):
            yield name, True


summary = objects.pop()
if summary.get("exportedCount") != len(objects) or summary.get("missingRefCount") != 0:
    wrong.append("the last line does not count the others")
known = dict(fields_of(template["template"]["mappings"]["properties"]))
seen = set()
for document in documents:
    seen.update(named_in(document))
there = {(one["type"], one["id"]) for one in objects}
if len(there) != len(objects):
    wrong.append("two objects have one id")
used = 0
for one in objects:
    where = f'{one["type"]} {one["id"]}'
    for member in ("attributes", "coreMigrationVersion", "id", "references", "type", "typeMigrationVersion"):
        if member not in one:
            wrong.append(f"{where} has no {member}")
    for name, grouped in uses(one):
        used += 1
        if name not in known:
            wrong.append(f"{where} names {name}, which the template does not have")
        elif grouped and known[name] == "text":
            wrong.append(f"{where} groups by {name}, which is a text")
        if name not in seen:
            wrong.append(f"{where} names {name}, which no document has")
    references = {reference["name"]: reference for reference in one["references"]}
    for reference in references.values():
        if (reference["type"], reference["id"]) not in there:
            wrong.append(f'{where} refers to {reference["type"]} {reference["id"]}, which is not in the file')
    text = json.dumps(one["attributes"])
    for name in re.findall(r'indexRefName\\+": *\\+"([^"\\]+)', text):
        if name not in references:
            wrong.append(f"{where} has no reference {name}")
    for panel in json.loads(one["attributes"].get("panelsJSON", "[]")):
        name = f'{panel["panelIndex"]}:{panel["panelRefName"]}'
        if name not in references or references[name]["type"] != panel["type"]:
            wrong.append(f"{where} has no reference {name}")
    if one["type"] == "index-pattern":
        title = one["attributes"]["title"]
        for document in documents:
            stream = "logs-{dataset}-{namespace}".format(**document["data_stream"])
            if not fnmatch.fnmatch(stream, title):
                wrong.append(f"{where} does not show {stream}")
            if not any(fnmatch.fnmatch(stream, pattern) for pattern in template["index_patterns"]):
                wrong.append(f"the template is not for {stream}")
if used < 20 or {"dashboard", "search", "visualization", "index-pattern"} - {kind for kind, _ in there}:
    wrong.append(f"only {used} fields are named, by {sorted(there)}")
print("\n".join(wrong), file=sys.stderr)
sys.exit(bool(wrong))
END
