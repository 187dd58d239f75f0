#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares the allocators: size, instructions, memory, and SQLite's speedtest1, as a Markdown table.

  allocators.py [--only NAME,…] [--page FILE] [--build DIR]

Each is built into the same programs. The figures are exact (README.md); --page puts the table between
the lines `<!-- allocators -->` of a page, such as lib/mem/README.md.
"""
import os

import choices
import counters
import guest
import minmem
import report
import tools

# Name, CONFIGS= that choose it (the default: none), and how much memory its guests get: region never
# frees, so the smallest that works with it says how much a program allocates in all.
ALLOCATORS = {"tlsf": ("", "256M"), "slab": ("slab", "256M"), "buddy": ("buddy", "256M"),
              "region": ("region", "2G"), "mimalloc": ("mimalloc", "256M")}
SPEEDTEST = "-- --size 2 /t.db"
HEAD = ("allocator", "image (bytes)", "malloc(64) + free", "mixed sizes", "speedtest1",
        "it needs (MiB)")


def count(kit, kernel, words, memory):
    return guest.must(guest.Guest(kernel, words, memory=memory), plugin=kit.plugin, timeout=600)


def needs_mib(kernel, memory):
    """The least memory with which speedtest1 ends well, in MiB."""
    def works(mib):
        done = guest.run(guest.Guest(kernel, SPEEDTEST, memory="%dM" % mib), timeout=300)
        return done.exit_status == 0 and "TOTAL" in done.output
    return minmem.smallest(works, 1, 1024 * int(memory[:-1]) if memory[-1] == "G" else
                           int(memory[:-1]), 1)


def measure(kit, images, name):
    """(bytes, instructions of malloc(64) and free, of mixed sizes, of speedtest1, MiB)"""
    configs, memory = ALLOCATORS[name]
    tools.say("BENCH", name)
    done = count(kit, images.build("bench-micro", configs=configs), "", memory)
    ops = {n: p.per_op for n, p in counters.phases(done.events, done.output).items()}
    kernel = images.build("sqlite-speedtest1", configs=configs)
    done = count(kit, kernel, SPEEDTEST, memory)
    if "TOTAL" not in done.output:
        raise guest.GuestError("speedtest1 with %s did not end: %s" % (name, done.output[-500:]))
    return (os.path.getsize(kernel), ops["malloc-64"],
            ops["malloc-mix"], done.events[-1].at.cost, needs_mib(kernel, memory))


def table(results):
    """Markdown; speedtest1 as a multiple of the first one's."""
    first = next(iter(results.values()))
    lines = [HEAD, ("---",) + ("--:",) * (len(HEAD) - 1)]
    for name, (size, small, mixed, speedtest, mib) in results.items():
        lines.append((name, report.number(size), report.number(round(small)),
                      report.number(round(mixed)), "%.3f" % (speedtest / first[3]), str(mib)))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    choices.main(__doc__, "allocators", ALLOCATORS, measure, table)
