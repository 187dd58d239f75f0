# SPDX-License-Identifier: BSD-3-Clause
"""UBSan as a user has it: a program's mistakes are reported, or stop it; without it nothing is."""
import os
import re

import pytest

import sanitized
import whittle

APP = os.path.join(whittle.ROOT, "tests/sanitizer/mistakes")

# What is reported of each.
TEXT = {
    "overflow": r"signed integer overflow: 2147483647 \+ 1 does not fit into 'int'",
    "shift": "shift by 40, but 'int' has 32 bits",
    "array-index": r"index 40 is outside of 'int \[4\]'",
    "array-length": "an array of 0 elements",
    "misaligned": "misaligned pointer: load from 'long int' at 0x[0-9a-f]+, which needs 8 bytes",
    "boolean": "7 is no value of '_?[bB]ool'",
    "null-argument": "null pointer as argument 2, which must not be one",
    "float-cast": r"a floating-point number, about 2\^99, does not fit into 'int'",
}


def run(plat, configs, mistake, *options):
    return whittle.run(whittle.image(APP, plat, configs=configs), mistake, options=options)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
def test_report(plat, mistake):
    r = run(plat, "ubsan", mistake)
    assert (r.status, r.out) == (0, b"alive\n"), r
    line = r.err.decode()
    assert re.fullmatch(r"\[whittle\] ukubsan: error: \S*mistakes/undefined\.c:\d+:\d+: undefined behaviour: %s "
                        r"\(thread `main`\)\n" % TEXT[mistake], line), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stop(plat):
    r = run(plat, "ubsan", "shift", "--param", "ubsan.stop=1")
    assert r.status not in (0, 1) and b"alive" not in r.out, r
    assert b"shift by 40" in r.err and b"undefined.c" in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
def test_trap(plat, mistake):
    r = run(plat, "ubsan-trap", mistake)
    assert r.status not in (0, 1) and b"alive" not in r.out, r
    # The function as the .dbg file knows it.
    assert re.search(rb"undefined behaviour at image\+0x[0-9a-f]+ in thread `main`  %s \("
                     % mistake.replace("-", "_").encode(), r.err), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
def test_without(plat, mistake):
    r = run(plat, "", mistake)
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests(plat):
    sanitized.unit_tests(plat, "ubsan", b"undefined behaviour")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests_with_traps(plat):
    sanitized.unit_tests(plat, "ubsan-trap", b"undefined behaviour")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_sqlite(plat):
    sanitized.sqlite(plat, "ubsan")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_speedtest1(plat):
    sanitized.speedtest1(plat, "ubsan")
