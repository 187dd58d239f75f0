# SPDX-License-Identifier: BSD-3-Clause
"""What the plugin ukcount wrote: counters at markers, and what a phase between two markers cost.

Figures leave out iterations of rep string instructions, which TCG executes one by one but a CPU
does not: `Counters.cost`.
"""
from dataclasses import dataclass, fields

ENTRY, MAIN = 1, 2        # UK_MARK_ENTRY, UK_MARK_MAIN of uk/mark.h
BEGIN, END = 16, 17       # MARK_BEGIN, MARK_END of apps/bench-*/main.c


@dataclass(frozen=True)
class Counters:
    """The plugin's counters at one moment, or their growth between two."""
    host_ns: int = 0
    insns: int = 0
    low: int = 0
    high: int = 0
    rep: int = 0
    pio: int = 0
    mmio: int = 0
    hlt: int = 0
    msr: int = 0
    cpuid: int = 0
    movcr: int = 0
    syscall: int = 0
    iret: int = 0
    marks: int = 0

    def __sub__(self, other):
        return Counters(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    @property
    def cost(self):
        """Instructions without iterations of rep."""
        return self.insns - self.rep

    @property
    def device(self):
        """Accesses to devices: each would leave the guest on real hardware."""
        return self.pio + self.mmio


@dataclass(frozen=True)
class Event:
    """A line of the plugin: `start`, `mark` or `end`, with the marker's number and address."""
    kind: str
    mark: int
    address: int
    at: Counters


@dataclass(frozen=True)
class Phase:
    """A workload's line `phase NAME OPS` with what its pair of markers counted."""
    name: str
    ops: int
    spent: Counters

    @property
    def per_op(self):
        return self.spent.cost / self.ops


def parse(text):
    """The events in the plugin's output; lines of anybody else are skipped."""
    events = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] != ["ukcount"] or len(words) % 2 == 0:
            continue
        values = {k: int(v) for k, v in zip(words[3::2], words[4::2])}
        address = values.pop("address", 0)
        events.append(Event(words[1], int(words[2]), address, Counters(**values)))
    return events


def at_mark(events, mark):
    """Counters when `mark` was first reached, or None."""
    return next((e.at for e in events if e.kind == "mark" and e.mark == mark), None)


def phases(events, output):
    """Joins the k-th BEGIN/END pair with the k-th line `phase NAME OPS` of the guest's output."""
    lines = [words for words in map(str.split, output.splitlines())
             if words[:1] == ["phase"] and len(words) == 3]
    spans, begin = [], None
    for e in events:
        if e.kind == "mark" and e.mark == BEGIN:
            begin = e.at
        elif e.kind == "mark" and e.mark == END:
            if begin is None:
                raise ValueError("marker END without BEGIN")
            spans.append(e.at - begin)
            begin = None
    if len(spans) != len(lines):
        raise ValueError("%d marked phases but %d lines `phase …`" % (len(spans), len(lines)))
    return {name: Phase(name, int(ops), span) for (_, name, ops), span in zip(lines, spans)}
