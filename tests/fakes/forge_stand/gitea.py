"""Gitea, and Forgejo, below /api/v1.

Its calls, their queries and bodies, the members of their answers and the status codes were held to the published OpenAPI of Gitea 1.26.0
(templates/swagger): none is here that is not there, but for the older names of a merge's members, which old servers know alone.

Where its behaviour was seen (go-gitea/gitea, 1.26.0):
  calls, members, statuses                                 modules/structs, routers/api/v1 (swagger comments)
  pages: `limit`, at most MAX_RESPONSE_ITEMS (50); Link and X-Total-Count; no ETags; comments come all at once
                                                           modules/setting/api.go, routers/api/v1/utils, repo/issue_comment.go
  merge: 405 not allowed, WIP, merged already, a style that is off, `Please try again later` while it is checked and for a conflict;
  and again after one that was refused (AddTestPullRequestTask); `mergeable` is false for all of that;
  409 `head out of date`, `merge push out of date`, a hook; 404 closed; 423 archived; 200 without a body
                                                           routers/api/v1/repo/pull.go MergePullRequest
  manually-merged: off until a repository allows it; 409, and `{}`, for a commit that is not on the branch
                                                           services/pull/merge.go MergedManually
  pushed commits are noticed only where the repository says so (AutodetectManualMerge)      services/pull/check.go manuallyMerged
  reviews: stale, official, dismissed; who is gone is Ghost with the id -1; a request is a review of its own
                                                           services/convert/pull_review.go
  a fork that is gone: `repo` of the head is null, its `ref` is refs/pull/N/head            services/convert/pull.go
  and what was open from it is closed                                                       services/repository/repository.go; a real 1.26.0
  permissions of others are told to administrators of the repository alone                  routers/api/v1/repo/collaborators.go
  the tree of a commit, and of itself, has the id of the commit; a page of its entries says `truncated`, and has no Link
                                                           services/convert/git_commit.go, services/repository/files/tree.go; a real 1.26.0
  commits of a pull request come newest first                                               routers/api/v1/repo/pull.go GetPullRequestCommits
"""
import re

from forge_stand.server import Answer, FaceBase, stamp


class Face(FaceBase):
    has_etags = False
    per_page, most_per_page, size_word = 30, 50, "limit"

    def __init__(self, folder):
        super().__init__(folder)
        self.manual_merge, self.archived, self.checking, self.trees_per_page = True, False, 0, 2   # 1000 on a real one

    def notice(self, pull):
        pass  # AutodetectManualMerge is off

    def fork_is_gone(self, pull):
        if pull["state"] == "open":
            pull["state"] = "closed"

    def page_headers(self, request, page, last, size, total):
        return {**super().page_headers(request, page, last, size, total), "X-Total-Count": total}

    def answer(self, request):
        word, _, token = (request.headers.get("Authorization") or "").partition(" ")
        me = self.tokens.get(token)
        if word not in ("token", "Bearer") or not me:
            return Answer(401, {"message": "invalid username, password or token", "url": self.url + "/api/swagger"})
        if not request.path.startswith("/api/v1/"):
            return None
        path = request.path[len("/api/v1"):]
        if path == "/user":
            return Answer(200, self.user(me))
        found = re.fullmatch(r"/orgs/([^/]+)/teams", path)
        if found:
            names = [name for name in self.teams if name.startswith(found[1] + "/")]
            return self.paged(request, [{"id": list(self.teams).index(name) + 1, "name": name.split("/")[1]} for name in names])
        found = re.fullmatch(r"/teams/(\d+)/members/([^/]+)", path)
        if found:
            return Answer(200, self.user(found[2])) if found[2] in list(self.teams.values())[int(found[1]) - 1] else None
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)(.*)", path)
        if not found or not self.ref(found[1], "HEAD"):
            return None
        for pattern, method, call in self.routes:
            match = re.fullmatch(pattern, found[2])
            if match and request.method == method:
                return call(self, request, me, found[1], *match.groups())
        return None

    def user(self, login):
        if login not in self.users:
            return {"id": -1, "login": "Ghost", "login_name": "", "email": ""}
        return {"id": self.users[login]["id"], "login": login, "login_name": "", "email": login + "@noreply.example"}

    def may(self, me, wanted):
        order = ["none", "read", "write", "admin"]
        if order.index(self.users[me]["may"]) < order.index(wanted):
            raise Answer(403, {"message": "user should have a permission to write to a repo"})

    def about(self, request, me, repo):
        may = self.users[me]["may"]
        return Answer(200, {"id": 1, "full_name": repo, "default_branch": "main",
                            "permissions": {"admin": may == "admin", "push": may in ("admin", "write"), "pull": may != "none"}})

    def branch(self, request, me, repo, name):
        sha = self.ref(repo, "refs/heads/" + name)
        if not sha:
            return Answer(404, {"message": "branch does not exist", "errors": None})
        if request.method == "DELETE":
            self.may(me, "write")
            self.git(repo, "update-ref", "-d", "refs/heads/" + name)
            return Answer(204)
        return Answer(200, {"name": name, "commit": {"id": sha, "message": "x"}, "protected": False})

    def commit(self, request, me, repo, sha):
        if not self.ref(repo, sha):
            return None
        return Answer(200, {"sha": sha, "commit": {"message": "x", "tree": {"sha": self.ref(repo, sha)}}})

    def tree(self, request, me, repo, sha):
        if not self.ref(repo, sha):
            return None
        lines = self.git(repo, "ls-tree", "-z", sha).split("\0")
        entries = [{"mode": mode, "type": kind, "sha": one, "path": path} for head, path in (line.split("\t") for line in lines if line) for mode, kind, one in [head.split(" ")]]
        size, page = min(int(request.query.get("per_page", self.trees_per_page)), self.trees_per_page), int(request.query.get("page", 1))
        return Answer(200, {"sha": self.ref(repo, sha), "tree": entries[size * (page - 1):size * page], "truncated": size * page < len(entries), "page": page, "total_count": len(entries)})

    def history(self, request, me, repo):
        lines = self.git(repo, "log", "--format=%H %P", "refs/heads/" + request.query["sha"]).split("\n")
        return self.paged(request, [{"sha": words[0], "parents": [{"sha": one} for one in words[1:]]} for words in map(str.split, lines)])

    def permission(self, request, me, repo, login):
        if self.users[me]["may"] != "admin" and me != login:
            return Answer(403, {"message": "Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own"})
        if login not in self.users:
            return None
        return Answer(200, {"permission": self.users[login]["may"], "role_name": self.users[login]["may"], "user": self.user(login)})

    # --- pull requests

    def shown(self, pull, alone=False):
        gone = pull["head_repo"] is None
        return {"id": pull["id"], "number": pull["number"], "state": pull["state"], "title": pull["title"], "body": pull["body"] or "",
                "user": self.user(pull["user"]), "labels": [{"id": 1, "name": name} for name in pull["labels"]], "draft": pull["draft"],
                "mergeable": not pull["draft"] and self.checking <= 0 and not (alone and self.conflicts(pull)), "merged": pull["merged"], "merged_at": pull["closed_at"] if pull["merged"] else None,
                "merge_commit_sha": pull["merge_commit"], "created_at": pull["created_at"], "updated_at": pull["updated_at"],
                "html_url": f"{self.url}/{pull['repo']}/pulls/{pull['number']}", "merge_base": "x",
                "head": {"label": pull["branch"], "ref": f"refs/pull/{pull['number']}/head" if gone else pull["branch"], "sha": pull["head"],
                         "repo_id": 0 if gone else 2, "repo": None if gone else {"id": 2, "full_name": pull["head_repo"]}},
                "base": {"label": pull["base"], "ref": pull["base"], "sha": self.ref(pull["repo"], "refs/heads/" + pull["base"]),
                         "repo_id": 1, "repo": {"id": 1, "full_name": pull["repo"]}}}

    def list_pulls(self, request, me, repo):
        wanted = request.query.get("state", "open")
        out = [self.shown(pull) for pull in self.pulls if wanted in ("all", pull["state"])]
        return self.paged(request, out if request.query.get("sort") == "oldest" else out[::-1])

    def create_pull(self, request, me, repo):
        said = request.json()
        owner, _, branch = said["head"].rpartition(":")
        head_repo = f"{owner}/{repo.split('/')[1]}" if owner else repo
        head, base = self.ref(head_repo, "refs/heads/" + branch), self.ref(repo, "refs/heads/" + said["base"])
        if not head or not base:
            return None
        for pull in self.pulls:
            if pull["state"] == "open" and (pull["head_repo"], pull["branch"], pull["base"]) == (head_repo, branch, said["base"]):
                return Answer(409, {"message": f"pull request already exists for these targets [id: {pull['id']}]"})
        return Answer(201, self.shown(self.open_pull(repo, head_repo, branch, said["base"], said["title"], said.get("body"), me)))

    def one_pull(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "PATCH":
            said = request.json()
            if me != pull["user"]:
                self.may(me, "write")
            pull.update({key: said[key] for key in ("title", "body", "state") if key in said})
            return Answer(201, self.shown(pull))
        return Answer(200, self.shown(pull, True))

    def list_commits(self, request, me, repo, number):
        pull = self.pull(number)
        out = []
        for one in self.commits(repo, self.ref(repo, "refs/heads/" + pull["base"]), pull["head"]):
            login = one["email"].split("@")[0]
            who = self.user(login) if login in self.users else None
            out.append({"sha": one["sha"], "commit": {"author": {"name": one["name"], "email": one["email"], "date": one["date"]},
                                                      "message": one["message"].strip()}, "author": who, "committer": None})
        return self.paged(request, out[::-1])

    def shown_review(self, pull, one):
        return {"id": one["id"], "user": self.user(one["login"]), "team": None, "state": {"CHANGES_REQUESTED": "REQUEST_CHANGES", "DISMISSED": "APPROVED",
                                                                                         "COMMENTED": "COMMENT"}.get(one["state"], one["state"]),
                "body": one["body"], "commit_id": one["commit"], "stale": one.get("stale", one["commit"] != pull["head"]),
                "official": one.get("official", False), "dismissed": one["state"] == "DISMISSED", "comments_count": len(pull["threads"]) if one["state"] == "COMMENTED" else 0,
                "submitted_at": one["at"]}

    def reviews(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "POST":
            said = request.json()
            state = said.get("event")
            if state in ("APPROVED", "REQUEST_CHANGES") and me == pull["user"]:
                what = "approve" if state == "APPROVED" else "reject"
                return Answer(422, {"message": f"{what} your own pull is not allowed"})
            if state != "APPROVED" and not said.get("body"):
                return Answer(422, {"message": "body can't be empty"})
            one = {"id": self.new_id(), "login": me, "state": {"REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}.get(state, state),
                   "commit": said.get("commit_id") or pull["head"], "body": said.get("body", ""), "at": stamp()}
            pull["reviews"].append(one)
            return Answer(200, self.shown_review(pull, one))
        asked = [{"id": 90 + i, "login": login, "state": "REQUEST_REVIEW", "commit": "", "body": "", "at": stamp(), "stale": False}
                 for i, login in enumerate(pull["requested"])]
        return self.paged(request, [self.shown_review(pull, one) for one in pull["reviews"] + asked])

    def review_comments(self, request, me, repo, number, review):
        return Answer(200, [{"id": i, "path": "x", "position": i, "original_position": 0, "body": "x", "resolver": self.user(me) if done else None}
                            for i, done in enumerate(self.pull(number)["threads"])])

    def merge_pull(self, request, me, repo, number):
        if self.users[me]["may"] not in ("admin", "write"):
            return Answer(405, {"message": "User not allowed to merge PR"})
        pull, said = self.pull(number), request.json()
        for published, old in (("do", "Do"), ("merge_commit_id", "MergeCommitID")):
            if said.get(published) != said.get(old):
                return Answer(422, {"message": f"[{old}]: Required"})  # a server that knows only the other name
        if self.archived:
            return Answer(423, {"message": f"{repo} is archived"})
        if pull["merged"]:
            return Answer(405, {"message": "The PR is already merged"})
        if pull["state"] != "open":
            return None
        if said.get("Do") == "manually-merged":
            if not self.manual_merge:
                return Answer(405, {"message": "manually-merged is not allowed an allowed merge style for this repository"})
            tip = self.ref(repo, "refs/heads/" + pull["base"])
            commit = said.get("MergeCommitID", "")
            if len(commit) != 40 or self.git(repo, "merge-base", "--is-ancestor", commit, tip, check=False).returncode:
                return Answer(409, {})  # an error without a public member, as JSON
            pull.update(state="closed", merged=True, merge_commit=commit, closed_at=stamp())
            return Answer(200)
        if self.checking > 0:
            self.checking -= 1
            return Answer(405, {"message": "Please try again later"})
        if pull["draft"]:
            return Answer(405, {"message": "Work in progress PRs cannot be merged"})
        if self.protected.get(pull["base"]):
            return Answer(405, {"message": self.protected[pull["base"]]})
        if said.get("head_commit_id") and said["head_commit_id"] != pull["head"]:
            return Answer(409, {"message": "head out of date"})
        if not self.merge(repo, pull, said.get("Do", "merge"), f"Merge pull request '{pull['title']}' (#{number})"):
            return Answer(405, {"message": "Please try again later"})  # says of a conflict, too, what it says while it is checked
        return Answer(200)

    # --- what is said of them

    def all_comments(self, request, me, repo, number):
        pull = self.pull(number)
        if request.method == "POST":
            one = {"id": self.new_id(), "user": self.user(me), "body": request.json()["body"], "created_at": stamp()}
            pull["comments"].append(one)
            return Answer(201, one)
        return Answer(200, pull["comments"], {"X-Total-Count": len(pull["comments"])})

    def one_comment(self, request, me, repo, number):
        for pull in self.pulls:
            for one in pull["comments"]:
                if one["id"] != int(number):
                    continue
                if one["user"]["login"] != me and self.users[me]["may"] != "admin":
                    return Answer(403)
                if request.method == "DELETE":
                    pull["comments"].remove(one)
                    return Answer(204)
                one["body"] = request.json()["body"]
                return Answer(200, one)
        return None

    def list_statuses(self, request, me, repo, sha):
        return self.paged(request, [{"id": one["id"], "status": one["state"], "context": one["context"], "description": one["description"] or "",
                                     "target_url": one["target_url"] or ""} for one in self.statuses.get(sha, [])[::-1]])

    def create_status(self, request, me, repo, sha):
        self.may(me, "write")
        said = request.json()
        if not self.ref(repo, sha):
            return None
        one = {"id": self.new_id(), "state": said["state"], "context": said.get("context", "default"), "description": said.get("description"),
               "target_url": said.get("target_url"), "created_at": stamp()}
        self.statuses.setdefault(sha, []).append(one)
        return Answer(201, {"id": one["id"], "status": one["state"], "context": one["context"]})

    routes = [
        ("", "GET", about),
        (r"/branches/(.+)", "GET", branch),
        (r"/branches/(.+)", "DELETE", branch),
        (r"/git/commits/([0-9a-f]{40})", "GET", commit),
        (r"/git/trees/([0-9a-f]{40})", "GET", tree),
        (r"/commits", "GET", history),
        (r"/collaborators/([^/]+)/permission", "GET", permission),
        (r"/pulls", "GET", list_pulls),
        (r"/pulls", "POST", create_pull),
        (r"/pulls/(\d+)", "GET", one_pull),
        (r"/pulls/(\d+)", "PATCH", one_pull),
        (r"/pulls/(\d+)/commits", "GET", list_commits),
        (r"/pulls/(\d+)/reviews", "GET", reviews),
        (r"/pulls/(\d+)/reviews", "POST", reviews),
        (r"/pulls/(\d+)/reviews/(\d+)/comments", "GET", review_comments),
        (r"/pulls/(\d+)/merge", "POST", merge_pull),
        (r"/issues/(\d+)/comments", "GET", all_comments),
        (r"/issues/(\d+)/comments", "POST", all_comments),
        (r"/issues/comments/(\d+)", "PATCH", one_comment),
        (r"/issues/comments/(\d+)", "DELETE", one_comment),
        (r"/commits/([0-9a-f]{40})/statuses", "GET", list_statuses),
        (r"/statuses/([0-9a-f]{40})", "POST", create_status),
    ]
