# SPDX-License-Identifier: BSD-3-Clause
"""64 threads on several CPUs: apps/pthread-stress, once; 50 times in a row in test_again.py."""
import pytest

import whittle


def cpus(plat, n):
    return ["--smp", str(n), "--memory", "256M"] if plat != "linuxu" else ["--param", "smp.cpus=%d" % n]


def others(n):
    """With n CPUs that are not x86_64's."""
    return [pytest.param(plat, n, marks=pytest.mark.slow) for plat in (whittle.RISCV64, whittle.ARM64)]


def stress(plat, n, configs="smp"):
    img = whittle.image("pthread-stress", plat, configs=configs)
    r = whittle.run(img, options=cpus(plat, n) if "smp" in configs else [], timeout=300)
    assert r.status == 0 and r.out.endswith(b"all is well\n"), r
    assert r.err == b"", r
    if "smp" in configs:
        assert r.out.startswith(b"%d CPUs, 64 threads" % n), r


@pytest.mark.parametrize("plat,n", [("kvm", 4), ("linuxu", 2), *others(4)])
def test_64_threads(plat, n):
    stress(plat, n)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_64_threads_on_one_cpu(plat):
    """The same program without CONFIG_SMP: the ground it stands on."""
    stress(plat, 1, configs="")


@pytest.mark.parametrize("plat,n", [("kvm", 2), ("linuxu", 2), *others(2)])
def test_main_ends_first(plat, n):
    """pthread_exit() in main(), and another thread that joins it: it hung, since nobody cleared musl's lock of all
    threads for it."""
    r = whittle.run(whittle.image("libctest", plat, configs="smp"), "--role", "pthread_exit", options=cpus(plat, n))
    assert (r.status, r.out) == (0, b"main last "), r
