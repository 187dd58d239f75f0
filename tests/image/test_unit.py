# SPDX-License-Identifier: BSD-3-Clause
"""The libraries' own tests, run inside an image: one pytest case per test case and platform.

The cases are found in the sources (UK_TEST), so that one which never ran shows as a failure.
"""
import glob
import os
import re

import pytest

import whittle

CASES = sorted(
    (suite, name)
    for path in glob.glob(os.path.join(whittle.ROOT, "lib/*/*/tests/test_*.c"))
    for suite, name in re.findall(r"^UK_TEST\((\w+),\s*(\w+)\)", open(path).read(), re.M))


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

    def get(plat):
        if plat not in cache:
            img = whittle.image("unittest", plat)
            # One boot per platform; a crash in the middle leaves the rest without a result.
            r = whittle.run(img, options=["--memory", "64M"] if plat == "kvm" else [], timeout=300)
            cache[plat] = (parse_ktap(r.out.decode(errors="replace")), r)
        return cache[plat]
    return get


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("suite,case", CASES, ids=["%s.%s" % c for c in CASES])
def test_unit(outcome, plat, suite, case):
    results, r = outcome(plat)
    if (suite, case) not in results:
        pytest.fail("%s.%s did not report; the image ended with %r" % (suite, case, r))
    ok, skip, notes = results[(suite, case)]
    if skip:
        pytest.skip(skip)
    assert ok, notes


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_status_tells(outcome, plat):
    """The image's exit status is the number of failed cases."""
    results, r = outcome(plat)
    assert r.status == min(100, sum(not ok for ok, _, _ in results.values())), r
