# SPDX-License-Identifier: BSD-3-Clause
"""DHCP and DNS while packets get lost: who asks asks again, and says what it does when nobody answers."""
import contextlib
import os
import re
import socket
import struct
import threading
import time

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace

NAMES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "names")
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
MAGIC = b"\x63\x82\x53\x63"


class Server(threading.Thread):
    """Answers on a socket of the namespace until it is closed; `heard` is what it was asked, with the time."""

    def __init__(self, ns, address, port):
        super().__init__(daemon=True)
        self.heard = []
        with ns.inside():
            self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, TAP.encode())
        self.s.bind((address, port))
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                packet, self.source = self.s.recvfrom(2000)
                answer = self.answer(packet)
                if answer:
                    self.s.sendto(answer, self.source if self.source[0] != "0.0.0.0" else ("255.255.255.255", 68))

    def asked(self, what):
        """Notes it; the how maniest time it is."""
        self.heard.append((what, time.monotonic()))
        return [w for w, _ in self.heard].count(what)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()


class Dhcp(Server):
    """Gives GUEST to whoever asks, but lets the first `lost` messages of each kind go unanswered."""

    def __init__(self, ns, lost, lease=3600):
        self.lost, self.lease = lost, lease
        super().__init__(ns, "", 67)

    def answer(self, packet):
        options, kind = packet[240:], 0
        while options and options[0] != 255:
            if options[0] == 53:
                kind = options[2]
            options = options[2 + options[1]:] if options[0] else options[1:]
        if self.asked(kind) <= self.lost or kind not in (DISCOVER, REQUEST):
            return None
        head = struct.pack("!BBBB4sHH4s4s4s4s", 2, 1, 6, 0, packet[4:8], 0, 0x8000, bytes(4), socket.inet_aton(GUEST),
                           socket.inet_aton(HOST), bytes(4)) + packet[28:44] + bytes(192) + MAGIC
        said = {53: bytes([OFFER if kind == DISCOVER else ACK]), 54: socket.inet_aton(HOST), 51: struct.pack("!I", self.lease),
                1: b"\xff\xff\xff\0", 3: socket.inet_aton(HOST), 6: socket.inet_aton(HOST)}
        return head + b"".join(bytes([o, len(v)]) + v for o, v in said.items()) + b"\xff"


class Client:
    """A connection to a redis in the guest."""

    def __init__(self, ns, patience):
        with ns.inside():
            self.s = socket.socket()
        self.s.settimeout(patience)
        self.s.connect((GUEST, 6379))

    def ping(self):
        self.s.sendall(b"PING\r\n")
        assert self.s.recv(100) == b"+PONG\r\n"


class Dns(Server):
    """Says 192.0.2.1 to each name, when it is asked for the second time; to "never" nothing, and that there is no "no"."""

    def __init__(self, ns):
        super().__init__(ns, HOST, 53)

    def answer(self, packet):
        end = packet.index(b"\0", 12) + 5
        question = packet[12:end]
        first = self.asked(question) == 1
        if first or question.startswith(b"\5never"):
            return None
        of_a = question[-4:-2] == b"\0\1"
        none = question.startswith(b"\2no")
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("192.0.2.1")
        with_answer = of_a and not none
        return packet[:2] + struct.pack("!HHHHH", 0x8183 if none else 0x8180, 1, int(with_answer), 0, 0) + question + (record if with_answer else b"")


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_lost_once(plat):
    """Each question to the DHCP server is lost once, and each to that of names."""
    with Namespace() as ns, Dhcp(ns, 1) as dhcp, Dns(ns) as dns:
        with ns.start(whittle.image(NAMES, plat), "a.test", "no.test", "never.test", "b.test",
                      options=["--param", "netdev.wait=20000", "--param", "log.level=2"]) as guest:
            r = guest.end(90)
        assert r.status == 0, r
        assert re.findall(rb"^\[whittle\] lwip: (.*)$", r.err, re.M) == [b"eth0: " + GUEST.encode()], r
        assert r.out == (b"up\na.test: 192.0.2.1\nno.test: Name does not resolve\nnever.test: Try again\nb.test: 192.0.2.1\n"), r
        assert [kind for kind, _ in dhcp.heard[:4]] == [DISCOVER, DISCOVER, REQUEST, REQUEST]
        for a, b in (0, 1), (2, 3):
            assert 1 < dhcp.heard[b][1] - dhcp.heard[a][1] < 5, dhcp.heard
        assert len({q for q, _ in dns.heard}) == 8 and len(dns.heard) == 16, dns.heard


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_nobody_answers(plat):
    """Without an address the program runs, and is told that there is no answer; it is asked for again less and less often."""
    with Namespace() as ns, Dhcp(ns, 1000) as dhcp:
        with ns.start(whittle.image(NAMES, plat), "+12", "a.test", options=["--param", "netdev.wait=500"]) as guest:
            r = guest.end(90)
        assert r.status == 0 and r.out == b"up\na.test: Try again\n", r
        assert b"no answer from DHCP within 500 ms; going on without an address" in r.err, r
        gaps = [b - a for (_, a), (_, b) in zip(dhcp.heard, dhcp.heard[1:])]
        assert len(gaps) >= 2 and all(b > a + 1 for a, b in zip(gaps, gaps[1:])), gaps  # 2, 4, 8 seconds


def until(what, timeout):
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_lease(plat):
    """An address is asked for again in time, and connections last. When the lease ends without an answer the address is given up; a server that
    comes back gives it again."""
    lease = 120
    with Namespace() as ns, Dhcp(ns, 0, lease) as dhcp, \
            ns.start(whittle.image("redis", plat), "--protected-mode", "no") as guest:
        ns.reachable(6379, guest)
        one = Client(ns, 10)
        one.ping()
        until(lambda: len(dhcp.heard) > 2, lease)
        assert [kind for kind, _ in dhcp.heard] == [DISCOVER, REQUEST, REQUEST]
        dhcp.lost, renewed = 1 << 30, dhcp.heard[-1][1]
        one.ping()
        until(lambda: dhcp.heard[-1][0] == DISCOVER, 2 * lease)
        assert lease - 5 < dhcp.heard[-1][1] - renewed < lease + 65, dhcp.heard
        assert any(kind == REQUEST for kind, _ in dhcp.heard[3:]), dhcp.heard
        with pytest.raises(OSError):
            Client(ns, 5)
        dhcp.lost = 0
        ns.reachable(6379, guest, 90)
        Client(ns, 10).ping()
