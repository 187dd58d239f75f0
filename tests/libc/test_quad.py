# SPDX-License-Identifier: BSD-3-Clause
"""Products and quotients of 128 bits on arm64, which are ours, next to those of the compiler's library: bit for bit."""
import os
import shutil
import subprocess

import pytest

import whittle

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
OURS = os.path.join(whittle.ROOT, "lib/libc/musl/overlay/aarch64/quad.c")
FOLDER = os.path.join(whittle.ROOT, "tests/libc/quad")

pytestmark = [pytest.mark.skipif(not (shutil.which(COMPILER) and shutil.which(EMULATOR)), reason="`support/setup arm64` installs what it needs"),
              pytest.mark.not_smp("no image")]


def compare(folder, pairs, *changes):
    """Compiles ours, with `changes` (old, new) made to it, and compares."""
    text = open(OURS).read()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    ours, program = str(folder / "quad.c"), str(folder / "compare")
    open(ours, "w").write(text)
    subprocess.run([COMPILER, "-O2", "-ffixed-x18", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-c", "-D__multf3=our_mul", "-D__divtf3=our_div", ours,
                    "-o", ours + ".o"], check=True, timeout=60)
    subprocess.run([COMPILER, "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib", "-static", os.path.join(FOLDER, "compare.c"), ours + ".o",
                    "-lgcc", "-o", program], check=True, timeout=60)
    return subprocess.run([EMULATOR, program, str(pairs)], stdout=subprocess.PIPE, text=True, timeout=300)


def test_every_bit(tmp_path):
    p = compare(tmp_path, 100000)
    assert (p.returncode, p.stdout) == (0, ""), p


@pytest.mark.parametrize("change", [
    ("rest == half && (m & 1)", "rest == half"),
    ("m |= more;", "(void)more;"),
    ("while (rest >= n)", "if (0)"),
    ("m >= INF)", "0)"),
    ("exceptions = rest ? exceptions | INEXACT : 0;", "exceptions |= rest ? INEXACT : 0;"),
    ("a_signals || !b_signals", "1"),
    ("sign ? DOWN : UP))\n\t\tm++", "sign ? UP : DOWN))\n\t\tm++"),
], ids=lambda change: change[0].split("\n")[0])
def test_mistakes_are_found(tmp_path, change):
    assert compare(tmp_path, 100000, change).returncode == 1
