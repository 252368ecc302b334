#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""banned: calls and habits that have no place here, each with what to do instead."""
import re

from source import ROOMS, c_files, code_of, finish, line_of, read

EVERYWHERE = ROOMS + ("tests",)

# pattern, folders, files where it is allowed, what to do instead
CODE = (
    (r"\bv?sprintf\s*\(", EVERYWHERE, (), "write into a bytes_out, or use snprintf"),
    (r"\b(?:strcpy|stpcpy|strcat|strncpy|strncat|gets)\s*\(", EVERYWHERE, (), "write into a bytes_out: it knows its end"),
    (r"\bstrtok(?:_r)?\s*\(", EVERYWHERE, (), "read with a cursor"),
    (r"\b(?:atoi|atol|atoll|atof|sscanf)\s*\(", EVERYWHERE, (), "read numbers with a cursor: these do not report overflow"),
    (r"\balloca\s*\(", EVERYWHERE, (), "take it from the arena, which has a bound"),
    (r"\b(?:rand|srand|random|drand48)\s*\(", ROOMS, (), "use getrandom"),
    (r"\b(?:memcpy|memmove)\s*\(", ("parser",), ("parser/bytes.c", "parser/bytes.h", "parser/arena.c"),
     "copy with out_bytes or arena_copy, which know their bounds"),
    (r"(?<![\w])assert\s*\(", ROOMS, (), "use ASSERT, which stays in release builds"),
    (r"\b(?:system|popen)\s*\(", ROOMS, (), "the gateway starts no programs"),
    (r"#include <uv\.h>", ("parser", "policy", "tests"), (), "only gateway/ knows libuv"),
)
TEXT = (
    (r"\b(?:TODO|FIXME|XXX|HACK)\b", "do it now, or open an issue"),
    (r"[ \t]+$", "no blanks at the end of a line"),
)


def opening_of(code, closing):
    """Where the block that ends at `closing` begins."""
    depth = 0
    for at in range(closing, -1, -1):
        depth += {"}": 1, "{": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return 0


def else_after_return(code):
    """Offsets of an `else` behind a branch that always returns; later branches of a chain may end as they like."""
    for hit in re.finditer(r"(?<=[{;])\s*return\b[^;{}]*;\s*\}\s*(else)\b", code):
        opening = opening_of(code, code.rindex("}", 0, hit.start(1)))
        statement = re.split(r"[;{}]", code[:opening])[-1]
        if not re.search(r"\belse\b", statement):
            yield hit.start(1)
    for hit in re.finditer(r"(?<!else )\bif \([^;{}]*\)\s*return\b[^;{}]*;\s*(else)\b", code):
        yield hit.start(1)


def check(path):
    text = read(path)
    code = code_of(text)
    if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n// "):
        yield f"{path}:1: begin with the SPDX line, then a comment that says what the file is"
    if path.endswith(".h") and "#pragma once" not in text:
        yield f"{path}:1: a header needs #pragma once"
    for pattern, folders, allowed, instead in CODE:
        if not path.startswith(tuple(folder + "/" for folder in folders)) or path in allowed:
            continue
        for hit in re.finditer(pattern, code):
            yield f"{path}:{line_of(code, hit.start())}: {' '.join(hit.group().split())[:40]!r}; {instead}"
    for at in else_after_return(code) if path.startswith(tuple(room + "/" for room in ROOMS)) else ():
        yield f"{path}:{line_of(code, at)}: 'else' after return; drop it: the branch before has returned"
    for pattern, instead in TEXT:
        for hit in re.finditer(pattern, text, re.MULTILINE):
            yield f"{path}:{line_of(text, hit.start())}: {hit.group()!r}; {instead}"


finish([problem for path in c_files(*EVERYWHERE) for problem in check(path)])
