# SPDX-License-Identifier: BSD-3-Clause
"""Every allocation fails once, alone and with all that follow: at boot, in a SQLite session, in each
unit test, in each request of an application. Each run ends in success or with an error that names
what it was; no crash, no hang.

A run on linuxu takes milliseconds, so there all N are tried; on kvm some. Of the few unit tests that ask
for most (tens of thousands of frames by the same line) `make check` takes a sample.
"""
import concurrent.futures
import glob
import os
import re
import subprocess

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
SQL = b"""create table t(a integer primary key, b text);
insert into t values (1, 'one'), (2, 'two'), (3, printf('%500s', 'x'));
create index i on t(b);
begin; update t set b = b || '!' where a < 3; commit;
select count(*), sum(length(b)) from t;
"""
SESSION = ["/fault.db"]
ALL, SAMPLE = 110, 8  # unit tests with more allocations than ALL (4 of 260) get so many runs
ALL_SLOW = 5000       # the same for check-all (1 of 260)
COUNT = re.compile(rb"ukfaultinject: error: (\d+) allocations .* held: heap \d+ bytes in (\d+) blocks.*\n")


class Outcome:
    """What one run came to; `held` are the blocks of the heap still in use at the end. (Not bytes: a
    block may have got 16 more than it needs, where nothing smaller was to be had.)"""

    def __init__(self, status, out, err):
        self.status, self.out = status, out
        m = COUNT.search(err)
        self.points, self.held = (int(m.group(1)), int(m.group(2))) if m else (None, None)
        self.err = COUNT.sub(b"", err)

    def __repr__(self):
        return "status %s\n--- stdout\n%s\n--- stderr\n%s" % (
            self.status, self.out[-1000:].decode(errors="replace"),
            self.err[-3000:].decode(errors="replace"))


def run(image, n, times, *args, params=(), stdin=b"", timeout=60):
    """The image with its nth allocation failing, or as many in a row as `times` says (0: all)."""
    words = ["fault.nth=%d" % n, "fault.times=%d" % times, "fault.count=1", *params]
    if "_linuxu-" in image:  # directly: support/run would take longer than the run
        cmd = [image, *words, "--", *args]
    else:
        cmd = [os.path.join(whittle.ROOT, "support/run"), image]
        cmd += [w for p in words for w in ("--param", p)] + ["--", *args]
    try:
        p = subprocess.run(cmd, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=timeout)
    except subprocess.TimeoutExpired as e:
        return Outcome("hang", e.stdout or b"", e.stderr or b"")
    return Outcome(p.returncode, p.stdout, p.stderr)


def each(image, jobs):
    """run(image, *args, **options) for all of [(args, options)], as many at a time as there are CPUs;
    results in order. In processes, since to start a program is most of the work."""
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(call, [(image, *job) for job in jobs]))


def call(job):
    image, args, options = job
    return run(image, *args, **options)


def report(bad):
    """Prints all that the first of them said; pytest would shorten it."""
    for b in bad[:3]:
        print("%s: %r" % b)
    assert not bad, "%d runs, of which the first are printed" % len(bad)


PROGRAMS = {"helloworld": ([], b""), "helloworld-musl": ([], b""), "sqlite": (SESSION, SQL)}


@pytest.mark.parametrize("times", [1, 0], ids=["one", "all-from-there"])
@pytest.mark.parametrize("plat,app", [(p, a) for p in whittle.PLATFORMS for a in PROGRAMS])
def test_boot_and_session(plat, app, times):
    image = whittle.image(app, plat, configs="fault")
    args, stdin = PROGRAMS[app]
    good = run(image, 0, 1, *args, stdin=stdin)
    assert good.status == 0 and good.points, good
    step = 1 if plat == "linuxu" else max(1, good.points // 8)
    numbers = list(range(1, good.points + 1, step))
    bad = []
    for n, r in zip(numbers, each(image, [((n, times, *args), {"stdin": stdin}) for n in numbers])):
        if r.status == 0:
            # It went on without: then with the right result, and nothing left behind.
            ok = r.out == good.out and r.held is not None and r.held <= good.held
        else:
            # One clean line from us, or the application's own words.
            ok = r.status == 1 and r.err.strip() and b"CRASH" not in r.err and b"panic" not in r.err
        if not ok:
            bad.append(("allocation %d" % n, r))
    report(bad)


# What is left is compared by the byte.
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_requests_leave_nothing_behind(plat):
    image = whittle.image(os.path.join(HERE, "app"), plat,
                          out=os.path.join(whittle.OUT, "test-fault"))
    r = whittle.run(image)
    assert r.status == 0 and len(re.findall(rb"\w+: \d+ allocations\n", r.out)) == 18, r


# Without stress tests: their threads wait for each other, also for one that could not be created.
CASES = sorted(
    "%s.%s" % case for path in glob.glob(os.path.join(whittle.ROOT, "lib/*/*/tests/test_*.c"))
    for case in re.findall(r"^UK_TEST\((\w+),\s*(\w+)\)", open(path).read(), re.M)
    if case[0] not in ("ukfaultinject",) and not case[0].endswith("_stress"))


def unit_tests(image, most, times):
    """(runs, those in which a unit test did anything but pass or report a failed expectation)

    Each with every one of its allocations failing; of those that have more than `most`, a sample.
    """
    def one(case, n):
        return (n, times), {"params": ["test.only=" + case, "test.patience=100"]}

    counts = each(image, [one(c, 0) for c in CASES])
    present = [(c, r.points) for c, r in zip(CASES, counts) if r.points]
    boot = min(points for _, points in present)
    assert len(present) > 150 and boot > 5
    jobs = []
    for case, points in present:
        numbers = range(boot + 1, points + 1)
        jobs += [(case, n) for n in numbers[::1 if len(numbers) <= most else len(numbers) // SAMPLE]]
    results = each(image, [one(*job) for job in jobs])
    return jobs, [("%s, allocation %d" % job, r)
                  for job, r in zip(jobs, results) if r.status not in (0, 1)]


TIMES = pytest.mark.parametrize("times", [1, 0], ids=["one", "all-from-there"])


@TIMES
def test_unit_tests_linuxu(times):
    jobs, bad = unit_tests(whittle.image("unittest", "linuxu"), ALL, times)
    assert len(jobs) > 1500
    report(bad)


@pytest.mark.slow
@TIMES
def test_all_of_unit_tests_linuxu(times):
    jobs, bad = unit_tests(whittle.image("unittest", "linuxu"), ALL_SLOW, times)
    assert len(jobs) > 3000
    report(bad)


def test_unit_tests_kvm():
    """All cases in one boot, with failures spread over them."""
    image = whittle.image("unittest", "kvm")
    bad = []
    for every in (997, 211):
        r = run(image, 0, 1, params=["fault.every=%d" % every, "fault.kind=heap"], timeout=300)
        if r.status not in range(101):
            bad.append(("every %dth" % every, r))
    report(bad)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("param,message", [("fault.kind=[ heap stack ]", b"fault.kind"),
                                           ("fault.nth=many", b"fault.nth")])
def test_misspelt_parameters(plat, param, message):
    r = run(whittle.image("helloworld", plat, configs="fault"), 0, 1, params=[param])
    assert r.status == 1 and message in r.err, r
