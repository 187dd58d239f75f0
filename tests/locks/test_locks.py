# SPDX-License-Identifier: BSD-3-Clause
"""Locks in images that check them and keep statistics (CONFIGS="lockcheck lockstat").

The checks find what their own tests do wrong, and nothing in all the rest; the statistics are printed.
"""
import os
import re
import tempfile

import pytest

import whittle

CONFIGS = ["lockcheck lockstat", "smp lockcheck lockstat", "smp prio lockcheck lockstat"]
OWN = "test.only=[ lockcheck lockstat ukspin ukspin_atomic ukspin_rw ukspin_seq ukspin_rcu ]"
ALL = "test.only=[ thread waitq mutex semaphore rwlock condvar futex timer ukvmem ukpage fdtab vfs ]"


def boot(plat, configs, only, smp=2):
    img = whittle.image("unittest", plat, configs=configs)
    options = ["--memory", "64M", "--smp", str(smp)] if plat == "kvm" else \
        ["--param", "smp.cpus=%d" % smp] if "smp" in configs else []
    return whittle.run(img, options=options + ["--param", only, "--param", "lock.stat=1"], timeout=300)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_each_mistake_is_found(plat, configs):
    r = boot(plat, configs, OWN)
    assert r.status == 0 and b"not ok" not in r.out, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", CONFIGS)
def test_statistics_are_printed_and_sorted(plat, configs):
    r = boot(plat, configs, "test.only=[ lockstat thread ]")
    rows = re.findall(r"^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)  (\w[^:]*: .*) \((\S+):\d+\)\r?$",
                      r.err.decode(), re.M)
    assert any("scheduler" in row[6] for row in rows), r
    waits = [int(row[2]) for row in rows]
    assert len(rows) > 5 and waits == sorted(waits, reverse=True), r
    for held, contended, wait, wait_max, hold, hold_max, _, _ in rows:
        assert int(contended) <= int(held) and int(wait_max) <= int(wait)
        assert int(hold_max) <= int(hold)


def test_page():
    """docs/smp.md's program with two orders of two locks gives the report that is printed there."""
    page = open(os.path.join(whittle.ROOT, "docs/smp.md")).read()
    printed = re.search(r"<!-- report: lockcheck -->\n```\n(.*?)```", page, re.S)[1]
    with tempfile.TemporaryDirectory() as folder:  # a short name: lines of the log end somewhere
        whittle.extract("docs/smp.md", folder)
        for plat in whittle.PLATFORMS:
            r = whittle.run(whittle.image(os.path.join(folder, "orders"), plat, configs="lockcheck"))
            text = r.err.decode().replace("\r", "").replace(folder + "/", "")
            assert r.status == 0 and text == printed, r


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_locks_before_there_is_per_cpu_data(machine):
    """Where firmware ran, low memory is not empty: what is read there too early is not zero."""
    r = whittle.run(whittle.image("helloworld", "kvm", configs="smp lockcheck"), options=["--machine", machine])
    assert r.status == 0 and r.out == b"Hello, world!\n" and r.err == b"", r
