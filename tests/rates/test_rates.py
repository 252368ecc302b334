#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Are limits exact in the real program, when many connections on two loops race for them?

PORTCULLIS names the program. Everything is on 127.0.0.1."""

import collections
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
from gateway import pick_port  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("PORTCULLIS", "build/portcullis"))
DEADLINE = 30.0
CONNECTIONS = 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Backend:
    """Answers every request after `hold` seconds, and knows how many it had at once."""

    def __init__(self, hold=0.0):
        self.hold, self.requests, self.most, self._now = hold, 0, 0, 0
        self._lock, self._listener = threading.Lock(), socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _count(self, change):
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)
            self.requests += change > 0

    def _serve(self, connection):
        waiting = b""
        with connection:
            try:
                while True:
                    while b"\r\n\r\n" not in waiting:
                        more = connection.recv(65536)
                        if not more:
                            return
                        waiting += more
                    waiting = waiting.split(b"\r\n\r\n", 1)[1]
                    self._count(+1)
                    if self.hold:
                        time.sleep(self.hold)
                    self._count(-1)
                    connection.sendall(ANSWER)
            except OSError:
                return


def request(fields=""):
    return f"GET / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n".encode()


def read_answers(connection, count):
    """The statuses of so many answers."""
    stream, statuses = connection.makefile("rb"), []
    for _ in range(count):
        statuses.append(int(stream.readline().split()[1]))
        length = 0
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        stream.read(length)
    return statuses


def at_once(work, count):
    """Runs work(0), work(1) … in threads that begin together. Returns what they returned."""
    gate, results, wrong = threading.Barrier(count), [None] * count, []

    def run(i):
        try:
            gate.wait(DEADLINE)
            results[i] = work(i)
        except Exception as e:  # told by the one who waits
            wrong.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    return results


class Rates(unittest.TestCase):
    def start(self, policy, hold=0.0, **root):
        folder = pathlib.Path(self.enterContext_(tempfile.TemporaryDirectory(prefix="portcullis-rates-")))
        self.backend = Backend(hold)
        self.addCleanup(self.backend.close)
        self.port, claim = pick_port()
        self.addCleanup(claim.close)
        config = {"version": 1, "loops": 2, "listen": [{"address": f"127.0.0.1:{self.port}"}],
                  "upstreams": {"app": {"servers": [f"http://127.0.0.1:{self.backend.port}"]}},
                  "policies": {"limit": policy}, "routes": [{"name": "all", "policies": ["limit"]}],
                  "logs": {"access": {"to": "none"}}, **root}
        (folder / "portcullis.json").write_text(json.dumps(config), encoding="utf-8")
        self.said = open(folder / "said", "w+", encoding="utf-8")
        self.addCleanup(self.said.close)
        self.process = subprocess.Popen([PROGRAM, "run", "-c", str(folder / "portcullis.json")],
                                        stdin=subprocess.DEVNULL, stdout=self.said, stderr=subprocess.STDOUT)
        self.addCleanup(self.stop)
        end = time.monotonic() + DEADLINE
        while "listening on" not in self.text():  # said when all loops run
            self.assertIsNone(self.process.poll(), self.text())
            self.assertLess(time.monotonic(), end, self.text())
            time.sleep(0.01)

    def enterContext_(self, manager):
        self.addCleanup(manager.cleanup)
        return manager.name

    def text(self):
        self.said.seek(0)
        return self.said.read()

    def stop(self):
        """The end is part of every test: a leaked slot is a broken promise there."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.assertEqual(code, 0, self.text()[-3000:])

    def connect(self, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE, (source, 0))

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def ask(self, count, fields="", source="127.0.0.1"):
        with self.connect(source) as connection:
            connection.sendall(request(fields) * count)
            return read_answers(connection, count)

    def race(self, total, chunk=20):
        def work(_):
            statuses = []
            with self.connect() as connection:
                for _ in range(total // CONNECTIONS // chunk):
                    connection.sendall(request() * chunk)
                    statuses += read_answers(connection, chunk)
            return statuses
        return collections.Counter(status for statuses in at_once(work, CONNECTIONS) for status in statuses)

    # --- rate_limit ---

    def test_a_limit_of_1000_lets_exactly_1000_of_10000_pass(self):
        self.start({"type": "rate_limit", "rate": "1000/day"})  # the next one comes back after 86 seconds
        began = time.monotonic()
        self.assertEqual(self.race(10000), {200: 1000, 429: 9000})
        self.assertLess(time.monotonic() - began, 86, "too slow a machine to say anything")
        self.assertEqual(self.backend.requests, 1000)

    def test_what_does_not_count_is_given_back_exactly(self):
        self.start({"type": "rate_limit", "rate": "200/day", "count": {"status": ["401"]}})
        self.assertEqual(self.race(4000), {200: 4000}, "50 connections reserve 50 at the most")
        self.assertEqual(self.ask(3), [200, 200, 200])

    def test_made_up_keys_take_no_more_memory_than_start_up_says(self):
        if b"__tsan_init" in pathlib.Path(PROGRAM).read_bytes():
            self.skipTest("ThreadSanitizer keeps several bytes for each of ours")
        self.start({"type": "rate_limit", "rate": "10/h", "key": "header:X-Key", "per_client": "1000000/h"},
                   limits={"rate_keys": 65536})
        said = int(self.text().split("tables of clients: at most ")[1].split()[0])
        self.race(2000)  # what buffers take
        before = self.resident_kib()

        def flood(_):
            with self.connect() as connection:
                for _ in range(40):
                    connection.sendall(b"".join(request(f"X-Key: {random.random()}\r\n") for _ in range(50)))
                    read_answers(connection, 50)
        at_once(flood, 20)
        self.assertLessEqual(self.resident_kib() - before, said)
        # Its own network may have found no room, and have spent what the prefix has; another one is served.
        self.assertEqual(self.ask(2, "X-Key: new\r\n", "127.77.0.1"), [200, 200])

    # --- concurrency ---

    def test_never_more_at_once_than_allowed_and_nobody_is_left_waiting(self):
        self.start({"type": "concurrency", "max": 3, "queue": 200, "wait": "30s"}, hold=0.001)
        self.assertEqual(self.race(2000), {200: 2000})
        self.assertLessEqual(self.backend.most, 3)
        self.assertEqual(self.backend.most, 3, "and as many as that")

    def test_without_a_queue_the_rest_is_refused(self):
        self.start({"type": "concurrency", "max": 3}, hold=0.001)
        counted = self.race(2000)
        self.assertEqual(set(counted), {200, 503})
        self.assertLessEqual(self.backend.most, 3)
        self.assertEqual(counted[200], self.backend.requests)

    def test_clients_that_leave_take_no_place_with_them(self):
        self.start({"type": "concurrency", "max": 2, "queue": 10, "wait": "200ms"}, hold=0.001)

        def come_and_go(i):
            chance = random.Random(i)
            for _ in range(40):
                with self.connect() as connection:
                    connection.sendall(request())
                    if chance.random() < 0.5:
                        time.sleep(chance.random() * 0.004)  # in the queue, at the app, or answered: anywhere
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    else:
                        read_answers(connection, 1)
        at_once(come_and_go, 30)
        end = time.monotonic() + DEADLINE
        while (statuses := self.ask(5)) != [200] * 5:  # the last of those who left are noticed
            self.assertLess(time.monotonic(), end, statuses)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main(verbosity=1)
