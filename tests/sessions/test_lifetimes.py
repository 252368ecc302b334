# SPDX-License-Identifier: Apache-2.0
"""Through the gateway: what lasts and what ends. Restart, crash, reload, keys, timers, a full table, the roll-out."""
import os
import stat
import time

from gate import FUTURE, PAST, STATE, Unknown, key_ring
from plays import WithGate
from scene import at_once, is_inside, logged_in, login

TABLE = 512  # sessions, where a table is to be full
SOON = 15  # seconds until something that takes one or two must have happened


def until(condition, what):
    end = time.monotonic() + SOON
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {SOON} s for {what}")
        time.sleep(0.05)
    return found


class Lifetimes(WithGate):
    def people(self, scene):
        """A user who has logged in with a planted cookie; that cookie; and what one had who has logged out."""
        attacker = scene.visitor()
        planted = scene.cookie(attacker.jar.get(scene.name))
        user = scene.browser(attacker.jar.copy())
        login(user)
        leaver = logged_in(scene)
        left = scene.cookie(leaver.jar.get(scene.name))
        leaver.get("/logout")
        for browser in (attacker, user, leaver):
            browser.leave()
        return user, planted, left

    def still(self, scene, user, planted, left):
        self.assertEqual(user.get("/home").text, "user: alice")
        self.assertIsNone(is_inside(scene.browser().get("/home", cookies=planted)), "planted before the login")
        self.assertIsNone(is_inside(scene.browser().get("/home", cookies=left)), "from before the logout")
        scene.clear()


class Process(Lifetimes):
    may_miss = ("state",)

    def test_a_restart_keeps_sessions(self):
        gate = self.gate(more=STATE)
        scene = self.at(gate)
        people = self.people(scene)
        for _ in range(2):
            gate.restart()
            self.still(scene, *people)

    def test_a_crash_keeps_users_logged_in(self):
        gate = self.gate(more=STATE)
        scene = self.at(gate)
        user, _, _ = self.people(scene)
        gate.kill()
        gate.start()
        self.assertEqual(user.get("/home").text, "user: alice")

    def test_a_crash_behind_a_snapshot_loses_nothing(self):
        """The state is written every few seconds when something has changed."""
        gate = self.gate(more=STATE)
        scene = self.at(gate)

        def written():
            return {(entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in os.scandir(gate.path("state"))}
        before = written()
        people = self.people(scene)
        until(lambda: written() != before, "a snapshot")
        changed = written()
        logged_in(scene)
        until(lambda: written() != changed, "the next snapshot")
        gate.kill()
        gate.start()
        self.still(scene, *people)

    def test_a_reload_keeps_sessions(self):
        gate = self.gate()
        scene = self.at(gate)
        people = self.people(scene)
        try:
            gate.reload()
        except Unknown as e:
            self.skip_unknown(e)
        self.still(scene, *people)


class Keys(Lifetimes):
    may_miss = ("state", "keys")

    def with_ring(self, text):
        """A gateway whose keys are ours. The file is there before `check` looks."""
        return self.gate(more={"state": {"keys": self.file_with(text)}})

    def file_with(self, text):
        path = os.path.join(self.app.folder, f"{self.id()}-keys")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
            f.write(text)
        return path

    def test_keys_are_made_for_the_owner_alone(self):
        gate = self.gate(more=STATE)
        logged_in(self.at(gate)).leave()
        gate.stop()
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(gate.path("state"))}
        self.assertTrue(modes, "nothing in the state directory")
        self.assertEqual({name: mode for name, mode in modes.items() if mode & 0o077}, {})
        gate.start()

    def test_a_new_first_key_leaves_old_cookies_valid(self):
        gate = self.with_ring(key_ring(1))
        scene = self.at(gate)
        people = self.people(scene)
        for text in (key_ring(2, 1), key_ring(3, 2, 1)):
            self.file_with(text)
            gate.restart()
            self.still(scene, *people)
            logged_in(scene)

    def test_a_key_that_is_gone_opens_nothing(self):
        gate = self.with_ring(key_ring(1))
        scene = self.at(gate)
        user, _, _ = self.people(scene)
        self.file_with(key_ring(2))
        gate.restart()
        self.assertEqual(user.get("/home").text, "anonymous")
        login(user)
        self.assertEqual(user.get("/home").text, "user: alice")

    def test_gateways_that_share_the_file_know_each_others_visitors(self):
        text = key_ring(1)
        first, second = self.at(self.with_ring(text)), self.at(self.with_ring(text))
        browser = first.visitor()
        browser.get("/cart?add=pear")
        self.assertEqual(second.browser(browser.jar).get("/cart").text, "cart: pear")


class Timers(Lifetimes):
    def test_rotation_by_time_hurts_nobody(self):
        """A new cookie comes by itself; the one before is good for a while, on every connection."""
        scene = self.at(self.gate(session={"rotate": "1s"}))
        browser = logged_in(scene)
        first = browser.jar.get(scene.name)

        def rotated():
            self.assertIsNotNone(is_inside(browser.get("/home")))
            return browser.jar.get(scene.name) != first
        until(rotated, "a rotation")
        tabs = [scene.browser(browser.jar) for _ in range(50)]
        for _ in range(3):
            second = browser.jar.get(scene.name)
            old = scene.cookie(second)
            answers = at_once([lambda tab=tab, old=old: tab.get("/home", cookies=old) for tab in tabs])
            self.assertEqual({answer.text for answer in answers}, {"user: alice"})
            until(lambda second=second: rotated() and browser.jar.get(scene.name) != second, "another rotation")
        self.assertEqual(browser.get("/home").text, "user: alice")

    def test_rotation_by_time_does_not_bring_back_what_a_login_has_ended(self):
        scene = self.at(self.gate(session={"rotate": "1s"}))
        user, planted, left = self.people(scene)
        value = user.jar.get(scene.name)

        def rotated():
            self.still(scene, user, planted, left)
            return user.jar.get(scene.name) != value
        until(rotated, "a rotation")

    def test_a_rotation_by_time_whose_answer_was_lost(self):
        """The browser goes on with the cookie before, and is not put out."""
        scene = self.at(self.gate(session={"rotate": "1s"}))
        browser = logged_in(scene)
        lost = scene.browser(browser.jar.copy())
        until(lambda: lost.get("/home").set_cookies(scene.name), "a rotation")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.assertEqual(browser.get("/home").text, "user: alice")
            time.sleep(0.1)

    def test_idle(self):
        scene = self.at(self.gate(session={"idle": "2s"}))
        browser, idler = logged_in(scene), logged_in(scene)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.assertEqual(browser.get("/home").text, "user: alice", "visits keep it alive")
            time.sleep(0.2)
        self.assertEqual(idler.get("/home").text, "anonymous")

    def test_absolute(self):
        """However busy."""
        scene = self.at(self.gate(session={"absolute": "3s", "idle": "2s", "rotate": None}))
        browser, start = logged_in(scene), time.monotonic()
        until(lambda: is_inside(browser.get("/home")) is None, "the end of the session")
        self.assertGreater(time.monotonic() - start, 1.5)


class FullTable(Lifetimes):
    may_miss = ("sessions",)

    def test_a_flood_of_visitors_ends_no_login(self):
        gate = self.gate(more={"limits": {"sessions": TABLE}})
        scene = self.at(gate)
        people = [self.people(scene) for _ in range(10)]

        def flood():
            browser = scene.browser()
            for _ in range(TABLE):
                self.assertEqual(browser.get("/home", cookies="").status, 200)
        at_once([flood] * 4)
        for one in people:
            self.still(scene, *one)
        logged_in(scene)

    def test_full_of_users_new_visitors_are_served_and_the_users_stay(self):
        """And the first of them stay as well as the last."""
        gate = self.gate(more={"limits": {"sessions": TABLE}})
        scene, users = self.at(gate), []

        def fill():
            for _ in range(TABLE // 16):
                users.append(logged_in(scene))
                users[-1].leave()
        at_once([fill] * 15)
        for _ in range(TABLE // 4):
            self.assertEqual(scene.browser().get("/home", cookies="").status, 200)
            scene.clear()
        lost = [number for number, user in enumerate(users) if user.get("/home").text != "user: alice"]
        self.assertEqual(lost, [])


class RollOut(Lifetimes):
    """Users who were logged in when there was no gateway bring the app's own cookie."""

    def user_of_before(self):
        browser = logged_in(self.naked())
        browser.leave()
        return browser.jar.get("APPSESSID")

    def came(self, scene, value):
        browser = scene.browser()
        browser.jar.plant("APPSESSID", value)
        return browser, browser.get("/home")

    def test_until_the_date_they_stay_logged_in_and_get_our_cookie(self):
        scene = self.at(self.gate(session={"accept_raw_until": FUTURE}))
        value = self.user_of_before()
        browser, answer = self.came(scene, value)
        self.assertEqual(answer.text, "user: alice")
        self.assertIsNotNone(browser.jar.get(scene.name))
        self.assertEqual(browser.get("/home").text, "user: alice")
        _, answer = self.came(scene, value)
        self.assertEqual(answer.text, "anonymous", "the raw one is accepted only once: who planted it may know it")

    def test_from_the_date_on_and_without_one_they_log_in_again(self):
        for changes in ({"accept_raw_until": PAST}, {}):
            with self.subTest(changes):
                scene = self.at(self.gate(session=changes))
                browser, answer = self.came(scene, self.user_of_before())
                self.assertEqual(answer.text, "anonymous")
                login(browser)
                self.assertEqual(browser.get("/home").text, "user: alice")

    def test_a_raw_cookie_that_was_planted_is_dead_after_the_login(self):
        scene = self.at(self.gate(session={"accept_raw_until": FUTURE}))
        for value in (self.app.valid_id(), "attackersown0123456789abcd"):
            victim, _ = self.came(scene, value)
            login(victim)
            self.assertEqual(victim.get("/home").text, "user: alice")
            attacker, answer = self.came(scene, value)
            self.assertIsNone(is_inside(answer))
            self.assertIsNone(is_inside(attacker.get("/home")))

    def test_two_wrappings_of_one_raw_cookie_are_one_session(self):
        """The attacker has it wrapped first, the victim comes with it then: her login ends his."""
        scene = self.at(self.gate(session={"accept_raw_until": FUTURE}))
        value = self.app.valid_id()
        attacker, _ = self.came(scene, value)
        victim, _ = self.came(scene, value)
        login(victim)
        self.assertEqual(victim.get("/home").text, "user: alice")
        self.assertIsNone(is_inside(attacker.get("/home")))

    def test_a_raw_cookie_is_dead_after_the_logout(self):
        scene = self.at(self.gate(session={"accept_raw_until": FUTURE}))
        value = self.user_of_before()
        browser, _ = self.came(scene, value)
        browser.get("/logout")
        _, answer = self.came(scene, value)
        self.assertIsNone(is_inside(answer))
