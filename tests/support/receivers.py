#!/usr/bin/env python3
"""Receivers of `notify` for tests: PagerDuty, a chat, Elasticsearch's _bulk, Alertmanager; as unkind as told.

    receivers.py FOLDER [PORT]

Listens on a free port of 127.0.0.1, or on the one that is given, and writes it to FOLDER/port. Each request becomes a line of FOLDER/requests (path, status, headers, body).
FOLDER/documents has a line for each document that _bulk has taken, over restarts. Where FOLDER/brief is, headers and bodies are left out of FOLDER/requests.
FOLDER/script, where there is one, says how the next requests are answered, a line each, taken off the front; one that begins with a
path (`/_bulk half 429`) is for the next request to that path:

    429 2         that status, with Retry-After: 2      503, 500, 401, 301, 400 …
    cut           the connection is closed in the middle of the answer
    drop          the connection is closed in the middle of the request, of which nothing is taken
    hang          no answer for 20 s
    no            200, and a body that says that it was not taken (Slack's invalid_payload)
    page          200, and a web page, as a login before the receiver gives it
    error         202, and a body that says that it was not taken (of PagerDuty)
    slow          after 0.2 s as always
    items 201 429 400   _bulk: these, item by item
    half 429      _bulk: this status for every second item
    reject 2      OTLP: 200, and so many records were rejected

Otherwise what is well made is taken, and what is not is refused as the real one does. Where that was seen:
 - PagerDuty Events API v2: PagerDuty/api-schema (events-v2): required members, severities, lengths; 202 and 400 with `errors`; change events.
 - Elasticsearch: elasticsearch-specification BulkRequest/BulkResponse; data streams refuse all but `create`; a known _id is a 409 of the item.
 - Alertmanager 0.25, run on Debian 12: 200 and an empty body; 400 for label names and for an alert without labels; 415 for another Content-Type.
 - OTLP/HTTP: opentelemetry-proto's specification and logs.proto: lowerCamelCase, enums as numbers, 64-bit integers as strings; 400, 415; partialSuccess.
 - Slack incoming webhooks: 200 with the body `ok`; errors are text.
"""
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
lock = threading.Lock()
documents = set()
if os.path.exists(f"{folder}/documents"):
    with open(f"{folder}/documents") as known:
        documents.update(known.read().split())
KEY = "0123456789abcdef0123456789abcdef"


def pagerduty(path, body):
    errors = []
    change = path.endswith("/v2/change/enqueue")
    if body.get("routing_key") != KEY:
        return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": ["Invalid routing key"]}
    known = {"routing_key", "payload", "links"} if change else {
        "routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"}
    errors += [f"unknown member {name}" for name in body if name not in known]
    if not change and body.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        errors.append("event_action must be trigger, acknowledge or resolve")
    if len(body.get("dedup_key", "")) > 255:
        errors.append("dedup_key is too long")
    if change or body.get("event_action") == "trigger":
        payload = body.get("payload", {})
        for name in ("summary", "source"):
            if not payload.get(name):
                errors.append(f"payload.{name} is missing or blank")
        if len(payload.get("summary", "")) > 1024:
            errors.append("payload.summary is too long")
        if not change and payload.get("severity") not in ("critical", "error", "warning", "info"):
            errors.append("payload.severity is invalid")
    if len(json.dumps(body)) > 512000:
        return 413, {"status": "too large"}
    if errors:
        return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return 202, {"status": "success", "message": "Event processed", "dedup_key": body.get("dedup_key")}


def bulk(text, statuses):
    if not text.endswith("\n"):
        return 400, {"error": {"type": "illegal_argument_exception", "reason": "The bulk request must be terminated by a newline [\\n]"}}
    lines = text.split("\n")[:-1]
    items, fresh = [], []
    for action, source in zip(lines[::2], lines[1::2]):
        action, source = json.loads(action), json.loads(source)
        [(verb, what)] = action.items()
        status, error = 201, None
        if verb != "create":
            status, error = 400, {"type": "illegal_argument_exception", "reason": "only write ops with an op_type of create are allowed in data streams"}
        elif not re.fullmatch(r"logs-[a-z0-9_.]+-[a-z0-9_.]+", what["_index"]) or "@timestamp" not in source:
            status, error = 400, {"type": "document_parsing_exception", "reason": "data stream timestamp field [@timestamp] is missing"}
        elif statuses:
            status = int(statuses.pop(0))
            if status == 429:
                error = {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
            elif status >= 400:
                error = {"type": "document_parsing_exception", "reason": "failed to parse"}
        if status == 201:
            if what["_id"] in documents:
                status, error = 409, {"type": "version_conflict_engine_exception", "reason": "document already exists"}
            else:
                documents.add(what["_id"])
                fresh.append(what["_id"])
        item = {"_index": what["_index"], "_id": what["_id"], "status": status}
        if error:
            item["error"] = error
        items.append({verb: item})
    with open(f"{folder}/documents", "a") as out:
        out.writelines(f"{one}\n" for one in fresh)
    return 200, {"took": 1, "errors": any("error" in next(iter(i.values())) for i in items), "items": items}


def alerts(body):
    if not isinstance(body, list):
        return 400, {"code": 602, "message": "parsing alerts body from \"\" failed"}
    for alert in body:
        labels = alert.get("labels", {})
        if not labels:
            return 400, "at least one label pair required"
        for name in list(labels) + list(alert.get("annotations", {})):
            if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name):
                return 400, f"invalid label set: invalid name \"{name}\""
        if alert.get("endsAt") and alert["endsAt"] < alert.get("startsAt", ""):
            return 400, "start time must be before end time"
    return 200, ""


def otlp(body, headers):
    """ExportLogsServiceRequest in the JSON of protobuf; answers as the specification says."""
    errors = []

    def members(what, value, known):
        errors.extend(f"{what}: unknown field {name}" for name in value if name not in known)

    def attributes(items):
        for item in items:
            [(kind, value)] = item["value"].items()
            good = {"stringValue": str, "boolValue": bool, "doubleValue": (int, float), "intValue": str}.get(kind)
            if not item["key"] or good is None or not isinstance(value, good) or (kind == "intValue" and not re.fullmatch("-?[0-9]+", value)):
                errors.append(f"attribute {item}")
        if len({item["key"] for item in items}) != len(items):
            errors.append("an attribute is there twice")

    if headers.get("Content-Type") != "application/json":
        return 415, {"code": 3, "message": "unsupported media type"}
    members("request", body, {"resourceLogs"})
    for resource in body.get("resourceLogs", []):
        members("resourceLogs", resource, {"resource", "scopeLogs", "schemaUrl"})
        attributes(resource["resource"].get("attributes", []))
        if "service.name" not in [a["key"] for a in resource["resource"].get("attributes", [])]:
            errors.append("no service.name")
        for scope in resource["scopeLogs"]:
            members("scopeLogs", scope, {"scope", "logRecords", "schemaUrl"})
            for record in scope["logRecords"]:
                members("logRecord", record, {"timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes",
                                              "droppedAttributesCount", "flags", "traceId", "spanId", "eventName"})
                for name in ("timeUnixNano", "observedTimeUnixNano"):
                    if not isinstance(record.get(name), str) or not re.fullmatch("[1-9][0-9]{17,18}", record[name]):
                        errors.append(f"{name} is no string of nanoseconds")
                if not isinstance(record.get("severityNumber"), int) or not 1 <= record["severityNumber"] <= 24:
                    errors.append("severityNumber is no number from 1 to 24")
                attributes(record.get("attributes", []))
    if errors:
        return 400, {"code": 3, "message": "; ".join(errors)[:500]}
    return 200, {"partialSuccess": {}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        with lock:
            told = self.told()
        length = int(self.headers.get("Content-Length", 0))
        if told[:1] == ["drop"]:
            self.rfile.read(length // 2)
            self.close_connection = True
            return
        body = self.rfile.read(length).decode()
        with lock:
            status, answer, extra = self.judge(body, told)
            line = {"path": self.path, "status": status, "time": time.time()}
            if not os.path.exists(f"{folder}/brief"):
                line |= {"headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
            with open(f"{folder}/requests", "a") as out:
                out.write(json.dumps(line) + "\n")
        if told[:1] in (["hang"], ["slow"]):
            time.sleep(20 if told[0] == "hang" else 0.2)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(text.encode()) + (100 if told[:1] == ["cut"] else 0)))
        self.end_headers()
        self.wfile.write(text.encode())
        if told[:1] == ["cut"]:
            self.close_connection = True

    def told(self):
        try:
            with open(f"{folder}/script") as script:
                lines = script.read().splitlines()
        except OSError:
            return []
        for i, line in enumerate(lines):
            words = line.split()
            if words and words[0].startswith("/") and words.pop(0) != self.path:
                continue
            with open(f"{folder}/script", "w") as script:
                script.write("".join(f"{other}\n" for other in lines[:i] + lines[i + 1:]))
            return words
        return []

    def judge(self, text, told):
        if told and told[0].isdigit():
            extra = {"Retry-After": told[1]} if len(told) > 1 else {}
            if told[0].startswith("3"):
                extra = {"Location": "http://127.0.0.1:1/"}
            return int(told[0]), {"message": f"told to say {told[0]}"}, extra
        if told[:1] == ["page"]:
            return 200, "<!DOCTYPE html>\n<html><body>Log in</body></html>", {}
        if told[:1] == ["error"]:
            return 202, {"status": "error"}, {}
        if told[:1] == ["no"]:
            return 200, "invalid_payload", {}
        if self.path.endswith("/_bulk"):
            statuses = told[1:] if told[:1] == ["items"] else []
            if told[:1] == ["half"]:
                statuses = ["201", told[1]] * (text.count("\n") // 4 + 1)
            return *bulk(text, statuses), {}
        if self.path.startswith("/hooks/"):
            if "secret" not in self.path:
                return 404, "no_service", {}
            return 200, "ok", {}
        try:
            body = json.loads(text)
        except ValueError:
            return 400, {"message": "no JSON"}, {}
        if self.path.endswith("/v1/logs"):
            if told[:1] == ["reject"]:
                return 200, {"partialSuccess": {"rejectedLogRecords": told[1], "errorMessage": "too old"}}, {}
            return *otlp(body, self.headers), {}
        if self.path.endswith("/enqueue"):
            return *pagerduty(self.path[self.path.index("/v2/"):], body), {}
        if self.path.endswith("/api/v2/alerts"):
            if self.headers.get("Content-Type") != "application/json":
                return 415, {"code": 415, "message": "unsupported media type"}, {}
            return *alerts(body), {}
        return 202, "", {}

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
with open(f"{folder}/port.new", "w") as out:
    out.write(str(server.server_address[1]))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
