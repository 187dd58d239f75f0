# SPDX-License-Identifier: BSD-3-Clause
"""What only the bare machine has: traps on stacks of their own, and the control protection exception."""
import os
import re
import socket
import struct
import subprocess
import time

import pytest

import whittle

APP = os.path.join(whittle.ROOT, "tests/crash/crashing")
VECTORS = {"NMI": 2, "double fault": 8, "machine check": 18}


class Machine:
    """An image under plain QEMU, whose monitor we are, when it has lost its stack."""

    def __init__(self, folder):
        path = str(folder / "monitor")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen()
            listening.settimeout(60)
            self.p = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m", "64", "-cpu", "max", "-nodefaults",
                 "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel",
                 whittle.image(APP, "kvm"), "-append", "-- lose-stack", "-monitor", "unix:" + path],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            self.monitor = listening.accept()[0]
        self.monitor.settimeout(60)
        self.ask(None)
        while b"waiting" not in (line := self.p.stdout.readline()):
            assert line, "it ended"
        while "RSP=0000123456789000" not in self.ask("info registers"):
            time.sleep(0.01)

    def ask(self, command, answers=True):
        if command:
            self.monitor.sendall(command.encode() + b"\n")
        out = b""
        while answers and not (out.endswith(b"(qemu) ") and (not command or out.count(b"\n"))):
            got = self.monitor.recv(65536)
            assert got, out
            out += got
        return out.decode(errors="replace")

    def words(self, address, n):
        out = self.ask("x /%dgx %#x" % (n, address))
        return [int(w, 16) for line in re.findall(r"^[0-9a-f]+: (.*)", out, re.M) for w in line.split()]

    def end(self):
        return self.p.communicate(timeout=60)[0].decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.monitor.close()
        self.p.kill()
        self.p.communicate()


def test_a_stack_each(tmp_path):
    """What may interrupt anything, each other included, has a stack of its own, with nothing below it."""
    with Machine(tmp_path) as m:
        regs = m.ask("info registers")
        idt = int(re.search(r"IDT= *([0-9a-f]+)", regs)[1], 16)
        tss = int(re.search(r"^TR =[0-9a-f]+ ([0-9a-f]+)", regs, re.M)[1], 16)
        tops = {}
        for name, vector in VECTORS.items():
            ist = m.words(idt + 16 * vector, 2)[0] >> 32 & 7
            assert ist, name
            low, high = m.words((tss + 0x24 + 8 * (ist - 1)) & -8, 2)  # IST entries lie across words
            tops[name] = struct.unpack_from("<Q", struct.pack("<2Q", low, high), (tss + 0x24) % 8)[0]
        pages = {int(va, 16) for va in re.findall(r"^([0-9a-f]{16}): ", m.ask("info tlb"), re.M)}
    assert len(set(tops.values())) == len(VECTORS), tops
    for name, top in tops.items():
        assert top - 0x1000 in pages and top - 0x2000 not in pages, (name, hex(top))


@pytest.mark.parametrize("inject,words", [
    pytest.param("nmi", "non-maskable interrupt", marks=pytest.mark.not_smp("comes to all CPUs, of which any may report it")),
    # A fatal error (valid, uncorrected, enabled, context corrupt) in bank 1 of CPU 0.
    ("mce 0 1 0xb200000000000000 0x4 0 0", "machine check"),
])
def test_reported_without_a_stack(tmp_path, inject, words):
    with Machine(tmp_path) as m:
        m.ask(inject, answers=False)
        said = m.end()
    assert re.search("CRASH: %s in thread `main`" % words, said), said
    assert re.search(r"rsp 0000123456789000", said), said


@pytest.mark.parametrize("code,words", [
    (1, "a return to where no call came from"),
    (2, "a return to where no call or interrupt came from"),
    (3, "an indirect call or jump to a place without landing pad (endbr64): code `"),
    (4, "rstorssp found no valid token"),
    (5, "setssbsy found no valid token"),
    (9, "an unknown violation of control flow (error code 0x9)"),
    (0x8003, ", inside an enclave"),
])
def test_control_protection(code, words):
    r = whittle.run(whittle.image(APP, "kvm"), "control%d" % code)
    err = r.err.decode()
    head, cause = err.split("\n")[:2]
    assert r.status == 134 and head == "CRASH: control protection exception in thread `main` " \
        "(vector 21, error code %#x)" % code, err
    assert cause.startswith("  cause: ") and words in cause, err
    assert re.search(r"at image\+0x.* crash \(", err), err
