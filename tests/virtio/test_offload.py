# SPDX-License-Identifier: BSD-3-Clause
"""What the device does for us, with the host's kernel at the other end of a TAP interface: checksums, segmentation, merged
segments in several buffers, several queues."""
import os
import re
import socket
import struct
import subprocess
import time

import pytest

import netns
import whittle
import wire

SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CSUM, TSO4, TSO6 = 1, 1, 4
MAC = bytes.fromhex("525400aabbcc")


class Wire:
    """Frames with virtio's header on the host's end."""

    def __init__(self, ns, six=False):
        self.type = 0x86dd if six else 0x0800
        self.gso, self.ip_len, self.mss = (TSO6, 40, 1440) if six else (TSO4, 20, 1460)
        with ns.inside():
            self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.type))
            self.s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            self.s.bind((netns.TAP, self.type))
        self.s.settimeout(10)

    def ask(self, port, data, gso):
        tcp = struct.pack("!HHIIBBHHH", port, 80, 0, 0, 0x50, 0x10, 1000, 0, 0)
        if self.type == 0x0800:
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, min(40 + len(data), 65535), 0, 0, 64, 6, 0, b"\x0a\x63\0\1", b"\x0a\x63\0\2")
        else:
            ip = struct.pack("!IHBB16s16s", 6 << 28, 20 + len(data), 6, 64, b"\xfd" + bytes(14) + b"\1", b"\xfd" + bytes(14) + b"\2")
        head = 14 + self.ip_len + 20
        hdr = struct.pack("<BBHHHH", NEEDS_CSUM, self.gso if gso else 0, head, self.mss if gso else 0, head - 20, 16)
        self.s.send(hdr + MAC + wire.ME + struct.pack("!H", self.type) + ip + tcp + data)
        got = b""
        while len(got) < len(data):
            frame = self.s.recv(70000)
            if frame[10:16] != wire.ME or frame[16:22] != MAC:
                continue
            got += frame[10 + head:]
            last = struct.unpack("<BBHHHH", frame[:10])
        return got, last


@pytest.fixture
def ns():
    with netns.Namespace() as n:
        yield n


def start(ns, transport="q35", props="", args=(), configs="", options=(), queues=1):
    machine, device, extra = wire.DEVICES[transport]
    qemu = "%s-netdev tap,id=n,ifname=%s,script=no,downscript=no,vnet_hdr=on%s -device %s,netdev=n,mac=52:54:00:aa:bb:cc%s" % (
        extra, netns.TAP, ",queues=%d" % queues if queues > 1 else "", device, "," + props if props else "")
    img = whittle.image(os.path.join(wire.HERE, "frames"), "kvm", configs=configs)
    g = netns.Guest(ns.command(os.path.join(whittle.ROOT, "support/run"), img, "--net", "none", "--machine", machine,
                               "--qemu-args=" + qemu, *options, "--", *map(str, args)))
    g.wait_for(b"start 0")
    return g


def quit_guest(ns, g):
    with ns.inside():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        s.bind((netns.TAP, 0))
    s.send(MAC + wire.ME + wire.TYPE + b"Q" + bytes(60))
    r = g.end()
    assert r.status == 0 and b"errors 0 0 drops 0" in r.out, r
    return r.out.decode()


@pytest.mark.parametrize("six", [False, True], ids=["4", "6"])
@pytest.mark.parametrize("props", ["", "packed=on"])
@pytest.mark.parametrize("transport", ["q35", "mmio"])
def test_long_segments(ns, transport, props, six):
    with start(ns, transport, props) as g:
        w = Wire(ns, six)
        assert b"active 0x3f" in g.out
        for n in (1, w.mss, w.mss + 1, 5000, 30000, 60000):
            data = bytes(i * 31 & 255 for i in range(n))
            got, last = w.ask(1000, data, n > w.mss)
            assert got == data
            assert last[0] & NEEDS_CSUM  # the host's kernel has it from us as we had it from there
            assert n <= w.mss or (last[1] == w.gso and last[3] == w.mss), last
        quit_guest(ns, g)


def test_small_buffers(ns):
    """60,000 bytes in buffers of 1,000; sent back in as many pieces."""
    with start(ns, args=(1, 256, 1000)) as g:
        w = Wire(ns)
        data = bytes(i * 31 & 255 for i in range(60000))
        assert w.ask(1000, data, True)[0] == data
        quit_guest(ns, g)


@pytest.mark.parametrize("props", ["", "packed=on"])
def test_several_queues(ns, props):
    ns.do("ip", "link", "del", netns.TAP)
    ns.do("ip", "tuntap", "add", "dev", netns.TAP, "mode", "tap", "multi_queue")
    ns.do("ip", "addr", "add", netns.HOST + "/24", "dev", netns.TAP)
    ns.do("ip", "link", "set", netns.TAP, "up")
    with start(ns, "q35", "mq=on,vectors=6" + ("," + props if props else ""), args=(2,), configs="smp",
               options=["--smp", "2"], queues=2) as g:
        w = Wire(ns)
        assert b"queues 2 of 2" in g.out, g.out
        for port in range(1000, 1100):
            data = port.to_bytes(2, "big") * 300
            assert w.ask(port, data, False)[0] == data
        out = quit_guest(ns, g)
        counts = [int(n) for n in re.findall(r"queue \d: rx (\d+)", out)]
        assert len(counts) == 2 and min(counts) > 10, out


def test_link(tmp_path):
    """The cable is pulled out: the image hears of it."""
    path = str(tmp_path / "qmp")
    with wire.Guest("frames", "q35", more="-qmp unix:%s,server=on,wait=off" % path) as g:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        f = s.makefile("rw")
        f.readline()
        for command in ('{"execute":"qmp_capabilities"}',
                        '{"execute":"set_link","arguments":{"name":"n","up":false}}'):
            f.write(command + "\n")
            f.flush()
            f.readline()
        out, err = g.process.communicate(timeout=30)
        assert b"link down" in out and g.process.returncode == 0, (out, err)
