# SPDX-License-Identifier: BSD-3-Clause
"""Rings against a device that libFuzzer is; see the Makefile beside this file."""
import os
import shutil

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
def test_rings_against_any_device():
    whittle.make("fuzz", "TIME=20", "O=" + os.path.join(whittle.OUT, "host/virtio"), cwd=HERE)
