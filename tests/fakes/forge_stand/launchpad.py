"""Launchpad's web service, below /devel, for git repositories: OWNER/NAME.git of the folder is ~OWNER/NAME/+git/NAME there.

Where its behaviour was seen (lgp171188/launchpad, a copy of Launchpad's own source at eafda459366f of 2025-07-31; not on a running server):
  OAuth 1.0, PLAINTEXT alone (another method is 400), secrets after an & in the signature; nobody looks at nonce or timestamp
                                                           lib/lp/services/webapp/authentication.py check_oauth_signature
  a merge proposal, its members, `setStatus` that forgets who reviewed when it goes back, a second one of a branch is 400
                                                           lib/lp/code/stories/webservice/xx-branchmergeproposal.rst
  it has no head: that is the commit of its source's ref; it has no title
  who may approve and reject                               lib/lp/code/model/branchmergeproposal.py is_valid_transition, _reviewProposal
  who may change one: its registrant, the owners, reviewers                     lib/lp/code/security.py BranchMergeProposalEdit
  getMergeProposals without `status`: Approved, Needs review, Work in progress  lib/lp/code/model/gitrepository.py, gitref.py
  one vote of a person, of their last comment with one; pending ones have no comment
                                                           lib/lp/code/interfaces/codereviewvote.py, xx-branchmergeproposal.rst "Check the votes"
  a comment can be edited in devel, by its author          lib/lp/services/messages/interfaces/message.py IMessageEdit.editContent
  preview diffs with `source_revision_id`, `date_created`  lib/lp/code/interfaces/diff.py
  getRefByPath, getByPath: null for what is not there      lib/lp/code/interfaces/gitrepository.py
  isPersonTrustedReviewer: owner, or in the review team    lib/lp/code/model/gitrepository.py
  status reports: Waiting, Running, Succeeded, Failed, Skipped, Cancelled       lib/lp/code/interfaces/revisionstatus.py
  merges are seen by the scanner, minutes later            lib/lp/code/model/gitrepository.py detectMerges
  pages: `entries`, `start`, `total_size`, `next_collection_link` with ws.size, memo and ws.start     lib/lp/bugs/stories/webservice/xx-bug.rst
  /people/+me is a redirection                             lib/lp/registry/browser/person.py
Of lazr.restful, which is not in that copy:
  a parameter is read as JSON where it is JSON, as text otherwise; an error is text, with X-Lazr-OopsId where it is the server's own;
  an operation that makes something answers 201 with Location
"""
import datetime
import json
import os
import re
import urllib.parse

from forge_stand.server import Answer, FaceBase

OPEN = ("Approved", "Needs review", "Work in progress")
VOTES = {"APPROVED": "Approve", "CHANGES_REQUESTED": "Needs Fixing"}


def said(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


class Face(FaceBase):
    head_ref = "refs/seen/{}"

    def __init__(self, folder):
        super().__init__(folder)
        self.notice_after = 3600   # its scanner comes by later

    @staticmethod
    def stamp():
        return datetime.datetime.now(datetime.timezone.utc).isoformat()

    @property
    def api(self):
        return self.url + "/devel"

    # --- names

    @staticmethod
    def repo_of(path):
        found = re.fullmatch(r"~([^/]+)/([^/]+)/\+git/([^/]+)", path)
        return f"{found[1]}/{found[3]}" if found and found[2] == found[3] else None

    @staticmethod
    def name_of(repo):
        owner, name = repo.split("/")
        return f"~{owner}/{name}/+git/{name}"

    def link(self, repo):
        return f"{self.api}/{self.name_of(repo)}"

    def refresh(self):
        """A branch that is removed closes nothing."""
        for pull in self.pulls:
            pull.setdefault("status", "Needs review")
            if pull["merged"]:
                pull["status"] = "Merged"
            if pull["status"] not in OPEN:
                pull["state"] = "closed"
                continue
            pull["state"] = "open"
            head = self.ref(pull["head_repo"], "refs/heads/" + pull["branch"]) if pull["head_repo"] else None
            if head and head != pull["head"]:
                self.moved(pull, head)
            self.notice(pull)
            if pull["merged"]:
                pull["status"] = "Merged"

    # --- answers

    def who_asks(self, request):
        header = request.headers.get("Authorization") or ""
        if not header.startswith("OAuth "):
            raise Answer(401, "")
        words = {}
        for part in header[len("OAuth "):].split(","):
            name, _, value = part.strip().partition("=")
            words[name] = urllib.parse.unquote(value.strip('"'))
        if words.get("oauth_signature_method") != "PLAINTEXT":
            raise Answer(400, "")
        consumer_secret, _, secret = words.get("oauth_signature", "").partition("&")
        me = self.tokens.get(words.get("oauth_token", "") + ":" + secret)
        if not me or consumer_secret or not words.get("oauth_consumer_key"):
            raise Answer(401, "Invalid OAuth signature.")
        return me

    def answer(self, request):
        if not request.path.startswith("/devel/"):
            return None
        me = self.who_asks(request)
        path = urllib.parse.unquote(request.path[len("/devel/"):])
        form = request.query
        if request.method == "POST":
            if request.headers.get("Content-Type", "") != "application/x-www-form-urlencoded":
                raise Answer(400, "No operation name given.")
            form = dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True))
        form = {name: value if name.startswith("ws.") else said(value) for name, value in form.items()}
        for pattern, method, operation, call in self.routes:
            found = re.fullmatch(pattern, path)
            if found and request.method == method and form.get("ws.op") == operation:
                return call(self, request, me, form, *found.groups())
        if form.get("ws.op"):
            return Answer(400, f"No such operation: {form['ws.op']}")
        return Answer(404, "Object: <...>, name: '%s'" % path)

    def pages(self, request, items):
        size = min(int(request.query.get("ws.size", 75)), self.page_cap or 75)
        start = int(request.query.get("ws.start", 0))
        out = {"start": start, "total_size": len(items), "entries": items[start:start + size]}
        if start + size < len(items):
            query = {**request.query, "ws.size": size, "memo": start + size, "ws.start": start + size}
            out["next_collection_link"] = f"{self.url}{request.path}?{urllib.parse.urlencode(query)}"
        return Answer(200, out)

    # --- people

    def myself(self, request, me, form):
        return Answer(303, "", {"Location": f"{self.api}/~{me}"})

    def shown_person(self, name):
        return {"self_link": f"{self.api}/~{name}", "name": name, "display_name": name.title(), "is_team": name in self.teams or name not in self.users,
                "preferred_email_address_link": f"{self.api}/~{name}/+email/{name}@example.com"}

    def person(self, request, me, form, name):
        if name not in self.users and name not in self.teams and not os.path.isdir(os.path.join(self.folder, name)):
            return Answer(404, "")
        return Answer(200, self.shown_person(name))

    def email(self, request, me, form, name, address):
        return Answer(200, {"self_link": f"{self.url}{request.path}", "email": address})

    def participants(self, request, me, form, name):
        if name not in self.teams:
            return Answer(404, "")
        return self.pages(request, [self.shown_person(one) for one in self.teams[name]])

    def trusted(self, login):
        return self.who(login)["may"] in ("write", "admin")

    # --- repositories and refs

    def shown_repository(self, repo):
        return {"self_link": self.link(repo), "unique_name": self.name_of(repo), "owner_link": f"{self.api}/~{repo.split('/')[0]}",
                "git_https_url": f"{self.url}/{self.name_of(repo)}.git", "git_ssh_url": f"git+ssh://git.example/{self.name_of(repo)}"}

    def by_path(self, request, me, form):
        repo = self.repo_of(form["path"])
        return Answer(200, self.shown_repository(repo) if repo and self.ref(repo, "HEAD") else "null")

    def by_url(self, request, me, form):
        return Answer(200, "null")

    def known(self, name):
        repo = self.repo_of(name)
        if not repo or not os.path.isdir(os.path.join(self.folder, repo + ".git")):
            raise Answer(404, "")
        return repo

    def repository(self, request, me, form, name):
        return Answer(200, self.shown_repository(self.known(name)))

    def shown_ref(self, repo, path):
        sha = self.ref(repo, path)
        if not sha:
            return None
        short = path[len("refs/heads/"):] if path.startswith("refs/heads/") else path
        return {"self_link": f"{self.link(repo)}/+ref/{urllib.parse.quote(short)}", "repository_link": self.link(repo), "path": path, "commit_sha1": sha}

    def ref_by_path(self, request, me, form, name):
        path = form["path"] if form["path"].startswith("refs/") else "refs/heads/" + form["path"]
        return Answer(200, self.shown_ref(self.known(name), path) or "null")

    def is_trusted(self, request, me, form, name):
        self.known(name)
        login = form["reviewer"].rpartition("/~")[2]
        return Answer(200, "true" if self.trusted(login) else "false")

    def reports(self, request, me, form, name):
        return self.pages(request, [{"self_link": f"{self.link(self.known(name))}/+status/{one['id']}", "title": one["context"], "result": one["state"],
                                     "result_summary": one["description"], "url": one["target_url"], "date_created": one["created_at"]}
                                    for one in self.statuses.get(form["commit_sha1"], [])])

    # --- merge proposals

    def shown(self, pull):
        at = f"{self.link(pull['source'] if pull.get('source') else pull['head_repo'])}/+merge/{pull['number']}"
        source, before = self.link(pull["head_repo"]), pull.get("prerequisite")
        return {"self_link": at, "web_link": at.replace("/devel/", "/"), "queue_status": pull["status"], "registrant_link": f"{self.api}/~{pull['user']}",
                "reviewer_link": f"{self.api}/~{pull['reviewer']}" if pull.get("reviewer") else None, "reviewed_revid": pull.get("reviewed_revid"),
                "date_reviewed": pull.get("date_reviewed"), "date_created": pull["created_at"], "commit_message": pull.get("commit_message"),
                "description": pull["body"], "source_branch_link": None, "source_git_repository_link": source,
                "source_git_path": "refs/heads/" + pull["branch"], "target_branch_link": None, "target_git_repository_link": self.link(pull["repo"]),
                "target_git_path": "refs/heads/" + pull["base"], "prerequisite_branch_link": None,
                "prerequisite_git_repository_link": self.link(before[0]) if before else None, "prerequisite_git_path": before[1] if before else None,
                "votes_collection_link": at + "/votes", "all_comments_collection_link": at + "/all_comments",
                "preview_diffs_collection_link": at + "/preview_diffs", "bugs_collection_link": at + "/bugs", "superseded_by_link": None}

    def proposals(self, request, me, form, name, ref):
        repo, wanted = self.known(name), form.get("status") or OPEN
        return self.pages(request, [self.shown(pull) for pull in reversed(self.pulls)
                                    if pull["repo"] == repo and pull["base"] == ref and pull["status"] in wanted and pull["head_repo"]])

    def ref_of_link(self, link):
        found = re.fullmatch(re.escape(self.api) + r"/(~[^/]+/[^/]+/\+git/[^/]+)/\+ref/(.+)", link)
        if not found:
            raise Answer(400, "merge_target: No such object")
        return self.known(found[1]), urllib.parse.unquote(found[2])

    def create(self, request, me, form, name, ref):
        head_repo = self.known(name)
        repo, base = self.ref_of_link(form["merge_target"])
        for pull in self.pulls:
            if pull["status"] in OPEN and (pull["head_repo"], pull["branch"], pull["repo"], pull["base"]) == (head_repo, ref, repo, base):
                return Answer(400, f"There is already a branch merge proposal registered for branch {ref} to land on {base} that is still active.")
        pull = self.open_pull(repo, head_repo, ref, base, None, form.get("initial_comment"), me)
        pull.update(status="Needs review" if form.get("needs_review") else "Work in progress", commit_message=form.get("commit_message"))
        if form.get("merge_prerequisite"):
            before = self.ref_of_link(form["merge_prerequisite"])
            pull["prerequisite"] = (before[0], "refs/heads/" + before[1])
        return Answer(201, "", {"Location": self.shown(pull)["self_link"]})

    def of(self, name, number):
        pull = self.pull(number)
        if self.name_of(pull["head_repo"]) != name:
            raise Answer(404, "")
        return pull

    def proposal(self, request, me, form, name, number):
        return Answer(200, self.shown(self.of(name, number)))

    def may_change(self, me, pull):
        if me != pull["user"] and me != pull["head_repo"].split("/")[0] and not self.trusted(me):
            raise Answer(401, "(<BranchMergeProposal>, 'setStatus', 'launchpad.Edit')")

    def set_status(self, request, me, form, name, number):
        pull, status = self.of(name, number), form["status"]
        self.may_change(me, pull)
        if status in ("Approved", "Rejected") and not self.trusted(me):
            return Answer(401, "UserNotBranchReviewer")
        if status not in (*OPEN, "Rejected", "Merged"):
            return Answer(400, f"status: Invalid value \"{status}\".")
        if status in ("Approved", "Rejected"):
            pull.update(reviewer=me, reviewed_revid=form.get("revid"), date_reviewed=self.stamp())
        elif status != "Merged" and status != pull["status"]:
            pull.update(reviewer=None, reviewed_revid=None, date_reviewed=None)
        if status == "Merged":
            pull.update(merged=True, state="closed")
        pull["status"] = status
        return Answer(200, "null")

    # --- what is said of them

    def comments_of(self, pull):
        at = self.shown(pull)["self_link"] + "/comments/"
        out = [{"self_link": f"{at}{one['id']}", "id": one["id"], "author_link": f"{self.api}/~{one['login']}", "content": one["body"],
                "title": one.get("title", "Re: a merge"), "vote": VOTES.get(one["state"], one["state"]), "date_created": one["at"]}
               for one in pull["reviews"] if one["state"] != "DISMISSED"]
        return sorted(out + [{**one, "self_link": f"{at}{one['id']}"} for one in pull["comments"]], key=lambda one: one["id"])

    def comments(self, request, me, form, name, number):
        return self.pages(request, self.comments_of(self.of(name, number)))

    def one_comment(self, request, me, form, name, number, which):
        for one in self.comments_of(self.of(name, number)):
            if one["id"] == int(which):
                return Answer(200, one)
        return Answer(404, "")

    def votes(self, request, me, form, name, number):
        pull, last = self.of(name, number), {}
        at = self.shown(pull)["self_link"]
        for one in self.comments_of(pull):
            if one["vote"]:
                last[one["author_link"]] = one
        out = [{"self_link": f"{at}/+review/{one['id']}", "reviewer_link": who, "comment_link": one["self_link"], "is_pending": False,
                "date_created": one["date_created"]} for who, one in last.items()]
        for login in pull["requested"]:
            who = f"{self.api}/~{login}"
            if who not in last:
                out.append({"self_link": f"{at}/+review/p-{login}", "reviewer_link": who, "comment_link": None, "is_pending": True, "date_created": self.stamp()})
        return self.pages(request, out)

    def diffs(self, request, me, form, name, number):
        pull = self.of(name, number)
        return self.pages(request, [{"self_link": f"{self.shown(pull)['self_link']}/+preview-diff/{one['id']}", "source_revision_id": one["head_commit_sha"],
                                     "date_created": one["created_at"]} for one in pull["versions"]])

    def bugs(self, request, me, form, name, number):
        return self.pages(request, [{"self_link": f"{self.api}/bugs/{bug}", "id": bug} for bug in self.of(name, number).get("bugs", [])])

    def comment(self, request, me, form, name, number):
        pull = self.of(name, number)
        one = {"id": self.new_id(), "author_link": f"{self.api}/~{me}", "content": form.get("content", ""), "title": form.get("subject") or "Re: a merge",
               "vote": form.get("vote"), "date_created": self.stamp()}
        pull["comments"].append(one)
        return Answer(201, "", {"Location": f"{self.shown(pull)['self_link']}/comments/{one['id']}"})

    def edit(self, request, me, form, name, number, which):
        for one in self.of(name, number)["comments"]:
            if one["id"] == int(which):
                if one["author_link"] != f"{self.api}/~{me}":
                    return Answer(401, "(<CodeReviewComment>, 'editContent', 'launchpad.Edit')")
                one["content"] = form["new_content"]
                return Answer(200, "null")
        return Answer(404, "")

    REPO = r"(~[^/]+/[^/]+/\+git/[^/]+)"
    ONE = REPO + r"/\+merge/(\d+)"
    routes = [
        (r"people/\+me", "GET", None, myself),
        (r"~([^/]+)", "GET", None, person),
        (r"~([^/]+)/\+email/([^/]+)", "GET", None, email),
        (r"~([^/]+)/participants", "GET", None, participants),
        (r"\+git", "GET", "getByPath", by_path),
        (r"branches", "GET", "getByUrl", by_url),
        (REPO, "GET", None, repository),
        (REPO, "GET", "getRefByPath", ref_by_path),
        (REPO, "GET", "isPersonTrustedReviewer", is_trusted),
        (REPO, "GET", "getStatusReports", reports),
        (REPO + r"/\+ref/(.+)", "GET", "getMergeProposals", proposals),
        (REPO + r"/\+ref/(.+)", "POST", "createMergeProposal", create),
        (ONE, "GET", None, proposal),
        (ONE, "POST", "setStatus", set_status),
        (ONE, "POST", "createComment", comment),
        (ONE + "/votes", "GET", None, votes),
        (ONE + "/all_comments", "GET", None, comments),
        (ONE + "/preview_diffs", "GET", None, diffs),
        (ONE + "/bugs", "GET", None, bugs),
        (ONE + r"/comments/(\d+)", "GET", None, one_comment),
        (ONE + r"/comments/(\d+)", "POST", "editContent", edit),
    ]
