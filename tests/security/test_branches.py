# SPDX-License-Identifier: BSD-3-Clause
"""Row 20: what indirect branches can reach, in the code itself, as no CPU that QEMU emulates checks it.

A function can be called indirectly if its address is in data (a relocation points at it) or is
computed by an instruction (`lea`). Each such function has to begin with a landing pad."""
import re
import struct
import subprocess

import pytest

import security
import whittle

# What is reached otherwise: by a return, by the loader, or (the switch of contexts, the most frequent indirect
# call of all) by a call that says that it needs no pad, through a pointer that is chosen once at boot.
NO_PAD = {"__restore_rt", "x86_ctx_start", "_start", "ctx_switch", "x86_ctx_switch_fsgsbase", "x86_ctx_switch_msr",
          "x86_ctx_switch_bare"}

PLATFORMS = whittle.PLATFORMS + security.XEN[:1]  # one image for both

PAD = b"\xf3\x0f\x1e\xfa"  # endbr64 (Intel SDM vol. 1 §17.3)


class Image:
    """The linked image with its symbols. `code` is without what the linker made for functions that
    are not there."""

    def __init__(self, path):
        data = open(path, "rb").read()
        at, = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        heads = [struct.unpack_from("<IIQQQQIIQQ", data, at + i * size) for i in range(count)]
        text = data[heads[names][4]:]
        self.sections = {}
        for name, kind, flags, va, offset, length, *_ in heads:
            body = data[offset:offset + length] if kind != 8 else b""
            self.sections[text[name:text.index(b"\0", name)].decode()] = (va, body, flags)
        run = dict(stdout=subprocess.PIPE, text=True, check=True)
        self.functions = {}
        for line in subprocess.run(["readelf", "-sW", path], **run).stdout.splitlines():
            f = line.split()
            if len(f) == 8 and f[3] == "FUNC" and f[6] != "UND":
                self.functions[int(f[1], 16)] = f[7]
        self.code = subprocess.run(["objdump", "-d", "-j", ".text", "--no-show-raw-insn", path], **run).stdout

    def word(self, va):
        for start, body, flags in self.sections.values():
            if flags & 2 and start <= va < start + len(body) - 7:
                return struct.unpack_from("<Q", body, va - start)[0]
        return None

    def bytes_at(self, va, n):
        for start, body, flags in self.sections.values():
            if flags & 4 and start <= va < start + len(body):
                return body[va - start:va - start + n]
        return b""

    def pointers(self):
        """Words that compact relocations name: an address, then bitmaps of the 63 words that follow."""
        body = self.sections[".relr.dyn"][1]
        where = 0
        for entry, in struct.iter_unpack("<Q", body[:len(body) & ~7]):
            if not entry & 1:
                yield entry
                where = entry + 8
                continue
            for i in range(63):
                if entry >> 1 + i & 1:
                    yield where + 8 * i
            where += 63 * 8

    def targets(self):
        """Functions whose address is taken: {address: name}."""
        taken = {self.word(va) for va in self.pointers()}
        taken |= {int(m, 16) for m in re.findall(r"\blea .*# ([0-9a-f]+) <", self.code)}
        return {va: name for va, name in self.functions.items() if va in taken}


def image(name, plat):
    return Image(security.build(name, plat) + ".dbg")


@pytest.mark.parametrize("plat", PLATFORMS)
def test_landing_pads(plat):
    for name in ("kernel", "program"):
        linked = image(name, plat)
        targets = linked.targets()
        assert len(targets) > 10, targets
        bare = [f for va, f in targets.items() if linked.bytes_at(va, 4) != PAD and f not in NO_PAD]
        assert not bare, bare
        for p in security.XEN if plat in security.XEN else [plat]:
            security.record(20, "find the targets of indirect branches of a %s" % name, p,
                            "a landing pad at each", "none" if name == "kernel" else "-")
    linked = image("kernel-CET", plat)
    assert not [f for va, f in linked.targets().items() if linked.bytes_at(va, 4) == PAD]


@pytest.mark.parametrize("plat", PLATFORMS)
def test_retpoline(plat):
    """An option: no indirect branch is left, so none that a CPU would predict."""
    indirect = r"\b(?:call|jmp) +\*.*"
    assert re.search(indirect, image("kernel", plat).code)
    left = re.findall(indirect, image("kernel-RETPOLINE", plat).code)
    entry = ["jmp    *%rdx"] if plat != "linuxu" else []  # at boot, to the image's final address
    assert left == entry, left
    assert security.attack("kernel-RETPOLINE", plat, "read-null").end == "stopped"  # and it runs


@pytest.mark.parametrize("plat", PLATFORMS)
def test_straight_line_speculation(plat):
    """An option: behind every return there is a trap."""
    bare = r"\tret *\n *[0-9a-f]+:\t(?!int3)(\w+)"
    assert re.search(bare, image("kernel", plat).code)
    left = re.findall(bare, image("kernel-SLS", plat).code)
    assert not left, left
    assert security.attack("kernel-SLS", plat, "read-null").end == "stopped"
