# SPDX-License-Identifier: BSD-3-Clause
"""The clients that people have (curl, wrk, ab, redis-benchmark) against nginx and redis, over each way there is to reach
an image: a TAP interface behind virtio over MMIO and PCI or as a Linux process's, ports published by QEMU, the host's own sockets.
None of their requests fails."""
import contextlib
import os
import random
import re
import socket
import time

import pytest

import whittle
from netns import GUEST, Guest, Namespace, do, free_port

BIG = random.Random(7).randbytes(5 << 20)
TAPS = {"microvm": ("kvm", ["--machine", "microvm"]), "q35": ("kvm", ["--machine", "q35"]), "linuxu": ("linuxu", [])}
WAYS = [*TAPS, "published-microvm", "published-q35", "hostnet"]
REDIS = ["--protected-mode", "no", "--save", ""]


class Site:
    """A server, and a way to run clients there: do(words, timeout=), with so many connections each."""

    def __init__(self, do, host, port, connections):
        self.do, self.host, self.port, self.connections = do, host, port, str(connections)


@contextlib.contextmanager
def served(way, app, port, *args, options=()):
    """The application, reached in this way; `port` is what it listens at."""
    if way in TAPS:
        plat, machine = TAPS[way]
        with Namespace() as ns, ns.start(whittle.image(app, plat), *args,
                                         options=[*machine, *options, "--param", "netdev.ip=%s/24" % GUEST]) as guest:
            ns.reachable(port, guest)
            yield Site(ns.do, GUEST, port, 30)
        return
    plat, machine = ("linuxu", []) if way == "hostnet" else ("kvm", ["--machine", way.split("-")[1]])
    here = free_port()
    with Guest([os.path.join(whittle.ROOT, "support/run"), whittle.image(app, plat), *machine, *options,
                "--publish", "%d:%d" % (here, port), "--", *args]) as guest:
        answers(here, guest)
        # QEMU listens with a backlog of 1: of many at once the host lets most wait, for a second, two, four...
        yield Site(do, "127.0.0.1", here, 30 if way == "hostnet" else 2)


def answers(port, guest, timeout=40):
    """Until it does: QEMU takes a connection before there is a server behind it."""
    end = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            s.sendall(b"PING\r\n\r\n")
            if s.recv(1):
                return
        assert guest.process.poll() is None and time.monotonic() < end, guest.end(1)
        time.sleep(0.1)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients") / "root"
    do("cp", "-r", os.path.join(whittle.ROOT, "apps/nginx/root"), str(folder), timeout=20)
    (folder / "www/big.bin").write_bytes(BIG)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_nginx(root, way):
    with served(way, "nginx", 80, options=["--root", str(root)]) as site:
        url = "http://%s:%d/" % (site.host, site.port)
        assert site.do("curl", "-sS", "--fail", url + "big.bin", timeout=100) == BIG
        out = site.do("wrk", "-t", "2", "-c", site.connections, "-d", "2s", url, timeout=60).decode()
        count = re.search(r"(\d+) requests in", out)
        assert count and int(count.group(1)) > 50 and "Socket errors" not in out and "Non-2xx" not in out, out
        out = site.do("ab", "-q", "-k", "-n", "500", "-c", site.connections, url, timeout=100).decode()
        assert re.search(r"Complete requests: +500\n", out) and re.search(r"Failed requests: +0\n", out), out


@pytest.mark.parametrize("way", WAYS)
def test_redis(way):
    with served(way, "redis", 6379, *REDIS) as site:
        for more in [], ["-P", "16"]:
            out = site.do("redis-benchmark", "-h", site.host, "-p", str(site.port), "-n", "2000", "-c", site.connections, "--csv", *more,
                          "-t", "ping_inline,set,get,lpush,lrange_100", timeout=200).decode()
            rates = re.findall(r'^"([^"]+)","([\d.]+)"', out, re.M)
            assert len(rates) >= 5 and all(float(rate) > 0 for _, rate in rates) and "rror" not in out, out
