# SPDX-License-Identifier: BSD-3-Clause
"""Crash reports: the cause in words, the instruction, areas, threads, messages, the command line."""
import os
import re
import shutil

import pytest

import whittle

APP = os.path.join(whittle.ROOT, "tests/crash/crashing")


def crash(plat, how, *options):
    r = whittle.run(whittle.image(APP, plat), how, options=options)
    assert r.status == 134 and r.out == b"", r
    return r.err.decode()


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("how,cause", [
    ("null", "write to a null pointer"),
    ("offset", r"write to a null pointer \+ 0x18"),
    ("low", "write to an address below 4 MiB"),
    ("gap", "write to unmapped memory: between two areas"),
    ("unmapped", "write to unmapped memory: in no part of the address map"),
    ("code", "write to code `strlen`"),
    ("constant", r"write to read-only data `crash_constant`\+0x8"),
    ("run-heap", "jump to memory that is not executable: .*heap"),
    ("run-stack", "jump to memory that is not executable: the running thread's stack"),
    ("run-data", r"jump to data `crash_data`\+0x10"),
    ("run-null", "jump to a null pointer"),
    ("non-canonical", "access to 0xdead00000000beef, which is no address"),
    ("divide", "division by zero"),
    ("trap", "a check of the program's own failed"),
])
def test_cause_in_words(plat, how, cause):
    err = crash(plat, how)
    head, line = err.split("\n")[:2]
    assert head.startswith("CRASH: ") and "in thread `main`" in head, err
    assert re.match("  cause: " + cause, line), err
    assert re.search(r"at image\+0x.* crash \(.*main\.c:\d+\)", err), err
    if not how.startswith("run-"):
        assert re.search("^  instruction: [a-z0-9]+", err, re.M), err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_vector_by_its_name(plat):
    err = crash(plat, "single-step")
    assert err.startswith("CRASH: debug exception in thread `main` (vector 1, error code 0)\n"), err


@pytest.mark.parametrize("vector,name", [(10, "invalid TSS"), (11, "segment not present"),
                                         (30, "security exception")])
def test_rare_vector_by_its_name(vector, name):
    err = crash("kvm", "vector%d" % vector)
    assert err.startswith("CRASH: exception in thread `main` (vector %d, error code 0)\n  cause: %s\n" % (vector, name)), err


def test_alignment_check():
    """The host enters the handler with the flag on; the report has to get along. (On a bare machine the
    flag means nothing to the kernel's privilege level.)"""
    err = crash("linuxu", "misaligned")
    assert err.startswith("CRASH: alignment check in thread `main` (vector 17, error code 0)\n"), err
    assert re.search(r"at image\+0x.* crash \(.*main\.c:\d+\)", err), err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stack_overflow_names_the_thread(plat):
    assert "CRASH: stack overflow in thread `main`" in crash(plat, "overflow")
    err = crash(plat, "thread-overflow")
    assert "CRASH: stack overflow in thread `deep`" in err, err
    assert re.search(r"  at image\+.*overflow.*\n  \.\.\. \d+ times more\n", err), err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_what_is_around(plat):
    """A thread's own name, or else its creator's with the number; neighbours; what was asked for."""
    err = crash(plat, "gap", "--param", "log.level=3")
    assert re.search(r"  threads \(3\):\n    `main` running(?: on CPU \d)?\n    `named` blocked.*\n    `main:3` blocked", err), err
    below = re.search(r"^    below 0x[0-9a-f]+-0x([0-9a-f]+) rw- anonymous ", err, re.M)
    above = re.search(r"^    above 0x([0-9a-f]+)-0x[0-9a-f]+ rw- ", err, re.M)
    assert int(above[1], 16) - int(below[1], 16) == 0x1000, err
    assert re.search(r"^  memory: \d+ KiB of \d+ KiB in use", err, re.M), err
    assert "    log.level=3\n" in err and "    argument 1: gap\n" in err, err
    assert "  a section of the application's\n" in err, err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_panic(plat):
    """The message is the cause."""
    err = crash(plat, "double-free")
    assert re.search(r"^CRASH: in thread `main`\n  cause: heap: free\(.*\(double free\)\n", err, re.M), err
    assert re.search(r"  last kernel messages:\n(    .*\n)*    \[whittle\] panic: heap: free", err), err
    assert re.search(r"  at image\+.*  crash \(.*main\.c", err), err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_fault_in_the_report(plat):
    """Ends it, with a line that says where."""
    err = crash(plat, "in-report")
    assert err.count("CRASH: ") == 2 and "CRASH: a trap in the report itself\n  at image+" in err, err


def test_facts_without_a_debug_file(tmp_path):
    """Names are missing then; the facts, and why there are no names, are not."""
    alone = tmp_path / "image"
    shutil.copy(whittle.image(APP, "kvm"), alone)
    r = whittle.run(str(alone), "null")
    assert r.status == 134 and b"image.dbg is not there" in r.err and b"null pointer" in r.err, r
    assert re.search(rb"^  at image\+0x[0-9a-f]+$", r.err, re.M), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_exact_backtrace(plat):
    """With frame pointers: the calls, all of them, nothing else; a leaf's caller too."""
    r = whittle.run(whittle.image(APP, plat, configs="debug"), "constant")
    names = re.findall(r"^  at image\+0x[0-9a-f]+  (\w+)", r.err.decode(), re.M)
    assert names[:4] == ["write_to", "crash", "main", "run_main"] and "uk_boot" in names, r
