# SPDX-License-Identifier: BSD-3-Clause
"""What a run of the tests says at its end, besides pytest's own."""
import collections

import whittle

CPUS = [whittle.ARCH, *(plat.partition("-")[2] for plat in (whittle.ARM64, whittle.RISCV64))]


def by_cpu(passed, failed):
    """The lines of a table: of the folders with tests on other CPUs, how many passed on each. A test's name says its CPU."""
    count = collections.Counter()
    for ended, names in (("passed", passed), ("failed", failed)):
        for name in names:
            cpu = next((c for c in CPUS[1:] if c in name), CPUS[0])
            for row in name.split("/")[1], "all":
                count[row, cpu, ended] += 1
    rows = sorted({row for row, cpu, _ in count if cpu != CPUS[0]} - {"all"})
    if not rows:
        return []
    lines = ["%-12s" % "" + "".join("%20s" % cpu for cpu in CPUS)]
    for row in rows + ["all"]:
        cells = ("%d" % count[row, cpu, "passed"] + (", %d failed" % n if (n := count[row, cpu, "failed"]) else "") for cpu in CPUS)
        lines.append("%-12s" % row + "".join("%20s" % cell for cell in cells))
    return lines
