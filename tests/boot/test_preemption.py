# SPDX-License-Identifier: BSD-3-Clause
"""Threads are preempted in the middle of floating point code and notice nothing."""
import os

import pytest

import whittle

APP = os.path.join(whittle.ROOT, "tests/boot/vectors")


@pytest.mark.parametrize("cpu", ["qemu64", "max"])  # fxsave, xsave
def test_vector_registers_survive_on_kvm(cpu):
    r = whittle.run(whittle.image(APP, "kvm"), options=["--cpu", cpu])
    assert r.status == 0, r


def test_vector_registers_survive_on_linuxu():
    r = whittle.run(whittle.image(APP, "linuxu"))
    assert r.status == 0, r
