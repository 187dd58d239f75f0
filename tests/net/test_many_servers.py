# SPDX-License-Identifier: BSD-3-Clause
"""Many connections to nginx and redis themselves: one after the other, a thousand at once, and some that never say anything. Every
request is answered, and the machine's memory does not grow any more after some rounds.

`slow`: 100,000 connections one after the other to nginx on kvm.
"""
import contextlib
import ctypes
import os
import re
import select
import shutil
import socket
import struct
import time

import pytest

import whittle
from netns import GUEST, Namespace
from test_memory import ARGS, PORT, root_of

MEMORY = 64     # MiB
AT_ONCE = 1000  # as many as nginx has descriptors for (RLIMIT_NOFILE is 1,024 as on Linux); of these
IDLE = 300      # say nothing until the end
# KiB that the last two rounds, of 1,500 connections each, may touch for the first time: blocks lie otherwise each time.
SLACK = {"nginx": 256, "redis": 1024}
# A heap takes some until its blocks lie where they stay, redis's more, and more where several CPUs serve.
ROUNDS = {("nginx", "kvm"): 8, ("nginx", "linuxu"): 8, ("redis", "kvm"): 8, ("redis", "linuxu"): 14}
ASK = {"nginx": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "redis": b"PING\r\n"}


class Server:
    def __init__(self, app, ns, guest):
        self.app, self.ns, self.guest = app, ns, guest

    def sockets(self, n):
        with self.ns.inside():
            return [socket.socket() for _ in range(n)]

    def ask(self, s):
        s.sendall(ASK[self.app])

    def answered(self, s):
        """One answer, all of it; nothing behind it."""
        if self.app == "redis":
            assert s.recv(100) == b"+PONG\r\n"
            return
        got = b""
        while b"\r\n\r\n" not in got:
            got += (more := s.recv(65536))
            assert more, got
        head, body = got.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 OK"), head
        left = int(re.search(rb"Content-Length: (\d+)", head).group(1)) - len(body)
        while left:
            left -= len(more := s.recv(left))
            assert more

    def one_after_the_other(self, n):
        for at in range(0, n, 100):         # so many are made with one change of the namespace
            for i, s in enumerate(self.sockets(min(100, n - at))):
                s.settimeout(20)
                s.connect((GUEST, PORT[self.app]))
                self.ask(s)
                self.answered(s)
                end(s, i)

    def at_once(self, n):
        """So many, begun in the same moment."""
        some, poll, start = {s.fileno(): s for s in self.sockets(n)}, select.poll(), time.monotonic()
        for s in some.values():
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                s.connect((GUEST, PORT[self.app]))
            poll.register(s, select.POLLOUT)
        left = set(some)
        while left:
            assert time.monotonic() < start + 30, "%d of %d do not connect" % (len(left), n)
            for fd, _ in poll.poll(100):
                assert not some[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                poll.unregister(fd)
                left.discard(fd)
        for s in some.values():
            s.settimeout(20)
        return list(some.values())

    def touched(self):
        """KiB of the machine's memory that it has used ever: what it gives back is used again."""
        pid = self.guest.process.pid
        while children := open("/proc/%d/task/%d/children" % (pid, pid)).read().split():
            pid = int(children[0])
        sizes = re.findall(r"^Size: +(\d+) kB\n.*?^Rss: +(\d+) kB", open("/proc/%d/smaps" % pid).read(), re.M | re.S)
        return sum(int(rss) for size, rss in sizes if self.is_memory(int(size)))

    def is_memory(self, size):
        return True


class Machine(Server):
    """QEMU's own memory is not the machine's, which is one mapping of its size (and a page of ours beside it)."""

    def is_memory(self, size):
        return size == MEMORY << 10


def end(s, i):
    """In order, or rudely."""
    if i % 3 == 0:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@contextlib.contextmanager
def small_pages():
    """What is started here has its memory in pages of 4 KiB, so that each that is touched counts (PR_SET_THP_DISABLE)."""
    libc = ctypes.CDLL(None)
    libc.prctl(41, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(41, 0, 0, 0, 0)


@contextlib.contextmanager
def serving(app, plat, tmp_path):
    root = root_of(app, tmp_path)
    if app == "nginx":
        root = str(shutil.copytree(root, tmp_path / "root"))
        conf = os.path.join(root, "etc/nginx/nginx.conf")
        text = open(conf).read()
        with open(conf, "w") as f:
            f.write(text.replace("worker_connections 1024", "worker_connections 4096"))
    img = whittle.image(app, plat)
    with Namespace() as ns:
        with small_pages():
            guest = ns.start(img, *ARGS.get(app, []), options=["--root", root, "--memory", "%dM" % MEMORY,
                                                               "--param", "netdev.ip=%s/24" % GUEST])
        with guest:
            ns.reachable(PORT[app], guest)
            yield {"kvm": Machine, "linuxu": Server}[plat](app, ns, guest)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("app", sorted(ASK))
def test_rounds(app, plat, tmp_path):
    with serving(app, plat, tmp_path) as server:
        idle, touched = server.at_once(IDLE), []
        assert server.touched() > 1024
        for _ in range(ROUNDS[app, plat]):
            server.one_after_the_other(800)
            some = server.at_once(AT_ONCE - IDLE)
            for _ in range(2):
                for s in some:
                    server.ask(s)
                for s in some:
                    server.answered(s)
            for i, s in enumerate(some):
                end(s, i)
            touched.append(server.touched())
        print(app, plat, "KiB touched", touched)
        assert touched[-1] - touched[-3] <= SLACK[app], touched
        for s in idle:                  # they were there all the time
            server.ask(s)
            server.answered(s)
            s.close()


@pytest.mark.slow
def test_a_hundred_thousand(tmp_path):
    with serving("nginx", "kvm", tmp_path) as server:
        server.one_after_the_other(5000)
        before, start = server.touched(), time.monotonic()
        server.one_after_the_other(100_000)
        took = time.monotonic() - start
        print("100,000 connections in %.0f s; KiB touched %d, then %d" % (took, before, server.touched()))
        assert server.touched() - before <= SLACK["nginx"]
