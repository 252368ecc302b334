# SPDX-License-Identifier: Apache-2.0
"""websocket: RFC 6455 as small as it can be: a server that echoes messages, and a client. Both are strict: masks only
where they belong, no reserved bits, a close frame at the end."""
import base64
import hashlib
import os
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
DEADLINE = 15


class Wrong(Exception):
    """The peer broke the protocol."""


class Torn(Wrong):
    """The connection ended inside a frame."""


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def read_head(reader):
    lines = []
    while (line := reader.readline(65536)) not in (b"\r\n", b""):
        lines.append(line.rstrip(b"\r\n"))
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    return lines[0] if lines else b"", fields


def frame_head(kind, size, masked=0):
    if size < 126:
        return struct.pack("!BB", 0x80 | kind, masked | size)
    if size < 65536:
        return struct.pack("!BBH", 0x80 | kind, masked | 126, size)
    return struct.pack("!BBQ", 0x80 | kind, masked | 127, size)


class Frames:
    """Frames both ways over a connection whose handshake is done."""

    def __init__(self, s, reader, is_client):
        self.socket, self.reader, self.is_client = s, reader, is_client

    def send(self, kind, payload=b""):
        mask = os.urandom(4) if self.is_client else b""
        head = frame_head(kind, len(payload), 0x80 if self.is_client else 0)
        self.socket.sendall(head + mask + (unmask(payload, mask) if mask else payload))

    def receive(self):
        """One whole frame: (kind, payload); (None, b"") at the end of the connection."""
        head = self.reader.read(2)
        if not head:
            return None, b""
        if len(head) < 2:
            raise Torn("the connection ended inside a frame")
        first, second = head
        if first & 0xF0 != 0x80 or bool(second & 0x80) == self.is_client:
            raise Wrong(f"a frame begins with {head!r}")
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            size, = struct.unpack("!Q", self._exactly(8))
        mask = b"" if self.is_client else self._exactly(4)
        payload = self._exactly(size)
        return first & 0x0F, unmask(payload, mask) if mask else payload

    def _exactly(self, count):
        data = self.reader.read(count)
        if len(data) != count:
            raise Torn("the connection ended inside a frame")
        return data


def unmask(payload, mask):
    repeated = mask * (len(payload) // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:len(payload)], "big")).to_bytes(len(payload), "big")


class EchoServer:
    """Echoes each message; answers pings; anything but a handshake gets 200. `wrong`: what no server should see."""

    def __init__(self):
        self.wrong, self.closes = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            with s, s.makefile("rb") as reader:
                while self._shake(s, reader):
                    pass
        except (Wrong, ValueError) as e:
            self.wrong.append(str(e))
        except OSError:
            pass

    def _shake(self, s, reader):
        """One request. Returns whether the connection goes on with HTTP."""
        line, fields = read_head(reader)
        if not line:
            return False
        if fields.get(b"upgrade", b"").lower() != b"websocket":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nplain\n")
            return True
        if fields.get(b"sec-websocket-version") != b"13" or b"upgrade" not in fields.get(b"connection", b"").lower():
            raise Wrong(f"a handshake with {fields}")
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: " + accept_of(fields[b"sec-websocket-key"]) + b"\r\n\r\n")
        self._echo(Frames(s, reader, is_client=False))
        return False

    def _echo(self, frames):
        while True:
            kind, payload = frames.receive()
            if kind in (TEXT, BINARY):
                frames.send(kind, payload)
            elif kind == PING:
                frames.send(PONG, payload)
            elif kind == CLOSE:
                self.closes.append(payload)
                frames.send(CLOSE, payload)
                return
            elif kind is None:
                raise Wrong("the connection ended without a close frame")


class Client:
    """A connection that asked to be a WebSocket; `status` says what it was told, `frames` is there after a 101."""

    def __init__(self, address, tls=None, path="/socket"):
        self.socket = socket.create_connection(address, timeout=DEADLINE)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="peers.test")
        self.reader, key = self.socket.makefile("rb"), base64.b64encode(os.urandom(16))
        self.socket.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: peers.test\r\nUpgrade: websocket\r\n"
                            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
        line, fields = read_head(self.reader)
        self.status, self.frames = int(line.split(b" ")[1]), None
        if self.status == 101:
            if fields.get(b"sec-websocket-accept") != accept_of(key):
                raise Wrong(f"accepted with {fields}")
            self.frames = Frames(self.socket, self.reader, is_client=True)

    def close(self):
        self.reader.close()
        self.socket.close()
