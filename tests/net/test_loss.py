# SPDX-License-Identifier: BSD-3-Clause
"""TCP over a wire that loses, delays, repeats and damages packets, and that is cut for a while.

The wire is a thread that carries frames between two interfaces of a namespace: the image's (TAP), and one that has this machine's
address. What it does to them comes from a seed. `slow`: more bytes, beside Linux at the other end of the same wire.
"""
import contextlib
import fcntl
import os
import random
import re
import select
import socket
import struct
import tempfile
import threading
import time

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace

HERE = os.path.dirname(os.path.abspath(__file__))
HOST6, GUEST6 = "fd00:99::1", "fd00:99::2"
NEAR = "wnear0"                         # the interface with this machine's address
NETDEV = "net0"                         # what support/run calls the interface
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454ca, 2, 0x1000, 0x4000
SOL_PACKET, PACKET_VNET_HDR = 263, 15
VNET = 10                               # struct virtio_net_hdr, before each frame on both sides


class Wire:
    """Frames between `TAP` and `NEAR` in a namespace; loss and so on are shares of the packets, each way."""

    def __init__(self, ns, seed=1, loss=0.0, repeat=0.0, reorder=0.0, cut=0.0, flip=0.0):
        self.rng = random.Random(seed)
        self.loss, self.repeat, self.reorder, self.cut, self.flip = loss, repeat, reorder, cut, flip
        self.up, self.stop, self.late = True, False, []
        ns.do("ip", "addr", "del", HOST + "/24", "dev", TAP)
        ns.do("ip", "link", "set", TAP, "arp", "off")   # all of it goes through us
        with ns.inside():
            self.near = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.near, TUNSETIFF, struct.pack("16sH22x", NEAR.encode(),
                                                          IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
            self.far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.far.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.far.bind((TAP, 0))
        ns.do("ip", "addr", "add", HOST + "/24", "dev", NEAR)
        ns.do("ip", "link", "set", NEAR, "up")
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def close(self):
        self.stop = True
        self.thread.join(10)
        self.far.close()
        os.close(self.near)

    def put(self, to_far, frame):
        with contextlib.suppress(OSError):      # too damaged for the interface, or no room
            if to_far:
                self.far.send(frame)
            else:
                os.write(self.near, frame)

    def harm(self, frame):
        """Part of it, or another bit; behind the Ethernet header, so that it arrives."""
        if self.rng.random() < self.cut:
            frame = frame[:self.rng.randrange(VNET + 14, len(frame))]
        if self.rng.random() < self.flip and len(frame) > VNET + 14 and not frame[0] & 1:
            at = self.rng.randrange(VNET + 14, len(frame))  # only where the checksum is there already
            frame = frame[:at] + bytes([frame[at] ^ 1 << self.rng.randrange(8)]) + frame[at + 1:]
        return frame

    def one(self, to_far, frame):
        if not self.up:
            return
        kind = frame[VNET + 12:VNET + 14]               # ARP and ICMPv6 are Linux's to lose: it asks three times
        if kind == b"\x08\x00" or kind == b"\x86\xdd" and frame[VNET + 20] != 58:
            if self.rng.random() < self.loss:
                return
            frame = self.harm(frame)
        if self.rng.random() < self.reorder:
            self.late.append((time.monotonic() + self.rng.random() * 0.003, to_far, frame))
            return
        self.put(to_far, frame)
        if self.rng.random() < self.repeat:
            self.put(to_far, frame)

    def carry(self):
        poll = select.poll()
        poll.register(self.near, select.POLLIN)
        poll.register(self.far, select.POLLIN)
        while not self.stop:
            for fd, _ in poll.poll(1 if self.late else 100):
                with contextlib.suppress(OSError):
                    if fd == self.near:
                        self.one(True, os.read(self.near, 70000))
                    else:
                        frame, address = self.far.recvfrom(70000)
                        if address[2] != socket.PACKET_OUTGOING:
                            self.one(False, frame)
            now = time.monotonic()
            due = [x for x in self.late if x[0] <= now]
            self.late = [x for x in self.late if x[0] > now]
            for _, to_far, frame in due:
                self.put(to_far, frame)


def pattern(n):
    x, out = 1, bytearray(n)
    for i in range(n):
        x = x * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        out[i] = x >> 56
    return bytes(out)


def fnv(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return h


UP = random.Random(7).randbytes(1_000_000)
DOWN = pattern(1_000_000)


def exchange(s, up=UP, down=DOWN, half_close=False, meanwhile=lambda got: None, timeout=60):
    """Send `up`, compare its hash, and compare what comes with `down`; seconds for each."""
    s.settimeout(timeout)
    start = time.monotonic()
    s.sendall(struct.pack("<II", len(up), len(down)) + up)
    if half_close:
        s.shutdown(socket.SHUT_WR)
    data = s.recv(8, socket.MSG_WAITALL)
    assert data == struct.pack("<Q", fnv(up))
    middle = time.monotonic()
    got = bytearray()
    while more := s.recv(65536):
        got += more
        meanwhile(len(got))
    assert len(got) == len(down) and bytes(got) == down
    return middle - start, time.monotonic() - middle


def connect(ns, timeout=60, address=GUEST):
    with ns.inside():
        return socket.create_connection((address, 9), timeout=timeout)


@contextlib.contextmanager
def wired(ns, **how):
    wire = Wire(ns, **how)
    try:
        yield wire
    finally:
        wire.close()


@contextlib.contextmanager
def serving(plat, options=(), **how):
    img = whittle.image(os.path.join(HERE, "bulk"), plat)
    with Namespace() as ns, wired(ns, **how) as wire:
        with ns.start(img, options=["--memory", "32M", "--param", "netdev.ip=%s/24:%s" % (GUEST, HOST),
                                    *options]) as guest:
            guest.wait_for(b"bulk: listening")
            yield ns, wire, guest


@pytest.fixture(params=["linuxu", "kvm"])
def plat(request):
    return request.param


def test_lost_packets(plat):
    """A fifth of the packets each way."""
    with serving(plat, loss=0.2, seed=20) as (ns, _, guest):
        with connect(ns) as s:
            up, down = exchange(s)
        guest.wait_for(b" again")
    print("%s: 1 MB in %.1f s, out %.1f s" % (plat, up, down))
    assert up + down < 40
    again = int(re.search(rb"(\d+) segments again", guest.out)[1])     # TCP_INFO
    assert 100 < again < 1000                                          # of 685


def test_lost_packets_of_ipv6(plat):
    with serving(plat, ["--param", "netdev.ip6=%s/64" % GUEST6], loss=0.2, seed=22) as (ns, _, guest):
        ns.do("ip", "-6", "addr", "add", HOST6 + "/64", "dev", NEAR, "nodad")
        with connect(ns, address=GUEST6) as s:
            up, down = exchange(s)
    print("%s: 1 MB in %.1f s, out %.1f s" % (plat, up, down))
    assert up + down < 40


def test_bad_wire(plat):
    """Late, twice, in part, damaged."""
    with serving(plat, loss=0.03, repeat=0.1, reorder=0.1, cut=0.03, flip=0.03, seed=4) as (ns, _, guest):
        with connect(ns) as s:
            up, down = exchange(s)
    print("%s: 1 MB in %.1f s, out %.1f s" % (plat, up, down))
    assert up + down < 40


def test_cut_wire(plat):
    """Nothing arrives for three seconds; the client had finished sending, and the server closed meanwhile."""
    with serving(plat, seed=5) as (ns, wire, guest):
        def meanwhile(got):
            if wire.up and got >= 100_000 and not cuts:
                cuts.append(time.monotonic())
                wire.up = False
                threading.Timer(3, lambda: setattr(wire, "up", True)).start()

        for size in (len(DOWN), 250_000):               # the second one is all in the socket's buffer
            cuts = []
            with connect(ns) as s:
                exchange(s, down=DOWN[:size], half_close=True, meanwhile=meanwhile)
            assert cuts and time.monotonic() - cuts[0] < 15


def test_connect_out(plat):
    """The image connects while the wire is cut, and later: its SYN is repeated. It ends when the other side has all."""
    with Namespace() as ns:
        with wired(ns, seed=6, loss=0.2) as wire:
            wire.up = False
            img = whittle.image(os.path.join(HERE, "bulk"), plat)
            with ns.inside():
                listener = socket.create_server(("0.0.0.0", 9))
            listener.settimeout(30)
            # The two seconds that it waits at its end are too few for all that may have to be sent again.
            with listener, ns.start(img, HOST, "9", options=["--memory", "32M", "--param", "netdev.linger=60000",
                                                             "--param", "netdev.ip=%s/24:%s" % (GUEST, HOST)]) as guest:
                time.sleep(2)
                wire.up = True
                with listener.accept()[0] as s:
                    exchange(s, UP[:100_000], DOWN[:100_000])
                guest.wait_for(b"bulk: 100000 in, 100000 out")


def test_link_down():
    """The virtual machine's cable is pulled out for seven seconds: the image goes on at once when it is back."""
    with tempfile.TemporaryDirectory() as folder, serving(
            "kvm", options=["--qemu-args=-qmp unix:%s/qmp,server=on,wait=off" % folder], seed=8) as (ns, _, guest):
        with socket.socket(socket.AF_UNIX) as qmp:
            qmp.connect(folder + "/qmp")
            f = qmp.makefile("rw")

            def tell(command):
                f.write(command + "\n")
                f.flush()
                answer = f.readline()
                while "return" not in answer:
                    assert "error" not in answer, answer
                    answer = f.readline()

            def link(up):
                tell('{"execute":"set_link","arguments":{"name":"%s","up":%s}}' % (NETDEV, "true" if up else "false"))
                times.append(time.monotonic())

            def meanwhile(got):
                if got >= 100_000 and not times:
                    link(False)
                    time.sleep(7)                       # by now its timer waits for longer than the test does
                    link(True)

            tell('{"execute":"qmp_capabilities"}')
            times = []
            with connect(ns) as s:
                exchange(s, meanwhile=meanwhile)
            assert time.monotonic() - times[1] < 1


# ---- beside Linux ----

@contextlib.contextmanager
def linux(**how):
    """The same at the end of the same wire: a namespace of Linux in the image's place."""
    with Namespace() as ns, Namespace() as peer:
        ns.do("ip", "link", "del", TAP)
        Namespace.ip("link", "add", TAP, "netns", ns.name, "type", "veth", "peer", "name", "eth0", "netns", peer.name)
        ns.do("ip", "addr", "add", HOST + "/24", "dev", TAP)
        ns.do("ip", "link", "set", TAP, "up")
        peer.do("ip", "link", "del", TAP)
        peer.do("ip", "addr", "add", GUEST + "/24", "dev", "eth0")
        peer.do("ip", "link", "set", "eth0", "up")
        with peer.inside():
            listener = socket.create_server((GUEST, 9))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as s:
                        up, down = struct.unpack("<II", s.recv(8, socket.MSG_WAITALL))
                        data = s.recv(up, socket.MSG_WAITALL)
                        s.sendall(struct.pack("<Q", fnv(data)) + DOWN[:down])

        threading.Thread(target=serve, daemon=True).start()
        with listener, wired(ns, **how):
            yield ns


@pytest.mark.slow
def test_beside_linux(plat):
    """Several transfers at a loss of a fifth: not much slower than Linux under the same."""
    def several(ns):
        times = []
        for _ in range(5):
            with connect(ns, 130) as s:
                times.append(exchange(s, timeout=300))
        return [sum(x) for x in zip(*times)]

    with serving(plat, loss=0.2, seed=21) as (ns, _, guest):
        ours = several(ns)
    with linux(loss=0.2, seed=21) as ns:
        theirs = several(ns)
    print("5 MB in, out: %s %.1f s, %.1f s; linux %.1f s, %.1f s" % (plat, *ours, *theirs))
    assert sum(ours) < 4 * sum(theirs) + 10


def test_other_side_without_window_scaling(plat):
    """Its window is 64 KiB at most. When it has become small for lack of a reader, the other side hears of it growing again: it
    would wait for that, or try a little every now and then."""
    seconds = {"1": [], "0": []}
    with Namespace() as ns, ns.start(whittle.image(os.path.join(HERE, "bulk"), plat),
                                     options=["--param", "netdev.ip=%s/24" % GUEST]) as guest:
        guest.wait_for(b"bulk: listening")
        for scaling in "101010":
            ns.do("sh", "-c", "echo %s > /proc/sys/net/ipv4/tcp_window_scaling" % scaling)
            seconds[scaling].append(exchange(connect(ns))[0])
    assert min(seconds["0"]) < 2 * min(seconds["1"]), seconds  # it was three times as long
