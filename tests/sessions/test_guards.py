# SPDX-License-Identifier: Apache-2.0
"""Through the gateway: a coupon that is paid once, and logins whose time tells nothing."""
import itertools

from gate import LOGIN_GUARD, RACE_GUARD
from plays import WithGate
from races import paid_for, timings
from statistics_of_time import mann_whitney, summary

CONNECTIONS, EACH = 100, 100


class Races(WithGate):
    may_miss = ("race_guard",)

    def test_ten_thousand_at_once_redeem_once(self):
        scene = self.at(self.gate(guards={"one-at-a-time": RACE_GUARD}))
        self.assertEqual(paid_for(scene, self.app, "guarded", CONNECTIONS, EACH), 1)


class Time(WithGate):
    may_miss = ("login_guard",)

    def test_time_tells_nothing(self):
        """No kind of login is told from another: the rank test sees no more than a coin would."""
        scene = self.at(self.gate(guards={"guard": LOGIN_GUARD}))
        times = timings(scene, samples=60, visitors=8)
        for name, values in times.items():
            print(summary(name, values))
        for first, second in itertools.combinations(times, 2):
            auc, p = mann_whitney(times[first], times[second])
            print(f"{first} against {second}: auc {auc:.3f}, p {p:.1e}")
            with self.subTest(first=first, second=second):
                self.assertGreater(p, 1e-4)
