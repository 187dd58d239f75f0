# SPDX-License-Identifier: BSD-3-Clause
"""Images for riscv64, on QEMU's virt: what is its own. tests/boot has what is as on x86_64."""
import os
import re
import struct

import pytest

import devtree
import whittle

FOLDER = os.path.join(whittle.ROOT, "tests/riscv64")
STATUS = os.path.join(whittle.ROOT, "tests/boot/exitstatus")
PLAT = whittle.RISCV64

CASES = sorted(
    (suite, name)
    for library in ("lib/base/ukbase", "lib/sched/uksched", "lib/sched/uktime", "lib/sched/uklock", "lib/mem/ukvmem",
                    "lib/mem/ukpage", "lib/mem/ukalloc", "lib/dev/virtio")
    for path in os.listdir(os.path.join(whittle.ROOT, library, "tests"))
    if path.startswith("test_") and path not in ("test_space.c", "test_lockcheck.c", "test_lockstat.c")
    for suite, name in re.findall(r"^UK_TEST\((\w+),\s*(\w+)\)",
                                  open(os.path.join(whittle.ROOT, library, "tests", path)).read(), re.M))


def hello(*args, **kw):
    return whittle.run(whittle.image("helloworld", PLAT), *args, **kw)


def test_hello():
    """Nothing of the firmware's banner, which is written to the same line, is in the output."""
    r = hello("one", "two words")
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\nargument 1: one\nargument 2: two words\n", b""), r


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(status):
    assert whittle.run(whittle.image(STATUS, PLAT), str(status)).status == status


def test_status_without_the_runner():
    """QEMU by hand: the test device carries the status, and everything is on the serial line."""
    import subprocess
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
    p = whittle.make("APP=helloworld", "CONFIGS=riscv64", "CC=clang", "O=%s" % tmp_path, check=False)
    assert p.returncode and "gcc" in p.stdout, p


def test_unknown_parameter():
    r = hello(options=["--param", "log.levle=3"])
    assert r.status == 1 and b"log.level" in r.err and r.out == b"", r


def test_memory_too_small():
    r = hello(options=["--memory", "4M"])
    assert r.status == 1 and b"memory too small" in r.err and b"KiB" in r.err, r
    assert hello(options=["--memory", "8M"]).status == 0


def test_writable_code_is_refused_by_the_cpu():
    """W^X: the image's own segments, as the page tables have them (tests/riscv64/touch)."""
    img = whittle.image(os.path.join(FOLDER, "touch"), PLAT)
    for how, words in (("code", b"write to"), ("constant", b"which is read-only"), ("data", b"execution at"),
                       ("stack", b"stack overflow in thread `main`"), ("low", b"null pointer")):
        r = whittle.run(img, how)
        assert r.status == 134 and words in r.err and b"main.c:" in r.err, (how, r)


def test_host_is_closed():
    """The trap by which an emulator lets an image call the host, with the rights of who runs it, is an ordinary one."""
    r = whittle.run(whittle.image(os.path.join(FOLDER, "touch"), PLAT), "host")
    assert r.status == 134 and b"breakpoint" in r.err, r


def test_addresses_are_random():
    """Image and direct map are somewhere else at each boot."""
    img = whittle.image(os.path.join(FOLDER, "touch"), PLAT)
    seen = {whittle.run(img, "where").out for _ in range(4)}
    assert len({s.split()[0] for s in seen}) > 2 and len({s.split()[1] for s in seen}) > 2, seen


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


@pytest.fixture(scope="module")
def outcome():
    """The unit tests of libraries that need no C library, once with the CPU's own timer and once with the firmware's."""
    cache = {}

    def get(cpu):
        if cpu not in cache:
            img = whittle.image(os.path.join(FOLDER, "kernel"), PLAT)
            cache[cpu] = whittle.run(img, options=["--memory", "64M", "--cpu", cpu], timeout=300)
        return cache[cpu]
    return get


@pytest.mark.parametrize("cpu", ["rv64", "rv64,sstc=off"])
def test_unit_tests_pass(outcome, cpu):
    r = outcome(cpu)
    assert r.status == 0 and b"not ok" not in r.out, r


@pytest.mark.parametrize("suite,case", CASES, ids=["%s.%s" % c for c in CASES])
def test_unit(outcome, suite, case):
    """Each case of the libraries closest to the CPU has run."""
    r = outcome("rv64")
    part = r.out.decode().partition("    # Subtest: %s\n" % suite)[2].partition("KTAP version")[0]
    assert re.search(r"^    ok \d+ %s( #.*)?$" % case, part, re.M), (part, r)


@pytest.fixture(scope="module")
def on_harts():
    return whittle.image(os.path.join(FOLDER, "kernel"), PLAT, configs="smp")


def test_unit_tests_pass_on_four_harts(on_harts):
    r = whittle.run(on_harts, options=["--memory", "128M", "--smp", "4"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out, r
    assert re.search(rb"^ok \d+ ukvmem_cpus", r.out, re.M), r  # skipped where there is one CPU


def test_hart_that_does_not_start(tmp_path, on_harts):
    """The tree tells of three, and the machine has two."""
    devtree.dump(str(tmp_path / "tree"), "128M", harts=3)
    r = whittle.run(on_harts, options=["--memory", "128M", "--smp", "2", "--qemu-args", "-dtb %s" % (tmp_path / "tree")],
                    timeout=300)
    assert r.status == 0 and re.search(rb"CPU 2 \(hart \d\) does not start \(error \d+\): left out", r.err), r


def test_c_library():
    """musl, with long double of 128 bits."""
    r = whittle.run(whittle.image("helloworld-musl", PLAT), "x", options=["--param", "env.vars=[ A=1 ]"])
    assert (r.status, r.out, r.err) == (0, b"Hello, world! 3.142 is pi.\nargument 1: x\nenvironment: A=1\n", b""), r


@pytest.mark.slow
@pytest.mark.parametrize("configs", ["", "sv48"])
def test_all_unit_tests_pass(configs):
    """Those of the whole tree, above the C library; and with x86_64's address map."""
    r = whittle.run(whittle.image("unittest", PLAT, configs=configs), options=["--memory", "64M"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 300, r


@pytest.mark.slow
def test_all_of_the_c_library():
    """apps/libctest: signals and their contexts, threads, cancellation, thread-local variables, floating point."""
    r = whittle.run(whittle.image("libctest", PLAT), options=["--memory", "64M"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 100, r


@pytest.mark.slow
def test_threads():
    r = whittle.run(whittle.image("pthread-stress", PLAT), timeout=300)
    assert r.status == 0 and r.out.endswith(b"all is well\n"), r


@pytest.mark.slow
def test_sqlite(tmp_path):
    (tmp_path / "in.sql").write_text("create table t(a, b); insert into t values (1, 'x'), (2, 'y');")
    img = whittle.image("sqlite", PLAT)
    r = whittle.run(img, "/some.db", options=["--root", str(tmp_path)],
                    stdin=b".read /in.sql\nselect sum(a), 1 / 3.0 from t;\npragma integrity_check;\n")
    assert (r.status, r.out, r.err) == (0, b"3|0.333333333333333\nok\n", b""), r
    assert whittle.run(img, ":memory:", "select * from nowhere").status == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", ["mmio", "pci", "second on pci"])
@pytest.mark.parametrize("smp", ["", "smp"])
def test_disk(tmp_path, how, smp):
    """A virtio device that the device tree tells of, or PCI's configuration space: written, read, compared."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    drive = "-drive file=%s,format=raw,if=none,id=d -device virtio-blk-pci,drive=d" % disk
    options = {"mmio": ["--disk", str(disk)], "pci": ["--qemu-args", drive],
               "second on pci": ["--qemu-args", "-device virtio-rng-pci " + drive]}[how]
    r = whittle.run(whittle.image("blktest", PLAT, configs=smp), "verify", options=options + ["--smp", "2"] * bool(smp))
    assert r.status == 0 and any(disk.read_bytes()), r
