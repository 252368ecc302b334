# SPDX-License-Identifier: Apache-2.0
"""browser: a visitor as a browser is one: a cookie jar by RFC 6265bis (host and domain, Path, Secure, Expires, the
prefixes __Host- and __Secure-), one connection that is kept, a new one when it was closed."""
import collections
import email.utils
import json
import re
import socket
import threading
import time
import urllib.parse

DEADLINE = 30
Cookie = collections.namedtuple("Cookie", "name value domain host_only path secure http_only same_site age")


class Gone(Exception):
    """The connection ended without a whole answer."""


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.text = status, fields, body.decode("utf-8", "replace")

    def field(self, name):
        return ", ".join(value for key, value in self.fields if key.lower() == name.lower()) or None

    def set_cookies(self, name=None):
        """The Set-Cookie fields, all or those of one cookie."""
        found = [value for key, value in self.fields if key.lower() == "set-cookie"]
        return [text for text in found if name is None or text.partition("=")[0].strip() == name]

    def __repr__(self):
        return f"{self.status} {self.text[:60]!r} {self.set_cookies()}"


class Connection:
    """One connection. Answers come in the order of the requests, so several may be under way."""

    def __init__(self, door):
        self.socket = socket.create_connection(door.address, timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if door.tls:
            self.socket = door.tls.wrap_socket(self.socket, server_hostname=door.host)
        self.reader = self.socket.makefile("rb")
        self.host, self.ended = door.host, False

    def send(self, method, path, cookies="", form=None, fields=()):
        """`cookies`: one Cookie field, or several. `form`: a dict is urlencoded; (type, bytes) goes as it is."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *(f"{name}: {value}" for name, value in fields)]
        lines += [f"Cookie: {text}" for text in ([cookies] if isinstance(cookies, str) else cookies) if text]
        kind, body = form if isinstance(form, tuple) else ("application/x-www-form-urlencoded", form)
        body = urllib.parse.urlencode(body).encode() if isinstance(body, dict) else body
        if body is not None:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        try:
            self.socket.sendall("\r\n".join(lines + ["", ""]).encode("latin-1") + (body or b""))
        except OSError as e:
            raise Gone(str(e)) from e

    def receive(self):
        try:
            return self._receive()
        except (OSError, ValueError) as e:
            self.ended = True
            raise Gone(str(e)) from e

    def _receive(self):
        while True:
            line = self.reader.readline(65536)
            if not line.endswith(b"\r\n"):
                raise ValueError(f"no answer, but {line!r}")
            status, fields = int(line.split(b" ")[1]), []
            while (line := self.reader.readline(65536)) != b"\r\n":
                if not line:
                    raise ValueError("the head of an answer ended in the middle")
                name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
                fields.append((name, value.strip()))
            if status >= 200:
                break
        known = {name.lower(): value for name, value in fields}
        if known.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in known:
            body = self._exactly(int(known["content-length"]))
        else:
            body, self.ended = b"" if status in (204, 304) else self.reader.read(), status not in (204, 304)
        self.ended = self.ended or known.get("connection", "").lower() == "close"
        return Answer(status, fields, body)

    def _chunks(self):
        body = b""
        while size := int(self.reader.readline(100).split(b";")[0], 16):
            body += self._exactly(size)
            self.reader.readline(10)
        while self.reader.readline(65536) not in (b"\r\n", b""):
            pass
        return body

    def _exactly(self, count):
        data = self.reader.read(count)
        if len(data) != count:
            raise ValueError("the body of an answer ended in the middle")
        return data

    def close(self):
        for end in (self.reader, self.socket):
            try:
                end.close()
            except OSError:
                pass


class Jar:
    """The cookies of one browser. `secure`: whether its visits go over TLS."""

    def __init__(self, host, secure):
        self.host, self.secure, self.lock = host, secure, threading.Lock()
        self.cookies = {}  # (name, domain, path) -> Cookie; in the order in which they came

    def store(self, text, host=None, path="/", secure=None):
        """One Set-Cookie of an answer that `host` gave for `path`. Returns whether a browser would take it."""
        host, secure = host or self.host, self.secure if secure is None else secure
        pair, *attributes = text.split(";")
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or len(name) + len(value) > 4096:
            return False
        said = {key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in attributes)}
        domain = said.get("domain", "").lstrip(".").lower()
        if domain and not (host == domain or host.endswith("." + domain)):
            return False
        if "secure" in said and not secure:
            return False
        if name.lower().startswith(("__host-", "__secure-")) and "secure" not in said:
            return False
        if name.lower().startswith("__host-") and (domain or said.get("path") != "/"):
            return False
        if said.get("samesite", "").lower() == "none" and "secure" not in said:
            return False
        at = said.get("path", "")
        at = at if at.startswith("/") else path.split("?")[0].rpartition("/")[0] or "/"
        cookie = Cookie(name, value, domain or host, not domain, at, "secure" in said, "httponly" in said,
                        said.get("samesite", "").lower(), time.monotonic())
        with self.lock:
            key = (name, cookie.domain, at)
            old = self.cookies.get(key)
            if not secure and any(c.name == name and c.secure for c in self.cookies.values()):
                return False  # plain HTTP does not overwrite what TLS has set
            if is_over(said):
                self.cookies.pop(key, None)
            else:
                self.cookies[key] = cookie._replace(age=old.age) if old else cookie
        return True

    def plant(self, name, value):
        """An attacker puts a cookie where only a browser could."""
        with self.lock:
            self.cookies = {key: cookie for key, cookie in self.cookies.items() if key[0] != name}
            self.cookies[name, self.host, "/"] = Cookie(name, value, self.host, True, "/", False, False, "",
                                                        time.monotonic())

    def get(self, name):
        return next((cookie.value for cookie in self.for_path("/") if cookie.name == name), None)

    def for_path(self, path):
        """What goes to the host of this jar for a path; the longest Path first, then the oldest."""
        path = path.split("?")[0]
        with self.lock:
            fitting = [c for c in self.cookies.values()
                       if (self.host == c.domain or not c.host_only and self.host.endswith("." + c.domain))
                       and (path == c.path or path.startswith(c.path.rstrip("/") + "/")) and (self.secure or not c.secure)]
        return sorted(fitting, key=lambda c: (-len(c.path), c.age))

    def header(self, path):
        return "; ".join(f"{c.name}={c.value}" for c in self.for_path(path))

    def for_scripts(self, path):
        """document.cookie."""
        return "; ".join(f"{c.name}={c.value}" for c in self.for_path(path) if not c.http_only)

    def copy(self):
        other = Jar(self.host, self.secure)
        other.cookies = dict(self.cookies)
        return other


def is_over(said):
    """Whether the attributes of a cookie say that it is to be forgotten."""
    if re.fullmatch(r"-?\d+", said.get("max-age", "")):
        return int(said["max-age"]) <= 0
    if "expires" in said:
        try:
            return email.utils.parsedate_to_datetime(said["expires"]).timestamp() < time.time()
        except (TypeError, ValueError):
            return False
    return False


class Browser:
    """A visitor of one door. One thread at a time; `twin` is another tab: the same jar, a connection of its own."""

    def __init__(self, door, jar=None):
        self.door, self.jar = door, jar or Jar(door.host, bool(door.tls))
        self.connection = None

    def twin(self):
        return Browser(self.door, self.jar)

    def connected(self):
        if self.connection is None or self.connection.ended:
            self.leave()
            self.connection = Connection(self.door)
        return self.connection

    def send(self, method, path, form=None, fields=(), cookies=None):
        self.connected().send(method, path, self.jar.header(path) if cookies is None else cookies, form, fields)

    def receive(self, path="/"):
        answer = self.connection.receive()
        for text in answer.set_cookies():
            self.jar.store(text, path=path)
        return answer

    def ask(self, method, path, form=None, fields=(), cookies=None):
        """One request and its answer. A kept connection that was closed meanwhile is tried once more, on a new one."""
        kept = self.connection is not None
        try:
            self.send(method, path, form, fields, cookies)
            return self.receive(path)
        except Gone:
            if not kept:
                raise
        self.leave()
        self.send(method, path, form, fields, cookies)
        return self.receive(path)

    def get(self, path, **how):
        return self.ask("GET", path, **how)

    def post(self, path, form, **how):
        return self.ask("POST", path, form, **how)

    def post_json(self, path, value):
        return self.ask("POST", path, ("application/json", json.dumps(value).encode()))

    def leave(self):
        if self.connection:
            self.connection.close()
            self.connection = None
