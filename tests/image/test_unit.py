# SPDX-License-Identifier: BSD-3-Clause
"""The libraries' own tests, run inside an image: one pytest case per test case and platform.

The cases are found in the sources (UK_TEST), so that one which never ran shows as a failure.
"""
import glob
import os
import re

import pytest

import whittle

# The same suites with each scheduler, and with another default heap.
VARIANTS = ["", "prio buddy spaces", "slab mimalloc"]
# A scheduler's own tests need an image that has it.
ONLY = {"ukschedcoop": "", "ukschedprio": "prio buddy spaces", "test_space.c": "prio buddy spaces",
        "ukubsan": None, "ukkasan": None, "ukkcsan": None,  # tests/sanitizer
        "test_lockcheck.c": None, "test_lockstat.c": None}  # tests/locks

RUNS = sorted(
    (plat, variant, suite, name)
    for path in glob.glob(os.path.join(whittle.ROOT, "lib/*/*/tests/test_*.c"))
    for suite, name in re.findall(r"^UK_TEST\((\w+),\s*(\w+)\)", open(path).read(), re.M)
    for plat in whittle.PLATFORMS
    for variant in VARIANTS
    if ONLY.get(os.path.basename(path), ONLY.get(path.split(os.sep)[-3], variant)) == variant)


def parse_ktap(text):
    """{(suite, case): (ok, skip reason or None, diagnostics)}"""
    results, suite, notes = {}, None, []
    for line in text.splitlines():
        line = line.rstrip("\r")
        m = re.match(r"    # Subtest: (\w+)", line)
        if m:
            suite, notes = m.group(1), []
            continue
        m = re.match(r"    (not )?ok \d+ (\w+)(?: # SKIP (.*))?$", line)
        if m:
            results[(suite, m.group(2))] = (not m.group(1), m.group(3), "\n".join(notes))
            notes = []
        elif line.startswith("    # "):
            notes.append(line.strip())
    return results


@pytest.fixture(scope="module")
def outcome():
    cache = {}

    def get(plat, variant):
        if (plat, variant) not in cache:
            img = whittle.image("unittest", plat, configs=variant)
            # One boot for all; a crash in the middle leaves the rest without a result.
            r = whittle.run(img, options=["--memory", "64M"] if plat == "kvm" else [], timeout=300)
            cache[plat, variant] = (parse_ktap(r.out.decode(errors="replace")), r)
        return cache[plat, variant]
    return get


@pytest.mark.parametrize("plat,variant,suite,case", RUNS, ids=[
    "-".join(filter(None, [p, v.replace(" ", "+"), "%s.%s" % (s, c)])) for p, v, s, c in RUNS])
def test_unit(outcome, plat, variant, suite, case):
    results, r = outcome(plat, variant)
    if (suite, case) not in results:
        pytest.fail("%s.%s did not report; the image ended with %r" % (suite, case, r))
    ok, skip, notes = results[(suite, case)]
    if skip:
        pytest.skip(skip)
    assert ok, notes


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_status_tells(outcome, plat, variant):
    """The image's exit status is the number of failed cases."""
    results, r = outcome(plat, variant)
    assert r.status == min(100, sum(not ok for ok, _, _ in results.values())), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("name", ["nosuch", "ukbase_list.nosuch", "[ ukbase_number nosuch ]"])
def test_misspelt_name_is_said(plat, name):
    r = whittle.run(whittle.image("unittest", plat), options=["--param", "test.only=" + name])
    assert r.status == 1 and b"nosuch" in r.err and r.out == b"", r
