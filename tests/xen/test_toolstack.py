# SPDX-License-Identifier: BSD-3-Clause
"""What the tools of a Xen host ask of a guest: `xl shutdown`, `xl reboot`, `xl sysrq`, `xl mem-set`."""
import pytest

from domains import domains, lasting

KINDS = ["pv", "pvh"]


@pytest.fixture(scope="module")
def xl():
    with domains(64 << 20) as d:
        yield d


@pytest.mark.parametrize("kind", KINDS)
def test_shutdown(xl, kind):
    """SIGTERM, and what the application does of it; a guest tells beforehand that it hears."""
    g = xl.create(kind, lasting(), "-- stop")
    xl.wait_said(g, "ready\n")
    xl.wait(lambda: "no features", lambda: all(xl.store(g, "control/feature-" + f) == "1" for f in ("poweroff", "reboot")))
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("ready\nasked by 15\n")
    xl.wait_gone(g)


def test_without_a_handler(xl):
    g = xl.create("pvh", lasting(), "-- default", poweroff="preserve")
    xl.wait_said(g, "ready\n")
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).count("ready") == 1
    xl.run("xl destroy " + g)


@pytest.mark.parametrize("kind", KINDS)
def test_reboot(xl, kind):
    """The guest ends as one that wants to be started again, and is."""
    g = xl.create(kind, lasting(), "-- stop", reboot="restart")
    xl.wait_said(g, "ready\n")
    before = xl.domid(g)
    xl.run("xl reboot " + g)
    xl.wait_said(g, "asked by 15\n")
    xl.wait_said(g, "ready\n", 2)
    assert xl.domid(g) != before
    xl.run("xl shutdown -w " + g)
    xl.wait_gone(g)


def test_sysrq(xl):
    g = xl.create("pv", lasting(), "-- stop", crash="preserve")
    xl.wait_said(g, "ready\n")
    xl.run("xl sysrq %s m" % g)
    xl.wait_said(g, " KiB in all, ")
    assert xl.store(g, "control/sysrq") == ""
    xl.run("xl sysrq %s t" % g)
    xl.wait_said(g, "  xenstore: ready")
    xl.run("xl sysrq %s x" % g)
    xl.wait_said(g, 'sysrq: there is no key "x"')
    xl.wait_said(g, "sysrq h: this help")
    xl.run("xl sysrq %s c" % g)
    xl.wait_said(g, "a crash was asked for")
    xl.wait(xl.names, lambda: "---sc-" in xl.run("xl list " + g))
    xl.run("xl destroy " + g)


def test_unknown_word(xl):
    """It is not taken, so that whoever wrote it sees that nobody does; and the next one is heard."""
    g = xl.create("pvh", lasting(), "-- stop")
    xl.wait_said(g, "ready\n")
    xl.run("xenstore-write /local/domain/%s/control/shutdown levitate" % xl.domid(g))
    xl.wait_said(g, 'control/shutdown: "levitate" is nothing that is known here')
    assert xl.store(g, "control/shutdown") == "levitate"
    xl.run("xl shutdown -w " + g)
    xl.wait_said(g, "asked by 15\n")


def total_kib(xl, g, nth):
    """Of all memory, as the guest itself counts it."""
    xl.run("xl sysrq %s m" % g)
    xl.wait_said(g, " KiB in all, ", nth)
    return int(xl.said(g).split(" KiB in all, ")[nth - 1].split()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_memory(xl, kind):
    """Less, more, less than what is in use, all of it again; and nothing of what the application holds has changed."""
    g = xl.create(kind, lasting(), "-- stop 8", memory=32 << 20)
    xl.wait_said(g, "ready\n")
    before = total_kib(xl, g, 1)
    for n in 20, 26, 18:
        xl.run("xl mem-set %s %d" % (g, n))
        xl.wait_mebibytes(g, n)
    assert before - total_kib(xl, g, 2) == 14 << 10
    xl.run("xl mem-set %s 4" % g)
    xl.wait_said(g, "where the host wants 4096: the rest is in use, or kept for use")
    assert 8 < xl.mebibytes(g) < 18
    xl.run("xl mem-set %s 32" % g)
    xl.wait_mebibytes(g, 32)
    assert total_kib(xl, g, 3) == before
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


@pytest.mark.parametrize("kind", KINDS)
def test_less_at_the_start(xl, kind):
    """A guest that starts with less than it may have. PVH sees all of it from the start, and the balloon takes the difference at
    once; PV sees what there is, and cannot have more."""
    g = xl.create(kind, lasting(), "-- stop 4", memory=24 << 20, extra="maxmem = 40\n")
    xl.wait_said(g, "ready\n")
    xl.wait_mebibytes(g, 24)
    xl.run("xl mem-set %s 40" % g)
    if kind == "pv":
        xl.wait_said(g, "it cannot be more than at the start")
    else:
        xl.wait_mebibytes(g, 40)
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")
