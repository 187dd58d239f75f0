# SPDX-License-Identifier: BSD-3-Clause
"""The layout of the sources (.clang-format), and what every file starts with."""
import subprocess

import whittle


def files(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], cwd=whittle.ROOT, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return out.split()


def test_layout():
    """C files; headers hold tables that are aligned by hand."""
    p = subprocess.run(["clang-format", "--dry-run", "-Werror", *files("*.c")], cwd=whittle.ROOT,
                       stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0, p.stderr[-3000:]


def test_every_source_names_its_licence():
    missing = [f for f in files("*.c", "*.h", "*.S", "*.py", "*.mk", "*.lds")
               if "SPDX-License-Identifier: BSD-3-Clause" not in open(whittle.ROOT + "/" + f).read(400)]
    assert not missing, missing
