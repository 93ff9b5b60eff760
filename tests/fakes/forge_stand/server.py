"""HTTP for all faces: git's own http server program for repositories, trouble on request, ETags, pages."""
import hashlib
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time
import traceback
import urllib.parse


class Answer(Exception):
    """Thrown or returned: a status with a body, and what else the face says."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers = method, target, headers
        parts = urllib.parse.urlsplit(target)
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.body = body

    def json(self):
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise Answer(400, {"message": "Problems parsing JSON"})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    face = None

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.read_chunks()
        else:
            body = self.rfile.read(length)
        request = Request(self.command, self.path, self.headers, body)
        if ".git/" in request.path:
            return self.git(request)
        face = self.face
        if request.path.startswith("/_/"):
            return self.say(request, face.control(request))
        trouble = face.trouble_for(request)
        if trouble and trouble.get("how") == "hang":
            time.sleep(trouble.get("seconds", 60))
            self.close_connection = True
            return None
        if trouble and "push" in trouble:
            with face.lock:
                face.push(*trouble["push"])
        if trouble and "status" in trouble:
            answer = Answer(trouble["status"], trouble.get("body", {"message": "trouble"}), trouble.get("headers"))
            if trouble.get("after"):  # it was done, and nobody hears of it
                self.done(face, request)
        else:
            answer = self.done(face, request)
        face.note(request, answer)
        return self.say(request, answer, trouble)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    @staticmethod
    def done(face, request):
        with face.lock:
            try:
                face.refresh()
                return face.answer(request) or Answer(404, {"message": "Not Found"})
            except Answer as answer:
                return answer
            except Exception:  # noqa: BLE001
                traceback.print_exc()
                return Answer(500, {"message": "the stand-in is broken"})

    def say(self, request, answer, trouble=None):
        body = b""
        if answer.body is not None:
            body = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
        status = answer.status
        if status == 200 and request.method == "GET" and self.face.has_etags and "ETag" not in answer.headers:
            etag = 'W/"%s"' % hashlib.sha256(body + repr(sorted(answer.headers.items())).encode()).hexdigest()
            answer.headers["ETag"] = etag
            if request.headers.get("If-None-Match") == etag:
                status, body = 304, b""
                self.face.unchanged += 1
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if trouble and trouble.get("how") == "html" else "application/json; charset=utf-8")
        for name, value in answer.headers.items():
            self.send_header(name, str(value))
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if trouble and trouble.get("how") == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif status not in (204, 304):
            self.wfile.write(body)

    def read_chunks(self):
        out = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            out += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return out

    def git(self, request):
        parts = urllib.parse.urlsplit(request.target)
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.face.folder, "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": urllib.parse.unquote(parts.path), "QUERY_STRING": parts.query, "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(request.body)), "REMOTE_USER": "git",
            "REMOTE_ADDR": "127.0.0.1", "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent",
        }
        done = subprocess.run(["git", "http-backend"], input=request.body, env=env, capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # who went away


def serve(face, port_file):
    handler = type("FaceHandler", (Handler,), {"face": face})
    server = Server(("127.0.0.1", 0), handler)
    face.url = "http://127.0.0.1:%d" % server.server_address[1]
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


class FaceBase:
    """What the faces share: people, repositories, the life of a proposal, and the control of a test."""

    has_etags = True
    per_page, most_per_page = 30, 100
    size_word = "per_page"

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.lock = threading.RLock()
        self.users, self.tokens, self.teams = {}, {}, {}
        self.pulls, self.statuses, self.checks = [], {}, {}
        self.troubles, self.requests = [], []
        self.page_cap = None
        self.ancestry, self.logs, self.clashes = {}, {}, {}
        self.unchanged, self.next_id = 0, 100
        self.protected = {}
        self.notice_after = 0
        self.url = ""

    # --- git

    def git(self, repo, *words, check=True, text=None):
        done = subprocess.run(["git", "-C", os.path.join(self.folder, repo + ".git"), *words], capture_output=True, check=False,
                              text=True, input=text,
                              env={"PATH": os.environ["PATH"], "GIT_AUTHOR_NAME": "forge", "GIT_AUTHOR_EMAIL": "noreply@forge.example",
                                   "GIT_COMMITTER_NAME": "forge", "GIT_COMMITTER_EMAIL": "noreply@forge.example", "HOME": "/nonexistent"})
        if check and done.returncode:
            raise RuntimeError(f"git {words}: {done.stderr}")
        return done.stdout.strip() if check else done

    def ref(self, repo, name):
        """The commit of a ref, read from its file: a list of thirty proposals asks for many."""
        folder = os.path.join(self.folder, repo + ".git")
        if not os.path.isdir(folder):
            return None
        if name == "HEAD" or name.startswith("refs/"):
            return self.ref_file(folder, name)
        done = self.git(repo, "rev-parse", "--verify", "--quiet", name + "^{commit}", check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def ref_file(self, folder, name):
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read().strip()
            return self.ref_file(folder, text[5:]) if text.startswith("ref: ") else text
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass
        try:
            with open(os.path.join(folder, "packed-refs"), encoding="utf-8") as file:
                for line in file:
                    if line.rstrip("\n").partition(" ")[2] == name:
                        return line.partition(" ")[0]
        except FileNotFoundError:
            pass
        return None

    def is_ancestor(self, repo, one, other):
        """What git says of two commits stays true."""
        key = (repo, one, other)
        if key not in self.ancestry:
            self.ancestry[key] = self.git(repo, "merge-base", "--is-ancestor", one, other, check=False).returncode == 0
        return self.ancestry[key]

    def commits(self, repo, base, head):
        if (repo, base, head) not in self.logs:
            self.logs[repo, base, head] = list(self.log(repo, base, head))
        return self.logs[repo, base, head]

    def log(self, repo, base, head):
        text = self.git(repo, "log", "--reverse", "--topo-order", "--format=%H%x1f%an%x1f%ae%x1f%cn%x1f%ce%x1f%aI%x1f%B%x1e",
                        f"{base}..{head}")
        for one in text.split("\x1e"):
            words = one.strip("\n").split("\x1f")
            if len(words) == 7:
                yield dict(zip(("sha", "name", "email", "committer", "committer_email", "date", "message"), words))

    def merge(self, repo, pull, method, title):
        """The commit that the server makes, on the target as it is now; None for a conflict."""
        base, head = self.ref(repo, "refs/heads/" + pull["base"]), pull["head"]
        done = self.git(repo, "merge-tree", "--write-tree", base, head, check=False)
        if done.returncode:
            return None
        tree = done.stdout.split("\n")[0]
        parents = ["-p", base] + (["-p", head] if method == "merge" else [])
        commit = self.git(repo, "commit-tree", tree, *parents, "-m", title)
        moved = self.git(repo, "update-ref", "refs/heads/" + pull["base"], commit, base, check=False)
        if moved.returncode:
            raise RuntimeError(moved.stderr)
        pull.update(state="closed", merged=True, merge_commit=commit, closed_at=stamp())
        return commit

    def push(self, repo, branch, file, text):
        """What somebody else has pushed to a branch, at this very moment."""
        tip, blob = self.ref(repo, "refs/heads/" + branch), self.git(repo, "hash-object", "-w", "--stdin", text=text + "\n")
        entries = [line for line in self.git(repo, "ls-tree", tip).split("\n") if not line.endswith("\t" + file)]
        tree = self.git(repo, "mktree", text="\n".join([*entries, f"100644 blob {blob}\t{file}"]) + "\n")
        self.git(repo, "update-ref", "refs/heads/" + branch, self.git(repo, "commit-tree", tree, "-p", tip, "-m", "Somebody else's"))

    def conflicts(self, pull):
        """Whether it has a conflict with its target as that is now."""
        key = (pull["repo"], self.ref(pull["repo"], "refs/heads/" + pull["base"]), pull["head"])
        if key not in self.clashes:
            self.clashes[key] = self.git(key[0], "merge-tree", "--write-tree", key[1], key[2], check=False).returncode != 0
        return self.clashes[key]

    # --- the life of a proposal

    head_ref = "refs/pull/{}/head"

    @staticmethod
    def stamp():
        return stamp()

    def refresh(self):
        """Heads follow their branches, and what has come to the target otherwise is merged."""
        for pull in self.pulls:
            if pull["state"] != "open":
                continue
            head = self.ref(pull["head_repo"], "refs/heads/" + pull["branch"]) if pull["head_repo"] else None
            if head and head != pull["head"]:
                self.moved(pull, head)
            if not head and pull["head_repo"] and os.path.isdir(os.path.join(self.folder, pull["head_repo"] + ".git")):
                tip = self.ref(pull["repo"], "refs/heads/" + pull["base"])
                if not self.is_ancestor(pull["repo"], pull["head"], tip):
                    pull["state"] = "closed"  # its branch was removed
                    continue
            self.notice(pull)

    def moved(self, pull, head):
        if pull["head_repo"] != pull["repo"]:
            self.git(pull["repo"], "fetch", "--quiet", os.path.join(self.folder, pull["head_repo"] + ".git"), head)
        pull["head"] = head
        pull["updated_at"] = self.stamp()
        number = pull["number"]
        self.git(pull["repo"], "update-ref", self.head_ref.format(number), head)
        pull["versions"].append({"id": self.new_id(), "head_commit_sha": head, "created_at": self.stamp()})

    def fork_is_gone(self, pull):
        """What becomes of what was proposed from it: nothing, on most."""

    def notice(self, pull):
        tip = self.ref(pull["repo"], "refs/heads/" + pull["base"])
        if not tip or not self.is_ancestor(pull["repo"], pull["head"], tip):
            pull.pop("seen", None)
            return
        if time.monotonic() - pull.setdefault("seen", time.monotonic()) < self.notice_after:
            return
        pull.update(state="closed", merged=True, closed_at=stamp(), merge_commit=self.merge_of(pull, tip))

    def merge_of(self, pull, tip):
        found = self.git(pull["repo"], "rev-list", "--ancestry-path", "--reverse", f"{pull['head']}..{tip}").split()
        return found[0] if found else pull["head"]

    def open_pull(self, repo, head_repo, branch, base, title, body, user):
        number = len(self.pulls) + 1
        pull = {"number": number, "id": 1000 + number, "repo": repo, "head_repo": head_repo, "branch": branch, "base": base,
                "title": title, "body": body, "user": user, "state": "open", "merged": False, "merge_commit": None, "draft": False,
                "labels": [], "reviews": [], "comments": [], "requested": [], "threads": [], "approvals": [], "versions": [],
                "head": None, "created_at": stamp(), "updated_at": stamp(), "closed_at": None}
        self.moved(pull, self.ref(head_repo, "refs/heads/" + branch))
        self.pulls.append(pull)
        return pull

    def pull(self, number):
        for pull in self.pulls:
            if pull["number"] == int(number):
                return pull
        raise Answer(404, {"message": "Not Found"})

    def new_id(self):
        self.next_id += 1
        return self.next_id

    # --- answers

    def paged(self, request, items, path=None, wrap=None):
        size = int(request.query.get(self.size_word, self.per_page))
        size = max(1, min(size, self.most_per_page, self.page_cap or self.most_per_page))
        page = max(1, int(request.query.get("page", 1)))
        last = max(1, -(-len(items) // size))
        part = items[(page - 1) * size: page * size]
        return Answer(200, wrap(part) if wrap else part, self.page_headers(request, page, last, size, len(items)))

    def page_headers(self, request, page, last, size, total):
        links = []
        for rel, number in (("prev", page - 1), ("next", page + 1), ("last", last), ("first", 1)):
            if (rel == "next" and page >= last) or (rel == "prev" and page == 1) or (rel == "last" and page >= last):
                continue
            query = urllib.parse.urlencode({**request.query, "page": number})
            links.append(f'<{self.url}{request.path}?{query}>; rel="{rel}"')
        return {"Link": ", ".join(links)} if last > 1 else {}

    def trouble_for(self, request):
        with self.lock:
            for trouble in self.troubles:
                if trouble.get("times", 1) > 0 and request.method == trouble.get("method", "GET") and re.search(
                        trouble["match"], request.target):
                    if trouble.get("skip", 0) > 0:
                        trouble["skip"] -= 1
                        continue
                    trouble["times"] = trouble.get("times", 1) - 1
                    return trouble
        return None

    def note(self, request, answer):
        with self.lock:
            self.requests.append({"method": request.method, "target": request.target, "status": answer.status,
                                  "conditional": "If-None-Match" in request.headers})

    def who(self, login):
        return self.users.get(login) or {"login": login, "id": 1, "type": "User", "may": "none"}

    # --- what a test says

    def control(self, request):
        from forge_stand import control
        with self.lock:
            return control.answer(self, request)


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
