"""What a test says to the stand-in, by POST of JSON; GET /_/state and /_/requests tell.

/_/user     {"login", "token", "may": "admin|write|read|none", "type": "User|Bot"}
/_/team     {"name": "team/reviewers", "members": ["alice"]}
/_/trouble  {"match": regex of path and query, "method": "GET", "status", "headers", "body", "how": "cut|hang|html", "times": 1, "skip": 0,
             "push": [repo, branch, file, text] = somebody else pushes that right before the call,
             "after": true = the call is done all the same, "alone": true = not beside one of its kind that waits}; {} = no more trouble
/_/open     {"repo", "head_repo", "branch", "base", "title", "body", "user"}: a proposal that somebody made in a browser
/_/pull     {"number", …}: sets members of a proposal (draft, labels, requested, threads)
/_/review   {"number", "login", "state", "commit"}: what somebody said in a browser; commit: the head when it is not given
/_/dismiss  {"number", "login"}
/_/status   {"sha", "context", "state", …}     /_/check  {"sha", "name", "status", "conclusion"}
/_/set      {"page_cap", "notice_after", "protected": {branch: why}}
/_/forget   {"repo": "alice/thumbs"}: a fork is deleted
"""
import os
import shutil

from forge_stand.server import Answer, stamp


def answer(face, request):
    what = request.path[3:]
    if request.method == "GET":
        if what == "state":
            face.refresh()
            return Answer(200, {"pulls": face.pulls, "statuses": face.statuses, "unchanged": face.unchanged})
        if what == "requests":
            seen, face.requests = face.requests, []
            return Answer(200, seen)
        return Answer(404)
    said = request.json()
    return globals()["do_" + what](face, said) or Answer(200, {})


def do_user(face, said):
    face.users[said["login"]] = {"login": said["login"], "id": len(face.users) + 1, "type": said.get("type", "User"), "may": said.get("may", "none")}
    if said.get("token"):
        face.tokens[said["token"]] = said["login"]


def do_team(face, said):
    face.teams[said["name"]] = said["members"]


def do_trouble(face, said):
    if said:
        face.troubles = [one for one in face.troubles if one.get("times", 1) > 0]
        if not (said.pop("alone", False) and any(one["match"] == said["match"] and one.get("method") == said.get("method") for one in face.troubles)):
            face.troubles.append(said)
    else:
        face.troubles = []


def do_open(face, said):
    face.open_pull(said["repo"], said["head_repo"], said["branch"], said["base"], said["title"], said.get("body"), said["user"])


def do_pull(face, said):
    face.pull(said.pop("number")).update(said)


def do_review(face, said):
    face.refresh()
    pull = face.pull(said["number"])
    pull["reviews"].append({"id": face.new_id(), "login": said["login"], "state": said["state"], "commit": said.get("commit", pull["head"]),
                            "body": said.get("body", ""), "at": face.stamp(), **{key: said[key] for key in ("official", "stale") if key in said}})


def do_dismiss(face, said):
    for review in face.pull(said["number"])["reviews"]:
        if review["login"] == said["login"]:
            review.update(state="DISMISSED", dismissed_at=face.stamp())


def do_status(face, said):
    face.statuses.setdefault(said.pop("sha"), []).append({"id": face.new_id(), "created_at": stamp(), "description": "", "target_url": None, **said})


def do_check(face, said):
    face.checks.setdefault(said.pop("sha"), []).append({"id": face.new_id(), **said})


def do_set(face, said):
    for key, value in said.items():
        setattr(face, key, value)


def do_forget(face, said):
    shutil.rmtree(os.path.join(face.folder, said["repo"] + ".git"))
    for pull in face.pulls:
        if pull["head_repo"] == said["repo"]:
            pull["head_repo"] = None
            face.fork_is_gone(pull)
