# SPDX-License-Identifier: BSD-3-Clause
"""Many connections, and clients that do not behave: nothing stalls, memory is bounded, and comes back.

tests/net/many is the server. `slow`: 100,000 connections, and an hour of everything at once (WHITTLE_SOAK: seconds).
"""
import contextlib
import errno
import os
import random
import re
import select
import socket
import struct
import threading
import time

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace
from test_httpd import checksum, ip_packet

HERE = os.path.dirname(os.path.abspath(__file__))
# Pools and heaps keep what was needed once, for next time (and for others, when frames run short). So what is compared is the
# memory after the same was done once more, to within a few slabs. Each CPU has caches of its own.
SLACK = 512 << 10


def slack():
    return SLACK * (whittle.SMP or 1)


@pytest.fixture(params=["linuxu", "kvm"])
def plat(request):
    return request.param


class Many:
    """The running image, and clients for it."""

    def __init__(self, ns, guest):
        self.ns, self.guest = ns, guest

    def connect(self, kind=b"e", timeout=20):
        with self.ns.inside():
            s = socket.create_connection((GUEST, 9), timeout=timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(kind)
        return s

    def connect_at_once(self, n, timeout=20):
        """So many, begun in the same moment."""
        some, poll = {}, select.poll()
        with self.ns.inside():
            for _ in range(n):
                s = socket.socket()
                s.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    s.connect((GUEST, 9))
                some[s.fileno()] = s
                poll.register(s, select.POLLOUT)
        end, left = time.monotonic() + timeout, set(some)
        while left:
            assert time.monotonic() < end, "%d of %d do not connect" % (len(left), n)
            for fd, _ in poll.poll(100):
                assert not some[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                poll.unregister(fd)
                left.discard(fd)
        for s in some.values():
            s.settimeout(timeout)
        return list(some.values())

    @staticmethod
    def take(s, data):
        """These bytes come next."""
        got = b""
        while len(got) < len(data):
            more = s.recv(len(data) - len(got))
            assert more, "%d of %d bytes" % (len(got), len(data))
            got += more
        assert got == data

    def echo(self, s, data=b"x" * 100):
        s.sendall(data)
        self.take(s, data)

    def alive(self, within=20):
        start = time.monotonic()
        with self.connect() as s:
            self.echo(s)
        assert time.monotonic() - start < within

    def free(self):
        """Bytes of memory that are free; and this connection is the only one."""
        for _ in range(50):
            with self.connect(b"m") as s:
                free, files = re.match(rb"free (\d+) files (\d+)\n", s.recv(100)).groups()
            if files == b"1":
                break
            time.sleep(0.1)
        assert files == b"1"
        return int(free)

    def returned(self, before, within=10):
        """Memory is what it was, when what is only remembered is forgotten."""
        end = time.monotonic() + within
        while (now := self.free()) < before - slack() and time.monotonic() < end:
            time.sleep(0.5)
        assert now >= before - slack(), "%d bytes fewer are free" % (before - now)

    def mac(self):
        self.alive()
        entry = self.ns.do("ip", "neigh", "show", GUEST).split()
        return bytes.fromhex(entry[entry.index(b"lladdr") + 1].decode().replace(":", ""))


@contextlib.contextmanager
def serving(plat, *args, options=(), memory="32M", configs=""):
    img = whittle.image(os.path.join(HERE, "many"), plat, configs)
    with Namespace() as ns:
        with ns.start(img, *args, options=["--memory", memory, "--param", "netdev.ip=%s/24:%s" % (GUEST, HOST),
                                           *options]) as guest:
            guest.wait_for(b"many: listening")
            yield Many(ns, guest)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def one_after_the_other(many, n):
    """Ended by either side, in order or not; the server's ports are used again at once."""
    for i in range(n):
        s = many.connect()
        many.echo(s)
        if i % 3 == 0:
            reset(s)
        else:
            s.close()
        if i % 3 == 1:
            many.connect(b"m").close()


def test_one_after_the_other(plat):
    with serving(plat) as many:
        one_after_the_other(many, 300)
        before = many.free()
        one_after_the_other(many, 2000)
        many.returned(before)


@pytest.mark.slow
def test_a_hundred_thousand(plat):
    with serving(plat) as many:
        one_after_the_other(many, 1000)
        before = many.free()
        one_after_the_other(many, 100_000)
        many.returned(before)


def test_a_thousand_at_once(plat):
    """Some times, half of them ended rudely; a thousand takes what those before it gave back. How many packets are under way at
    once differs from time to time, and the buffers for the most of them stay."""
    with serving(plat) as many:
        free = []
        while len(free) < 3 or free[-1] < min(free[:-1]) - slack():
            assert len(free) < 8, "each thousand takes more memory: bytes free %s" % free
            some = many.connect_at_once(1000)
            for s in some:
                s.sendall(b"e" + b"y" * 200)
            for s in some:
                many.take(s, b"y" * 200)
            for i, s in enumerate(some):
                reset(s) if i % 2 else s.close()
            time.sleep(0.2)
            free.append(many.free())


def test_port_that_is_remembered(plat):
    """A new connection between the same ports, while the image remembers the last one, which it closed itself."""
    with serving(plat) as many:
        for i in range(5):
            with many.ns.inside():
                s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((HOST, 30000))
            s.settimeout(10)
            for _ in range(50):
                start = time.monotonic()
                try:
                    s.connect((GUEST, 9))
                    break
                except OSError as e:
                    assert e.errno == errno.EADDRNOTAVAIL, e    # this machine has not finished yet
                    time.sleep(0.05)
            s.sendall(b"m")                             # the server closes first
            while s.recv(1000):
                pass
            s.close()
            assert time.monotonic() - start < 0.9       # a SYN that is refused is repeated after a second


def test_idle_clients(plat):
    """Some connections stay for ever without a word: all others go on, and memory does not grow."""
    with serving(plat) as many:
        idle = many.connect_at_once(300)
        before = None
        for _ in range(3):
            for _ in range(100):
                many.alive(5)
            with many.connect(b"m") as s:
                free = int(s.recv(100).split()[1])
            assert before is None or free > before - slack()
            before = free
        for s in idle:
            s.close()


def test_clients_that_vanish(plat):
    """Without FIN, with an answer on its way to them: their memory comes back (the image gives up)."""
    with serving(plat) as many:
        many.alive()
        before = many.free()
        some = [many.connect() for _ in range(50)]
        many.ns.do("ip", "neigh", "replace", GUEST, "lladdr", "02:00:00:00:00:99", "dev", TAP)   # nobody has it
        many.ns.do("ip", "link", "set", TAP, "arp", "off")
        for s in some:
            reset(s)                                    # which the image does not hear
        many.ns.do("ip", "link", "set", TAP, "arp", "on")
        with contextlib.suppress(Exception):
            many.ns.do("ip", "neigh", "del", GUEST, "dev", TAP)
        for _ in range(20):
            many.alive(5)
        with many.connect(b"m") as s:
            free = int(s.recv(100).split()[1])
        assert free > before - 50 * 8192 - slack()


def flood(many, mac, stop, rate=1000, seed=3):
    """SYNs from all ports of addresses that nobody has: on this network (seeds 0, 2...), which are looked for by ARP, or far away."""
    rng = random.Random(seed)
    with many.ns.inside():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((TAP, 0))
    with raw:
        while not stop.is_set():
            src = "10.99.0.%d" % rng.randrange(3, 250) if seed % 2 == 0 else "10.98.%d.7" % rng.randrange(256)
            head = struct.pack("!HHIIBBHHH", rng.randrange(1024, 65536), 9, rng.getrandbits(32), 0, 0x50, 2, 1000, 0, 0)
            pseudo = socket.inet_aton(src) + socket.inet_aton(GUEST) + struct.pack("!BBH", 0, 6, 20)
            head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
            raw.send(mac + b"\2\0\0\0\0\1\x08\0" + ip_packet(6, head, src))
            time.sleep(1 / rate)


class Far:
    """A client by hand, at an address that this machine does not have, so nobody else answers for it."""
    ADDRESS = "10.98.200.1"

    def __init__(self, many, mac, port):
        with many.ns.inside():
            self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)    # SO_RCVBUFFORCE: it hears the flood as well
        self.raw.bind((TAP, 0))
        self.mac, self.port, self.seq, self.ack = mac, port, 1000, 0

    def send(self, flags, data=b"", options=b"", skip=0):
        head = struct.pack("!HHIIBBHHH", self.port, 9, self.seq, self.ack + skip & 0xffffffff, 5 + len(options) // 4 << 4, flags,
                           8000, 0, 0) + options + data
        pseudo = socket.inet_aton(self.ADDRESS) + socket.inet_aton(GUEST) + struct.pack("!BBH", 0, 6, len(head))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
        self.raw.send(self.mac + b"\2\0\0\0\0\1\x08\0" + ip_packet(6, head, self.ADDRESS))

    def receive(self, timeout=10):
        """Flags, sequence number, bytes of the header, and data of what comes next for us."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.raw.settimeout(max(0.01, end - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                p = self.raw.recv(65536)
                if p[30:34] == socket.inet_aton(self.ADDRESS) and p[36:38] == struct.pack("!H", self.port):
                    seq, ack, size, flags = struct.unpack("!IIBB", p[38:48])
                    return flags, seq, size >> 2, p[34 + (size >> 2):14 + struct.unpack("!H", p[16:18])[0]]
        raise AssertionError("nothing comes")

    def answers(self, seq, lost):
        """A second after this cookie came."""
        self.seq, self.ack = self.seq + 1, seq + 1 & 0xffffffff
        time.sleep(1)
        for skip in 8, 1 << 20, -4:
            self.send(ACK, skip=skip)
            assert self.receive()[0] & RST
        if not lost:
            self.send(ACK)
        self.send(ACK, b"ehello")
        got = b""
        while len(got) < 5:
            flags, _, _, data = self.receive()
            assert not flags & RST
            got += data
        assert got == b"hello"
        self.send(RST)


SYN, RST, ACK = 2, 4, 16


def test_slow_client_in_a_flood(plat):
    """Its round trip takes longer than any SYN could be remembered: by SYN cookies. Also if its first acknowledgement is lost.
    A number that is none of ours opens nothing."""
    with serving(plat) as many:
        mac, stop = many.mac(), threading.Event()
        thread = threading.Thread(target=flood, args=(many, mac, stop, 3000))
        thread.start()
        try:
            end, done = time.monotonic() + 30, 0
            for port in range(40000, 41000):
                far = Far(many, mac, port)
                far.send(SYN, options=b"\1\1\4\2\2\4\x05\x14\3\3\7\0")     # SACK, 1,300 bytes, a scaled window
                flags, seq, size, _ = far.receive()
                assert flags == SYN | ACK
                if size == 24:          # our segment size, and nothing else: it is a cookie
                    far.answers(seq, lost=done == 1)
                    done += 1
                far.raw.close()
                if done == 2:
                    break
                assert time.monotonic() < end, "not so many are half open"
                time.sleep(0.1)
        finally:
            stop.set()
            thread.join()


def test_half_open_flood(plat):
    """More half-open connections than may be: honest clients get in, the log says it once, and memory comes back."""
    with serving(plat) as many:
        mac, before = many.mac(), None
        for seed in range(2):
            stop = threading.Event()
            thread = threading.Thread(target=flood, args=(many, mac, stop, 3000, seed))
            thread.start()
            try:
                end, times = time.monotonic() + 6, []
                while time.monotonic() < end:
                    start = time.monotonic()
                    many.alive()
                    times.append(time.monotonic() - start)
                    time.sleep(0.05)
            finally:
                stop.set()
                thread.join()
            times.sort()
            print(plat, seed, len(times), "median", times[len(times) // 2], "max", times[-1])
            assert len(times) > 40 and times[len(times) // 2] < 0.5, times
            before = before or many.free()
        many.returned(before)
        many.guest.process.terminate()
        assert many.guest.end().err.count(b"connections are half open") <= 1


@pytest.mark.parametrize("size", [1, 1400])
def test_nobody_reads(plat, size):
    """Clients fill the image's buffers for what is received, in large and in small pieces, and nobody reads it: others
    still get through, the log says it once, and memory is there for other things."""
    with serving(plat) as many:
        many.alive()
        some = [many.connect(b"q") for _ in range(60)]
        for s in some:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.setblocking(False)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            for s in some:
                with contextlib.suppress(BlockingIOError):
                    s.send(b"z" * size)
        for _ in range(10):
            many.alive(5)
        for s in some:
            reset(s)
        many.alive(5)
        with many.connect(b"m") as s:
            assert int(s.recv(100).split()[1]) > 16 << 20
        many.guest.process.terminate()
        said = many.guest.end().err.count(b"not read yet")
        assert said == 1 or size == 1 and not said


def test_no_more_descriptors(plat):
    """The program's limit: those that are connected go on, the others wait, and get in when there is room."""
    with serving(plat, "50") as many:
        some = many.connect_at_once(100)
        for s in some:
            s.sendall(b"e")
        many.guest.wait_for(b"many: No file descriptors available")
        many.echo(some[0])
        for s in some[:60]:
            s.close()
        for s in some[60:]:
            many.echo(s)
            s.close()
        many.alive(5)
        assert many.guest.out.count(b"No file") == 1


def test_no_more_memory(plat):
    """A small machine: it serves what it can, and all of it goes on when they are gone."""
    with serving(plat, memory="6M") as many:
        before = None
        for _ in range(3):
            some = []
            for _ in range(1500):
                with many.ns.inside():
                    s = socket.socket()
                s.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    s.connect((GUEST, 9))
                some.append(s)
            time.sleep(2)
            for s in some:
                with contextlib.suppress(OSError):
                    s.send(b"e" + b"w" * 500)
            time.sleep(1)
            for s in some:
                reset(s)
            time.sleep(1)
            many.alive()
            before = before or many.free()
        many.returned(before, 30)


# ---- the end of a program ----

MUCH = bytes(i % 251 for i in range(1 << 20))


@pytest.mark.parametrize("kind", [b"x", b"k"])
def test_ends_right_after_it_sent(plat, kind):
    """As on Linux: what a program wrote arrives, and the end of it, although the program is gone and the client is slow."""
    with serving(plat, options=["--param", "netdev.linger=20000"]) as many:
        with many.connect(kind) as s:
            time.sleep(0.3)
            got = b""
            while more := s.recv(65536):
                got += more
                time.sleep(0.005)
        assert got == MUCH
        assert many.guest.end().status == 0


def test_ends_although_nobody_takes_it(plat):
    """The client takes nothing: the image ends all the same, after the time that was set."""
    with serving(plat, options=["--param", "netdev.linger=500"]) as many:
        with many.ns.inside():
            s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((GUEST, 9))
        idle = many.connect(b"e")
        s.sendall(b"x")
        time.sleep(1)
        # What fits is less than the megabyte, so the program still writes; ended from outside, it closes its connections.
        many.guest.process.terminate()
        start = time.monotonic()
        many.guest.end()
        assert time.monotonic() - start < 5
        with s, idle:
            pass


def test_signal_closes_connections(plat):
    """Ended by SIGTERM: clients hear of it."""
    with serving(plat) as many:
        some = [many.connect() for _ in range(20)]
        for s in some:
            many.echo(s)
        many.guest.process.terminate()
        many.guest.end()
        for s in some:
            s.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert s.recv(10) == b""


# ---- nothing to do ----

def wakes(pid):
    """How often the process and its threads have waited for something so far."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        text = open("/proc/%d/task/%s/status" % (pid, task)).read()
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))
    return total


def image_pid(guest):
    """The image itself: what support/run (inside `ip netns exec`) became, or its child."""
    pid = guest.process.pid
    while True:
        children = open("/proc/%d/task/%d/children" % (pid, pid)).read().split()
        if not children:
            return pid
        pid = int(children[0])


@pytest.mark.not_smp("counts what one CPU does")
def test_idle_image_sleeps():
    """With an idle connection open, it is woken for TCP's timers; without one, by nothing at all."""
    with serving("linuxu") as many:
        many.alive()
        many.ns.do("ip", "link", "set", TAP, "arp", "off")      # this machine says nothing of its own
        many.ns.do("sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % TAP)
        pid = image_pid(many.guest)
        time.sleep(22)                                  # routers are asked for, connections forgotten
        before = wakes(pid)
        time.sleep(5)
        assert wakes(pid) - before <= 1


# ---- all of it ----

def soak(many, seconds, seed=1):
    """Mixed clients in a few threads; what comes back is what was sent."""
    end, failures = time.monotonic() + seconds, []
    mac = many.mac()

    def client(n):
        rng = random.Random(seed + n)
        while time.monotonic() < end and not failures:
            try:
                what = rng.randrange(10)
                if what == 0:
                    reset(many.connect(b"q"))
                elif what == 1:
                    reset(many.connect())
                elif what == 2:
                    some = [many.connect() for _ in range(20)]
                    for s in some:
                        many.echo(s, rng.randbytes(rng.randrange(1, 3000)))
                    for s in some:
                        s.close()
                elif what == 3:
                    with many.connect() as s:           # slow
                        for byte in rng.randbytes(10):
                            many.echo(s, bytes([byte]))
                            time.sleep(0.01)
                else:
                    with many.connect() as s:
                        for _ in range(rng.randrange(1, 20)):
                            many.echo(s, rng.randbytes(rng.randrange(1, 8000)))
            except Exception as e:                      # noqa: the thread's end shall be the test's
                if isinstance(e, OSError) and e.errno == errno.EADDRNOTAVAIL:
                    time.sleep(1)                       # all ports of this side rest after connections (TIME_WAIT)
                else:
                    failures.append("%d: %r" % (what, e))

    stop = threading.Event()
    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    threads.append(threading.Thread(target=flood, args=(many, mac, stop, 20, seed)))
    for t in threads:
        t.start()
    for t in threads[:-1]:
        t.join()
    stop.set()
    threads[-1].join()
    assert not failures, failures


def rounds(plat, seconds):
    with serving(plat) as many:
        many.ns.do("sysctl", "-qw", "net.ipv4.ip_local_port_range=2000 65535")
        soak(many, seconds / 4)
        before = many.free()
        for seed in range(3):
            soak(many, seconds / 4, 100 * seed)
            print("%d bytes free, then %d" % (before, many.free()))
            many.returned(before, 30)


def test_soak(plat):
    rounds(plat, 20)


@pytest.mark.slow
def test_long_soak(plat):
    rounds(plat, float(os.environ.get("WHITTLE_SOAK", "3600")))
