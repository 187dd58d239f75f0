# SPDX-License-Identifier: BSD-3-Clause
"""What boot costs does not depend on how much memory there is: frames enter when they are needed."""
import os
import shutil
import sys

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/bench"))

import counters
import guest
import tools

pytestmark = pytest.mark.not_smp("counts instructions")

HERE = os.path.dirname(os.path.abspath(__file__))


def to_main(image, memory, plugin):
    """Instructions from the kernel's entry to main()."""
    events = guest.run(guest.Guest(image), plugin=plugin, memory=memory, timeout=60).events
    first, last = counters.at_mark(events, counters.ENTRY), counters.at_mark(events, counters.MAIN)
    assert first and last, events
    return (last - first).cost


@pytest.mark.parametrize("app", ["helloworld", "vm"])
def test_boot_costs_the_same_with_more_memory(app, tmp_path):
    """From 64 MiB to 5 GiB; there are a region or two more to note, each in some tens of instructions."""
    if not shutil.which("gcc"):
        pytest.skip("no compiler for the counting plugin")
    plugin = tools.Kit(str(tmp_path)).plugin
    image = whittle.image(app, "kvm") if app != "vm" else whittle.image(
        os.path.join(HERE, "app"), "kvm", out=os.path.join(whittle.OUT, "test-vm"))
    small, large = to_main(image, "64M", plugin), to_main(image, "5G", plugin)
    print(app, small, large)
    assert 4000 < small < 300000
    assert abs(large - small) < 1000, (small, large)
