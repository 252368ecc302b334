#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sizes: how long files and functions, and how wide structs may become before they hold two duties."""
import re

from source import ROOMS, c_files, code_of, finish, line_of, read

FILE_LINES = 450
TEST_LINES = 700  # rows are data
FUNCTION_LINES = 80
STRUCT_MEMBERS = 25


def plain(text):
    """Code without preprocessor lines, continued ones included."""
    code = code_of(text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda hit: "\n" * hit.group().count("\n"), code, flags=re.MULTILINE)


def closing(code, opening):
    """Where the brace that opens at `opening` is closed."""
    depth = 0
    for hit in re.finditer(r"[{}]", code[opening:]):
        depth += 1 if hit.group() == "{" else -1
        if depth == 0:
            return opening + hit.start()
    return len(code)


def functions(code):
    """Name, first and last offset of each function: a brace at the top behind a closing parenthesis."""
    at = 0
    while (opening := code.find("{", at)) >= 0:
        at = closing(code, opening) + 1
        before = code[:opening].rstrip()
        if before.endswith(")"):
            start = max(before.rfind(";"), before.rfind("}")) + 1
            name = re.search(r"(\w+)\s*\(", before[start:])
            yield name[1] if name else "?", start + len(before[start:]) - len(before[start:].lstrip()), at


def members(body):
    """Number of members declared between the braces of a struct; an inner struct is one."""
    flat = re.sub(r"\{[^{}]*\}", "", body)
    while flat != body:
        body, flat = flat, re.sub(r"\{[^{}]*\}", "", flat)
    flat = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", flat))
    return sum(1 + declaration.count(",") for declaration in flat.split(";") if declaration.strip())


def check(path):
    text = read(path)
    code, lines = plain(text), text.count("\n")
    in_tests = path.startswith("tests/")
    allowed = TEST_LINES if in_tests else FILE_LINES
    if lines > allowed:
        yield f"{path}:{lines}: {lines} lines, {allowed} are allowed; find the second duty and give it a file of its own"
    if in_tests:
        return
    for name, first, last in functions(code):
        length = line_of(code, last) - line_of(code, first) + 1
        if length > FUNCTION_LINES:
            yield (f"{path}:{line_of(code, first)}: {name}() has {length} lines, {FUNCTION_LINES} are allowed; "
                   "name its steps and make them functions")
    for hit in re.finditer(r"\b(?:struct|union)\s+(\w+)\s*\{", code):
        count = members(code[hit.end():closing(code, hit.end() - 1)])
        if count > STRUCT_MEMBERS:
            yield (f"{path}:{line_of(code, hit.start())}: struct {hit[1]} has {count} members, {STRUCT_MEMBERS} are allowed; "
                   "group what changes together, or make one step's field its local")


finish([problem for path in c_files(*ROOMS, "tests") for problem in check(path)])
