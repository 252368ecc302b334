#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""format: .clang-format decides the layout. Without clang-format there is nothing to check."""
import shutil
import subprocess

from source import ROOMS, ROOT, c_files, finish

problems = []
if shutil.which("clang-format"):
    ran = subprocess.run(["clang-format", "--dry-run", "-Werror", *c_files(*ROOMS, "tests")], cwd=ROOT, text=True,
                         capture_output=True, check=False)
    places = [line.split(": error:")[0] for line in ran.stderr.splitlines() if ": error:" in line]
    problems = [f"{place}: not laid out as .clang-format says; run clang-format -i {place.split(':')[0]}" for place in places]
finish(problems)
