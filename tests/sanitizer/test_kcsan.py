# SPDX-License-Identifier: BSD-3-Clause
"""KCSan as a user has it: threads on two CPUs that use the same bytes without a lock end in a report with
both places; what uses locks or atomic operations is not reported, and our own libraries neither."""
import os
import re

import pytest

import sanitized
import whittle

APP = os.path.join(sanitized.HERE, "races")

# What is reported of each, and the function on both sides.
RACES = {"plain": ("write of 8 bytes", "add_plainly"),
         "copy": ("write of 256 bytes", "(copy|work)"),  # clang jumps to memcpy()
         "flag": ("write of 8 bytes", "flag")}
SIDE = r"\[whittle\] ukkcsan: error:   (?:marked )?(?:read|write) of \d+ bytes on CPU %d, thread `main:\d+`\r?\n"
CALL = r"\[whittle\] ukkcsan: error:     %s\+0x\w+ \(image\+0x\w+\)\r?\n"


def cpus(plat, n=2):
    return ["--smp", str(n), "--memory", "128M"] if plat == "kvm" else ["--param", "smp.cpus=%d" % n]


def race(plat, name, *options, compiler="gcc", seconds="2", n=2):
    return whittle.run(sanitized.image(APP, plat, "kcsan", compiler), name, seconds,
                       options=[*cpus(plat, n), *options])


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("name", RACES)
@sanitized.COMPILERS
def test_report(plat, name, compiler):
    """Both sides, and who called them; the program goes on."""
    access, function = RACES[name]
    r = race(plat, name, compiler=compiler, seconds="5")
    text = r.err.decode()
    assert (r.status, r.out) == (0, b"alive\n"), r
    assert re.search(r"\[whittle\] ukkcsan: error: data race at 0x\w+, in:\r?\n", text) and access in text, r
    for cpu in (0, 1):
        assert re.search(SIDE % cpu + "(" + CALL % "mem\\w+" + ")?" + CALL % function, text), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("name", ["mutex", "atomic", "malloc"])
@sanitized.COMPILERS
def test_what_is_right(plat, name, compiler):
    r = race(plat, name, compiler=compiler)
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_one_cpu(plat):
    """Nothing can race; that is said, once."""
    r = race(plat, "plain", n=1, seconds="0.2")
    assert (r.status, r.out) == (0, b"alive\n") and b"one CPU: no data races will be found" in r.err, r
    assert b"data race at" not in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stop(plat):
    r = race(plat, "plain", "--param", "kcsan.stop=1", seconds="20")
    assert r.status == 134 and r.out == b"" and b"data race at" in r.err and b"CRASH" in r.err, r


def no_race(r):
    text = r.err.decode(errors="replace").replace("\r", "")
    races = re.findall(r"data race at .*\n(?:\[whittle\] ukkcsan: .*\n)*", text)
    assert not races, "\n".join(races)
    assert r.status == 0 and b"not ok" not in r.out, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests(plat):
    """No library has a data race that its tests show; this one's own tests show some, and catch them."""
    r = whittle.run(whittle.image("unittest", plat, configs="kcsan"), timeout=300, options=cpus(plat))
    no_race(r)
    assert r.out.count(b"    ok ") > 200, r


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("configs", ["kcsan", "kcsan prio"])
def test_unit_tests_closely(plat, configs, n):
    """With ten times as many accesses watched, and longer stress tests."""
    r = whittle.run(whittle.image("unittest", plat, configs=configs), timeout=900, options=[
        *cpus(plat, n), "--param", "kcsan.skip=200", "--param", "test.long=5"])
    no_race(r)


def test_page(tmp_path):
    """The example of docs/find-bugs.md gives the report that is printed there, but for numbers."""
    page = open(os.path.join(whittle.ROOT, "docs/find-bugs.md")).read()
    whittle.extract("docs/find-bugs.md", tmp_path)
    printed = re.search(r"<!-- report: kcsan -->\n```\n(.*?)```", page, re.S)[1].splitlines()
    patterns = [re.sub(r"0x[0-9a-f]+|\d+", "(0x)?[0-9a-f]+", re.escape(line)).replace("read", "(read|write)")
                for line in printed if line != "..."]
    for plat in whittle.PLATFORMS:
        image, seen = whittle.image(str(tmp_path / "tally"), plat, configs="kcsan"), []
        # Every run reports; both sides, and that the value changed meanwhile, are not in each of them.
        for _ in range(5):
            r = whittle.run(image, options=cpus(plat))
            text = r.err.decode().replace("\r", "") + r.out.decode()
            assert "data race at" in text and "throw_dice" in text, r
            seen.append([p for p in patterns if not re.search("^%s$" % p, text, re.M)])
            if not seen[-1]:
                break
        assert not seen[-1], (seen, r)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_pthreads(plat):
    """musl's threads and ours under them: 64 threads that do everything at once (apps/pthread-stress)."""
    no_race(whittle.run(whittle.image("pthread-stress", plat, configs="kcsan"), timeout=300, options=cpus(plat)))
