# SPDX-License-Identifier: Apache-2.0
"""visitors: the clients of the chaos run. Each asks for what only it can be answered with, and judges what came:
a correct answer, a clean error, or something that must never be."""
import collections
import hashlib
import http.client
import random
import socket
import ssl
import threading

from app import UNREAD, pattern, sent_with

SIZES = (0, 1, 700, 5000, 70000, 300000)
LEAVING = 0.03  # of the visitors go away while they send, as many before the answer, and as many in the middle of it
TIMEOUT = 20  # longer than anything that the gateway may take


class Leaves(Exception):
    """The visitor goes away."""


class Tally:
    """What the visitors saw; `wrong` holds the first sentences about what must never be."""

    def __init__(self):
        self.counts, self.wrong, self._lock = collections.Counter(), [], threading.Lock()

    def add(self, outcome):
        with self._lock:
            self.counts[outcome] += 1

    def blame(self, sentence):
        with self._lock:
            self.counts["wrong"] += 1
            self.wrong = (self.wrong + [sentence])[:10]


class Visitor(threading.Thread):
    def __init__(self, name, address, tls, tally, stop):
        super().__init__(daemon=True)
        self.who, self.address, self.tls, self.tally, self.stop = name, address, tls, tally, stop
        self.random = random.Random(name)
        self.connection, self.number = None, 0

    def run(self):
        while not self.stop.is_set():
            if self.connection is None:
                self.connection = self._connect()
            if not self._visit() or self.random.random() < 0.05:
                self._close()
        self._close()

    def _connect(self):
        if self.tls:
            return http.client.HTTPSConnection(*self.address, timeout=TIMEOUT, context=self.tls)
        return http.client.HTTPConnection(*self.address, timeout=TIMEOUT)

    def _close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _visit(self):
        """One exchange. Returns whether the connection can go on."""
        self.number += 1
        identity, size = f"{self.who}-{self.number}", self.random.choice(SIZES)
        sent = pattern(sent_with(identity), self.random.choice(SIZES)) if self.random.random() < 0.4 else None
        step = "while sending"
        try:
            self._ask(f"/x/{identity}/{size}/{len(sent or b'')}", sent)
            step = "before the answer"
            if self.random.random() < LEAVING:
                raise Leaves
            answer = self.connection.getresponse()
            step = "in the middle"
            if self.random.random() < LEAVING:
                answer.read(self.random.randrange(1 + size))
                raise Leaves
            body = answer.read()
        except Leaves:
            self.tally.add("left")
            return False
        except (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
            self.tally.add(f"cut {step}")
            return False
        except socket.timeout:
            self.tally.blame(f"{identity}: nothing for {TIMEOUT} s")
            return False
        except (http.client.HTTPException, ValueError) as e:
            self.tally.blame(f"{identity}: an answer that cannot be read: {e!r}")
            return False
        self._judge(identity, size, sent or b"", answer, body)
        return not answer.will_close

    def _ask(self, path, sent):
        if sent is None:
            self.connection.request("GET", path)
        elif self.random.random() < 0.5:
            self.connection.request("POST", path, body=sent)
        else:
            cut = self.random.randrange(len(sent) + 1)
            self.connection.request("POST", path, body=self._pieces(sent[:cut], sent[cut:]), encode_chunked=True,
                                    headers={"Transfer-Encoding": "chunked"})

    def _pieces(self, *pieces):
        for piece in pieces:
            if self.random.random() < LEAVING:
                raise Leaves
            if piece:
                yield piece

    def _judge(self, identity, size, sent, answer, body):
        whose, received = answer.getheader("X-Identity"), answer.getheader("X-Received")
        if answer.status == 200 and whose is not None:
            if whose != identity:
                self.tally.blame(f"{identity}: was given the answer to {whose}")
            elif received not in (UNREAD, hashlib.sha256(sent).hexdigest()):
                self.tally.blame(f"{identity}: the app received another body than the {len(sent)} bytes sent")
            elif body != pattern(identity, size):
                self.tally.blame(f"{identity}: {len(body)} bytes of body look whole, {size} are right")
            else:
                self.tally.add("correct")
        elif answer.status >= 500 and whose is None and b"request id: " in body:
            self.tally.add(f"answered {answer.status}")
        else:
            self.tally.blame(f"{identity}: {answer.status}, neither the app's answer nor a clean error: "
                             f"{answer.getheaders()} {body[:200]!r}")
