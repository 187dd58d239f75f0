# SPDX-License-Identifier: BSD-3-Clause
"""Xen's frontends against a backend that libFuzzer is; see the Makefile beside this file."""
import glob
import os
import shutil

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
def test_frontends_against_any_backend():
    whittle.image("httpd", "xen", configs="xen")  # which fetches Xen's headers
    headers = glob.glob(os.path.join(whittle.OUT, "packages/xen-*/early/include"))
    assert headers
    whittle.make("fuzz", "TIME=15", "XEN=" + headers[0], "O=" + os.path.join(whittle.OUT, "host/xen"), cwd=HERE)
