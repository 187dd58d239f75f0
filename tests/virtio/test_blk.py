# SPDX-License-Identifier: BSD-3-Clause
"""virtio-blk: apps/blktest over each transport and ring, with QEMU's device in its forms, with disk errors, and with a
device that does not keep to the rules (a vhost-user back end of ours)."""
import json
import os
import re
import socket
import subprocess
import time

import pytest

import vhostblk
import whittle

SIZE = 20 << 20
MACHINES = {"mmio": "microvm", "pci": "q35", "pc": "pc"}
# QEMU's device in its forms; what they are is said of the device's properties.
FORMS = ["packed=on", "indirect_desc=off", "event_idx=off", "queue-size=4,seg-max-adjust=on", "queue-size=16,indirect_desc=off",
         "discard=off,write-zeroes=off", "logical_block_size=4096,physical_block_size=4096", "vectors=0",
         "write-cache=off", "max-discard-sectors=64,max-write-zeroes-sectors=8"]


@pytest.fixture(scope="module")
def img():
    return whittle.image("blktest", "kvm")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    with open(path, "wb") as f:
        f.truncate(SIZE)
    return str(path)


def device(disk, props, more=""):
    return ["--machine", "q35", "--qemu-args=-drive file=%s,if=none,id=d,format=raw,discard=unmap%s "
            "-device virtio-blk-pci,drive=d,%s" % (disk, more, props)]


@pytest.mark.parametrize("machine", MACHINES)
def test_verify(img, disk, machine):
    r = whittle.run(img, "vda", "verify", "3", options=["--machine", MACHINES[machine], "--disk", disk])
    assert (r.status, r.out, r.err) == (0, b"vda: verified\n", b""), r


@pytest.mark.parametrize("props", FORMS)
def test_forms(img, disk, props):
    r = whittle.run(img, "verify", options=device(disk, props))
    assert (r.status, r.out, r.err) == (0, b"vda: verified\n", b""), r


def test_several_queues(disk):
    img = whittle.image("blktest", "kvm", configs="smp")
    r = whittle.run(img, "info", options=["--machine", "q35", "--disk", disk, "--smp", "2"])
    assert b"queues 2;" in r.out, r
    r = whittle.run(img, "verify", options=["--machine", "q35", "--disk", disk, "--smp", "2"])
    assert (r.status, r.out) == (0, b"vda: verified\n"), r


def test_data_reach_the_file(img, disk):
    r = whittle.run(img, "verify", options=["--disk", disk])
    assert r.status == 0, r
    with open(disk, "rb") as f:
        f.seek(SIZE - 512)  # which only the first test of `verify` writes
        assert int.from_bytes(f.read(8), "little") == SIZE - 512


def test_read_only(img, disk):
    r = whittle.run(img, "read-only", options=["--disk", disk + ",ro"])
    assert (r.status, r.out) == (0, b"read: 0\nwrite: Read-only file system\n"), r


def test_two_disks(img, disk, tmp_path):
    other = str(tmp_path / "other")
    with open(other, "wb") as f:
        f.truncate(1 << 20)
    r = whittle.run(img, "vdb", "info", options=["--disk", disk, "--disk", other])
    assert r.out.startswith(b"vdb: virtio-blk, 1048576 bytes"), r


def test_resized(img, disk, tmp_path):
    path = str(tmp_path / "qmp")
    with subprocess.Popen([os.path.join(whittle.ROOT, "support/run"), img, "--disk", disk,
                           "--qemu-args=-qmp unix:%s,server=on,wait=off" % path, "--", "wait"], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL) as p:
        try:
            assert p.stdout.readline() == b"waiting: %d\n" % SIZE
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            f = s.makefile("rw")
            f.readline()
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "block_resize", "arguments": {"device": "disk0", "size": SIZE * 2}}):
                f.write(json.dumps(command) + "\n")
                f.flush()
                assert "return" in f.readline()
            assert p.stdout.readline() == b"now: %d\n" % (SIZE * 2)
            assert p.wait(30) == 0
        finally:
            p.kill()


@pytest.mark.parametrize("kind", ["read", "write", "flush"])
def test_disk_errors(img, disk, kind):
    """A request has an error of its own, and what follows works."""
    error = {"event": "none", "iotype": kind, "errno": 5, "once": "on"}
    if kind == "read":
        error["sector"] = 100  # the firmware and QEMU read the first
    r = whittle.run(img, "verify", options=device(
        "", "rerror=report,werror=report", ",file.driver=blkdebug,file.image.driver=file,file.image.filename=%s" % disk +
        "".join(",file.inject-error.0.%s=%s" % item for item in error.items())))
    failed = re.findall(rb"FAILED: (\w+)", r.out)
    assert r.status == 1 and kind.encode() in failed and len(failed) <= 4, r


def test_error_of_a_neighbour(img, disk):
    """Of requests that the device has as one, the one that has the bad sector fails (if the device does not make one of them again)."""
    r = whittle.run(img, "neighbours", "90", options=device(
        "", "rerror=report,werror=report,request-merging=off", ",file.driver=blkdebug,file.image.driver=file,file.image.filename=%s,"
        "file.inject-error.0.event=none,file.inject-error.0.iotype=read,file.inject-error.0.errno=5,"
        "file.inject-error.0.sector=100" % disk))
    assert (r.status, r.out) == (1, b"failed: read of sector 100: I/O error\nvda: 1 of 32 requests failed\n"), r


@pytest.mark.parametrize("options, words", [
    (["--disk", "/nonexistent"], "truncate"), (["--disk", "/etc"], "folder"), (["--disk", "/etc/hostname"], "sectors"),
])
def test_wrong_disks(img, options, words):
    r = whittle.run(img, options=options)
    assert r.status == 2 and words in r.err.decode(), r


def test_no_driver(disk):
    r = whittle.run(whittle.image("helloworld", "kvm"), options=["--disk", disk])
    assert r.status == 2 and b"no driver of a block device" in r.err, r


def test_no_disk(img):
    r = whittle.run(img, "info")
    assert r.status == 2 and b"there is no block device" in r.err, r


# ---- a device that does not keep to the rules ----------------------------------------------------

def hostile(img, tmp_path, lie=None, args=("read-only",), **config):
    """blktest's result with such a device, and the device."""
    path = str(tmp_path / "vhost")
    d = vhostblk.Disk(path, lie, **config)
    d.start()
    try:
        qemu = ("-object memory-backend-memfd,id=m,size=64M,share=on -chardev socket,id=c,path=%s "
                "-device vhost-user-blk-pci,chardev=c,vectors=0,queue-size=64,num-queues=1" % path)
        return whittle.run(img, *args, options=["--memory", "64M", "--machine", "q35,memory-backend=m",
                                                "--qemu-args=" + qemu]), d
    finally:
        d.stop()


def test_device_that_keeps_to_the_rules(img, tmp_path):
    r, d = hostile(img, tmp_path)
    assert r.out == b"read: 0\nwrite: done\n" and [t for t, _ in d.requests] == [0, 1], (r, d.requests)


WRITES, READS = [(1, n) for n in range(8, 24)], [(0, n) for n in range(8, 24)]


def test_neighbours(img, tmp_path):
    """Requests that touch and come together are one of the device's."""
    r, d = hostile(img, tmp_path, args=("neighbours", "8"))
    assert r.out == b"vda: 0 of 32 requests failed\n" and d.requests == [WRITES[0], READS[0]], (r, d.requests)


@pytest.mark.parametrize("segments", [4, 126])
def test_neighbours_that_fail(img, tmp_path, segments):
    """When one of several fails, each is tried again by itself, and has the result of that. (Of four segments there are four
    neighbours at most in one: their memory adjoins, so there are as many as there may be bytes.)"""
    def lie(d, head, chain):
        kind, sector = d.requests[-1]
        if not sector <= 13 < sector + sum(n for _, n, _ in chain[1:-1]) // 512:
            return False
        d.answer(chain, 1)
        d.use(0, head, 1)
        return True
    r, d = hostile(img, tmp_path, lie, args=("neighbours", "8"), seg_max=segments)
    assert r.out == (b"failed: write of sector 13: I/O error\nfailed: read of sector 13: I/O error\n"
                     b"vda: 2 of 32 requests failed\n"), r
    assert d.requests == [WRITES[0], *WRITES, READS[0], *READS], d.requests


def jump(n):
    def lie(d, _head, _chain):
        q = d.queues[0]
        d.put(q.ring, 2, "H", (q.used + n) & 0xffff)
        d.interrupt(0)
        return True
    return lie


def use(number):
    def lie(d, head, chain):
        d.answer(chain, vhostblk.OK)
        d.use(0, number, 513)
        return True
    return lie


def use_twice(d, head, chain):
    """Both at once: the first alone would be right, and what comes next may have its number."""
    q = d.queues[0]
    d.answer(chain, vhostblk.OK)
    for i in q.used, q.used + 1:
        d.put(q.ring, 4 + 8 * (i % q.num), "II", head, 513)
    return jump(2)(d, head, chain)


@pytest.mark.parametrize("lie, words", [
    (jump(2), b"has used 2 buffers"), (jump(0x8000), b"has used 32768"), (use(64), b"never could have"),
    (use(0xffffffff), b"never could have"), (use(5), b"does not have"), (use_twice, b"has used 2 buffers"),
], ids=["index", "far index", "id", "wide id", "id not in flight", "twice"])
def test_rings(img, tmp_path, lie, words):
    """Reset, said, and all requests end."""
    r, d = hostile(img, tmp_path, lie)
    assert words in r.err and b"is broken, and was reset" in r.err, r
    assert b"write: I/O error" in r.out and r.status == 1 and len(d.requests) == 1, r


@pytest.mark.parametrize("status, result", [(1, -5), (2, -95), (3, -5), (0xff, -5)])
def test_status(img, tmp_path, status, result):
    def lie(d, head, chain):
        d.answer(chain, status)
        d.use(0, head, 513)
        return True
    r, _ = hostile(img, tmp_path, lie)
    assert b"read: %d\n" % result in r.out and b"broken" not in r.err, r


@pytest.mark.parametrize("length", [0, 1, 0xffffffff])
def test_length(img, tmp_path, length):
    """How much it says it has written decides nothing."""
    def lie(d, head, chain):
        d.answer(chain, vhostblk.OK)
        d.use(0, head, length)
        return True
    r, _ = hostile(img, tmp_path, lie)
    assert b"read: 0\nwrite: done" in r.out, r


@pytest.mark.parametrize("config, words", [
    ({"blk_size": 3}, b"not usable"), ({"blk_size": 0}, b"not usable"), ({"blk_size": 1 << 31}, b"not usable"),
    ({"sectors": 0}, b" 0 bytes"), ({"sectors": (1 << 64) - 1}, b"9223372036854775808 bytes"),
    ({"seg_max": 0}, b"1 segments"), ({"seg_max": 0xffffffff}, b"65 segments"),
])
def test_configuration(img, tmp_path, config, words):
    r, _ = hostile(img, tmp_path, args=("info",), **config)
    assert words in r.out + r.err, r


def test_descriptors_written_over(img, tmp_path):
    """It may write to the rings: we read nothing back."""
    def lie(d, head, chain):
        q = d.queues[0]
        for i in range(q.num):
            d.put(q.desc, 16 * i, "QIHH", 0xdead0000, 0xffffffff, 0xffff, 0xffff)
        d.answer(chain, vhostblk.OK)
        d.use(0, head, 513)
        return True
    r, _ = hostile(img, tmp_path, lie)
    assert b"read: 0\n" in r.out, r


def test_many_interrupts(img, tmp_path):
    def lie(d, _head, _chain):
        for _ in range(200):
            d.interrupt(0)
            time.sleep(0.001)
    r, _ = hostile(img, tmp_path, lie)
    assert r.out == b"read: 0\nwrite: done\n", r
