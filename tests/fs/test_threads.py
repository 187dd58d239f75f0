# SPDX-License-Identifier: BSD-3-Clause
"""Threads that use files at the same time on several CPUs: tests/fs/stress and SQLite with a
connection for each thread. Once and short in `make check`; all numbers of CPUs, and long, with --all."""
import os

import pytest

import whittle

pytestmark = pytest.mark.not_smp("with a number of CPUs of its own")

HERE = os.path.dirname(os.path.abspath(__file__))
STRESS = os.path.join(HERE, "stress")
SQLITE = os.path.join(os.path.dirname(HERE), "sqlite/threads")

SINGLE = ["--qemu-args", "-accel tcg,thread=single"]
SHORT = [("kvm", 2, []), ("linuxu", 2, [])]
ALL = [("kvm", 1, []), ("kvm", 2, []), ("kvm", 4, []), ("linuxu", 1, []), ("linuxu", 2, []), ("linuxu", 4, [])]


def run(app, plat, cpus, more, *args, timeout=300):
    options = ["--smp", str(cpus), *more] if plat == "kvm" else ["--param", "smp.cpus=%d" % cpus]
    r = whittle.run(whittle.image(app, plat, configs="smp"), *args, options=options, timeout=timeout)
    assert r.status == 0, r
    return r.out.decode()


def stress(plat, cpus, more, threads, rounds, timeout=300):
    out = run(STRESS, plat, cpus, more, str(threads), str(rounds), timeout=timeout)
    for name in "own same offset table pipe ends poll locks dirs timer".split():
        assert "ok %s " % name in out, out


@pytest.mark.parametrize("plat,cpus,more", SHORT)
def test_files(plat, cpus, more):
    stress(plat, cpus, more, 4, 200)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_files_without_smp(plat):
    """The same program with one CPU: what holds for several is no accident there."""
    img = whittle.image(STRESS, plat)
    r = whittle.run(img, "4", "200")
    assert r.status == 0, r


@pytest.mark.parametrize("plat,cpus,more", SHORT)
def test_connections(plat, cpus, more):
    assert "own: 400 transactions" in run(SQLITE, plat, cpus, more, "4", "100")


@pytest.mark.slow
@pytest.mark.parametrize("again", range(5))
@pytest.mark.parametrize("plat,cpus,more", ALL)
def test_files_long(plat, cpus, more, again):
    stress(plat, cpus, more, 4 + again, 2000 if plat == "kvm" else 20000, timeout=1200)


@pytest.mark.slow
def test_files_in_turns():
    """All CPUs in one thread of QEMU, which switches between them at odd places."""
    stress("kvm", 2, SINGLE, 4, 50, timeout=1200)


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["delete", "truncate", "persist", "wal"])
@pytest.mark.parametrize("plat,cpus,more", ALL)
def test_connections_long(plat, cpus, more, journal):
    out = run(SQLITE, plat, cpus, more, "8", "200" if plat == "kvm" else "2000", journal, timeout=1200)
    assert "own:" in out


@pytest.mark.slow
@pytest.mark.parametrize("again", range(3))
@pytest.mark.parametrize("plat,cpus", [("kvm", 4), ("linuxu", 2)])
def test_speedtest1(plat, cpus, again):
    """Upstream's benchmark with helpers for sorting, on files."""
    out = run("sqlite-speedtest1", plat, cpus, ["--memory", "128M"], "--size", "10", "--threads", "4",
              "/test.db", timeout=1200)
    assert "TOTAL" in out
