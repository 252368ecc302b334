# SPDX-License-Identifier: Apache-2.0
"""scene: where an attack is played: an app, and the door through which its visitors come: its own, or the gateway's."""
import threading

from browser import Browser, Gone

PASSWORDS = {"alice": "wonderland", "bob": "builder", "mallory": "hunter2"}
HOST = "shop.example"


class Door:
    """An address to visit. `tls`: a context, or None."""

    def __init__(self, address, tls, host=HOST):
        self.address, self.tls, self.host = address, tls, host


class Scene:
    """`name`: the cookie as browsers know it here."""

    def __init__(self, app, door, name):
        self.app, self.door, self.name = app, door, name
        self._browsers = []

    def browser(self, jar=None):
        browser = Browser(self.door, jar)
        self._browsers.append(browser)
        return browser

    def clear(self):
        for browser in self._browsers:
            browser.leave()
        self._browsers = []

    def visitor(self):
        """A browser with a session that nobody logged in to."""
        browser = self.browser()
        browser.get("/home")
        if not browser.jar.get(self.name):
            raise AssertionError(f"the first visit brought no {self.name}: {browser.jar.cookies}")
        return browser

    def planted_in(self, victim, value):
        victim.jar.plant(self.name, value)

    def cookie(self, value):
        return f"{self.name}={value}"


def login(browser, user="alice", query="", password=None):
    """One login. Returns the answer, which says 302 either way."""
    return browser.post("/login" + query, {"user": user, "password": password or PASSWORDS[user]})


def logged_in(scene, user="alice"):
    """A browser that has logged in in the ordinary way."""
    browser = scene.visitor()
    answer = login(browser, user)
    if answer.status != 302 or is_inside(browser.get("/home"), user) is None:
        raise AssertionError(f"{user} could not log in: {answer}")
    return browser


def is_inside(answer, user="alice"):
    """What gives away that an answer was made for this user; None when nothing does."""
    return f"an answer says {answer.text!r}" if f"user: {user}" in answer.text else None


MULTIPART = "multipart/form-data; boundary=b"
URLENCODED = "application/x-www-form-urlencoded"


def multipart(**fields):
    """A form as browsers send it with a file."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    return MULTIPART, ("".join(parts) + "--b--\r\n").encode()


def ways_in(name, value):
    """Where an app might look for an id: (how, path, cookies, form)."""
    yield "cookie", "/home", f"{name}={value}", None
    yield "cookie with an encoded name", "/home", f"%{ord(name[0]):02X}{name[1:]}={value}", None
    yield "query", f"/home?{name}={value}", "", None
    yield "query behind many blanks", f"/home?{'%20' * 300}{name}={value}", "", None
    yield "path parameter", f"/home;{name}={value}", "", None
    yield "path parameter in small letters", f"/home;{name.lower()}={value}", "", None
    yield "form", "/home", "", {name: value}
    yield "form behind many blanks", "/home", "", (URLENCODED, f"{'+' * 300}{name}={value}".encode())
    yield "name cut by a zero byte", "/home", "", (URLENCODED, f"{name}%00x={value}".encode())
    yield "multipart form", "/home", "", multipart(**{name: value})


def try_all(scene, values, names=None):
    """An attacker who knows values tries them wherever an app might look. Returns how one was inside, or None."""
    for value in filter(None, values):
        for name in sorted(names or {scene.name, scene.app.cookie}):
            for how, path, cookies, form in ways_in(name, value):
                thief = scene.browser()
                try:
                    answer = thief.ask("POST" if form else "GET", path, form, cookies=cookies)
                    inside = is_inside(answer) or is_inside(thief.get("/home"))
                except Gone:
                    inside = None
                thief.leave()
                if inside:
                    return f"{name} as {how}: {inside}"
    return None


class Task(threading.Thread):
    """A thread whose error is not lost."""

    def __init__(self, work, *arguments):
        super().__init__(daemon=True)
        self._work, self._arguments = work, arguments
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self._work(*self._arguments)
        except BaseException as e:  # noqa: B902: it is raised again where somebody waits
            self.error = e

    def wait(self, seconds=60):
        self.join(seconds)
        if self.is_alive():
            raise AssertionError("a visitor is still waiting for an answer")
        if self.error:
            raise self.error
        return self.result


def at_once(works):
    """Begins all in the same moment. Returns their results."""
    barrier = threading.Barrier(len(works))

    def begin(work):
        barrier.wait(30)
        return work()
    return [task.wait() for task in [Task(begin, work) for work in works]]
