# SPDX-License-Identifier: BSD-3-Clause
"""What the attack suite shares: images with a protection turned off, the verdict on a run, a look at a
running guest from outside, and the table of docs/security.md, which is what the run gave."""
import os
import re
import socket
import struct
import subprocess
import tempfile
import time

import whittle

ATTACK = os.path.join(whittle.ROOT, "tests/security/attack")
PAGE = os.path.join(whittle.ROOT, "docs/security.md")
PROGRAM = "CONFIG_APPATTACK_PROGRAM=y"

# What each image is built with, beyond the defaults. "kernel" and "program" are the defaults themselves.
OFF = {
    "NX": ["# CONFIG_HARDEN_NX is not set"],
    "RELRO": ["# CONFIG_HARDEN_RELRO is not set"],
    "GUARD": ["# CONFIG_HARDEN_GUARD is not set"],
    "ALLOC": ["# CONFIG_HARDEN_ALLOC is not set"],
    "ASLR": ["# CONFIG_HARDEN_ASLR is not set"],
    "CPU": ["# CONFIG_HARDEN_%s is not set" % bit for bit in ("SMEP", "SMAP", "UMIP")],
    "CANARY": ["CONFIG_HARDEN_STACK_PROTECTOR_NONE=y"],
    "CET": ["# CONFIG_HARDEN_CET is not set"],
    "FORTIFY": ["# CONFIG_HARDEN_FORTIFY is not set"],
    "WX": ["CONFIG_LIBUKVMEM_WX=y"],
    "SECCOMP": ["# CONFIG_HARDEN_SECCOMP is not set"],
}
NOT_IN_PROGRAM, NOT_IN_KERNEL = ("CPU", "CET", "RELRO"), ("WX", "SECCOMP", "FORTIFY")  # the other one shows it
# A program takes longer to build than a kernel: one image has all of them off.
BUILDS = {"kernel": [], "program": [PROGRAM]}
BUILDS.update({"kernel-" + name: lines for name, lines in OFF.items() if name not in NOT_IN_KERNEL})
BUILDS["program-off"] = [PROGRAM] + [line for name, lines in OFF.items() if name not in NOT_IN_PROGRAM
                                    for line in lines]
# On Xen as well, where one image lacks all that have an effect there but for one that hides others.
XEN = ["xen-pv", "xen-pvh"]
# On other CPUs as well, with the same one.
XEN_ARM64 = "xen-arm64"
CPUS = [whittle.RISCV64, whittle.ARM64, XEN_ARM64]
FOR_XEN = ["CONFIG_PLAT_XEN=y", "# CONFIG_PLAT_KVM is not set", "# CONFIG_PLAT_LINUXU is not set"]
BUILDS["kernel-off"] = [line for name, lines in OFF.items() if name not in (*NOT_IN_KERNEL, "CANARY", "CET") for line in lines]
# Protections that are off by default.
BUILDS["kernel-RETPOLINE"] = OFF["CET"] + ["CONFIG_HARDEN_RETPOLINE=y"]
BUILDS["kernel-SLS"] = ["CONFIG_HARDEN_SLS=y"]

_built = set()


def folder_of(name):
    return os.path.join(whittle.OUT, "test-security-smp" if whittle.SMP else "test-security", name)


def build(name, plat):
    """Path of the attacker's image of that name. Those for Xen have a configuration of their own: it changes the others."""
    lines, arch = BUILDS[name] + (["CONFIG_SMP=y"] if whittle.SMP else []), whittle.ARCH
    if plat in CPUS:
        plat, arch = plat.split("-")
        name = arch + "-" + name
        lines = lines + ["CONFIG_ARCH_%s=y" % arch.upper()]
    if plat.startswith("xen"):
        name, plat = "xen-" + name, "xen"
        lines = lines + FOR_XEN
    folder = os.path.join(folder_of(name), "attack")
    if name not in _built:
        _built.add(name)  # also if it fails: then once, and the others say that there is no image
        os.makedirs(folder, exist_ok=True)
        config = os.path.join(folder, ".config")
        with open(config, "w") as f:
            f.write("".join(line + "\n" for line in lines))
        whittle.make("APP=" + ATTACK, "O=" + whittle.OUT, "B=" + folder)
        made = open(os.path.join(folder, "include/uk/config.h")).read()
        for line in lines:  # an option that cannot be changed would make the test worthless
            option = re.search(r"CONFIG_\w+", line)[0]
            assert ("#define %s " % option in made) == ("=y" in line), (name, line)
    return os.path.join(folder, "attack_%s-%s" % (plat, arch))


def option(name, plat, which):
    """The value of a number in an image's configuration."""
    made = open(os.path.join(os.path.dirname(build(name, plat)), "include/uk/config.h")).read()
    return int(re.search(r"#define CONFIG_%s (\d+)" % which, made)[1])


class Verdict:
    """How an attack ended: "succeeded", "refused", "stopped" (status 134 and a report), or else "?"."""

    def __init__(self, result):
        self.result, self.text = result, result.err.decode(errors="replace")
        ends = {(0, b"SUCCEEDED\n"): "succeeded", (3, b"REFUSED\n"): "refused"}
        self.end = ends.get((result.status, result.out), "?")
        if result.status == 134 and "CRASH: " in self.text and b"SUCCEEDED" not in result.out:
            self.end = "stopped"

    def __repr__(self):
        return "%s: %r" % (self.end, self.result)


def run(name, plat, *args, options=(), stdin=b""):
    """A run of an image; on Xen it is dom0, without devices, as each attack has a boot of its own, or on arm64 without any dom0."""
    if plat.startswith("xen"):
        options = ["--xen-type", "dom0less" if plat == XEN_ARM64 else plat[4:] + "-dom0", "--net", "none", *options]
    return whittle.run(build(name, plat), *args, options=options, stdin=stdin)


def attack(name, plat, *args, options=(), stdin=b""):
    return Verdict(run(name, plat, *args, options=options, stdin=stdin))


# ---- the table ----

_table = {}


def record(row, what, plat, with_it, without):
    """A line of the table: an attack on a platform, its verdict, and the verdict with the protection off."""
    _table.setdefault((row, what, with_it, without), set()).add(plat)


def recorded():
    lines = ["| # | attack | on | by default | with the protection off |", "|---|---|---|---|---|"]
    for (row, what, with_it, without), plats in sorted(_table.items(), key=lambda kv: (kv[0], sorted(kv[1]))):
        lines.append("| %d | %s | %s | %s | %s |" % (row, what, ", ".join(sorted(plats)), with_it, without))
    return lines


# ---- from outside ----

class Guest:
    """A guest under QEMU whose monitor answers. `until` is the line of output (a regular expression)
    after which to look, b"" for at once; None for the end of the guest, at which QEMU stops and keeps all."""

    def __init__(self, image, append="", cpu="max", until=None, more=()):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "monitor")
        self.p = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m", "64", "-cpu", cpu, "-nodefaults",
             "-no-user-config", "-display", "none", "-no-reboot", "-no-shutdown", "-serial", "stdio",
             "-kernel", image, "-append", append, "-monitor", "unix:" + path + ",server,nowait", *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        self._until_prompt(b"")
        if until:
            while not re.fullmatch(until + rb"[\r\n]*", self.p.stdout.readline()):
                assert self.p.poll() is None
        elif until is None:
            for _ in range(600):
                if "running" not in self.ask("info status").replace("info status", ""):
                    break
                time.sleep(0.05)

    def _until_prompt(self, echo):
        out = b""
        while True:
            plain = re.sub(rb"\x1b\[[KD]", b"", out)
            if plain.endswith(b"(qemu) ") and echo in plain:
                return plain.decode(errors="replace")
            got = self.socket.recv(65536)
            assert got, out
            out += got

    def ask(self, command):
        self.socket.sendall(command.encode() + b"\n")
        return self._until_prompt(command.encode())

    def pages(self):
        """(address, flags) of every mapping."""
        tlb = self.ask("info tlb")
        return [(int(va, 16), flags) for va, flags in
                re.findall(r"^([0-9a-f]{16}): [0-9a-f]{16} ([-XGPDACTUW]{9})", tlb, re.M)]

    def frames(self):
        """(address, physical address, flags) of every page of 4 KiB: large ones are taken apart."""
        for va, pa, flags in re.findall(r"^([0-9a-f]{16}): ([0-9a-f]{16}) ([-XGPDACTUW]{9})", self.ask("info tlb"), re.M):
            for at in range(0, 2 << 20 if flags[2] == "P" else 4096, 4096):
                yield int(va, 16) + at, int(pa, 16) + at, flags

    def registers(self):
        regs = self.ask("info registers")
        return {name: int(re.search(name + r"=([0-9a-f]+)", regs)[1], 16) for name in ("EFER", "CR0", "CR4")}

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.socket.close()
        self.p.kill()
        self.p.communicate()
        self.folder.cleanup()


def segments(image):
    """The program headers: (type, flags) pairs, by name where we ask for it, and the file's type."""
    data = open(image, "rb").read()
    names = {1: "LOAD", 0x6474e551: "STACK", 0x6474e552: "RELRO"}
    kind, = struct.unpack_from("<H", data, 16)
    at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = [struct.unpack_from("<II", data, at + i * size) for i in range(count)]
    return [(names.get(t, t), flags) for t, flags in found], kind
