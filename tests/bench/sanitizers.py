#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the sanitizers cost: size of hello and of SQLite with speedtest1, and its instructions, as a Markdown table.

  sanitizers.py [--only NAME,…] [--page FILE] [--build DIR]

Without --only it begins with an image without any, of which the others' instructions are multiples.
The figures are exact (README.md); --page puts the table between the lines `<!-- sanitizers -->` of a
page, such as docs/find-bugs.md.
"""
import os
import sys

import choices
import guest
import report
import tools

NAMES = ["nothing", "ubsan", "ubsan-trap", "kasan", "kasan-inline"]
SPEEDTEST = "-- --size 1 /t.db"
HEAD = ("", "size of hello", "size of SQLite with speedtest1", "its instructions")


def measure(kit, images, name):
    """(bytes of hello, of speedtest1, instructions)"""
    configs = "" if name == "nothing" else name
    tools.say("BENCH", name)
    hello = os.path.getsize(images.build("helloworld", configs=configs))
    kernel = images.build("sqlite-speedtest1", configs=configs)
    done = guest.must(guest.Guest(kernel, SPEEDTEST, memory="256M"), plugin=kit.plugin, timeout=900)
    if "TOTAL" not in done.output:
        raise guest.GuestError("speedtest1 with %s did not end: %s" % (name, done.output[-500:]))
    print(name, hello, os.path.getsize(kernel), done.events[-1].at.cost, file=sys.stderr, flush=True)
    return hello, os.path.getsize(kernel), done.events[-1].at.cost


def table(results):
    first = next(iter(results.values()))
    lines = [HEAD, ("---",) + ("--:",) * (len(HEAD) - 1)]
    for name, (hello, size, cost) in results.items():
        lines.append((name if name == "nothing" else "`%s`" % name, report.number(hello), report.number(size),
                      "%.1f" % (cost / first[2]) if cost != first[2] else "1"))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    choices.main(__doc__, "sanitizers", NAMES, measure, table)
