# SPDX-License-Identifier: BSD-3-Clause
"""support/run as a user calls it."""
import os
import subprocess

import whittle

RUN = os.path.join(whittle.ROOT, "support", "run")


def run(*words, stdin=b"", timeout=60, **kw):
    """support/run with these words: exit status, stdout, stderr."""
    p = subprocess.run([RUN, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=timeout, **kw)
    return p.returncode, p.stdout, p.stderr
