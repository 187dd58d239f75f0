# SPDX-License-Identifier: BSD-3-Clause
"""Rows about servers as processes of this machine: the time of a request, beside that of Debian's build of the same program.

The servers have one of the machine's CPUs, clients the others. They run side by side, each in a network namespace, and are asked in turn, since a
machine that others use as well is now faster and now slower. Debian's program sees a root of its own, with the files that the image has in its initrd.
"""
import contextlib
import os
import re
import shlex
import shutil
import stat
import statistics
import subprocess
import time

import debian
import linuxtiny
import netlab
import netrows
import rows as others
import tools
from report import Row

TURNS, TIMES, SECONDS = 5, 3, 1
WARM = 0.5                  # seconds until all connections are there
DEVICES = {"null": (1, 3), "urandom": (1, 9)}
ADDRESS = {"hostnet": netlab.HOST, "tap": netlab.GUEST, "native": netlab.HOST}


def _root(folder, files):
    """Lays out {path: a file's path here, or its bytes} as the root of a program's file system."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, what in {**files, "tmp/.keep": b"", "dev/.keep": b""}.items():
        out = os.path.join(folder, path)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out, "wb") as f:
            f.write(what if isinstance(what, bytes) else tools.read(what))
        if not isinstance(what, bytes):
            os.chmod(out, 0o755)
    for name, (major, minor) in DEVICES.items():
        os.mknod(os.path.join(folder, "dev", name), stat.S_IFCHR | 0o666, os.makedev(major, minor))
    return folder


def _commands(bench, server):
    """{way: the server's command line}: as an image with either network, and Debian's."""
    image = [netlab.RUN, bench.images.build(server.name, "linuxu"), "--initrd",
             linuxtiny.write_initrd(os.path.join(bench.scratch, server.name + "-process.cpio"), server.files)]
    root = _root(os.path.join(bench.scratch, server.name + "-root"), server.debian())
    return {"native": ["chroot", root, "/" + server.program, *server.words],
            "hostnet": [*image, "--", *server.words],
            "tap": [*image, *netlab.on_tap(), "--", *server.words]}


def _wrk(inside, address, threads):
    said = tools.call(inside(["wrk", "-t%d" % threads, "-c30", "-d%d" % SECONDS, "http://%s/" % address]), timeout=120)
    return float(re.search(r"Requests/sec: *([0-9.]+)", said)[1])


def _benchmark(batch):
    """With several threads redis-benchmark knows only to a quarter of a second when it ended: the server is asked how many commands it ran."""
    def rate(inside, address, threads):
        def at():
            said = tools.call(inside(["redis-cli", "-h", address, "info", "stats"]), timeout=60)
            return time.monotonic(), int(re.search(r"total_commands_processed:(\d+)", said)[1])
        words = ["redis-benchmark", "-h", address, "-t", "get", "-c", "30", "-P", str(batch), "-n", "1000000000", "--threads", str(threads), "-q"]
        with subprocess.Popen(inside(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as client:
            try:
                time.sleep(WARM)
                start = at()
                time.sleep(SECONDS)
                end = at()
                if client.poll() is not None:
                    raise tools.BenchError("%s: ended with status %d" % (shlex.join(words), client.returncode))
            finally:
                client.terminate()
        return (end[1] - start[1]) / (end[0] - start[0])
    return rate


def _key(server, way, end):
    return "%s-%s%s" % (server, way, end)


def _measure(name, clients):
    """`clients`: {what the rows' keys end with: a function that lets a client ask for SECONDS, and returns how many requests a second}."""
    def fill(bench, rows):
        cpus = others.several_cpus(rows)
        if not cpus:
            return
        server = netrows.SERVERS[name]
        asked = {way: [end for end in clients if _key(name, way, end) in rows] for way in ("hostnet", "tap")}
        asked["native"] = [end for end in clients if any(end in ends for ends in asked.values())]
        rates = {}
        for _ in range(TURNS):
            with contextlib.ExitStack() as stack:
                nets = {}
                for way, command in _commands(bench, server).items():
                    if asked[way]:
                        nets[way] = stack.enter_context(netlab.Network())
                        stack.enter_context(netlab.serving(nets[way], command, ADDRESS[way], server.port, cpus[:1]))
                for end, way in [(end, way) for _ in range(TIMES) for end in clients for way in nets if end in asked[way]]:
                    rates.setdefault((way, end), []).append(clients[end](
                        lambda words, net=nets[way]: net.inside(netlab.on(cpus[1:], words)), ADDRESS[way], min(2, len(cpus) - 1)))
        for way in "hostnet", "tap":
            for end in asked[way]:
                row, found, native = rows[_key(name, way, end)], rates[way, end], rates["native", end]
                row.ours, row.linux = 1e6 / statistics.median(found), 1e6 / statistics.median(native)
                row.samples.update(ours=found, linux=native)
    return fill


HOW = ("one second divided by requests a second, median of %d; servers side by side on one CPU, started %d times, and %%s with 30 connections on others asks "
       "one after the other; Linux: Debian's program on this machine, the same files" % (TURNS * TIMES, TURNS))
WRK, BENCHMARK = HOW % "wrk", HOW % "redis-benchmark"
AS_FAST = 1 / 0.95      # of the native program's requests a second
GROUPS = [
    (_measure("nginx", {"": _wrk}), [
        Row("nginx-hostnet", "nginx as a process with the host's sockets: a request", "us", AS_FAST, "linux", how=WRK),
        Row("nginx-tap", "nginx as a process with lwip over TAP: a request", "us", how=WRK)]),
    (_measure("redis", {"": _benchmark(1), "-p16": _benchmark(16)}), [
        Row("redis-hostnet", "redis as a process with the host's sockets: GET", "us", AS_FAST, "linux", how=BENCHMARK),
        Row("redis-hostnet-p16", "redis: the same, 16 at a time", "us", AS_FAST, "linux", how=BENCHMARK),
        Row("redis-tap", "redis as a process with lwip over TAP: GET", "us", how=BENCHMARK),
        Row("redis-tap-p16", "redis: the same, 16 at a time", "us", how=BENCHMARK)]),
]
