# SPDX-License-Identifier: BSD-3-Clause
"""What the plugin writes is read, joined with what the guest printed, and added up correctly."""
import pytest

import counters

START = "ukcount start 0 host_ns 100 insns 0 low 0 rep 0"


def mark(number, insns, rep=0, pio=0):
    return "ukcount mark %d host_ns 5 insns %d rep %d pio %d mmio 2" % (number, insns, rep, pio)


def test_lines_become_events():
    events = counters.parse("qemu: hello\n%s\n%s\n" % (START, mark(7, 50, 8, 3)))
    assert [(e.kind, e.mark) for e in events] == [("start", 0), ("mark", 7)]
    assert events[1].at.insns == 50
    assert events[1].at.cost == 42, "iterations of rep are left out"
    assert events[1].at.device == 5, "ports and device memory both count"


def test_a_line_cut_short_is_skipped():
    assert counters.parse("ukcount mark 1 host_ns") == []


def test_first_time_at_a_marker():
    events = counters.parse(mark(2, 10) + "\n" + mark(2, 30))
    assert counters.at_mark(events, 2).insns == 10
    assert counters.at_mark(events, 3) is None


def test_phases_are_joined_in_order():
    events = counters.parse("\n".join([mark(1, 5), mark(16, 100), mark(17, 400, 100),
                                       mark(16, 1000, 100), mark(17, 1500, 100)]))
    found = counters.phases(events, "hello\r\nphase one 10\r\nnoise phase x 1\nphase two 100\r\n")
    assert found["one"].per_op == 20
    assert found["two"].per_op == 5


@pytest.mark.parametrize("marks, output", [
    ([16, 17], ""),
    ([16, 17], "phase one 1\nphase two 1\n"),
    ([17], "phase one 1\n"),
])
def test_phases_that_do_not_match_are_refused(marks, output):
    events = counters.parse("\n".join(mark(m, 1) for m in marks))
    with pytest.raises(ValueError):
        counters.phases(events, output)
