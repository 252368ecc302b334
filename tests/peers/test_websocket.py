# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client and a WebSocket server with the gateway between them."""
import os
import threading
import unittest

from road import Road, tls_context
from websocket import BINARY, CLOSE, PING, PONG, TEXT, Client, EchoServer

PROGRAM = os.environ.get("PORTCULLIS", "build/portcullis")
SIZES = (0, 1, 125, 126, 65535, 65536)
LARGE = 3_000_000  # more than all buffers on the way hold
CLIENTS = 32


class WebSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = EchoServer()
        cls.addClassCleanup(cls.server.stop)
        cls.road = cls.enterClassContext(Road(PROGRAM, [cls.server.url]))

    def tearDown(self):
        self.assertEqual(self.server.wrong, [])

    def open(self, listener):
        client = Client(self.road.address(listener), tls_context() if listener == "tls" else None)
        if client.status != 101:
            client.close()
            self.skipTest(f"the gateway answers an upgrade with an ordinary response: {client.status}")
        self.addCleanup(client.close)
        return client

    def say_goodbye(self, client):
        """A close frame goes both ways, and then the connection ends."""
        client.frames.send(CLOSE, b"\x03\xe8bye")
        self.assertEqual(client.frames.receive(), (CLOSE, b"\x03\xe8bye"))
        self.assertEqual(client.frames.receive(), (None, b""))

    def test_messages_of_every_size_come_back(self):
        for listener in ("plain", "tls"):
            with self.subTest(listener=listener):
                client = self.open(listener)
                for size in SIZES:
                    payload = os.urandom(size)
                    client.frames.send(BINARY, payload)
                    kind, echoed = client.frames.receive()
                    self.assertEqual((kind, echoed == payload), (BINARY, True), f"{size} bytes")
                self.say_goodbye(client)

    def test_a_large_message_comes_back(self):
        client = self.open("plain")  # one TLS object must not be used by two threads
        payload = os.urandom(LARGE)
        sender = threading.Thread(target=client.frames.send, args=(BINARY, payload))
        sender.start()
        kind, echoed = client.frames.receive()
        sender.join()
        self.assertEqual((kind, echoed == payload), (BINARY, True))
        self.say_goodbye(client)

    def test_pings_pass(self):
        client = self.open("tls")
        client.frames.send(PING, b"are you there")
        self.assertEqual(client.frames.receive(), (PONG, b"are you there"))
        self.say_goodbye(client)

    def test_many_at_once_are_not_mixed_up(self):
        clients = [self.open("tls" if number % 2 else "plain") for number in range(CLIENTS)]
        for turn in range(20):
            for number, client in enumerate(clients):
                client.frames.send(TEXT, b"%d of %d" % (turn, number))
            for number, client in enumerate(clients):
                self.assertEqual(client.frames.receive(), (TEXT, b"%d of %d" % (turn, number)))
        for client in clients:
            self.say_goodbye(client)

    def test_a_page_beside_it_is_served(self):
        client = self.open("plain")
        stranger = self.road.gateway.connect("plain")
        self.addCleanup(stranger.close)
        stranger.send(b"GET / HTTP/1.1\r\nHost: peers.test\r\n\r\n")
        stranger.until(lambda: stranger.received.endswith(b"plain\n"), "the answer to a visitor")
        self.say_goodbye(client)
