# SPDX-License-Identifier: BSD-3-Clause
"""gdb as a user would start it, but reading its commands from the command line."""
import os
import subprocess

import whittle

HELPERS = os.path.join(whittle.ROOT, "support/tools/gdb/whittle.py")


# The one that knows more CPUs than this machine's; and where tests that need it ask of all machines.
MULTIARCH = "gdb-multiarch"
OTHER_CPUS = [whittle.RISCV64, whittle.ARM64]


def program(path):
    """For an image, or what belongs to it."""
    return MULTIARCH if any(plat in path for plat in OTHER_CPUS) else "gdb"


def gdb(*words, commands=(), helpers=False, timeout=60):
    argv = [program(words[0]), "-q", "-batch", "-nx", "-ex", "set pagination off", "-ex", "set width 0", *words]
    for c in (["source " + HELPERS] if helpers else []) + list(commands):
        argv += ["-ex", c]
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       timeout=timeout, cwd=whittle.ROOT)
    return p.stdout.decode(errors="replace")
