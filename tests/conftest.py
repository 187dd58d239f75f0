# SPDX-License-Identifier: BSD-3-Clause
"""What all tests share: the options, the build folder, and the order (fast tests first).

With --smp N the whole suite runs once more, with several CPUs in every machine and images that use them
(docs/smp.md). A test that this would say nothing new about is left out, and counted with its reason."""
import collections
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import diskspace
import summary
import whittle

ORDER = ["runner", "fetch", "bench", "host", "build", "image", "boot", "xen", "crash", "security", "sqlite", "sanitizer"]
# Folders whose tests share something in memory; elsewhere the tests of a file are what stays together.
TOGETHER = ["security"]
OWN = "with a number of CPUs of its own"
# Folders of which no test starts an image, or only machines whose number of CPUs it chooses itself.
ELSEWHERE = {
    "runner": "support/run, with a guest that is no image of ours", "fetch": "how packages are fetched",
    "bench": "figures, and how they are taken", "host": "libraries as programs of the host, on one thread",
    "lwip": "lwIP as a program of the host, on one thread",
    "build": "how images are built", "model": "models of protocols",
    "smp": OWN, "locks": OWN, "xen": OWN,
}


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also the tests marked slow (make check-all)")
    parser.addoption("--smp", type=int, metavar="N", help="on machines of N CPUs (make check SMP=N)")
    parser.addoption("--thread", choices=["multi", "single"], default="multi",
                     help="with --smp: QEMU has a thread for each CPU, or one for all (make check THREAD=single)")


def hand_down_no_ignored_signals():
    """From nohup, or a shell's background, processes would inherit that they ignore what tests send them."""
    for s in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
        if signal.getsignal(s) is signal.SIG_IGN:
            signal.signal(s, lambda *_: None)


def pytest_configure(config):
    hand_down_no_ignored_signals()
    config.addinivalue_line("markers", "slow: takes minutes; runs with --all only")
    config.addinivalue_line("markers", "not_smp(reason): left out with --smp, because of that")
    config.left_out = collections.Counter()
    if config.getoption("--smp") is None and config.getoption("--thread") != "multi":
        raise pytest.UsageError("--thread: QEMU's threads are a matter of several CPUs: --smp N as well")
    if config.getoption("--smp") is not None:
        try:
            whittle.machine(config.getoption("--smp"), config.getoption("--thread"))
        except ValueError as e:
            raise pytest.UsageError("--smp: %s" % e)


def stop_on_a_full_disk():
    lacking = diskspace.lacking()
    if lacking:
        pytest.exit(lacking, returncode=1)


def pytest_sessionstart(session):
    stop_on_a_full_disk()


def pytest_runtest_logreport(report):
    """A full disk ends the run with its reason, instead of thousands of failures whose reason is hard to see."""
    if report.failed:
        stop_on_a_full_disk()


def folder(item):
    return os.path.relpath(str(item.fspath), os.path.dirname(__file__)).split(os.sep)[0]


def not_smp(item):
    """Why this test is left out with --smp, or None."""
    mark = item.get_closest_marker("not_smp")
    return mark.args[0] if mark else ELSEWHERE.get(folder(item))


def pytest_collection_modifyitems(config, items):
    """Folders in the order of ORDER; slow tests only when asked for, and not counted as skipped."""
    items.sort(key=lambda item: ORDER.index(folder(item)) if folder(item) in ORDER else len(ORDER))
    out = []
    if not config.getoption("--all"):
        out += [i for i in items if i.get_closest_marker("slow")]
    if whittle.SMP:
        alone = [i for i in items if i not in out and not_smp(i)]
        config.left_out.update(map(not_smp, alone))
        out += alone
    if out:
        gone = set(out)
        config.hook.pytest_deselected(items=out)
        items[:] = [i for i in items if i not in gone]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`make check` runs files side by side, in the order above: most tests keep one CPU busy, or wait."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.split("::")[0]
            name = path.split("/")[1]
            return name if name in TOGETHER else path

    return Files(config, log)


def pytest_terminal_summary(terminalreporter, config):
    ended = {how: {r.nodeid for r in terminalreporter.stats.get(how, ()) if getattr(r, "nodeid", "").startswith("tests/")}
             for how in ("passed", "failed", "error")}
    table = summary.by_cpu(ended["passed"], ended["failed"] | ended["error"])
    if table:
        terminalreporter.section("tests that passed, by CPU")
        for line in table:
            terminalreporter.line(line)
    if config.left_out:
        terminalreporter.section("%d CPUs: tests left out, and why" % whittle.SMP)
        for reason, n in sorted(config.left_out.items(), key=lambda r: -r[1]):
            terminalreporter.line("%5d  %s" % (n, reason))
