# SPDX-License-Identifier: BSD-3-Clause
"""TCP in segments of up to 64 KiB, which the device cuts: those that an image sends, as they leave it, and those that it is sent;
over IPv4 and IPv6. And checksums."""
import os
import socket
import struct

import pytest

import whittle
from netns import GUEST, HOST, TAP, Namespace
from test_loss import DOWN, HERE, PACKET_VNET_HDR, SOL_PACKET, VNET, exchange

HOST6, GUEST6 = "fd00::1", "fd00::2"
# Ethernet's type, bytes of IP's header, virtio's kind of segments, their size; where its addresses are.
FAMILIES = {4: (0x0800, 20, 1, 1460, slice(12, 20)), 6: (0x86dd, 40, 4, 1440, slice(8, 40))}
SYN, SYN_ACK = 2, 0x12
SO_RCVBUFFORCE = 33


def ones_sum(data):
    """In ones' complement, as the internet's checksums (RFC 1071)."""
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


class Tap:
    """Frames of TCP between the host and the image, with virtio's header."""

    def __init__(self, ns, family):
        self.type, self.ip, self.gso, self.mss, self.addresses = FAMILIES[family]
        with ns.inside():
            self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.type))
        self.s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.s.bind((TAP, self.type))
        self.s.settimeout(1)

    def pseudo(self, ip, length):
        return ones_sum(ip[self.addresses] + struct.pack("!HH", 6, length))

    def frames(self):
        """(virtio's header, IP's, TCP's with its data) of what comes from the image, until nothing does for a second."""
        while True:
            try:
                frame, address = self.s.recvfrom(70000)
            except TimeoutError:
                return
            ip = frame[VNET + 14:]
            if address[2] != socket.PACKET_OUTGOING and ip[6 if self.type == 0x86dd else 9] == 6:
                yield struct.unpack("<BBHHHH", frame[:VNET]), ip[:self.ip], ip[self.ip:]


def started(ns, plat):
    ns.do("ip", "addr", "add", HOST6 + "/64", "dev", TAP, "nodad")
    g = ns.start(whittle.image(os.path.join(HERE, "bulk"), plat), options=[
        "--memory", "32M", "--param", "netdev.ip=%s/24:%s" % (GUEST, HOST), "--param", "netdev.ip6=%s/64" % GUEST6])
    g.wait_for(b"bulk: listening")
    return g


def connect(ns, family):
    with ns.inside():
        return socket.create_connection((GUEST6 if family == 6 else GUEST, 9), timeout=60)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("plat", ["linuxu", "kvm", *whittle.OTHER_PROCESSES])
def test_long_segments(plat, family):
    with Namespace() as ns, started(ns, plat) as guest:
        with connect(ns, family) as s:
            tap = Tap(ns, family)
            exchange(s)
        guest.wait_for(b" again")
        assert b" 0 segments again" in guest.out
        long, data, probes = 0, 0, 0
        for (flags, gso, _, size, start, offset), ip, tcp in tap.frames():
            assert flags & 1 and start == 14 + tap.ip and offset == 16, "the device shall make the checksum"
            assert struct.unpack("!H", tcp[16:18])[0] == tap.pseudo(ip, len(tcp))
            size_of_data = len(tcp) - (tcp[12] >> 4) * 4
            data += size_of_data
            probes += size_of_data == 1  # to a host that was too busy to read: is there room again? (RFC 9293 §3.8.6.1)
            if gso:
                assert (gso, size) == (tap.gso, tap.mss) and len(tcp) > tap.mss
                long += 1
        assert len(DOWN) + 8 <= data <= len(DOWN) + 8 + probes
        assert long > len(DOWN) / 65536


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("plat", ["linuxu", "kvm"])
def test_checksum_of_what_comes(plat, family):
    """A SYN with a checksum that the sender made, and one that is wrong by one bit."""
    with Namespace() as ns, started(ns, plat):
        connect(ns, family).close()         # they know each other's addresses of Ethernet
        near = bytes.fromhex(ns.do("cat", "/sys/class/net/%s/address" % TAP).decode().strip().replace(":", ""))
        words = ns.do("ip", "neigh", "show", GUEST6 if family == 6 else GUEST).decode().split()
        far = bytes.fromhex(words[words.index("lladdr") + 1].replace(":", ""))
        tap = Tap(ns, family)
        for port, wrong in (50001, 0), (50002, 0x100), (50003, 0):
            if family == 4:
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, socket.inet_aton(HOST), socket.inet_aton(GUEST))
                ip = ip[:10] + struct.pack("!H", ones_sum(ip) ^ 0xffff) + ip[12:]
            else:
                ip = struct.pack("!IHBB", 6 << 28, 20, 6, 64) + b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (HOST6, GUEST6))
            tcp = struct.pack("!HHIIBBHHH", port, 9, 1, 0, 0x50, SYN, 1000, tap.pseudo(ip, 20), 0)
            tcp = tcp[:16] + struct.pack("!H", ones_sum(tcp) ^ 0xffff ^ wrong) + tcp[18:]
            tap.s.send(bytes(VNET) + far + near + struct.pack("!H", tap.type) + ip + tcp)
        answered = {struct.unpack("!H", tcp[2:4])[0] for _, _, tcp in tap.frames() if tcp[13] == SYN_ACK}
        assert answered == {50001, 50003}
