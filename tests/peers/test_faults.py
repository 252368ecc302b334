# SPDX-License-Identifier: Apache-2.0
"""System calls that fail at the worst moment, by the hand of strace: what no peer can be told to do."""
import http.client
import os
import signal
import socket
import subprocess
import threading
import unittest

from backends import find
from road import Road

PROGRAM = os.environ.get("PORTCULLIS", "build/portcullis")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Backend:
    """Answers every whole request. `requests`: for each connection, what came over it."""

    def __init__(self):
        self.requests, self.listener = [], socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.requests.append([])
            threading.Thread(target=self._serve, args=(s, self.requests[-1]), daemon=True).start()

    @staticmethod
    def _serve(s, requests):
        with s, s.makefile("rb") as reader:
            while line := reader.readline():
                length = 0
                while (field := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = field.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                requests.append((line.split()[0].decode(), reader.read(length)))
                s.sendall(ANSWER)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not find("strace"):
            raise unittest.SkipTest("not installed: strace")
        cls.backend = Backend()
        cls.addClassCleanup(cls.backend.listener.close)
        cls.road = cls.enterClassContext(Road(PROGRAM, [cls.backend.url]))

    def let_fail(self, what):
        """From here on, until the end of the test."""
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=sendmsg", "-e", f"inject={what}", "-p",
                                   str(self.road.pid)], stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait, 20)
        self.addCleanup(tracer.send_signal, signal.SIGINT)
        if not self._is_traced(tracer):
            self.skipTest(f"strace cannot attach: {tracer.stderr.read().strip()}")

    def _is_traced(self, tracer):
        tasks = f"/proc/{self.road.pid}/task"
        while tracer.poll() is None:
            if all(self._tracer_of(f"{tasks}/{task}/status") for task in os.listdir(tasks)):
                return True
        return False

    @staticmethod
    def _tracer_of(path):
        with open(path, encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("TracerPid:"))

    def ask(self, client, method, body=None):
        client.request(method, "/", body=body)
        answer = client.getresponse()
        return answer.status, answer.read()

    def test_a_post_of_which_nothing_left_goes_to_another_connection(self):
        client = http.client.HTTPConnection(*self.road.address("plain"), timeout=20)
        self.addCleanup(client.close)
        self.assertEqual(self.ask(client, "GET"), (200, b"ok"))
        self.assertEqual(len(self.backend.requests), 1)
        self.let_fail("sendmsg:error=ECONNRESET:when=1")
        self.assertEqual(self.ask(client, "POST", b"once"), (200, b"ok"))
        self.assertEqual(self.backend.requests, [[("GET", b"")], [("POST", b"once")]])
