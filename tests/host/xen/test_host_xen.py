# SPDX-License-Identifier: BSD-3-Clause
"""Xen's frontends against a backend that libFuzzer is, and event channels against another Xen; see the Makefile beside this file."""
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


@pytest.mark.parametrize("program, seed", [("queues", n) for n in range(1, 9)] + [("bits", n) for n in range(1, 5)])
def test_events(program, seed):
    """In queues; and by an image that can take them so, where Xen has none."""
    assert whittle.make(program, "SEED=%d" % seed, *headers(), cwd=HERE) == "events: all delivered\n"
