"""Serves a folder over HTTP to who says USER:PASSWORD (the first line of FILE), and to nobody else: `/forbidden` is 403 to all, `/health` 500.
basic_auth_server.py FOLDER FILE PORT_FILE"""
import base64
import functools
import http.server
import os
import sys

folder, credentials, port_file = sys.argv[1:4]
with open(credentials) as file:
    wanted = "Basic " + base64.b64encode(file.readline().strip().encode()).decode()


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/health"):
            self.send_error(500)
        elif self.path.startswith("/forbidden"):
            self.send_error(403)
        elif self.headers.get("Authorization") == wanted:
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
