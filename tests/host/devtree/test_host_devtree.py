# SPDX-License-Identifier: BSD-3-Clause
"""The walk through a device tree, with trees that libFuzzer makes; see the Makefile beside this file."""
import os
import shutil

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
def test_any_tree():
    whittle.make("fuzz", "TIME=10", "O=" + os.path.join(whittle.OUT, "host/devtree"), cwd=HERE)
