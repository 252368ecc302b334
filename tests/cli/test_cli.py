#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line, as an operator meets it: what is printed where, and the exit code.

PORTCULLIS names the program."""

import os
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

PROGRAM = os.path.abspath(os.environ.get("PORTCULLIS", "build/portcullis"))
FINE, FAILED, USAGE = 0, 1, 2

GOOD = """{
  "version": 1,
  "listen": [{ "address": "127.0.0.1:8080" }, { "address": "127.0.0.1:8081" }],
  "upstreams": { "app": { "servers": ["http://127.0.0.1:9000"] } },
  "policies": { "reading": { "type": "method_allow", "methods": ["GET"] } },
  "routes": [
    { "name": "open", "match": { "path": "/open/*" }, "upstream": "app" },
    { "name": "rest", "policies": ["reading"], "upstream": "app" }  // and a comment
  ]
}
"""


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="portcullis-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def run_with(self, *words, environment=None):
        return subprocess.run(
            [PROGRAM, *words], cwd=self.folder, capture_output=True, text=True, timeout=20, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})

    def expect(self, code, *words, out="", err="", environment=None):
        """Runs, and looks for texts; an empty text means: nothing is printed there."""
        done = self.run_with(*words, environment=environment)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        for name, wanted, printed in (("stdout", out, done.stdout), ("stderr", err, done.stderr)):
            if wanted:
                self.assertIn(wanted, printed, f"{words}: {name}")
            else:
                self.assertEqual(printed, "", f"{words}: {name}")
        return done


class Usage(CommandLine):
    def test_no_command_is_wrong_usage(self):
        self.expect(USAGE, err="usage: portcullis COMMAND")

    def test_an_unknown_command_gets_a_suggestion(self):
        self.expect(USAGE, "chekc", err="did you mean check?")
        self.expect(USAGE, "xyzzy", err="portcullis help lists them")

    def test_help_fits_on_a_screen_and_has_three_examples(self):
        text = self.expect(FINE, "help", out="usage: portcullis").stdout
        self.assertLessEqual(len(text.splitlines()), 24)
        self.assertEqual(text.split("examples:")[1].split("\n\n")[0].count("  portcullis "), 3)
        self.assertEqual(self.expect(FINE, "--help", out="usage").stdout, text)

    def test_every_command_has_help(self):
        for command in ("run", "check", "explain", "cert", "version", "help"):
            text = self.expect(FINE, "help", command, out=f"usage: portcullis {command}").stdout
            self.assertLessEqual(len(text.splitlines()), 24)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
            self.assertEqual(self.expect(FINE, command, "--help", out="usage").stdout, text)
        self.expect(USAGE, "help", "chekc", err="did you mean check?")

    def test_version(self):
        self.assertRegex(self.expect(FINE, "version", out="portcullis ").stdout, r"^portcullis \d+\.\d+\.\d+\n$")
        self.expect(FINE, "--version", out="portcullis ")
        self.expect(USAGE, "version", "please", err="unexpected word: please")

    def test_options_are_checked(self):
        rows = (
            (("run", "--lissten", ":80"), "did you mean --listen?"),
            (("run", "--zzz"), "unknown option --zzz"),
            (("run", "--to"), "--to needs a value"),
            (("run", "--to=http://a", "--to=http://b"), "--to is given twice"),
            (("run", "--to", "http://a", "--tls-dev=yes"), "--tls-dev takes no value"),
            (("run", "--to", "http://a", "-c", "x.json"), "either -c or --to"),
            (("run", "--listen", ":80"), "go together with --to"),
            (("run", "--tls-dev"), "go together with --to"),
            (("check", "x.json"), "unexpected word: x.json"),
            (("explain", "-c", "x.json"), "the request is missing"),
            (("explain", "GET", "/"), "in quotes"),
            (("cert",), "is missing"),
            (("cert", "dev"), "usage: portcullis cert dev HOST"),
            (("cert", "prod", "a"), "usage: portcullis cert dev HOST"),
            (("explain", "/") + ("-H", "a: b") * 65, "too many words"),
        )
        for words, says in rows:
            with self.subTest(says):
                self.expect(USAGE, *words, err=says)


class Check(CommandLine):
    def test_a_good_file(self):
        self.write("good.json", GOOD)
        done = self.expect(FINE, "check", "-c", "good.json", out="good.json: fine")
        self.assertEqual(done.stdout, "good.json: fine (2 listeners, 1 upstream, 2 routes)\n")
        self.expect(FINE, "check", "--config=good.json", out="fine")

    def test_all_problems_with_their_places(self):
        self.write("bad.json", GOOD.replace('"app" },', '"ap" },').replace("GET", "GTE").replace(":9000", ":0"))
        done = self.expect(FAILED, "check", "-c", "bad.json", err="nothing was loaded")
        for place in ("bad.json:4:", "bad.json:5:", "bad.json:7:", "/routes/0/upstream", 'did you mean "app"?'):
            self.assertIn(place, done.stderr)

    def test_the_usual_place(self):
        if not os.path.exists("/etc/portcullis/portcullis.json"):
            self.expect(USAGE, "check", err="no configuration: name one with -c FILE")
        self.write("portcullis.json", GOOD)
        self.expect(FINE, "check", out="portcullis.json: fine")

    def test_a_file_that_cannot_be_read(self):
        self.expect(FAILED, "check", "-c", "nowhere.json", err="cannot read nowhere.json: no such file")
        self.expect(FAILED, "check", "-c", ".", err="cannot read .: ")

    def test_a_file_has_a_bound(self):
        self.write("large.json", GOOD + " " * (4 * 1024 * 1024 - len(GOOD)))
        self.expect(FINE, "check", "-c", "large.json", out="fine")
        self.write("large.json", GOOD + " " * (4 * 1024 * 1024 + 1 - len(GOOD)))
        self.expect(FAILED, "check", "-c", "large.json", err="larger than allowed")

    def test_secrets_are_read_and_never_shown(self):
        self.write("secret", "hunter2\n")
        self.write("a.json", '{ "listen": ":80", "upstream": "${file:secret}", "mode": "${TEST_MODE:-shadow}" }')
        done = self.expect(FAILED, "check", "-c", "a.json", err="a.json:1:32", environment={"TEST_MODE": "hunter2"})
        self.assertNotIn("hunter2", done.stderr)

    def test_stdout_that_is_closed_is_a_failure(self):
        self.write("good.json", GOOD)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "check", "-c", "good.json"], cwd=self.folder, stdout=full, check=False)
        self.assertEqual(done.returncode, FAILED)


class Explain(CommandLine):
    def setUp(self):
        super().setUp()
        self.write("portcullis.json", GOOD)

    def test_lists_of_addresses_are_read_from_files(self):
        self.write("portcullis.json", GOOD.replace('"method_allow", "methods": ["GET"]', '"access", "deny": ["@blocked.txt"]'))
        self.expect(FAILED, "check", err="cannot read blocked.txt: no such file or directory (/policies/reading/deny/0)")
        self.write("blocked.txt", "# of tonight\n192.0.2.0/24\n\t2001:db8::/32 ; a neighbour\n")
        self.expect(FINE, "explain", "/", "--from", "192.0.2.7", out="answer    403 address_denied")
        self.expect(FINE, "explain", "/", "--from", "2001:db8::7", out="answer    403 address_denied")
        self.expect(FINE, "explain", "/", "--from", "192.0.3.7", out="answer    passes")
        self.write("blocked.txt", "192.0.2.0/24\n  192.0.2.7/24\n")
        self.expect(FAILED, "check", err="error: blocked.txt:2:3: \"192.0.2.7/24\" has bits set behind its prefix")

    def test_what_passes_and_what_does_not_are_both_fine(self):
        self.expect(FINE, "explain", "/open/a", out="answer    passes, to upstream app")
        done = self.expect(FINE, "explain", "POST https://erp.example.com/x", out="answer    405 method_not_allowed")
        self.assertIn("[portcullis.json:8]", done.stdout)
        self.assertIn("[portcullis.json:5]", done.stdout)

    def test_who_asks_and_with_what(self):
        self.expect(FINE, "explain", "/", "--from", "192.0.2.7", out="client    192.0.2.7\n")
        self.expect(FINE, "explain", "/", "-H", "Host: a.example", "-H", "X-A: b", out="host      a.example\n")
        self.expect(FINE, "explain", "--", "/", out="request   /\n")

    def test_nonsense(self):
        self.expect(USAGE, "explain", "/", "--from", "me", err="--from needs an IP address")
        self.expect(USAGE, "explain", "GET / HTTP/1.1\r\nX: y", err="must be one line")
        self.expect(USAGE, "explain", "/", "-H", "X: a\r\nY: b", err="must be one line")

    def test_a_broken_file(self):
        self.write("portcullis.json", "{")
        self.expect(FAILED, "explain", "/", err="nothing was loaded")


class Certificate(CommandLine):
    def test_it_is_made_once(self):
        self.expect(FINE, "cert", "dev", "localhost", "::1", out="portcullis-dev.pem: certificate and key")
        made = self.folder / "portcullis-dev.pem"
        self.assertEqual(stat.S_IMODE(made.stat().st_mode), 0o600)
        self.assertIn("BEGIN CERTIFICATE", made.read_text(encoding="utf-8"))
        self.assertIn("BEGIN PRIVATE KEY", made.read_text(encoding="utf-8"))
        self.expect(FAILED, "cert", "dev", "localhost", err="portcullis-dev.pem: file already exists")
        self.expect(FINE, "cert", "dev", "localhost", "--out", "other.pem", out="other.pem")

    def test_what_is_no_host(self):
        self.expect(FAILED, "cert", "dev", "localhost:8443", err="without a port")
        self.assertEqual(list(self.folder.iterdir()), [])


class Run(CommandLine):
    def start(self, *words, descriptors=0):
        limited = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
        process = subprocess.Popen(
            [*limited, PROGRAM, "run", *words], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    @staticmethod
    def free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    @staticmethod
    def read_file_from(process):
        """The configuration that --to prints, up to its last brace."""
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line == "}\n":
                break
        return "".join(lines)

    def stop(self, process):
        """Ends it as a service manager would, once it serves: before that nobody handles the signal."""
        self.assertTrue(any("listening on" in line for line in process.stderr))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), FINE)

    def test_the_printed_file_can_be_saved(self):
        process = self.start("--to", "http://127.0.0.1:9", "--listen", f"127.0.0.1:{self.free_port()}")
        self.write("portcullis.json", self.read_file_from(process))
        self.expect(FINE, "check", out="fine (1 listener, 1 upstream, 1 route)")
        self.stop(process)

    def test_tls_for_development(self):
        address = f"127.0.0.1:{self.free_port()}"
        process = self.start("--to=http://127.0.0.1:9", "--tls-dev", f"--listen={address}")
        self.write("portcullis.json", self.read_file_from(process))
        self.assertTrue((self.folder / "portcullis-dev.pem").exists())
        self.expect(FINE, "check", out="fine (1 listener, 1 upstream, 1 route)")
        self.stop(process)

    def test_too_few_descriptors_are_told_with_what_to_write(self):
        config = '{{ "listen": "127.0.0.1:{}", "upstream": "http://127.0.0.1:9", "loops": 1, "limits": {{ "connections": {} }} }}'
        for connections, fits in ((1000, False), (400, True)):
            with self.subTest(connections):
                self.write("a.json", config.format(self.free_port(), connections))
                process = self.start("-c", "a.json", descriptors=1000)
                said = []
                for line in process.stderr:
                    said.append(line)
                    if "listening on" in line:
                        break
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(timeout=20), FINE)
                warned = [line for line in said if "descriptors" in line]
                self.assertEqual(len(warned), 0 if fits else 1, said)
                if not fits:
                    self.assertRegex(warned[0], r"warning: limits.connections is 1000, which takes up to 20\d\d descriptors, "
                                                r"and this process may have 1000: .*LimitNOFILE=20\d\d.*"
                                                r'"limits": { "connections": 4\d\d }')

    def test_nothing_is_started_from_a_problem(self):
        self.write("bad.json", '{ "listen": ":8080", "upstream": "http://127.0.0.1:9000", "mode": "of" }')
        self.expect(FAILED, "run", "-c", "bad.json", err='did you mean "off"?')
        self.expect(FAILED, "run", "--to", "127.0.0.1:9000", err="not the URL of a server")
        self.expect(FAILED, "run", "--to", "https://127.0.0.1", err="TLS to upstreams is not built yet")
        self.expect(FAILED, "run", "--to", "http://a", "--listen", "8080", err="not an address to listen on")
        self.expect(FAILED, "run", "--to", 'http://a", "x": "', err="not a valid name")
        self.expect(FAILED, "run", "--to", "http://nowhere.invalid", err="cannot be found")
        self.expect(USAGE, "run", "--to", "http://" + "a" * 20000, err="too long")


if __name__ == "__main__":
    unittest.main(verbosity=1)
