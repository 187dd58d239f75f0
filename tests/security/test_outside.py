# SPDX-License-Identifier: BSD-3-Clause
"""Rows 15 and 16: what can be seen of an image without asking it: the mappings and registers of a
running guest by QEMU's monitor, those of a process by the host, and the program headers of the file."""
import os
import re
import subprocess

import pytest

import security
import whittle

NXE, WP = 0x800, 0x10000
CR4 = {"SMEP": 1 << 20, "SMAP": 1 << 21, "UMIP": 1 << 11}
LOW = 4 << 20  # nothing is mapped below

# Running images: how to make one wait, or None where its end is looked at.
RUNNING = {
    "attack": dict(append="-- wait", until=b"waiting"),
    "helloworld": {},
    "sqlite": dict(append='-- -cmd ".print waiting"', until=b"waiting"),
}


def image_of(app, plat):
    return security.build("kernel", plat) if app == "attack" else whittle.image(app, plat)


def writable_and_executable(pages):
    return [(hex(va), flags) for va, flags in pages if flags[0] != "X" and flags[8] == "W"]  # X: no-execute


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("app", RUNNING)
def test_mappings_of_a_guest(app, cpu):
    with security.Guest(image_of(app, "kvm"), cpu=cpu, **RUNNING[app]) as guest:
        pages, regs = guest.pages(), guest.registers()
    assert len(pages) > 10, pages
    assert not writable_and_executable(pages)
    assert any(flags[0] != "X" for _, flags in pages)             # there is code
    assert any(flags[8] == "W" for _, flags in pages)             # and data
    assert all(flags[7] == "-" and va >= LOW for va, flags in pages), pages  # none for user mode, none at 0
    assert regs["EFER"] & NXE and regs["CR0"] & WP, regs
    if cpu == "max":
        assert all(regs["CR4"] & bit for bit in CR4.values()), regs
    without = "-"
    if app == "attack":
        with security.Guest(security.build("kernel-NX", "kvm"), cpu=cpu, **RUNNING[app]) as guest:
            assert writable_and_executable(guest.pages()) and not guest.registers()["EFER"] & NXE
        without = "there are some; NXE off"
        if cpu == "max":
            with security.Guest(security.build("kernel-CPU", "kvm"), cpu=cpu, **RUNNING[app]) as guest:
                assert not any(guest.registers()["CR4"] & bit for bit in CR4.values())
            without += "; SMEP, SMAP, UMIP off"
    on = "NXE, WP" + (", SMEP, SMAP, UMIP" if cpu == "max" else "") + " on"
    what = "`info tlb`, `info registers` of %s, `-cpu %s`" % ({"attack": "the attacker"}.get(app, app), cpu)
    security.record(15, what, "kvm", "no page writable and executable, none below 4 MiB; " + on, without)


FIXED = range(0x210000000000, 0x280000000000)  # behind the image's slot: addresses known beforehand
CPU_STACKS = range(0x260000000000, 0x270000000000)  # but for those of more CPUs, which are random in there


def test_a_frame_has_one_address(tmp_path):
    """What is protected at one address is not open at another one: code and constants are writable
    nowhere, and what lies at an address that everybody knows, the initrd, is there without its neighbours."""
    initrd = tmp_path / "initrd"
    (tmp_path / "root").mkdir()
    (tmp_path / "root/file").write_bytes(bytes(100000))
    subprocess.run([os.path.join(whittle.ROOT, "support/tools/mkinitrd"), tmp_path / "root", initrd], check=True)
    with security.Guest(whittle.image("sqlite", "kvm"), more=["-initrd", str(initrd)], **RUNNING["sqlite"]) as guest:
        pages = list(guest.frames())
    at = {}
    for va, pa, flags in pages:
        at.setdefault(pa, []).append((va, flags))
    code = [pa for _, pa, flags in pages if flags[0] != "X"]
    fixed = [pa for va, pa, flags in pages if va in FIXED and va not in CPU_STACKS]
    assert len(code) > 100 and not [at[pa] for pa in code if len(at[pa]) > 1]
    closed = [pa for va, pa, flags in pages if flags[8] != "W" and va not in FIXED]
    assert len(closed) > 100 and not [at[pa] for pa in closed if any(flags[8] == "W" for _, flags in at[pa])]
    assert len(fixed) == -(-os.path.getsize(initrd) // 4096), at
    assert not [at[pa] for pa in fixed if len(at[pa]) > 1]
    security.record(15, "`info tlb` of sqlite with an initrd: the same frame twice", "kvm",
                    "code and constants are writable nowhere; only the initrd is where everybody knows", "-")


def maps(image, args, line):
    """(permissions, name) of every mapping of a process that has just said `line`."""
    p = subprocess.Popen([image, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert p.stdout.readline().rstrip() == line
        return [(f[1], int(f[0].split("-")[0], 16), f[-1]) for f in map(str.split, open("/proc/%d/maps" % p.pid))]
    finally:
        p.kill()
        p.communicate()


@pytest.mark.parametrize("app", ["attack", "sqlite"])
def test_mappings_of_a_process(app):
    args = ["--", "wait"] if app == "attack" else ["--", "-cmd", ".print waiting"]
    areas = maps(image_of(app, "linuxu"), args, b"waiting")
    assert len(areas) > 4, areas
    assert not [a for a in areas if "w" in a[0] and "x" in a[0]], areas
    assert all(a[1] >= LOW for a in areas if a[2] != "[vsyscall]"), areas
    without = "-"
    if app == "attack":
        areas = maps(security.build("kernel-NX", "linuxu"), args, b"waiting")
        assert [a for a in areas if "w" in a[0] and "x" in a[0]], areas
        without = "there are some"
    security.record(15, "`/proc/PID/maps` of " + {"attack": "the attacker"}.get(app, app), "linuxu",
                    "no page writable and executable", without)


def numbers(name, plat, what):
    """What the attacker says of a machine that nobody else can look into."""
    result = security.run(name, plat, what)
    found = dict(re.findall(r"(\S+) (\w+)\n", result.out.decode()))
    assert result.status == 0 and found, result
    return found


@pytest.mark.parametrize("plat", security.XEN + security.CPUS)
def test_mappings_as_the_image_sees_them(plat):
    """Xen is between QEMU's monitor and a domain, and of other CPUs the monitor does not tell as much: by the page tables, and on
    Xen registers, that the image itself sees."""
    pages = {what: int(n) for what, n in numbers("kernel", plat, "mapped").items()}
    assert all(pages[what] for what in ("code", "data", "constants")), pages
    assert pages["writable-and-executable"] == pages["low"] == 0, pages
    on = ""
    if plat == "xen-pvh":
        regs = {name: int(value, 16) for name, value in numbers("kernel", plat, "registers").items()}
        assert regs["efer"] & NXE and regs["cr0"] & WP, regs
        assert regs["cr4"] & CR4["SMEP"] and regs["cr4"] & CR4["UMIP"], regs  # the rig's CPU has no SMAP
        on = "; NXE, WP, SMEP, UMIP on"
    pages = numbers("kernel-off", plat, "mapped")
    assert int(pages["writable-and-executable"]), pages
    security.record(15, "the attacker's own page tables", plat,
                    "no page writable and executable, none below 4 MiB" + on, "there are some")


def images():
    """Every image that this run or an earlier one left in the build folder, defaults only."""
    for app in ("helloworld", "sqlite"):
        for plat in whittle.PLATFORMS:
            yield app, plat, whittle.image(app, plat)
    for name in ("kernel", "program"):
        for plat in whittle.PLATFORMS + security.XEN:
            yield "the attacker's " + name, plat, security.build(name, plat)


def test_program_headers():
    for app, plat, image in images():
        heads, kind = security.segments(image)
        assert kind == 3, image                                            # ET_DYN: position-independent
        assert not [h for h in heads if h[1] & 3 == 3], (image, heads)     # writable and executable
        assert ("STACK", 6) in heads, (image, heads)                       # not executable
        assert any(h[0] == "RELRO" and h[1] == 4 for h in heads), (image, heads)
        out = subprocess.run(["readelf", "-lW", image], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert " RWE " not in out and "DYN" in out, out
        security.record(16, "program headers of %s" % app, plat,
                        "position-independent, RELRO, no segment RWE, stack not executable", "-")
