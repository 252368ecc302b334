#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reputation and the admin socket with the real program: who climbs, who is banned and for how long, what operators
see and do. Clients are told apart by their address: all of 127.0.0.0/8 is ours.

PORTCULLIS names the program."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
from gateway import pick_port  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("PORTCULLIS", "build/portcullis"))
DEADLINE = 10.0
FINE, FAILED, USAGE = 0, 1, 2
BAN_AT_10 = [{"at": 10, "do": "ban", "for": "1m"}]


class Backend(http.server.BaseHTTPRequestHandler):
    """Knows nothing below /missing, and lets nobody log in."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 404 if self.path.startswith("/missing") else 401 if self.path == "/login" else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def until(condition, what):
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE:.0f} s for {what}")
        time.sleep(0.01)
    return found


class Gateway(unittest.TestCase):
    """One backend for all; one folder, and one gateway after the other, for each test."""

    @classmethod
    def setUpClass(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        server.daemon_threads = True
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        cls.backend = server.server_address[1]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="portcullis-rep-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.socket = self.folder / "admin.sock"
        self.process = None
        self.addCleanup(self.end)

    def end(self):
        """A gateway that still serves must end in order: sanitizers speak up then."""
        if self.process and self.process.poll() is None:
            self.assertEqual(self.stop(), FINE, self.said())

    def pick(self):
        port, claim = pick_port()
        self.addCleanup(claim.close)
        return port

    def start(self, reputation=None, **members):
        """Serves with these steps, or whole "reputation"; without arguments, as before."""
        if reputation is not None:
            rules = reputation if isinstance(reputation, dict) else {"steps": reputation}
            self.port = self.pick()
            config = {"version": 1, "loops": 2, "listen": [{"address": f"127.0.0.1:{self.port}"}],
                      "upstreams": {"app": {"servers": [f"http://127.0.0.1:{self.backend}"]}},
                      "logs": {"access": {"to": str(self.folder / "access.log")}},
                      "state": {"directory": str(self.folder)}, "admin": {"socket": str(self.socket)},
                      "reputation": rules, **members}
            (self.folder / "portcullis.json").write_text(json.dumps(config), encoding="utf-8")
        self.output = open(self.folder / "output", "w+", encoding="utf-8")
        self.addCleanup(self.output.close)
        self.process = subprocess.Popen([PROGRAM, "run", "-c", "portcullis.json"], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)
        until(lambda: "listening on" in self.said() or self.process.poll() is not None, "the start")

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(DEADLINE)
        return self.process and self.process.returncode

    def said(self):
        return (self.folder / "output").read_text(encoding="utf-8")

    def rows(self):
        return [json.loads(line) for line in (self.folder / "access.log").read_text(encoding="utf-8").splitlines()]

    @contextlib.contextmanager
    def client(self, address="127.0.0.2"):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE, source_address=(address, 0))
        try:
            yield c
        finally:
            c.close()

    def ask(self, path="/", address="127.0.0.2", method="GET", **fields):
        """The status of an answer; 0 when the connection is closed without one."""
        with self.client(address) as c:
            try:
                c.request(method, path, headers=fields)
                return c.getresponse().status
            except (http.client.BadStatusLine, ConnectionError):
                return 0

    def ban(self, *words):
        """Runs `portcullis ban`. Returns the exit code and what is printed."""
        done = subprocess.run([PROGRAM, "ban", *words, *(() if "--socket" in words else ("-c", "portcullis.json"))],
                              cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=20, check=False)
        return done.returncode, done.stdout

    def banned(self):
        code, printed = self.ban("list", "--json")
        self.assertEqual(code, FINE, printed)
        return {row["prefix"]: row for row in json.loads(printed)}

    def misbehave(self, times=10, address="127.0.0.2"):
        return [self.ask(f"/missing/{i}", address) for i in range(times)]


class Ladder(Gateway):
    def test_a_404_storm_is_banned_and_its_neighbour_is_served(self):
        self.start(BAN_AT_10)
        answers = self.misbehave(12)
        self.assertEqual(answers[:10], [404] * 10)
        self.assertIn(answers[10], (0, 403))  # let in before the tenth answer had ended, it is refused at its head
        self.assertEqual(answers[11], 0)
        self.assertEqual(self.ask(), 0)
        self.assertEqual(self.ask(address="127.0.0.3"), 200)
        ban = self.banned()["127.0.0.2"]
        self.assertEqual((ban["by"], ban["why"]), ("ladder", "too many points, the last for not_found"))
        self.assertLessEqual(ban["left_s"], 60)
        until(lambda: re.search(r"banned 127\.0\.0\.2 for (60|59) s: too many points", self.said()), "the message")

    def test_failed_logins_are_banned_and_questions_for_a_password_are_not(self):
        self.start(BAN_AT_10)
        self.assertEqual([self.ask("/login") for _ in range(12)], [401] * 12)
        self.assertEqual([self.ask("/login", method="POST") for _ in range(4)], [401] * 3 + [0])

    def test_a_ban_ends_and_the_next_is_longer(self):
        self.start({"half_life": "1s", "steps": [{"at": 10, "do": "ban", "for": "2s"}]})
        self.misbehave()
        until(lambda: self.ask() == 0, "the ban")  # it counts from the end of the last answer, which its client sees a little earlier
        until(lambda: self.ask() == 200, "the end of the ban")
        self.misbehave()
        self.assertEqual(self.banned()["127.0.0.2"]["times"], 2)
        self.assertGreater(self.banned()["127.0.0.2"]["left_s"], 2)

    def test_a_ban_holds_before_tls(self):
        subprocess.run([PROGRAM, "cert", "dev", "localhost", "--out", "dev.pem"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        secure = self.pick()
        self.start(BAN_AT_10, listen=[{"address": f"127.0.0.1:{secure}", "tls": {"cert": "./dev.pem"}}])
        context = ssl._create_unverified_context()

        def handshake(address):
            with socket.create_connection(("127.0.0.1", secure), DEADLINE, (address, 0)) as plain:
                with context.wrap_socket(plain) as s:
                    return s.version()
        self.assertEqual(self.ban("add", "127.0.0.2")[0], FINE)
        self.assertEqual(handshake("127.0.0.3"), "TLSv1.3")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            handshake("127.0.0.2")

    def test_a_kept_connection_learns_of_the_ban(self):
        self.start(BAN_AT_10)
        with self.client() as kept:
            kept.request("GET", "/")
            self.assertEqual(kept.getresponse().read(), b"")
            self.misbehave()
            kept.request("GET", "/")
            answer = kept.getresponse()
            self.assertEqual(answer.status, 403)
            self.assertIn(answer.headers["Retry-After"], ("59", "60"))
            self.assertEqual(answer.headers["Connection"], "close")

    def test_never_means_never(self):
        self.start({"never": ["127.0.0.0/30"], "steps": BAN_AT_10})
        self.assertEqual(self.misbehave(30), [404] * 30)
        self.assertEqual(self.ban("add", "127.0.0.2")[0], FAILED)
        self.misbehave(10, "127.0.0.9")
        self.assertEqual(list(self.banned()), ["127.0.0.9"])

    def test_a_shadow_counts_and_says_so(self):
        self.start({"mode": "shadow", "steps": BAN_AT_10})
        self.assertEqual(self.misbehave(11), [404] * 11)
        self.assertEqual(self.ask(), 200)
        until(lambda: "would ban 127.0.0.2" in self.said(), "the message")
        row = until(lambda: [r for r in self.rows() if r["path"] == "/"], "the row")[0]
        self.assertEqual((row["verdict"], row["policy"], row["reason"]), ("shadow", "reputation", "banned"))
        self.assertIn("in shadow mode: nobody of these is refused", self.ban("list")[1])

    def test_behind_a_proxy_clients_are_told_apart(self):
        self.start(BAN_AT_10, trusted_proxies=["127.0.0.2"])
        with self.client() as proxy:
            def ask(who, path="/"):
                proxy.request("GET", path, headers={"X-Forwarded-For": who})
                answer = proxy.getresponse()
                answer.read()
                return answer.status
            self.assertEqual([ask("203.0.113.1", "/missing") for _ in range(11)], [404] * 10 + [403])
            self.assertEqual(ask("203.0.113.2"), 200)
        self.assertEqual(self.ask(), 200)

    def test_a_delay_delays(self):
        self.start([{"at": 5, "do": "delay", "for": "300ms"}])
        self.misbehave(5)
        began = time.monotonic()
        self.assertEqual(self.ask(), 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_the_tarpit_has_a_fiftieth_of_the_connections(self):
        self.start([{"at": 5, "do": "tarpit", "for": "2s"}], limits={"connections": 100})
        self.misbehave(5)
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(self.client()) for _ in range(2)]
            began = time.monotonic()
            for c in held:
                c.request("GET", "/")
            # Who comes too early still finds a place, and waits like the others: then it is one of the two.
            quick = until(lambda: (lambda at: self.ask() == 403 and time.monotonic() - at < 1)(time.monotonic()),
                          "an answer at once")
            self.assertTrue(quick)
            self.assertEqual(self.ask(address="127.0.0.3"), 200)
            self.assertEqual([c.getresponse().status for c in held], [403, 403])
            self.assertGreaterEqual(time.monotonic() - began, 2)

    @unittest.skipIf(b"__tsan_init" in pathlib.Path(PROGRAM).read_bytes(), "ThreadSanitizer multiplies memory")
    def test_hostile_addresses_take_no_more_memory_than_is_said_at_start(self):
        self.start(BAN_AT_10, trusted_proxies=["127.0.0.2"], loops=1)
        self.assertIn("reputation remembers up to 65536 prefixes, in at most 7235 KiB", self.said())

        def resident_kib():
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
            return int(status.split("VmRSS:")[1].split()[0])
        with socket.create_connection(("127.0.0.1", self.port), source_address=("127.0.0.2", 0)) as s:
            def flood(rounds):
                for _ in range(rounds):
                    s.sendall(b"".join(
                        b"GET /.git/x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\n\r\n"
                        % socket.inet_ntop(socket.AF_INET6, b"\x20\x01" + random.randbytes(14)).encode()
                        for _ in range(50)))
                    seen = b""
                    while seen.count(b"HTTP/1.1 403 ") < 50 or not seen.endswith(b"\n"):
                        seen += s.recv(65536)
            flood(20)
            before = resident_kib()
            flood(600)
            self.assertLess(resident_kib() - before, 7235 + 1024)


class Restart(Gateway):
    def test_a_ban_outlives_a_killed_gateway(self):
        self.start(BAN_AT_10)
        self.misbehave()
        self.assertEqual(self.ban("add", "198.51.100.0/24", "--for", "2h", "--why", "scanners")[0], FINE)
        until(lambda: b" 127.0.0.2 " in (self.folder / "bans").read_bytes(), "the journal")
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.ask(), 0)
        self.assertEqual(self.ask(address="127.0.0.3"), 200)
        self.assertEqual(self.banned()["198.51.100.0/24"]["why"], "scanners")
        self.assertEqual(self.ban("del", "127.0.0.2")[0], FINE)
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.ask(), 200)

    def test_a_torn_write_is_harmless(self):
        self.start(BAN_AT_10)
        self.assertEqual(self.ban("add", "127.0.0.2")[0], FINE)
        self.stop()
        with open(self.folder / "bans", "ab") as journal:
            journal.write(b"0123abcd 127.0.0.3 99999")
        self.start()
        self.assertIn("warning: 1 lines of", self.said())
        self.assertEqual(list(self.banned()), ["127.0.0.2"])

    def test_a_directory_that_cannot_be_written_is_told_at_start(self):
        self.start(BAN_AT_10, state={"directory": str(self.folder / "missing")})
        self.assertEqual(self.process.wait(DEADLINE), FAILED)
        self.assertIn(f"the bans cannot be kept in {self.folder}/missing: no such file or directory", self.said())

    def test_two_gateways_do_not_share_a_directory(self):
        self.start(BAN_AT_10)
        first, self.process = self.process, None
        try:
            self.socket = self.folder / "other.sock"
            self.start(BAN_AT_10)
            self.assertEqual(self.process.wait(DEADLINE), FAILED)
            self.assertIn("another gateway keeps its bans there", self.said())
        finally:
            first.send_signal(signal.SIGINT)
            first.wait(DEADLINE)


class Operators(Gateway):
    def test_ban_and_lift(self):
        self.start(BAN_AT_10)
        self.assertEqual(self.ban("list"), (FINE, "# nobody is banned\n"))
        self.assertEqual(self.ban("add", "127.0.0.0/30", "--for", "90m", "--why", "a drill"),
                         (FINE, "banned 127.0.0.0/30 for 1h30m\n"))
        self.assertEqual((self.ask(), self.ask(address="127.0.0.5")), (0, 200))
        code, printed = self.ban("list")
        self.assertEqual(printed.split(), ["127.0.0.0/30", "1h30m", "operator", "a", "drill"])
        self.assertIn("banned 127.0.0.0/30 for 1h30m, by user ", self.said())
        self.assertEqual(self.ban("del", "127.0.0.0/30"), (FINE, "lifted the ban of 127.0.0.0/30\n"))
        self.assertEqual(self.ask(), 200)
        self.assertEqual(self.ban("del", "127.0.0.0/30")[0], FAILED)

    def test_what_cannot_be(self):
        self.start(BAN_AT_10)
        for code, said, *words in (
                (USAGE, "bits set behind its prefix", "add", "127.0.0.1/24"),
                (USAGE, "this is not an address", "add", "example.com"),
                (USAGE, "usage: portcullis ban list", "add"),
                (USAGE, "usage: portcullis ban list", "lift", "127.0.0.1"),
                (USAGE, "usage: portcullis ban list", "list", "127.0.0.1"),
                (USAGE, "either -c or --socket", "list", "-c", "x", "--socket", "y"),
                (FAILED, "is not a duration", "add", "127.0.0.1", "--for", "soon"),
                (FAILED, "366d", "add", "127.0.0.1", "--for", "367d"),
                (FAILED, "too wide", "add", "0.0.0.0/0"),
                (FAILED, "too wide", "add", "2000::/3"),
                (FAILED, "63 bytes", "add", "127.0.0.1", "--why", "x" * 64),
                (FAILED, "control characters", "add", "127.0.0.1", "--why", "x\n203.0.113.9  1h  operator  made up"),
                (FAILED, "control characters", "add", "127.0.0.1", "--why", "\x1b[2J"),
                (FAILED, "no gateway listens there", "list", "--socket", str(self.folder / "nobody.sock"))):
            with self.subTest(words):
                found, printed = self.ban(*words)
                self.assertEqual(found, code, printed)
                self.assertIn(said, printed)
        self.assertEqual(self.banned(), {})

    def test_without_reputation_nobody_can_be_banned(self):
        self.start({"mode": "off"})
        code, printed = self.ban("add", "127.0.0.2")
        self.assertEqual(code, FAILED)
        self.assertIn("no \"reputation\", or it is off", printed)

    def test_a_configuration_without_a_socket_is_said(self):
        self.start(BAN_AT_10, admin=None)
        code, printed = self.ban("list")
        self.assertEqual(code, FAILED)
        self.assertIn('add "admin": { "socket": "/run/portcullis/admin.sock" }', printed)


class Socket(Gateway):
    def admin(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(DEADLINE)
        s.connect(str(self.socket))
        self.addCleanup(s.close)
        return s

    def talk(self, said):
        """What is answered, up to the end."""
        s = self.admin()
        s.sendall(said)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        return answer

    def test_is_for_its_owner_and_gone_at_the_end(self):
        self.start(BAN_AT_10)
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o600)
        self.assertEqual(self.stop(), FINE)
        self.assertFalse(self.socket.exists())

    def test_is_for_its_group_where_that_is_said(self):
        self.start(BAN_AT_10, admin={"socket": str(self.socket), "access": "group"})
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)

    def test_what_a_killed_gateway_left_is_replaced(self):
        self.start(BAN_AT_10)
        self.stop(signal.SIGKILL)
        self.assertTrue(self.socket.exists())
        self.start()
        self.assertEqual(self.ban("list")[0], FINE)

    def test_what_is_no_socket_is_left_alone(self):
        self.socket.write_text("precious", encoding="ascii")
        self.start(BAN_AT_10)
        self.assertEqual(self.process.wait(DEADLINE), FAILED)
        self.assertIn("it is there already, and is no socket", self.said())
        self.assertEqual(self.socket.read_text(encoding="ascii"), "precious")

    def test_a_socket_that_answers_is_left_alone(self):
        self.start(BAN_AT_10)
        first, self.process = self.process, None
        try:
            (self.folder / "other").mkdir()
            self.start(BAN_AT_10, state={"directory": str(self.folder / "other")})
            self.assertEqual(self.process.wait(DEADLINE), FAILED)
            self.assertIn("another gateway answers there", self.said())
            self.assertTrue(self.talk(b"GET /bans HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200 "))
        finally:
            first.send_signal(signal.SIGINT)
            first.wait(DEADLINE)

    def test_answers(self):
        self.start(BAN_AT_10)
        post = b"POST /bans HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
        for status, said in ((200, b"GET /bans HTTP/1.1\r\nHost: a\r\n\r\n"),
                             (404, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                             (405, b"PUT /bans HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
                             (400, b"GET /bans HTTP/1.1\r\n\r\n"),
                             (501, b"what is this\r\n\r\n"),
                             (431, b"GET /bans HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20000 + b"\r\n\r\n"),
                             (413, post % (20000, b"x" * 20000)),
                             (400, post % (2, b"{}")),
                             (400, post % (0, b"")),
                             (400, post % (8, b"[1,2,3,4")),
                             (400, b"DELETE /bans HTTP/1.1\r\nHost: a\r\n\r\n"),
                             (404, b"DELETE /bans?prefix=192.0.2.1 HTTP/1.1\r\nHost: a\r\n\r\n")):
            with self.subTest(said[:40]):
                self.assertTrue(self.talk(said).startswith(b"HTTP/1.1 %d " % status), self.talk(said)[:400])
        self.assertEqual(self.ask(), 200)

    def test_a_long_list_comes_whole_and_a_byte_at_a_time_is_understood(self):
        self.start(BAN_AT_10)
        for i in range(3):
            body = json.dumps({"prefix": f"198.51.100.{i}", "why": "é\"\\"}).encode()
            s = self.admin()
            for byte in b"POST /bans HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body):
                s.sendall(bytes([byte]))
            self.assertTrue(s.recv(65536).startswith(b"HTTP/1.1 200 "))
        self.assertEqual({row["why"] for row in self.banned().values()}, {"é\"\\"})
        self.stop()
        # 5,000 bans: more than one piece of an answer.
        lines = []
        for i in range(5000):
            rest = f"10.1.{i // 256}.{i % 256} {int(time.time() * 1000) + 600000} 1 ladder many"
            lines.append(f"{zlib.crc32(rest.encode()):08x} {rest}\n")
        (self.folder / "bans").write_text("portcullis bans 1\n" + "".join(lines), encoding="ascii")
        self.start()
        self.assertEqual(len(self.banned()), 5000)

    def test_many_clients_wait_and_hold_up_nobody(self):
        self.start(BAN_AT_10)
        silent = [self.admin() for _ in range(16)]
        late = self.admin()
        late.sendall(b"GET /bans HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(self.ask(), 200)
        late.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            late.recv(1)
        silent[0].close()
        late.settimeout(DEADLINE)
        self.assertTrue(late.recv(65536).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.stop(signal.SIGTERM), FINE)

    def test_without_descriptors_it_waits_and_does_not_spin(self):
        self.start(BAN_AT_10)
        process = pathlib.Path(f"/proc/{self.process.pid}")
        limits = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        taken = len(list((process / "fd").iterdir()))
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (taken, limits[1]))
        late = self.admin()
        late.sendall(b"GET /bans HTTP/1.1\r\nHost: a\r\n\r\n")

        def worked():
            fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before = worked()
        late.settimeout(1)
        with self.assertRaises(TimeoutError):
            late.recv(1)
        self.assertLess(worked() - before, 0.5)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, limits)
        late.settimeout(DEADLINE)
        self.assertTrue(late.recv(65536).startswith(b"HTTP/1.1 200 "))


if __name__ == "__main__":
    unittest.main(verbosity=1)
