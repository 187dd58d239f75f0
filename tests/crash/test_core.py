# SPDX-License-Identifier: BSD-3-Clause
"""--core: gdb opens what it writes with the .dbg file, at the right addresses, with all threads."""
import os
import re
import shutil

import pytest

import whittle
from gdbrun import OTHER_CPUS, gdb, program

APP = os.path.join(whittle.ROOT, "tests/crash/crashing")
SMALL = os.path.join(whittle.ROOT, "tests/boot/exitstatus")


ALL = whittle.PLATFORMS + whittle.OTHER_CPUS


def core_of(tmp_path, plat, app, how, status):
    img, core = whittle.image(app, plat), str(tmp_path / "core")
    r = whittle.run(img, how, options=["--core", core])
    assert r.status == status, r
    return img + ".dbg", core, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS + OTHER_CPUS)
def test_threads_and_variables(tmp_path, plat):
    dbg, core, r = core_of(tmp_path, plat, APP, "constant", 134)
    assert b"CRASH: " in r.err and b"3 threads; open it with: %s " % program(dbg).encode() in r.err, r
    out = gdb(dbg, core, commands=["bt", "up", "info locals", "p crash_answer", "thread apply all bt",
                                 "thread 2", "frame function waiter", "p waiter_local"])
    assert "warning" not in out, out
    assert re.search(r"#0 .* write_to .*main\.c:\d+", out) and re.search(r"#1 .*crash \(what=.*\"constant\"", out), out
    assert "<crash_answer>" in out and "area = 0x" in out, out
    assert '{number = 42, text = 0x' in out and '"what the core file shows"}' in out, out
    assert len(re.findall(r"in waiter \(", out)) == 3 and "= 7001" in out, out


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_vector_registers(tmp_path, plat):
    """x87 and vector registers as they were at the trap."""
    dbg, core, _ = core_of(tmp_path, plat, APP, "vectors", 134)
    out = gdb(dbg, core, commands=["p/x $xmm7.v2_int64", "p/x $xmm15.v2_int64", "p $st0",
                                   "p crash_answer.number", "info threads"])
    assert "= {0x1122334455667788, 0x0}" in out and "= {0x99aabbccddeeff00, 0x1122334455667788}" in out, out
    assert "= 3.14159265" in out, out
    assert "$4 = 42" in out and "warning" not in out, out


@pytest.mark.parametrize("plat,commands,values", [
    pytest.param(whittle.RISCV64, ["p/x $ft7.double", "info registers ft7", "p $fs11.double"],
                 ["(raw 0x1122334455667788)", "= 3.14159265"], marks=pytest.mark.slow),
    pytest.param(whittle.ARM64, ["p/x $v7.d.u", "p $d31.f", "p/x $v31.d.u"],
                 ["= {0x1122334455667788, 0x0}", "= 3.14159265", "= {0x400921fb54442d18, 0x1122334455667788}"],
                 marks=pytest.mark.slow)])
def test_vector_registers_of_other_cpus(tmp_path, plat, commands, values):
    dbg, core, _ = core_of(tmp_path, plat, APP, "vectors", 134)
    out = gdb(dbg, core, commands=commands + ["info threads"])
    assert all(v in out for v in values) and "SIGILL" in out and "warning" not in out, out


@pytest.mark.parametrize("plat", ALL)
def test_end_without_a_trap(tmp_path, plat):
    """abort(): the registers are those of the end, the calls that led there are on the stack."""
    dbg, core, r = core_of(tmp_path, plat, APP, "abort", 134)
    out = gdb(dbg, core, commands=["bt", "p crash_answer.number"])
    assert "uk_process_exit" in out and "$1 = 42" in out, out
    assert re.search(r"<signal handler called>\n#\d+ .*raise .*\n#\d+ .*in abort \(\).*\n#\d+ .* in crash \(what=.*\"abort\"", out), out


@pytest.mark.parametrize("plat", ALL)
@pytest.mark.parametrize("how,where", [("hang", "crash"), ("wait", "waiter")])
def test_timeout(tmp_path, plat, how, where):
    """Busy, or with all threads waiting: it shows where the image hangs."""
    img, core = whittle.image(APP, plat), str(tmp_path / "core")
    r = whittle.run(img, how, options=["--core", core, "--timeout", "3"])
    assert r.status == 124 and b"timeout after 3 s" in r.err, r
    assert (b" threads" if whittle.SMP else b" 3 threads") in r.err, r  # idle CPUs have one
    out = gdb(img + ".dbg", core, commands=["bt", "thread apply all bt"])
    assert "SIGALRM" in out and re.search(r"#\d+ .*%s \(" % where, out), out


@pytest.mark.parametrize("plat", ALL)
def test_image_without_threads(tmp_path, plat):
    dbg, core, r = core_of(tmp_path, plat, SMALL, "fault", 134)
    out = gdb(dbg, core, commands=["bt"])
    assert re.search(r"#0 .*main .*main\.c:\d+", out), out


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_small_and_sparse(tmp_path, plat):
    """As large as what the image has touched, not as its memory."""
    _, core, _ = core_of(tmp_path, plat, APP, "null", 134)
    st = os.stat(core)
    assert st.st_size < 16 << 20 and st.st_blocks * 512 < 2 << 20, st


@pytest.mark.parametrize("plat", ALL)
@pytest.mark.parametrize("status", [0, 3])
def test_no_crash_no_core(tmp_path, plat, status):
    _, core, r = core_of(tmp_path, plat, SMALL, str(status), status)
    assert not os.path.exists(core) and r.err == b"", r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_file_that_cannot_be_written(tmp_path, plat):
    img = whittle.image(SMALL, plat)
    r = whittle.run(img, "fault", options=["--core", str(tmp_path / "no/core")])
    assert r.status == 134 and b"no/core: No such file or directory" in r.err and b"CRASH" in r.err, r


@pytest.mark.parametrize("machine", ["microvm", "microvm,acpi=off", "q35", "pc"])
def test_every_machine_ends(tmp_path, machine):
    """Nothing switches QEMU off with --core but the runner."""
    img = whittle.image(SMALL, "kvm")
    r = whittle.run(img, "7", options=["--core", str(tmp_path / "core"), "--machine", machine], timeout=30)
    assert r.status == 7, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_another_builds_debug_file(tmp_path, plat):
    """Names of another build are wrong, so nobody gives any: nor report, nor core, nor gdb's helpers."""
    img, core = str(tmp_path / "image"), str(tmp_path / "core")
    shutil.copy(whittle.image(APP, plat), img)
    right, wrong = whittle.image(APP, plat) + ".dbg", whittle.image(APP, plat, configs="debug") + ".dbg"
    shutil.copy(right, img + ".dbg")
    r = whittle.run(img, "null", options=["--core", core])
    assert b"open it with: gdb" in r.err and b"crash (" in r.err, r
    assert "warning: " not in gdb(right, core, helpers=True)
    out = gdb(wrong, core, helpers=True)
    assert "warning: %s was written by another build than %s is" % (core, wrong) in out, out

    shutil.copy(wrong, img + ".dbg")
    r = whittle.run(img, "--", options=["--gdb", "--core", core])
    assert r.status == 2 and b"written by another build than" in r.err, r
    os.remove(core)
    r = whittle.run(img, "null", options=["--core", core])
    assert r.status == 134 and not os.path.exists(core) and b"CRASH: page fault" in r.err, r
    assert b"--core: %s.dbg is of another build" % img.encode() in r.err, r
    assert b"(no names: %s.dbg is of another build than the image)" % img.encode() in r.err, r
    assert b"cause: write to a null pointer" in r.err and b"main.c" not in r.err, r
