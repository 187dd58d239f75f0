# SPDX-License-Identifier: BSD-3-Clause
"""The memory libraries as Linux programs under the sanitizers; see the Makefile beside this file."""
import os

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("what", ["page", "vmem", "alloc-tlsf", "alloc-buddy", "alloc-region",
                                  "alloc-slab"])
def test_against_a_model(what, seed):
    whittle.make("run-" + what, "SEEDS=%d" % seed, "O=" + os.path.join(whittle.OUT, "host/mem"), cwd=HERE)
