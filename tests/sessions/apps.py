# SPDX-License-Identifier: Apache-2.0
"""apps: the apps that are attacked, each a process of its own on a port of the loopback. All have the same pages:
/home says who is logged in, POST /login, /logout, /cart."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from browser import Browser
from road import pick_port
from scene import Door

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(HERE, "../apps")
DEADLINE = 60  # Tomcat on a busy machine


class App:
    """`cookie`: the name of its session cookie. `permissive`: takes ids that it never gave."""
    name = cookie = ""
    permissive, parameter = True, True

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="portcullis-app-")
        self.port, self._claim = pick_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = open(os.path.join(self.folder, "output"), "w+b")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self._output, cwd=self.folder,
                                        stderr=subprocess.STDOUT, start_new_session=True, env=self.environment())
        self._wait()

    @classmethod
    def missing(cls):
        """What is not installed, or None."""
        return None

    def environment(self):
        return dict(os.environ)

    def _wait(self):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.02)
        self._output.seek(0)
        said = self._output.read().decode("utf-8", "replace")[-2000:]
        self.stop()
        raise RuntimeError(f"{self.name} does not listen: {said}")

    def stop(self):
        """Ends the app and the children that it started itself: a session of its own."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self._claim.close()
        self._output.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def door(self):
        """The app with nothing in front of it."""
        return Door(("127.0.0.1", self.port), None)

    def valid_id(self):
        """An id that the app gave itself."""
        browser = Browser(self.door())
        browser.get("/home")
        browser.leave()
        return browser.jar.get(self.cookie)

    def knows_as(self, name):
        """Who the app takes a visitor with this id for."""
        browser = Browser(self.door())
        text = browser.get("/home", cookies=f"{self.cookie}={name}").text
        browser.leave()
        return text


class Vulnerable(App):
    name, cookie = "the vulnerable app", "APPSESSID"

    def command(self):
        return [sys.executable, os.path.join(APPS, "vulnerable.py"), str(self.port)]

    def ask(self, what, **query):
        """Something for the test alone."""
        browser = Browser(self.door())
        answer = browser.get(f"/_app/{what}?" + urllib.parse.urlencode(query))
        browser.leave()
        return json.loads(answer.text)

    def wait(self, gate, count=1):
        """Until so many requests stand at the gate."""
        if not self.ask("wait", gate=gate, count=count):
            raise AssertionError(f"nobody came to the gate {gate}")

    def open(self, *gates):
        for gate in gates:
            self.ask("open", gate=gate)

    def seen(self, path):
        """What the app received for a path, the query being part of it."""
        return [one for one in self.ask("seen") if one["path"] == path]


class Php(App):
    name, cookie = "PHP", "PHPSESSID"

    @classmethod
    def missing(cls):
        return None if shutil.which("php") else "not installed: php (php-cli)"

    def environment(self):
        return {**os.environ, "PHP_CLI_SERVER_WORKERS": "4"}

    def command(self):
        folder = os.path.join(self.folder, "sessions")
        os.mkdir(folder)
        settings = {"session.save_handler": "files", "session.save_path": folder, "session.use_strict_mode": "0",
                    "session.use_only_cookies": "0", "session.use_trans_sid": "1", "session.gc_probability": "0"}
        return ["php", "-q", *(word for key, value in settings.items() for word in ("-d", f"{key}={value}")),
                "-S", f"127.0.0.1:{self.port}", os.path.join(APPS, "php/index.php")]


class Tomcat(App):
    """Debian's tomcat10-common, which has no service, with a base folder of its own."""
    name, cookie, permissive = "Tomcat", "JSESSIONID", False
    HOME = "/usr/share/tomcat10"
    SERVER = """<Server port="-1"><Service name="Catalina"><Connector address="127.0.0.1" port="{port}"/>
      <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps" autoDeploy="false"/>
      </Engine></Service></Server>"""

    @classmethod
    def missing(cls):
        have = os.path.exists(f"{cls.HOME}/bin/catalina.sh") and shutil.which("java")
        return None if have else "not installed: tomcat10-common"

    def environment(self):
        java = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("java"))))
        return {**os.environ, "CATALINA_HOME": self.HOME, "CATALINA_BASE": self.folder, "JAVA_HOME": java,
                "JAVA_OPTS": "-Xmx128m -XX:TieredStopAtLevel=1 -Djava.awt.headless=true"}

    def command(self):
        for name in ("conf", "logs", "temp", "work", "webapps"):
            os.mkdir(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "conf/server.xml"), "w", encoding="utf-8") as f:
            f.write(self.SERVER.format(port=self.port))
        shutil.copytree(os.path.join(APPS, "tomcat"), os.path.join(self.folder, "webapps/ROOT"))
        return ["sh", f"{self.HOME}/bin/catalina.sh", "run"]
