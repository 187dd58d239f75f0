# SPDX-License-Identifier: BSD-3-Clause
"""virtio-net, frame by frame, over each transport and with each layout of rings."""
import errno
import re
import time

import pytest

import wire

RINGS = {"split": "", "packed": "packed=on", "no-event-index": "event_idx=off",
         "packed-no-event-index": "packed=on,event_idx=off", "no-merge": "mrg_rxbuf=off",
         "bare": "csum=off,guest_csum=off,mrg_rxbuf=off,event_idx=off,indirect_desc=off,ctrl_vq=off,status=off"}


def talk(g):
    assert "start 0" in g.hello, g.hello
    for n in (46, 100, 1000, 1499, 1500):
        payload = b"E" + bytes(i * 7 & 255 for i in range(n - 1))
        assert g.ask(payload) == payload
        payload = b"S" + payload[1:]
        assert g.ask(payload) == payload
    for size in (46, 1400):
        g.send(b"B" + bytes(size))
        for i in range(100):
            got = g.receive()
            assert (got[1] << 8 | got[2]) == i and len(got) == size + 1
    payload = b"R" + bytes(60)
    assert g.ask(payload) == payload
    for i in range(600):  # more than the rings have
        if i % 3 == 0:  # on a busy host the next one would be there before the guest looks whether to wait
            time.sleep(0.002)
        payload = b"E" + i.to_bytes(2, "big") + bytes(60)
        assert g.ask(payload) == payload
    last = g.end()
    m = re.search(r"rx (\d+) tx (\d+) errors 0 0 drops 0 events (\d+) buffers left 0", last)
    assert m and int(m.group(1)) >= 600 and int(m.group(2)) >= 600, last
    return int(m.group(3))


@pytest.mark.parametrize("transport", list(wire.DEVICES))
@pytest.mark.parametrize("ring", list(RINGS))
def test_frames(transport, ring):
    with wire.Guest("frames", transport, RINGS[ring]) as g:
        assert talk(g) > 100  # it waited for interrupts


@pytest.mark.parametrize("ring", ["split", "packed"])
def test_polling(ring):
    with wire.Guest("frames", "q35", RINGS[ring], args=(1, 0, 1518, 1)) as g:
        assert talk(g) == 0


@pytest.mark.parametrize("ring", ["split", "packed"])
@pytest.mark.parametrize("size", [256, 600])
def test_small_buffers(ring, size):
    """A frame lies in several buffers."""
    with wire.Guest("frames", "q35", RINGS[ring], args=(1, 256, size)) as g:
        for n in (46, 500, 1500):
            payload = b"E" + bytes(i * 7 & 255 for i in range(n - 1))
            assert g.ask(payload) == payload
        assert "errors 0 0" in g.end()


@pytest.mark.parametrize("ring", ["split", "packed"])
@pytest.mark.parametrize("entries", [2, 4, 32, 200])
def test_short_queues(ring, entries):
    with wire.Guest("frames", "q35", RINGS[ring], args=(1, entries)) as g:
        for i in range(100):
            payload = b"E" + bytes([i]) + bytes(60)
            assert g.ask(payload) == payload
        g.end()


GROUP = bytes.fromhex("01005e0102")


def ask_group(g, last, timeout):
    """A frame to a group; does an answer come?"""
    payload = b"E" + bytes([last]) + bytes(60)
    g.sock.sendto(GROUP + bytes([last]) + wire.ME + wire.TYPE + payload, ("127.0.0.1", g.port))
    try:
        return g.receive(timeout) == payload
    except TimeoutError:
        return False


def change(g, what, last):
    return g.ask(what + GROUP + bytes([last]) + bytes(60))[7]


@pytest.mark.parametrize("transport", ["q35", "mmio"])
def test_multicast(transport):
    """QEMU's device drops what is for groups that the guest is not in. After a start it is in none."""
    with wire.Guest("frames", transport, configs="multicast") as g:
        assert not ask_group(g, 3, 1)
        assert change(g, b"J", 3) == 0 and ask_group(g, 3, 10) and not ask_group(g, 4, 1)
        assert change(g, b"J", 3) == 0 and change(g, b"J", 4) == 0 and ask_group(g, 4, 10)
        assert change(g, b"L", 3) == 0 and ask_group(g, 3, 10)
        assert change(g, b"L", 3) == 0 and not ask_group(g, 3, 1) and ask_group(g, 4, 10)
        assert change(g, b"L", 3) == errno.ENOENT
        assert g.ask(b"J" + bytes(66))[7] == errno.EINVAL
        assert g.ask(b"R" + bytes(60)) and not ask_group(g, 4, 1)
        for last in range(100, 141):  # more than can be noted
            assert change(g, b"J", last) == 0
        assert ask_group(g, 5, 10)
        assert "buffers left 0" in g.end()


def test_multicast_where_nothing_is_dropped():
    """A device without such a filter; and an image without."""
    with wire.Guest("frames", "q35", "ctrl_rx=off", configs="multicast") as g:
        assert change(g, b"J", 3) == errno.EOPNOTSUPP and ask_group(g, 4, 10)
        g.end()
    with wire.Guest("frames", "q35") as g:
        assert change(g, b"J", 3) == errno.ENOSYS and ask_group(g, 4, 10)
        g.end()


def test_mac_and_mtu():
    with wire.Guest("frames", "q35", "mac=52:54:00:01:02:03,host_mtu=1400") as g:
        assert "52:54:00:01:02:03 mtu 1400" in g.hello
        g.end()


def test_before_virtio_1():
    """A device that has the old interface only: said, and there is none."""
    with wire.Guest("frames", "q35", "disable-modern=on,disable-legacy=off") as g:
        assert g.hello == "no device\n"
        _, err = g.process.communicate(timeout=30)
        assert b"without the interface of virtio 1.0" in err, err
