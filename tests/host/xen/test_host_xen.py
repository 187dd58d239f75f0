# SPDX-License-Identifier: BSD-3-Clause
"""Xen's frontends against a backend that libFuzzer is, and event channels and grants against another Xen; see the Makefile beside this file."""
import glob
import os
import shutil

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


def headers():
    whittle.image("httpd", "xen", configs="xen")  # which fetches Xen's headers
    found = glob.glob(os.path.join(whittle.OUT, "packages/xen-*/early/include"))
    assert found
    return ["XEN=" + found[0], "O=" + os.path.join(whittle.OUT, "host/xen")]


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
def test_frontends_against_any_backend():
    whittle.make("fuzz", "TIME=15", *headers(), cwd=HERE)


@pytest.mark.parametrize("seed", range(1, 4))
def test_requests_of_a_disk(seed):
    """Which become one, and that each ends once, with its own result: beside a backend that keeps to the rules, and one that follows it."""
    assert whittle.make("disk", "SEED=%d" % seed, *headers(), cwd=HERE) == "disk: all as it should be\n"


@pytest.mark.parametrize("program, seed", [("queues", n) for n in range(1, 9)] + [("bits", n) for n in range(1, 5)])
def test_events(program, seed):
    """In queues; and by an image that can take them so, where Xen has none."""
    assert whittle.make(program, "SEED=%d" % seed, *headers(), cwd=HERE) == "events: all delivered\n"


@pytest.mark.parametrize("seed", range(1, 5))
def test_grants(seed):
    """In entries of either version, beside a Xen that has the second or not; and between two that differ in it."""
    assert whittle.make("grants", "SEED=%d" % seed, *headers(), cwd=HERE) == "grants: all as it should be\n"
