"""GitHub, as of API version 2022-11-28, below /api/v3 as GitHub Enterprise has it.

Its calls, their queries and bodies, the members of their answers, which may be null, and the status codes were held to the published OpenAPI
(github/rest-api-description, as @octokit/openapi-types 29.0.1 has it): no call, member or code here is not there. By that, a head's `repo` is
never null; of a fork that is gone it is (bors-ng#1109). The rest is known from use and from complaints:
  merge: 409 when `sha` is not the head, 405 when it cannot be merged, and when the base moves meanwhile
                                                           pulls/merge; issues of bors-ng and kodiak
  a fork that is gone is `repo: null` of a head            bors-ng#1109
  pushed commits close their pull request as merged, a moment later; a removed branch closes it
                                                           docs "about pull request merges"
  a list of commits ends at 250                            pulls/list-commits
  reviews come in the order in which they were given; an approval of one's own pull request is 422; a request for changes needs a body
                                                           pulls/list-reviews, pulls/create-review
  rate limits: 403 or 429, Retry-After, x-ratelimit-*; of a secondary limit only the text    docs "rate limits for the REST API"
  no User-Agent: 403; ETag and 304; pages by Link          docs "getting started", "best practices", "using pagination"
  a description of a status is at most 140 characters; a thousand of one context on a commit are all
                                                           repos/create-commit-status
"""
import re

from forge_stand.server import Answer, FaceBase, stamp


class Face(FaceBase):
    def answer(self, request):
        if not request.headers.get("User-Agent"):
            return Answer(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
        word, _, token = (request.headers.get("Authorization") or "").partition(" ")
        me = self.tokens.get(token)
        if word not in ("Bearer", "token") or not me:
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"})
        if request.path == "/api/graphql":
            return self.graphql(request)
        if not request.path.startswith("/api/v3/"):
            return None
        path = request.path[len("/api/v3"):]
        if path == "/user":
            if self.users[me]["type"] == "Bot":
                return Answer(403, {"message": "Resource not accessible by integration"})
            return Answer(200, self.user(me))
        found = re.fullmatch(r"/orgs/([^/]+)/teams/([^/]+)/memberships/([^/]+)", path)
        if found:
            if found[3] in self.teams.get(f"{found[1]}/{found[2]}", []):
                return Answer(200, {"url": self.url, "role": "member", "state": "active"})
            return None
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)(.*)", path)
        return self.repository(request, me, found[1], found[2]) if found and self.ref(found[1], "HEAD") else None

    def user(self, login):
        if login is None:
            return None
        one = self.who(login)
        return {"login": one["login"], "id": one["id"], "type": one["type"], "site_admin": False}

    def may(self, me, wanted):
        order = ["none", "read", "write", "admin"]
        if order.index(self.users[me]["may"]) < order.index(wanted):
            raise Answer(403, {"message": "Resource not accessible by personal access token"})

    def repository(self, request, me, repo, rest):
        for pattern, method, call in self.routes:
            found = re.fullmatch(pattern, rest)
            if found and request.method == method:
                return call(self, request, me, repo, *found.groups())
        return None

    def about(self, request, me, repo):
        may = self.users[me]["may"]
        return Answer(200, {"id": 1, "full_name": repo, "private": False, "default_branch": "main",
                            "permissions": {"admin": may == "admin", "push": may in ("admin", "write"), "pull": may != "none"}})

    def get_ref(self, request, me, repo, name):
        sha = self.ref(repo, "refs/heads/" + name)
        return Answer(200, {"ref": "refs/heads/" + name, "node_id": "x", "url": self.url,
                            "object": {"sha": sha, "type": "commit", "url": self.url}}) if sha else None

    def delete_ref(self, request, me, repo, name):
        self.may(me, "write")
        if not self.ref(repo, "refs/heads/" + name):
            return Answer(422, {"message": "Reference does not exist", "status": "422"})
        self.git(repo, "update-ref", "-d", "refs/heads/" + name)
        return Answer(204)

    def commit(self, request, me, repo, sha):
        if not self.ref(repo, sha):
            return None
        return Answer(200, {"sha": sha, "tree": {"sha": self.git(repo, "rev-parse", sha + "^{tree}"), "url": self.url},
                            "message": self.git(repo, "log", "-1", "--format=%B", sha)})

    def permission(self, request, me, repo, login):
        self.may(me, "write")
        if login not in self.users:
            return Answer(404, {"message": f"{login} is not a user"})
        return Answer(200, {"permission": self.users[login]["may"], "role_name": self.users[login]["may"], "user": self.user(login)})

    # --- pull requests

    def shown(self, pull, whole=False):
        out = {"id": pull["id"], "number": pull["number"], "state": pull["state"], "locked": False, "title": pull["title"],
               "body": pull["body"] or None, "user": self.user(pull["user"]), "draft": pull["draft"],
               "labels": [{"id": 1, "name": name, "color": "f29513"} for name in pull["labels"]],
               "requested_reviewers": [self.user(login) for login in pull["requested"]], "requested_teams": [],
               "created_at": pull["created_at"], "updated_at": pull["updated_at"], "closed_at": pull["closed_at"],
               "merged_at": pull["closed_at"] if pull["merged"] else None, "merge_commit_sha": pull["merge_commit"],
               "html_url": f"{self.url}/{pull['repo']}/pull/{pull['number']}", "auto_merge": None,
               "head": {"label": "x:" + pull["branch"], "ref": pull["branch"], "sha": pull["head"],
                        "repo": {"id": 2, "full_name": pull["head_repo"]} if pull["head_repo"] else None},
               "base": {"label": "x:" + pull["base"], "ref": pull["base"], "sha": self.ref(pull["repo"], "refs/heads/" + pull["base"]),
                        "repo": {"id": 1, "full_name": pull["repo"]}}}
        if whole:  # these are not in lists
            out.update(merged=pull["merged"], mergeable=None, mergeable_state="unknown")
        return out

    def list_pulls(self, request, me, repo):
        query, out = request.query, []
        for pull in self.pulls:
            if pull["repo"] != repo or (query.get("state", "open") not in ("all", pull["state"])):
                continue
            if "base" in query and query["base"] != pull["base"]:
                continue
            owner = (pull["head_repo"] or "?/").split("/")[0]
            if "head" in query and query["head"] != f"{owner}:{pull['branch']}":
                continue
            out.append(self.shown(pull))
        if query.get("direction", "desc") == "desc":
            out.reverse()
        return self.paged(request, out)

    def create_pull(self, request, me, repo):
        said = request.json()
        owner, _, branch = said["head"].rpartition(":")
        head_repo = f"{owner}/{repo.split('/')[1]}" if owner else repo

        def invalid(message):
            return Answer(422, {"message": "Validation Failed", "errors": [{"resource": "PullRequest", "code": "custom", "message": message}]})

        head, base = self.ref(head_repo, "refs/heads/" + branch), self.ref(repo, "refs/heads/" + said["base"])
        if not head or not base:
            return Answer(422, {"message": "Validation Failed", "errors": [{"resource": "PullRequest", "field": "head", "code": "invalid"}]})
        for pull in self.pulls:
            if pull["state"] == "open" and (pull["head_repo"], pull["branch"], pull["base"]) == (head_repo, branch, said["base"]):
                return invalid(f"A pull request already exists for {said['head']}.")
        if head_repo == repo and not list(self.commits(repo, base, head)):
            return invalid(f"No commits between {said['base']} and {branch}")
        return Answer(201, self.shown(self.open_pull(repo, head_repo, branch, said["base"], said["title"], said.get("body"), me), True))

    def get_pull(self, request, me, repo, number):
        return Answer(200, self.shown(self.pull(number), True))

    def edit_pull(self, request, me, repo, number):
        pull, said = self.pull(number), request.json()
        if me != pull["user"]:
            self.may(me, "write")
        for key in ("title", "body", "state"):
            if key in said:
                pull[key] = said[key]
        return Answer(200, self.shown(pull, True))

    def list_commits(self, request, me, repo, number):
        pull = self.pull(number)
        base = self.ref(repo, "refs/heads/" + pull["base"])
        return self.paged(request, [self.shown_commit(one) for one in self.commits(repo, base, pull["head"])][:250])

    def compare(self, request, me, repo, base, head):
        commits = [self.shown_commit(one) for one in self.commits(repo, base, head)]
        return self.paged(request, commits, wrap=lambda part: {"status": "ahead", "total_commits": len(commits), "commits": part})

    def shown_commit(self, one):
        def account(email):
            login = email.split("@")[0]
            return self.user(login) if login in self.users else None

        return {"sha": one["sha"], "commit": {"author": {"name": one["name"], "email": one["email"], "date": one["date"]},
                                              "committer": {"name": one["committer"], "email": one["committer_email"], "date": one["date"]},
                                              "message": one["message"].strip()},
                "author": account(one["email"]), "committer": account(one["committer_email"])}

    def shown_review(self, one):
        return {"id": one["id"], "user": self.user(one["login"]), "body": one["body"], "state": one["state"], "commit_id": one["commit"],
                "submitted_at": one["at"], "author_association": "NONE"}

    def list_reviews(self, request, me, repo, number):
        return self.paged(request, [self.shown_review(one) for one in self.pull(number)["reviews"]])

    def create_review(self, request, me, repo, number):
        pull, said = self.pull(number), request.json()
        states = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
        if said.get("event") != "COMMENT" and me == pull["user"]:
            what = "approve" if said["event"] == "APPROVE" else "request changes on"
            return Answer(422, {"message": "Unprocessable Entity", "errors": [f"Can not {what} your own pull request"]})
        if said.get("event") != "APPROVE" and not said.get("body"):
            return Answer(422, {"message": "Unprocessable Entity", "errors": ["Body can't be blank"]})
        one = {"id": self.new_id(), "login": me, "state": states[said["event"]], "commit": said.get("commit_id", pull["head"]),
               "body": said.get("body", ""), "at": stamp()}
        pull["reviews"].append(one)
        return Answer(200, self.shown_review(one))

    def merge_pull(self, request, me, repo, number):
        self.may(me, "write")
        pull, said = self.pull(number), request.json()
        if pull["state"] != "open" or pull["draft"]:
            return Answer(405, {"message": "Pull Request is not mergeable"})
        if pull["base"] in self.protected and self.protected[pull["base"]]:
            return Answer(405, {"message": self.protected[pull["base"]]})
        if said.get("sha") and said["sha"] != pull["head"]:
            return Answer(409, {"message": "Head branch was modified. Review and try the merge again."})
        commit = self.merge(repo, pull, said.get("merge_method", "merge"), f"Merge pull request #{number} from x")
        if not commit:
            return Answer(405, {"message": "Pull Request is not mergeable"})
        return Answer(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})

    # --- what is said of them

    def list_comments(self, request, me, repo, number):
        return self.paged(request, self.pull(number)["comments"])

    def create_comment(self, request, me, repo, number):
        body = request.json()["body"]
        if len(body) > 65536:
            return Answer(422, {"message": "Validation Failed", "errors": [{"code": "custom", "message": "body is too long (maximum is 65536 characters)"}]})
        one = {"id": self.new_id(), "user": self.user(me), "body": body, "created_at": stamp()}
        self.pull(number)["comments"].append(one)
        return Answer(201, one)

    def one_comment(self, request, me, repo, number):
        for pull in self.pulls:
            for one in pull["comments"]:
                if one["id"] != int(number):
                    continue
                if one["user"]["login"] != me:
                    return Answer(403, {"message": "Resource not accessible by personal access token"})
                if request.method == "DELETE":
                    pull["comments"].remove(one)
                    return Answer(204)
                one["body"] = request.json()["body"]
                return Answer(200, one)
        return None

    def list_statuses(self, request, me, repo, sha):
        newest = {}
        for one in self.statuses.get(sha, []):
            newest[one["context"]] = one
        states = [one["state"] for one in newest.values()]
        state = "failure" if {"failure", "error"} & set(states) else "pending" if not states or "pending" in states else "success"
        return self.paged(request, list(newest.values()),
                          wrap=lambda part: {"state": state, "sha": sha, "total_count": len(newest), "statuses": part})

    def create_status(self, request, me, repo, sha):
        self.may(me, "write")
        said = request.json()
        if not self.ref(repo, sha):
            return Answer(422, {"message": "No commit found for SHA: " + sha})
        if len(said.get("description") or "") > 140:
            return Answer(422, {"message": "Validation Failed", "errors": [{"field": "description", "code": "custom", "message": "description is too long (maximum is 140 characters)"}]})
        all_of = self.statuses.setdefault(sha, [])
        if sum(one["context"] == said["context"] for one in all_of) >= 1000:
            return Answer(422, {"message": "Validation Failed", "errors": [{"message": "This SHA and context has reached the maximum number of statuses."}]})
        one = {"id": self.new_id(), "state": said["state"], "context": said.get("context", "default"), "description": said.get("description"),
               "target_url": said.get("target_url"), "created_at": stamp()}
        all_of.append(one)
        return Answer(201, one)

    def list_checks(self, request, me, repo, sha):
        newest = {}
        for one in self.checks.get(sha, []):
            newest[one["name"], one.get("suite", 1)] = {"head_sha": sha, "html_url": self.url, "output": {"title": None}, **one}
        return self.paged(request, list(newest.values()), wrap=lambda part: {"total_count": len(newest), "check_runs": part})

    def graphql(self, request):
        said = request.json()["variables"]
        threads = self.pull(said["number"])["threads"]
        begin = int(said.get("after") or 0)
        part = threads[begin:begin + 2]
        more = begin + 2 < len(threads)
        return Answer(200, {"data": {"repository": {"pullRequest": {"reviewThreads": {
            "nodes": [{"isResolved": one} for one in part], "pageInfo": {"hasNextPage": more, "endCursor": str(begin + 2)}}}}}})

    routes = [
        ("", "GET", about),
        (r"/git/ref/heads/(.+)", "GET", get_ref),
        (r"/git/refs/heads/(.+)", "DELETE", delete_ref),
        (r"/git/commits/([0-9a-f]{40})", "GET", commit),
        (r"/collaborators/([^/]+)/permission", "GET", permission),
        (r"/pulls", "GET", list_pulls),
        (r"/pulls", "POST", create_pull),
        (r"/pulls/(\d+)", "GET", get_pull),
        (r"/pulls/(\d+)", "PATCH", edit_pull),
        (r"/pulls/(\d+)/commits", "GET", list_commits),
        (r"/compare/([0-9a-f]{40})\.\.\.([0-9a-f]{40})", "GET", compare),
        (r"/pulls/(\d+)/reviews", "GET", list_reviews),
        (r"/pulls/(\d+)/reviews", "POST", create_review),
        (r"/pulls/(\d+)/merge", "PUT", merge_pull),
        (r"/issues/(\d+)/comments", "GET", list_comments),
        (r"/issues/(\d+)/comments", "POST", create_comment),
        (r"/issues/comments/(\d+)", "PATCH", one_comment),
        (r"/issues/comments/(\d+)", "DELETE", one_comment),
        (r"/commits/([0-9a-f]{40})/status", "GET", list_statuses),
        (r"/statuses/([0-9a-f]{40})", "POST", create_status),
        (r"/commits/([0-9a-f]{40})/check-runs", "GET", list_checks),
    ]
