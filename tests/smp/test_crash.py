# SPDX-License-Identifier: BSD-3-Clause
"""Crashes while other CPUs run: one report, after they stand still, which says what each of them did."""
import os
import re

import pytest

import whittle

APP = os.path.join(whittle.ROOT, "tests/smp/crashing")
CPUS = {"kvm": 4, "linuxu": 3}


def run(plat, how, n=None):
    n = n or CPUS[plat]
    options = ["--smp", str(n)] if plat == "kvm" else ["--param", "smp.cpus=%d" % n]
    r = whittle.run(whittle.image(APP, plat, configs="smp"), how, options=options)
    assert r.out == b"", r
    return r.status, r.err.decode()


def report(plat, how):
    status, err = run(plat, how)
    assert status == 134 and err.count("CRASH:") == 1, err
    assert re.search(r"^CRASH: page fault in thread `on-\d`: write to 0,", err), err
    assert "not stopped" not in err, err
    return err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_what_each_cpu_did(plat):
    n = CPUS[plat]
    err = report(plat, "one")
    assert "\n  on CPU 1 of %d\n" % n in err, err
    for cpu in (i for i in range(n) if i != 1):
        assert "\n  CPU %d: `on-%d`\n" % (cpu, cpu) in err, err
    # All had computed for a while, or were about to.
    assert re.search(r"compute_for_ever|sched_yield", err), err
    for cpu in range(n):
        assert "    `on-%d` running on CPU %d\n" % (cpu, cpu) in err, err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("again", range(3))
def test_all_at_once_are_one_report(plat, again):
    err = report(plat, "all")
    assert re.search(r"  on CPU (\d) of \d\n", err), err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("again", range(3))
def test_locks_held_elsewhere(plat, again):
    """Others are stopped in the middle of the allocators' and areas' sections: the report asks for both."""
    err = report(plat, "locks")
    assert "\n  memory: " in err and "\n  areas: " in err and "command line" in err, err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_abort_and_exit_while_others_run(plat):
    assert run(plat, "abort")[0] == 134
    status, err = run(plat, "exit")
    assert status == 55 and err == "", err
