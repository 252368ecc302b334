#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS as clients meet it: which certificate is shown, what is negotiated, who is let in, what resumes.

The clients are Python's ssl and `openssl s_client`. PORTCULLIS names the program."""

import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.path.abspath(os.environ.get("PORTCULLIS", "build/portcullis"))
DEADLINE = 10.0
KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}


def openssl(*words, given=None):
    return subprocess.run(["openssl", *words], input=given, check=True, capture_output=True, timeout=20).stdout


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with what reached it."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Tls(unittest.TestCase):
    """One folder of certificates and one backend for all; one gateway a test."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="portcullis-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        cls.backend = server.server_address[1]
        cls.make("shop", "ec", "shop.example", "www.shop.example")
        cls.make("shop-rsa", "rsa", "shop.example", "www.shop.example")
        cls.make("wild", "ec", "*.wild.example")
        cls.make("exact", "ec", "one.wild.example")
        cls.make_authority()

    @classmethod
    def make(cls, name, kind, *hosts):
        names = ",".join(f"DNS:{host}" for host in hosts)
        openssl("req", "-x509", *KINDS[kind], "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                "-days", "2", "-keyout", cls.path(f"{name}.key"), "-out", cls.path(f"{name}.pem"))

    @classmethod
    def path(cls, name):
        return str(cls.folder / name)

    @classmethod
    def make_authority(cls):
        """An authority with its list of revoked certificates, two clients of it (one revoked), and a stranger."""
        for name in ("ca", "other-ca"):
            openssl("req", "-x509", *KINDS["ec"], "-nodes", "-subj", f"/CN={name}", "-days", "2",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", cls.path(f"{name}.key"),
                    "-out", cls.path(f"{name}.pem"))
        for name, by in (("alice", "ca"), ("bob", "ca"), ("mallory", "other-ca"), ("site", "ca")):
            openssl("req", "-new", *KINDS["ec"], "-nodes", "-subj", f"/O=Example/CN={name}",
                    "-keyout", cls.path(f"{name}.key"), "-out", cls.path(f"{name}.csr"))
            openssl("x509", "-req", "-in", cls.path(f"{name}.csr"), "-CA", cls.path(f"{by}.pem"),
                    "-CAkey", cls.path(f"{by}.key"), "-CAcreateserial", "-days", "2", "-out", cls.path(f"{name}.pem"))
        (cls.folder / "index").write_text("")
        (cls.folder / "ca.cnf").write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {cls.path('index')}\n"
                                           "default_md = sha256\ndefault_crl_days = 2\n")
        signing = ["-config", cls.path("ca.cnf"), "-cert", cls.path("ca.pem"), "-keyfile", cls.path("ca.key")]
        openssl("ca", *signing, "-valid", cls.path("site.pem"))
        openssl("ca", *signing, "-revoke", cls.path("bob.pem"))
        openssl("ca", *signing, "-gencrl", "-out", cls.path("ca.crl"))

    @classmethod
    def pair(cls, name):
        return {"cert": cls.path(f"{name}.pem"), "key": cls.path(f"{name}.key")}

    def start(self, *tls, loops=1):
        """A gateway with one listener for each object."""
        self.ports = random.sample(range(10000, 32000), len(tls))
        config = {"version": 1, "loops": loops, "listen": [{"address": f"127.0.0.1:{port}", "tls": one}
                                                           for port, one in zip(self.ports, tls)],
                  "upstreams": {"app": {"servers": [f"http://127.0.0.1:{self.backend}"]}}}
        path = self.path("portcullis.json")
        pathlib.Path(path).write_text(json.dumps(config), encoding="utf-8")
        output = open(self.path("output"), "w+b")
        self.addCleanup(output.close)
        process = subprocess.Popen([PROGRAM, "run", "-c", path], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(self.stop, process)
        end = time.monotonic() + DEADLINE
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.ports[-1])).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.005)
        self.fail("the gateway does not listen: " + pathlib.Path(self.path("output")).read_text("utf-8"))

    def stop(self, process):
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE), 0)

    def check(self, tls):
        """What `check` says of a listener."""
        path = self.path("checked.json")
        config = {"version": 1, "listen": [{"address": "127.0.0.1:8443", "tls": tls}],
                  "upstreams": {"app": {"servers": ["http://127.0.0.1:1"]}}}
        pathlib.Path(path).write_text(json.dumps(config), encoding="utf-8")
        done = subprocess.run([PROGRAM, "check", "-c", path], capture_output=True, text=True, timeout=20, check=False)
        return done.stdout + done.stderr

    def context(self, client=None, alpn=None, version=None, ciphers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if client:
            context.load_cert_chain(*self.pair(client).values())
        if alpn:
            context.set_alpn_protocols(alpn)
        if ciphers:
            context.set_ciphers(ciphers)
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def connect(self, name=None, context=None, port=None, session=None):
        s = socket.create_connection(("127.0.0.1", port or self.ports[0]), timeout=DEADLINE)
        self.addCleanup(s.close)
        s = (context or self.context()).wrap_socket(s, server_hostname=name, session=session)
        self.addCleanup(s.close)
        return s

    def ask(self, s, host, *fields):
        """One request; the answer as status and text."""
        s.sendall("\r\n".join([f"GET / HTTP/1.1\r\nHost: {host}", *fields, "\r\n"]).encode())
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status, answer.read().decode()

    def shown(self, name, **how):
        """Whose certificate a client gets."""
        der = self.connect(name, self.context(**how)).getpeercert(binary_form=True)
        return openssl("x509", "-inform", "der", "-noout", "-subject", given=der).decode().partition("CN = ")[2].strip()


class Names(Tls):
    def several(self):
        self.start({**self.pair("shop"), "more": [self.pair("shop-rsa"), self.pair("wild"), self.pair("exact")]})

    def test_the_name_chooses_the_certificate(self):
        self.several()
        for name, wanted in (("shop.example", "shop"), ("WWW.Shop.Example", "shop"), ("a.wild.example", "wild"),
                             ("one.wild.example", "exact"), ("a.b.wild.example", "shop"), ("wild.example", "shop"),
                             ("unknown.example", "shop"), (None, "shop")):
            self.assertEqual(self.shown(name), wanted, name)

    def test_a_client_that_cannot_verify_ecdsa_gets_rsa(self):
        self.several()
        how = {"version": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE+aRSA+AESGCM"}
        self.assertEqual(self.shown("shop.example", **how), "shop-rsa")
        self.assertEqual(self.shown("www.shop.example", **how), "shop-rsa")

    def test_another_host_than_the_certificate_is_for_is_misdirected(self):
        self.several()
        for sni, host, status in (("shop.example", "shop.example", 200), ("shop.example", "www.shop.example:8443", 200),
                                  ("shop.example", "a.wild.example", 421), ("a.wild.example", "Shop.Example", 421),
                                  ("a.wild.example", "b.wild.example", 200), ("a.wild.example", "one.wild.example", 200),
                                  ("one.wild.example", "b.wild.example", 421), ("shop.example", "unknown.example", 200),
                                  ("unknown.example", "a.wild.example", 421), (None, "shop.example", 200),
                                  (None, "a.wild.example", 421), (None, "127.0.0.1", 200)):
            got, text = self.ask(self.connect(sni), host)
            self.assertEqual(got, status, f"{sni} asks for {host}")
            self.assertEqual("misdirected" in text, status == 421)

    def test_a_misdirected_request_does_not_end_the_connection(self):
        self.several()
        s = self.connect("shop.example")
        self.assertEqual(self.ask(s, "a.wild.example")[0], 421)
        self.assertEqual(self.ask(s, "shop.example")[0], 200)

    def test_one_certificate_serves_every_host(self):
        self.start(self.pair("shop"))
        self.assertEqual(self.ask(self.connect("a.example"), "b.example")[0], 200)

    def test_a_certificate_without_names_cannot_be_chosen(self):
        self.assertIn("names no host", self.check({**self.pair("shop"), "more": [self.pair("ca")]}))


class Protocols(Tls):
    def test_http_1_1_is_chosen(self):
        self.start(self.pair("shop"))
        for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.0"], "http/1.0"),
                                (["http/1.0", "http/1.1"], "http/1.1"), (None, None)):
            s = self.connect("shop.example", self.context(alpn=offered))
            self.assertEqual(s.selected_alpn_protocol(), chosen, offered)

    def test_nothing_in_common_ends_the_handshake(self):
        self.start(self.pair("shop"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
                self.connect("shop.example", self.context(alpn=["h2"], version=version))

    def test_only_1_3(self):
        self.start({**self.pair("shop"), "min_version": "1.3"})
        self.assertEqual(self.connect("shop.example").version(), "TLSv1.3")
        with self.assertRaises(ssl.SSLError):
            self.connect("shop.example", self.context(version=ssl.TLSVersion.TLSv1_2))

    def test_weak_ciphers_are_refused(self):
        self.start({**self.pair("shop"), "more": [self.pair("shop-rsa")]})
        for ciphers in ("kRSA", "DHE", "ECDHE+AESCCM", "ECDHE+SHA1", "ECDHE+SHA256", "CAMELLIA"):
            context = self.context(version=ssl.TLSVersion.TLSv1_2, ciphers=ciphers + ":!AESGCM:!CHACHA20"
                                   if ciphers != "kRSA" else ciphers)
            with self.assertRaises((ssl.SSLError, ConnectionResetError), msg=ciphers):
                self.connect("shop.example", context)

    def test_renegotiation_is_refused(self):
        self.start(self.pair("shop"))
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[0]}", "-tls1_2"],
                              input=b"R\n", capture_output=True, timeout=20, check=False)
        self.assertIn(b"no renegotiation", (done.stdout + done.stderr).lower())
        self.assertIn(b"Compression: NONE", done.stdout)


class Staples(Tls):
    def staple(self, name, by="ca", of=None, days="1"):
        openssl("ocsp", "-index", self.path("index"), "-CA", self.path("ca.pem"), "-rsigner", self.path(f"{by}.pem"),
                "-rkey", self.path(f"{by}.key"), "-issuer", self.path("ca.pem"), "-cert", self.path(f"{of or name}.pem"),
                "-noverify", "-respout", self.path(f"{name}.ocsp"), *(["-ndays", days] if days else []))
        return self.path(f"{name}.ocsp")

    def status(self, version):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[0]}", "-status", version],
                              input=b"", capture_output=True, timeout=20, check=False)
        return done.stdout.decode()

    def test_a_client_that_asks_gets_it(self):
        self.start({**self.pair("site"), "ocsp": self.staple("site")})
        for version in ("-tls1_2", "-tls1_3"):
            self.assertIn("Cert Status: good", self.status(version), version)

    def test_without_one_nothing_is_sent(self):
        self.start(self.pair("site"))
        self.assertIn("OCSP response: no response sent", self.status("-tls1_3"))

    def test_what_would_harm_is_refused(self):
        (self.folder / "text").write_text("nothing")
        site = self.pair("site")
        for response, says in ((self.staple("site"), "fine"), (self.path("text"), "no OCSP response"),
                               (self.path("nowhere"), "no such file"), (self.staple("revoked", of="bob"), "another"),
                               (self.staple("endless", of="site", days=None), "until when")):
            self.assertIn(says, self.check({**site, "ocsp": response}).lower().replace("ocsp", "OCSP"), response)
        self.assertIn("revoked", self.check({**self.pair("bob"), "ocsp": self.staple("bob")}))


class Clients(Tls):
    def refused(self, client, version, port=None):
        context = self.context(client, version=version)
        try:  # in TLS 1.3 the client's handshake ends before the server has judged
            self.ask(self.connect("shop.example", context, port), "shop.example")
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return True
        return False

    def test_required(self):
        self.start({**self.pair("shop"), "client_ca": self.path("ca.pem"), "client_crl": self.path("ca.crl")})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for client, refused in (("alice", False), ("bob", True), ("mallory", True), (None, True)):
                self.assertEqual(self.refused(client, version), refused, f"{client} {version}")

    def test_requested(self):
        self.start({**self.pair("shop"), "client_ca": self.path("ca.pem"), "client_auth": "request"})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for client in ("alice", "mallory", None):
                self.assertFalse(self.refused(client, version), f"{client} {version}")

    def test_nobody_else_says_who_the_client_is(self):
        self.start(self.pair("shop"))
        status, text = self.ask(self.connect("shop.example"), "shop.example", "X-Client-Cert: a", "SSL_CLIENT_S_DN: b",
                                "X-SSL-Client-Verify: c", "x_client_cert_dn: d", "Ssl-Client-Verify: SUCCESS",
                                "X-Client-Version: kept")
        self.assertEqual(status, 200)
        self.assertIn("kept", text)
        self.assertNotRegex(text.lower(), r"client[-_](cert|s_dn|verify)")

    def test_what_is_wrong_is_said_before_binding(self):
        shop, ca = self.pair("shop"), self.path("ca.pem")
        (self.folder / "text").write_text("nothing")
        for keys, says in (({"client_ca": ca}, "fine"), ({"client_auth": "require"}, "needs a \"client_ca\""),
                           ({"client_crl": self.path("ca.crl")}, "needs a \"client_ca\""),
                           ({"client_ca": self.path("text")}, "no certificate"),
                           ({"client_ca": self.path("nowhere")}, "cannot be read"),
                           ({"client_ca": self.path("alice.pem")}, "none of an authority"),
                           ({"client_ca": ca, "client_auth": "maybe"}, "request"),
                           ({"client_ca": ca, "client_crl": ca}, "no revocation list")):
            self.assertIn(says, self.check({**shop, **keys}), keys)


class Sessions(Tls):
    def session(self, name, context, port=None):
        s = self.connect(name, context, port)
        self.assertEqual(self.ask(s, name)[0], 200)  # in TLS 1.3 the ticket comes along with it
        return s.session

    def resumes(self, name, context, session, port=None):
        s = self.connect(name, context, port, session)
        self.assertEqual(self.ask(s, name)[0], 200)
        return s.session_reused

    def versions(self, **how):
        return [self.context(version=v, **how) for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]

    def test_on_any_loop(self):
        self.start(self.pair("shop"), loops=4)
        for context in self.versions():
            session = self.session("shop.example", context)
            for _ in range(8):  # the kernel spreads them
                self.assertTrue(self.resumes("shop.example", context, session))

    def test_only_under_its_certificate(self):
        self.start({**self.pair("shop"), "more": [self.pair("wild")]})
        for context in self.versions():
            session = self.session("a.wild.example", context)
            self.assertTrue(self.resumes("b.wild.example", context, session))
            self.assertFalse(self.resumes("shop.example", context, session))

    def test_not_where_more_is_asked_of_the_client(self):
        asking = {**self.pair("shop"), "client_ca": self.path("ca.pem"), "client_auth": "request"}
        self.start(self.pair("shop"), asking, {**asking, "client_auth": "require"})
        for context in self.versions():
            session = self.session("shop.example", context)
            self.assertFalse(self.resumes("shop.example", context, session, self.ports[1]))
            with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                self.resumes("shop.example", context, session, self.ports[2])

    def test_with_the_clients_certificate(self):
        self.start({**self.pair("shop"), "client_ca": self.path("ca.pem")})
        for context in self.versions(client="alice"):
            session = self.session("shop.example", context)
            self.assertTrue(self.resumes("shop.example", context, session))


class Ends(Tls):
    def test_the_gateway_says_goodbye(self):
        self.start(self.pair("shop"))
        s = self.connect("shop.example", self.context())
        s.suppress_ragged_eofs = False
        self.assertEqual(self.ask(s, "shop.example", "Connection: close")[0], 200)
        self.assertEqual(s.recv(1), b"")  # an end without close_notify would raise


if __name__ == "__main__":
    unittest.main()
