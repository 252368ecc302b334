# SPDX-License-Identifier: Apache-2.0
"""socket_visit: a WebSocket of a visitor, opened with given cookies."""
import base64
import os
import time

from browser import Connection
from websocket import Frames, TEXT, Wrong, read_head

LIVES = 2.0  # seconds that a connection may take to be closed


class SocketVisit:
    def __init__(self, scene, cookies):
        self.connection = Connection(scene.door)
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.send("GET", "/ws", cookies, fields=(
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)))
        line, _ = read_head(self.connection.reader)
        self.status = int(line.split(b" ")[1])
        self.frames = Frames(self.connection.socket, self.connection.reader, is_client=True)

    def once(self, text):
        try:
            self.frames.send(TEXT, text.encode())
            kind, payload = self.frames.receive()
        except (OSError, Wrong):
            return ""
        return payload.decode() if kind == TEXT else ""

    def ask(self, text):
        """What it says."""
        return self.once(text)

    def until_ended(self, text):
        """Asks until it is closed: then "". What it says when it lives too long."""
        end = time.monotonic() + LIVES
        while (said := self.once(text)) and time.monotonic() < end:
            time.sleep(0.02)
        return said

    def close(self):
        self.connection.close()
