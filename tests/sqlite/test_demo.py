# SPDX-License-Identifier: BSD-3-Clause
"""What `make demo` runs, on each platform and CPU."""
import os
import subprocess

import pytest

import whittle


@pytest.mark.parametrize("plat", [*whittle.PLATFORMS, *whittle.OTHER_CPUS])
def test_the_demonstration(plat):
    image = whittle.image("sqlite", plat)
    p = subprocess.run([os.path.join(whittle.ROOT, "apps/sqlite/demo"), image], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, text=True)
    assert p.returncode == 0, p.stdout + p.stderr
    for expected in ("SNOWMAN WITHOUT SNOW", "⅒ ⅑ ⅛ ⅐ ⅙", "arabic", "boot", "memory",
                     format(os.path.getsize(image), ",") + " bytes"):
        assert expected in p.stdout
    assert p.stderr == ""
