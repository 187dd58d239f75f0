# SPDX-License-Identifier: BSD-3-Clause
"""apps/udpecho: packets straight on a network device, as a client beside it sees them."""
import fcntl
import os
import random
import socket
import struct
import subprocess
import time

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace

SIZES = [0, 1, 17, 18, 19, 63, 64, 255, 512, 1023, 1471, 1472]


@pytest.fixture(scope="module", params=[*whittle.PLATFORMS, *whittle.OTHER_PROCESSES])
def img(request):
    return whittle.image("udpecho", request.param)


@pytest.fixture
def ns():
    with Namespace() as n:
        yield n


def udp(ns):
    with ns.inside():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((GUEST, 7))
    return s


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(s, ident, seq, payload):
    head = struct.pack("!BBHHH", 8, 0, 0, ident, seq)
    head = head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:]
    s.send(head + payload)
    while True:
        answer = s.recv(65536)[20:]
        if answer[0] == 0 and struct.unpack("!HH", answer[4:8]) == (ident, seq):
            assert checksum(answer) == 0
            return answer[8:]


def test_udp(img, ns):
    answers = 1 + len(SIZES) + 1  # ARP's first; the last one may be lost, since the image ends with it
    with ns.start(img, GUEST, str(answers)) as guest:
        guest.wait_for(b"udpecho: ")
        s = udp(ns)
        for i, n in enumerate(SIZES):
            data = bytes((i + j) & 255 for j in range(n))
            s.send(data)
            assert s.recv(2000) == data
        s.send(b"end")
        r = guest.end()
    assert r.status == 0, r
    assert b"dropped 0, errors 0), sent %d (dropped 0, errors 0)" % answers in r.out, r


def test_after_somebody_else(ns):
    """A TAP interface keeps the size of the header that its last user chose, as QEMU's 12 bytes."""
    with ns.inside(), open("/dev/net/tun", "r+b", buffering=0) as tun:
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", TAP.encode(), 0x5002))  # TUNSETIFF: TAP, no PI, VNET_HDR
        fcntl.ioctl(tun, 0x400454d8, struct.pack("i", 12))  # TUNSETVNETHDRSZ
    with ns.start(whittle.image("udpecho", "linuxu"), GUEST, "2") as guest:
        guest.wait_for(b"udpecho: ")
        s = udp(ns)
        s.send(b"hello")
        assert s.recv(2000) == b"hello"
        assert guest.end().status == 0


def test_pcap(img, ns, tmp_path):
    """--pcap: questions and answers, in a file that tools read."""
    path = str(tmp_path / "all.pcap")
    with ns.start(img, GUEST, "3", options=["--pcap", path]) as guest:
        guest.wait_for(b"udpecho: ")
        s = udp(ns)
        s.send(b"recorded")
        s.recv(100)
        s.send(b"end")
        r = guest.end()
    assert r.status == 0, r
    data = open(path, "rb").read()
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHIIII", data)
    assert magic in (0xa1b2c3d4, 0xa1b23c4d) and (major, minor, link) == (2, 4, 1)
    at, packets = 24, []
    while at < len(data):
        _, _, kept, length = struct.unpack_from("<IIII", data, at)
        assert kept == length
        packets.append(data[at + 16:at + 16 + kept])
        at += 16 + kept
    assert at == len(data)
    assert [p[12:14] for p in packets if b"recorded" in p or p[12:14] == b"\x08\x06"][:4] == \
        [b"\x08\x06", b"\x08\x06", b"\x08\x00", b"\x08\x00"]


def test_counters(img, ns):
    """netdev.stats: lines while it runs, no more than one a second, and one at exit if there was more."""
    begin = time.monotonic()
    with ns.start(img, GUEST, "6", options=["--param", "netdev.stats=1", "--timeout", "60"]) as guest:
        guest.wait_for(b"udpecho: ")
        s = udp(ns)
        for _ in range(3):
            s.send(b"counted")
            s.recv(100)
        said = b""
        while b"sent 4 packets" not in said:
            said += (line := guest.process.stderr.readline())
            assert line, said
        for _ in range(2):
            s.send(b"counted")
        r = guest.end()
    lines = [l for l in (said + r.err).decode().splitlines() if l.startswith("[whittle] uknetdev: eth0: received")]
    assert len(lines) == len(set(lines)) <= time.monotonic() - begin + 1, lines
    assert "sent 6 packets" in lines[-1] and "link up" in lines[-1], lines


@pytest.mark.parametrize("name,text", [
    ("whittle-none", "no such interface: make it with `ip tuntap add dev whittle-none mode tap"),
    ("a-name-that-is-too-long", "no such interface"), ("", "no such interface"), ("lo", "not a TAP interface")])
def test_no_such_tap(name, text):
    """Without support/run, which looks first, the image says it."""
    img = whittle.image("udpecho", "linuxu")
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("no /dev/net/tun")
    r = subprocess.run([img, "linuxu.tap=" + name, "--", GUEST], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    assert r.returncode == 1 and text in r.stderr.decode() and r.stdout == b"", r


def test_tap_in_use(img, ns):
    with ns.start(img, GUEST) as guest:
        guest.wait_for(b"udpecho: ")
        with ns.start(img, GUEST) as other:
            r = other.end()
    assert r.status != 0 and (b"another program uses this interface" in r.err or  # ours, or QEMU's words
                              b"Device or resource busy" in r.err), r


def test_without_network(img):
    r = whittle.run(img, GUEST, options=["--net", "none"])
    assert r.status == 1 and b"no network device; run it with --net" in r.err, r
    r = whittle.run(img, "10.0.0.256", options=["--net", "none"])
    assert r.status == 2 and b"usage" in r.err, r


def test_ping(img, ns):
    with ns.start(img, GUEST) as guest:
        guest.wait_for(b"udpecho: ")
        with ns.inside():
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        s.settimeout(5)
        s.connect((GUEST, 0))
        for seq, n in enumerate(SIZES):
            data = os.urandom(n)
            assert ping(s, 0x1234, seq, data) == data


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_several_queues(machine):
    """An interface with several queues: the image uses one of them, and says to the device that it does."""
    with Namespace(multi_queue=True) as ns:
        with ns.start(whittle.image("udpecho", "kvm"), GUEST, options=["--machine", machine, "--smp", "2"]) as guest:
            guest.wait_for(b"udpecho: ")
            for _ in range(10):  # another port each time, which another queue might get
                s = udp(ns)
                s.send(b"queue?")
                assert s.recv(100) == b"queue?"
    with Namespace(multi_queue=True) as ns:
        with ns.start(whittle.image("udpecho", "linuxu"), GUEST) as guest:
            guest.wait_for(b"udpecho: ")
            s = udp(ns)
            s.send(b"queue?")
            assert s.recv(100) == b"queue?"


def test_bursts(img, ns):
    """As many at once as an interface holds: each is answered, in order."""
    with ns.start(img, GUEST) as guest:
        guest.wait_for(b"udpecho: ")
        s = udp(ns)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.send(b"first")
        assert s.recv(100) == b"first"
        for burst in range(20):
            sent = [struct.pack("!II", burst, i) + bytes(random.randrange(200)) for i in range(100)]
            for data in sent:
                s.send(data)
            assert [s.recv(2000) for _ in sent] == sent


def frames(mac, ours):
    """Ethernet frames that deserve no answer."""
    def ip(payload, proto=17, version=0x45, total=None, frag=0, src=HOST, dst=GUEST, bad=0):
        head = struct.pack("!BBHHHBBH4s4s", version, 0, 20 + len(payload) if total is None else total,
                           1, frag, 64, proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
        head = head[:10] + struct.pack("!H", checksum(head) ^ bad) + head[12:]
        return eth + b"\x08\x00" + head + payload
    eth = mac + ours
    datagram = struct.pack("!HHHH", 5000, 7, 12, 0) + b"data"
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, ours, socket.inet_aton(HOST), bytes(6), socket.inet_aton(GUEST))
    yield eth + b"\x08\x00"
    yield eth + b"\x86\xdd" + bytes(60)
    for n in range(0, 28):
        yield eth + b"\x08\x06" + arp[:n]
    yield eth + b"\x08\x06" + arp[:24] + socket.inet_aton("10.99.0.77")
    yield eth + b"\x08\x06" + struct.pack("!H", 6) + arp[2:]
    for n in range(14, 41):
        yield ip(datagram)[:n]
    yield ip(datagram, version=0x65)
    for words in (0, 1, 4, 15):
        yield ip(datagram, version=0x40 + words)
    for total in (0, 19, 21, 27, 33, 65535):
        yield ip(datagram, total=total)
    yield ip(datagram, bad=1)
    for frag in (1, 0x2000, 0x1fff, 0x3fff):
        yield ip(datagram, frag=frag)
    for src in ("224.0.0.1", "255.255.255.255", "0.0.0.0", GUEST):
        yield ip(datagram, src=src)
    yield ip(datagram, dst="10.99.0.255")
    for proto in (0, 1, 6, 255):
        yield ip(datagram, proto=proto)
    for sport, dport, length, check in ((0, 7, 12, 0), (7, 7, 12, 0), (5000, 8, 12, 0), (5000, 7, 13, 0),
                                        (5000, 7, 7, 0), (5000, 7, 0, 0), (5000, 7, 65535, 0), (5000, 7, 12, 1)):
        yield ip(struct.pack("!HHHH", sport, dport, length, check) + b"data")
    for kind in (b"\x08\x00", b"\x08\x01", b"\x00\x00", b"\x03\x00"):
        yield ip(kind + b"\xaa\xaa" + bytes(8), proto=1)
    yield ip(b"\x08\x00\xf7\xff", proto=1)


def test_malformed(img, ns):
    """Nothing of it is answered, and afterwards it still serves."""
    with ns.start(img, GUEST) as guest:
        guest.wait_for(b"udpecho: ")
        with ns.inside():
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        raw.bind((TAP, 0))
        raw.settimeout(5)
        ours = raw.getsockname()[4]
        s = udp(ns)
        s.send(b"one")
        assert s.recv(100) == b"one"
        seen = []

        def until(text):
            while True:
                frame, where = raw.recvfrom(2000)
                if where[2] != socket.PACKET_OUTGOING:
                    if text in frame:
                        return frame[6:12]
                    seen.append(frame)
        s.send(b"which address?")
        mac = until(b"which address?")
        assert mac != ours
        rng = random.Random(1)
        seen.clear()
        for frame in frames(mac, ours):
            raw.send(frame)
            noise = bytearray(frame + bytes(rng.randrange(256) for _ in range(rng.randrange(40))))
            noise[12:14] = b"\x08\x00"
            if len(noise) > 34:
                noise[30] = 99  # not to us
            raw.send(bytes(noise))
        s.send(b"still there?")
        until(b"still there?")
        assert seen == []
        assert s.recv(100) == b"which address?" and s.recv(100) == b"still there?"
