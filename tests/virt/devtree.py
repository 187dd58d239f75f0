# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's own device tree for the machine virt, and changes to it."""
import struct
import subprocess


def dump(path, memory="64M", harts=1):
    """The tree of a machine of this size, as bytes."""
    subprocess.run(["qemu-system-riscv64", "-nodefaults", "-display", "none", "-machine", "virt,dumpdtb=%s" % path,
                    "-m", memory, "-smp", str(harts)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        return bytearray(f.read())


def with_value(tree, name, old, new):
    """The first property of that name with this value gets another of the same length."""
    strings, = struct.unpack_from(">I", tree, 12)
    at = tree.index(b"\0%s\0" % name, strings - 1) + 1 - strings
    head = struct.pack(">III", 3, len(old), at)  # FDT_PROP
    assert len(old) == len(new) and head + old in tree, name
    return tree.replace(head + old, head + new, 1)
