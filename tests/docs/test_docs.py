#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the pages say what the program does?

Examples are run, keys and ranges are asked for, tables are compared with the rows in the sources, links are followed.
PORTCULLIS names the program. With --write, the tables of tokens in docs/configuration.md are written anew.

How a page marks its blocks:
  ```json, ```jsonc     a whole configuration: `check` must find it fine. What is only a part of one is ```text
  ```console checked    what `$ portcullis …` prints, word for word, with the configuration above it on the page as
                        portcullis.json; `$ echo $?` is the exit code"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("PORTCULLIS", "build/portcullis"))
REFERENCE = ROOT / "docs/configuration.md"
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("*/*.md"))]
OF_THE_FILE = ("reputation",)  # policies whose keys stand at the root
MODULES = sorted(m for m in (ROOT / "policy/modules").glob("*.c") if m.stem not in OF_THE_FILE)


def read(path):
    return path.read_text(encoding="utf-8")


def portcullis(folder, *words):
    """Returns what is printed, on either stream, and the exit code."""
    done = subprocess.run([PROGRAM, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=20, check=False)
    return done.stdout, done.returncode


# --- pages --------------------------------------------------------------------------------------------------------

def blocks(page):
    """Yields the mark, the text and the line of each fenced block."""
    text = read(page)
    for found in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield found[1].strip(), found[2], text.count("\n", 0, found.start()) + 1


def is_configuration(mark):
    return mark in ("json", "jsonc")


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(page, first_cell):
    """Yields the heading above, and the cells, of each row of every table whose head begins with that cell."""
    heading, inside = "", False
    for line in read(page).splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            inside = False
        elif cells(line)[0] == first_cell:
            inside = True
        elif inside and not line.startswith("|---"):
            yield heading, cells(line)


def names_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def anchors(page):
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", prose, re.M)}


# --- sources ------------------------------------------------------------------------------------------------------

TEXT = r'"([^"]*)"'
# Each table: its first cell, the header, the pattern of a row there, and the cells that become of it.
TOKENS = (
    ("fault", "parser/faults.h", rf"FAULT\(FAULT_\w+,\s*{TEXT},\s*(\d+),\s*{TEXT},\s*{TEXT}\)",
     lambda token, status, rule, says: (f"`{token}`", status, rule, says)),
    ("reason", "policy/reasons.h", rf"REASON\(REASON_\w+,\s*{TEXT},\s*(\d+),\s*(?:NULL|{TEXT}),\s*{TEXT}\)",
     lambda token, status, _, says: (f"`{token}`", status, says)),
    ("close", "gateway/close_reasons.h", rf"CLOSE\(CLOSE_\w+,\s*{TEXT},\s*WHOSE_(\w+),\s*(\d+),\s*{TEXT}\)",
     lambda token, whose, status, says: (f"`{token}`", whose.lower(), status if status != "0" else "none", says)),
)


def token_rows(header, pattern, shape):
    source = read(ROOT / header)
    rows = [list(shape(*found.groups())) for found in re.finditer(pattern, source)]
    if len(rows) != len(re.findall(r'^ +[A-Z]+\([A-Z]+_\w+, *"', source, re.M)):
        raise AssertionError(f"{header}: a row that this test cannot read")
    return rows


# Where each list of keys in the loader stands in the file: source, function, array.
PLACES = {
    ("gateway/config.c", "read_root", "keys"): "",
    ("gateway/config.c", "read_limits", "keys"): "limits.",
    ("gateway/config.c", "read_timeouts", "deadlines"): "timeouts.",
    ("gateway/config.c", "read_access_log", "log_keys"): "logs.",
    ("gateway/config.c", "read_access_log", "access_keys"): "logs.access.",
    ("gateway/config_listen.c", "read_listener", "keys"): "listen[].",
    ("gateway/config_tls.c", "config_read_tls", "keys"): "listen[].tls.",
    ("gateway/config_tls.c", "read_more", "keys"): "listen[].tls.more[].",
    ("gateway/config_upstream.c", "read_upstream", "keys"): "upstreams.NAME.",
    ("gateway/config_upstream.c", "read_upstream", "deadlines"): "upstreams.NAME.timeouts.",
    ("gateway/config_upstream.c", "read_server", "keys"): "upstreams.NAME.servers[].",
    ("gateway/config_admin.c", "read_admin", "keys"): "admin.",
    ("gateway/config_admin.c", "read_state", "keys"): "state.",
    ("policy/ladder.c", "ladder_load", "keys"): "reputation.",
    ("policy/ladder.c", "load_rung", "keys"): "reputation.steps[].",
    ("policy/route.c", "route_load", "keys"): "routes[].",
    ("policy/route.c", "load_match", "keys"): "routes[].match.",
    ("policy/snapshot.c", "load_limits", "keys"): "routes[].limits.",
    ("policy/modules/headers.c", "load_side", "keys"): "headers.response.",
    ("policy/modules/rate_limit.c", "load_count", "count_keys"): "rate_limit.count.",
    ("policy/session_rules.c", "session_rules_load", "keys"): "session.",
    ("policy/login.c", "login_load", "keys"): "session.login.",
    ("policy/login.c", "load_sign", "keys"): "session.login.when.",
    **{(f"policy/modules/{m.name}", "load", "keys"): f"{m.stem}." for m in MODULES if m.stem != "session"},
}
OF_EVERY_POLICY = ("type", "mode")
# What a policy cannot be without.
REQUIRED = {
    "rate_limit": {"rate": "10000/s"},
    "concurrency": {"max": 20, "queue": 10},
    "host_allow": {"hosts": ["a.example"]},
    "content_type": {"types": ["*/*"]},
    "session": {"cookies": ["ID"], "login": {"path": "/login"}},
}


def key_lists():
    """Yields (source, function, array) and the keys of every list that the loader compares a file with."""
    for path in sorted([*ROOT.glob("gateway/*.c"), *ROOT.glob("policy/*.c"), *MODULES]):
        for function in re.finditer(r"^\w[^\n;=]*?(\w+)\([^;{]*\)\n\{\n(.*?)^\}", read(path), re.M | re.S):
            place = (str(path.relative_to(ROOT)), function[1])
            for name, keys in re.findall(r"const char \*const (\w*keys)\[\]\s*=\s*\{([^}]*\bNULL)\}", function[2]):
                yield (*place, name), re.findall(TEXT, keys)
            deadlines = re.findall(r'\{"(\w+)", &', function[2])
            if "config_deadline[]" in function[2]:
                yield (*place, "deadlines"), deadlines


def known_keys():
    keys = set()
    for place, names in key_lists():
        for name in names:
            common = place[0].startswith(("policy/modules/", "policy/session_rules")) and name in OF_EVERY_POLICY
            keys.add(("policies.NAME." if common else PLACES[place]) + name)
    return keys


def documented_keys():
    """The path of every documented key, with its row."""
    modules = {m.stem for m in MODULES}
    return {(f"{heading}." if heading in modules else "") + names_in(row[0])[0]: row
            for heading, row in tables(REFERENCE, "key")}


# --- tests --------------------------------------------------------------------------------------------------------

class Documents(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="portcullis-docs-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.pem = self.folder / "dev.pem"

    def place(self, text):
        """Makes a configuration of a page portcullis.json here, its certificates and secrets ours."""
        if not self.pem.exists():
            self.assertEqual(portcullis(self.folder, "cert", "dev", "localhost", "--out", self.pem.name)[1], 0)
        text = re.sub(r"\$\{file:[^}]*\}", f"${{file:{self.pem.name}}}", text)
        text = re.sub(r'("(?:cert|key)": *)"/[^"]*"', rf'\1"{self.pem.name}"', text)
        (self.folder / "portcullis.json").write_text(text, encoding="utf-8")

    def check_with(self, path, value):
        """What `check` says about a file in which one key has this value."""
        module, _, key = path.partition(".")
        known = module in {m.stem for m in MODULES}
        policy = {"type": module, **REQUIRED.get(module, {}), key: value} if known else {"type": "size_limit"}
        root = {"version": 1, "listen": [{"address": ":8080"}], "policies": {"NAME": policy},
                "upstreams": {"NAME": {"servers": ["http://127.0.0.1:9000"]}},
                "routes": [{"name": "all", "policies": ["NAME"]}]}
        if policy["type"] != module:
            *parents, key = path.split(".")
            at = root
            for name in parents:
                at = at.setdefault(name.rstrip("[]"), [{}] if name.endswith("[]") else {})
                at = at[0] if isinstance(at, list) else at
            at[key] = value
        self.place(json.dumps(root))
        return portcullis(self.folder, "check")


class Examples(Documents):
    def test_every_configuration_is_fine(self):
        for page in GUIDES:
            for mark, text, line in blocks(page):
                if is_configuration(mark):
                    with self.subTest(f"{page.name}:{line}"):
                        self.place(text)
                        printed, code = portcullis(self.folder, "check")
                        self.assertEqual(code, 0, printed)

    def test_every_checked_console_prints_what_it_says(self):
        for page in GUIDES:
            for mark, text, line in blocks(page):
                if is_configuration(mark):
                    self.place(text)
                elif mark == "console checked":
                    with self.subTest(f"{page.name}:{line}"):
                        self.assertEqual(self.replay(text), text)

    def replay(self, text):
        code, shown = 0, ""
        for command in re.findall(r"^\$ (.*)$", text, re.M):
            shown += f"$ {command}\n"
            if command == "echo $?":
                shown += f"{code}\n"
                continue
            program, *words = shlex.split(command)
            self.assertEqual(program, "portcullis")
            printed, code = portcullis(self.folder, *words)
            shown += printed
        return shown


class Keys(Documents):
    def test_every_list_of_keys_has_its_place(self):
        self.assertEqual({place for place, _ in key_lists()}, set(PLACES))

    def test_known_and_documented_keys_are_the_same(self):
        self.assertEqual(sorted(documented_keys()), sorted(known_keys()))

    def test_ranges_are_those_of_the_loader(self):
        too_much = {"number": 2**53 - 1, "size": "1000000GiB", "duration": "1000d", '`"auto"` or number': 2**53 - 1}
        for path, (_, kind, _, bounds, *_) in documented_keys().items():
            limits = re.fullmatch(r"(\w+) – (\w+)", bounds)
            if limits:
                with self.subTest(path):
                    printed, code = self.check_with(path, too_much[kind])
                    self.assertEqual(code, 1, printed)
                    self.assertIn(f"between {limits[1]} and {limits[2]}\n", printed)

    def test_defaults_are_accepted(self):
        for path, (_, kind, default, *_) in documented_keys().items():
            named = re.fullmatch(r"`([^`.]+)`", default)
            if named:
                with self.subTest(path):
                    text = named[1].strip('"')
                    printed, code = self.check_with(path, json.loads(text) if kind in ("number", "bool") else text)
                    self.assertEqual(code, 0, printed)


class Tables(unittest.TestCase):
    def test_tokens_with_status_and_sentence(self):
        for first_cell, header, pattern, shape in TOKENS:
            with self.subTest(header):
                self.assertEqual([row for _, row in tables(REFERENCE, first_cell)], token_rows(header, pattern, shape),
                                 f"{header} has changed: tests/docs/test_docs.py --write")

    def test_fields_of_the_access_log(self):
        source = read(ROOT / "gateway/access_log.c")
        written = {"time", *re.findall(r'\bput_\w+\(out, (?:KEY\()?"(\w+)"', source)}
        documented = [name for _, row in tables(REFERENCE, "field") for name in names_in(row[0])]
        self.assertEqual(sorted(documented), sorted(written))


class Links(unittest.TestCase):
    def test_every_relative_link_leads_somewhere(self):
        for page in PAGES:
            prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)
            for link in re.findall(r"\]\(([^)\s]+)\)", prose):
                if re.match(r"\w+:", link):
                    continue
                with self.subTest(f"{page.relative_to(ROOT)}: {link}"):
                    path, _, anchor = link.partition("#")
                    target = (page.parent / path).resolve() if path else page
                    self.assertTrue(target.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(target))


def write_tables():
    lines = read(REFERENCE).splitlines()
    for first_cell, header, pattern, shape in TOKENS:
        start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |")) + 2
        end = next(i for i in range(start, len(lines)) if not lines[i].startswith("|"))
        lines[start:end] = [f"| {' | '.join(row)} |" for row in token_rows(header, pattern, shape)]
    REFERENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_tables()
    else:
        unittest.main(verbosity=1)
