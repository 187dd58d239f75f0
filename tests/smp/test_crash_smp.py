# SPDX-License-Identifier: BSD-3-Clause
"""Crashes while other CPUs run: one report, after they stand still, which says what each of them did."""
import os
import re
import shutil
import subprocess
import sys

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/crash"))
from gdbrun import gdb  # noqa: E402

APP = os.path.join(whittle.ROOT, "tests/smp/crashing-cpus")
XEN_ARM64 = "xen-arm64"
CPUS = {"kvm": 4, "linuxu": min(3, len(os.sched_getaffinity(0))), whittle.RISCV64: 4, whittle.ARM64: 4, XEN_ARM64: 4}
EACH_PLATFORM = pytest.mark.parametrize("plat", [*whittle.PLATFORMS, *whittle.OTHER_CPUS, pytest.param(XEN_ARM64, marks=pytest.mark.slow)])


def run(plat, how, *more):
    n = CPUS[plat]
    options = ["--smp", str(n)] if plat != "linuxu" else ["--param", "smp.cpus=%d" % n]
    if plat == XEN_ARM64:
        options += ["--xen-type", "dom0less", "--net", "none"]
    r = whittle.run(whittle.image(APP, plat, configs="xen smp" if plat == XEN_ARM64 else "smp"), how, options=options + list(more))
    assert r.out == b"", r
    return r.status, r.err.decode()


def report(plat, how):
    status, err = run(plat, how)
    assert status == 134 and err.count("CRASH:") == 1, err
    assert re.search(r"^CRASH: page fault in thread `on-\d`: write to 0,", err), err
    assert "not stopped" not in err, err
    return err


@EACH_PLATFORM
def test_what_each_cpu_did(plat):
    n = CPUS[plat]
    err = report(plat, "one")
    assert "\n  on CPU 1 of %d\n" % n in err, err
    for cpu in (i for i in range(n) if i != 1):
        assert "\n  CPU %d: `on-%d`\n" % (cpu, cpu) in err, err
    assert err.count("  compute_for_ever (") == n - 1, err
    for cpu in range(n):
        assert "    `on-%d` running on CPU %d\n" % (cpu, cpu) in err, err


@EACH_PLATFORM
@pytest.mark.parametrize("again", range(3))
def test_all_at_once_are_one_report(plat, again):
    err = report(plat, "all")
    assert re.search(r"  on CPU (\d) of \d\n", err), err


@EACH_PLATFORM
@pytest.mark.parametrize("again", range(3))
def test_locks_held_elsewhere(plat, again):
    """Others are stopped in the middle of the allocators' and areas' sections: the report asks for both."""
    err = report(plat, "locks")
    assert "\n  memory: " in err and "\n  areas: " in err and "command line" in err, err


@pytest.mark.parametrize("how", ["one", "all", "locks", "exit"])
def test_machine_goes_off(how):
    """Nobody listens to QEMU's own device for ends: ACPI's tables are mapped to find out how, with nobody left
    to be told of that."""
    p = subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-cpu", "max", "-m", "64", "-smp", "4",
                        "-nodefaults", "-display", "none", "-serial", "stdio", "-kernel",
                        whittle.image(APP, "kvm", configs="smp"), "-append", "-- " + how],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
    assert p.returncode == 0 and p.stdout.count(b"CRASH:") == (how != "exit"), p


@EACH_PLATFORM
def test_abort_and_exit_while_others_run(plat):
    assert run(plat, "abort")[0] == 134
    status, err = run(plat, "exit")
    assert status == 55 and err == "", err


@pytest.mark.skipif(not shutil.which("gdb"), reason="needs gdb")
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_core_of_a_crash(tmp_path, plat):
    """The threads that ran elsewhere are where they were, with the variables of their functions."""
    n, core = CPUS[plat], str(tmp_path / "core")
    _, err = run(plat, "one", "--core", core)
    assert "%d threads; open it with: gdb " % n in err, err
    dbg = whittle.image(APP, plat, configs="smp") + ".dbg"
    out = gdb(dbg, "-c", core, helpers=True, commands=["bt", "p/x $xmm7.v2_int64[0]", "uk cpus", "uk threads -q",
                                                        "thread apply all bt"])
    assert re.search(r"#0 .* crash .*main\.c:\d+", out), out
    assert "$1 = 0x1122334455667788" in out, out
    assert re.search(r"^\* CPU 1 `on-1`", out, re.M) and re.search(r"^\* 2 `on-1` running on CPU 1 ", out, re.M), out
    for cpu in (i for i in range(n) if i != 1):
        assert re.search(r"^  CPU %d `on-%d`.*, stopped at \w+" % (cpu, cpu), out, re.M), out
    assert out.count("compute_for_ever (") == n - 1, out


@pytest.mark.skipif(not shutil.which("gdb"), reason="needs gdb")
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_core_of_an_end(tmp_path, plat):
    """abort() on CPU 1, which is shown first: the others were sent to their end, and show where they were until then."""
    core = str(tmp_path / "core")
    _, err = run(plat, "abort", "--core", core)
    assert "open it with: gdb " in err, err
    dbg = whittle.image(APP, plat, configs="smp") + ".dbg"
    out = gdb(dbg, "-c", core, helpers=True, commands=["bt", "echo ---\\n", "uk cpus", "thread apply all bt"])
    first, rest = out.split("---")
    assert "in abort ()" in first and "in on_cpu (" in first and "\n* CPU 1 `on-1`" in rest, out
    assert "compute_for_ever (" in rest, out
