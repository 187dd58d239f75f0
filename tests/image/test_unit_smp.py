# SPDX-License-Identifier: BSD-3-Clause
"""The libraries' own tests with several CPUs: each machine is one case, which names what failed in it.

With randomised scheduling only the tests run that depend on no order: the stress tests, for longer.
"""
import pytest

import whittle
from test_unit import RUNS, parse_ktap

pytestmark = pytest.mark.not_smp("with a number of CPUs of its own")

STRESS = ["sched_stress", "futex_stress", "lock_stress", "ukvmem_stress"]

# name, platform, configuration, CPUs, QEMU's threads, how long the stress tests are
QUICK = [("linuxu", "smp", 2, None, 1), ("kvm", "smp", 2, "multi", 1)]
SLOW = [
    ("linuxu", "smp", 4, None, 1),
    ("kvm", "smp", 4, "multi", 1),
    ("kvm", "smp", 2, "single", 1),
    ("kvm", "smp", 4, "single", 1),
    ("linuxu", "smp prio", 2, None, 1),
    ("linuxu", "smp prio", 4, None, 1),
    ("kvm", "smp prio", 2, "multi", 1),
    ("kvm", "smp prio", 4, "multi", 1),
    ("linuxu", "smp kasan", 2, None, 1),
    ("kvm", "smp kasan", 2, "multi", 1),
]
LONG = [
    ("linuxu", "smp", 2, None, 50),
    ("linuxu", "smprandom", 2, None, 20),
    ("linuxu", "smprandom", 4, None, 5),
    ("linuxu", "smprandom prio", 2, None, 20),
    ("kvm", "smprandom prio", 4, "multi", 5),
]


# Every case of these suites has to report; of the others it is enough that none fails: which an image has
# depends on its scheduler and allocators, and test_unit.py looks after that.
WANT = {(suite, case) for _, _, suite, case in RUNS if suite in STRESS}


@pytest.fixture
def boot(tmp_path):
    def boot(plat, config, cpus, threads, rounds, only=()):
        options = ["--param", "test.long=%d" % rounds]
        if only:
            options += ["--param", "test.only=[ %s ]" % " ".join(only)]
        if plat == "kvm":
            qemu = tmp_path / "qemu"
            qemu.write_text('#!/bin/bash\nexec qemu-system-x86_64 "${@/#tcg/tcg,thread=%s}"\n' % threads)
            qemu.chmod(0o755)
            options += ["--smp", str(cpus), "--memory", "128M", "--accel", "tcg", "--qemu", str(qemu)]
        else:
            options += ["--param", "smp.cpus=%d" % cpus]
        return whittle.run(whittle.image("unittest", plat, configs=config), options=options, timeout=1200)
    return boot


def check(r):
    results = parse_ktap(r.out.decode(errors="replace"))
    bad = ["%s.%s: %s" % (s, c, notes) for (s, c), (ok, _, notes) in results.items() if not ok]
    silent = sorted(WANT - set(results))
    assert not bad and not silent and r.status == 0, (
        "failed: %s; did not report: %s; %r" % ("; ".join(bad), silent[:5], r))


def names(m):
    return "-".join(str(x) for x in m if x).replace(" ", "+")


@pytest.mark.parametrize("machine", QUICK, ids=names)
def test_all_cases(boot, machine):
    check(boot(*machine))


@pytest.mark.slow
@pytest.mark.parametrize("machine", SLOW, ids=names)
def test_all_cases_elsewhere(boot, machine):
    check(boot(*machine))


@pytest.mark.slow
@pytest.mark.parametrize("machine", LONG, ids=names)
def test_stress_for_long(boot, machine):
    check(boot(*machine, only=STRESS))
