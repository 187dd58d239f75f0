# SPDX-License-Identifier: BSD-3-Clause
"""A virtio block device in this process, by the vhost-user protocol: a disk of zeroes. It keeps to the rules until it is told
otherwise by `lie`, a function that is called instead of an answer."""
import struct

import vhostuser

GET_CONFIG, PROTOCOL_CONFIG = 24, 1 << 9
SEG_MAX, BLK_SIZE, FLUSH = 1 << 2, 1 << 6, 1 << 9
OK = 0


class Disk(vhostuser.Device):
    def __init__(self, path, lie=None, sectors=2048, seg_max=126, blk_size=512):
        super().__init__(path, vhostuser.VERSION_1 | SEG_MAX | BLK_SIZE | FLUSH)
        self.lie = lie
        self.config = struct.pack("<QIIIIBBHIBBH", sectors, 0, seg_max, 0, blk_size, 0, 0, 0, 0, 0, 0, 1) + bytes(24)
        self.requests = []  # (type, sector)

    def handle(self, request, body, fds):
        if request == vhostuser.GET_PROTOCOL_FEATURES:
            self.reply(request, struct.pack("<Q", PROTOCOL_CONFIG))
        elif request == GET_CONFIG:
            at, size, flags = struct.unpack_from("<III", body)
            self.reply(request, struct.pack("<III", at, size, flags) + (self.config[at:] + bytes(256))[:size])
        else:
            super().handle(request, body, fds)

    def kicked(self, fd):
        with self.lock:
            super_read = self.queues[0].kick == fd
            vhostuser.os.read(fd, 8)
            while super_read and self.queues[0].kick == fd and (got := self.take(0)):
                self.serve(*got)

    def serve(self, head, chain):
        m, at = self.at(chain[0][0])
        self.requests.append(struct.unpack_from("<I4xQ", m, at))
        if self.lie and self.lie(self, head, chain):
            return
        written = sum(n for _, n, flags in chain if flags & 2)
        self.answer(chain, OK)
        self.use(0, head, written)

    def answer(self, chain, status):
        m, at = self.at(chain[-1][0])
        m[at] = status
