# SPDX-License-Identifier: BSD-3-Clause
"""Platform xen on arm64: an image as a guest that Xen starts by itself ("dom0less"), and as dom0; half a second each. (What
test_xen_arm64_guests.py starts has a dom0 beside it, which takes five.)"""
import os
import subprocess
import sys

import pytest

import whittle

sys.path[:0] = [os.path.join(whittle.ROOT, folder) for folder in ("tests/image", "support/tools")]
from test_unit import parse_ktap  # noqa: E402

PLAT = "xen-arm64"
KINDS = ["dom0less", "dom0"]
MACHINES = ["virt,gic-version=2", "virt,gic-version=3"]
CRASH = os.path.join(whittle.ROOT, "tests/crash/crashing")
CPUS = os.path.join(whittle.ROOT, "tests/boot/cpus")
LIMIT = 300


def run(app, kind, *args, options=(), **more):
    return whittle.run(whittle.image(app, PLAT, configs="xen"), *args, options=["--xen-type", kind, "--net", "none", *options],
                       timeout=LIMIT, **more)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", KINDS)
def test_hello(kind, machine):
    r = run("helloworld", kind, "a b", "c\t\u00e9", options=["--machine", machine])
    assert (r.status, r.out.decode(), r.err) == (0, "Hello, world!\nargument 1: a b\nargument 2: c\t\u00e9\n", b""), r


@pytest.mark.parametrize("kind", KINDS)
def test_crash(kind):
    """A report with its cause, and a status that says so."""
    r = run(CRASH, kind, "null")
    assert r.status == 134 and b"write to a null pointer" in r.err and b"(XEN)" not in r.err, r
    r = run(CRASH, kind, "overflow")
    assert r.status == 134 and b"CRASH: stack overflow" in r.err, r


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", KINDS)
def test_cpus(kind, machine):
    """All of the machine, each with its clock, its timer, and stacks for what goes wrong."""
    options = ["--machine", machine, "--smp", "3"]
    r = run(CPUS, kind, options=options)
    assert (r.status, r.out, r.err) == (0, b"3 CPUs\n", b""), r
    for what in "clock", "sleep":
        r = run(CPUS, kind, what, options=options)
        assert (r.status, r.out, r.err) == (0, b"", b""), r
    r = run(CPUS, kind, "overflow", "2", options=options)
    assert r.status == 134 and b"CRASH: stack overflow" in r.err and b"\n  on CPU 2 of 3\n" in r.err and r.err.count(b"CRASH:") == 1, r


def test_many_cpus():
    """Those beyond 16 have other numbers."""
    r = run(CPUS, "dom0less", options=["--smp", "18"])
    assert (r.status, r.out, r.err) == (0, b"18 CPUs\n", b""), r


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_parameter(kind):
    r = run("helloworld", kind, options=["--param", "log.levle=2"])
    assert r.status == 1 and r.out == b"" and b"the nearest known one is `log.level`" in r.err, r


def test_without_records(tmp_path):
    """What a user sees who starts it by hand: text, on the UART that Xen emulates."""
    from runner.image import Image
    from xenrig import arm64
    image = Image(whittle.image("helloworld", PLAT, configs="xen"))
    argv = arm64.command("dom0less", bytes(image.raw()), "-- by hand", None, 32 << 20, 1, "qemu-system-aarch64")
    files = [int(word.partition("/dev/fd/")[2].partition(",")[0]) for word in argv if "/dev/fd/" in word]
    p = subprocess.Popen(argv + ["-serial", "stdio"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         pass_fds=files)
    try:
        said = b""
        while b"argument 1: by\r\n" not in said:
            line = p.stdout.readline()
            assert line, said.decode()
            said += line
    finally:
        p.kill()
        p.communicate()
    assert b"Hello, world!\r\n" in said and b"==10" not in said, said.decode()


def test_without_xen():
    """The message comes by the machine's own UART, and the firmware switches the machine off."""
    from runner import kvm
    from runner.image import Image
    raw = kvm.raw_for(Image(whittle.image("helloworld", PLAT, configs="xen")))
    p = subprocess.run(["qemu-system-aarch64", "-nodefaults", "-display", "none", "-machine", "virt", "-cpu", "max", "-m", "64M",
                        "-kernel", raw, "-serial", "stdio"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=LIMIT,
                       pass_fds=[int(raw.rpartition("/")[2])], check=True)
    assert p.stdout.count(b"\n") == 1 and b"error: this image is for Xen, and there is no Xen here" in p.stdout, p


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", KINDS)
def test_unit(kind, machine):
    """The libraries' own tests, events and grants among them."""
    r = run("unittest", kind, options=["--memory", "96M", "--machine", machine])
    results = parse_ktap(r.out.decode(errors="replace"))
    failed = ["%s.%s: %s" % (*case, notes) for case, (ok, _, notes) in results.items() if not ok]
    assert not failed and r.status == 0 and len(results) > 300, (failed, len(results), r.status, r.err[-2000:])
    assert {"xen_event", "xen_grant"} <= {suite for suite, _ in results}


@pytest.mark.slow
@pytest.mark.parametrize("kind,machine,forms", [*((kind, machine, "") for kind in KINDS for machine in MACHINES), ("dom0less", MACHINES[1], "twolevel grants2")])
def test_unit_on_several_cpus(kind, machine, forms):
    """With events of either form on each of them; and with an image that takes the other version of grants, which Xen does not offer here."""
    r = whittle.run(whittle.image("unittest", PLAT, configs=("xen smp " + forms).strip()),
                    options=["--xen-type", kind, "--net", "none", "--memory", "128M", "--machine", machine, "--smp", "3"], timeout=2 * LIMIT)
    results = parse_ktap(r.out.decode(errors="replace"))
    failed = ["%s.%s: %s" % (*case, notes) for case, (ok, _, notes) in results.items() if not ok]
    assert not failed and r.status == 0 and len(results) > 300, (failed, len(results), r.status, r.err[-2000:])
    assert ("xen_event", "on_each_cpu") in results and {"ukvmem_cpus", "ukspin"} <= {suite for suite, _ in results}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_sqlite(kind, tmp_path):
    """Input to its end, an initrd, memory, and the application's own status. (A UART of Xen's holds 32 bytes of input, and drops what is more.)"""
    (tmp_path / "numbers.csv").write_text("".join("%d\n" % i for i in range(1000)))
    r = run("sqlite", kind, ":memory:", "create table t(n int);", ".import /numbers.csv t", "select sum(n) from t;", ".exit 7",
            options=["--root", str(tmp_path), "--memory", "64M"])
    assert (r.status, r.out) == (7, b"499500\n"), r
    r = run("sqlite", "dom0less", stdin=b"".join(b"select %d;\n" % i for i in range(100)))
    assert (r.status, r.out) == (0, b"".join(b"%d\n" % i for i in range(100))), r
    r = run("sqlite", kind, stdin=b"select 6 * 7;\n")
    assert (r.status, r.out) == (0, b"42\n"), r


def test_types():
    """What there is on this CPU, and what is not."""
    r = run("helloworld", "pv")
    assert r.status == 2 and b"--xen-type pv: an image for arm64 can be pvh, dom0less, dom0" in r.err, r
    r = run("helloworld", "pvh", options=["--machine", "virt"])
    assert r.status == 2 and b"--machine: Xen's guests have no choice of it" in r.err, r


def test_configuration_by_hand():
    """xl takes a raw image, and a comment says how that is made."""
    r = run("helloworld", "pvh", "a b", options=["--print-xl", "--memory", "20M"])
    lines = r.out.decode().split("\n")
    assert r.status == 0 and lines[0].startswith("# kernel: aarch64-linux-gnu-objcopy -O binary /") and lines[0].endswith(".dbg Image"), r
    assert {'type = "pvh"', 'kernel = "Image"', "memory = 20"} <= set(lines), lines
