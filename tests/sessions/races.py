# SPDX-License-Identifier: Apache-2.0
"""races: many at once, and what their times tell."""
import itertools
import threading
import time

from scene import at_once, logged_in, login


def paid_for(scene, app, coupon, browsers, each):
    """One user redeems one coupon over many connections at once, `each` times on each without waiting for answers.
    Returns how often it was paid."""
    first = logged_in(scene)
    tabs = [first.twin() for _ in range(browsers)]

    def redeem(tab):
        header = tab.jar.header("/redeem")
        for _ in range(each):
            tab.send("POST", "/redeem", {"coupon": coupon}, cookies=header)
        for _ in range(each):
            tab.connection.receive()
    try:
        for tab in tabs:
            tab.connected()
        at_once([lambda tab=tab: redeem(tab) for tab in tabs])
    finally:
        for tab in tabs:
            tab.leave()
    return app.ask("paid", coupon=coupon)


KINDS = {"right": ("alice", "wonderland"), "wrong": ("alice", "wrong"), "unknown": ("nobody", "wrong"),
         "locked": ("carol", "wrong")}


def timings(scene, samples, visitors):
    """How long logins of each kind take, in seconds: the kinds by turns, over some connections at once."""
    turns = itertools.chain.from_iterable([list(KINDS)] * samples)
    lock, times = threading.Lock(), {kind: [] for kind in KINDS}

    def work():
        browser = scene.visitor()
        while True:
            with lock:
                kind = next(turns, None)
            if kind is None:
                return
            start = time.perf_counter()
            login(browser, KINDS[kind][0], password=KINDS[kind][1])
            took = time.perf_counter() - start
            with lock:
                times[kind].append(took)
    at_once([work] * visitors)
    return times
