# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams through a socket, as they arrive beside the image: apps/bench-udp sends many of them in a row to one
place, most of them by lib/net/lwip/path.c."""
import socket

import pytest

import whittle
from netns import GUEST, HOST, Namespace

COUNT = 3000
DATA = b"eighteen bytes ..."


@pytest.mark.parametrize("plat,options", [("kvm", []), ("linuxu", []), ("kvm", ["--pcap", "/dev/null"])],
                         ids=["kvm", "linuxu", "kvm-checksums-by-software"])
def test_all_arrive(plat, options):
    """Each is whole, from us, and with a checksum that the host accepts where it is not the host's to make."""
    img = whittle.image("bench-udp", plat)
    with Namespace() as ns:
        s = ns.hears_datagrams(9)
        with ns.start(img, HOST, str(COUNT), options=["--param", "netdev.ip=%s/24" % GUEST, *options]) as guest:
            r = guest.end(60)
        assert r.status == 0, r
        assert r.out == b"phase send %d\nphase sendto %d\n" % (COUNT, COUNT), r
        s.settimeout(1)
        sources, n = set(), 0
        try:
            while True:
                data, source = s.recvfrom(100)
                assert data == DATA
                sources.add(source)
                n += 1
        except TimeoutError:
            pass
        assert len(sources) == 1 and sources.pop()[0] == GUEST
        # A device may lose some that it had not sent when the image ended, and a full queue may drop some.
        assert 2 * COUNT <= n <= 2 * (COUNT + 65), n


def test_neighbour_moves():
    """The address behind which the other side is changes: datagrams follow it, once it has said so."""
    img = whittle.image("bench-udp", "linuxu")
    with Namespace() as ns:
        s = ns.hears_datagrams(9)
        s.settimeout(5)
        with ns.start(img, HOST, "20", options=["--param", "netdev.ip=%s/24" % GUEST]) as guest:
            for _ in range(1 + 64 + 20 + 1):  # the first phase, and of the second what comes a second before the rest
                s.recv(100)
            ns.do("ip", "link", "set", "wtap0", "address", "02:00:00:00:99:01")
            ns.do("ip", "neigh", "flush", "all")
            with ns.inside():  # asks for the image's address, and so tells its own
                other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            other.sendto(b"?", (GUEST, 5000))
            r = guest.end(60)
        assert r.status == 0, r
        got = 0
        s.settimeout(0.5)
        try:
            while s.recv(100) == DATA:
                got += 1
        except TimeoutError:
            pass
        assert got == 64 + 20, got
