# SPDX-License-Identifier: BSD-3-Clause
"""Rows about servers: what a request, a packet or a megabyte costs the guest (netlab.py).

The Linux guest runs Debian's own builds, with the same configuration files and the same clients.
"""
import os
import re
import subprocess
import sys
from dataclasses import replace

import debian
import guest
import linuxtiny
import netlab
import rows as others
import tools
from report import Row

PAGE = b"x" * 612       # as long as nginx's own welcome page
NGINX = b"""worker_processes 1;
daemon off;
master_process off;
pid /tmp/nginx.pid;
error_log /dev/null crit;
events { worker_connections 256; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 65;
	keepalive_requests 100000000;
	open_file_cache max=100;
	default_type text/html;
	server { listen 80; root /www; index index.html; }
}
"""
REDIS = b"""bind 0.0.0.0
protected-mode no
save ""
appendonly no
dir /tmp
loglevel warning
"""
ACCOUNTS = {"etc/passwd": b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:\n",
            "etc/group": b"root:x:0:\nnogroup:x:65534:\n"}
LISTENS = "Server listening"
LARGE = 256             # MiB that bench-tcp sends
IPERF3 = 2048           # and iperf3, so that its end does not count: its threads compute until the other side has said that it is done


class Program:
    """A server: where Debian has it, its words, its port, the files that it reads."""

    def __init__(self, name, program, words, port, files):
        self.name, self.program, self.words, self.port = name, program, words, port
        self.files = dict(ACCOUNTS, **files)

    def ours(self, bench, memory="128M", arch="x86_64"):
        initrd = linuxtiny.write_initrd(os.path.join(bench.scratch, self.name + "-ours.cpio"), self.files)
        return guest.Guest(bench.kernel(self.name, arch), "netdev.ip=%s/%d -- %s" % (
            netlab.GUEST, netlab.PREFIX, " ".join(self.words)), initrd, memory, guest.MACHINES[arch], arch)

    def debian(self):
        """{path: file} with Debian's build of it."""
        files = dict(self.files, **debian.files(debian.root(), self.program))
        # Debian's nginx opens a log before it has read its configuration, and makes folders for bodies.
        files.update({"var/log/nginx/.keep": b"", "var/lib/nginx/.keep": b""})
        return files

    def linux(self, bench, memory="128M"):
        init = os.path.join(bench.scratch, "net-init")
        tools.call([tools.stock_musl(["-O2"]), "-O2", "-static", "-s", "-o", init,
                    os.path.join(tools.HERE, "linux-init.c")])
        initrd = linuxtiny.write_initrd(os.path.join(bench.scratch, self.name + "-linux.cpio"), dict(self.debian(), init=init))
        return bench.linux.guest(initrd, ["/" + self.program] + self.words, memory, counted=False,
                                 address=netlab.GUEST)

    def guests(self, bench):
        """{column: guest} of what is compared."""
        found = {"ours": self.ours(bench)}
        if bench.linux:
            found["linux"] = self.linux(bench)
        return found


SERVERS = {p.name: p for p in [
    Program("nginx", "usr/sbin/nginx", ["-c", "/etc/nginx.conf"], 80,
            {"etc/nginx.conf": NGINX, "www/index.html": PAGE}),
    Program("redis", "usr/bin/redis-server", ["/etc/redis.conf"], 6379, {"etc/redis.conf": REDIS}),
    Program("iperf3", "usr/bin/iperf3", ["-s"], 5201, {}),
]}


def _requests(bench, rows, name, asked, mmio=False):
    measure_requests(rows, SERVERS[name], SERVERS[name].guests(bench), bench.kit, asked, mmio)


def measure_requests(rows, server, guests, kit, asked, mmio=False):
    """Fills {row's key: (connections, rounds, batch, kind)} for {column: guest}; with `mmio`, counts device accesses."""
    asked = {key: words for key, words in asked.items() if key in rows}
    for column, machine in guests.items() if asked else ():
        with netlab.Network() as net, netlab.Server(net, machine, kit.plugin, mmio) as running:
            running.wait(server.port)
            for key, words in asked.items():
                client = [kit.lockstep, netlab.GUEST, str(server.port), *map(str, words)]
                running.spend(client)           # once unmeasured: caches of files, first connections
                spent, said = running.spend(client)
                n = int(re.search(r"requests (\d+)", said)[1])
                setattr(rows[key], column, (spent.device if mmio else spent.cost) / n)
                rows[key].samples[column] = {
                    "requests": n, "instructions": spent.cost, "kernel": spent.high, "rep": spent.rep,
                    "halts": spent.hlt, "devices": spent.device}


def nginx(bench, rows):
    _requests(bench, rows, "nginx", {"nginx-c30": (30, 300, 1, "http"), "nginx-c1": (1, 4000, 1, "http"),
                                      "nginx-new": (30, 100, 1, "new")})


def nginx_devices(bench, rows):
    _requests(bench, rows, "nginx", {"nginx-accesses": (30, 100, 1, "http")}, mmio=True)


def redis(bench, rows):
    _requests(bench, rows, "redis", {
        "redis-get": (30, 300, 1, "get"), "redis-get-c1": (1, 3000, 1, "get"), "redis-get-p16": (30, 200, 16, "get"),
        "redis-set-p16": (30, 200, 16, "set")})


def redis_accesses(bench, rows):
    _requests(bench, rows, "redis", {"redis-accesses": (30, 100, 1, "get")}, mmio=True)


def iperf3(bench, rows):
    server = SERVERS["iperf3"]
    asked = {"iperf3-in": [], "iperf3-out": ["-R"]}
    for column, machine in server.guests(bench).items():
        with netlab.Network() as net, netlab.Server(net, machine, bench.kit.plugin) as running:
            running.wait(server.port)
            def spend(*words):
                """It closes its listener after each test: who comes before there is the next one is refused."""
                before = running.said().count(LISTENS)
                spent, _ = running.spend(["iperf3", "-c", netlab.GUEST, *words])
                running.wait_for(LISTENS, before + 1)
                return spent

            # What is done once is no megabyte's: Linux takes 400 M instructions for the first one.
            spend("-n", "16M")
            for key, words in asked.items():
                if key not in rows:
                    continue
                spent = spend("-n", "%dM" % IPERF3, *words)
                setattr(rows[key], column, spent.cost / IPERF3)
                rows[key].samples[column] = {"instructions": spent.cost, "rep": spent.rep,
                                             "halts": spent.hlt}


# Somebody at the port of bench-udp, who does not listen: the host would answer that nobody is there.
SINK = """import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((%r, 9))
print("bound", flush=True)
signal.pause()
"""


def udp(bench, rows):
    """To a neighbour that answers ARP, by a device that makes checksums."""
    machines = {"ours": guest.Guest(bench.images.build("bench-udp"), "netdev.ip=%s/%d -- %s" % (
        netlab.GUEST, netlab.PREFIX, netlab.HOST))}
    if bench.linux:
        machines["linux"] = bench.linux_program("bench-udp", ["main.c"], [netlab.HOST], address=netlab.GUEST)
    for column, machine in machines.items():
        with netlab.Network() as net, subprocess.Popen(net.inside([sys.executable, "-c", SINK % netlab.HOST]),
                                                       stdout=subprocess.PIPE) as sink:
            try:
                sink.stdout.readline()
                machine = replace(machine, machine=netlab.MACHINE, devices=netlab.DEVICE, inside=tuple(net.inside([])))
                others.fill(rows, "net-udp-", column, guest.must(machine, plugin=bench.kit.plugin, timeout=600))
            finally:
                sink.terminate()


# The client of bench-tcp: address, port, what it wants, MiB.
BULK = """import socket, struct, sys
address, port, what, n = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), int(sys.argv[4]) << 20
s = socket.create_connection((address, port), 60)
piece = bytearray(128 << 10)
if what == b"i":
    s.sendall(b"i")
    for _ in range(n // len(piece)):
        s.sendall(piece)
    s.shutdown(socket.SHUT_WR)
    assert struct.unpack("<Q", s.recv(8, socket.MSG_WAITALL))[0] == n
else:
    s.sendall(b"o" + struct.pack("<Q", n))
    got = 0
    while more := s.recv_into(piece):
        got += more
    assert got == n, got
"""


def bulk(bench, rows):
    machines = {"ours": guest.Guest(bench.images.build("bench-tcp"), "netdev.ip=%s/%d" % (
        netlab.GUEST, netlab.PREFIX))}
    if bench.linux:
        machines["linux"] = bench.linux_program("bench-tcp", ["main.c"], [], counted=False, address=netlab.GUEST)
    for column, machine in machines.items():
        with netlab.Network() as net, netlab.Server(net, machine, bench.kit.plugin) as running:
            running.wait(5201)
            for key, row in rows.items():
                client = [sys.executable, "-c", BULK, netlab.GUEST, "5201", "i" if key == "net-tcp-in" else "o"]
                running.spend(client + ["16"])  # once unmeasured: memory, windows
                spent, _ = running.spend(client + [str(LARGE)])
                setattr(row, column, spent.cost / LARGE)
                row.samples[column] = {"instructions": spent.cost, "rep": spent.rep, "halts": spent.hlt,
                                       "devices": spent.device}


def sizes(bench, rows):
    for key, row in rows.items():
        row.ours = os.path.getsize(bench.images.build(key.split("-")[0]))


COUNTED = ("guest instructions under QEMU TCG, without rep iterations, over TAP and virtio-net on PCI; "
           "a client in lock step that sends an exact number of requests; Linux runs Debian's build; "
           "exact to about 2 %")
BYTES = ("guest instructions under QEMU TCG, without rep iterations, over TAP and virtio-net on PCI; of %d MiB; "
         "Linux runs the same source with the same flags and libc" % LARGE)

GROUPS = [
    (sizes, [
        Row("nginx-size", "nginx: image", "bytes", 900000, how="size of the bootable file"),
        Row("redis-size", "redis: image", "bytes", 1800000, how="size of the bootable file")]),
    (nginx, [
        Row("nginx-c30", "nginx: a request for 612 bytes, 30 connections", "instr.", 18000,
            how=COUNTED),
        Row("nginx-c1", "nginx: the same, one connection", "instr.", 20000,
            how=COUNTED + " (6 % with one connection)"),
        Row("nginx-new", "nginx: the same on a connection of its own, 30 at a time", "instr.", how=COUNTED)]),
    (nginx_devices, [
        Row("nginx-accesses", "nginx: device accesses a request, 30 connections", "count", 1.0,
            how="port and memory-mapped I/O, each would leave the guest under KVM")]),
    (redis, [
        Row("redis-get", "redis: GET, 30 connections", "instr.", 7500, how=COUNTED),
        Row("redis-get-c1", "redis: the same, one connection", "instr.", how=COUNTED),
        Row("redis-get-p16", "redis: GET, 30 connections, 16 at a time", "instr.", 3800, how=COUNTED),
        Row("redis-set-p16", "redis: SET, 30 connections, 16 at a time", "instr.", 4900, how=COUNTED)]),
    (redis_accesses, [
        Row("redis-accesses", "redis: device accesses a GET, 30 connections", "count",
            how="port and memory-mapped I/O, each would leave the guest under KVM")]),
    (udp, [
        Row("net-udp-send", "UDP, 18 bytes, send() on a socket, each by itself", "instr.", 500,
            how=others.EXACT + "; virtio-net on PCI and TAP; who sends waits for room, and nothing is lost"),
        Row("net-udp-sendto", "the same with sendto()", "instr.", 500, how=others.EXACT)]),
    (bulk, [
        Row("net-tcp-in", "TCP: a MiB to a program that reads 128 KiB at a time", "instr.", 400000,
            how=BYTES),
        Row("net-tcp-out", "TCP: a MiB from one that writes so", "instr.", 200000, how=BYTES)]),
    (iperf3, [
        Row("iperf3-in", "iperf3: a MiB to the guest", "instr.", 400000, how=COUNTED + "; of %d MiB" % IPERF3),
        Row("iperf3-out", "iperf3: a MiB from the guest", "instr.", 200000, how=COUNTED + "; of %d MiB" % IPERF3)]),
]
