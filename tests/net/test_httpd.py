# SPDX-License-Identifier: BSD-3-Clause
"""apps/httpd over lwIP: connections as a browser makes them, many of them, and packets that nobody should send."""
import contextlib
import hashlib
import os
import random
import re
import socket
import struct
import subprocess
import time

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace, free_port

PAGE = b"0123456789abcdef" * 40
BIG = random.Random(5).randbytes(3_000_000)


@pytest.fixture(scope="module", params=["linuxu", "kvm", *whittle.OTHER_CPUS, *whittle.OTHER_PROCESSES])
def img(request):
    return whittle.image("httpd", request.param)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    top = tmp_path_factory.mktemp("root")
    (top / "www").mkdir()
    (top / "www/index.html").write_bytes(PAGE)
    (top / "www/big").write_bytes(BIG)
    return str(top)


@contextlib.contextmanager
def serving(img, root, *options, ip=GUEST + "/24:" + HOST, mtu=1500):
    with Namespace(mtu) as ns:
        with ns.start(img, options=["--root", root, "--memory", "32M", "--param",
                                    "netdev.ip=" + ip, *options]) as guest:
            guest.wait_for(b"httpd: serving")
            yield ns


def connect(ns):
    with ns.inside():
        return socket.create_connection((GUEST, 80), timeout=20)


def read_answer(s):
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        assert more, data
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = int([line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")][0].split()[1])
    while len(body) < length:
        more = s.recv(65536)
        assert more
        body += more
    return head, body


def get(s, path=b"/"):
    s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    return read_answer(s)


def alive(ns):
    with connect(ns) as s:
        assert get(s)[1] == PAGE


def test_pages(img, root):
    with serving(img, root) as ns:
        with connect(ns) as s:
            for _ in range(20):
                head, body = get(s)
                assert head.startswith(b"HTTP/1.1 200") and body == PAGE
            assert get(s, b"/nothing")[0].startswith(b"HTTP/1.1 404")
            # Answers to HEAD have no body: the next one follows at once.
            s.sendall(b"HEAD /nothing HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n")
            data = b""
            while data.count(b"\r\n\r\n") < 2:
                data += s.recv(65536)
            assert re.fullmatch(rb"HTTP/1.1 404 (.+\r\n)+\r\nHTTP/1.1 200 (.+\r\n)+\r\n", data), data
            head, body = get(s, b"/big")
            assert hashlib.sha256(body).digest() == hashlib.sha256(BIG).digest()
            # Three requests at once, and one in pieces.
            s.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
            data = b""
            while data.count(PAGE) < 3:
                data += s.recv(65536)
            for byte in b"GET / HTTP/1.1\r\n\r\n":
                s.sendall(bytes([byte]))
            assert read_answer(s)[1] == PAGE


@pytest.mark.parametrize("words,status,message", [
    (["http"], 2, "usage: httpd [PORT [FOLDER]]"), (["65536"], 2, "usage"), (["0"], 2, "usage"), (["80", "/www", "x"], 2, "usage"),
    (["80", "/nothing"], 1, "httpd: /nothing: No such file or directory; the image's files are what --root"),
    (["80", "/www/big"], 1, "httpd: /www/big: Not a directory"),
])
def test_wrong_words(root, words, status, message):
    r = whittle.run(whittle.image("httpd", "linuxu"), *words, options=["--net", "none", "--root", root])
    assert r.status == status and not r.out and message in r.err.decode(), r


def test_many_connections(img, root):
    with serving(img, root) as ns:
        for _ in range(500):                    # one after the other
            alive(ns)
        some = [connect(ns) for _ in range(200)]    # at once
        for s in some:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        for s in some:
            assert read_answer(s)[1] == PAGE
        for s in some[::2]:                     # and ended rudely
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for s in some:
            s.close()
        alive(ns)


def test_client_that_does_not_read(img, root):
    with serving(img, root) as ns:
        slow = [connect(ns) for _ in range(10)]
        for s in slow:
            s.sendall(b"GET /big HTTP/1.1\r\n\r\n")
        time.sleep(0.3)
        alive(ns)
        assert hashlib.sha256(read_answer(slow[3])[1]).digest() == hashlib.sha256(BIG).digest()
        for s in slow:
            s.close()
        alive(ns)


@pytest.mark.parametrize("mtu", [576, 9000])
def test_mtu(img, root, mtu):
    with serving(img, root, mtu=mtu) as ns:
        with connect(ns) as s:
            assert get(s, b"/big")[1] == BIG


# ---- packets that nobody should send (SECURITY: malformed Ethernet, ARP, IP, TCP, UDP) ----

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip_packet(proto, payload, src=HOST, flags=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, flags, 64, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(GUEST))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp_segment(rng, port=80, options=b""):
    pad = options + b"\0" * (-len(options) % 4)
    head = struct.pack("!HHIIBBHHH", rng.randrange(1024, 65536), port, rng.getrandbits(32),
                       rng.getrandbits(32), (5 + len(pad) // 4) << 4, rng.getrandbits(8),
                       rng.getrandbits(16), 0, rng.getrandbits(16)) + pad
    pseudo = socket.inet_aton(HOST) + socket.inet_aton(GUEST) + struct.pack("!BBH", 0, 6, len(head))
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]


def frames(rng, mac):
    ether = mac + b"\2\0\0\0\0\1"
    good = [ip_packet(6, tcp_segment(rng)), ip_packet(17, b"\0\7\0\7\0\10\0\0"),
            ip_packet(1, b"\10\0\0\0abcd"), ip_packet(2, b"\x11\0\0\0\0\0\0\0")]
    for _ in range(300):
        packet = bytearray(rng.choice(good))
        for _ in range(rng.randrange(1, 4)):            # any byte may be wrong
            packet[rng.randrange(len(packet))] = rng.getrandbits(8)
        yield ether + b"\x08\0" + bytes(packet[:rng.randrange(1, len(packet) + 1)])
    for kind in range(256):                             # options of TCP, with lengths that are wrong
        yield ether + b"\x08\0" + ip_packet(6, tcp_segment(rng, options=bytes([kind, rng.getrandbits(8)])))
    for _ in range(100):                                # fragments that do not fit together
        yield ether + b"\x08\0" + ip_packet(17, rng.randbytes(rng.randrange(1, 200)),
                                            flags=rng.getrandbits(16))
    for _ in range(100):
        yield ether + rng.choice([b"\x08\x06", b"\x86\xdd", b"\x81\0", b"\0\5"]) + rng.randbytes(
            rng.randrange(0, 100))
    for n in range(0, 14):
        yield rng.randbytes(n)


def test_malformed_packets(img, root):
    rng = random.Random(11)
    with serving(img, root) as ns:
        alive(ns)
        entry = ns.do("ip", "neigh", "show", GUEST).split()
        mac = bytes.fromhex(entry[entry.index(b"lladdr") + 1].decode().replace(":", ""))
        with ns.inside():
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind((TAP, 0))
        for i, frame in enumerate(frames(rng, mac)):
            with contextlib.suppress(OSError):          # the shortest do not leave this machine
                raw.send(frame)
            if i % 100 == 99:
                time.sleep(0.02)
        alive(ns)


def test_half_open_flood(img, root):
    """SYNs from addresses that do not answer: who is connected goes on, and the flood ends."""
    rng = random.Random(3)
    with serving(img, root) as ns, connect(ns) as s:
        assert get(s)[1] == PAGE
        entry = ns.do("ip", "neigh", "show", GUEST).split()
        mac = bytes.fromhex(entry[entry.index(b"lladdr") + 1].decode().replace(":", ""))
        with ns.inside():
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind((TAP, 0))
        for i in range(2000):
            src = "10.99.0.%d" % rng.randrange(3, 250)
            head = struct.pack("!HHIIBBHHH", rng.randrange(1024, 65536), 80, rng.getrandbits(32), 0,
                               0x50, 2, 1000, 0, 0)
            pseudo = socket.inet_aton(src) + socket.inet_aton(GUEST) + struct.pack("!BBH", 0, 6, 20)
            head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
            raw.send(mac + b"\2\0\0\0\0\1\x08\0" + ip_packet(6, head, src))
            if i % 200 == 199:
                assert get(s)[1] == PAGE


# ---- addresses ----

def started(root, *params, serves=False):
    """How an image with these parameters ends: before its program starts, or when it is told to."""
    with Namespace() as ns:
        with ns.start(whittle.image("httpd", "linuxu"),
                      options=["--root", root, "--param", "log.level=2", *(w for p in params for w in ("--param", p))]) as guest:
            if serves:
                guest.wait_for(b"httpd: serving")
                guest.process.terminate()
            return guest.end()


@pytest.mark.parametrize("ip,message", [
    ("10.0.0.2", "the length of the network is missing"),
    ("10.0.0/24", "this is no address"),
    ("10.0.0.2/33", "the length of the network is 0 to 32"),
    ("10.0.0.2/24:gateway", 'this is no address: "gateway"'),
    ("10.0.0.2/24:10.0.0.1:x", 'this is no address: "x"'),
    ("10.0.0.0/24", 'no interface of that network can have "10.0.0.0"'),
    ("10.0.0.255/24", "no interface of that network can have"),
    ("0.0.0.0/24", "no interface of that network can have"),
    ("127.0.0.1/8", "no interface of that network can have"),
    ("224.0.0.1/32", "no interface of that network can have"),
    ("10.0.0.2/24:10.0.1.1", 'this gateway is no neighbour of ours: "10.0.1.1"'),
    ("10.0.0.2/24:10.0.0.2", "this gateway is no neighbour of ours"),
    ("10.0.0.2/24:10.0.0.1:::%s" % ("h" * 65), "this name is longer than 64 letters"),
])
def test_wrong_addresses(root, ip, message):
    result = started(root, "netdev.ip=" + ip)
    assert result.status == 1 and not result.out and message in result.err.decode(), result


@pytest.mark.parametrize("ip6", ["fd00::2", "fd00::x/64", "fd00::2/129", "ff02::1/64", "::1/64", "::/64"])
def test_wrong_addresses_of_ipv6(root, ip6):
    result = started(root, "netdev.ip=10.0.0.2/24", "netdev.ip6=" + ip6)
    assert result.status == 1 and not result.out, result
    assert "netdev.ip6=%s: this is no address/length of an interface" % ip6 in result.err.decode(), result


@pytest.mark.parametrize("ip", ["10.0.0.1/31:10.0.0.0", "10.0.0.2/32:192.0.2.1", "10.1.0.0/15", "192.168.1.2/24::10.9.9.9"])
def test_right_addresses(root, ip):
    """Of short networks the first and last address count, and one address has its gateway elsewhere."""
    result = started(root, "netdev.ip=" + ip, serves=True)
    assert "eth0: " + ip.split("/")[0] in result.err.decode() and b"error" not in result.err, result


def test_more_addresses_than_devices(root):
    result = started(root, "netdev.ip=[ 10.0.0.2/24 10.0.1.2/24 none ]", "netdev.ip6=[ fd00::2/64 fd00::3/64 ]", serves=True)
    assert b'netdev.ip=: no network device for "10.0.1.2/24 none' in result.err, result
    assert b'netdev.ip6=: no network device for "fd00::3/64' in result.err and b"there are 1" in result.err, result


def test_no_answer_from_dhcp(root):
    with Namespace() as ns:
        with ns.start(whittle.image("httpd", "linuxu"),
                      options=["--root", root, "--param", "netdev.wait=200"]) as guest:
            guest.wait_for(b"httpd: serving")
            guest.process.terminate()
            assert b"no answer from DHCP within 200 ms" in guest.end().err


def test_dhcp(root):
    """QEMU's user network gives an address, and ports lead to it."""
    img = whittle.image("httpd", "kvm")
    port = free_port()
    command = [os.path.join(whittle.ROOT, "support/run"), img, "--root", root, "--publish", "%d:80" % port]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout.readline().startswith(b"httpd: serving")
            with socket.create_connection(("127.0.0.1", port), timeout=20) as c:
                assert get(c)[1] == PAGE
        finally:
            run.terminate()
