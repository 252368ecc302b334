# SPDX-License-Identifier: Apache-2.0
"""client: one connection to the gateway, plain or TLS, in one thread: what is sent, all that was received,
and how the connection ended."""
import re
import select
import socket
import ssl
import time

DEADLINE = 10.0


class Late(Exception):
    """A condition did not come true in time."""


class Head:
    """The fields of a message that was read already."""

    def __init__(self, text):
        rows = [line.partition(":") for line in text.split("\r\n")[1:] if line]
        self.fields = [(name, value.strip()) for name, _, value in rows]

    def field(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Answer(Head):
    """One final answer; `complete` is false while bytes of it are missing."""

    def __init__(self, status, head, body, complete, interim):
        super().__init__(head)
        self.status, self.body, self.complete, self.interim = status, body, complete, interim


def chunked_length(data, at):
    """Where the chunked body that begins at `at` ends, and its pieces; the end is None while it goes on."""
    pieces = []
    while (eol := data.find(b"\r\n", at)) >= 0:
        size = int(bytes(data[at:eol]).split(b";")[0], 16)
        if size == 0:
            end = data.find(b"\r\n\r\n", eol)
            return (end + 4 if end >= 0 else None), pieces
        if len(data) < eol + 2 + size + 2:
            pieces.append((eol + 2, len(data)))
            return None, pieces
        pieces.append((eol + 2, eol + 2 + size))
        at = eol + 2 + size + 2
    return None, pieces


class Client:
    def __init__(self, address, tls=None, session=None):
        self.received = bytearray()
        self.sent_heads = bytearray()
        self.ended = None  # "closed", "cut" (TLS without close_notify), "reset"
        self.socket = socket.create_connection(address, timeout=DEADLINE)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._out = bytearray()
        self._answers, self._at, self._interim = [], 0, []
        self.tls = None
        if tls:
            self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = tls.wrap_bio(self._from, self._to, server_hostname="localhost", session=session)
            self._shaken = False
            self._shake()
            self.until(lambda: self._shaken or self.ended, "the TLS handshake")

    # Bytes out and in.

    def send(self, data):
        self.sent_heads += data[:65536]
        if self.ended not in (None, "closed"):
            return
        if self.tls:
            if not self._shaken:
                return
            self.tls.write(data)
            self._out += self._to.read()
        else:
            self._out += data
        if self.ended:
            self._write()  # they say no more, and may still read
        self.until(lambda: not self._out or self.ended, "the gateway to take the bytes")

    def drip(self, data):
        """A byte each 20 ms, while anybody takes it."""
        for at in range(len(data)):
            if self.ended or self.complete_answers():
                return
            self.send(data[at:at + 1])
            pause = time.monotonic() + 0.02
            self.until(lambda: time.monotonic() > pause or self.ended, "a moment to pass")

    def half_close(self):
        if self.tls:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass  # our close_notify is in the buffer; theirs has not come yet
            self._out += self._to.read()
        self.until(lambda: not self._out or self.ended, "the gateway to take the bytes")
        self._shutdown()

    def _shutdown(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()
        self.ended = self.ended or "by us"

    def until(self, condition, what):
        """Moves bytes both ways until the condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise Late(f"waited {DEADLINE:.0f} s for {what}")
            if self.ended:
                time.sleep(0.005)
                continue
            poll = select.poll()
            poll.register(self.socket, select.POLLIN | (select.POLLOUT if self._out else 0))
            events = sum(flags for _, flags in poll.poll(10))
            if events & select.POLLOUT:
                self._write()
            if events & ~select.POLLOUT:
                self._read()

    def _write(self):
        try:
            del self._out[:self.socket.send(memoryview(self._out)[:262144].tobytes())]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()  # what they still had to say can be read

    def _read(self):
        try:
            data = self.socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        if not self.tls:
            self.received += data
            self.ended = None if data else "closed"
            return
        if data:
            self._from.write(data)
        else:
            self._from.write_eof()
        if not self._shaken:
            self._shake()
        self._read_tls()
        if not data:
            self.ended = self.ended or "cut"

    def _shake(self):
        try:
            self.tls.do_handshake()
            self._shaken = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.ended = "cut"
        self._out += self._to.read()

    def _read_tls(self):
        try:
            while self._shaken and (data := self.tls.read(262144)):
                self.received += data
            self.ended = "closed" if self._shaken else None  # an empty read: their close_notify
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = "closed"  # their close_notify, behind ours
        except ssl.SSLError:
            self.ended = "cut"

    # What was received, as answers.

    def answers(self):
        """All answers so far, the last one perhaps incomplete."""
        while (answer := self._next()) and answer.complete:
            self._answers.append(answer)
        return self._answers + ([answer] if answer else [])

    def complete_answers(self):
        return [answer for answer in self.answers() if answer.complete]

    def _method(self):
        methods = re.findall(rb"(?:^|\n)([A-Za-z]+) \S+ HTTP/1\.[01]\r\n", bytes(self.sent_heads))
        return methods[len(self._answers)] if len(self._answers) < len(methods) else b""

    def _next(self):
        data = self.received
        end = data.find(b"\r\n\r\n", self._at)
        if end < 0:
            left = bytes(data[self._at:])
            return Answer(0, "", left, False, self._interim) if left else None
        head = bytes(data[self._at:end]).decode("latin-1")
        line = head.split("\r\n")[0]
        if not re.match(r"HTTP/1\.1 \d{3} ", line):
            return Answer(0, "", bytes(data[self._at:]), False, self._interim)
        status, body = int(line[9:12]), end + 4
        if 100 <= status < 200 and status != 101:
            self._interim.append(status)
            self._at = body
            return self._next()
        stop, pieces = self._body_end(status, Head(head), body)
        complete = stop is not None
        if not pieces:
            pieces = [(body, stop if complete else len(data))]
        answer = Answer(status, head, b"".join(bytes(data[a:b]) for a, b in pieces), complete, self._interim)
        if complete:
            self._at, self._interim = stop, []
        return answer

    def _body_end(self, status, head, at):
        if status == 101:  # all that follows is no longer HTTP
            return (len(self.received) if self.ended == "closed" else None), []
        if self._method() == b"HEAD" or status in (204, 304):
            return at, []
        if (head.field("Transfer-Encoding") or "").lower() == "chunked":
            return chunked_length(self.received, at)
        if (length := head.field("Content-Length")) is not None:
            end = at + int(length)
            return (end if end <= len(self.received) else None), []
        return (len(self.received) if self.ended == "closed" else None), []
