# SPDX-License-Identifier: Apache-2.0
"""road: the real gateway between real peers, for the tests that bring peers of their own: a folder, a certificate,
the process, and what it costs."""
import collections
import os
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cases"))
from client import DEADLINE  # noqa: E402
from gateway import Gateway, pick_port  # noqa: E402, F401
from run import make_certificate, tls_context  # noqa: E402, F401

SANITIZED = (b"__asan_init", b"__tsan_init")


def is_sanitized(program):
    with open(program, "rb") as f:
        text = f.read()
    return any(name in text for name in SANITIZED)


class Road:
    """A gateway in front of one upstream with these servers. Context manager: leaving it ends what still runs."""

    def __init__(self, program, servers, config="{}", loops=1):
        self._folder = tempfile.TemporaryDirectory(prefix="portcullis-road-")
        self.folder = self._folder.name
        os.chmod(self.folder, 0o755)
        cert, key = make_certificate(self.folder)
        names = {"cert": cert, "key": key, "backend": servers[0], "servers": '", "'.join(servers)}
        self.gateway = Gateway(os.path.abspath(program), self.folder, config, names, loops)
        self.pid, self.ended = self.gateway.process.pid, False
        self.gateway.connect("plain").close()
        end = time.monotonic() + DEADLINE
        while self.gateway.output().count("listening on") < 2 and time.monotonic() < end:
            time.sleep(0.01)  # until all loops listen, which the last descriptors are opened for

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.ended:
            self.gateway.stop()
        self._folder.cleanup()

    def address(self, listener):
        host, _, port = self.gateway.names[listener].rpartition(":")
        return host, int(port)

    def url(self, listener):
        return f"{'http' if listener == 'plain' else 'https'}://{self.gateway.names[listener]}"

    def descriptors(self):
        """What each open descriptor is, counted: {"socket": 12, "/tmp/x/access.log": 1}."""
        counts = collections.Counter()
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                counts[os.readlink(f"/proc/{self.pid}/fd/{number}").partition(":[")[0]] += 1
            except FileNotFoundError:
                pass
        return counts

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

    def end(self):
        """SIGTERM. Returns what is wrong with the way it ended, or None."""
        self.ended = True
        self.gateway.terminate()
        return self.gateway.stop()
