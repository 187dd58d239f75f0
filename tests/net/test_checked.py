# SPDX-License-Identifier: BSD-3-Clause
"""Traffic on two CPUs in images that look at every spin lock that is taken, and at memory: no order of locks contradicts another, no
assertion of lwIP's fails, and no two CPUs use the same bytes at once."""
import random
import socket
import threading
import time

import pytest

import whittle
from netns import GUEST, HOST, Namespace

pytestmark = pytest.mark.not_smp("with a number of CPUs of its own")

CONFIGS = ["smp lockcheck", pytest.param("kcsan", marks=pytest.mark.slow)]
BIG = random.Random(4).randbytes(3_000_000)


def options(plat):
    return ["--smp", "2", "--memory", "96M"] if plat == "kvm" else ["--param", "smp.cpus=2"]


def talk(ns, port, ask, want, times):
    """One connection after the other, each with one question, whose answer ends so."""
    for _ in range(times):
        with ns.inside():
            s = socket.create_connection((GUEST, port), timeout=60)
        with s:
            s.sendall(ask)
            got = b""
            while not got.endswith(want):
                more = s.recv(65536)
                assert more, got[-100:]
                got += more


def clients(*talks):
    """All at the same time."""
    failed = []

    def one(args):
        try:
            talk(*args)
        except Exception as e:
            failed.append((args[1:3], e))
    threads = [threading.Thread(target=one, args=(a,)) for a in talks]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return failed


def check(guest, failed):
    guest.process.terminate()
    err = guest.end().err
    assert b"[whittle]" not in err and b"CRASH" not in err and not failed, (failed, err.decode(errors="replace"))


@pytest.mark.parametrize("mtu", [1500, 9000])
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_httpd(plat, configs, mtu, tmp_path):
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.html").write_bytes(BIG[-1000:])
    (tmp_path / "www/big").write_bytes(BIG)
    img = whittle.image("httpd", plat, configs=configs)
    with Namespace(mtu) as ns, ns.start(img, options=[
            *options(plat), "--root", str(tmp_path), "--param", "netdev.ip=%s/24:%s" % (GUEST, HOST)]) as guest:
        guest.wait_for(b"httpd: serving")
        page, big = (b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"", b"big"))
        slow = []
        for _ in range(10):  # these do not read, and lwIP asks them whether there is room: seconds later
            with ns.inside():
                slow.append(socket.create_connection((GUEST, 80), timeout=60))
            slow[-1].sendall(big)
        failed = clients(*[(ns, 80, page, BIG[-20:], 60)] * 3, *[(ns, 80, big, BIG[-20:], 5)] * 3)
        time.sleep(2)
        for s in slow:
            s.close()
        check(guest, failed + clients((ns, 80, page, BIG[-20:], 3)))


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_udpecho(plat, configs):
    img = whittle.image("udpecho", plat, configs=configs)
    with Namespace() as ns, ns.start(img, GUEST, "1000000", options=options(plat)) as guest:
        guest.wait_for(b"udpecho: ")
        with ns.inside():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with s:
            s.settimeout(30)
            s.connect((GUEST, 7))
            for i in range(300):
                s.send(b"%d" % i)
                assert s.recv(100) == b"%d" % i
        check(guest, [])


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_sockets(plat, configs):
    """Every call that there is for sockets; the answers are compared with Linux's elsewhere."""
    r = whittle.run(whittle.image("sockettest", plat, configs=configs), options=[*options(plat), "--net", "none"], timeout=300)
    said = [line for line in r.err.splitlines() if b"[whittle]" in line and b"wait to be accepted" not in line]
    assert r.status == 0 and not said, r


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_redis(plat, configs):
    """With what it does in threads of its own: values are let go of by another thread."""
    img = whittle.image("redis", plat, configs=configs)
    with Namespace() as ns, ns.start(img, "--protected-mode", "no", "--save", "", "--lazyfree-lazy-user-del", "yes", options=[
            *options(plat), "--param", "netdev.ip=%s/24" % GUEST]) as guest:
        ns.reachable(6379, guest)
        ask = b"".join(b"RPUSH l%d a b c\r\nINCR n\r\n" % (i % 70) for i in range(300))
        check(guest, clients(*[(ns, 6379, ask + b"DEL l1 l2 l3\r\nECHO end\r\n", b"end\r\n", 10)] * 4))
