# SPDX-License-Identifier: BSD-3-Clause
"""One attack per boot: stopped by default, and shown to succeed where its protection is turned off. (On Xen and on other CPUs, where
a boot takes seconds, those that succeed follow one another in one.)"""
import functools
import re
import signal

import pytest

import security
import whittle

READ_ONLY = (r"write to .*(read-only|code)", "fault: write to read-only memory")
NOT_CODE = (r"(execution at|jump to) .*not executable", "fault: execution of data")
NULL = (r"null pointer", "fault: null pointer")
SMASHED = (r"stack smashed in .*fill", "stopped: stack smashed in `fill`")
HEADER = (r"header of block \w+ is overwritten", "stopped: a header is overwritten")
TWICE = (r"free\(\w+\): this block is free already", "stopped: double free")
# Nothing of ours to turn off.
OWN = "-"
HOST = "the host's doing"
XENS = "page tables lie there, which Xen lets nobody write"
X86 = whittle.PLATFORMS + security.XEN
PLATFORMS = X86 + security.CPUS
# Where one image lacks all protections but the canary, and the attacks that succeed follow one another in one boot.
ONE_BOOT = security.XEN + security.CPUS
# A register that only a report of this CPU has.
REGISTER = {**dict.fromkeys(X86, "rip"), **dict.fromkeys([whittle.ARM64, security.XEN_ARM64], "pstate"), whittle.RISCV64: "gp"}
# A trap of a PV guest goes through its own stack: Xen ends the guest, and tells the registers.
BY_XEN = (r"stack overflow: nothing is mapped at the stack pointer", "fault: stack overflow, reported by Xen")
# Those after which nothing follows: they leave main(), or write to what others need.
LAST = ["smash", "smash-thread", "overflow", "overflow-thread"]


class Case:
    """`off` is the build without the protection, or the words for the table where there is none."""

    def __init__(self, row, title, name, says, off, plats=tuple(PLATFORMS), base="kernel", trick=None, on_pv=None):
        self.row, self.title, self.name, self.base, self.plats = row, title, name, base, plats
        self.says = {plat: on_pv if on_pv and plat == "xen-pv" else says for plat in plats}
        self.off = dict.fromkeys(whittle.PLATFORMS, off) if isinstance(off, str) else off
        in_one = OWN if off == OWN else off if off == "kernel-CANARY" else base + "-off"
        self.off = {**dict.fromkeys(ONE_BOOT, in_one), **self.off}
        self.trick = trick or name


CASES = [
    Case(1, "write to code", "write-code", READ_ONLY, "kernel-NX"),
    Case(2, "write to a constant", "write-constant", READ_ONLY, "kernel-NX"),
    Case(2, "write to a constant pointer, which relocation has written", "write-pointer", READ_ONLY, "kernel-RELRO"),
    Case(2, "write to a variable of the kernel's that boot has set: the canary", "write-canary", READ_ONLY,
         "kernel-RELRO"),
    Case(3, "run the heap", "run-heap", NOT_CODE, "kernel-NX"),
    Case(3, "run memory of mmap()", "run-mmap", NOT_CODE, "program-off", base="program"),
    Case(4, "run main's stack", "run-stack", NOT_CODE, "kernel-NX"),
    Case(4, "run a thread's stack", "run-thread-stack", NOT_CODE, "program-off", base="program"),
    Case(5, "run initialised data", "run-data", NOT_CODE, "kernel-NX"),
    Case(5, "run zeroed data", "run-bss", NOT_CODE, "kernel-NX"),
    Case(5, "run a constant", "run-constant", NOT_CODE, "kernel-NX"),
    # The kernel itself maps page 0 here: there is no option that would.
    Case(6, "read page 0", "read-null", NULL, {"kvm": "kernel", "linuxu": HOST}, trick="open-null"),
    Case(7, "jump to page 0", "call-null", NULL, {"kvm": "kernel", "linuxu": HOST}, trick="open-null"),
    Case(8, "overflow main's stack", "overflow", (r"stack overflow (in|of) thread `main`",
         "fault: stack overflow in thread `main`"), {"kvm": "kernel-GUARD", "linuxu": HOST, "xen-pv": XENS},
         on_pv=BY_XEN),
    Case(9, "overflow a thread's stack", "overflow-thread", (r"stack overflow (in|of) thread `victim`",
         "fault: stack overflow in thread `victim`"), "program-off", base="program", on_pv=BY_XEN),
    Case(10, "smash main's stack", "smash", SMASHED, "kernel-CANARY"),
    Case(10, "smash a program's stack", "smash", SMASHED, "program-off", base="program"),
    Case(10, "smash a thread's stack", "smash-thread", SMASHED, "program-off", base="program"),
    Case(11, "free a block twice", "double-free", TWICE, "kernel-ALLOC"),
    Case(11, "free a block twice, in a program", "double-free", TWICE, "program-off", base="program"),
    Case(11, "free the middle of a block", "wild-free", HEADER, "kernel-ALLOC"),
    Case(12, "overflow a block into the next, then free that", "overflow-free", HEADER, "kernel-ALLOC"),
    Case(12, "overflow a block into the next, in a program", "overflow-free", HEADER, "program-off", base="program"),
    Case(12, "write to a free block: its link", "use-after-free", HEADER, "kernel-ALLOC"),
    *(Case(12, "overflow a buffer by " + f, "fortify-" + f[:-2],
           (r"buffer overflow: %s\(\) would go beyond" % f[:-2], "stopped: %s would go beyond its buffer" % f),
           "program-off", base="program") for f in ("strcpy()", "sprintf()", "memcpy()", "read()")),
    Case(14, "write to an unmapped address", "unmapped", (r"write to 0x123456789000",
         "fault: nothing is mapped there"), OWN),
    Case(14, "write to a non-canonical address", "non-canonical", (r"(not|non).canonical",
         "fault: non-canonical address"), OWN, plats=tuple(X86)),
    # To other CPUs it is an address like others.
    Case(14, "write to a non-canonical address", "non-canonical", (r"write to 0x8123456789abcdef, where nothing is mapped",
         "fault: nothing is mapped there"), OWN, plats=tuple(security.CPUS)),
    Case(14, "an undefined instruction", "undefined", (r"(undefined|invalid) instruction",
         "fault: undefined instruction"), OWN),
    # Others than x86_64 divide by zero, and have no segments.
    Case(14, "a division by zero", "divide", (r"division by zero", "fault: division by zero"), OWN, plats=tuple(X86)),
    Case(14, "load a segment that is none", "segment", (r"general protection", "fault: general protection"), OWN,
         plats=tuple(X86)),
]


def without_protection(build, plat, name):
    """Without guard pages an overflow has to stop right below the stack for somebody to tell of it."""
    args = [name]
    if name == "overflow":
        args.append(str(security.option(build, plat, "PLAT_XEN_STACK" if plat.startswith("xen") else "PLAT_KVM_STACK") * 1024 + 512))
    elif name == "overflow-thread":
        args.append("1")
    return security.attack(build, plat, *args)


@functools.lru_cache(maxsize=None)
def one_after_the_other(build, plat):
    """The attacks on an image that lacks protections, in one boot; those that succeed, and all that is known of it."""
    names = list(dict.fromkeys(c.trick for c in CASES if c.off[plat] == build and c.trick not in LAST))
    result = security.run(build, plat, *names)
    return names[:result.out.count(b"SUCCEEDED\n")], result


@pytest.mark.parametrize("case,plat", [(c, p) for c in CASES for p in c.plats],
                         ids=["%s-%s-%s" % (c.base, c.name, p) for c in CASES for p in c.plats])
def test_attack(case, plat):
    by_default = security.attack(case.base, plat, case.name)
    says, words = case.says[plat]
    assert by_default.end == "stopped", by_default
    assert re.search("(CRASH|panic|cause): .*" + says, by_default.text), by_default
    # A report to work with: registers unless the image stopped by itself, and symbols from the .dbg file.
    if case.says[plat] is not BY_XEN:
        assert re.search(r"image\+0x\w+ .*\w+ .*\.c:\d+", by_default.text), by_default
        assert re.search(r"\b%s\b" % REGISTER[plat], by_default.text) or not words.startswith("fault"), by_default
    off = without = case.off[plat]
    if off in security.BUILDS:
        if plat in ONE_BOOT and case.trick not in LAST:
            names, result = one_after_the_other(off, plat)
            assert case.trick in names, result
        else:
            result = without_protection(off, plat, case.trick)
            assert result.end == "succeeded", result
        without = "succeeds"
    security.record(case.row, case.title, plat, words, without)


@pytest.mark.parametrize("plat", PLATFORMS)
@pytest.mark.parametrize("name,title", [("mmap-wx", "mmap() of writable and executable memory"),
                                        ("mprotect-wx", "mprotect() to writable and executable")])
def test_writable_and_executable_is_refused(name, title, plat):
    result = security.attack("program", plat, name)
    assert result.end == "refused", result
    allowed = security.attack("program-off", plat, name)
    assert allowed.end == "succeeded", allowed
    security.record(13, title, plat, "refused: EACCES", "succeeds")


@pytest.mark.parametrize("plat", PLATFORMS)
def test_the_kernel_maps_nothing_so_either(plat):
    result = security.attack("kernel", plat, "map-wx")
    assert result.end == "refused", result
    security.record(13, "uk_plat_map() of the same by mistake", plat, "refused: EACCES", OWN)


@pytest.mark.parametrize("name,number,title", [
    ("host-call", 110, "a system call of the host that no image needs (getppid)"),
    ("host-execve", 59, "run a program of the host (execve)"),
    ("host-open", 257, "open a file of the host by its name"),
    ("host-kill", 62, "send a signal to another process"),
    ("host-mmap-wx", 9, "ask the host for memory that is writable and executable"),
])
def test_the_host_is_asked_for_nothing_else(name, number, title):
    """tests/linuxu has more calls, and arguments; a process ends as by the signal."""
    result = whittle.run(security.build("program", "linuxu"), name)
    assert result.status == 128 + signal.SIGSYS and result.out == b"", result
    assert re.search(rb"CRASH: system call %d outside the allow-list.*host" % number, result.err, re.S), result
    off = security.attack("program-off", "linuxu", name)
    assert off.end == "succeeded", off
    security.record(24, title, "linuxu", "reported, ends by SIGSYS", "succeeds")


@pytest.mark.parametrize("plat", PLATFORMS)
def test_host_sees_a_panic(plat):
    result = security.run("kernel", plat, "panic")
    assert result.status == 134, result
    security.record(25, "the image gives up (abort, panic)", plat, "exit status 134", OWN)
