# SPDX-License-Identifier: BSD-3-Clause
"""What both sanitizers' tests run: a program that makes one mistake, and programs that have to pass
without a report."""
import os

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
APP = os.path.join(HERE, "mistakes")

# Reports by gcc's checks and by clang's.
COMPILERS = pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.slow)])


def image(app, plat, configs, compiler="gcc"):
    if compiler == "gcc":
        return whittle.image(app, plat, configs=configs)
    return whittle.image(app, plat, configs=configs, extra=["CC=" + compiler],
                         out=os.path.join(whittle.OUT, "test-%s-%s" % (compiler, configs.replace(" ", "-"))))


def mistake(plat, configs, name, *options, compiler="gcc"):
    """What comes of that one mistake."""
    return whittle.run(image(APP, plat, configs, compiler), name, options=options)


def options(plat, memory):
    return ["--memory", memory] if plat == "kvm" else []


def unit_tests(plat, configs, report, compiler="gcc"):
    """All libraries' tests in one run: none fails, and nothing is reported."""
    r = whittle.run(image("unittest", plat, configs, compiler), timeout=300,
                    options=options(plat, "128M"))
    failed = [line for line in r.out.splitlines() if line.lstrip().startswith(b"not ok")]
    assert r.status == 0 and not failed and report not in r.err, (failed, r)
    assert r.out.count(b"    ok ") > 200, r


def libctest(plat, configs, report):
    """The same with the C library's tests."""
    r = whittle.run(image("libctest", plat, configs), timeout=300, options=options(plat, "128M"))
    assert r.status == 0 and b"not ok" not in r.out and report not in r.err, r
    assert r.out.count(b"    ok ") > 100, r


def sqlite(plat, configs):
    """The answers are those of an image without sanitizer, and nothing else is said."""
    with open(os.path.join(HERE, "session.sql"), "rb") as f:
        sql = f.read()
    plain = whittle.run(whittle.image("sqlite", plat), "-batch", stdin=sql)
    assert plain.status == 0 and plain.err == b"" and plain.out.startswith(b"ok\n"), plain
    r = whittle.run(whittle.image("sqlite", plat, configs=configs), "-batch", stdin=sql,
                    options=options(plat, "128M"), timeout=300)
    assert (r.status, r.err, r.out) == (0, b"", plain.out), r


def speedtest1(plat, configs):
    r = whittle.run(whittle.image("sqlite-speedtest1", plat, configs=configs), "--size", "5",
                    options=options(plat, "256M"), timeout=900)
    assert r.status == 0 and r.err == b"" and b"TOTAL" in r.out, r
