#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""magics: every *_MAGIC marks one kind of object, so no two may be equal."""
import re

from source import ROOMS, c_files, code_of, finish, line_of, read

seen, problems = {}, []
for path in c_files(*ROOMS):
    code = code_of(read(path))
    for hit in re.finditer(r"\b(\w+_MAGIC)\s*(?:=\s*|\s+)(0[xX][0-9a-fA-F]+)", code):
        where, value = f"{path}:{line_of(code, hit.start())}", int(hit[2], 16)
        if value in seen:
            problems.append(f"{where}: {hit[1]} is the same as the one at {seen[value]}; choose other bytes")
        seen.setdefault(value, where)
finish(problems)
