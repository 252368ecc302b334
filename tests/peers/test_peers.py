#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real peers on both sides: the same exchanges with each backend, asked by the real curl. What the backend answers
when it is asked directly is what must come through the gateway.

PORTCULLIS names the program. A tool that is not installed: the test is skipped and says so."""
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../chaos")]
from backends import BIG, SMALL, Apache, Nginx, Php, PythonServer, find, summary  # noqa: E402
from counted import run  # noqa: E402
from curl import curl  # noqa: E402
from road import Road  # noqa: E402

PROGRAM = os.environ.get("PORTCULLIS", "build/portcullis")
# What nobody between the backend and the client may change.
FIELDS = ("content-type", "content-length", "content-range", "location", "etag", "last-modified", "accept-ranges")
UPLOAD = BIG[:1_000_000]


class BehindTheGateway:
    """The exchanges, for one backend. `backend_class` is the subclass's."""
    backend_class = None

    @classmethod
    def setUpClass(cls):
        if not find(cls.backend_class.tool) or not find("curl"):
            raise unittest.SkipTest(f"not installed: {cls.backend_class.tool} or curl")
        folder = tempfile.TemporaryDirectory(prefix="portcullis-peers-")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.folder = folder.name
        cls.backend = cls.backend_class(folder.name)
        cls.addClassCleanup(cls.backend.stop)
        cls.road = cls.enterClassContext(Road(PROGRAM, [cls.backend.url]))
        cls.ways = {
            "plain": (cls.road.url("plain"),), "plain, HTTP/1.0": (cls.road.url("plain"), "--http1.0"),
            "TLS 1.2": (cls.road.url("tls"), "--tls-max", "1.2"), "TLS 1.3": (cls.road.url("tls"), "--tlsv1.3"),
        }

    def same(self, path, *options, status, body=None, way=None):
        """Asks the backend and, in every way, the gateway. All answers must be the same; returns the last."""
        direct = curl(self.backend.url + path, *options)
        self.assertEqual((direct.code, direct.status), (0, status), f"{self.backend.name} itself: {direct.said}")
        for name, (url, *how) in self.ways.items():
            if way in (None, name):
                with self.subTest(way=name):
                    seen = curl(url + path, *how, *options)
                    self.assertEqual((seen.code, seen.status), (0, status), seen.said)
                    self.assertEqual(seen.body == direct.body, True, f"{len(seen.body)} bytes of body differ")
                    if body is not None:
                        self.assertEqual(seen.body == body, True, "the body is not the file's")
                    for field in FIELDS:
                        if field != "content-length" or field in seen.fields:
                            self.assertEqual(seen.fields.get(field), direct.fields.get(field), field)
        return direct

    def upload(self, *options, body):
        """Sends the body in every way; the backend must have received exactly that."""
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as f:
            f.write(body)
        options = [option.replace("{file}", path) for option in options]
        for name, (url, *how) in self.ways.items():
            if "HTTP/1.0" in name and any("chunked" in option for option in options):
                continue  # there are no chunks in HTTP/1.0
            with self.subTest(way=name):
                seen = curl(f"{url}/upload", *how, *options)
                self.assertEqual((seen.code, seen.status), (0, 200), f"{seen.said} {seen.body[:300]!r}")
                self.assertEqual(self.backend.received(seen.body), summary(body))

    def test_a_small_file(self):
        self.same("/small.txt", status=200, body=SMALL)

    def test_ten_megabytes(self):
        self.same("/big.bin", status=200, body=BIG)

    def test_head(self):
        self.same("/small.txt", "-I", status=200, body=b"")

    def test_a_range(self):
        if not self.backend.ranges:
            self.skipTest(f"{self.backend.name} itself answers ranges with the whole")
        self.same("/big.bin", "-r", "1000000-1000999", status=206, body=BIG[1000000:1001000])

    def test_not_modified(self):
        if not self.backend.conditions:
            self.skipTest(f"{self.backend.name} itself knows no conditions")
        fields = self.same("/small.txt", status=200).fields
        self.same("/small.txt", "-H", f"If-Modified-Since: {fields['last-modified']}", status=304, body=b"")
        if "etag" in fields:
            self.same("/small.txt", "-H", f"If-None-Match: {fields['etag']}", status=304, body=b"")

    def test_not_found(self):
        self.same("/no/such/file", status=404)

    def test_the_redirect_of_a_folder_is_not_touched(self):
        if self.backend.name == "PHP":
            self.skipTest("PHP's server answers with the index instead of a redirect")
        direct = self.same("/folder", status=301)
        self.assertIn("/folder/", direct.fields["location"])

    def test_twenty_requests_on_one_connection(self):
        for name in ("plain", "TLS 1.2", "TLS 1.3"):
            url, *how = self.ways[name]
            with self.subTest(way=name):
                seen = curl(f"{url}/small.txt?[1-20]", *how, "-w", "%{http_code} %{num_connects} %{size_download}\n")
                rows = [line.split() for line in seen.also.splitlines()]
                self.assertEqual([row[0] for row in rows], ["200"] * 20)
                self.assertEqual(sum(int(row[1]) for row in rows), 1, "connections opened")
                self.assertEqual({int(row[2]) for row in rows}, {len(SMALL)})

    def test_post_with_a_length(self):
        self.upload("--data-binary", "@{file}", "-H", "Expect:", body=UPLOAD)

    def test_post_in_chunks(self):
        self.upload("--data-binary", "@{file}", "-H", "Expect:", "-H", "Transfer-Encoding: chunked", body=UPLOAD)

    def test_upload_that_waits_for_100(self):
        """curl asks for 100 by itself above 1 MB, and here it waits longer for it than it may take in all."""
        self.upload("-T", "{file}", "--expect100-timeout", "60", body=BIG[:2_000_000])


class NginxBehind(BehindTheGateway, unittest.TestCase):
    backend_class = Nginx


class ApacheBehind(BehindTheGateway, unittest.TestCase):
    backend_class = Apache


class PythonBehind(BehindTheGateway, unittest.TestCase):
    backend_class = PythonServer


class PhpBehind(BehindTheGateway, unittest.TestCase):
    backend_class = Php


if __name__ == "__main__":
    sys.exit(run(["test_peers", "test_clients", "test_websocket", "test_faults"]))
