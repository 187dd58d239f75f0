# SPDX-License-Identifier: BSD-3-Clause
"""Row 20: what indirect branches and returns can reach. On x86_64 in the code itself, as no CPU that QEMU emulates checks it there.

A function can be called indirectly if its address is in data (a relocation points at it) or is
computed by an instruction (`lea`). Each such function has to begin with a landing pad."""
import os
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


# How a report begins that is about a signature; and the words of the table.
FAILED = b"pointer authentication failed(?: in thread `.*`)?: "


def words(says):
    return says.decode().replace("(?: in thread `.*`)?", "")


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


@pytest.mark.parametrize("how,title,says,option", [
    ("pad", "jump to what is no landing pad", b"jump to what is no target of jumps", "HARDEN_BTI"),
    ("return", "overwrite a return address, beside the canary", FAILED + b"a return address", "HARDEN_PAC")],
                         ids=["pad", "return"])
def test_cpu_looks(how, title, says, option):
    """Options of arm64, whose emulated CPU has what they need. To one that has not the same image is an ordinary one."""
    touch = os.path.join(whittle.ROOT, "tests/virt/touch")
    image = whittle.image(touch, whittle.ARM64, configs="branches")
    for options in ([], ["--machine", "virt,virtualization=on"]):
        r = whittle.run(image, how, options=options)
        assert r.status == 134 and re.search(says, r.err) and b"boot.c:" in r.err, r
    assert whittle.run(image, how, options=["--cpu", "cortex-a53"]).status == 7
    assert whittle.run(whittle.image(touch, whittle.ARM64), how).status == 7
    security.record(20, "%s (`%s`)" % (title, option), whittle.ARM64, "fault: " + words(says), "succeeds")


# What tests/security/saved changes, and what the report calls that.
SAVED = [
    ("context", "overwrite where a switched-out thread goes on", b"a switched-out thread's address"),
    ("moved", "overwrite where a switched-out thread goes on by what was signed for another", b"a switched-out thread's address"),
    ("exchanged", "exchange two threads' saved stack pointers", b"a switched-out thread's address"),
    ("entry", "overwrite where a new thread begins", b"a new thread's address"),
    ("clone", "overwrite where `clone()` returns in a new thread", b"a new thread's address"),
    ("jmp_buf", "overwrite where `longjmp()` leads", b"an address in a jmp_buf"),
    ("jmp_buf-moved", "overwrite where `longjmp()` leads by what was signed for another place", b"an address in a jmp_buf"),
    ("sigjmp_buf", "overwrite where `sigsetjmp()` returns", b"an address in a jmp_buf"),
    ("interrupted", "overwrite where a preempted thread goes on", b"an interrupted thread's address"),
    ("interrupted-link", "overwrite where a preempted leaf function returns", b"a return address"),
]
ONE_CPU = pytest.mark.not_smp("what it changes is a thread's that waits for this CPU")


def saved(plat, configs=""):
    return whittle.image(os.path.join(whittle.ROOT, "tests/security/saved"), plat, configs=configs)


@ONE_CPU
@pytest.mark.parametrize("name,title,what", SAVED, ids=[s[0] for s in SAVED])
def test_what_is_saved_is_signed(name, title, what):
    r = whittle.run(saved(whittle.ARM64, "branches"), name)
    assert r.status == 134 and re.search(FAILED + what + rb" was not signed there: image\+\w+  \w+ \(.*:\d+\)", r.err), r
    assert whittle.run(saved(whittle.ARM64, "branches"), name, options=["--cpu", "cortex-a53"]).status == 7
    assert whittle.run(saved(whittle.ARM64), name).status == 7
    security.record(20, "%s (`HARDEN_PAC`)" % title, whittle.ARM64, "fault: " + words(FAILED + what), "succeeds")


@ONE_CPU
@pytest.mark.parametrize("options", [[], ["--machine", "virt,virtualization=on"], ["--cpu", "cortex-a53"]])
def test_nothing_happens_to_who_changes_nothing(options):
    assert whittle.run(saved(whittle.ARM64, "branches"), "nothing", options=options).status == 0


@ONE_CPU
def test_cpu_traps_where_it_looks():
    """With FEAT_FPAC, which QEMU's has not: as such a CPU enters the vectors. The report tells what it was for, and where."""
    r = whittle.run(saved(whittle.ARM64, "branches"), "trap")
    assert r.status == 134 and re.search(FAILED + b"an address in a jmp_buf", r.err), r
    assert re.search(rb"not signed there: image\+\w+  gained ", r.err) and re.search(rb"  at image\+\w+  trap ", r.err), r


def test_other_jumps_to_nowhere_are_told_from_that():
    r = whittle.run(whittle.image(os.path.join(whittle.ROOT, "tests/virt/touch"), whittle.ARM64, configs="branches"), "nowhere")
    assert r.status == 134 and b"CRASH: page fault in thread `main`: execution at 0x4141414141414141" in r.err, r


@pytest.mark.slow
@ONE_CPU
@pytest.mark.parametrize("name,_,what", SAVED[:8], ids=[s[0] for s in SAVED[:8]])
def test_in_a_process(name, _, what):
    """With the host's key. Who was interrupted is in the host's frame, which is not signed."""
    r = whittle.run(saved("linuxu-arm64", "branches"), name)
    assert r.status == 134 and re.search(FAILED + what, r.err), r
    assert whittle.run(saved("linuxu-arm64"), name).status == 7
