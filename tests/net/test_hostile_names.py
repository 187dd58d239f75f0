# SPDX-License-Identifier: BSD-3-Clause
"""A server of names, or who pretends to be one, that answers whatever it likes: who asks stays alive, is not kept waiting, believes only whom it
asked, and uses the right answer that comes behind the bad one."""
import contextlib
import random
import socket
import struct
import threading

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace
from test_names import NAMES, Server

OTHER = "10.99.0.3"
RIGHT, WRONG = "192.0.2.1", "203.0.113.66"
A, CNAME, AAAA = 1, 5, 28
ANSWERED, TRUNCATED, SERVFAIL, NONE, REFUSED = 0x8180, 0x8380, 0x8182, 0x8183, 0x8185
OF_QUESTION = b"\xc0\x0c"  # a pointer to the question's name


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def record(owner, kind, data, length=None):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data) if length is None else length) + data


def address(ip=WRONG, owner=OF_QUESTION):
    return record(owner, A, socket.inet_aton(ip))


def packet(q, body=b"", flags=ANSWERED, id_of=lambda n: n, questions=1, answers=1, question=None):
    number, = struct.unpack("!H", q[:2])
    return struct.pack("!HHHHHH", id_of(number), flags, questions, answers, 0, 0) + (q[12:] if question is None else question) + body


def right(q):
    of_a = q[-4:-2] == struct.pack("!H", A)
    return packet(q, address(RIGHT) if of_a else b"", answers=int(of_a))


# What is no answer to the question: it is passed over, and the right one counts.
IGNORED = {
    "empty": lambda q: b"",
    "short": lambda q: packet(q)[:3],
    "id": lambda q: packet(q, address(), id_of=lambda n: n ^ 1),
    "swapped": lambda q: packet(q, address(), id_of=lambda n: (n >> 8 | n << 8) & 0xffff if n >> 8 != n & 255 else n ^ 1),
    "servfail": lambda q: packet(q, flags=SERVFAIL, answers=0),
    "refused": lambda q: packet(q, flags=REFUSED, answers=0),
    "port": lambda q: packet(q, address()),     # from another port
    "address": lambda q: packet(q, address()),  # from another address
}
# What is said to be the answer, and has none that can be used.
USELESS = {
    "header": lambda q: packet(q)[:12],
    "half": lambda q: packet(q)[:8],
    "cut": lambda q: packet(q, address())[:-3],
    "beyond": lambda q: packet(q, record(OF_QUESTION, A, b"\1\2\3\4", length=60000)),
    "three": lambda q: packet(q, record(OF_QUESTION, A, b"\1\2\3")),
    "sixteen": lambda q: packet(q, record(OF_QUESTION, A, bytes(16))),
    "label": lambda q: packet(q, b"\x3f" + b"x" * 20),
    "labels": lambda q: packet(q, b"\x3fx" * 120),
    "many": lambda q: packet(q, address(), answers=65535),
    "questions": lambda q: packet(q, address(), questions=65535),
    "cname": lambda q: packet(q, record(OF_QUESTION, CNAME, name("elsewhere.test"))),
    "own": lambda q: packet(q, record(OF_QUESTION, CNAME, OF_QUESTION)),
    "loop": lambda q: packet(q, record(OF_QUESTION, CNAME, struct.pack("!H", 0xc000 | len(q) + 12))),
    "pair": lambda q: packet(q, record(OF_QUESTION, CNAME, struct.pack("!HH", 0xc000 | len(q) + 14, 0xc000 | len(q) + 12))),
    "outside": lambda q: packet(q, record(OF_QUESTION, CNAME, b"\xff\xff")),
    "nothing": lambda q: packet(q, answers=0),
    "truncated": lambda q: packet(q, flags=TRUNCATED, answers=0),
    "none": lambda q: packet(q, flags=NONE, answers=0),
}
# What is odd, and yet has the address: more records than there is room for, those that are not there, one question too many.
ODD = {
    "lie": lambda q: packet(q, address(RIGHT), answers=60),
    "4kib": lambda q: packet(q, b"".join(address(RIGHT) for _ in range(250)), answers=60),
    "tail": lambda q: packet(q, address(RIGHT) + bytes(200)),
    "partly": lambda q: packet(q, address(RIGHT), flags=TRUNCATED),
    "asked-twice": lambda q: packet(q, q[12:] + address(RIGHT), questions=2),
}
# The right answer comes after this time, whoever has been asked again meanwhile.
LATE = {"late": 1.0, "later": 3.0}


class Hostile(Server):
    """Answers as the first label of the name says, and where that is no answer rightly behind it. "fuzz-..." is answered by bytes that were changed
    here and there."""

    def __init__(self, ns):
        self.random, self.ports = random.Random(53), []
        with ns.inside():
            self.elsewhere = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        self.elsewhere[0].bind((HOST, 5353))
        self.elsewhere[1].bind((OTHER, 53))
        super().__init__(ns, HOST, 53)

    def changed(self, q):
        p = bytearray(right(q))
        for _ in range(self.random.randint(1, 6)):
            p[self.random.randrange(len(p))] = self.random.choice((0, 1, 63, 127, 192, 193, 255, self.random.randrange(256)))
        return bytes(p[:self.random.randint(1, len(p))]) + self.random.randbytes(self.random.choice((0, 0, 7, 900)))

    def say(self, what, to):
        with contextlib.suppress(OSError):  # the test is over
            self.s.sendto(what, to)

    def answer(self, q):
        label = q[13:13 + q[12]].decode()
        self.ports.append(self.source[1])
        if label in LATE:
            threading.Timer(LATE[label], self.say, (right(q), self.source)).start()
            return None
        bad = self.changed if label.startswith("fuzz") else {**IGNORED, **USELESS, **ODD}.get(label)
        if bad:
            s = {"port": self.elsewhere[0], "address": self.elsewhere[1]}.get(label, self.s)
            s.sendto(bad(q), self.source)
        return right(q) if not bad or bad == self.changed or label in IGNORED else None

    def __exit__(self, *_):
        super().__exit__()
        for s in self.elsewhere:
            s.close()


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_hostile_answers(plat):
    fuzz = ["fuzz-%d" % i for i in range(80)]
    labels = [label for kind in (IGNORED, USELESS, ODD, LATE) for label in kind] + fuzz
    asked = [n for label in labels for n in (label + ".test", "good.test")]
    with Namespace() as ns:
        ns.do("ip", "addr", "add", OTHER + "/24", "dev", TAP)
        with Hostile(ns) as server, ns.start(whittle.image(NAMES, plat), *asked,
                                             options=["--param", "netdev.ip=%s/24:%s:%s" % (GUEST, HOST, HOST)]) as guest:
            r = guest.end(120)
    assert r.status == 0, r
    said = [line.split(": ", 1) for line in r.out.decode().splitlines()[1:]]
    assert [n for n, _ in said] == asked, r
    assert all(got == RIGHT for n, got in said if n == "good.test"), r
    got = dict(said)
    assert {label: got[label + ".test"] for label in USELESS} == dict.fromkeys(USELESS, "Name does not resolve"), r
    for label in [*IGNORED, *ODD, *LATE]:
        assert got[label + ".test"] == RIGHT, (label, r)
    # Nobody can tell from one question where the next one comes from.
    steps = [b - a for a, b in zip(server.ports, server.ports[1:]) if a != b]
    assert len(steps) > len(labels) and sum(abs(step) < 100 for step in steps) < len(steps) // 10, server.ports
