# SPDX-License-Identifier: BSD-3-Clause
"""The scheduling libraries and their tests as Linux programs; see the Makefile beside this file."""
import os

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.parametrize("variant", ["coop", "prio", "both-coop", "both-prio"])
def test_simulated_time_and_random_interrupts(variant):
    whittle.make("run-" + variant, "SEEDS=1 2", "O=" + os.path.join(whittle.OUT, "host/sched"),
                 cwd=HERE)
