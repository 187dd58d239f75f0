# SPDX-License-Identifier: BSD-3-Clause
"""KASan as a user has it: a program's mistakes with memory end in a report that says which block or
variable it was, who allocated and who freed it; without it the program goes on as if nothing were."""
import os
import re

import pytest

import sanitized
import whittle

# The first line of each report, and the functions in the order in which they stand in it.
REPORT = {
    "heap-right": (r"heap overflow: read of 1 byte at 0x\w+, 0 bytes behind a block of 100",
                   ["heap_right", "block allocated", "heap_right"]),
    "heap-left": (r"heap overflow: read of 1 byte at 0x\w+, 1 byte before a block of 100",
                  ["heap_left", "block allocated", "heap_left"]),
    "heap-memset": (r"heap overflow: write of 101 bytes at 0x\w+, 0 bytes behind a block of 100",
                    ["memset", "heap_memset", "block allocated", "heap_memset"]),
    "after-free": (r"use after free: read of 1 byte at 0x\w+, 50 bytes into a block of 100",
                   ["after_free", "block allocated", "after_free", "block freed", "after_free"]),
    "after-realloc": (r"use after free: read of 1 byte at 0x\w+, 50 bytes into a block of 100",
                      ["after_realloc", "block allocated", "after_realloc", "block freed",
                       "after_realloc"]),
    "double-free": (r"double free of 0x\w+", ["double_free", "block allocated", "double_free",
                                              "block freed", "double_free"]),
    "wild-free": (r"free of something that is no block: 0x\w+", ["wild_free"]),
    "stack-right": (r"stack overflow of a variable: read of 1 byte at 0x\w+", ["stack_right"]),
    "after-scope": (r"use after scope: read of 1 byte at 0x\w+", ["after_scope"]),
    "alloca-right": (r"stack overflow of a variable: read of 1 byte at 0x\w+", ["alloca_right"]),
    "global-right": (r"overflow of a global variable: read of 1 byte at 0x\w+", ["global_right"]),
    "string": (r"heap overflow: read of 1 byte at 0x\w+, 0 bytes behind a block of 8",
               ["strlen", "string", "main", "block allocated", "string"]),
    "system-call": (r"use after free: write of 101 bytes at 0x\w+, 0 bytes into a block of 100",
                    ["pread", "system_call", "main", "block allocated", "system_call", "main",
                     "block freed", "system_call", "main"]),
}


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", REPORT)
@sanitized.COMPILERS
def test_report(plat, mistake, compiler, configs="kasan"):
    r = sanitized.mistake(plat, configs, mistake, compiler=compiler)
    first, names = REPORT[mistake]
    text = r.err.decode()
    assert r.status not in (0, 1) and r.out == b"", r
    assert re.match("CRASH: %s, in thread `main`\n  done by:\n" % first, text), r
    assert re.search(".*".join(r"\b%s\b" % n for n in names), text, re.S), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stack_overflow(plat):
    """The report of a stack that is at its end is checked code itself, on a stack of its own."""
    r = sanitized.mistake(plat, "kasan", "recursion")
    assert r.status == 134 and re.match(rb"CRASH: stack overflow in thread `main`", r.err), r
    assert b"the report itself" not in r.err and b"deeper" in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@sanitized.COMPILERS
def test_jump_out_of_a_handler(plat, compiler):
    """Nothing is reported of stacks that siglongjmp() left, with zones of frames that are gone."""
    r = sanitized.mistake(plat, "kasan", "jump", compiler=compiler)
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["kasan", pytest.param("kasan-libc", marks=pytest.mark.slow)])
def test_stacks_of_threads_that_ended(plat, configs):
    """Nothing is reported of zones that pthread_exit() left on a stack that the next thread has."""
    r = sanitized.mistake(plat, configs, "threads")
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", REPORT)
@sanitized.COMPILERS
def test_inline(plat, mistake, compiler):
    """The same reports of checks that are inline."""
    test_report(plat, mistake, compiler, "kasan-inline")


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_going_on(plat):
    """As somebody wants it who collects reports: each is a line, and the program's output is whole."""
    r = sanitized.mistake(plat, "kasan", "heap-memset", "--param", "kasan.stop=0")
    assert (r.status, r.out) == (0, b"alive\n"), r
    assert re.fullmatch(rb"\[whittle\] ukkasan: error: heap overflow: write of 101 bytes [^\n]*\n", r.err), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", [m for m in REPORT if m not in ("double-free", "wild-free", "system-call")])
def test_without(plat, mistake):
    r = sanitized.mistake(plat, "", mistake)
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests(plat):
    sanitized.unit_tests(plat, "kasan", b"in thread")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["kasan prio buddy spaces", "kasan slab", "kasan-inline", "kasan-libc",
                                     "kasan ubsan"])
def test_unit_tests_otherwise(plat, configs):
    """The other scheduler and allocators, whose own tests are in no other image; other checks."""
    sanitized.unit_tests(plat, configs, b"in thread")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests_by_clang(plat):
    sanitized.unit_tests(plat, "kasan", b"in thread", "clang")


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["kasan", pytest.param("kasan-inline", marks=pytest.mark.slow),
                                     pytest.param("kasan-libc", marks=pytest.mark.slow)])
def test_sqlite(plat, configs):
    sanitized.sqlite(plat, configs)


def test_page(tmp_path):
    """The example of docs/find-bugs.md gives the report that is printed there, but for addresses."""
    page = open(os.path.join(whittle.ROOT, "docs/find-bugs.md")).read()
    whittle.extract("docs/find-bugs.md", tmp_path)
    printed = re.search(r"<!-- report: kasan -->\n```\n(.*?)```", page, re.S)[1]
    for plat in whittle.PLATFORMS:
        r = whittle.run(whittle.image(str(tmp_path / "badge"), plat, configs="kasan"))
        text = r.err.decode().replace(str(tmp_path) + "/", "")
        for line in printed.splitlines()[:-4]:
            pattern = re.sub(r"0x[0-9a-f]+", "0x[0-9a-f]+", re.escape(line))
            assert line == "  ..." or re.search("^%s$" % pattern, text, re.M), (line, r)
        plain = whittle.run(whittle.image(str(tmp_path / "badge"), plat))
        assert (plain.status, plain.err) == (0, b"") and plain.out.startswith(b"Hello, Ada Lovelace"), plain


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["kasan", "kasan-libc"])
def test_the_c_library_too(plat, configs):
    """The C library's own tests pass, with checks inside musl as well."""
    sanitized.libctest(plat, configs, b"CRASH")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_speedtest1(plat):
    sanitized.speedtest1(plat, "kasan")
