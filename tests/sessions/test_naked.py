# SPDX-License-Identifier: Apache-2.0
"""The apps with nothing in front of them: each attack succeeds. One that fails here would prove nothing there."""
from apps import Php, Tomcat
from attacks import OF_PHP, OF_TOMCAT, OF_VULNERABLE, SHAPES, held_request, login_spelled, race_of_logins, twice
from plays import WithApp, with_attacks
from races import paid_for, timings
from scene import logged_in, login
from statistics_of_time import mann_whitney, summary


class Naked(WithApp):
    def succeeds(self, attack):
        how = attack(self.naked())
        self.assertIsNotNone(how, "the attack is expected to succeed when nothing is in front of the app")


@with_attacks(OF_VULNERABLE + (held_request,), "succeeds")
class NakedVulnerable(Naked):
    def test_race_of_logins_with_a_late_answer(self):
        self.assertIsNotNone(race_of_logins(self.naked(), late_answer=True))

    def test_a_cookie_sent_twice(self):
        for name, shape in SHAPES.items():
            with self.subTest(shape=name):
                self.assertIsNotNone(twice(self.naked(), shape))

    def test_a_login_by_another_spelling(self):
        for path in ("/%6cogin", "//login", "/login;x=1", "/login%3bx"):
            with self.subTest(path=path):
                self.assertIsNotNone(login_spelled(self.naked(), path))

    def test_the_session_keeps_what_was_in_it_before_the_login(self):
        scene = self.naked()
        browser = scene.visitor()
        browser.get("/cart?add=pear")
        login(browser)
        self.assertEqual(browser.get("/cart").text, "cart: pear")

    def test_a_coupon_is_paid_more_than_once(self):
        self.assertGreater(paid_for(self.naked(), self.app, "naked", browsers=20, each=1), 1)

    def test_time_tells_who_exists(self):
        times = timings(self.naked(), samples=60, visitors=3)
        for name, values in times.items():
            print(summary(name, values))
        for first, second in (("unknown", "wrong"), ("wrong", "locked"), ("unknown", "right")):
            auc, p = mann_whitney(times[first], times[second])
            print(f"{first} against {second}: auc {auc:.3f}, p {p:.1e}")
            self.assertLess(p, 1e-9, f"{first} against {second}")

    def test_the_honest_user(self):
        logged_in(self.naked()).get("/logout")


@with_attacks(OF_PHP, "succeeds")
class NakedPhp(Naked):
    app_class = Php


@with_attacks(OF_TOMCAT, "succeeds")
class NakedTomcat(Naked):
    app_class = Tomcat
