# SPDX-License-Identifier: BSD-3-Clause
"""The runner as its tests see it: its modules, and a guest that needs no image of ours."""
import os
import subprocess
import sys

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "support", "tools"))

GUEST_FLAGS = """-m32 -march=i686 -ffreestanding -fno-pic -fno-stack-protector
    -fno-asynchronous-unwind-tables -nostdlib -static -O1 -g -Wall -Wextra -Werror -Wl,-N,-Ttext=0x100000
    -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments""".split()


@pytest.fixture(scope="session")
def guest(tmp_path_factory):
    """Path of a tiny PVH guest (guest.c), as a 64-bit ELF file like the images."""
    d = tmp_path_factory.mktemp("guest")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest.c")
    subprocess.run(["gcc", *GUEST_FLAGS, "-o", d / "guest32", source], check=True)
    subprocess.run(["objcopy", "-I", "elf32-i386", "-O", "elf64-x86-64", d / "guest32", d / "guest"], check=True)
    return str(d / "guest")
