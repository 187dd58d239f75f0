# SPDX-License-Identifier: BSD-3-Clause
"""A virtio network device in this process, by the vhost-user protocol (QEMU docs/interop/vhost-user.rst): QEMU shows it the
guest's memory and hands it the queues' notifications. Split rings only. It keeps to the rules until it is told otherwise."""
import array
import mmap
import os
import select
import socket
import struct
import threading
import time

GET_FEATURES, SET_MEM_TABLE, SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, \
    SET_VRING_CALL, SET_VRING_ERR, GET_PROTOCOL_FEATURES = 1, 5, 8, 9, 10, 11, 12, 13, 14, 15
REPLY = 4
VERSION_1, MRG_RXBUF = 1 << 32, 1 << 15
PROTOCOL_FEATURES = 1 << 30  # we have none, but QEMU wants to ask
RX, TX = 0, 1
HDR = 12


class Queue:
    def __init__(self):
        self.num = self.last = self.used = 0
        self.desc = self.avail = self.ring = self.kick = self.call = None


class Device(threading.Thread):
    """`received` are the frames that the guest has sent. inject() sends it one."""

    def __init__(self, path, features=VERSION_1 | MRG_RXBUF):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.features = features
        self.regions = []
        self.queues = [Queue(), Queue()]
        self.received = []
        self.lock = threading.RLock()
        self.more = threading.Condition(self.lock)
        self.held = []  # buffers for receiving that were taken and not used yet
        self.stopped = False
        self.resets = 0

    # ---- protocol ----

    def run(self):
        self.conn, _ = self.listener.accept()
        try:
            while not self.stopped:
                fds = [self.conn] + [q.kick for q in self.queues if q.kick is not None]
                for fd in select.select(fds, [], [], 0.2)[0]:
                    if fd is self.conn:
                        if not self.message():
                            return
                    else:
                        self.kicked(fd)
        except OSError:
            pass

    def message(self):
        data, anc, _, _ = self.conn.recvmsg(12, socket.CMSG_SPACE(8 * 4))
        if len(data) < 12:
            return False
        fds = array.array("i")
        for level, kind, body in anc:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(body[:len(body) - len(body) % 4])
        request, _, size = struct.unpack("<III", data)
        body = b""
        while len(body) < size:
            body += self.conn.recv(size - len(body))
        with self.lock:
            self.handle(request, body, list(fds))
        return True

    def reply(self, request, body):
        self.conn.sendall(struct.pack("<III", request, 1 | REPLY, len(body)) + body)

    def handle(self, request, body, fds):
        if request == GET_FEATURES:
            self.reply(request, struct.pack("<Q", self.features | PROTOCOL_FEATURES))
        elif request == GET_PROTOCOL_FEATURES:
            self.reply(request, struct.pack("<Q", 0))
        elif request == SET_MEM_TABLE:
            n = struct.unpack_from("<I", body)[0]
            self.regions = []
            for i in range(n):
                guest, size, user, offset = struct.unpack_from("<QQQQ", body, 8 + 32 * i)
                self.regions.append((guest, size, user, offset, mmap.mmap(fds[i], size + offset)))
                os.close(fds[i])
        elif request in (SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR):
            v = struct.unpack("<Q", body)[0]
            fd = None if v & 0x100 else fds[0]
            if request == SET_VRING_KICK:
                self.queues[v & 0xff].kick = fd
            elif request == SET_VRING_CALL:
                self.queues[v & 0xff].call = fd
                self.interrupt(v & 0xff)  # what was used before that was told to nobody
        elif request == SET_VRING_NUM:
            i, n = struct.unpack("<II", body)
            self.queues[i].num = n
        elif request == SET_VRING_BASE:
            i, n = struct.unpack("<II", body)
            self.queues[i].last = self.queues[i].used = n
            self.held = []
        elif request == SET_VRING_ADDR:
            i, _, desc, used, avail = struct.unpack_from("<IIQQQ", body)
            q = self.queues[i]
            q.desc, q.ring, q.avail = (self.at(a, user=True) for a in (desc, used, avail))
        elif request == GET_VRING_BASE:
            i = struct.unpack_from("<I", body)[0]
            self.reply(request, struct.pack("<II", i, self.queues[i].last))
            self.queues[i].kick = self.queues[i].avail = None  # its memory is the guest's again
            self.resets += i == RX

    # ---- memory and rings ----

    def at(self, address, user=False):
        """(map, offset) of a guest's address, or of QEMU's."""
        for guest, size, base, offset, m in self.regions:
            start = base if user else guest
            if start <= address < start + size:
                return m, address - start + offset
        raise ValueError("%#x is nowhere" % address)

    def get(self, where, at, form):
        if form == "H":
            return (self.index(where, at)[0],)
        return struct.unpack_from("<" + form, where[0], where[1] + at)

    def put(self, where, at, form, *values):
        if form == "H":
            self.index(where, at)[0] = values[0]
        else:
            struct.pack_into("<" + form, where[0], where[1] + at, *values)

    @staticmethod
    def index(where, at):
        """Two bytes, read and written at once: struct goes byte by byte, and writes zeros first, which the guest would see."""
        return memoryview(where[0])[where[1] + at:where[1] + at + 2].cast("H")

    def take(self, i):
        """The next buffer that is available: (head, [(address, length, flags)]), or None."""
        q = self.queues[i]
        if q.avail is None or self.get(q.avail, 2, "H")[0] == q.last:
            return None
        head = self.get(q.avail, 4 + 2 * (q.last % q.num), "H")[0]
        q.last = (q.last + 1) & 0xffff
        chain, at = [], head
        while True:
            address, length, flags, following = self.get(q.desc, 16 * at, "QIHH")
            chain.append((address, length, flags))
            if not flags & 1:
                return head, chain
            at = following

    def use(self, i, head, length, call=True):
        q = self.queues[i]
        self.put(q.ring, 4 + 8 * (q.used % q.num), "II", head, length)
        q.used = (q.used + 1) & 0xffff
        self.put(q.ring, 2, "H", q.used)
        if call:
            self.interrupt(i)

    def interrupt(self, i):
        if self.queues[i].call is not None:
            os.write(self.queues[i].call, struct.pack("<Q", 1))

    def kicked(self, fd):
        try:
            os.read(fd, 8)
        except BlockingIOError:
            pass  # QEMU has taken it back: it looks at its notifications itself while it starts and stops queues
        with self.lock:
            while self.queues[TX].kick == fd and (got := self.take(TX)):
                head, chain = got
                data = b"".join(bytes(m[o:o + n]) for m, o, n in (self.at(a) + (n,) for a, n, _ in chain))
                self.received.append(data[HDR:])
                self.use(TX, head, 0)
            self.more.notify_all()

    def state(self, i):
        """For a message: what the guest has shown and we have used, and whether a notification lies there unread."""
        q = self.queues[i]
        if q.avail is None:
            return "stopped"
        return "shown %d (flags %d), taken %d, used %d, call %s, told %s" % (
            self.get(q.avail, 2, "H")[0], self.get(q.avail, 0, "H")[0], q.last, q.used,
            q.call, bool(q.kick is not None and select.select([q.kick], [], [], 0)[0]))

    # ---- for tests ----

    def buffer(self, timeout=10):
        """A buffer for a frame: (head, map, offset, length)."""
        end = time.monotonic() + timeout
        while not (got := self.take(RX)):  # QEMU does not wait for us when it tells of queues
            if time.monotonic() > end:
                raise AssertionError("the guest has given no buffers")
            self.more.wait(0.01)
        head, chain = got
        return (head,) + self.at(chain[0][0]) + (chain[0][1],)

    def fill(self, frame, buffers=1):
        head, m, at, _ = self.buffer()
        data = struct.pack("<BBHHHHH", 0, 0, 0, 0, 0, 0, buffers) + frame
        m[at:at + len(data)] = data
        return head, len(data)

    def inject(self, frame):
        with self.lock:
            self.use(RX, *self.fill(frame))

    def wait(self, n=1, timeout=20):
        """Until the guest has sent n frames; the last."""
        with self.lock:
            if not self.more.wait_for(lambda: len(self.received) >= n, timeout):
                raise AssertionError("%d frames of %d; queues: %s" % (len(self.received), n, [self.state(i) for i in (RX, TX)]))
            return self.received[-1]

    def stop(self):
        self.stopped = True
        self.listener.close()
