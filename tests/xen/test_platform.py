# SPDX-License-Identifier: BSD-3-Clause
"""Platform xen: our images as dom0 (a smoke boot, 2 s each) and as a guest, PV and PVH."""
import os
import re
import sys

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/image"))
from test_unit import parse_ktap  # noqa: E402

DOM0 = ["pv-dom0", "pvh-dom0"]
GUEST = ["pv", "pvh"]
LIMIT = 600
CRASH = os.path.join(whittle.ROOT, "tests/crash/crashing")


def image(app):
    return whittle.image(app, "xen", configs="xen")


def as_kind(kind):
    """As dom0 there is no network, which an image with a driver would get."""
    return ["--xen-type", kind] + (["--net", "none"] if kind in DOM0 else [])


def run(app, kind, *args, options=(), **more):
    return whittle.run(image(app), *args, options=[*as_kind(kind), *options], timeout=LIMIT, **more)


@pytest.mark.parametrize("kind", DOM0)
def test_sqlite(kind):
    """Input, output, an end of input, memory, files, and the exit status."""
    r = run("sqlite", kind, stdin=b"create table t(a); insert into t values(42);\nselect a * 2 from t;\n.exit 3\n")
    assert (r.status, r.out) == (3, b"84\n"), r
    r = run("sqlite", kind, stdin=b"select 6 * 7;\n")
    assert (r.status, r.out) == (0, b"42\n"), r


def check_unit(kind, options=()):
    """All pass, or have a reason not to run; the suites."""
    r = run("unittest", kind, options=["--memory", "96M", *options])
    results = parse_ktap(r.out.decode(errors="replace"))
    failed = ["%s.%s: %s" % (*case, notes) for case, (ok, _, notes) in results.items() if not ok]
    assert not failed and r.status == 0 and len(results) > 300, (failed, len(results), r.status, r.err[-2000:])
    return {suite for suite, _ in results}


def test_unit():
    """The libraries' own tests. PVH without those whose timers are closer together than an interrupt takes that is emulated."""
    suites = check_unit("pv-dom0")
    check_unit("pvh-dom0", ["--param", "test.only=[ %s ]" % " ".join(sorted(suites - {"sched_stress"}))])


@pytest.mark.slow
@pytest.mark.parametrize("kind", GUEST)
def test_unit_as_a_guest(kind):
    """Beside a real xenstore, whose place none of them takes."""
    assert {"xenstore", "xenbus", "xen_grant"} <= check_unit(kind, ["--net", "none"])


@pytest.mark.parametrize("kind", ["pv-dom0", "pvh"])
def test_unknown_parameter(kind):
    """Where the console is still being set up: the message, and the status that it is on other platforms."""
    r = run("helloworld", kind, options=["--param", "log.levle=2"])
    assert r.status == 1 and r.out == b"" and b"the nearest known one is `log.level`" in r.err, r


@pytest.mark.parametrize("kind,forms", [(kind, "") for kind in DOM0] + [("pvh-dom0", "twolevel grants2")])
def test_cpus(kind, forms):
    """Two CPUs: started by Xen where we say, interrupts between them by events of either form, page tables of both; signals. And the grant
    table in either version."""
    img = whittle.image("unittest", "xen", configs=("xen smp " + forms).strip())
    r = whittle.run(img, options=[*as_kind(kind), "--smp", "2", "--memory", "96M", "--param",
                                  "test.only=[ thread mutex ukspin ukvmem_cpus xen_event xen_grant posix_time signal ]"], timeout=LIMIT)
    results = parse_ktap(r.out.decode(errors="replace"))
    assert r.status == 0 and len(results) > 25, (results, r)
    assert all(ok and not (skip or "").startswith("with one CPU") for ok, skip, _ in results.values()), (results, r)


@pytest.mark.parametrize("kind", DOM0)
@pytest.mark.parametrize("how,cause", [
    ("code", "write to code `strlen`"),
    ("run-data", r"jump to data `crash_data`\+0x10"),
    ("trap", "a check of the program's own failed"),
])
def test_crash(kind, how, cause):
    """A report that names the cause, as on other platforms; and the host sees that it failed. (tests/security has more.)"""
    r = run(CRASH, kind, how)
    assert r.status == 134 and re.search("  cause: " + cause, r.err.decode()), r


@pytest.mark.parametrize("kind", ["pv-dom0", "pvh-dom0", pytest.param("pv", marks=pytest.mark.slow)])
def test_stack_overflow(kind):
    """Under PV the image itself cannot report it, since its traps need a stack."""
    r = run(CRASH, kind, "overflow")
    assert r.status == 134 and b"CRASH: stack overflow" in r.err, r


@pytest.mark.parametrize("kind", GUEST)
def test_guest_crash(kind):
    r = run(CRASH, kind, "null")
    assert r.status == 134 and b"write to a null pointer" in r.err, r
