# SPDX-License-Identifier: BSD-3-Clause
"""Servers in guests, asked over a TAP device in a network namespace of its own, and counted.

The host's side of the network is HOST, the guest's GUEST. Needs root: `ip netns` and `ip tuntap`.
"""
import contextlib
import itertools
import os
import shlex
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import fields, replace

import counters
import guest
import tools

HOST, GUEST, PREFIX = "10.99.0.1", "10.99.0.2", 24
TAP = "tap0"
RUN = os.path.join(tools.ROOT, "support", "run")
DEVICE = ("-netdev", "tap,id=net0,ifname=%s,script=no,downscript=no" % TAP,
          "-device", "virtio-net-pci,netdev=net0")
# As support/run gives it to machines with a device tree.
DEVICE_VIRT = (*DEVICE[:2], "-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net0")
MACHINE = "pc"
_count = itertools.count(1)
PROBE = """import socket, sys, time
end = time.monotonic() + %d
while time.monotonic() < end:
    try:
        socket.create_connection((%r, %d), 0.5).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
"""


class Network:
    """A namespace with the TAP device; `with` removes it again."""

    def __init__(self):
        self.name = "whittle-bench-%d-%d" % (os.getpid(), next(_count))

    def __enter__(self):
        if os.geteuid():
            raise tools.BenchError("a network namespace needs root: run as root, or leave out the "
                                   "rows that begin with net-")
        tools.call(["ip", "netns", "add", self.name])
        try:
            for words in ("ip link set lo up", "ip tuntap add %s mode tap" % TAP,
                          # Without this the host sends neighbour discovery into the measurement.
                          "sysctl -qw net.ipv6.conf.%s.disable_ipv6=1" % TAP,
                          "ip addr add %s/%d dev %s" % (HOST, PREFIX, TAP),
                          "ip link set %s up" % TAP):
                tools.call(self.inside(words.split()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        tools.call(["ip", "netns", "del", self.name])

    def inside(self, command):
        return ["ip", "netns", "exec", self.name] + command


def on(cpus, command):
    """`command` on these CPUs."""
    return ["taskset", "-c", ",".join(map(str, cpus)), *command]


def _pinned(command, which):
    """On one of the CPUs that we may use: server and client do not take turns on one."""
    cpus = sorted(os.sched_getaffinity(0))
    return on([cpus[which % len(cpus)]], command)


def on_tap():
    """Words of support/run that give an image this network."""
    return ["--net", "tap:" + TAP, "--param", "netdev.ip=%s/%d" % (GUEST, PREFIX)]


@contextlib.contextmanager
def serving(network, command, address, port, cpus):
    """A process of this machine that serves: `command` runs on these CPUs, and answers."""
    with subprocess.Popen(network.inside(on(cpus, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as p:
        try:
            tools.call(network.inside([sys.executable, "-c", PROBE % (60, address, port)]))
            yield
        finally:
            p.terminate()


class Server:
    """A guest that serves, running in `network`; `with` stops it. `mmio`: device memory counts (slow)."""

    def __init__(self, network, machine, plugin, mmio=False):
        self.network, self.machine = network, machine
        self.scratch = tempfile.TemporaryDirectory()
        self.shared = os.path.join(self.scratch.name, "counters")
        self.serial = os.path.join(self.scratch.name, "serial")
        # As guest.run() has it, but with a network and no pretended clock: the client's is real.
        if machine.arch == "x86_64":
            machine = replace(machine, machine=MACHINE)
        self.command = [w for w in machine.command() if w != "stdio"]
        self.command.insert(self.command.index("-serial") + 1, "file:" + self.serial)
        self.command += [*(DEVICE if machine.arch == "x86_64" else DEVICE_VIRT), "-plugin", "%s,out=/dev/null,shm=%s%s" % (
            plugin, self.shared, ",mmio=on" if mmio else "")]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.network.inside(_pinned(self.command, 0)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.scratch.cleanup()

    def said(self):
        with contextlib.suppress(OSError):
            return tools.read(self.serial).decode(errors="replace")
        return ""

    def wait(self, port, seconds=60):
        """Until it answers on `port`, and then a moment: what a server does after its start is over."""
        done = subprocess.run(self.network.inside([sys.executable, "-c",
                                                   PROBE % (seconds, GUEST, port)]), check=False)
        if done.returncode or self.process.poll() is not None:
            raise guest.GuestError("%s does not answer on port %d\n  %s\n%s" % (
                os.path.basename(self.machine.kernel), port, shlex.join(self.command),
                self.said()[-2000:]))
        time.sleep(1.5)

    def wait_for(self, text, times, seconds=60):
        """Until it has said this so many times."""
        end = time.monotonic() + seconds
        while self.said().count(text) < times:
            if time.monotonic() > end or self.process.poll() is not None:
                raise guest.GuestError("%r was not said %d times:\n%s" % (text, times, self.said()[-2000:]))
            time.sleep(0.05)

    def now(self):
        names = [f.name for f in fields(counters.Counters) if f.name not in ("host_ns", "insns")]
        with open(self.shared, "rb") as f:
            values = dict(zip(names, struct.unpack("=%dQ" % len(names), f.read(8 * len(names)))))
        return counters.Counters(insns=values["low"] + values["high"], **values)

    def spend(self, command, timeout=300):
        """What the guest spends while `command` runs on the host's side, and what that printed."""
        before = self.now()
        done = subprocess.run(self.network.inside(_pinned(command, 1)), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=timeout, check=False)
        after = self.now()
        if done.returncode:
            raise guest.GuestError("%s\n  failed with status %d:\n%s\n%s" % (
                shlex.join(command), done.returncode, done.stdout[-2000:], self.said()[-2000:]))
        return after - before, done.stdout
