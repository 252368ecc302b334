# SPDX-License-Identifier: Apache-2.0
"""counted: runs unittests and says at the end what ./dev counts: one line for each that was skipped, with the reason,
and "N passed, N failed"."""
import sys
import unittest


def run(names):
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    count = suite.countTestCases()
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = {subtest_owner(test) for test, _ in result.failures + result.errors}
    skipped = {subtest_owner(test): reason for test, reason in result.skipped}
    for name, reason in skipped.items():
        print(f"skipped {name}: {reason}")
    passed = max(0, count - len(failed | set(skipped)))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


def subtest_owner(test):
    """The name of a test, also of one of its parts."""
    return getattr(test, "test_case", test).id()
