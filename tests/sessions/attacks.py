# SPDX-License-Identifier: Apache-2.0
"""attacks: what an attacker does to get into a victim's session. Each is a function of a scene and returns how the
attacker was inside, or None. Against the naked app each must succeed, or it proves nothing; through the gateway none
may."""
import itertools
import threading
import time

from browser import Gone
from scene import URLENCODED, Task, is_inside, logged_in, login, multipart, try_all
from socket_visit import SocketVisit

STEP = 0.005  # seconds between two tries of an attacker who polls
NOTICED = 1.0  # seconds within which a gateway has noticed that a visitor has left, or has let another wait
AFTERWARDS = 3  # tries of each poller when the victim is in for certain
INVENTED = "attackersown0123456789abcd"
_numbers = itertools.count()


def gates(*names):
    """Names of gates that no other play uses."""
    number = next(_numbers)
    return [f"{name}{number}" for name in names]


def stolen(scene, *browsers):
    """What the jars of attackers hold."""
    return [browser.jar.get(scene.name) for browser in browsers]


# Planting.

def invented_id(scene):
    """An id that the app never gave, under every name that could work."""
    victim = scene.browser()
    for name in {scene.name, scene.app.cookie}:
        victim.jar.plant(name, INVENTED)
    victim.get("/home")
    login(victim)
    return try_all(scene, [INVENTED])


class Poller:
    """An attacker who asks for /home with the planted cookie, again and again."""

    def __init__(self, scene, value, keeps, adapts):
        self.scene, self.cookies, self.keeps, self.adapts = scene, scene.cookie(value), keeps, adapts
        self.browser = scene.browser()
        self.browser.jar.plant(scene.name, value)
        self.stop, self.tries, self.found = threading.Event(), 0, None
        self.try_once()  # the connection has presented the cookie before the victim's login
        self.task = Task(self.poll)

    def poll(self):
        while not self.stop.wait(STEP) and not self.found:
            self.try_once()
        for _ in range(AFTERWARDS):
            self.try_once()

    def try_once(self):
        if not self.keeps:
            self.browser.leave()
        try:
            answer = self.browser.get("/home", cookies=None if self.adapts else self.cookies)
        except Gone:
            return self.browser.leave()
        self.tries += 1
        kind = f"{'kept connection' if self.keeps else 'new connection each time'}, {'adapts' if self.adapts else 'stubborn'}"
        self.found = self.found or (f"try {self.tries} ({kind}): {is_inside(answer)}" if is_inside(answer) else None)

    def end(self):
        self.stop.set()
        self.task.wait()
        self.browser.leave()
        return self.found


def own_valid_id(scene, rounds=3, prepare=None):
    """The attacker's own valid id is planted in the victim; he polls every 5 ms across the victim's login: on a kept
    connection and on new ones, with the planted cookie and with whatever the answers bring."""
    for number in range(1, rounds + 1):
        attacker = scene.visitor()
        if prepare:
            prepare(attacker)
        value = attacker.jar.get(scene.name)
        victim = scene.browser()
        scene.planted_in(victim, value)
        victim.get("/home")
        pollers = [Poller(scene, value, keeps, adapts) for keeps, adapts in ((1, 0), (0, 0), (1, 1))]
        answer = login(victim)
        inside = is_inside(victim.get("/home"))
        found = [poller.end() for poller in pollers]
        found.append(is_inside(attacker.get("/home")))
        if any(found):
            return f"login {number}: {next(filter(None, found))}"
        if answer.status != 302 or not inside:
            raise AssertionError(f"login {number}: the victim herself is not inside: {answer}")
        scene.clear()
    return None


def own_login(scene, rounds=3):
    """The same with an id that the attacker has logged in to himself: it is authenticated already."""
    return own_valid_id(scene, rounds, lambda attacker: login(attacker, "mallory"))


def planted_by(scene, plant):
    """The attacker knows a valid id of the app, and something makes the victim come with it."""
    value = scene.app.valid_id()
    victim = scene.browser()
    plant(victim, value)
    login(victim)
    return try_all(scene, [value, victim.jar.get("unused")])


def id_in_query(scene):
    return planted_by(scene, lambda victim, value: victim.get(f"/home?{scene.app.cookie}={value}"))


def id_in_query_encoded(scene):
    """The first letter of the name percent-encoded."""
    name = scene.app.cookie
    return planted_by(scene, lambda victim, value: victim.get(f"/home?%{ord(name[0]):02X}{name[1:]}={value}"))


def id_in_login_query(scene):
    """No visit before: the link leads to the login itself."""
    value = scene.app.valid_id()
    login(scene.browser(), query=f"?{scene.app.cookie}={value}")
    return try_all(scene, [value])


def id_in_query_padded(scene):
    """PHP drops blanks before a name, however many: a name that is too long to be looked at is still the name."""
    value = scene.app.valid_id()
    login(scene.browser(), query=f"?{'%20' * 300}{scene.app.cookie}={value}")
    return try_all(scene, [value])


def id_in_form_padded(scene):
    value = scene.app.valid_id()
    scene.browser().post("/login", (URLENCODED, (
        f"user=alice&password=wonderland&{'+' * 300}{scene.app.cookie}={value}").encode()))
    return try_all(scene, [value])


def id_in_query_cut(scene):
    """PHP ends a name at a zero byte."""
    value = scene.app.valid_id()
    login(scene.browser(), query=f"?{scene.app.cookie}%00x={value}")
    return try_all(scene, [value])


def id_in_encoded_cookie(scene):
    """PHP before 7.2.34 decoded the names of cookies (CVE-2020-7070)."""
    name, value = scene.app.cookie, scene.app.valid_id()
    victim = scene.browser()
    victim.jar.plant(f"%{ord(name[0]):02X}{name[1:]}", value)
    login(victim)
    return try_all(scene, [value])


def id_in_path(scene):
    value, name = scene.app.valid_id(), scene.app.cookie.lower() if scene.app.name == "Tomcat" else scene.app.cookie
    login(scene.browser(), query=f";{name}={value}")
    return try_all(scene, [value])


def id_in_form(scene):
    name = scene.app.cookie
    return planted_by(scene, lambda victim, value: victim.post("/home", {name: value}))


def id_in_multipart_form(scene):
    return planted_by(scene, lambda victim, value: victim.post("/home", multipart(**{scene.app.cookie: value})))


def id_in_login_multipart(scene):
    value = scene.app.valid_id()
    scene.browser().post("/login", multipart(user="alice", password="wonderland", **{scene.app.cookie: value}))
    return try_all(scene, [value])


def id_in_login_form(scene):
    value = scene.app.valid_id()
    scene.browser().post("/login", {"user": "alice", "password": "wonderland", scene.app.cookie: value})
    return try_all(scene, [value])


def tossed_by_a_sibling(scene):
    """evil.shop.example sets the app's cookie for shop.example, with a longer Path: it is sent first."""
    value = scene.app.valid_id()
    victim = scene.visitor()
    for name in {scene.name, scene.app.cookie}:
        for path in ("/", "/login"):
            victim.jar.store(f"{name}={value}; Domain=shop.example; Path={path}", host=f"evil.{scene.door.host}", secure=True)
    login(victim)
    return try_all(scene, [value])


def twice(scene, shape):
    """The victim's cookie and a planted one in one request. `shape` writes them: the planted one is the first."""
    attacker, victim = scene.visitor(), scene.visitor()
    value, own = attacker.jar.get(scene.name), victim.jar.get(scene.name)
    victim.ask("POST", "/login", {"user": "alice", "password": "wonderland"}, cookies=shape(scene.name, value, own))
    return is_inside(attacker.get("/home", cookies=scene.cookie(value))) or is_inside(attacker.get("/home"))


SHAPES = {
    "two pairs": lambda name, first, second: f"{name}={first}; {name}={second}",
    "two fields": lambda name, first, second: [f"{name}={first}", f"{name}={second}"],
    "no blank": lambda name, first, second: f"{name}={first};{name}={second}",
    "a comma": lambda name, first, second: f"{name}={first},{name}={second}",
    "a quoted value": lambda name, first, second: f'{name}="{first}"; {name}={second}',
    "blanks around the name": lambda name, first, second: f"theme=dark;  {name}={first} ;{name}={second}",
    "inside quotes": lambda name, first, second: f'theme="dark; {name}={first}"; {name}={second}',
}


# What comes out of the app at the wrong time.

def late_set_cookie(scene, fresh=""):
    """The attacker's request with the planted cookie is at work in the app while the victim logs in; its answer sets
    the cookie anew. A gateway that wraps it as of now gives him the new key to the session."""
    attacker, (gate,) = scene.visitor(), gates("late")
    value = attacker.jar.get(scene.name)
    slow = scene.browser(attacker.jar.copy())
    slow.send("GET", f"/slow?gate_after={gate}{fresh}")
    scene.app.wait(gate)
    victim = scene.browser()
    scene.planted_in(victim, value)
    login(victim)
    scene.app.open(gate)
    slow.receive()
    return is_inside(slow.get("/home")) or try_all(scene, stolen(scene, slow), {scene.name})


def held_request(scene):
    """The attacker's request with the planted cookie waits in the app until the victim is in, and tells what it then
    sees: a long poll."""
    attacker, (gate,) = scene.visitor(), gates("held")
    slow = scene.browser(attacker.jar.copy())
    slow.send("GET", f"/home?gate={gate}")
    scene.app.wait(gate)
    victim = scene.browser(attacker.jar.copy())
    login(victim)
    scene.app.open(gate)
    try:
        return is_inside(slow.receive())
    except Gone:
        return None


def slow_body(scene):
    """The attacker's request with the planted cookie lacks its last bytes until the victim is in: the app acts when it
    has all of it."""
    attacker = scene.visitor()
    slow = scene.browser(attacker.jar.copy()).connected()
    head = f"POST /home HTTP/1.1\r\nHost: {slow.host}\r\nCookie: {attacker.jar.header('/home')}\r\nContent-Length: 4\r\n\r\nab"
    slow.socket.sendall(head.encode())
    victim = scene.browser(attacker.jar.copy())
    login(victim)
    try:
        slow.socket.sendall(b"cd")
        return is_inside(slow.receive())
    except (Gone, OSError):
        return None
    finally:
        slow.close()


def race_of_logins(scene, late_answer=False):
    """The attacker has an account of his own. His login and the victim's are in the app at the same time, with the
    planted id; the victim's is the last to count. `late_answer`: his own answer leaves the app after hers."""
    attacker, (his, hers, after) = scene.visitor(), gates("his", "hers", "after")
    victim = scene.browser(attacker.jar.copy())
    form = {"user": "mallory", "password": "hunter2"}
    attacker.send("POST", f"/login?gate={his}" + (f"&gate_after={after}" if late_answer else ""), form)
    scene.app.wait(his)
    hers_done = Task(login, victim, "alice", f"?gate={hers}")
    stands_there = Task(scene.app.wait, hers)
    stands_there.join(2)  # a gateway may let her wait until his login is over
    scene.app.open(his)
    if late_answer:
        scene.app.wait(after)
        scene.app.open(hers)
        hers_done.join(2)
        scene.app.open(after)
        attacker.receive()
    else:
        attacker.receive()
        scene.app.open(hers)
    hers_done.wait()
    stands_there.wait()
    return is_inside(attacker.get("/home")) or try_all(scene, stolen(scene, attacker), {scene.name})


def given_up_login(scene):
    """The victim's browser leaves before the answer to her login, as at a second click; the app has logged her in all
    the same. A gateway that waits for an answer to change the cookie never sees one."""
    attacker, (gate,) = scene.visitor(), gates("given-up")
    victim = scene.browser(attacker.jar.copy())
    victim.send("POST", f"/login?gate_after={gate}", {"user": "alice", "password": "wonderland"})
    scene.app.wait(gate)
    victim.leave()
    end = time.monotonic() + NOTICED
    found = None
    while not found and time.monotonic() < end:
        asked = Task(attacker.get, "/home")  # a gateway may let him wait until it knows how the login ended
        asked.join(NOTICED)
        scene.app.open(gate)
        found = is_inside(asked.wait())
        time.sleep(STEP)
    return found


def committed_login(scene):
    """The app has logged the victim in, and its answer is still on the way: the attacker comes in between."""
    attacker, (gate,) = scene.visitor(), gates("committed")
    victim = scene.browser(attacker.jar.copy())
    hers = Task(login, victim, "alice", f"?gate_after={gate}")
    scene.app.wait(gate)
    tries = [Task(scene.browser(jar).get, "/home") for jar in (attacker.jar, attacker.jar.copy())]
    for task in tries:
        task.join(NOTICED)  # a gateway may let him wait until it knows how the login ended
    scene.app.open(gate)
    hers.wait()
    return next(filter(None, [is_inside(task.wait()) for task in tries]), None)


def login_spelled(scene, path):
    """The victim logs in by another spelling of the path, which the app takes for the same and a gateway perhaps not."""
    attacker = scene.visitor()
    victim = scene.browser(attacker.jar.copy())
    victim.post(path, {"user": "alice", "password": "wonderland"})
    return is_inside(attacker.get("/home"))


# What comes after.

def replay_after_logout(scene):
    """What the browser held before the logout, presented again: the app has forgotten nothing."""
    victim = scene.visitor()
    values = stolen(scene, victim)
    login(victim)
    victim.get("/home")
    values += stolen(scene, victim)
    victim.get("/logout")
    return try_all(scene, values)


def raw_inner(scene):
    """Somebody learned the app's own id of a live session: from a log, a backup, a page that prints it."""
    victim = scene.visitor()
    number = next(_numbers)
    login(victim, query=f"?find={number}")
    inner, = {one["id"] for one in scene.app.seen(f"/login?find={number}")}
    return try_all(scene, [inner])


def socket_from_before(scene):
    """A WebSocket that the attacker opened with the planted cookie lives on, and speaks for whoever is logged in."""
    attacker = scene.visitor()
    ws = SocketVisit(scene, attacker.jar.header("/ws"))
    if ws.status != 101:
        raise AssertionError(f"no WebSocket: {ws.status}")
    victim = scene.browser(attacker.jar.copy())
    login(victim)
    said = ws.until_ended("who?")
    ws.close()
    return f"the socket says {said!r}" if "alice" in said else None


def socket_after_logout(scene):
    """A WebSocket that was opened before the logout."""
    victim = logged_in(scene)
    ws = SocketVisit(scene, victim.jar.header("/ws"))
    said = ws.ask("who?")
    if "alice" not in said:
        raise AssertionError(f"the victim's own socket does not know her: {ws.status}, {said!r}")
    victim.get("/logout")
    said = ws.until_ended("who?")
    ws.close()
    return f"the socket says {said!r}" if "alice" in said else None


# What works against each app. Those that need gates and a ledger are for the vulnerable one.
_ALL = (own_valid_id, own_login, tossed_by_a_sibling, replay_after_logout)
_OF_FORMS = _ALL + (invented_id, id_in_login_query, id_in_login_form, id_in_login_multipart)
OF_PHP = _OF_FORMS + (id_in_query_padded, id_in_form_padded, id_in_query_cut)
OF_TOMCAT = _ALL + (id_in_path,)
OF_VULNERABLE = _OF_FORMS + (id_in_path, id_in_query, id_in_query_encoded, id_in_form, id_in_multipart_form,
                             id_in_encoded_cookie, raw_inner, late_set_cookie, slow_body, race_of_logins, committed_login,
                             given_up_login, socket_from_before, socket_after_logout)
