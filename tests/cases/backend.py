# SPDX-License-Identifier: Apache-2.0
"""backend: records every byte that the gateway sends to it, reads the requests in them strictly, and answers
as the case says."""
import hashlib
import itertools
import re
import socket
import struct
import threading
import time

from case_file import Step, expand
from client import DEADLINE, Head

_LINE = re.compile(rb"[A-Z]+ (/[!-~]*|\*) HTTP/1\.[01]\r\n")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*\r\n")
KEPT = b"/kept"  # the request with which the runner finds out that a connection still works


class Request(Head):
    """One request as the backend read it."""

    def __init__(self, head):
        super().__init__(head.decode("latin-1"))
        self.line, self.body, self.complete = head.split(b"\r\n")[0], b"", False
        self.target = self.line.split(b" ")[1]


class Broken(Exception):
    """The gateway sent what no backend should ever see."""


class Backend:
    def __init__(self, steps, client_received):
        self.answers = split_answers(steps)
        self.client_received = client_received
        self.requests, self.raw, self.broken = [], [], None
        self.told = threading.Event()
        self._lock, self._taken, self._open, self.ended = threading.Lock(), 0, [], 0
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        if self.answers[0] and self.answers[0][0].verb == "down":
            return  # bound, so that nobody else gets the port, and not listening
        self.listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        for s in [self.listener] + self._open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def seen(self):
        """Everything received, connection by connection."""
        return b"".join(bytes(raw) for raw in self.raw)

    def served(self):
        return [r for r in list(self.requests) if r.target != KEPT]

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw = bytearray()
            self.raw.append(raw)
            self._open.append(s)
            threading.Thread(target=self._serve, args=(s, raw), daemon=True).start()

    def _serve(self, s, raw):
        try:
            reader = Reader(s, raw)
            while self._one(s, reader):
                pass
        except Broken as e:
            self.broken = str(e)
        except OSError:
            pass
        finally:
            s.close()
            self.ended += 1

    def _one(self, s, reader):
        head = reader.head()
        if head is None:
            return False
        request = Request(head)
        with self._lock:
            self.requests.append(request)
            if request.target == KEPT:
                answer = [Step("echo", "", 0)]
            else:
                answer = self.answers[min(self._taken, len(self.answers) - 1)]
                self._taken += 1
        early = bool(answer) and answer[0].verb == "early"
        if not early:
            request.complete = reader.body(request)
        if not early and not request.complete:
            return False
        if not self._answer(s, reader, request, answer[early:]):
            return False
        if early:
            request.complete = reader.body(request)
        return request.complete

    def _answer(self, s, reader, request, steps):
        """Plays one answer. Returns whether the connection goes on."""
        for step in together(steps):
            if step.verb == "|":
                s.sendall(step.text)
            elif step.verb == "echo":
                s.sendall(echo(request))
            elif step.verb == "until" and step.text == "told":
                self.told.wait(DEADLINE)
            elif step.verb == "until" and step.text == "end":
                return reader.until(None)
            elif step.verb == "until" and step.text.startswith("backend has "):
                if not reader.until(expand(step.text.removeprefix("backend has "))):
                    raise Broken(f"the connection ended before {step.text}")
            elif step.verb == "half-close":
                s.shutdown(socket.SHUT_WR)
            elif step.verb == "until":
                self._until(expand(step.text.removeprefix("client has ")))
            elif step.verb == "close":
                s.shutdown(socket.SHUT_WR)
                return False
            elif step.verb == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step.verb == "silence":
                while s.recv(65536):
                    pass
                return False
            else:
                raise Broken(f"the case asks the backend for {step}")
        return True

    def _until(self, text):
        end = time.monotonic() + DEADLINE
        while text not in self.client_received():
            if time.monotonic() > end:
                raise Broken(f"waited {DEADLINE:.0f} s for the client to have {text!r}")
            time.sleep(0.002)


def together(steps):
    """The steps with lines of bytes that follow each other made one."""
    for is_bytes, group in itertools.groupby(steps, lambda step: step.verb == "|"):
        group = list(group)
        if is_bytes:
            yield Step("|", b"".join(expand(step.text) for step in group), group[0].line)
        else:
            yield from group


def split_answers(steps):
    """The steps of a backend section, cut at `next`: one list for each request, the last for all that follow."""
    answers = [[]]
    for step in steps:
        if step.verb == "next":
            answers.append([])
        else:
            answers[-1].append(step)
    return answers if steps else [[Step("echo", "", 0)]]


def echo(request):
    body = b"%s\nbody %d sha256 %s\n" % (request.line, len(request.body),
                                         hashlib.sha256(request.body).hexdigest().encode())
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: app\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head if request.line.startswith(b"HEAD ") else head + body


class Reader:
    """Requests out of one connection, by a grammar with no tolerance."""

    def __init__(self, s, raw):
        self.socket, self.raw, self.at = s, raw, 0

    def _more(self):
        data = self.socket.recv(262144)
        self.raw += data
        return bool(data)

    def until(self, text):
        """Reads on, as mere bytes, until the text is there. Returns false when the connection ended before."""
        while text is None or text not in self.raw:
            if not self._more():
                return False
        return True

    def _upto(self, mark):
        """The bytes up to and including the mark, or None when the connection ended before."""
        while (end := self.raw.find(mark, self.at)) < 0:
            if not self._more():
                return None
        start, self.at = self.at, end + len(mark)
        return bytes(self.raw[start:self.at])

    def _exactly(self, count, into):
        while len(self.raw) - self.at < count:
            if not self._more():
                return False
        into += self.raw[self.at:self.at + count]
        self.at += count
        return True

    def head(self):
        head = self._upto(b"\r\n\r\n")
        if head is None:
            return None
        lines = head[:-2].splitlines(keepends=True)
        wrong = [line for line in lines[1:] if not _FIELD.fullmatch(line)]
        if not _LINE.fullmatch(lines[0]) or wrong:
            raise Broken(f"the backend cannot read {(wrong or lines)[0]!r}")
        for name in (b"host", b"content-length", b"transfer-encoding"):
            if sum(line.lower().startswith(name + b":") for line in lines) > 1:
                raise Broken(f"the backend got {name.decode()} twice")
        return head

    def body(self, request):
        """Reads the body. Returns false when the connection ended before it was complete."""
        body, coding, length = bytearray(), request.field("Transfer-Encoding"), request.field("Content-Length")
        try:
            if coding is None:
                return self._exactly(int(length or "0"), body)
            if coding != "chunked" or length is not None:
                raise Broken("the backend got a framing that can be read in two ways")
            return self._chunks(body)
        finally:
            request.body = bytes(body)

    def _chunks(self, body):
        while line := self._upto(b"\r\n"):
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}\r\n", line):
                raise Broken(f"the backend cannot read the chunk line {line!r}")
            size = int(line, 16)
            if size and not self._exactly(size, body):
                return False
            end = bytearray()
            if not self._exactly(2, end):
                return False
            if end != b"\r\n":
                raise Broken(f"the backend got {bytes(end)!r} after a chunk")
            if size == 0:
                return True
        return False
