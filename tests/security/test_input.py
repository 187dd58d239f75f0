# SPDX-License-Identifier: BSD-3-Clause
"""Rows 23 and 27, an example of each: what the loader hands over is corrupt, or the memory too small. The error
names it, and says what to do. tests/boot has the rest: every byte of every table, all boot protocols."""
import re

import pytest

import security
import whittle

OWN = "-"
PLATFORMS = whittle.PLATFORMS + security.XEN + security.CPUS


def ends_with(name, plat, says, *options, args=("where",)):
    """The image says so, in one line, and ends as by exit(1) or the like: it neither crashes nor goes on."""
    result = security.run(name, plat, *args, options=options)
    text = result.err.decode(errors="replace")
    assert result.status not in (0, 124, 125) and result.out == b"" and "CRASH" not in text, result
    assert re.search(says, text), result
    assert len(text.splitlines()) == 1, result


@pytest.mark.parametrize("plat", PLATFORMS)
def test_corrupt_initrd(tmp_path, plat):
    archive = tmp_path / "archive"
    archive.write_bytes(b"070701" + b"G" * 1000)
    ends_with("program", plat, r"initrd", "--initrd", str(archive))
    security.record(23, "an initrd that is no archive", plat, "error that names it", OWN)


@pytest.mark.parametrize("plat", PLATFORMS)
@pytest.mark.parametrize("line,says,title", [
    ("console.ttx=1", r"unknown kernel parameter `console.ttx`", "an unknown kernel parameter"),
    ("log.level=many", r"log.level.*many", "a value that is no number"),
])
def test_corrupt_command_line(line, says, title, plat):
    ends_with("kernel", plat, says, "--kernel-args", line)
    security.record(23, title, plat, "error that names it", OWN)


@pytest.mark.parametrize("plat,memory,says", [("kvm", "1M", r"memory too small: .* at least \d+ KiB"),
                                              ("linuxu", "4K", r"too small.* \d+ KiB at least"),
                                              ("xen-pv", "1M", r"memory too small: .* at least \d+ KiB"),
                                              ("xen-pvh", "1M", r"memory too small: .* at least \d+ KiB"),
                                              (whittle.RISCV64, "3M", r"memory too small: .* at least \d+ KiB"),
                                              (whittle.ARM64, "1M", r"memory too small: .* at least \d+ KiB"),
                                              (security.XEN_ARM64, "1M", r"memory too small: .* at least \d+ KiB")])
def test_memory_too_small_for_the_image(plat, memory, says):
    name = "kernel" if plat == "linuxu" else "program"
    ends_with(name, plat, says, "--memory", memory)
    security.record(27, "memory too small for the image", plat, "one line that says how much it takes", OWN)


@pytest.mark.parametrize("plat,memory", [("kvm", "8M"), ("linuxu", "8M")])
def test_memory_too_small_for_the_initrd(tmp_path, plat, memory):
    """The root is a file of 8 MiB. (On Xen it is the builder of the domain that has no place for it, and says so.)"""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/file").write_bytes(bytes(8 << 20))
    ends_with("program", plat, r"(initrd|memory).*\d+ ?(K|M)", "--memory", memory, "--root", str(tmp_path / "root"))
    security.record(27, "memory too small for the initrd", plat, "one line that says how much it takes", OWN)
