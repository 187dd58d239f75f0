# SPDX-License-Identifier: BSD-3-Clause
"""Rows about a server whose threads run on two CPUs: the time of a request, of that on one.

The clients run on the machine's other CPUs, if it has more than two. Of four, QEMU's own thread, which moves the packets, has one as well, for
one CPU of the guest and for two. Linux is this machine, where the same program is a process.
"""
import os
import re

import netlab
import rows as others
import tools
from report import Row

ROUNDS = {"smp-serve": 10000, "smp-serve-more": 100000, "smp-serve-kvm": 10000, "smp-serve-kvm-more": 100000}
SECONDS, TURNS = 3, 3


def rate(command, address, on, clients):
    """Requests a second."""
    with netlab.Network() as net, netlab.serving(net, command, address, 80, on):
        said = tools.call(net.inside(netlab.on(clients, ["wrk", "-t2", "-c30", "-d%d" % SECONDS, "http://%s/" % address])), timeout=120)
    return float(re.search(r"Requests/sec: *([0-9.]+)", said)[1])


def places(cpus, n, emulated):
    """The CPUs of this machine for a server of n threads, and those for its clients."""
    if emulated and len(cpus) > 3:
        return [*cpus[:n], cpus[2]], cpus[3:]
    return cpus[:n], cpus[2:] or cpus


def serve(bench, rows):
    cpus = others.several_cpus(rows)
    if not cpus:
        return
    native = tools.linux_program(bench.images, os.path.join(bench.scratch, "main.c", "bench-serve"), "bench-serve", ["main.c"])
    for key, row in rows.items():
        plat = "kvm" if "-kvm" in key else "linuxu"

        def ours(n, plat=plat):
            return [netlab.RUN, bench.images.build("bench-serve", plat), *netlab.on_tap(), "--smp", str(n), "--"], netlab.GUEST
        for _ in range(TURNS):
            for column, server in ("ours", ours), ("linux", lambda n: ([native], netlab.HOST)):
                for n in 1, 2:
                    command, address = server(n)
                    on, clients = places(cpus, n, server is ours and plat == "kvm")
                    row.samples.setdefault("%s-%d" % (column, n), []).append(
                        rate([*command, str(n), str(ROUNDS[key])], address, on, clients))
        for column in "ours", "linux":
            setattr(row, column, 100 * max(row.samples[column + "-1"]) / max(row.samples[column + "-2"]))


HOW = ("requests a second by wrk with 30 connections, of a server with a thread for each CPU (apps/bench-serve), best of %d on one, divided "
       "by the best on two; Linux: the same as a process of this machine" % TURNS)
GROUPS = [
    (serve, [
        Row("smp-serve", "a server of 2 threads, 60,000 instructions a request: time on 2 CPUs, of that on 1", "%", 100 / 1.7, how=HOW),
        Row("smp-serve-more", "the same, 600,000 instructions", "%", 100 / 1.7, how=HOW),
        Row("smp-serve-kvm", "the same on kvm, 60,000 instructions", "%", 100 / 1.7, how=HOW),
        Row("smp-serve-kvm-more", "the same on kvm, 600,000 instructions", "%", 100 / 1.7, how=HOW)]),
]
