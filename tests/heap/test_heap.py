# SPDX-License-Identifier: BSD-3-Clause
"""Mistakes with the heap, one per run: what the default allocator notices by itself, what
CONFIG_LIBUKALLOC_CHECK notices besides, and who is named as the owner of a leak."""
import os
import re
import subprocess

import pytest

import whittle

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "app")
CHECKS = {
    "double-free": b"is free already (double free)",
    "double-free-later": b"is free already (double free)",
    "overflow": b"written past its end (overflow)",
    "off-by-one": b"written past its end (overflow)",
    "underflow": b"written to before its start",
    "write-after-free": b"written to after it was freed",
    "overflow-never-freed": b"written past its end (overflow)",
    "inside": b"not an address that malloc returned",
    "unaligned": b"not an address that malloc returned",
    "stack": b"not an address that malloc returned",
}


def run(plat, what, *params):
    image = whittle.image(APP, plat, configs="heapcheck", out=os.path.join(whittle.OUT, "test-heap"))
    return whittle.run(image, what, options=[w for p in params for w in ("--param", p)])


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("what", CHECKS)
def test_checked_heap_stops(plat, what):
    r = run(plat, what)
    assert r.status == 134 and CHECKS[what] in r.err and b"heap:" in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_crash_report_knows_the_heap(plat):
    """What a crash's registers have to do with freed blocks and red zones, in the report."""
    r = run(plat, "follow-freed")
    assert r.status == 134 and re.search(
        rb"\n  heap: 0xdddddddddddddddd comes from memory that was freed \(use after free\)\n", r.err), r
    r = run(plat, "crash-near")
    assert r.status == 134 and re.search(
        rb"\n  heap: 0x\w+ is inside a block of 50 bytes \(offset 20\) that was freed \(use after free\)\n"
        rb"    allocated by:\n  at image\S+  block .*\n    freed by:\n  at image\S+  main ", r.err), r
    assert re.search(rb"\n  heap: 0x\w+ is in the red zone behind a block of 50 bytes \(offset 50\)\n", r.err), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_owner_of_a_leak(plat):
    r = run(plat, "leak", "alloc.owners=1")
    assert r.status == 0 and r.out == b"survived\n", r
    # Once from inside, once at exit. The application's own library, and the function.
    assert len(re.findall(rb"held by app: 7\d\d\d bytes in \d+ blocks", r.err)) == 2, r
    assert re.search(rb"allocated in (block|main)\+0x[0-9a-f]+: 7\d\d\d bytes in \d+ blocks", r.err), r
    assert re.search(rb"held by ramfs: \d+ bytes", r.err), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_programs_without_mistakes_run_on(plat):
    assert run(plat, "none").out == b"survived\n"
    sql = b"create table t(a); insert into t values (1), (2); select sum(a) from t;\n"
    r = whittle.run(whittle.image("sqlite", plat, configs="heapcheck"), "/t.db", stdin=sql)
    assert (r.status, r.out) == (0, b"3\n"), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests_on_a_checked_heap(plat):
    r = whittle.run(whittle.image("unittest", plat, configs="heapcheck"),
                    options=["--memory", "64M"] if plat == "kvm" else [], timeout=300)
    assert b"\nok " in r.out and b"not ok" not in r.out and r.status == 0, r


@pytest.mark.parametrize("checks", ["kasan", "heapcheck"])
def test_mimalloc_is_refused_where_its_blocks_would_not_be_checked(checks, tmp_path):
    p = whittle.make("APP=helloworld-musl", "CONFIGS=mimalloc " + checks, "O=%s" % tmp_path, "defconfig",
                     check=False)
    assert p.returncode and "mimalloc.config wants CONFIG_LIBMIMALLOC=y" in p.stdout, p.stdout
    assert "!LIBUKKASAN" in p.stdout and "!LIBUKALLOC_TRACK" in p.stdout


def test_page(tmp_path):
    """The leak of docs/find-bugs.md is said as printed there: by library, and the place has a line."""
    page = open(os.path.join(whittle.ROOT, "docs/find-bugs.md")).read()
    whittle.extract("docs/find-bugs.md", tmp_path)
    printed = re.search(r"<!-- report: leak -->\n```\n(.*?)```", page, re.S)[1].splitlines()
    for plat in whittle.PLATFORMS:
        image = whittle.image(str(tmp_path / "notes"), plat, configs="heapcheck")
        r = whittle.run(image, options=["--param", "alloc.owners=1"])
        said = r.err.decode()
        assert r.status == 0 and said.splitlines()[0] == printed[0], r
        place = re.search(r"allocated in (\w+\+0x[0-9a-f]+): 18890 bytes in 1000 blocks", said)
        assert place, r
        line = subprocess.run(["gdb", "-batch", "-ex", "info line *" + place[1], image + ".dbg"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        assert re.search(r'Line 9 of ".*notes/main.c"', line), line
