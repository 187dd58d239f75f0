# SPDX-License-Identifier: BSD-3-Clause
"""Rows about a server whose threads run on two CPUs: the time of a request, of that on one.

The clients run on the machine's other CPUs, if it has more than two. Linux is this machine, where the same program is a process.
"""
import contextlib
import os
import re
import subprocess
import sys

import netlab
import tools
from report import Row

RUN = os.path.join(tools.ROOT, "support", "run")
ROUNDS = {"smp-serve": 10000, "smp-serve-more": 100000, "smp-serve-kvm": 10000, "smp-serve-kvm-more": 100000}
SECONDS, TURNS = 3, 3


@contextlib.contextmanager
def serving(net, command, address, cpus):
    """`command` runs on these CPUs, and answers."""
    words = net.inside(["taskset", "-c", ",".join(map(str, cpus)), *command])
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as p:
        try:
            tools.call(net.inside([sys.executable, "-c", netlab.PROBE % (60, address, 80)]))
            yield
        finally:
            p.terminate()


def rate(command, address, on, clients):
    """Requests a second."""
    with netlab.Network() as net, serving(net, command, address, on):
        said = tools.call(net.inside(["taskset", "-c", ",".join(map(str, clients)), "wrk", "-t2", "-c30", "-d%d" % SECONDS,
                                      "http://%s/" % address]), timeout=120)
    return float(re.search(r"Requests/sec: *([0-9.]+)", said)[1])


def serve(bench, rows):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        for row in rows.values():
            row.note = "needs two CPUs"
        return
    clients = cpus[2:] or cpus
    native = tools.linux_program(bench.images, os.path.join(bench.scratch, "main.c", "bench-serve"), "bench-serve", ["main.c"])
    for key, row in rows.items():
        def ours(n, plat="kvm" if "-kvm" in key else "linuxu"):
            return [RUN, bench.images.build("bench-serve", plat), "--net", "tap:" + netlab.TAP, "--smp", str(n), "--param",
                    "netdev.ip=%s/%d" % (netlab.GUEST, netlab.PREFIX), "--"], netlab.GUEST
        for _ in range(TURNS):
            for column, server in ("ours", ours), ("linux", lambda n: ([native], netlab.HOST)):
                for n in 1, 2:
                    command, address = server(n)
                    row.samples.setdefault("%s-%d" % (column, n), []).append(
                        rate([*command, str(n), str(ROUNDS[key])], address, cpus[:n], clients))
        for column in "ours", "linux":
            setattr(row, column, 100 * max(row.samples[column + "-1"]) / max(row.samples[column + "-2"]))


HOW = ("requests a second by wrk with 30 connections, of a server with a thread for each CPU (apps/bench-serve), best of %d on one, divided "
       "by the best on two; Linux: the same as a process of this machine" % TURNS)
GROUPS = [
    (serve, [
        Row("smp-serve", "a server of 2 threads, 60,000 instructions a request: time on 2 CPUs, of that on 1", "%", how=HOW),
        Row("smp-serve-more", "the same, 600,000 instructions", "%", 100 / 1.7, how=HOW),
        Row("smp-serve-kvm", "the same on kvm, 60,000 instructions", "%", how=HOW),
        Row("smp-serve-kvm-more", "the same on kvm, 600,000 instructions", "%", 100 / 1.7, how=HOW)]),
]
