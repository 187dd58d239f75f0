# SPDX-License-Identifier: BSD-3-Clause
"""Images for arm64, on QEMU's virt: what is its own. tests/boot has what is as on x86_64; programs are tests/riscv64's."""
import os
import re
import struct
import subprocess

import pytest

import whittle

FOLDER = os.path.join(whittle.ROOT, "tests/riscv64")
STATUS = os.path.join(whittle.ROOT, "tests/boot/exitstatus")
PLAT = whittle.ARM64
# What QEMU has of interrupt controllers and levels of exceptions to begin at, with an old and the newest CPU.
MACHINES = {
    "gicv2": ["--cpu", "max"],
    "gicv3": ["--cpu", "cortex-a53", "--machine", "virt,gic-version=3"],
    "el2": ["--cpu", "cortex-a72", "--machine", "virt,virtualization=on"],
    "el2-gicv3": ["--cpu", "max", "--machine", "virt,virtualization=on,gic-version=3"],
}

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


@pytest.mark.parametrize("machine", MACHINES)
def test_hello(machine):
    r = hello("one", "two words", options=MACHINES[machine])
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\nargument 1: one\nargument 2: two words\n", b""), r


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(status):
    assert whittle.run(whittle.image(STATUS, PLAT), str(status)).status == status


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


def test_unknown_parameter():
    r = hello(options=["--param", "log.levle=3"])
    assert r.status == 1 and b"log.level" in r.err and r.out == b"", r


def test_memory_too_small():
    r = hello(options=["--memory", "2M"])
    assert r.status == 1 and b"memory too small" in r.err and b"KiB" in r.err, r
    assert hello(options=["--memory", "8M"]).status == 0


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_memory_is_what_the_page_tables_say(cpu):
    """W^X: the image's own segments; ret is another instruction here, but what is no code is not executed anyway.
    And the trap of semihosting, by which an emulator would give the host's files away, is nothing."""
    img = whittle.image(os.path.join(FOLDER, "touch"), PLAT)
    for how, words in (("code", b"write to"), ("constant", b"which is read-only"), ("data", b"execution at"),
                       ("stack", b"stack overflow in thread `main`"), ("low", b"null pointer"),
                       ("host", b"undefined instruction")):
        r = whittle.run(img, how, options=["--cpu", cpu])
        assert r.status == 134 and words in r.err and b"main.c:" in r.err, (how, r)


def test_addresses_are_random():
    """Image and direct map are somewhere else at each boot; also where the CPU has no source of random numbers."""
    img = whittle.image(os.path.join(FOLDER, "touch"), PLAT)
    for cpu in ("max", "cortex-a53"):
        seen = {whittle.run(img, "where", options=["--cpu", cpu]).out for _ in range(4)}
        assert len({s.split()[0] for s in seen}) > 2 and len({s.split()[1] for s in seen}) > 2, seen


def with_tree(tmp_path, change):
    """QEMU's own device tree, changed."""
    path = str(tmp_path / "own.dtb")
    subprocess.run(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt,dumpdtb=%s" % path,
                    "-cpu", "max", "-m", "64M"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        tree = change(f.read())
    # QEMU leaves room, and adds more when it reads that again: up to what follows the last block, names of properties.
    size = sum(struct.unpack_from(">I", tree, at)[0] for at in (12, 32))
    tree = tree[:4] + struct.pack(">I", size) + tree[8:size]
    with open(path, "wb") as f:
        f.write(tree)
    return hello(options=["--memory", "64M", "--qemu-args", "-dtb %s" % path])


def test_tree_as_it_is(tmp_path):
    assert with_tree(tmp_path, lambda tree: tree).status == 0


def test_no_interrupt_controller(tmp_path):
    """Nobody asks for an interrupt in hello; who reads does."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,cortex-a15-gic\0", b"whittle,no-gic-at\0\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


def test_no_firmware(tmp_path):
    """A hypervisor is asked without being told of it."""
    r = with_tree(tmp_path, lambda tree: tree.replace(b"arm,psci-1.0\0", b"whittle,no-1\0").replace(b"arm,psci-0.2\0",
                                                                                                 b"whittle,no-2\0"))
    assert r.status == 0 and r.out == b"Hello, world!\n", r


def test_no_tree():
    """QEMU tells of none to what it takes for no Linux: the ELF file itself."""
    img = whittle.image("helloworld", PLAT)
    p = subprocess.run(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt", "-cpu", "max",
                        "-m", "64M", "-serial", "stdio", "-kernel", img],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=whittle.RUN_TIMEOUT)
    assert p.returncode == 0 and b"error: the firmware told no device tree" in p.stdout, p


@pytest.fixture(scope="module")
def outcome():
    """The unit tests of libraries that need no C library."""
    cache = {}

    def get(machine):
        if machine not in cache:
            img = whittle.image(os.path.join(FOLDER, "kernel"), PLAT)
            cache[machine] = whittle.run(img, options=["--memory", "64M", *MACHINES[machine]], timeout=300)
        return cache[machine]
    return get


@pytest.mark.parametrize("machine", ["gicv2", "gicv3", pytest.param("el2", marks=pytest.mark.slow),
                                     pytest.param("el2-gicv3", marks=pytest.mark.slow)])
def test_unit_tests_pass(outcome, machine):
    r = outcome(machine)
    assert r.status == 0 and b"not ok" not in r.out, r


@pytest.mark.parametrize("suite,case", CASES, ids=["%s.%s" % c for c in CASES])
def test_unit(outcome, suite, case):
    """Each case of the libraries closest to the CPU has run."""
    r = outcome("gicv2")
    part = r.out.decode().partition("    # Subtest: %s\n" % suite)[2].partition("KTAP version")[0]
    assert re.search(r"^    ok \d+ %s( #.*)?$" % case, part, re.M), (part, r)


def test_c_library():
    """musl, with long double of 128 bits."""
    r = whittle.run(whittle.image("helloworld-musl", PLAT), "x", options=["--param", "env.vars=[ A=1 ]"])
    assert (r.status, r.out, r.err) == (0, b"Hello, world! 3.142 is pi.\nargument 1: x\nenvironment: A=1\n", b""), r


@pytest.mark.slow
def test_all_unit_tests_pass():
    """Those of the whole tree, above the C library."""
    r = whittle.run(whittle.image("unittest", PLAT), options=["--memory", "64M"], timeout=300)
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
def test_every_byte_of_input_arrives():
    """Byte 16 begins an escape on the line, and the end of input may come while the FIFO is full."""
    for n in (1, 15, 16, 17, 32, 1000):
        text = b"select hex('" + b"\x10E\x10D\x10" + b"a" * n + b"');\n"
        r = whittle.run(whittle.image("sqlite", PLAT), ":memory:", stdin=text)
        assert (r.status, r.out.lower()) == (0, b"1045104410" + b"61" * n + b"\n"), (n, r)


@pytest.mark.slow
@pytest.mark.parametrize("bus", ["mmio", "pci"])
@pytest.mark.parametrize("machine", ["gicv2", "gicv3"])
def test_disk(tmp_path, bus, machine):
    """A virtio device that the device tree tells of, or on PCI: written, read, compared."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    options = {"mmio": ["--disk", str(disk)],
               "pci": ["--qemu-args", "-drive if=none,id=d,format=raw,file=%s -device virtio-blk-pci,drive=d" % disk]}[bus]
    r = whittle.run(whittle.image("blktest", PLAT), "verify", options=options + MACHINES[machine])
    assert r.status == 0 and any(disk.read_bytes()), r
