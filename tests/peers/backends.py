# SPDX-License-Identifier: Apache-2.0
"""backends: real servers in front of one folder of files, each with a place that takes uploads (/upload) and says how
many bytes with which hash it received. Each is started on a free port of the loopback and ends with its test."""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from road import pick_port

HERE = os.path.dirname(os.path.abspath(__file__))
YESTERDAY = time.time() - 86400  # Apache's entity tags are weak for files of this second
SMALL = b"a small file\n" * 40
BIG = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(10_000_000 // 32))

NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_max_body_size 20m; client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/t1;
  fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4; types {{ text/plain txt; }}
  server {{ listen 127.0.0.1:{port}; root {files};
    location /upload {{ client_body_in_file_only on; proxy_pass http://127.0.0.1:{port}/taken; }}
    location /taken {{ return 200 "taken\\n"; }} }} }}"""

APACHE = """ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
Listen 127.0.0.1:{port}
User {user}
Group {group}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule cgid_module {modules}/mod_cgid.so
ScriptSock {folder}/cgid.sock
TypesConfig /dev/null
AddType text/plain .txt
DocumentRoot {files}
ScriptAlias /upload {folder}/upload.cgi
"""

CGI = """#!/bin/sh
body=$(mktemp)
cat >"$body"
printf 'Content-Type: text/plain\\n\\n%s %s\\n' "$(wc -c <"$body")" "$(sha256sum <"$body" | cut -d' ' -f1)"
rm "$body"
"""

PHP = """<?php
if ($_SERVER['SCRIPT_NAME'] !== '/upload') { return false; }
$body = file_get_contents('php://input');
header('Content-Type: text/plain');
echo strlen($body), ' ', hash('sha256', $body), "\\n";
"""


class Backend:
    """One server at work. `tool` is what must be installed."""
    name, tool, ranges, conditions = "", "", True, True

    def __init__(self, folder):
        self.folder, self.files = folder, os.path.join(folder, "files")
        os.makedirs(os.path.join(self.files, "folder"), exist_ok=True)
        os.makedirs(os.path.join(folder, "bodies"), exist_ok=True)
        for path, content in (("small.txt", SMALL), ("big.bin", BIG), ("folder/index.html", b"inside\n")):
            os.utime(self._write(os.path.join("files", path), content), (YESTERDAY, YESTERDAY))
        self.port, self._claim = pick_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = open(os.path.join(folder, "backend.output"), "wb")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self._output,
                                        stderr=subprocess.STDOUT, cwd=self.files, start_new_session=True)
        self._wait()

    def _write(self, name, content, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def _wait(self):
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.02)
        self.stop()
        with open(self._output.name, encoding="utf-8", errors="replace") as f:
            raise RuntimeError(f"{self.name} does not listen: {f.read()[-1000:]}")

    def stop(self):
        """Ends the server and the children that it started itself: a session of its own."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self._claim.close()
        self._output.close()

    def received(self, answer):
        """The length and hash of the last upload, as the server says them in its answer."""
        return answer.decode().strip()


class Nginx(Backend):
    name, tool = "nginx", "nginx"

    def command(self):
        os.chmod(os.path.join(self.folder, "bodies"), 0o777)
        path = self._write("nginx.conf", NGINX.format(folder=self.folder, files=self.files, port=self.port))
        return [find("nginx"), "-p", self.folder, "-c", path]

    def received(self, answer):
        """It keeps each body in a file of its own."""
        if answer != b"taken\n":
            return f"no upload: {answer!r}"
        found = [os.path.join(path, name) for path, _, names in os.walk(f"{self.folder}/bodies") for name in names]
        newest = max(found, key=os.path.getmtime)
        with open(newest, "rb") as f:
            body = f.read()
        for path in found:
            os.remove(path)
        return summary(body)


class Apache(Backend):
    name, tool = "Apache", "apache2"

    def command(self):
        self._write("upload.cgi", CGI, 0o755)
        user, group = ("www-data", "www-data") if os.getuid() == 0 else (f"#{os.getuid()}", f"#{os.getgid()}")
        os.chmod(self.folder, 0o755)
        text = APACHE.format(folder=self.folder, files=self.files, port=self.port, user=user, group=group,
                             modules="/usr/lib/apache2/modules")
        return [find("apache2"), "-D", "FOREGROUND", "-f", self._write("apache.conf", text)]


class PythonServer(Backend):
    name, tool, ranges = "http.server", "python3", False

    def command(self):
        return [sys.executable, os.path.join(HERE, "python_server.py"), str(self.port)]


class Php(Backend):
    name, tool, ranges, conditions = "PHP", "php", False, False

    def command(self):
        router = self._write("router.php", PHP)
        return [find("php"), "-q", "-S", f"127.0.0.1:{self.port}", "-t", self.files, router]


def summary(body):
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}"


def find(tool):
    """Where the tool is, also when servers are not in the path; None when it is missing."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")
