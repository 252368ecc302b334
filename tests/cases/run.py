#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run: plays the .case files against the real program over real sockets. tests/README.md describes the
language; `run.py --help` the options."""
import argparse
import concurrent.futures
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import warnings

from backend import Backend
from case_file import Case, CaseError, expand
from client import Late
from expectations import AFTERWARDS, Unmet, check_afterwards, check_connection
from gateway import Gateway

HERE = os.path.dirname(os.path.abspath(__file__))
SHOWN = 1500  # bytes of each side that a failure shows


class Run:
    """One case, one row, one transport."""

    def __init__(self, case, row, transport, options):
        self.case, self.transport, self.options = case, transport, options
        self.row = row
        self.name = f"{os.path.relpath(case.path, HERE)} ({', '.join(row[:1] + [transport])})"
        self.clients, self.current, self.gateway, self.backends = {}, None, None, []

    def play(self):
        """Returns what went wrong, or None."""
        folder = tempfile.mkdtemp(prefix="case-", dir=self.options.folder)
        try:
            wrong = self._play(folder)
        finally:
            if self.gateway:
                self.gateway.stop()
            for backend in self.backends:
                backend.close()
            for client in self.clients.values():
                client.close()
        shutil.rmtree(folder, ignore_errors=True)
        return wrong

    def _play(self, folder):
        wrong = None
        try:
            self._start(folder)
            for section in self.case.of_kind("client", "expect"):
                self._section(section)
        except (Unmet, Late, CaseError) as e:
            wrong = str(e)
        ended = self.gateway.stop(self._exit_code()) if self.gateway else None
        try:
            wrong = wrong or ended or self._afterwards()
        except (Unmet, CaseError, ValueError) as e:
            wrong = str(e)
        return f"{wrong}\n{self._both_sides()}" if wrong else None

    def _start(self, folder):
        self.names = {str(i): value for i, value in enumerate(self.row[1:], 1)}
        self.names.update(cert=self.options.cert, key=self.options.key)
        sections = {section.name or "1": section for section in self.case.of_kind("backend")}
        for number in range(1, max([1, *map(int, sections)]) + 1):
            steps = self.case.steps(sections[str(number)], self.names) if str(number) in sections else []
            backend = Backend(steps, lambda: b"".join(bytes(c.received) for c in self.clients.values()))
            self.backends.append(backend)
            url = f"http://127.0.0.1:{backend.port}"
            self.names.update({f"backend {number}": url, **({"backend": url} if number == 1 else {})})
        self.gateway = Gateway(self.options.program, folder, self.case.config_text(), self.names,
                               self.options.loops, self.case.descriptors())
        self.names = {**self.gateway.names, "scheme": "https" if self.transport == "tls" else "http",
                      "port": self.gateway.names[f"{self.transport} port"], "listener": self.transport}

    def _section(self, section):
        if section.kind == "client":
            self.current = section.name
            self._client(section)
            return
        client = self._open()
        for step in self.case.steps(section, self.names):
            if step.verb not in AFTERWARDS:
                try:
                    check_connection(client, step)
                except (Unmet, Late) as e:
                    raise Unmet(f"{step}: {e}") from e

    def _open(self, listener=None, tls=None, session=None):
        if self.current not in self.clients:
            listener = listener or self.transport
            tls = tls or (self.options.tls if listener == "tls" else None)
            self.clients[self.current] = self.gateway.connect(listener, tls, session)
        return self.clients[self.current]

    def _client(self, section):
        size, pending = 0, b""
        for step in self.case.steps(section, self.names) + [None]:
            if step and step.verb == "|" and not size:
                pending += expand(step.text)  # consecutive lines go out in one piece
                continue
            if pending:
                self._open().send(pending)
                pending = b""
            if step is None:
                self._open()
            elif step.verb == "|":
                data = expand(step.text)
                for at in range(0, len(data), size):
                    self._open().send(data[at:at + size])
            elif step.verb == "pieces":
                size = int(step.text)
            else:
                try:
                    self._act(step)
                except Late as e:
                    raise Late(f"{step}: {e}") from e

    def _act(self, step):
        if step.verb == "speak":  # "speak plain to tls"
            self.clients[self.current] = self.gateway.connect(step.text.split()[-1])
        elif step.verb == "tls":
            self._open("tls", tls_context(step.text))
        elif step.verb == "resume":
            first = self.clients[step.text].tls
            self._open("tls", first.context, first.session)
        elif step.verb == "until":
            self._until(step.text)
        elif step.verb == "tell":  # "tell backend"
            self.backends[0].told.set()
        elif step.verb == "drip":
            self._open().drip(expand(step.text))
        elif step.verb == "crowd" and step.text == "leaves":
            self.gateway.crowd_leaves()
        elif step.verb == "crowd":
            self._open()  # waits until the gateway listens
            self.gateway.crowd(self.transport, int(step.text))
        elif step.verb == "terminate":
            self.gateway.terminate()
        elif step.verb == "signals":
            self.gateway.signals(step.text.split())
        elif step.verb == "half-close":
            self._open().half_close()
        elif step.verb == "close":
            self._open().close()
        elif step.verb == "reset":
            self._open().close(reset=True)
        else:
            raise CaseError(f"unknown step {step}")

    def _until(self, text):
        client, words = self._open(), text.split(" ", 2)
        if words[0] == "answer":
            wanted = int(words[1])
            client.until(lambda: len(client.complete_answers()) >= wanted or client.ended, text)
        elif words[:2] == ["client", "has"]:
            client.until(lambda: expand(words[2]) in client.received, text)
        elif words[:2] == ["backend", "has"]:
            client.until(lambda: expand(words[2]) in self.backends[0].seen(), text)
        elif words[:2] == ["backend", "counts"]:
            client.until(lambda: sum(map(len, self.backends[0].raw)) >= int(words[2]), text)
        elif words == ["backend", "ended"]:
            client.until(lambda: self.backends[0].ended, text)
        elif words[:2] == ["log", "has"]:  # the client does not read meanwhile
            self.gateway.until_log_has(words[2])
        elif words[:2] == ["gateway", "said"]:
            self.gateway.until_said(words[2])
        elif words[0] == "closed":
            client.until(lambda: client.ended, text)
        else:
            raise CaseError(f"unknown condition: until {text}")

    def _exit_code(self):
        """`exit N`; 0 where a case says nothing."""
        said = [step.text for section in self.case.of_kind("expect") for step in section.steps if step.verb == "exit"]
        return int(said[0]) if said else 0

    def _afterwards(self):
        broken = [backend.broken for backend in self.backends if backend.broken]
        if broken:
            return broken[0]
        name = None
        for section in self.case.of_kind("client", "expect"):
            if section.kind == "client":
                name = section.name
            else:
                check_afterwards(self.case.steps(section, self.names), self.clients[name], self.backends, self.gateway)
        return None

    def _both_sides(self):
        parts = [(f"client {name} received".replace("  ", " "), bytes(client.received))
                 for name, client in self.clients.items()]
        parts += [(f"backend {i} received", backend.seen()) for i, backend in enumerate(self.backends, 1)]
        if self.gateway:
            parts += [("the gateway said", self.gateway.output().encode()),
                      ("log", self.gateway.log_text().encode("utf-8", "surrogateescape"))]
        return "\n".join(f"    {what}: {data[:SHOWN]!r}" + (f" … {len(data)} bytes" if len(data) > SHOWN else "")
                         for what, data in parts)


def tls_context(version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are offered to see them refused
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
    return context


def make_certificate(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def find_cases(filters):
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(HERE)
                   for name in names if name.endswith(".case"))
    for path in paths:
        if not filters or any(text in path for text in filters):
            with open(path, encoding="utf-8") as f:
                yield Case(path, f.read())


def play(run):
    try:
        return run.name, run.play()
    except Exception as e:  # a mistake in the runner fails its case, not all others
        return run.name, f"{type(e).__name__}: {e}\n{run._both_sides()}"


def main():
    parser = argparse.ArgumentParser(description="Plays .case files against the program.")
    parser.add_argument("--program", required=True, help="for example build/portcullis")
    parser.add_argument("--loops", type=int, default=1, help="threads of the gateway")
    parser.add_argument("--jobs", type=int, default=4, help="cases at once")
    parser.add_argument("--only", choices=("plain", "tls"), help="one transport")
    parser.add_argument("filter", nargs="*", help="only cases whose path holds one of these texts")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    options.tls = tls_context()
    failed = passed = 0
    with tempfile.TemporaryDirectory(prefix="portcullis-cases-") as options.folder:
        options.cert, options.key = make_certificate(options.folder)
        try:
            cases = list(find_cases(options.filter))
        except CaseError as e:
            sys.exit(f"{e}\n0 passed, 1 failed")
        runs = [Run(case, row, transport, options) for case in cases for row in case.rows or [[]]
                for transport in case.transports if options.only in (None, transport)]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for name, wrong in pool.map(play, runs):
                passed, failed = passed + (not wrong), failed + bool(wrong)
                if wrong:
                    print(f"FAIL {name}: {wrong}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
