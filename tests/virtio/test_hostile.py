# SPDX-License-Identifier: BSD-3-Clause
"""A network device that does not keep to the rules (a vhost-user back end of ours): the image goes on, or says what the device
did and resets it. Nothing is lost, and nothing out of bounds is touched."""
import os
import random
import subprocess
import struct
import time

import pytest

import vhostuser
import whittle
import wire
from vhostuser import HDR, RX, TX

MAC = bytes.fromhex("525400123456")


def frame(payload):
    return MAC + wire.ME + wire.TYPE + payload


class Guest:
    def __init__(self, tmp_path, app=os.path.join(wire.HERE, "frames"), options=()):
        path = str(tmp_path / "vhost")
        self.device = vhostuser.Device(path)
        self.device.start()
        img = whittle.image(app, "kvm")
        # A line: with messages QEMU 7.2 crashes when it starts such a device without KVM.
        qemu = ("-object memory-backend-memfd,id=m,size=64M,share=on -chardev socket,id=c,path=%s "
                "-netdev vhost-user,id=n,chardev=c -device virtio-net-pci,vectors=0,netdev=n" % path)
        self.process = subprocess.Popen(
            [os.path.join(whittle.ROOT, "support/run"), img, "--net", "none", "--memory", "64M",
             "--machine", "q35,memory-backend=m", "--qemu-args=" + qemu, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=whittle.ROOT)
    def ask(self, n):
        """The device keeps to the rules: an answer."""
        payload = b"E" + bytes([n]) + bytes(60)
        count = len(self.device.received)
        self.device.inject(frame(payload))
        assert self.device.wait(count + 1)[14:] == payload

    def drain(self):
        """Until what it sent before has come: answers come in their order."""
        mark = frame(b"Eall before this")
        self.device.inject(mark)
        with self.device.lock:
            assert self.device.more.wait_for(lambda: self.device.received[-1][14:] == mark[14:], 60), self.device.received[-3:]

    def end(self):
        """Its end, all buffers back."""
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0 and b"buffers left 0" in out, (self.process.returncode, out, err)
        return out, err

    def quit(self):
        self.device.inject(frame(b"Q" + bytes(60)))
        return self.end()

    def restarted(self, resets):
        """The guest has noticed and set the device up again, as it was: it answers."""
        end = time.monotonic() + 20
        while self.device.resets < resets:
            assert time.monotonic() < end and self.process.poll() is None, self.end()
            time.sleep(0.01)
        self.drain()
        for i in range(300):  # more than the rings have
            self.ask(i & 255)

    def jump(self):
        with self.device.lock:
            q = self.device.queues[RX]
            self.device.put(q.ring, 2, "H", (q.used + 1000) & 0xffff)
            self.device.interrupt(RX)

    def broken(self, *words):
        """It is started again; the next time within a minute it is not."""
        self.restarted(1)
        assert self.device.resets == 1
        self.jump()
        out, err = self.end()
        assert err.count(b"is broken, and was reset") == 2 and b"link down" in out, (out, err)
        assert err.count(b"eth0: started again") == 1 and b"eth0: it has failed twice within 60 s, and stays off" in err, err
        for w in words:
            assert w in err, err

    def close(self):
        self.device.stop()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def g(tmp_path):
    guest = Guest(tmp_path)
    hello = guest.process.stdout.readline()
    assert b"start 0" in hello, (hello, guest.close())
    for i in range(3):
        guest.ask(i)
    yield guest
    guest.close()


def test_device_that_keeps_to_the_rules(g):
    for i in range(200):
        g.ask(i)
    g.quit()


@pytest.mark.parametrize("bad", [256, 0xffff, 0xffffffff])
@pytest.mark.parametrize("queue", [RX, TX], ids=["rx", "tx"])
def test_id_that_cannot_be(g, bad, queue):
    with g.device.lock:
        g.device.use(queue, bad, 100)
        g.device.interrupt(RX)
    if queue == TX:  # found when something is sent
        g.process.kill() if not send_until_broken(g) else None
    g.broken(b"never could have" if queue == RX else b"queue 1")


def send_until_broken(g):
    """What is sent is looked at when half of the queue is full: the guest sends for so long."""
    try:
        for i in range(300):
            g.device.inject(frame(b"E" + bytes(60)))
    except (AssertionError, ValueError):
        pass  # it takes nothing any more
    return True


def test_id_that_is_not_in_flight(g):
    with g.device.lock:
        head, n = g.device.fill(frame(b"E" + bytes(60)))
        g.device.use(RX, head, n, call=False)
        g.device.use(RX, head, n)  # and again
    g.broken(b"does not have")


@pytest.mark.parametrize("jump", [300, 0x8000, 0xffff])
def test_index_that_jumps(g, jump):
    with g.device.lock:
        q = g.device.queues[RX]
        g.device.put(q.ring, 2, "H", (q.used + jump) & 0xffff)
        g.device.interrupt(RX)
    g.broken(b"has used %d buffers" % jump)


@pytest.mark.parametrize("length", [0, 1, HDR, HDR + 13, 5000, 0x7fffffff, 0xffffffff])
def test_length_that_cannot_be(g, length):
    """Too short: counted. Too long: cut to what there was room for."""
    with g.device.lock:
        head, _ = g.device.fill(frame(b"X" + bytes(60)))
        g.device.use(RX, head, length)
    g.ask(9) if length < HDR + 14 else g.device.wait(4)
    out, _ = g.quit()
    assert (b"errors 1 0" in out) == (length < HDR + 14), out


@pytest.mark.parametrize("count", [0, 257, 0xffff])
def test_number_of_buffers_that_cannot_be(g, count):
    g.device.lock.acquire()
    g.device.use(RX, *g.device.fill(frame(b"E" + bytes(60)), buffers=count))
    g.device.lock.release()
    if count:
        g.broken(b"a packet of %d buffers" % count)
    else:
        g.ask(1)
        assert b"errors 1 0" in g.quit()[0]


def test_packet_that_never_ends(g):
    """It promises more buffers than it uses: the packet waits, and is let go of at the end."""
    with g.device.lock:
        g.device.use(RX, *g.device.fill(frame(b"E" + bytes(60)), buffers=3))
        head, _ = g.device.fill(b"")
        g.device.use(RX, head, 20)
        head, _ = g.device.fill(b"")
        g.device.use(RX, head, 20)
    g.device.wait(4)
    g.quit()


@pytest.mark.parametrize("header", [(1, 0, 0, 0, 0xffff, 0xffff), (1, 0, 0, 0, 70, 20), (1, 1, 0xffff, 0, 34, 16),
                                    (0, 0xff, 1, 1, 1, 1), (0xff, 1, 0, 0xffff, 0, 0)])
def test_offloads_that_cannot_be(g, header):
    with g.device.lock:
        head, m, at, _ = g.device.buffer()
        data = struct.pack("<BBHHHHH", *header, 1) + frame(b"E" + bytes(60))
        m[at:at + len(data)] = data
        g.device.use(RX, head, len(data))
    for i in range(3):
        try:
            g.ask(i)
            break
        except AssertionError:  # the first one was answered as well, and came between
            pass
    g.quit()


def test_rings_written_over(g):
    """What is in the rings is the driver's to write, never to read: descriptors and what is available change under it."""
    rng = random.Random(1)
    for i in range(20):
        g.ask(i)
        with g.device.lock:
            saved = []
            for q in g.device.queues:  # what the device itself needs to go on
                size = 16 * q.num
                m, at = q.desc
                saved.append((q, bytes(m[at:at + size])))
                m[at:at + size] = rng.randbytes(size)
        with g.device.lock:
            for q, data in saved:
                m, at = q.desc
                m[at:at + len(data)] = data
    g.quit()


def test_storm_of_interrupts(g):
    for _ in range(5000):
        g.device.interrupt(RX)
        g.device.interrupt(TX)
    for i in range(20):
        g.ask(i)
    g.quit()


def test_no_interrupt(g):
    """A frame that the device does not speak of is found with the next."""
    with g.device.lock:
        g.device.use(RX, *g.device.fill(frame(b"E" + bytes(60))), call=False)
    count = len(g.device.received)
    g.device.inject(frame(b"E" + bytes(60)))
    g.device.wait(count + 2)
    g.quit()


def test_device_that_goes_away(g):
    """Its process has ended: nothing comes any more; the image waits, and can be stopped."""
    g.device.conn.close()
    g.process.terminate()
    g.process.communicate(timeout=30)


def test_breaks_under_load(g):
    """With the queue for sending full, and frames waiting to be received."""
    for i in range(3):
        g.device.inject(frame(b"B" + bytes(1400)))
    for _ in range(100):
        g.device.inject(frame(b"E" + bytes(60)))
    g.jump()
    g.restarted(1)
    g.quit()


class Stack(Guest):
    """lwIP on this device, and a few lines of it here."""
    OURS, THEIRS = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])

    def __init__(self, tmp_path):
        super().__init__(tmp_path, "httpd", ["--root", "apps/httpd/root", "--param", "netdev.ip=10.0.0.2/24:10.0.0.1"])
        self.seen = 0

    def receive(self, want, timeout):
        """The first frame for which `want` says something; ARP is answered meanwhile."""
        end = time.monotonic() + timeout
        with self.device.lock:
            while True:
                while self.seen < len(self.device.received):
                    f = self.device.received[self.seen]
                    self.seen += 1
                    if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\1" and f[38:42] == self.OURS:
                        self.device.inject(f[6:12] + wire.ME + f[12:20] + b"\0\2" + wire.ME + self.OURS + f[22:32])
                    elif (got := want(f)):
                        return got
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self.device.more.wait(left)

    def ping(self, number, timeout=10):
        data = struct.pack("!BBHHH", 8, 0, 0, 77, number) + bytes(range(56))
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), number, 0, 64, 1, 0, self.OURS, self.THEIRS)
        ip = ip[:10] + checksum(ip) + ip[12:]
        data = data[:2] + checksum(data) + data[4:]
        self.device.inject(MAC + wire.ME + b"\x08\0" + ip + data)
        return self.receive(lambda f: f[12:14] == b"\x08\0" and f[23] == 1 and f[34] == 0 and f[38:98] == data[4:64], timeout)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", total ^ 0xffff)


def test_stack_goes_on(tmp_path):
    """lwIP starts a device that broke again, under traffic, and once a minute only."""
    g = Stack(tmp_path)
    try:
        assert any(g.ping(i, 0.5) for i in range(60))
        assert all(g.ping(i) for i in range(100, 200))
        for i in range(50):  # and their answers are on their way
            with g.device.lock:
                g.device.use(RX, *g.device.fill(frame(bytes(60))))
        g.jump()
        end = time.monotonic() + 20
        while not g.device.resets:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert any(g.ping(i, 0.5) for i in range(200, 240))  # what came before it was started again got lost
        assert all(g.ping(i) for i in range(300, 700))
        g.jump()
        while g.device.resets < 2:
            assert time.monotonic() < end + 20
            time.sleep(0.01)
        time.sleep(0.5)
        assert g.device.queues[RX].avail is None
        g.process.terminate()
        _, err = g.process.communicate(timeout=30)
        assert err.count(b"eth0: started again") == 1 and err.count(b"and stays off") == 1, err
    finally:
        g.close()
