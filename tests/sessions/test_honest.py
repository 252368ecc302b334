# SPDX-License-Identifier: Apache-2.0
"""Through the gateway: the honest user keeps her session and notices nothing."""
from attacks import gates
from plays import WithGate
from scene import Task, at_once, is_inside, logged_in, login
from socket_visit import SocketVisit

PARALLEL, ROUNDS = 50, 10


class Honest(WithGate):
    session = {"expose": ["xsrf"]}

    def inside(self, browser, user="alice"):
        answer = browser.get("/home")
        self.assertEqual((answer.status, answer.text), (200, f"user: {user}"))


class Cookies(Honest):
    def test_what_the_browser_gets(self):
        scene = self.scene()
        browser = scene.browser()
        answer = browser.get("/home")
        text, = answer.set_cookies()
        name, _, _ = text.partition("=")
        attributes = sorted(part.strip().lower() for part in text.split(";")[1:])
        self.assertEqual((name, [part for part in attributes if not part.startswith(("max-age", "expires"))]),
                         ("__Host-APPSESSID", ["httponly", "path=/", "samesite=lax", "secure"]))
        self.assertIn("no-store", answer.field("Cache-Control") or "")

    def test_the_answer_to_the_login_itself_brings_the_new_cookie(self):
        scene = self.scene()
        browser = scene.visitor()
        before = browser.jar.get(scene.name)
        answer = login(browser)
        self.assertEqual((answer.status, len(answer.set_cookies(scene.name))), (302, 1))
        self.assertNotEqual(browser.jar.get(scene.name), before)
        self.assertIn("no-store", answer.field("Cache-Control") or "")
        self.inside(browser)

    def test_a_login_without_a_visit_before(self):
        browser = self.scene().browser()
        self.assertEqual(len(login(browser).set_cookies("__Host-APPSESSID")), 1)
        self.inside(browser)

    def test_a_failed_login_changes_nothing(self):
        scene = self.scene()
        browser = scene.visitor()
        browser.get("/cart?add=pear")
        for query in ("", "?plain"):
            self.assertEqual(login(browser, query=query, password="wrong").set_cookies(scene.name), [])
        self.assertEqual(browser.get("/cart").text, "cart: pear")

    def test_what_was_in_the_session_before_the_login_is_there_afterwards(self):
        browser = self.scene().visitor()
        browser.get("/cart?add=pear")
        login(browser)
        self.assertEqual(browser.get("/cart?add=plum").text, "cart: pear plum")
        self.inside(browser)

    def test_the_app_sees_its_own_cookie_and_not_ours(self):
        browser = self.scene().visitor()
        browser.get("/home?own")
        seen, = self.app.seen("/home?own")
        self.assertEqual(seen["cookies"], [["APPSESSID", seen["id"]]])

    def test_other_cookies_get_attributes_and_lose_none(self):
        scene = self.scene()
        browser = scene.visitor()
        answer = browser.get("/prefs")

        def attributes(name):
            text, = answer.set_cookies(name)
            return {part.strip().lower() for part in text.split(";")[1:]}
        self.assertLessEqual({"secure", "httponly", "samesite=lax"}, attributes("theme"))
        self.assertLessEqual({"secure", "httponly", "samesite=lax", "path=/"}, attributes("lang"))
        self.assertLessEqual({"secure", "samesite=strict", "path=/"}, attributes("strict"))
        self.assertNotIn("samesite=lax", attributes("strict"))
        self.assertIn("secure", attributes("xsrf"))
        browser.get("/home?prefs")
        seen, = self.app.seen("/home?prefs")
        self.assertLessEqual({("theme", "dark"), ("lang", "en"), ("xsrf", "4711")}, {tuple(one) for one in seen["cookies"]})

    def test_scripts_read_what_is_exposed_and_nothing_else(self):
        browser = self.scene().visitor()
        browser.get("/prefs")
        self.assertIn("document.cookie", browser.get("/script").text)
        self.assertEqual(browser.jar.for_scripts("/script"), "xsrf=4711")

    def test_the_id_is_taken_out_of_redirects(self):
        browser = self.scene().visitor()
        for name in ("appsessid", "APPSESSID"):
            for then in ("", "?a=1", "#part"):
                answer = browser.get(f"/link?as={name}&then={then.replace('?', '%3F').replace('#', '%23')}")
                self.assertTrue((answer.field("Location") or "").endswith("/home" + then), answer.field("Location"))
                self.assertNotIn(name.lower() + "=", answer.field("Location").lower())

    def test_texts_that_only_look_like_an_id_are_let_pass(self):
        browser = self.scene().visitor()
        for path, form in (("/home?note=APPSESSID", None), ("/home?MYAPPSESSID=1", None), ("/home?APPSESSIDS=1", None),
                           ("/home", {"text": "APPSESSID=1"}), ("/home", ("application/json", b'{"APPSESSID": "1"}'))):
            with self.subTest(path=path, form=form):
                self.assertEqual(browser.ask("POST" if form else "GET", path, form).status, 200)

    def test_the_host_may_be_spelled_otherwise(self):
        scene = self.scene()
        browser = logged_in(scene)
        for host in ("SHOP.example", f"shop.example:{scene.door.address[1]}"):
            browser.leave()
            browser.connected().host = host
            self.inside(browser)

    def test_an_app_that_sets_its_cookie_with_each_answer(self):
        scene = self.scene()
        browser = scene.visitor()
        old = scene.cookie(browser.jar.get(scene.name))
        for _ in range(3):
            browser.get("/again")
        login(browser)
        for _ in range(3):
            self.assertIsNotNone(is_inside(browser.get("/again")))
        self.inside(browser)
        self.assertIsNone(is_inside(scene.browser().get("/home", cookies=old)))

    def test_an_app_that_renews_the_id_itself(self):
        browser = logged_in(self.scene())
        browser.get("/renew")
        self.inside(browser)


class Large(Honest):
    """A cookie that browsers would not keep once it is sealed stays inside."""
    may_miss = ("jar",)

    def test_a_cookie_too_large_to_be_sealed_is_kept_inside(self):
        self.gate(session={"storage": "jar"})  # whether the program knows of it at all
        scene = self.scene()
        for size in (100, 2000, 2900, 3000, 3100, 3500, 4000):
            with self.subTest(size=size):
                browser = scene.browser()
                text = browser.get(f"/huge?size={size}").set_cookies(scene.name)[-1]
                self.assertLessEqual(len(text), 4096)
                self.inside(browser, "huge")


class AtOnce(Honest):
    def test_parallel_requests_across_the_login(self):
        """Each on a connection of its own; some answers set the cookie anew."""
        for _ in range(ROUNDS):
            scene = self.scene()
            browser = scene.visitor()
            tabs = [scene.browser(browser.jar) for _ in range(PARALLEL)]
            for tab in tabs:
                tab.connected()
            paths = ("/home", "/again", "/cart?add=pear")
            works = [lambda tab=tab, path=paths[i % 3]: tab.get(path) for i, tab in enumerate(tabs)]
            answers = at_once([*works, lambda: login(browser)])
            self.assertEqual({answer.status for answer in answers}, {200, 302})
            for tab in tabs:
                self.inside(tab)
            scene.clear()

    def test_six_busy_connections_across_the_login(self):
        """As browsers do it: kept connections, each asking again as soon as it was answered."""
        for _ in range(ROUNDS):
            scene = self.scene()
            browser, done = scene.visitor(), []

            def ask_until_done(tab, done=done):
                while not done:
                    self.assertEqual(tab.get("/again").status, 200)
            tasks = [Task(ask_until_done, scene.browser(browser.jar)) for _ in range(5)]
            login(browser)
            done.append(True)
            for task in tasks:
                task.wait()
            self.inside(browser)
            self.inside(scene.browser(browser.jar))
            scene.clear()

    def test_requests_behind_the_login_on_its_connection(self):
        """They left the browser before the new cookie was there."""
        browser = self.scene().visitor()
        form = {"user": "alice", "password": "wonderland"}
        for _ in range(3):
            browser.send("GET", "/home")
        browser.send("POST", "/login", form)
        for _ in range(7):
            browser.send("GET", "/again")
        answers = [browser.receive() for _ in range(11)]
        self.assertEqual([a.text for a in answers], ["anonymous"] * 3 + [""] + ["user: alice"] * 7)
        self.inside(browser)

    def test_requests_that_outlast_the_login_take_nothing_away(self):
        """They are answered, or refused as nobody can tell whose they are; they never set the cookie."""
        for more in ("", "&fresh"):
            scene, (gate,) = self.scene(), gates("before")
            browser = scene.visitor()
            slow = [scene.browser(browser.jar) for _ in range(10)]
            for tab in slow:
                tab.send("GET", f"/slow?gate_after={gate}{more}")
            self.app.wait(gate, 10)
            login(browser)
            self.app.open(gate)
            for tab in slow:
                answer = tab.receive()
                self.assertIn(answer.status, (200, 503))
                self.assertEqual(answer.set_cookies(scene.name), [])
            self.inside(browser)
            scene.clear()

    def test_two_logins_at_once(self):
        """A double click, over two connections."""
        for _ in range(ROUNDS):
            scene, (gate,) = self.scene(), gates("double")
            browser = scene.visitor()
            tabs = [scene.browser(browser.jar) for _ in range(2)]
            tasks = [Task(login, tab, "alice", f"?gate={gate}") for tab in tabs]
            Task(self.app.wait, gate, 2).join(0.5)  # a gateway may let one wait for the other
            self.app.open(gate)
            self.assertEqual([task.wait().status for task in tasks], [302, 302])
            for tab in tabs:
                self.inside(tab)
            scene.clear()

    def test_a_second_login_when_the_first_was_given_up(self):
        """The browser leaves the first connection before the answer; the app has worked on it all the same."""
        scene, (gate,) = self.scene(), gates("given-up")
        browser = scene.visitor()
        first = scene.browser(browser.jar)
        first.send("POST", f"/login?gate_after={gate}", {"user": "alice", "password": "wonderland"})
        self.app.wait(gate)
        first.leave()
        self.app.open(gate)
        self.assertEqual(login(browser).status, 302)
        self.inside(browser)


class Leaving(Honest):
    def test_the_logout_takes_the_cookie_away_and_a_new_login_works(self):
        scene = self.scene()
        for query in ("", "?keep"):
            with self.subTest(query=query):
                browser = logged_in(scene)
                self.assertEqual(browser.get("/logout" + query).status, 200)
                self.assertIsNone(is_inside(browser.get("/home")))
                login(browser)
                self.inside(browser)

    def test_a_stranger_with_an_old_cookie_cannot_log_the_user_out(self):
        scene = self.scene()
        attacker = scene.visitor()
        victim = scene.browser(attacker.jar.copy())
        login(victim)
        attacker.get("/logout")
        attacker.get("/logout")
        self.inside(victim)

    def test_a_broken_cookie_is_no_obstacle(self):
        scene = self.scene()
        browser = scene.browser()
        browser.jar.plant(scene.name, "from-another-age")
        self.assertEqual(browser.get("/home").text, "anonymous")
        login(browser)
        self.inside(browser)

    def test_one_logout_is_nobody_elses(self):
        scene = self.scene()
        first, second = logged_in(scene), logged_in(scene)
        first.get("/logout")
        self.inside(second)

    def test_a_web_socket_of_the_user(self):
        scene = self.scene()
        browser = logged_in(scene)
        ws = SocketVisit(scene, browser.jar.header("/ws"))
        self.assertEqual((ws.status, ws.ask("who?")), (101, "user: alice"))
        ws.close()
