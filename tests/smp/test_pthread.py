# SPDX-License-Identifier: BSD-3-Clause
"""64 threads on several CPUs: apps/pthread-stress, once in `make check`, and 50 times in a row with --all."""
import pytest

import whittle

AGAIN = 50


def cpus(plat, n):
    return ["--smp", str(n), "--memory", "256M"] if plat == "kvm" else ["--param", "smp.cpus=%d" % n]


def stress(plat, n, configs="smp"):
    img = whittle.image("pthread-stress", plat, configs=configs)
    r = whittle.run(img, options=cpus(plat, n) if "smp" in configs else [], timeout=300)
    assert r.status == 0 and r.out.endswith(b"all is well\n"), r
    assert r.err == b"", r
    if "smp" in configs:
        assert r.out.startswith(b"%d CPUs, 64 threads" % n), r


@pytest.mark.parametrize("plat,n", [("kvm", 4), ("linuxu", 2)])
def test_64_threads(plat, n):
    stress(plat, n)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_64_threads_on_one_cpu(plat):
    """The same program without CONFIG_SMP: the ground it stands on."""
    stress(plat, 1, configs="")


@pytest.mark.slow
@pytest.mark.parametrize("time", range(AGAIN))
@pytest.mark.parametrize("plat,n", [("kvm", 4), ("linuxu", 2)])
def test_64_threads_again(plat, n, time):
    stress(plat, n)
