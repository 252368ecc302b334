# SPDX-License-Identifier: Apache-2.0
"""gateway: one process of the real program for one run of a case, with its configuration, log and end."""
import json
import os
import random
import signal
import socket
import subprocess
import time

from case_file import CaseError, fill_in
from client import DEADLINE, Client, Late

BASE = """{
    "version": 1,
    "loops": 1,
    "listen": [{ "address": "{plain}" }, { "address": "{tls}", "tls": { "cert": "{cert}", "key": "{key}" } }],
    "upstreams": { "app": { "servers": ["{backend}"] } },
    "logs": { "access": { "to": "{log}" } }
}"""


def merge(base, patch):
    """JSON merge patch, RFC 7386."""
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    merged = {key: merge(base.get(key), patch[key]) if key in patch else base[key] for key in base}
    merged.update({key: merge({}, value) for key, value in patch.items() if key not in base})
    return {key: value for key, value in merged.items() if value is not None}


def pick_port():
    """A free port below the range that the kernel hands out by itself, and a socket whose name keeps it from all
    other runs on this machine until it is closed."""
    while True:
        port, claim = random.randrange(10000, 32000), socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0portcullis-cases-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
            return port, claim
        except OSError:
            claim.close()


class Gateway:
    def __init__(self, program, folder, config_text, names, loops, descriptors=0):
        self.folder = folder
        picked = {name: pick_port() for name in ("plain", "tls")}
        self._ports, self._claims = ({name: pair[i] for name, pair in picked.items()} for i in (0, 1))
        addresses = {name: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        ports = {f"{name} port": str(port) for name, port in self._ports.items()}
        self.names = {**names, **addresses, **ports, "log": os.path.join(folder, "access.log")}
        config = json.loads(fill_in(BASE, self.names))
        if config_text:
            try:
                config = merge(config, json.loads(fill_in(config_text, self.names)))
            except json.JSONDecodeError as e:
                raise CaseError(f"the configuration of the case is not JSON: {e}") from e
        config["loops"] = loops
        path = os.path.join(folder, "portcullis.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f, indent=1)
        self._terminated = False
        self._output = open(os.path.join(folder, "output"), "w+b")
        limited = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
        self.process = subprocess.Popen([*limited, program, "run", "-c", path], stdin=subprocess.DEVNULL,
                                        stdout=self._output, stderr=subprocess.STDOUT)
        self._crowd = []

    def connect(self, listener, tls=None, session=None):
        """A new connection; the first one waits until the gateway listens."""
        end = time.monotonic() + DEADLINE
        while True:
            try:
                return Client(("127.0.0.1", self._ports[listener]), tls, session)
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    raise Late("the gateway ended at once: " + self.output()) from None
                if time.monotonic() > end:
                    raise Late(f"waited {DEADLINE:.0f} s for the gateway to listen") from None
                time.sleep(0.003)

    def crowd(self, listener, count):
        """So many connections that say nothing."""
        self._crowd = [socket.create_connection(("127.0.0.1", self._ports[listener])) for _ in range(count)]

    def crowd_leaves(self):
        """Waits until the gateway has closed its ends: then their descriptors are free again."""
        for s in self._crowd:
            try:
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # turned away already
        for s in self._crowd:
            s.settimeout(5)
            try:
                while s.recv(4096):
                    pass
            except OSError:
                pass  # reset, or it keeps the connection: the case says what has to follow
            s.close()
        self._crowd = []

    def until_said(self, text):
        end = time.monotonic() + DEADLINE
        while text not in self.output():
            if time.monotonic() > end:
                raise Late(f"waited {DEADLINE:.0f} s for {text!r} on stderr")
            time.sleep(0.005)

    def terminate(self):
        """Asks for a gentle end; `stop` then only waits for it."""
        self._terminated = True
        self.process.send_signal(signal.SIGTERM)

    def signals(self, names):
        """All of these wait for it at once: it hears of none before all are there."""
        self._terminated = True
        for name in ["STOP", *names, "CONT"]:
            self.process.send_signal(getattr(signal, "SIG" + name))

    def stop(self, wanted=0):
        """Ends the process. Returns what is wrong with the way it ended, or None."""
        self.crowd_leaves()
        if self.process.poll() is None and not self._terminated:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"the gateway did not end within {DEADLINE:.0f} s of SIGINT"
        finally:
            for claim in self._claims.values():
                claim.close()
        return None if code == wanted else f"the gateway ended with {code}: {self.output()}"

    def output(self):
        self._output.seek(0)
        return self._output.read().decode("utf-8", "replace")[-6000:]

    def log_text(self):
        try:
            with open(self.names["log"], encoding="utf-8", errors="surrogateescape") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def until_log_has(self, text):
        end = time.monotonic() + DEADLINE
        while text not in self.log_text():
            if time.monotonic() > end:
                raise Late(f"waited {DEADLINE:.0f} s for {text!r} in the log")
            time.sleep(0.005)

    def log_rows(self):
        rows = [json.loads(line) for line in self.log_text().splitlines()]
        return [row for row in rows if row.get("path") != "/kept"]
