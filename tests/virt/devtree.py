# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's own device tree for the machine virt, and changes to it."""
import struct
import subprocess


def dump(path, memory="64M", cpus=1, arch="riscv64", options=()):
    """The tree of a machine of this size, as bytes. Options as support/run has them."""
    given = dict(zip(options[::2], options[1::2]))
    cpu = ["-cpu", given["--cpu"]] if "--cpu" in given else []
    subprocess.run(["qemu-system-" + arch, "-nodefaults", "-display", "none", "-m", memory, "-smp", str(cpus), *cpu,
                    "-machine", "%s,dumpdtb=%s" % (given.get("--machine", "virt"), path)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        tree = bytearray(f.read())
    # For arm64 QEMU leaves room, and adds more when it reads that again: cut behind the last block, names of properties.
    size = sum(struct.unpack_from(">I", tree, at)[0] for at in (12, 32))
    if arch == "aarch64":
        struct.pack_into(">I", tree, 4, size)
        del tree[size:]
        with open(path, "wb") as f:
            f.write(tree)
    return tree


def with_value(tree, name, old, new, size=None):
    """The first property of that name with this value gets another of the same length; or of another in as many cells, of which
    these are the first bytes."""
    strings, = struct.unpack_from(">I", tree, 12)
    at = tree.index(b"\0%s\0" % name, strings - 1) + 1 - strings
    size = len(old) if size is None else size
    assert len(old) == len(new) and -len(old) // 4 == -size // 4
    found = struct.pack(">III", 3, len(old), at) + old  # FDT_PROP
    assert found in tree, name
    return tree.replace(found, struct.pack(">III", 3, size, at) + new, 1)
