#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's legacy app: it works, and it trusts what it is sent. It keeps a session id that somebody else chose,
and its file page climbs out of its folder when it is asked to. It never leaves the folder of the demo, so that
trying it hurts nobody."""
import html
import http.server
import pathlib
import secrets
import urllib.parse

DEMO = pathlib.Path(__file__).resolve().parent
PUBLIC = DEMO / "public"
USERS = {"anna": "secret"}
SESSIONS = {}  # session id → user

PAGE = """<!doctype html><meta charset="utf-8"><title>Stock 2003</title>
<h1>Stock 2003</h1><p>Hello, {user}.</p>{body}
<p><a href="/">start</a> · <a href="/login">login</a> · <a href="/files/price-list.txt">price list</a>
· <a href="/echo">echo</a></p>"""
FORM = """<form method="post" action="/login"><input name="user" placeholder="anna">
<input name="password" type="password" placeholder="secret"><button>Log in</button></form>"""


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Stock/2003"
    sys_version = ""

    def log_message(self, *_):
        pass

    def session(self):
        """The id the browser came with, whoever made it; that is the hole."""
        for pair in self.headers.get("Cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == "PHPSESSID" and value:
                return value
        return None

    def answer(self, status, body, kind="text/html; charset=utf-8", **fields):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **fields}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def page(self, body, status=200, **fields):
        user = SESSIONS.get(self.session(), "stranger")
        self.answer(status, PAGE.format(user=html.escape(user), body=body), **fields)

    def file(self, name):
        path = (PUBLIC / name).resolve()
        if DEMO in path.parents and path.is_file():
            self.answer(200, path.read_bytes(), "text/plain; charset=utf-8")
        else:
            self.page("<p>No such file.</p>", 404)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        if path == "/":
            self.page("<p>All shelves are counted.</p>")
        elif path == "/login":
            fresh = {} if self.session() else {"Set_Cookie": f"PHPSESSID={secrets.token_hex(8)}; Path=/"}
            self.page(FORM, **fresh)
        elif path.startswith("/files/"):
            self.file(path.removeprefix("/files/"))
        elif path == "/echo":
            self.answer(200, f"{self.requestline}\n{self.headers}", "text/plain; charset=utf-8")
        else:
            self.page("<p>No such page.</p>", 404)

    do_HEAD = do_GET

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/echo":
            self.answer(200, form, "application/octet-stream")
            return
        values = dict(urllib.parse.parse_qsl(form.decode("latin-1")))
        if self.path != "/login" or values.get("user") not in USERS or USERS[values["user"]] != values.get("password"):
            self.page("<p>Wrong name or password.</p>" + FORM, 401)
            return
        session = self.session() or secrets.token_hex(8)
        SESSIONS[session] = values["user"]
        self.answer(302, "", Location="/", Set_Cookie=f"PHPSESSID={session}; Path=/")


if __name__ == "__main__":
    try:
        http.server.ThreadingHTTPServer(("127.0.0.1", 9000), App).serve_forever()
    except KeyboardInterrupt:
        pass
