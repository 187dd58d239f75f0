# SPDX-License-Identifier: BSD-3-Clause
"""Networks for tests: a network namespace of our own with a TAP interface, to which an image is attached.

    with Namespace() as ns:
        with ns.start(img, "10.99.0.2") as guest:       # --net tap:... inside the namespace
            with ns.inside():
                s = socket.socket(...)                  # stays in the namespace

Nothing of it touches the host's own network, and it is gone with the namespace.
"""
import contextlib
import ctypes
import os
import socket
import subprocess
import time

import pytest

import whittle

CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE = 33
TAP = "wtap0"
HOST, GUEST = "10.99.0.1", "10.99.0.2"
_count = 0


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody on this machine has now."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def do(*words, timeout=20):
    """Run a program; its stdout."""
    return subprocess.run(words, check=True, timeout=timeout, stdout=subprocess.PIPE).stdout


def why_not():
    if os.geteuid():
        return "only root makes network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    return None


class Guest:
    """A running image: what it wrote so far, and how it ended."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=whittle.ROOT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.out = b""

    def wait_for(self, text, timeout=30, times=1):
        """Until this is in its stdout, so many times."""
        end = time.monotonic() + timeout
        while self.out.count(text) < times:
            self.out += self.process.stdout.read() or b""
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise whittle.Failed("%r did not come:\n%r\n%s" % (
                    text, self.out, self.process.communicate()[1].decode(errors="replace")))
            time.sleep(0.01)

    def end(self, timeout=30):
        """Wait for its end; a Result."""
        os.set_blocking(self.process.stdout.fileno(), True)
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise whittle.Failed("no end after %d s\n%r\n%r" % (timeout, self.out + out, err)) from None
        return whittle.Result(self.process.returncode, self.out + out, err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.stdout.close()
        self.process.stderr.close()


class Namespace:
    def __init__(self, mtu=1500, multi_queue=False):
        global _count
        if why_not():
            pytest.skip(why_not())
        _count += 1
        self.name = "whittle-%d-%d" % (os.getpid(), _count)
        self.mtu = mtu
        self.more = ["multi_queue"] if multi_queue else []

    def __enter__(self):
        with whittle.alone("netns"):  # the first on a machine mounts the folder, and two would collide
            self.ip("netns", "add", self.name)
        try:
            self.do("ip", "tuntap", "add", "dev", TAP, "mode", "tap", *self.more)
            self.do("ip", "addr", "add", HOST + "/24", "dev", TAP)
            # Room for what a thousand clients say at once: packets that get lost are a matter of tests/net/test_loss.py.
            self.do("ip", "link", "set", TAP, "mtu", str(self.mtu), "txqueuelen", "10000", "up")
            self.do("ip", "link", "set", "lo", "up")
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.ip("netns", "del", self.name)

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, timeout=20)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    def do(self, *words, timeout=20):
        """Run a program in the namespace; its stdout."""
        return do(*self.command(*words), timeout=timeout)

    def start(self, img, *args, options=()):
        """An image whose network is our TAP interface."""
        return Guest(self.command(os.path.join(whittle.ROOT, "support/run"), img, "--net", "tap:" + TAP,
                                  *options, "--", *args))

    def reachable(self, port, guest, timeout=40):
        """Until the image answers at this port of TCP."""
        end = time.monotonic() + timeout
        while True:
            with self.inside():
                s = socket.socket()
            s.settimeout(2)
            try:
                s.connect((GUEST, port))
                return
            except OSError:
                if guest.process.poll() is not None or time.monotonic() > end:
                    guest.process.kill()
                    raise whittle.Failed("nobody at port %d: %r" % (port, guest.process.communicate())) from None
                time.sleep(0.1)
            finally:
                s.close()

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile belong to the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            libc.setns(back, CLONE_NEWNET)
            os.close(there)
            os.close(back)

    def hears_datagrams(self, port):
        """A socket beside the image, with room for all that a test sends before it is read."""
        with self.inside():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        s.bind((HOST, port))
        return s
