# SPDX-License-Identifier: BSD-3-Clause
"""iperf3, source unchanged, with the distribution's as its other end: on each machine, both ways, as server and as client."""
import json
import os
import subprocess

import pytest

import whittle
from netns import GUEST, HOST, Guest, Namespace, do, free_port

PORT = 5201
BLOCK = 128 << 10  # what iperf3 writes at a time
MACHINES = {"microvm": ("kvm", ["--machine", "microvm"]), "q35": ("kvm", ["--machine", "q35"]), "linuxu": ("linuxu", [])}


def ask(do, host, port, *words):
    """A run of the client: the sums of its report."""
    report = json.loads(do("iperf3", "-c", host, "-p", str(port), "-J", *words, timeout=60))
    assert "error" not in report, report["error"]
    return report["end"]


class Server:
    """iperf3 closes its listener after each test: who comes before there is the next one is reset, or told that it is busy."""

    def __init__(self, ns, guest):
        self.ns, self.guest, self.times = ns, guest, 0
        self.wait()

    def wait(self):
        self.guest.wait_for(b"Server listening on %d" % PORT, times=self.times + 1)
        self.times = self.guest.out.count(b"Server listening on %d" % PORT)

    def ask(self, *words):
        end = ask(self.ns.do, GUEST, PORT, *words)
        self.wait()
        return end


@pytest.fixture(scope="module", params=MACHINES)
def server(request):
    plat, options = MACHINES[request.param]
    with Namespace() as ns:
        options = [*options, "--param", "netdev.ip=%s/24" % GUEST]
        with ns.start(whittle.image("iperf3", plat), "-s", "--forceflush", options=options) as guest:
            yield Server(ns, guest)


@pytest.mark.parametrize("words", [[], ["-R"], ["-P", "4"], ["-P", "4", "-R"], ["-N", "-l", "1000"], ["-w", "64K"],
                                   ["--dscp", "10"], ["-Z"], ["--bidir"]], ids=" ".join)
def test_tcp(server, words):
    check(server.ask("-t", "1", *words))


@pytest.mark.slow
def test_both_ways_at_once(server):
    """A notification that got lost stopped everything, once in some 200 of these: docs/network.md, "QEMU by hand"."""
    for _ in range(100):
        check(server.ask("-t", "1", "--bidir"))


def check(end):
    sent, received = end["sum_sent"]["bytes"], end["sum_received"]["bytes"]
    # A server that sends closes its sockets at the end: what has gone of a block then, it does not count.
    assert received > 1 << 20 and sent + BLOCK * len(end["streams"]) > received, (sent, received)
    assert end["sum_sent"]["retransmits"] >= 0  # from TCP_INFO of whoever sends


@pytest.mark.parametrize("words", [[], ["-R"]], ids=" ".join)
def test_udp(server, words):
    """Of so few, who does not get a CPU for half a second loses none: a socket has room for them."""
    end = server.ask("-t", "1", "-u", "-b", "2M", *words)
    assert end["sum"]["packets"] > 100 and end["sum"]["lost_percent"] < 5 and end["sum"]["jitter_ms"] < 100


@pytest.mark.parametrize("words,least", [(["-n", "5M"], 5 << 20), (["-n", "64M", "-R"], 64 << 20), (["-k", "40"], 40 * BLOCK)],
                         ids=["bytes", "bytes-R", "blocks"])
def test_until(server, words, least):
    assert server.ask(*words)["sum_received" if "-R" in words else "sum_sent"]["bytes"] >= least


def test_unknown_congestion_control(server):
    """An option that the image has not got: the client is told, and the next one is served."""
    with pytest.raises((AssertionError, subprocess.CalledProcessError)):
        server.ask("-t", "1", "-R", "-C", "vegas")
    server.wait()
    assert server.ask("-n", "1M")["sum_sent"]["bytes"] >= 1 << 20


def test_published_and_with_the_hosts_sockets():
    port = free_port()
    for plat in whittle.PLATFORMS:
        with Guest([os.path.join(whittle.ROOT, "support/run"), whittle.image("iperf3", plat), "--publish", "%d:%d" % (port, PORT),
                    "--", "-s", "--forceflush"]) as guest:
            guest.wait_for(b"Server listening")
            assert ask(do, "127.0.0.1", port, "-t", "1")["sum_received"]["bytes"] > 1 << 20


@pytest.mark.parametrize("machine", MACHINES)
def test_as_client(machine):
    plat, options = MACHINES[machine]
    with Namespace() as ns, Guest(ns.command("iperf3", "-s", "-1", "--forceflush")) as server:
        server.wait_for(b"Server listening")
        with ns.start(whittle.image("iperf3", plat), "-c", HOST, "-t", "1", "-J", "-R",
                      options=[*options, "--param", "netdev.ip=%s/24" % GUEST]) as guest:
            r = guest.end()
        assert r.status == 0 and json.loads(r.out)["end"]["sum_received"]["bytes"] > 1 << 20, r


def test_nobody_there():
    """Linux's word for it, on standard error, and status 1."""
    r = whittle.run(whittle.image("iperf3", "linuxu"), "-c", "127.0.0.1", "-p", "1", timeout=60)
    assert r.status == 1 and b"unable to connect to server" in r.err + r.out and b"Connection refused" in r.err + r.out, r
