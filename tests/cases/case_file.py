# SPDX-License-Identifier: Apache-2.0
"""case_file: the text of a .case file in, its sections and steps out. The language is described in
tests/README.md."""
import hashlib
import re

SECTIONS = ("transport", "descriptors", "config", "rows", "backend", "client", "expect")


class CaseError(Exception):
    """The case itself is wrong."""


class Step:
    """One line of a section: a verb with its text, or the bytes of one or more `|` lines."""

    def __init__(self, verb, text, line):
        self.verb, self.text, self.line = verb, text, line

    def __repr__(self):
        return f"line {self.line}: {self.verb} {self.text}".rstrip()


class Section:
    def __init__(self, kind, name):
        self.kind, self.name, self.steps, self.raw = kind, name, [], []


class Case:
    def __init__(self, path, text):
        self.path = path
        self.sentence, self.sections = "", []
        self.transports = ("plain", "tls")
        self.rows = []
        self._read(text)

    def _read(self, text):
        section = None
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("#"):
                self.sentence = self.sentence or line.lstrip("# ")
            elif not line.strip():
                continue
            elif not line[0].isspace():
                kind, _, name = line.strip().partition(" ")
                if kind not in SECTIONS:
                    raise CaseError(f"{self.path}:{number}: no section is called {kind!r}")
                section = Section(kind, name.strip())
                self.sections.append(section)
                if kind == "transport":
                    self.transports = (section.name,)
            elif section is None:
                raise CaseError(f"{self.path}:{number}: a line outside of any section")
            else:
                self._line(section, line.strip(), number)
        if not self.sentence:
            raise CaseError(f"{self.path}: the first line must be a comment that says what is to be seen")

    def _line(self, section, line, number):
        section.raw.append(line)
        if section.kind == "rows":
            self.rows.append([column.strip() for column in re.split(r" \|(?: |$)", line)])
        elif line.startswith("|"):
            section.steps.append(Step("|", line[2:], number))
        else:
            verb, _, rest = line.partition(" ")
            section.steps.append(Step(verb, rest.strip(), number))

    def of_kind(self, *kinds):
        return [section for section in self.sections if section.kind in kinds]

    def steps(self, section, names):
        """The steps of a section with all names filled in."""
        return [Step(fill_in(step.verb, names), fill_in(step.text, names), step.line) for step in section.steps]

    def descriptors(self):
        """How many the gateway may open; 0: as many as we."""
        return next((int(section.name) for section in self.of_kind("descriptors")), 0)

    def config_text(self):
        return "\n".join(line for section in self.of_kind("config") for line in section.raw)


def pattern(count):
    """`count` bytes that differ from place to place, so that lost or swapped pieces show."""
    block = b"".join(b"%07d\n" % i for i in range(min(count // 8 + 1, 131072)))
    return (block * (count // len(block) + 1))[:count] if count else b""


_HELPER = re.compile(
    r"\\(?P<escape>r|n|t|0|\\|\{|x[0-9a-fA-F]{2})"
    r"|\{repeat (?P<times>\d+) (?P<what>[^{}]+)\}"
    r"|\{bytes (?P<bytes>\d+)\}"
    r"|\{sha256 (?P<sha>\d+)\}")
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{"}


def expand(text):
    """Text of a case to bytes: escapes and helpers."""
    out, at = [], 0
    for hit in _HELPER.finditer(text):
        out.append(text[at:hit.start()].encode())
        at = hit.end()
        if hit["escape"]:
            out.append(_ESCAPES.get(hit["escape"]) or bytes([int(hit["escape"][1:], 16)]))
        elif hit["times"]:
            out.append(expand(hit["what"]) * int(hit["times"]))
        elif hit["bytes"]:
            out.append(pattern(int(hit["bytes"])))
        else:
            out.append(hashlib.sha256(pattern(int(hit["sha"]))).hexdigest().encode())
    out.append(text[at:].encode())
    return b"".join(out)


def fill_in(text, names):
    """Names such as {1} or {backend} to what they stand for."""
    return re.sub(r"\{([a-z0-9][a-z0-9 ]*)\}", lambda hit: names.get(hit[1], hit[0]), text)
