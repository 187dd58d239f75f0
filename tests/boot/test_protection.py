# SPDX-License-Identifier: BSD-3-Clause
"""Memory protection on kvm: every attack ends in a report; what the CPU offers is on; addresses differ
from boot to boot."""
import os
import re
import socket
import subprocess
import time

import pytest

import whittle

ATTACK = os.path.join(whittle.ROOT, "tests/boot/attack")


def attack(what, *options):
    return whittle.run(whittle.image(ATTACK, "kvm"), what, options=options)


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("what,says", [
    ("write-code", b"write to .*, which is read-only"),
    ("write-constant", b"write to .*, which is read-only"),
    ("run-stack", b"execution at .*, which is not executable"),
    ("run-data", b"execution at .*, which is not executable"),
    ("run-constant", b"execution at .*, which is not executable"),
    ("read-null", b"read of 0.*, where nothing is mapped"),
    ("call-null", b"execution at 0.*, where nothing is mapped"),
    ("overflow", b"stack overflow in thread `main`"),
    ("unmapped", b"write to 0x123456789000, where nothing is mapped"),
    ("non-canonical", b"general protection fault"),
    ("undefined", b"undefined instruction"),
    ("divide", b"division by zero"),
    ("segment", b"general protection fault"),
])
def test_attack_is_stopped_and_reported(what, says, cpu):
    r = attack(what, "--cpu", cpu)
    assert r.status == 134 and r.out == b"", r
    assert re.search(b"CRASH: .*" + says, r.err), r
    assert b"rip" in r.err and b"image+0x" in r.err, r
    if what not in ("overflow", "call-null"):
        assert re.search(rb"at .*main", r.err), r  # by name, from the .dbg file


def test_writable_and_executable_is_refused():
    assert attack("map-wx").status == 1


def monitor(sock, command):
    sock.sendall(command.encode() + b"\n")
    out = b""
    while not out.endswith(b"(qemu) ") or command.encode() not in out.replace(b"\x1b[K", b"").replace(b"\x1b[D", b""):
        out += sock.recv(65536)
    return out.decode(errors="replace")


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
def test_mappings_seen_from_outside(tmp_path, cpu):
    """No mapping is writable and executable; the low 4 MiB are not mapped; NX, WP, SMEP, SMAP, UMIP."""
    path = str(tmp_path / "monitor")
    p = subprocess.Popen(["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m", "64", "-cpu", cpu, "-nodefaults",
                          "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
                          "-kernel", whittle.image(ATTACK, "kvm"), "-append", "-- wait",
                          "-monitor", "unix:" + path + ",server,nowait"], stdout=subprocess.PIPE)
    try:
        assert p.stdout.readline() == b"waiting\n"
        s = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                s.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        s.recv(65536)
        regs = monitor(s, "info registers")
        tlb = monitor(s, "info tlb")
    finally:
        p.kill()
        p.wait()
    pages = re.findall(r"^([0-9a-f]{16}): ([0-9a-f]{16}) ([-XGPDACTUW]{9})", tlb, re.M)
    assert len(pages) > 20, tlb
    for va, pa, flags in pages:
        assert flags[0] == "X" or flags[8] != "W", (va, pa, flags)  # X: no-execute
        assert flags[7] == "-", (va, pa, flags)                     # not for user mode
        assert int(va, 16) >= 1 << 30, (va, pa, flags)
    assert int(re.search(r"EFER=([0-9a-f]+)", regs)[1], 16) & 0x800
    assert int(re.search(r"CR0=([0-9a-f]+)", regs)[1], 16) & 0x10000
    if cpu == "max":
        assert int(re.search(r"CR4=([0-9a-f]+)", regs)[1], 16) & 0x300800 == 0x300800


def test_program_headers():
    out = subprocess.run(["readelf", "-lW", whittle.image(ATTACK, "kvm")], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    assert "RWE" not in out and "GNU_RELRO" in out and "DYN" in out
    assert re.search(r"GNU_STACK.* RW ", out)


def test_addresses_are_random():
    """19 bits each: among 40 boots a collision is rare (40 * 39 / 2 / 2^19), and all bits change."""
    boots = 40
    seen = {"code": set(), "stack": set(), "direct": set()}
    for _ in range(boots):
        out = attack("where", "--cpu", "qemu64").out.decode()
        for name, value in re.findall(r"(\w+) (0x[0-9a-f]+)", out):
            seen[name].add(int(value, 16))
    for name, values in seen.items():
        assert len(values) >= boots - 1, (name, values)
        ones, zeros = 0, ~0
        for v in values:
            ones |= v
            zeros &= v
        assert bin(ones & ~zeros).count("1") >= 19, (name, [hex(v) for v in values])
