# SPDX-License-Identifier: BSD-3-Clause
"""50 times in a row: what goes wrong with several CPUs goes wrong seldom. The first failure ends a row, with
what that run said; it is looked into, not tried again. make check-all, or alone, with a number of times:

    WHITTLE_AGAIN=5 make check-all TESTS=tests/smp/test_again.py
"""
import os
import re

import pytest

import whittle

AGAIN = int(os.environ.get("WHITTLE_AGAIN", "50"))
MACHINES = [("linuxu", 2), ("kvm", 4), (whittle.RISCV64, 4), (whittle.ARM64, 4), *((plat, 2) for plat in whittle.FOREIGN)]
# name: application, its configuration, arguments, what it ends with
PROGRAMS = {
    "unit tests": ("unittest", "smp", [], b""),
    "unit tests, prio": ("unittest", "smp prio", [], b""),
    "pthread-stress": ("pthread-stress", "smp", [], b"all is well\n"),
    # On files, with helper threads for sorting; 10 % of upstream's size.
    "speedtest1": ("sqlite-speedtest1", "smp", ["--size", "10", "--threads", "4", "/test.db"], b""),
}


@pytest.mark.slow
@pytest.mark.parametrize("plat,cpus", MACHINES, ids=["%s-%d" % m for m in MACHINES])
@pytest.mark.parametrize("program", PROGRAMS)
def test_again(program, plat, cpus):
    app, configs, args, last = PROGRAMS[program]
    image = whittle.image(app, plat, configs=configs)
    options = ["--smp", str(cpus)] + (["--memory", "256M"] if plat.startswith("kvm") else [])
    for time in range(AGAIN):
        r = whittle.run(image, *args, options=options, timeout=600)
        wrong = re.findall(r".*(?:not ok|: expected ).*", r.out.decode(errors="replace"))
        assert r.status == 0 and not wrong and r.out.endswith(last), (
            "%d times it went well, then: %s %r" % (time, wrong, r))
