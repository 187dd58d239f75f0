# SPDX-License-Identifier: BSD-3-Clause
"""Several queues of a device, which Linux's backends have by the rules of public/io/netif.h and blkif.h; and backends that go away
and come again."""
import os
import re
import socket
import time

import pytest

import whittle
from domains import grant_version

HERE = os.path.dirname(os.path.abspath(__file__))
QUEUES = 3
SECONDS = 300


class Cable:
    """The other end of dom0's network card: each Ethernet frame is a datagram on 127.0.0.1."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            self.theirs = other.getsockname()
        self.netdev = "socket,id=net0,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d" % (self.socket.getsockname()[1], self.theirs[1])

    def send(self, to):
        self.socket.sendto(bytes.fromhex(to + "020000000099" + "88b5") + bytes(60), self.theirs)


@pytest.fixture(scope="module")
def cable():
    c = Cable()
    with c.socket:
        yield c


@pytest.fixture(scope="module")
def rig(cable):
    from xenrig import machine
    r = machine.start(80 << 20, log=True, network=(cable.netdev,))
    try:
        r.run("ip addr add 10.0.9.1/24 dev xenbr0", SECONDS)
        yield r
    finally:
        r.end()


class Guest:
    """A running guest in a rig."""

    def __init__(self, rig, image, kind, cmdline, vcpus, **devices):
        from xenrig import config
        self.rig, self.name = rig, "g"
        fd = os.open(image, os.O_RDONLY)
        rig.put("/g", fd)
        os.close(fd)
        g = config.Guest(self.name, kind, "/g", cmdline, 64 << 20, vcpus)
        g.vifs, g.disks = devices.get("vifs", []), devices.get("disks", [])
        self.device = "vif/0" if g.vifs else "vbd/51712"
        rig.put_text("/g.cfg", g.text())
        rig.run("rm -f /var/log/xen/console/guest-g.log; xl create -q /g.cfg", SECONDS)
        self.id = rig.run("xl domid g", SECONDS)[1].decode().strip()

    def said(self):
        return self.rig.run("cat /var/log/xen/console/guest-g.log", SECONDS)[1].decode(errors="replace")

    def wait_for(self, pattern):
        end = time.monotonic() + SECONDS
        while not re.search(pattern, self.said()):
            assert time.monotonic() < end, (pattern, self.said(), self.rig.last_words())
            time.sleep(0.2)
        return re.search(pattern, self.said())

    def store(self, key):
        status, text = self.rig.run("xenstore-read /local/domain/%s/%s" % (self.id, key), SECONDS, check=False)
        return None if status else text.decode().strip()

    def wait_for_store(self, **keys):
        """Until these keys of the device have these values."""
        end = time.monotonic() + SECONDS
        while True:
            have = {key: self.store("device/%s/%s" % (self.device, key.replace("_", "-"))) for key in keys}
            if have == keys:
                return
            assert time.monotonic() < end, (have, self.said(), self.rig.last_words())
            time.sleep(0.1)

    def theirs(self):
        """The backend's folder."""
        kind, number = self.device.split("/")
        return "/local/domain/0/backend/%s/%s/%s" % (kind, self.id, number)

    def restart_backend(self):
        """It says that it closes, the guest lets go of it, and it begins again."""
        theirs = self.theirs()
        self.rig.run("xenstore-write %s/state 5" % theirs, SECONDS)
        self.wait_for_store(state="6")
        self.wait_for_backend(theirs, "6")
        self.rig.run("xenstore-write /local/domain/%s/device/%s/state 1" % (self.id, self.device), SECONDS)
        self.wait_for_store(state="4")
        self.wait_for_backend(theirs, "4")

    def wait_for_backend(self, theirs, state):
        end = time.monotonic() + SECONDS
        while self.rig.run("xenstore-read %s/state" % theirs, SECONDS)[1].decode().strip() != state:
            assert time.monotonic() < end, (state, self.said(), self.rig.last_words())
            time.sleep(0.1)

    def destroy(self):
        self.rig.run("xl destroy g", SECONDS, check=False)  # it may have ended by itself


# Addresses, by which netback chooses a queue.
PING = "n=0; for i in $(seq 10 33); do ping -c 1 -W 20 -s %d 10.0.9.$i >/dev/null && n=$((n+1)); done; echo $n"


def pings(rig, size=56):
    assert int(rig.run(PING % size, SECONDS)[1]) == 24


@pytest.mark.parametrize("kind,version", [("pv", 1), ("pvh", 2)] + [pytest.param(*p, marks=pytest.mark.slow) for p in (("pvh", 1), ("pv", 2))])
def test_network(rig, kind, version):
    """A packet is answered in the queue where it came from; each has an event channel on a CPU of its own. Then the backend
    begins again, twice. With either version of the grant table."""
    image = whittle.image(os.path.join(HERE, "netecho"), "xen", configs="xen smp grants2" if version == 2 else "xen smp")
    g = Guest(rig, image, kind, "-- %d" % QUEUES, 2, vifs=["mac=00:16:3e:00:00:09,bridge=xenbr0,script=vif-rig"])
    try:
        g.wait_for("eth0: 3 of 4 queues")
        g.wait_for_store(multi_queue_num_queues=str(QUEUES), state="4")
        assert grant_version(rig, g.id) == version
        pings(rig)
        rig.run("ping -c 1 -W 20 -s 999 10.0.9.40", SECONDS)
        counts = [int(n) for n in g.wait_for(r"queues: ([\d ]+)").group(1).split()]
        assert len(counts) == 3 and all(counts) and sum(counts) >= 25, counts
        for _ in range(2):
            g.restart_backend()
            pings(rig)
        assert "broke the protocol" not in g.said() and "mapped" not in g.said()
    finally:
        g.destroy()


@pytest.mark.parametrize("others", [0, 40])
def test_multicast(rig, cable, others):
    """Packets of groups that the guest is in, and of no others: also with a backend that has begun again. Of more groups than
    can be noted it gets everything. (What dom0 sends itself is not filtered by its netback.)"""
    image = whittle.image(os.path.join(HERE, "netecho"), "xen", configs="xen smp", out=os.path.join(whittle.OUT, "test-xen-smp"))
    g = Guest(rig, image, "pvh", "-- 1 %d" % others, 1, vifs=["mac=00:16:3e:00:00:09,bridge=xenbr0,script=vif-rig"])

    def groups():
        """Of three packets, to the groups 4, 5 and 3, the last octets of those that came."""
        had = g.said().count("group 3\n")
        for last in (4, 5, 3):
            cable.send("01005e01020%d" % last)
        g.wait_for("(?s)(group 3\r?\n.*){%d}" % (had + 1))
        return re.findall(r"group (\d+)", g.said())

    try:
        g.wait_for("joined")
        pings(rig)
        g.wait_for_store(request_multicast_control="0" if others else "1", state="4")
        assert groups() == (["4", "5", "3"] if others else ["3"])
        g.restart_backend()
        pings(rig)
        assert groups() == (["4", "5", "3"] * 2 if others else ["3", "3"])
        g.wait_for_store(request_multicast_control=None if others else "1")
    finally:
        g.destroy()


@pytest.mark.parametrize("kind,persistent", [("pv", 0), ("pvh", 200)] + [pytest.param(*p, marks=pytest.mark.slow) for p in (("pvh", 0), ("pv", 96))])
def test_disk(rig, kind, persistent):
    """Data written and read by several queues, lying where it is or copied through pages that stay granted; then by one, for which the
    backend begins again."""
    image = whittle.image("blktest", "xen", configs="xen smp")
    rig.run("dd if=/dev/zero of=/disk bs=1M count=12 2>/dev/null; losetup /dev/loop0 /disk", SECONDS)
    g = Guest(rig, image, kind, "blkfront.persistent=%d -- xvda verify 5" % persistent, 2,
              disks=["phy:/dev/loop0,xvda,w,script=block-rig"])
    try:
        g.wait_for_store(multi_queue_num_queues="4", feature_persistent="1" if persistent else None, state="4")
        for offer in "feature-discard", "feature-flush-cache":  # or nothing of it is verified
            assert rig.run("xenstore-read %s/%s" % (g.theirs(), offer), SECONDS)[1].strip() == b"1", offer
        g.wait_for("xvda: verified|FAILED")
        said = g.said()
        assert "verified" in said and "FAILED" not in said and "mapped" not in said and "protocol" not in said, said
    finally:
        g.destroy()
        rig.run("losetup -d /dev/loop0", SECONDS, check=False)
