# SPDX-License-Identifier: Apache-2.0
"""sockets: those visitors of the chaos run who speak WebSocket. What comes back must be, byte for byte, the echo of
what they sent, up to wherever it ends."""
import base64
import http.client
import os
import socket
import ssl

from app import message_of, pattern
from visitors import LEAVING, TIMEOUT, Leaves, Visitor
from websocket import BINARY, CLOSE, Frames, accept_of, frame_head

ROUNDS = 6
SIZES = (0, 1, 125, 126, 700, 5000, 65536, 300000)
NORMAL = b"\x03\xe8"  # 1000, RFC 6455 7.4.1


class Cut(Exception):
    """The connection ended."""


class Wrong(Exception):
    """What must never be."""


class SocketVisitor(Visitor):
    def _connect(self):
        s = socket.create_connection(self.address, timeout=TIMEOUT)
        return self.tls.wrap_socket(s, server_hostname="shop.example") if self.tls else s

    def run(self):
        while not self.stop.is_set():
            try:
                self._visit()
            finally:
                self._close()

    def _visit(self):
        self.number += 1
        identity, step = f"{self.who}-{self.number}", "before the 101"
        try:
            self.connection = self._connect()
            with http.client.HTTPResponse(self.connection) as answer:
                if not self._shake(answer, identity):
                    return
                step = "of its WebSocket"
                self._talk(Frames(self.connection, answer.fp, is_client=True), identity)
            self.tally.add("echoed")
        except Leaves:
            self.tally.add("left")
        except socket.timeout:
            self.tally.blame(f"{identity}: nothing for {TIMEOUT} s")
        except (Cut, http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
            self.tally.add(f"cut {step}")
        except (Wrong, http.client.HTTPException, ValueError) as e:
            self.tally.blame(f"{identity}: {e!r}")

    def _shake(self, answer, identity):
        """Returns whether it may talk now."""
        key = base64.b64encode(os.urandom(16))
        self.connection.sendall(f"GET /x/{identity} HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                                f"{key.decode()}\r\n\r\n".encode())
        answer.begin()
        fields = answer.headers
        if answer.status == 101:
            if (fields["Sec-WebSocket-Accept"], fields["X-Identity"]) != (accept_of(key).decode(), identity):
                raise Wrong(f"a 101 that belongs to another: {fields.items()}")
            return True
        body = answer.read()
        if answer.status < 500 or "X-Identity" in fields or b"request id: " not in body:
            raise Wrong(f"{answer.status}, neither a 101 nor a clean error: {fields.items()} {body[:200]!r}")
        self.tally.add(f"answered {answer.status}")
        return False

    def _talk(self, frames, identity):
        number = 0
        for _ in range(self.random.randrange(1, ROUNDS)):
            burst = self.random.choice(((self.random.choice(SIZES),), (5, 700, 5000)))
            echo = b""
            for size in burst:
                number += 1
                message = pattern(message_of(identity, number), size)
                frames.send(BINARY, message)
                echo += frame_head(BINARY, size) + message
            if self.random.random() < LEAVING:
                raise Leaves
            self._expect(frames.reader, echo, f"the echo of message {number}")
        frames.send(CLOSE, NORMAL)
        self._expect(frames.reader, frame_head(CLOSE, len(NORMAL)) + NORMAL, "the end")
        if rest := frames.reader.read():
            raise Wrong(f"{rest[:100]!r} behind the end")

    @staticmethod
    def _expect(reader, wanted, what):
        """Reads all of it. What comes before an end must be right as well."""
        got, failed = bytearray(), None
        while len(got) < len(wanted):
            try:
                piece = reader.read1(len(wanted) - len(got))
            except (ConnectionError, ssl.SSLError) as e:
                piece, failed = b"", e
            if not piece:
                break
            got += piece
        if not wanted.startswith(got):
            at = next(i for i, (a, b) in enumerate(zip(got, wanted)) if a != b)
            raise Wrong(f"{what} is wrong from byte {at} on: {bytes(got[at:at + 50])!r}")
        if len(got) < len(wanted):
            raise failed or Cut
