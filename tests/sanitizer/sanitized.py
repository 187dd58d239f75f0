# SPDX-License-Identifier: BSD-3-Clause
"""Programs that have to pass under every sanitizer without a report."""
import os

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


def options(plat, memory):
    return ["--memory", memory] if plat == "kvm" else []


def unit_tests(plat, configs, report):
    """All libraries' tests in one run: none fails, and nothing is reported."""
    r = whittle.run(whittle.image("unittest", plat, configs=configs), timeout=300,
                    options=options(plat, "128M"))
    failed = [line for line in r.out.splitlines() if line.lstrip().startswith(b"not ok")]
    assert r.status == 0 and not failed and report not in r.err, (failed, r)
    assert r.out.count(b"    ok ") > 200, r


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
