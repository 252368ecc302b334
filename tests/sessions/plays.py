# SPDX-License-Identifier: Apache-2.0
"""plays: what the tests of sessions share: one app for a class, one gateway for a test or a class, and a test for each
attack."""
import functools
import os
import re
import tempfile
import unittest

from apps import Vulnerable
from gate import Gate, Unknown, problem_of
from scene import Scene


def program():
    return os.environ.get("PORTCULLIS", "build/portcullis")


@functools.cache
def knows_sessions():
    """Whether `check` has heard of the type at all."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"version": 1, "policies": {"broker": {"type": "session"}}}
        return '"session" is not known' not in (problem_of(program(), config, folder) or "")


class WithApp(unittest.TestCase):
    """One app for all tests of the class. `app_class` is the subclass's to say."""
    app_class = Vulnerable
    absent = None  # why the tests of the class cannot be run. Each is skipped by itself, so that the count is true

    @classmethod
    def setUpClass(cls):
        cls.absent = cls.absent or cls.app_class.missing()
        if not cls.absent:
            cls.app = cls.app_class()
            cls.addClassCleanup(cls.app.stop)

    def setUp(self):
        if self.absent:
            self.skipTest(self.absent)

    def naked(self):
        """The app with nothing in front of it."""
        scene = Scene(self.app, self.app.door(), self.app.cookie)
        self.addCleanup(scene.clear)
        return scene


class WithGate(WithApp):
    """Tests through the gateway. `session`: changes of the policy for all of the class. `may_miss`: words of the
    configuration that the program may not know yet; all others it must."""
    session = {}
    may_miss = ()
    shared = None

    @classmethod
    def setUpClass(cls):
        if not knows_sessions():
            cls.absent = "the program has no policy \"session\" yet"
        super().setUpClass()
        cls.shared = None
        cls.addClassCleanup(lambda: cls.shared and cls.shared.close())

    def gate(self, *, session=None, more=None, guards=None):
        """A gateway of this test alone. What the program does not know yet skips the test, with its words."""
        try:
            gate = Gate(program(), self.app, {**self.session, **(session or {})}, more, guards)
        except Unknown as e:
            self.skip_unknown(e)
        self.addCleanup(gate.close)
        return gate

    def scene(self):
        """A scene at the gateway that tests of this class share."""
        if not self.shared:
            try:
                type(self).shared = Gate(program(), self.app, self.session)
            except Unknown as e:
                self.skip_unknown(e)
        return self.at(self.shared)

    def at(self, gate):
        scene = gate.scene()
        self.addCleanup(scene.clear)
        return scene

    def skip_unknown(self, e):
        """Skips the test when the class may miss what the program does not know; otherwise it has failed."""
        missed = [word for word in (*self.may_miss, "reload") if re.search(f'"{word}" is not known|unknown key "{word}"', str(e))]
        if missed:
            self.skipTest(f"the program does not know {missed[0]} yet")
        self.fail(f"check refuses the configuration of this test: {e}")


def with_attacks(attacks, check):
    """A class decorator: a method test_ATTACK for each, which gives the attack to `check`."""
    def decorate(cls):
        for attack in attacks:
            def test(self, attack=attack):
                getattr(self, check)(attack)
            test.__doc__ = attack.__doc__
            setattr(cls, f"test_{attack.__name__}", test)
        return cls
    return decorate
