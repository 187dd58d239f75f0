# SPDX-License-Identifier: BSD-3-Clause
"""Images for riscv64, on QEMU's virt: what is its own."""
import os
import re
import struct
import subprocess

import pytest

import devtree
import whittle

STATUS = os.path.join(whittle.ROOT, "tests/boot/exitstatus")
PLAT = whittle.RISCV64


def hello(*args, **kw):
    return whittle.run(whittle.image("helloworld", PLAT), *args, **kw)


def test_status_without_the_runner():
    """QEMU by hand: the test device carries the status, and everything is on the serial line."""
    img = whittle.image(STATUS, PLAT)
    p = subprocess.run(["qemu-system-riscv64", "-nodefaults", "-display", "none", "-machine", "virt", "-m", "32M",
                        "-serial", "stdio", "-kernel", img, "-append", "-- fault"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, timeout=whittle.RUN_TIMEOUT)
    assert p.returncode == 134 and b"CRASH: page fault in thread `main`" in p.stdout, p


def test_commands_have_a_folder_of_their_own(tmp_path):
    """make CONFIGS=riscv64: beside the application's other build, and make run takes the image from there."""
    out = whittle.make("APP=helloworld", "CONFIGS=riscv64", "O=%s" % tmp_path, "run", "ARGS=x")
    assert "Hello, world!\nargument 1: x\n" in out, out
    assert (tmp_path / "helloworld-riscv64/helloworld_kvm-riscv64").exists()
    assert not (tmp_path / "helloworld").exists()


def with_tree(tmp_path, tree):
    path = tmp_path / "changed.dtb"
    path.write_bytes(tree)
    return hello(options=["--memory", "64M", "--qemu-args", "-dtb %s" % path])


@pytest.fixture
def tree(tmp_path):
    return devtree.dump(str(tmp_path / "own.dtb"))


def test_tree_as_it_is(tmp_path, tree):
    """What the other tests change is nothing but what they say."""
    assert with_tree(tmp_path, tree).status == 0


def test_no_memory_in_the_tree(tmp_path, tree):
    r = with_tree(tmp_path, devtree.with_value(tree, b"device_type", b"memory\0", b"nobody\0"))
    assert r.status == 1 and b"error: the device tree has no node of memory" in r.err, r


def test_memory_too_small_by_the_tree(tmp_path, tree):
    base, size = struct.pack(">Q", 0x80000000), struct.pack(">Q", 64 << 20)
    r = with_tree(tmp_path, devtree.with_value(tree, b"reg", base + size, base + struct.pack(">Q", 1 << 20)))
    assert r.status == 1 and b"memory too small: this image needs" in r.err, r


@pytest.mark.parametrize("token", [7, 3, 1, 9])
def test_corrupt_tree(tmp_path, tree, token):
    """
    At the end of the first level: a token that there is not, a property that ends behind the tree, a node that does not end,
    the end too early. What lies before is right, so that the firmware starts us.
    """
    structure, = struct.unpack_from(">I", tree, 8)
    size, = struct.unpack_from(">I", tree, 36)
    assert tree[structure + size - 8:structure + size] == struct.pack(">II", 2, 9)  # FDT_END_NODE, FDT_END
    tree[structure + size - 5] = token
    r = with_tree(tmp_path, tree)  # on the firmware's console: where another is, nobody knows
    assert r.status != 0 and re.search(rb"error: the device tree is corrupt at byte \d+", r.err), r
    assert b"CRASH" not in r.err, r  # the end of it does not ask the tree


def test_nothing_in_the_place_of_a_property(tmp_path, tree):
    """FDT_NOP in each of its cells, which may be anywhere."""
    value = b"riscv-virtio,qemu\0\0\0"
    at = tree.index(value) - 12
    assert struct.unpack_from(">II", tree, at) == (3, 18)
    size = 12 + len(value)
    tree[at:at + size] = struct.pack(">I", 4) * (size // 4)
    assert with_tree(tmp_path, tree).status == 0


def test_no_test_device(tmp_path, tree):
    """The firmware switches the machine off instead."""
    r = with_tree(tmp_path, tree.replace(b"sifive,test0\0", b"whittle,non0\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


def test_time_of_a_wrong_size(tmp_path, tree):
    hz = struct.pack(">I", 10000000)
    r = with_tree(tmp_path, devtree.with_value(tree, b"timebase-frequency", hz, hz, 3))
    assert r.status == 1 and b"error: the device tree does not tell how fast time runs (/cpus/timebase-frequency)" in r.err, r


@pytest.mark.parametrize("cpu", ["rv64,g=off,d=off", "rv64,g=off,d=off,f=off"])
def test_no_floating_point(cpu):
    r = hello(options=["--cpu", cpu])
    assert (r.status, r.out, r.err) == (1, b"", b"[whittle] error: this CPU has no floating point (F and D)\n"), r


def old_firmware(folder):
    """One that does not look at the device tree, and tells nobody that it is in the first 2 MiB; the image's console is not its."""
    path = folder / "firmware"
    subprocess.run(["riscv64-linux-gnu-gcc", "-march=rv64g", "-nostdlib", "-static", "-Wl,-N,-Ttext=0x80000000,--build-id=none", "-o", path,
                    os.path.join(whittle.ROOT, "tests/virt/oldsbi.S")], check=True)
    return path


def memory_behind_firmware(tree):
    return devtree.with_value(tree, b"reg", struct.pack(">QQ", 0x80000000, 64 << 20), struct.pack(">QQ", 0x80200000, 62 << 20))


@pytest.mark.parametrize("name,old,new,status", [
    (b"reg", struct.pack(">QQ", 0x10000000, 0x100), struct.pack(">QQ", 0x1b000000, 0x100), 134),
    (b"compatible", b"ns16550a\0", b"whittle0\0", 0)])
def test_uart_that_is_not_there(tmp_path, name, old, new, status):
    """Nothing answers at that address, which is a trap: it is said before the report of that. Or the tree has none: the firmware writes."""
    path = tmp_path / "changed.dtb"
    path.write_bytes(memory_behind_firmware(devtree.with_value(devtree.dump(str(path)), name, old, new)))
    r = hello(options=["--memory", "64M", "--qemu-args", "-bios %s -dtb %s" % (old_firmware(tmp_path), path)])
    assert r.status == status and r.out == (b"" if status else b"Hello, world!\n"), r
    assert r.err.startswith(b"[whittle] error: no 16550 where the device tree says: input is lost\n" +
                            (b"CRASH: " if status else b"")), r


def test_firmware_without_a_timer(tmp_path, tree):
    """SBI as it was before version 0.2: all is well until somebody wants to wait, on a CPU that has no timer of its own."""
    path = tmp_path / "own.dtb"
    path.write_bytes(memory_behind_firmware(devtree.dump(str(path), options=["--cpu", "rv64,sstc=off"])))
    options = ["--memory", "64M", "--cpu", "rv64,sstc=off", "--qemu-args", "-bios %s -dtb %s" % (old_firmware(tmp_path), path)]
    r = hello(options=options)
    assert (r.status, r.out) == (0, b"Hello, world!\n"), r
    r = whittle.run(whittle.image(os.path.join(whittle.ROOT, "tests/virt/kernel"), PLAT), options=options)
    assert r.status == 1 and b"error: no timer: the CPU has none of its own (Sstc), and the firmware none" in r.err, r
