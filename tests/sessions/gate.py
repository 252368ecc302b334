# SPDX-License-Identifier: Apache-2.0
"""gate: the real gateway with a session policy in front of one app: started, ended, killed and started again with the
same ports, state and keys. Every key of the configuration that these tests use stands in this file."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from gateway import merge
from road import DEADLINE, make_certificate, pick_port, tls_context
from scene import HOST, Door, Scene

LOGIN = {"path": "/login", "method": ["POST"], "when": {"status": ["302"], "not_location": "/login*"}}
JSON_LOGIN = {"path": "/api/login", "method": ["POST"], "when": {"json": {"ok": True}}}
FUTURE, PAST = "2099-12-31", "2020-12-31"

# What a test may ask for besides the policy itself: (key of `more`, what the configuration is given).
RACE_GUARD = {"type": "race_guard", "key": "session", "max_in_flight": 1, "queue": 10000, "wait": "60s"}
LOGIN_GUARD = {"type": "login_guard", "user_field": "user", "per_user": "100000/h", "equalise": "250ms"}
# Taken when the program knows it. Attackers and victims share one address here, and nobody is to be banned in the middle
# of a play. A test that cannot do without asks for it by name.
STATE = {"state": {"directory": "{folder}/state"}}
FRIENDLY = ({"reputation": {"never": ["127.0.0.0/8"]}}, {"limits": {"connections_per_address": 20000}}, STATE)


class Unknown(Exception):
    """The program does not know a part of the configuration; the text says which."""


def session_policy(cookie, **changes):
    policy = {"type": "session", "cookies": [cookie], "storage": "sealed", "idle": "30m", "absolute": "12h",
              "rotate": "15m", "login": LOGIN, "logout": {"path": "/logout"}, "expose": [], "same_site": "lax"}
    return {key: value for key, value in {**policy, **changes}.items() if value is not None}


def key_ring(*ids, sid="sid"):
    """The text of a key ring file: keys of 32 bytes that follow from their ids, the first one seals."""
    def line(name, seed):
        return f"{name} {base64.b64encode(seed.encode().ljust(32, b'.')[:32]).decode()}\n"
    return "".join(line(number, f"key {number}") for number in ids) + line("sid", sid)


def problem_of(program, config, folder):
    """What `check` says of a configuration, or None."""
    path = os.path.join(folder, "checked.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f, indent=1)
    done = subprocess.run([program, "check", "-c", path], capture_output=True, text=True, timeout=30, check=False)
    return None if done.returncode == 0 else done.stdout + done.stderr


class Gate:
    """`session`: changes of the policy. `more`: merged over the whole configuration. `guards`: further policies of
    all routes."""

    def __init__(self, program, app, session=None, more=None, guards=None):
        self.program, self.app = os.path.abspath(program), app
        self.folder = tempfile.mkdtemp(prefix="portcullis-sessions-")
        os.chmod(self.folder, 0o755)
        self.process = self._output = None
        self.port, self._claim = pick_port()
        try:
            self.config = self._configuration(session or {}, more or {}, guards or {})
            self.start()
        except BaseException:
            self.close()
            raise

    def _configuration(self, session, more, guards):
        cert, key = make_certificate(self.folder)
        os.makedirs(self.path("state"), mode=0o700)
        policies = {"broker": session_policy(self.app.cookie, **session), **guards}
        config = {"version": 1, "loops": 2,
                  "listen": [{"address": f"127.0.0.1:{self.port}", "tls": {"cert": cert, "key": key}}],
                  "upstreams": {"app": {"servers": [self.app.url]}}, "policies": policies,
                  "routes": [{"name": "all", "policies": list(policies), "upstream": "app"}],
                  "logs": {"access": {"to": self.path("access.log")}}}
        config = merge(config, self._here(more))
        for extra in FRIENDLY:
            with_it = merge(self._here(extra), config)
            if problem_of(self.program, with_it, self.folder) is None:
                config = with_it
        problem = problem_of(self.program, config, self.folder)
        if problem:
            raise Unknown(problem)
        return config

    def _here(self, part):
        return json.loads(json.dumps(part).replace("{folder}", self.folder))

    def path(self, name):
        return os.path.join(self.folder, name)

    def scene(self):
        """The cookie of browsers is the app's with the prefix that keeps siblings out."""
        return Scene(self.app, self.door(), "__Host-" + self.app.cookie)

    def door(self, host=HOST):
        return Door(("127.0.0.1", self.port), tls_context(), host)

    # The process.

    def start(self):
        path = self.path("portcullis.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(self.config, f, indent=1)
        self._output = open(self.path("output"), "a+b")
        self.process = subprocess.Popen([self.program, "run", "-c", path], stdin=subprocess.DEVNULL,
                                        stdout=self._output, stderr=subprocess.STDOUT)
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
        raise AssertionError("the gateway does not listen: " + self.said())

    def stop(self):
        """A gentle end. Anything but 0 is an error."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the gateway did not end within 40 s of SIGTERM") from None
        finally:
            self.process = None
            self._output.close()
        if code:
            raise AssertionError(f"the gateway ended with {code}: {self.said()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self._output.close()

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """SIGHUP, when the program says that it knows it."""
        said = subprocess.run([self.program, "help"], capture_output=True, text=True, timeout=20, check=False).stdout
        if "reload" not in said:
            raise Unknown('"reload" is not known to the program')
        before = len(self.said())
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + DEADLINE
        while "reload" not in self.said()[before:]:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("no word of a reload: " + self.said())
            time.sleep(0.01)

    def said(self):
        try:
            with open(self.path("output"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def log_text(self):
        try:
            with open(self.path("access.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def close(self):
        try:
            if self.process:
                self.stop()
        finally:
            self._claim.close()
            shutil.rmtree(self.folder, ignore_errors=True)
