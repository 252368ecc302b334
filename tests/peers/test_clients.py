# SPDX-License-Identifier: Apache-2.0
"""Clients that are no browser: openssl s_client, wrk, slowhttptest; some of them rude. Whatever they do, a visitor is
answered meanwhile and afterwards."""
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest

from backends import SMALL, Nginx, PythonServer, find
from curl import FROM, curl
from road import Road

PROGRAM = os.environ.get("PORTCULLIS", "build/portcullis")
PATIENCE = 15
CONFIG = '{ "timeouts": { "handshake": "30s" } }'  # a busy machine is no reason to turn a visitor away
HEAD = "HTTP/1.1\r\nHost: peers.test\r\n"


def needs(*tools):
    missing = [tool for tool in tools if not find(tool)]
    return unittest.skipIf(missing, "not installed: " + ", ".join(missing))


@needs("curl")
class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="portcullis-peers-"))
        os.chmod(cls.folder, 0o755)
        cls.backend = (Nginx if find("nginx") else PythonServer)(cls.folder)
        cls.addClassCleanup(cls.backend.stop)
        cls.road = cls.enterClassContext(Road(PROGRAM, [cls.backend.url], CONFIG))

    def tearDown(self):
        for listener in ("plain", "tls"):
            self.visit(listener)
        self.assertIsNone(self.road.gateway.process.poll(), "the gateway ended")

    def visit(self, listener):
        seen = curl(self.road.url(listener) + "/small.txt")
        if (seen.code, seen.status, seen.body) != (0, 200, SMALL):
            rows = [row for row in self.road.gateway.log_text().splitlines() if FROM in row and '"status":200' not in row]
            self.fail(f"a visitor, {listener}: {seen.status} {seen.said} log: {rows[-3:]}")


def s_client(road, *options):
    """A process of openssl s_client with all it prints in one pipe."""
    return subprocess.Popen(["openssl", "s_client", "-connect", road.gateway.names["tls"], *options],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)


@needs("openssl")
class OpenSsl(Clients):
    def setUp(self):
        self.rows = len(self.road.gateway.log_rows())

    def talk(self, text, *options):
        """Sends the text and returns all that was printed until the connection ended."""
        with s_client(self.road, *options) as process:
            try:
                return process.communicate(text.encode(), PATIENCE)[0].decode("latin-1")
            finally:
                process.kill()

    def read_until(self, process, text):
        timer, got = threading.Timer(PATIENCE, process.kill), b""
        timer.start()
        while text not in got and (piece := process.stdout.read(4096)):
            got += piece
        timer.cancel()
        self.assertIn(text, got)

    def until_row(self, matches):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            text = self.road.gateway.log_text()
            rows = [json.loads(line) for line in text.splitlines(keepends=True)[self.rows:] if line.endswith("\n")]
            found = [row for row in rows if matches(row)]
            if found:
                return found[0]
            time.sleep(0.02)
        self.fail(f"no such row in the log: {rows}")

    def test_a_cut_without_close_notify_is_no_end_of_a_body(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version), s_client(self.road, "-quiet", version) as process:
                self.rows = len(self.road.gateway.log_text().splitlines())
                process.stdin.write(f"POST /upload?cut {HEAD}Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n".encode())
                self.read_until(process, b"100 Continue")
                process.stdin.write(b"0123456789")
                process.kill()
                row = self.until_row(lambda row: row["path"] == "/upload")
                self.assertIn(row["verdict"], ("fault", "error"), row)
                self.assertNotEqual(row.get("status"), 200, row)

    def test_renegotiation_is_refused(self):
        with s_client(self.road, "-tls1_2") as process:
            self.read_until(process, b"Verify return code")
            process.stdin.write(b"R\n")
            said = process.communicate(timeout=PATIENCE)[0].decode("latin-1")
        self.assertIn("RENEGOTIATING", said)
        self.assertIn("no renegotiation", said)

    def test_a_session_is_resumed(self):
        request = f"GET /small.txt {HEAD}Connection: close\r\n\r\n"
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            with self.subTest(version=version):
                session = os.path.join(self.folder, f"session{version}")
                first = self.talk(request, "-ign_eof", version, "-sess_out", session)
                self.assertIn(f"New, {name}", first)
                second = self.talk(request, "-ign_eof", version, "-sess_in", session)
                self.assertIn(f"Reused, {name}", second)
                self.assertIn(SMALL.decode(), second)


@needs("wrk")
class Wrk(Clients):
    def test_two_seconds_without_an_error(self):
        for listener in ("plain", "tls"):
            with self.subTest(listener=listener):
                said = subprocess.run(["wrk", "-t1", "-c64", "-d2s", self.road.url(listener) + "/small.txt"], text=True,
                                      capture_output=True, check=True, timeout=30).stdout
                self.assertNotIn("Socket errors", said)
                self.assertNotIn("Non-2xx", said)
                self.assertGreater(int(re.search(r"(\d+) requests in", said)[1]), 64)


@needs("slowhttptest")
class SlowHttpTest(Clients):
    COMMON = ["-c", "200", "-r", "200", "-l", "10", "-i", "2", "-p", "3"]
    ATTACKS = {
        "slow heads": (["-H"], "plain", "/small.txt"),
        "slow bodies": (["-B", "-s", "8192", "-x", "10"], "tls", "/upload"),
        "slow readers": (["-X", "-w", "10", "-y", "20", "-n", "2", "-z", "32", "-k", "3"], "plain", "/big.bin"),
    }

    def test_a_visitor_is_answered_beside_all_three_attacks(self):
        attacks = [subprocess.Popen(["slowhttptest", *kind, *self.COMMON, "-u", self.road.url(listener) + path],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for kind, listener, path in self.ATTACKS.values()]
        end, visits = time.monotonic() + 30, 0
        try:
            while any(attack.poll() is None for attack in attacks):
                self.assertLess(time.monotonic(), end, "slowhttptest does not come to an end")
                self.visit("plain" if visits % 2 else "tls")
                visits += 1
        finally:
            for attack in attacks:
                attack.kill()
                attack.wait()
        self.assertGreater(visits, 3)
