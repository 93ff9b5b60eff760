"""GitLab, below /api/v4.

Where its behaviour was seen (gitlabhq/gitlabhq, of several years to 2026; not on a running server):
  a merge request, its versions, reviewers, notes          lib/api/entities/{merge_request_basic,merge_request,merge_request_diff,
                                                           merge_request_reviewer,note}.rb; `resolved` only of what can be resolved
  approvals: `approved_by` has users with `approved_at` (late; a system note says `approved this merge request` before), no commit; there is
  no number of approvals in the free edition; 401 for one's own and a second one; unapprove of none is 404
                                                           lib/api/entities/{merge_request_approvals,approvals}.rb, lib/api/merge_request_approvals.rb,
                                                           app/services/merge_requests/approval_service.rb, client-go!2844
  statuses: 404 `References for commit` where no branch of the project has it and no `ref` is given, as of a fork's head; 409 while another is
  being set; 400 `Cannot transition status` for pending to pending
                                                           app/services/ci/create_commit_status_service.rb, lib/api/entities/commit_status.rb
  opening: 409 for a branch that has one, 422 for what a fork may not   lib/api/helpers/merge_requests_helpers.rb
Of its manual (doc/api) and of complaints:
  merge: 401 may not, 405 cannot be merged (also while `checking`), 406 and 422 conflicts of older and newer servers, 409 for another `sha`
                                                           doc/api/merge_requests.md "Merge a merge request"; gitlab#27595
  a description is a list of words in `message` where something is invalid                                 doc/api/rest "data validation"
  pages: X-Next-Page, empty on the last                    doc/api/rest "pagination"
  the tree of a commit is not told; `tree` lists folders first, then files                                 doc/api/repositories.md
  a fork that is gone: source_project_id is null           lib/api/entities/merge_request_basic.rb
"""
import datetime
import re
import urllib.parse

from forge_stand.server import Answer, FaceBase

LEVEL = {"none": 0, "read": 20, "write": 30, "admin": 40}


class Face(FaceBase):
    per_page, most_per_page, size_word = 20, 100, "per_page"
    head_ref = "refs/merge-requests/{}/head"

    def __init__(self, folder):
        super().__init__(folder)
        self.tells_when, self.checking, self.projects = True, 0, {}

    @staticmethod
    def stamp():
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def page_headers(self, request, page, last, size, total):
        return {"X-Page": page, "X-Per-Page": size, "X-Total": total, "X-Next-Page": page + 1 if page < last else "", "X-Total-Pages": last}

    def project_id(self, path):
        return self.projects.setdefault(path, len(self.projects) + 1)

    def answer(self, request):
        me = self.tokens.get(request.headers.get("PRIVATE-TOKEN") or "")
        if not me:
            return Answer(401, {"message": "401 Unauthorized"})
        if not request.path.startswith("/api/v4/"):
            return None
        path = request.path[len("/api/v4"):]
        if path == "/user":
            return Answer(200, self.user(me))
        found = re.fullmatch(r"/groups/([^/]+)/members/all/(\d+)", path)
        if found:
            for login in self.teams.get(urllib.parse.unquote(found[1]), []):
                if self.who(login)["id"] == int(found[2]):
                    return Answer(200, {**self.user(login), "access_level": 30})
            return Answer(404, {"message": "404 Not found"})
        found = re.fullmatch(r"/projects/([^/]+)(.*)", path)
        if not found:
            return None
        repo = urllib.parse.unquote(found[1])
        if repo.isdigit():
            repo = next((name for name, number in self.projects.items() if number == int(repo)), "none")
        if not self.ref(repo, "HEAD"):
            return Answer(404, {"message": "404 Project Not Found"})
        self.project_id(repo)
        for pattern, method, call in self.routes:
            match = re.fullmatch(pattern, found[2])
            if match and request.method == method:
                return call(self, request, me, repo, *map(urllib.parse.unquote, match.groups()))
        return Answer(404, {"error": "404 Not Found"})

    def user(self, login):
        one = self.who(login)
        return {"id": one["id"], "username": one["login"], "name": one["login"].title(), "state": "active"}

    def may(self, me, wanted):
        if LEVEL[self.users[me]["may"]] < LEVEL[wanted]:
            raise Answer(403, {"message": "403 Forbidden"})

    def about(self, request, me, repo):
        return Answer(200, {"id": self.project_id(repo), "path_with_namespace": repo, "default_branch": "main",
                            "permissions": {"project_access": {"access_level": LEVEL[self.users[me]["may"]]}, "group_access": None}})

    def member(self, request, me, repo, number):
        for login, one in self.users.items():
            if one["id"] == int(number) and one["may"] != "none":
                return Answer(200, {**self.user(login), "access_level": LEVEL[one["may"]]})
        return Answer(404, {"message": "404 Not found"})

    def branch(self, request, me, repo, name):
        sha = self.ref(repo, "refs/heads/" + name)
        if not sha:
            return Answer(404, {"message": "404 Branch Not Found"})
        if request.method == "DELETE":
            self.may(me, "write")
            self.git(repo, "update-ref", "-d", "refs/heads/" + name)
            return Answer(204)
        return Answer(200, {"name": name, "commit": {"id": sha}, "protected": False})

    def tree(self, request, me, repo):
        out = []
        for line in self.git(repo, "ls-tree", request.query["ref"]).split("\n"):
            head, name = line.split("\t")
            mode, kind, sha = head.split()
            out.append({"id": sha, "name": name, "type": kind, "path": name, "mode": mode})
        return self.paged(request, sorted(out, key=lambda one: (one["type"] != "tree", one["name"])))

    # --- merge requests

    def shown(self, pull, whole=False):
        state = "merged" if pull["merged"] else {"open": "opened"}.get(pull["state"], pull["state"])
        out = {"id": pull["id"], "iid": pull["number"], "project_id": self.project_id(pull["repo"]), "title": pull["title"],
               "description": pull["body"], "state": state, "created_at": pull["created_at"], "updated_at": pull["updated_at"],
               "target_branch": pull["base"], "source_branch": pull["branch"], "author": self.user(pull["user"]), "labels": pull["labels"],
               "draft": pull["draft"], "work_in_progress": pull["draft"], "sha": pull["head"], "merge_commit_sha": pull["merge_commit"],
               "squash_commit_sha": None, "has_conflicts": False, "detailed_merge_status": self.merge_status(pull, whole),
               "source_project_id": self.project_id(pull["head_repo"]) if pull["head_repo"] else None,
               "target_project_id": self.project_id(pull["repo"]), "web_url": f"{self.url}/{pull['repo']}/-/merge_requests/{pull['number']}"}
        if whole:
            out["merge_error"] = None
        return out

    def merge_status(self, pull, whole):
        if self.checking > 0:
            return "checking"
        return "conflict" if whole and pull["state"] == "open" and self.conflicts(pull) else "mergeable"

    def requests_of(self, request, me, repo):
        if request.method == "POST":
            return self.create(request, me, repo)
        query, out = request.query, []
        for pull in self.pulls:
            one = self.shown(pull)
            if pull["repo"] != repo or query.get("state", "all") not in ("all", one["state"]):
                continue
            if all(query.get(key, one[key]) == one[key] for key in ("target_branch", "source_branch")):
                out.append(one)
        return self.paged(request, out if query.get("sort", "desc") == "asc" else out[::-1])

    def create(self, request, me, head_repo):
        said = request.json()
        repo = next((name for name, number in self.projects.items() if number == said.get("target_project_id")), head_repo)
        if not self.ref(head_repo, "refs/heads/" + said["source_branch"]):
            return Answer(400, {"message": {"source_branch": ["does not exist"]}})
        for pull in self.pulls:
            if pull["state"] == "open" and (pull["head_repo"], pull["branch"], pull["base"]) == (head_repo, said["source_branch"], said["target_branch"]):
                return Answer(409, {"message": [f"Another open merge request already exists for this source branch: !{pull['number']}"]})
        return Answer(201, self.shown(self.open_pull(repo, head_repo, said["source_branch"], said["target_branch"], said["title"],
                                                     said.get("description"), me), True))

    def one_request(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "PUT":
            said = request.json()
            if me != pull["user"]:
                self.may(me, "write")
            if said.get("state_event") == "close":
                pull["state"] = "closed"
            pull["body"] = said.get("description", pull["body"])
        return Answer(200, self.shown(pull, True))

    def versions(self, request, me, repo, number):
        return self.paged(request, self.pull(number)["versions"][::-1])

    def list_commits(self, request, me, repo, number):
        pull = self.pull(number)
        return self.paged(request, [{"id": one["sha"], "author_name": one["name"], "author_email": one["email"], "message": one["message"].strip()}
                                    for one in self.commits(repo, self.ref(repo, "refs/heads/" + pull["base"]), pull["head"])][::-1])

    @staticmethod
    def approvers(pull):
        out = {}
        for one in pull["reviews"]:
            if one["state"] in ("APPROVED", "DISMISSED"):
                out.pop(one["login"], None)
                if one["state"] == "APPROVED":
                    out[one["login"]] = one["at"]
        return out

    def approvals(self, request, me, repo, number):
        pull = self.pull(number)
        return Answer(200, {"user_has_approved": me in self.approvers(pull), "user_can_approve": me != pull["user"], "approved": bool(self.approvers(pull)), "approved_by": [
            {"user": self.user(login), **({"approved_at": at} if self.tells_when else {})} for login, at in self.approvers(pull).items()]})

    def reviewers(self, request, me, repo, number):
        pull, out = self.pull(number), {}
        for login in pull["requested"]:
            out[login] = "unreviewed"
        for one in pull["reviews"]:
            out[one["login"]] = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested_changes"}.get(one["state"], "reviewed")
        return Answer(200, [{"user": self.user(login), "state": state, "created_at": self.stamp()} for login, state in out.items()])

    def approve(self, request, me, repo, number):
        pull, said = self.pull(number), request.json()
        if me == pull["user"] or me in self.approvers(pull):
            return Answer(401, {"message": "401 Unauthorized"})
        if said.get("sha") and said["sha"] != pull["head"]:
            return Answer(409, {"message": f"SHA does not match HEAD of source branch: {pull['head']}"})
        pull["reviews"].append({"id": self.new_id(), "login": me, "state": "APPROVED", "commit": pull["head"], "body": "", "at": self.stamp()})
        return Answer(201, {})

    def unapprove(self, request, me, repo, number):
        if me not in self.approvers(self.pull(number)):
            return Answer(404, {"message": "404 Not Found"})
        for one in self.pull(number)["reviews"]:
            if one["login"] == me and one["state"] == "APPROVED":
                one.update(state="DISMISSED", dismissed_at=self.stamp())
        return Answer(201, {})

    # --- what is said of them

    def written(self, login, body, at, system=False, resolvable=False, resolved=False):
        return {"id": self.new_id(), "body": body, "author": self.user(login), "created_at": at, "system": system,
                "resolvable": resolvable, **({"resolved": resolved} if resolvable else {})}

    def discussions(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "POST":
            one = {"id": f"d{self.new_id()}", "login": me, "body": request.json()["body"], "at": self.stamp(), "resolved": False}
            pull.setdefault("said", []).append(one)
            return Answer(201, {"id": one["id"]})
        out = []
        for one in pull["reviews"]:
            if one["state"] in ("APPROVED", "DISMISSED"):
                out.append({"id": f"s{one['id']}", "individual_note": True, "notes": [self.written(one["login"], "approved this merge request", one["at"], True)]})
            if one["state"] == "DISMISSED":
                out.append({"id": f"t{one['id']}", "individual_note": True,
                            "notes": [self.written(one["login"], "unapproved this merge request", one["dismissed_at"], True)]})
        for one in pull.get("said", []):
            out.append({"id": one["id"], "individual_note": False, "notes": [self.written(one["login"], one["body"], one["at"], False, True, one["resolved"])]})
        for number_of, done in enumerate(pull["threads"]):
            out.append({"id": f"x{number_of}", "individual_note": False, "notes": [self.written(pull["user"], "x", pull["created_at"], False, True, done)]})
        return self.paged(request, out)

    def resolve(self, request, me, repo, number, which):
        for one in self.pull(number).get("said", []):
            if one["id"] == which:
                one["resolved"] = request.json()["resolved"]
                return Answer(200, {"id": which})
        return Answer(404, {"message": "404 Discussion Not Found"})

    def notes(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "POST":
            one = {"id": self.new_id(), "author": self.user(me), "body": request.json()["body"], "created_at": self.stamp(), "system": False}
            pull["comments"].append(one)
            return Answer(201, one)
        return self.paged(request, pull["comments"][::-1])

    def one_note(self, request, me, repo, number, which):
        comments = self.pull(number)["comments"]
        for one in comments:
            if one["id"] != int(which):
                continue
            if one["author"]["username"] != me:
                return Answer(403, {"message": "403 Forbidden"})
            if request.method == "DELETE":
                comments.remove(one)
                return Answer(204)
            one["body"] = request.json()["body"]
            return Answer(200, one)
        return Answer(404, {"message": "404 Note Not Found"})

    def merge_request(self, request, me, repo, number):
        pull, said = self.pull(number), request.json()
        if LEVEL[self.users[me]["may"]] < LEVEL["write"]:
            return Answer(401, {"message": "401 Unauthorized"})
        if self.checking > 0:
            self.checking -= 1
            return Answer(405, {"message": "405 Method Not Allowed"})
        if pull["state"] != "open" or pull["draft"] or self.protected.get(pull["base"]):
            return Answer(405, {"message": "405 Method Not Allowed"})
        if said.get("sha") and said["sha"] != pull["head"]:
            return Answer(409, {"message": f"SHA does not match HEAD of source branch: {pull['head']}"})
        if not self.merge(repo, pull, "squash" if said.get("squash") else "merge", f"Merge branch '{pull['branch']}' into '{pull['base']}'"):
            return Answer(422, {"message": "Branch cannot be merged"})
        return Answer(200, self.shown(pull, True))

    def list_statuses(self, request, me, repo, sha):
        return self.paged(request, [{"id": one["id"], "sha": sha, "name": one["context"], "status": one["state"], "description": one["description"],
                                     "target_url": one["target_url"], "allow_failure": False} for one in self.statuses.get(sha, [])])

    def create_status(self, request, me, repo, sha):
        self.may(me, "write")
        said = request.json()
        if not self.ref(repo, sha):
            return Answer(404, {"message": "404 Commit Not Found"})
        if not said.get("ref") and not self.git(repo, "for-each-ref", "--contains", sha, "refs/heads"):
            return Answer(404, {"message": "404 References for commit Not Found"})
        if said["state"] not in ("pending", "running", "success", "failed", "canceled"):
            return Answer(400, {"error": "state does not have a valid value"})
        before = [one for one in self.statuses.get(sha, []) if one["context"] == said["name"]]
        if before and before[-1]["state"] == said["state"] == "pending":
            return Answer(400, {"message": "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")"})
        one = {"id": self.new_id(), "state": said["state"], "context": said["name"], "description": said.get("description"), "target_url": None}
        self.statuses.setdefault(sha, []).append(one)
        return Answer(201, {"id": one["id"], "status": one["state"], "name": one["context"]})

    routes = [
        ("", "GET", about),
        (r"/members/all/(\d+)", "GET", member),
        (r"/repository/branches/([^/]+)", "GET", branch),
        (r"/repository/branches/([^/]+)", "DELETE", branch),
        (r"/repository/tree", "GET", tree),
        (r"/merge_requests", "GET", requests_of),
        (r"/merge_requests", "POST", requests_of),
        (r"/merge_requests/(\d+)", "GET", one_request),
        (r"/merge_requests/(\d+)", "PUT", one_request),
        (r"/merge_requests/(\d+)/versions", "GET", versions),
        (r"/merge_requests/(\d+)/commits", "GET", list_commits),
        (r"/merge_requests/(\d+)/approvals", "GET", approvals),
        (r"/merge_requests/(\d+)/reviewers", "GET", reviewers),
        (r"/merge_requests/(\d+)/approve", "POST", approve),
        (r"/merge_requests/(\d+)/unapprove", "POST", unapprove),
        (r"/merge_requests/(\d+)/discussions", "GET", discussions),
        (r"/merge_requests/(\d+)/discussions", "POST", discussions),
        (r"/merge_requests/(\d+)/discussions/([^/]+)", "PUT", resolve),
        (r"/merge_requests/(\d+)/notes", "GET", notes),
        (r"/merge_requests/(\d+)/notes", "POST", notes),
        (r"/merge_requests/(\d+)/notes/(\d+)", "PUT", one_note),
        (r"/merge_requests/(\d+)/notes/(\d+)", "DELETE", one_note),
        (r"/merge_requests/(\d+)/merge", "PUT", merge_request),
        (r"/repository/commits/([0-9a-f]{40})/statuses", "GET", list_statuses),
        (r"/statuses/([0-9a-f]{40})", "POST", create_status),
    ]
