# SPDX-License-Identifier: BSD-3-Clause
"""Signals while the scheduler preempts: what tests/libc runs with the default one, again with this."""
import re

import pytest

import whittle


@pytest.mark.parametrize("suite", ["context", "signal", "cancel"])
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_with_preemption(plat, suite):
    options = ["--memory", "64M"] if plat == "kvm" else []
    r = whittle.run(whittle.image("libctest", plat, "prio"), suite, options=options)
    passed = re.findall(rb"^    ok \d+ (\w+)$", r.out, re.M)
    assert r.status == 0 and b"not ok" not in r.out, r
    if suite == "context":
        assert {b"threads_are_preempted_by_signals", b"storm_of_signals"} <= set(passed), r
