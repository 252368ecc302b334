#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""app: one of the apps of the chaos run. It answers every request with what only that request can be answered with,
until its mood, one word a line on stdin, says otherwise.

    app.py PORT LEDGER    LEDGER: the file that gets a line for each POST that was received whole, and for all that
                          no app should ever receive"""
import hashlib
import os
import random
import socket
import struct
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))
from websocket import CLOSE, Frames, Torn, Wrong, accept_of, frame_head  # noqa: E402

MAX_HEAD = 65536
# None of these can be read as an answer. Each goes out byte by byte.
GARBAGE = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, b"\0" * 200, b"HTTP/1.1 2x0 OK\r\n\r\n",
           b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b"HTTP/9.9 200 OK\r\n\r\n",
           b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"HTTP/1.1 99 OK\r\n\r\n"]
MOODS = ("good", "reset", "garbage", "short", "drip", "silent", "early")
UNREAD = "unread"  # instead of a hash: the answer began before the body was read


def pattern(identity, size):
    """A body that belongs to one request and to no other."""
    block = hashlib.sha256(identity.encode()).digest() * 32
    return (block * (size // len(block) + 1))[:size]


def sent_with(identity):
    """The name of the body that the visitor sends."""
    return f"sent-{identity}"


def message_of(identity, number):
    """The name of a message over a WebSocket; its echo has the same."""
    return f"message-{identity}-{number}"


class App:
    def __init__(self, port, ledger):
        self.mood = "good"
        self.ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(256)

    def serve(self):
        while True:
            s, _ = self.listener.accept()
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(s,), daemon=True).start()

    def _connection(self, s):
        try:
            with s, s.makefile("rb") as reader:
                while self._exchange(s, reader):
                    pass
        except OSError:
            pass
        except Torn:
            pass
        except (ValueError, Wrong) as e:
            self._note("wrong", f"an app cannot read what it got: {e}")

    def _note(self, kind, text):
        os.write(self.ledger, f"{kind} {text}\n".encode())

    def _exchange(self, s, reader):
        line = reader.readline(MAX_HEAD)
        if not line.endswith(b"\r\n"):
            return False
        method, target, _ = line.decode("latin-1").split(" ")
        fields = {}
        while (field := reader.readline(MAX_HEAD)) != b"\r\n":
            if not field.endswith(b"\r\n"):
                return False
            name, _, value = field.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        if fields.get("upgrade", "").lower() == "websocket":
            return self._socket(s, reader, target.split("/")[2], fields)
        identity, size, sent = target.split("/")[2:]
        if self.mood == "early" and random.random() < 0.5:
            s.sendall(whole_answer(identity, int(size), UNREAD))
            return random.random() < 0.5 and self._body(reader, fields, identity, int(sent)) is not None
        body = self._body(reader, fields, identity, int(sent))
        if body is None:
            return False
        if method == "POST":
            self._note("whole", identity)
        return self._answer(s, identity, int(size), hashlib.sha256(body).hexdigest())

    def _body(self, reader, fields, identity, sent):
        """The body, or None when the connection ended before it did. A whole one is what was sent, all of it."""
        body = read_body(reader, fields)
        if body is not None and body != pattern(sent_with(identity), sent):
            self._note("wrong", f"{identity}: {len(body)} bytes came as its body, which are not the {sent} that were sent")
        return body

    def _answer(self, s, identity, size, digest):
        mood = self.mood if self.mood == "good" or random.random() < 0.5 else "good"
        if no_answer(s, mood):
            return False
        answer = whole_answer(identity, size, digest)
        if mood == "short":
            s.sendall(answer[:random.randrange(1, len(answer))])
            return False
        if mood == "drip":
            cut = random.randrange(1, 300)
            for at in range(min(cut, len(answer))):
                s.sendall(answer[at:at + 1])
            answer = answer[cut:]
        s.sendall(answer)
        return True


    def _socket(self, s, reader, identity, fields):
        """A WebSocket that echoes, as long as the mood lasts. Ends the connection."""
        mood = self.mood if random.random() < 0.5 else "good"
        if no_answer(s, mood):
            return False
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"X-Identity: " + identity.encode() + b"\r\nSec-WebSocket-Accept: " +
                  accept_of(fields["sec-websocket-key"].encode()) + b"\r\n\r\n")
        frames, number = Frames(s, reader, is_client=False), 0
        while True:
            kind, payload = frames.receive()
            if kind is None:
                return False
            number += 1
            if kind != CLOSE and payload != pattern(message_of(identity, number), len(payload)):
                self._note("wrong", f"{identity}: message {number} is not what was sent")
            mood = self.mood if random.random() < 0.2 else "good"
            if mood == "reset" and no_answer(s, mood):
                return False
            echo = frame_head(kind, len(payload)) + payload
            if mood == "short":
                s.sendall(echo[:random.randrange(len(echo))])
                return False
            cut = random.randrange(1, 300) if mood == "drip" else 0
            for at in range(min(cut, len(echo))):
                s.sendall(echo[at:at + 1])
            s.sendall(echo[cut:])
            if kind == CLOSE:
                return False


def no_answer(s, mood):
    """Whether the mood is one of those without an answer; then the connection is to be closed."""
    if mood == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif mood == "silent":
        s.recv(1)
    elif mood == "garbage":
        for byte in random.choice(GARBAGE):
            s.sendall(bytes([byte]))
    else:
        return False
    return True


def whole_answer(identity, size, digest):
    body = pattern(identity, size)
    head = f"HTTP/1.1 200 OK\r\nX-Identity: {identity}\r\nX-Received: {digest}\r\n"
    if random.random() < 0.5:
        return f"{head}Content-Length: {size}\r\n\r\n".encode() + body
    pieces, at = [f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()], 0
    while at < size:
        piece = body[at:at + random.randrange(1, 20000)]
        pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += len(piece)
    return b"".join(pieces) + b"0\r\n\r\n"


def read_body(reader, fields):
    """The body, or None when the connection ended before it did."""
    if fields.get("transfer-encoding") != "chunked":
        length = int(fields.get("content-length", "0"))
        body = reader.read(length)
        return body if len(body) == length else None
    body = b""
    while (line := reader.readline(MAX_HEAD)).endswith(b"\r\n"):
        size = int(line, 16)
        piece = reader.read(size + 2)
        if len(piece) != size + 2:
            return None
        if size == 0:
            return body
        body += piece[:-2]
    return None


def main():
    app = App(int(sys.argv[1]), sys.argv[2])
    threading.Thread(target=app.serve, daemon=True).start()
    for line in sys.stdin:
        app.mood = line.strip()


if __name__ == "__main__":
    main()
