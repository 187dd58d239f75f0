# SPDX-License-Identifier: BSD-3-Clause
"""gdb as a user would start it, but reading its commands from the command line."""
import os
import subprocess

import whittle

HELPERS = os.path.join(whittle.ROOT, "support/tools/gdb/whittle.py")


def gdb(*words, commands=(), helpers=False, timeout=60):
    argv = ["gdb", "-q", "-batch", "-nx", "-ex", "set pagination off", "-ex", "set width 0", *words]
    for c in (["source " + HELPERS] if helpers else []) + list(commands):
        argv += ["-ex", c]
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       timeout=timeout, cwd=whittle.ROOT)
    return p.stdout.decode(errors="replace")
