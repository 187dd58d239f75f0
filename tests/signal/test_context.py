# SPDX-License-Identifier: BSD-3-Clause
"""Signals while the scheduler preempts: what tests/libc runs with the default one, again with this."""
import re

import pytest

import whittle


def with_preemption(plat, suite, configs="prio", options=()):
    if plat.startswith("kvm"):
        options = ["--memory", "64M", *options]
    r = whittle.run(whittle.image("libctest", plat, configs), suite, options=options, timeout=300)
    passed = re.findall(rb"^    ok \d+ (\w+)$", r.out, re.M)
    assert r.status == 0 and b"not ok" not in r.out, r
    if suite == "context":
        assert {b"threads_are_preempted_by_signals", b"storm_of_signals"} <= set(passed), r


@pytest.mark.parametrize("suite", ["context", "signal", "cancel"])
@pytest.mark.parametrize("plat", [*whittle.PLATFORMS, *whittle.OTHER_CPUS, *whittle.OTHER_PROCESSES])
def test_with_preemption(plat, suite):
    with_preemption(plat, suite)


@pytest.mark.slow
@pytest.mark.not_smp("with a number of CPUs of its own")
@pytest.mark.parametrize("plat", [whittle.RISCV64, whittle.ARM64])
def test_on_several_cpus(plat):
    """Threads are signalled where they run. (Processes of these CPUs, and x86_64: all of apps/libctest, with several CPUs.)"""
    with_preemption(plat, "context", "smp", ["--smp", "4"])
