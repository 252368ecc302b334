#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run: sessions under attack: first the apps alone, where each attack must succeed, then through the gateway, where
none may, and where the honest user must not be hurt. PORTCULLIS names the program, or --program.

usage: run.py [--program FILE] [--naked] [--logins N] [TEST...]     (TEST: test_gateway.Attacks.test_own_valid_id)"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# cases/ has a run.py of its own, which others mean when they say `run`: it goes first.
sys.path[:1] = [os.path.join(HERE, folder) for folder in ("../cases", "../chaos", "../peers")] + [HERE]
from counted import run  # noqa: E402

NAKED, GUARDED = ["test_naked"], ["test_gateway", "test_honest", "test_lifetimes", "test_guards"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default=os.environ.get("PORTCULLIS", "build/portcullis"))
    parser.add_argument("--naked", action="store_true", help="only the apps with nothing in front of them")
    parser.add_argument("--logins", type=int, default=200, help="logins that attackers poll across")
    parser.add_argument("tests", nargs="*", metavar="TEST")
    options = parser.parse_args()
    os.environ.update(PORTCULLIS=os.path.abspath(options.program), PORTCULLIS_LOGINS=str(options.logins))
    return run(options.tests or (NAKED if options.naked else NAKED + GUARDED))


if __name__ == "__main__":
    sys.exit(main())
