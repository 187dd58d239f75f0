# SPDX-License-Identifier: BSD-3-Clause
"""Images for riscv64 and arm64 on QEMU's virt, which tells of itself by a device tree. tests/boot has what is as on x86_64."""
import os
import re
import subprocess

import pytest

import devtree
import whittle

FOLDER = os.path.join(whittle.ROOT, "tests/virt")
KERNEL = os.path.join(whittle.ROOT, "tests/virt/kernel")
STATUS = os.path.join(whittle.ROOT, "tests/boot/exitstatus")
RISCV64, ARM64 = whittle.RISCV64, whittle.ARM64
# Each with timers, interrupt controllers and levels of privilege to begin at, and old and new CPUs.
MACHINES = {
    RISCV64: {"sstc": [], "firmware's timer": ["--cpu", "rv64,sstc=off"],
              "aplic": ["--machine", "virt,aia=aplic"], "imsic": ["--machine", "virt,aia=aplic-imsic"]},
    ARM64: {
        "gicv2": ["--cpu", "max"],
        "gicv3": ["--cpu", "cortex-a53", "--machine", "virt,gic-version=3"],
        "el2": ["--cpu", "cortex-a72", "--machine", "virt,virtualization=on"],
        "el2-gicv3": ["--cpu", "max", "--machine", "virt,virtualization=on,gic-version=3"]}}
# Where devices on PCI can send interrupts, instead of raising a line.
WITH_MESSAGES = [MACHINES[RISCV64]["imsic"], *MACHINES[ARM64].values()]
EACH_MACHINE = pytest.mark.parametrize(
    "plat,machine", [pytest.param(plat, m, marks=[pytest.mark.slow] * m.startswith("el2"))
                     for plat in MACHINES for m in MACHINES[plat]])
EACH_CPU = pytest.mark.parametrize("plat", MACHINES)

CASES = sorted(
    (suite, name)
    for library in ("lib/base/ukbase", "lib/sched/uksched", "lib/sched/uktime", "lib/sched/uklock", "lib/mem/ukvmem",
                    "lib/mem/ukpage", "lib/mem/ukalloc", "lib/dev/virtio")
    for path in os.listdir(os.path.join(whittle.ROOT, library, "tests"))
    if path.startswith("test_") and path not in ("test_space.c", "test_lockcheck.c", "test_lockstat.c")
    for suite, name in re.findall(r"^UK_TEST\((\w+),\s*(\w+)\)",
                                  open(os.path.join(whittle.ROOT, library, "tests", path)).read(), re.M))


def hello(plat, *args, **kw):
    return whittle.run(whittle.image("helloworld", plat), *args, **kw)


@pytest.mark.parametrize("plat,machine", [(plat, m) for plat in MACHINES for m in MACHINES[plat]])
def test_hello(plat, machine):
    """Nothing of a firmware's banner, which may be written to the same line, is in the output."""
    r = hello(plat, "one", "two words", options=MACHINES[plat][machine])
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\nargument 1: one\nargument 2: two words\n", b""), r


@EACH_CPU
def test_large_image(plat):
    """What boot closes is apart from what it needs to close it, also where both would fit into one page of 2 MiB."""
    img = whittle.image(os.path.join(FOLDER, "large"), plat)
    at = {name: int(va, 16) for va, _, name in (line.split() for line in subprocess.run(
        ["nm", img + ".dbg"], check=True, capture_output=True, text=True).stdout.splitlines())}
    page = at["image_data"] & -(2 << 20)
    assert at["image_relro"] < page < at["image_tables"] < page + (2 << 20) <= at["boot_stack"], "see WORDS in large/main.c"
    r = whittle.run(img, options=["--memory", "64M"])
    assert (r.status, r.out) == (0, b"300000 of 300000\n"), r


@EACH_CPU
@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(plat, status):
    assert whittle.run(whittle.image(STATUS, plat), str(status)).status == status


@EACH_CPU
def test_unknown_parameter(plat):
    r = hello(plat, options=["--param", "log.levle=3"])
    assert r.status == 1 and b"log.level" in r.err and r.out == b"", r


@pytest.mark.parametrize("plat,memory", [(RISCV64, "4M"), (ARM64, "2M")])
def test_memory_too_small(plat, memory):
    r = hello(plat, options=["--memory", memory])
    assert r.status == 1 and b"memory too small" in r.err and b"KiB" in r.err, r
    assert hello(plat, options=["--memory", "8M"]).status == 0


@pytest.mark.parametrize("plat,options,trap", [
    (RISCV64, [], b"breakpoint"), (ARM64, ["--cpu", "max"], b"undefined instruction"), (ARM64, ["--cpu", "cortex-a53"], b"undefined instruction")])
def test_memory_is_what_the_page_tables_say(plat, options, trap):
    """W^X: the image's own segments. (What is executed as data is riscv64's return; what is no code is not executed anyway.) And the trap by which
    an emulator lets an image call the host, with the rights of who runs it, is an ordinary one."""
    img = whittle.image(os.path.join(FOLDER, "touch"), plat)
    for how, words in (("code", b"write to"), ("constant", b"which is read-only"), ("data", b"execution at"),
                       ("stack", b"stack overflow in thread `main`"), ("low", b"null pointer"), ("host", trap)):
        r = whittle.run(img, how, options=options)
        assert r.status == 134 and words in r.err and b"main.c:" in r.err, (how, r)


@pytest.mark.parametrize("plat,options", [(RISCV64, []), (ARM64, ["--cpu", "max"]), (ARM64, ["--cpu", "cortex-a53"])])
def test_addresses_are_random(plat, options):
    """Image and direct map are somewhere else at each boot; also where the CPU has no source of random numbers."""
    img = whittle.image(os.path.join(FOLDER, "touch"), plat)
    seen = {whittle.run(img, "where", options=options).out for _ in range(4)}
    assert len({s.split()[0] for s in seen}) > 2 and len({s.split()[1] for s in seen}) > 2, seen


@pytest.fixture(scope="module")
def outcome():
    """The unit tests of libraries that need no C library."""
    cache = {}

    def get(plat, machine):
        if (plat, machine) not in cache:
            img = whittle.image(KERNEL, plat)
            cache[plat, machine] = whittle.run(img, options=["--memory", "64M", *MACHINES[plat][machine]], timeout=300)
        return cache[plat, machine]
    return get


@EACH_MACHINE
def test_unit_tests_pass(outcome, plat, machine):
    r = outcome(plat, machine)
    assert r.status == 0 and b"not ok" not in r.out, r


@EACH_CPU
@pytest.mark.parametrize("suite,case", CASES, ids=["%s.%s" % c for c in CASES])
def test_unit(outcome, plat, suite, case):
    """Each case of the libraries closest to the CPU has run."""
    r = outcome(plat, next(iter(MACHINES[plat])))
    part = r.out.decode().partition("    # Subtest: %s\n" % suite)[2].partition("KTAP version")[0]
    assert re.search(r"^    ok \d+ %s( #.*)?$" % case, part, re.M), (part, r)


@pytest.mark.parametrize("plat,machine,cpus", [
    (RISCV64, "sstc", 4), (ARM64, "gicv2", 4),
    *(pytest.param(ARM64, m, n, marks=pytest.mark.slow) for m, n in (("gicv2", 2), ("gicv3", 4), ("el2", 2), ("el2-gicv3", 4)))])
def test_unit_tests_pass_on_several_cpus(plat, machine, cpus):
    """A TLB, an interrupt controller and a timer for each, and interrupts between them."""
    r = whittle.run(whittle.image(KERNEL, plat, configs="smp"),
                    options=["--memory", "128M", "--smp", str(cpus), *MACHINES[plat][machine]], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out, r
    assert re.search(rb"^ok \d+ ukvmem_cpus", r.out, re.M), r  # skipped where there is one CPU


@pytest.mark.parametrize("plat,machine,name", [
    (RISCV64, "sstc", rb"hart \d"), (ARM64, "gicv2", b"MPIDR 0x2"), pytest.param(ARM64, "gicv3", b"MPIDR 0x2", marks=pytest.mark.slow)])
def test_cpu_that_does_not_start(tmp_path, plat, machine, name):
    """The tree tells of three, and the machine has two."""
    path = str(tmp_path / "tree")
    options = MACHINES[plat][machine]
    devtree.dump(path, "128M", 3, "aarch64" if plat == ARM64 else "riscv64", options)
    r = whittle.run(whittle.image(KERNEL, plat, configs="smp"),
                    options=["--memory", "128M", "--smp", "2", "--qemu-args", "-dtb " + path, *options], timeout=300)
    assert r.status == 0 and re.search(rb"CPU 2 \(%s\) does not start \(error \d+\): left out" % name, r.err), r


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--smp", "4"], ["--smp", "2", *MACHINES[ARM64]["el2"], "--cpu", "max"], ["--cpu", "cortex-a53"]])
def test_unit_tests_pass_with_signed_returns(options):
    """And landing pads; threads move between CPUs with what they have signed. On a CPU that has neither, too."""
    r = whittle.run(whittle.image(KERNEL, ARM64, configs="smp branches"), options=["--memory", "128M", *options], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out, r


@EACH_CPU
def test_c_library(plat):
    """musl, with long double of 128 bits."""
    r = whittle.run(whittle.image("helloworld-musl", plat), "x", options=["--param", "env.vars=[ A=1 ]"])
    assert (r.status, r.out, r.err) == (0, b"Hello, world! 3.142 is pi.\nargument 1: x\nenvironment: A=1\n", b""), r


@pytest.mark.slow
@pytest.mark.parametrize("plat,configs", [(RISCV64, ""), (RISCV64, "sv48"), (ARM64, "")])
def test_all_unit_tests_pass(plat, configs):
    """Those of the whole tree, above the C library; on riscv64 also with x86_64's address map. (tests/build/test_linkers.py has other compilers and linkers.)"""
    r = whittle.run(whittle.image("unittest", plat, configs=configs), options=["--memory", "64M"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 300, r


@pytest.mark.slow
@pytest.mark.parametrize("plat,configs", [*((p, "") for p in MACHINES), (ARM64, "branches")])
def test_all_of_the_c_library(plat, configs):
    """apps/libctest: signals and their contexts, threads, cancellation, thread-local variables, floating point, jumps over functions."""
    r = whittle.run(whittle.image("libctest", plat, configs=configs), options=["--memory", "64M"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 100, r


@pytest.mark.slow
@EACH_CPU
def test_threads(plat):
    r = whittle.run(whittle.image("pthread-stress", plat), timeout=300)
    assert r.status == 0 and r.out.endswith(b"all is well\n"), r


@pytest.mark.parametrize("how", [pytest.param("mmio", marks=pytest.mark.slow), "pci", pytest.param("second on pci", marks=pytest.mark.slow)])
@pytest.mark.parametrize("plat,configs,options", [
    *(pytest.param(plat, "", MACHINES[plat][m], marks=pytest.mark.slow)
      for plat, m in ((RISCV64, "sstc"), (RISCV64, "aplic"), (RISCV64, "imsic"), (ARM64, "gicv2"), (ARM64, "gicv3"))),
    *((plat, "smp", ["--smp", "2", *MACHINES[plat][m]])
      for plat, m in ((RISCV64, "sstc"), (RISCV64, "aplic"), (RISCV64, "imsic"), (ARM64, "gicv2"), (ARM64, "gicv3")))])
def test_disk(tmp_path, plat, configs, options, how):
    """A virtio device that the device tree tells of, or PCI's configuration space: written, read, compared."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    drive = "-drive file=%s,format=raw,if=none,id=d -device virtio-blk-pci,drive=d" % disk
    drive += " -trace msix_write_config -D %s" % (tmp_path / "trace")
    device = {"mmio": ["--disk", str(disk)], "pci": ["--qemu-args", drive],
              "second on pci": ["--qemu-args", "-device virtio-rng-pci " + drive]}[how]
    r = whittle.run(whittle.image("blktest", plat, configs=configs), "verify", options=device + options)
    assert r.status == 0 and any(disk.read_bytes()), r
    if how != "mmio":
        trace = (tmp_path / "trace").read_text()
        assert ("dev virtio-blk-pci enabled 1 masked 0" in trace) == any(options[-len(m):] == m for m in WITH_MESSAGES), (r, trace)
