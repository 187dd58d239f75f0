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


def handed_over(tmp_path, tree, crash=False):
    """
    What the image says of a tree that QEMU has not looked at, which would add memory where there is none: from some instructions on
    that go to the image with the tree's address.
    """
    place, at, begin = 0x40200000, 0x41000000, 0x41800000
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", whittle.image("helloworld", PLAT) + ".dbg", tmp_path / "Image"], check=True)
    (tmp_path / "tree").write_bytes(tree)
    (tmp_path / "begin").write_bytes(struct.pack("<IIIIQQ", 0x58000080, 0x580000a1, 0xd61f0020, 0,  # ldr x0; ldr x1; br x1
                                                 at, place))
    loaded = [word for name, where in (("Image", place), ("tree", at), ("begin", begin))
              for word in ("-device", "loader,file=%s,addr=%#x,force-raw=on" % (tmp_path / name, where))]
    p = subprocess.run(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt", "-cpu", "max", "-m", "64M",
                        "-serial", "stdio", *loaded, "-device", "loader,addr=%#x,cpu-num=0" % begin],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=whittle.RUN_TIMEOUT)
    assert p.returncode == 0 and (b"CRASH" in p.stdout) == crash, p
    return p.stdout


def without_psci(tree):
    return tree.replace(b"arm,psci-1.0\0", b"whittle,no-1\0").replace(b"arm,psci-0.2\0", b"whittle,no-2\0")


def test_unusable_trees(tmp_path):
    """Each says what it is on the console, or where that is on most machines if the tree tells that as badly."""
    tree = devtree.dump(str(tmp_path / "own.dtb"), "64M", arch="aarch64")
    structure, = struct.unpack_from(">I", tree, 8)
    size, = struct.unpack_from(">I", tree, 36)
    memory = struct.pack(">QQ", 0x40000000, 64 << 20)

    def cells(place, value):
        changed = bytearray(tree)
        struct.pack_into(">I", changed, place, value)
        return changed
    for changed, words in (
            (tree, b"Hello, world!\n"),
            (without_psci(tree), b"Hello, world!\n"),  # a hypervisor is asked without being told of it
            (devtree.with_value(tree, b"method", b"hvc\0", b"svc\0"),
             b"warning: the device tree's method of PSCI is neither hvc nor smc: hvc is tried"),
            (devtree.with_value(tree, b"reg", memory, memory, 14), b"error: the device tree is corrupt: `memory@40000000` is no number of cells"),
            (devtree.with_value(tree, b"device_type", b"memory\0", b"nobody\0"), b"error: the device tree has no node of memory"),
            (devtree.with_value(tree, b"reg", memory, struct.pack(">QQ", 0x40000000, 1 << 20)), b"error: memory too small: this image needs"),
            (devtree.with_value(tree, b"#address-cells", struct.pack(">I", 2), struct.pack(">I", 0)), b"error: the device tree is corrupt: 0 and 2 cells"),
            (cells(structure + size - 8, 7), b"error: the device tree is corrupt at byte"),
            (cells(32, 0), b"error: the device tree is corrupt at byte"),  # no names
            (cells(0, 1), b"is no device tree, or a corrupt one"),
            (cells(20, 16), b"is no device tree, or a corrupt one"),  # of a version from before there were sizes
            (cells(4, 64 << 20), b"is corrupt: it says that it is 67108864 bytes long")):
        said = handed_over(tmp_path, changed)
        assert words in said, (words, said)


def test_no_interrupt_controller(tmp_path):
    """Nobody asks for an interrupt in hello; who reads does."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,cortex-a15-gic\0", b"whittle,no-gic-at\0\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


def test_no_uart(tmp_path):
    """Where QEMU has it there may be something else, if there is a tree that does not say so."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,pl011\0", b"whittle,0\0"))
    assert r.status == 0 and r.out == b"" and b"error: no PL011 where the device tree says" in r.err, r


UART, NOTHING = struct.pack(">QQ", 0x09000000, 0x1000), struct.pack(">QQ", 0x0b000000, 0x1000)


def test_uart_that_is_not_there(tmp_path):
    """Nothing answers at that address, which is a trap: it is said before the report of that."""
    r = with_tree(tmp_path, lambda tree: devtree.with_value(tree, b"reg", UART, NOTHING))
    assert r.status == 134 and r.out == b"", r
    assert r.err.startswith(b"[whittle] error: no PL011 where the device tree says: standard output is lost\n"
                            b"CRASH: access that memory did not answer in thread `main`"), r
    # Without anybody at the other side: where most machines have one.
    tree = devtree.with_value(devtree.dump(str(tmp_path / "dtb"), "64M", arch="aarch64"), b"reg", UART, NOTHING)
    said = handed_over(tmp_path, tree, crash=True)
    assert said.startswith(b"[whittle] error: no PL011 where the device tree says"), said


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
