# SPDX-License-Identifier: Apache-2.0
"""plays: what the tests of sessions share: one app for a class, one gateway for a test or a class, and a test for each
attack."""
import os
import unittest

from apps import Vulnerable
from gate import Gate, Unknown
from scene import Scene


def program():
    return os.environ.get("PORTCULLIS", "build/portcullis")


class WithApp(unittest.TestCase):
    """One app for all tests of the class. `app_class` is the subclass's to say."""
    app_class = Vulnerable

    @classmethod
    def setUpClass(cls):
        if cls.app_class.missing():
            raise unittest.SkipTest(cls.app_class.missing())
        cls.app = cls.app_class()
        cls.addClassCleanup(cls.app.stop)

    def naked(self):
        """The app with nothing in front of it."""
        scene = Scene(self.app, self.app.door(), self.app.cookie)
        self.addCleanup(scene.clear)
        return scene


class WithGate(WithApp):
    """Tests through the gateway. `session`: changes of the policy for all of the class."""
    session = {}
    shared = None

    @classmethod
    def setUpClass(cls):
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
        if '"session" is not known' in str(e):
            self.skipTest("the program has no policy \"session\" yet")
        known = [line.strip() for line in str(e).splitlines() if "error:" in line]
        if not known or any(word in line for line in known for word in ("not known", "unknown", "no reload")):
            self.skipTest(known[0].partition("error: ")[2] if known else str(e))
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
