#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vulnerable: an app with the weaknesses of old apps, on purpose and the same in every run.

Fixation: any id that a client invents becomes a session; the id may come in the cookie, the query, a path parameter or
a form; it stays the same across the login, and what belongs to it stays alive behind the logout. Races: /redeem looks,
waits and then pays. Timing: a login of nobody is refused at once, one of somebody after a hash, a locked one later.

Any request may wait at a gate: `?gate=G` before the app acts, `?gate_after=G` before it answers. What lies below
/_app/ is for the test that started the app, asked directly: who came with which id, and the gates.

usage: vulnerable.py PORT"""
import collections
import hashlib
import http.server
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))
from websocket import CLOSE, Frames, TEXT, accept_of  # noqa: E402

COOKIE = "APPSESSID"
USERS = {"alice": "wonderland", "bob": "builder", "mallory": "hunter2", "carol": "locked out"}
LOCKED = {"carol"}
HASH, LOCK = 0.030, 0.060  # what a login costs the app, in seconds: the weakness in time
LOOK_THEN_PAY = 0.020  # between the check and the act of /redeem: the race
PATIENCE = 30  # at a gate; no test waits that long


class Shop:
    """All that the app remembers."""

    def __init__(self):
        self.lock = threading.Condition()
        self.made = 0
        self.sessions = {}
        self.seen = collections.deque(maxlen=200_000)
        self.paid = collections.Counter()
        self.arrived, self.opened = collections.Counter(), set()

    def new_id(self):
        with self.lock:
            self.made += 1
            return hashlib.sha256(b"app session %d" % self.made).hexdigest()[:26]

    def session(self, name):
        with self.lock:
            return self.sessions.setdefault(name, {"user": None, "cart": []})

    def wait_at(self, gate):
        with self.lock:
            self.arrived[gate] += 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: gate in self.opened, PATIENCE)

    def until_arrived(self, gate, count):
        with self.lock:
            return self.lock.wait_for(lambda: self.arrived[gate] >= count, PATIENCE)

    def open(self, gate):
        with self.lock:
            self.opened.add(gate)
            self.lock.notify_all()

    def redeem(self, coupon):
        """Check, then act: nothing holds the two together."""
        if self.paid[coupon]:
            return "already redeemed"
        time.sleep(LOOK_THEN_PAY)
        with self.lock:
            self.paid[coupon] += 1
        return "redeemed"

    def login(self, session, user, password):
        """What is wrong, or None. The time it takes says who exists."""
        if user not in USERS:
            return "wrong"
        time.sleep(LOCK if user in LOCKED else HASH)
        if user in LOCKED or password != USERS[user]:
            return "wrong"
        session["user"] = user
        return None


def cookies_of(fields):
    """Every pair of every Cookie field, read as old frameworks do: split at ; and , with blanks and quotes trimmed."""
    for field in fields:
        for pair in re.split("[;,]", field):
            name, equals, value = pair.strip().partition("=")
            if equals:
                yield urllib.parse.unquote(name.strip()), value.strip().strip('"')


class Visit(http.server.BaseHTTPRequestHandler):
    """One request."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    shop = None

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def act(self):
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        path, *parameters = urllib.parse.unquote(path).split(";")
        self.parameters = dict(text.partition("=")[::2] for text in parameters)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.form = self.read_form()
        self.more = []  # fields of the answer
        if path.startswith("/_app/"):
            self.control(path)
            return
        self.find_session()
        if "gate" in self.query:
            self.shop.wait_at(self.query["gate"])
        page = getattr(self, "page_" + path.strip("/").replace("/", "_"), None)
        if page:
            page()
        else:
            self.answer(404, "no such page")

    do_GET = do_POST = act

    def read_form(self):
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            return {name: value for name, value in re.findall(
                r'name="?([^";\r\n]+)"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', self.body.decode("latin-1"), re.DOTALL)}
        if kind.startswith("application/json"):
            return json.loads(self.body or b"{}")
        return dict(urllib.parse.parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))

    def find_session(self):
        """The first cookie of the name, unless the query, the path or the form knows better."""
        cookies = list(cookies_of(self.headers.get_all("Cookie") or []))
        from_cookie = next((value for name, value in cookies if name == COOKIE), None)
        elsewhere = [place[COOKIE] for place in (self.query, self.parameters, self.form) if COOKIE in place]
        self.id = elsewhere[-1] if elsewhere else from_cookie
        if not self.id:
            self.id = self.shop.new_id()
        if self.id != from_cookie:
            self.set_cookie(f"{COOKIE}={self.id}; Path=/")
        self.session = self.shop.session(self.id)
        self.shop.seen.append({"path": self.path, "id": self.id, "from_cookie": from_cookie, "cookies": cookies,
                               "body": self.body.decode("latin-1")[:500], "peer": self.client_address[1]})

    def set_cookie(self, text):
        self.more.append(("Set-Cookie", text))

    def answer(self, status, text, kind="text/plain"):
        if "gate_after" in getattr(self, "query", {}):
            self.shop.wait_at(self.query["gate_after"])
        body = text.encode()
        lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.more]
        self.wfile.write("\r\n".join(lines + ["", ""]).encode() + body)

    def go(self, where):
        self.more.append(("Location", where))
        self.answer(302, "")

    def who(self):
        return f"user: {self.session['user']}" if self.session["user"] else "anonymous"

    # The pages.

    def page_(self):
        self.go("/home")

    def page_home(self):
        self.answer(200, self.who())

    def page_login(self):
        if self.command == "GET":
            self.answer(200, '<form method="post"><input name="user"><input name="password"></form>', "text/html")
            return
        wrong = self.shop.login(self.session, self.form.get("user"), self.form.get("password"))
        if not wrong:
            self.go("/home")
        elif "plain" in self.query:
            self.answer(200, wrong)
        else:
            self.go("/login?failed")

    def page_api_login(self):
        wrong = self.shop.login(self.session, self.form.get("user"), self.form.get("password"))
        self.answer(200, json.dumps({"ok": not wrong}, separators=(",", ":")), "application/json")

    def page_logout(self):
        """The cookie is taken back; the session behind it lives on. `?keep` forgets even the cookie."""
        if "keep" not in self.query:
            self.set_cookie(f"{COOKIE}=deleted; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0")
        self.answer(200, "bye")

    def page_cart(self):
        if "add" in self.query:
            self.session["cart"].append(self.query["add"])
        self.answer(200, "cart: " + " ".join(self.session["cart"]))

    def page_again(self):
        """Sets the cookie anew with the same id, as frameworks do that push its lifetime on; `?fresh`: another id."""
        if "fresh" in self.query:
            self.id = self.shop.new_id()
        self.set_cookie(f"{COOKIE}={self.id}; Path=/")
        self.answer(200, self.who())

    page_slow = page_again

    def page_renew(self):
        """What careful apps do at a login: a new id with what the old one had."""
        fresh = self.shop.new_id()
        self.shop.session(fresh).update(self.session)
        self.set_cookie(f"{COOKIE}={fresh}; Path=/")
        self.answer(200, self.who())

    def page_link(self):
        """A redirect for browsers without cookies: `?as=` names the path parameter."""
        self.go(f"/home;{self.query['as']}={self.id}" + self.query.get("then", ""))

    def page_prefs(self):
        for text in ("theme=dark", "lang=en; Path=/", "xsrf=4711; Path=/", "strict=1; Path=/; SameSite=Strict; Secure"):
            self.set_cookie(text)
        self.answer(200, "set")

    def page_script(self):
        self.answer(200, "<script>document.title = document.cookie.match(/xsrf=(\\d+)/)[1]</script>", "text/html")

    def page_huge(self):
        """A session cookie that no browser keeps once it is sealed."""
        name = (self.query["size"] + "x" * int(self.query["size"]))[:int(self.query["size"])]
        self.shop.sessions[name] = {"user": "huge", "cart": []}
        self.set_cookie(f"{COOKIE}={name}; Path=/")
        self.answer(200, "set")

    def page_redeem(self):
        self.answer(200, self.shop.redeem(self.form.get("coupon", "?")))

    def page_ws(self):
        """A WebSocket that says to each message who is logged in now."""
        self.more += [("Upgrade", "websocket"), ("Connection", "Upgrade"),
                      ("Sec-WebSocket-Accept", accept_of(self.headers["Sec-WebSocket-Key"].encode()).decode())]
        lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in self.more), "", ""]
        self.wfile.write("\r\n".join(lines).encode())
        self.close_connection = True
        frames = Frames(self.connection, self.rfile, False)
        while True:
            kind, payload = frames.receive()
            if kind == TEXT:
                frames.send(TEXT, self.who().encode())
            if kind in (CLOSE, None):
                break
        if kind == CLOSE:
            frames.send(CLOSE, payload)

    # For the test.

    def control(self, path):
        shop, query = self.shop, self.query
        what = path[len("/_app/"):]
        if what == "seen":
            said = list(shop.seen)
        elif what == "wait":
            said = shop.until_arrived(query["gate"], int(query.get("count", 1)))
        elif what == "open":
            said = shop.open(query["gate"])
        elif what == "paid":
            said = shop.paid[query["coupon"]]
        elif what == "sessions":
            said = dict(shop.sessions)
        else:
            said = None
        self.query = {}
        self.answer(200 if what else 404, json.dumps(said), "application/json")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def get_request(self):
        s, peer = super().get_request()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s, peer

    def handle_error(self, request, client_address):
        """Visitors come and go."""


if __name__ == "__main__":
    Visit.shop = Shop()
    Server(("127.0.0.1", int(sys.argv[1])), Visit).serve_forever()
