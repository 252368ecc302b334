# SPDX-License-Identifier: Apache-2.0
"""source: what the lints share: which files there are, and C text without comments and strings."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("parser", "policy", "gateway")
_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def c_files(*folders):
    """Paths of all .c and .h files below the folders, relative to the project, in order."""
    found = []
    for folder in folders:
        for path, _, names in os.walk(os.path.join(ROOT, folder)):
            found += [os.path.relpath(os.path.join(path, name), ROOT) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def _blank(hit):
    text = hit.group()
    if text[0] == "/":
        return "\n" * text.count("\n")
    return text[0] + " " * (len(text) - 2) + text[0]


def code_of(text):
    """The text with comments and the insides of strings blanked, line for line; #include keeps its name."""
    lines = _NOISE.sub(_blank, text).split("\n")
    return "\n".join(was if was.lstrip().startswith("#include") else now for was, now in zip(text.split("\n"), lines))


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def finish(problems):
    """Prints what was found, `file:line: what; what to do instead`, and ends the lint."""
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
