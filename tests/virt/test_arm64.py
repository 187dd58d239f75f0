# SPDX-License-Identifier: BSD-3-Clause
"""Images for arm64, on QEMU's virt: what is its own."""
import os
import struct
import subprocess

import pytest

import devtree
import whittle

STATUS = os.path.join(whittle.ROOT, "tests/boot/exitstatus")
PLAT = whittle.ARM64


def hello(*args, **kw):
    return whittle.run(whittle.image("helloworld", PLAT), *args, **kw)


def test_raw_image_by_hand(tmp_path):
    """What --dry-run says: a raw image by objcopy, on a QEMU without the side channel, is what support/run loads."""
    img = whittle.image(STATUS, PLAT)
    said = subprocess.run([os.path.join(whittle.ROOT, "support/run"), "--dry-run", img, "--", "fault"], check=True,
                          capture_output=True, text=True).stdout
    make, start = said.splitlines()
    subprocess.run(make, shell=True, check=True, cwd=tmp_path)
    raw = (tmp_path / "Image").read_bytes()
    assert raw[56:60] == b"ARM\x64" and struct.unpack_from("<QQ", raw, 8)[1] > len(raw)
    p = subprocess.run(start, shell=True, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       timeout=whittle.RUN_TIMEOUT)
    assert p.returncode == 0 and b"CRASH: page fault in thread `main`" in p.stdout, p


def test_commands_have_a_folder_of_their_own(tmp_path):
    out = whittle.make("APP=helloworld", "CONFIGS=arm64", "O=%s" % tmp_path, "run", "ARGS=x")
    assert "Hello, world!\nargument 1: x\n" in out, out
    assert (tmp_path / "helloworld-arm64/helloworld_kvm-arm64").exists()


def with_tree(tmp_path, change):
    """QEMU's own device tree, changed."""
    path = tmp_path / "own.dtb"
    path.write_bytes(change(devtree.dump(str(path), arch="aarch64", options=["--cpu", "max"])))
    return hello(options=["--memory", "64M", "--qemu-args", "-dtb %s" % path])


def test_tree_as_it_is(tmp_path):
    assert with_tree(tmp_path, lambda tree: tree).status == 0


def test_no_interrupt_controller(tmp_path):
    """Nobody asks for an interrupt in hello; who reads does."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,cortex-a15-gic\0", b"whittle,no-gic-at\0\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


def test_no_uart(tmp_path):
    """Where QEMU has it there may be something else, if there is a tree that does not say so."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,pl011\0", b"whittle,0\0"))
    assert r.status == 0 and r.out == b"" and b"error: no PL011 in the device tree" in r.err, r


def test_no_firmware(tmp_path):
    """A hypervisor is asked without being told of it."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,psci-1.0\0", b"whittle,no-1\0").replace(b"arm,psci-0.2\0",
                                                                                                 b"whittle,no-2\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


@pytest.mark.slow
def test_own_data_is_two_instructions():
    """An interrupt between them, after which the thread may be on another CPU: an emulator that runs instructions by themselves has many."""
    r = whittle.run(whittle.image(os.path.join(whittle.ROOT, "tests/virt/kernel"), PLAT, configs="smp prio"),
                    options=["--memory", "128M", "--smp", "4", "--param", "test.only=sched_stress", "--qemu-args", "-singlestep"],
                    timeout=300)
    assert r.status == 0 and b"ok 3 own_data_wherever_it_runs" in r.out and b"not ok" not in r.out, r


def test_no_tree():
    """QEMU tells of none to what it takes for no Linux: the ELF file itself."""
    img = whittle.image("helloworld", PLAT)
    p = subprocess.run(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt", "-cpu", "max",
                        "-m", "64M", "-serial", "stdio", "-kernel", img],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=whittle.RUN_TIMEOUT)
    assert p.returncode == 0 and b"error: the firmware told no device tree" in p.stdout, p


def test_entered_at_el3():
    """QEMU enters there what it takes for no Linux, if the CPU has it; and nobody switches the machine off then."""
    with subprocess.Popen(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt,secure=on", "-cpu", "max", "-m", "64M",
                           "-serial", "stdio", "-kernel", whittle.image("helloworld", PLAT)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as p:
        try:
            assert b"error: EL3 is the firmware" in p.stdout.readline()
        finally:
            p.kill()


@pytest.mark.slow
def test_every_byte_of_input_arrives():
    """Byte 16 begins an escape on the line, and the end of input may come while the FIFO is full."""
    for n in (1, 15, 16, 17, 32, 1000):
        text = b"select hex('" + b"\x10E\x10D\x10" + b"a" * n + b"');\n"
        r = whittle.run(whittle.image("sqlite", PLAT), ":memory:", stdin=text)
        assert (r.status, r.out.lower()) == (0, b"1045104410" + b"61" * n + b"\n"), (n, r)
