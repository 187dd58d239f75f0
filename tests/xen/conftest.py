# SPDX-License-Identifier: BSD-3-Clause
"""What the tests with Xen share: a guest that is no image of ours (guest.c), and a machine without Xen's tools."""
import os
import subprocess
import sys

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(whittle.ROOT, "support", "tools"))

FLAGS = """-m64 -O1 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none
    -fno-asynchronous-unwind-tables -mno-red-zone -mgeneral-regs-only -nostdlib -static -Wl,--build-id=none
    -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments""".split()


@pytest.fixture(scope="session", autouse=True)
def packages():
    """Fetched and unpacked before the tests: it is said when it is done."""
    from xenrig import arm64, packages
    packages.files()
    arm64.hypervisor()


@pytest.fixture(scope="session")
def domain(tmp_path_factory):
    """Path of a tiny guest of Xen."""
    out = str(tmp_path_factory.mktemp("guest") / "tiny_xen-x86_64")
    subprocess.run(["gcc", *FLAGS, "-Wl,-T," + os.path.join(HERE, "guest.lds"), "-o", out,
                    os.path.join(HERE, "guest.c")], check=True)
    return out
