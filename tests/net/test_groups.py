# SPDX-License-Identifier: BSD-3-Clause
"""Multicast groups of sockets: what comes, and with LIBUKNETDEV_MULTICAST that the device drops what no socket wants."""
import os
import re
import struct
import sys

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/virtio"))
import wire  # noqa: E402

APP = os.path.join(whittle.ROOT, "tests/net/groups")
OTHERS = 100


def ones(data):
    """The sum of the Internet's checksums (RFC 1071)."""
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def datagram4(last, text):
    udp = struct.pack(">HHHH", 5000, 5000, 8 + len(text), 0) + text
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0, bytes((10, 0, 0, 1)), bytes((239, 1, 2, last)))
    head = head[:10] + struct.pack(">H", ones(head)) + head[12:]
    return bytes((1, 0, 0x5e, 1, 2, last)) + wire.ME + b"\x08\0" + head + udp


def datagram6(text):
    source, to = bytes.fromhex("fe80" + "00" * 13 + "99"), bytes.fromhex("ff02" + "00" * 11 + "010023")
    udp = struct.pack(">HHHH", 5000, 5000, 8 + len(text), 0) + text
    udp = udp[:6] + struct.pack(">H", ones(source + to + struct.pack(">II", len(udp), 17) + udp + b"\0" * (len(udp) % 2))) + udp[8:]
    return bytes.fromhex("333300010023") + wire.ME + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(udp), 17, 1) + source + to + udp


@pytest.mark.parametrize("configs", ["multicast", ""])
def test_groups(configs):
    with wire.Guest(APP, "q35", configs=configs, options=["--param", "netdev.ip=10.0.0.2/24", "--param", "netdev.stats=1000"]) as g:
        def send(frame):
            g.sock.sendto(frame, ("127.0.0.1", g.port))

        def says():
            return g.process.stdout.readline()

        assert g.hello == "joined\n"
        for _ in range(OTHERS):
            send(datagram4(7, b"other"))
        send(datagram6(b"one"))
        assert says() == b"got one over IPv6\n"
        assert says() == b"got self\n"
        for last, text in ((3, b"one"), (9, b"two"), (3, b"leave"), (3, b"three"), (9, b"end")):
            send(datagram4(last, text))
            if text != b"three":
                assert says() == b"got " + text + b"\n"
        _, err = g.process.communicate(timeout=30)
        assert g.process.returncode == 0, err
        received = int(re.search(rb"eth0: received (\d+) packets", err).group(1))
        if configs:
            assert 5 <= received < OTHERS // 2, err
        else:
            assert received > OTHERS, err
