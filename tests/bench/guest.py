# SPDX-License-Identifier: BSD-3-Clause
"""Runs a guest under QEMU's TCG: counted exactly, or timed.

Counting (`run` with a plugin) uses -icount: virtual time advances with instructions, so a run gives
the same figures every time. Timing (`first_output`) leaves plugin and icount out.
"""
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import counters
import tools

sys.path.append(os.path.join(tools.ROOT, "support/tools"))  # last: it has a `report` as well
import xenrig.arm64  # noqa: E402

PROGRAMS = {"x86_64": "qemu-system-x86_64", "riscv64": "qemu-system-riscv64", "arm64": "qemu-system-aarch64"}
QEMU = PROGRAMS["x86_64"]
MACHINE = "microvm,acpi=off"
MACHINES = {"x86_64": MACHINE, "riscv64": "virt", "arm64": "virt"}
CPUS = {"arm64": "max"}  # where QEMU's own choice is an old one
DOMAIN_MEMORY = 64 << 20
# A network of QEMU's own, which drops what the guest sends.
NET = ("-global", "virtio-mmio.force-legacy=false", "-netdev", "user,restrict=on,id=net0",
       "-device", "virtio-net-device,netdev=net0")

# A disk of zeroes that answers at once.
DISK = ("-global", "virtio-mmio.force-legacy=false", "-drive", "driver=null-co,size=64M,read-zeroes=on,if=none,id=d",
        "-device", "virtio-blk-device,drive=d")


def kernel_of(image, arch, folder):
    """The image as QEMU's -kernel takes it: for arm64 a raw one, written to `folder`, since only those are told of a device tree."""
    if arch != "arm64":
        return image
    raw = os.path.join(folder, os.path.basename(image) + ".raw")
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", image + ".dbg", raw], check=True)
    return raw


@dataclass(frozen=True)
class Guest:
    """What to boot: a kernel with its command line and initrd."""
    kernel: str
    append: str = ""
    initrd: str = ""
    memory: str = "128M"
    machine: str = MACHINE
    arch: str = "x86_64"
    devices: tuple = ()  # QEMU's words for them
    inside: tuple = ()   # words before QEMU's: in a network namespace
    line: bytes = b""    # of its output: what is timed, where a firmware may write before it

    def command(self, memory=None):
        """QEMU's command line: serial port on stdio, on x86_64 isa-debug-exit, nothing else."""
        words = [*self.inside, PROGRAMS[self.arch], "-accel", "tcg", "-M", self.machine, "-m", memory or self.memory,
                 "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-rtc", "base=2020-01-01,clock=vm", "-serial", "stdio",
                 "-kernel", self.kernel]
        if self.arch == "x86_64":
            words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        if self.arch in CPUS:
            words += ["-cpu", CPUS[self.arch]]
        if self.append:
            words += ["-append", self.append]
        if self.initrd:
            words += ["-initrd", self.initrd]
        return words + list(self.devices)

    def exit_status(self, status):
        """What the guest gave the device that ends it, of QEMU's status: isa-debug-exit makes 2s+1 of it. None: nothing."""
        if status is None or self.arch != "x86_64":
            return status
        return status // 2 if status % 2 else None


@dataclass(frozen=True)
class Domain(Guest):
    """arm64's image as a guest that Xen itself starts ("dom0less"). QEMU does not end with it."""

    def command(self, memory=None):
        with open(self.kernel, "rb") as f:
            return xenrig.arm64.command("dom0less", f.read(), self.append, None, DOMAIN_MEMORY, 1, PROGRAMS["arm64"]) + ["-serial", "stdio"]


@dataclass(frozen=True)
class Result:
    """How a guest ended: `status` is QEMU's, None if the time was over; `exit_status` the guest's."""
    status: int
    exit_status: int
    output: str
    errors: str
    events: list


class GuestError(Exception):
    """A guest did not do what it was booted for."""


def run(guest, plugin=None, mmio=False, profile=None, memory=None, timeout=60):
    """Boots `guest` and waits for its end; with `plugin`, counts. `profile` is a file to write and
    the pair of markers to look at (0: all; "boot": from the kernel's first instruction to main())."""
    command = guest.command(memory)
    with tempfile.TemporaryDirectory() as scratch:
        log = os.path.join(scratch, "ukcount")
        if plugin:
            command += ["-icount", "shift=0,sleep=off", "-seed", "1",
                        "-plugin", "%s,out=%s%s%s" % (plugin, log, ",mmio=on" if mmio else "",
                                                      ",profile=%s,pair=%s" % profile if profile else "")]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, close_fds=False) as p:
            try:
                output, errors = p.communicate(timeout=timeout)
                status = p.returncode
            except subprocess.TimeoutExpired:
                p.kill()
                output, errors = p.communicate()
                status = None
        events = []
        if plugin and os.path.exists(log):
            with open(log, encoding="ascii") as f:
                events = counters.parse(f.read())
    return Result(status, guest.exit_status(status), output.decode(errors="replace"), errors.decode(errors="replace"), events)


def must(guest, expect="", **options):
    """As `run`, but anything else than status 0 and `expect` in the output is a GuestError."""
    result = run(guest, **options)
    if result.exit_status != 0 or expect not in result.output:
        why = "did not end in time" if result.status is None else (
            "ended with status %s" % result.exit_status if result.exit_status else
            "did not print `%s`" % expect if result.exit_status == 0 else "did not end properly")
        raise GuestError("%s %s\n  %s\n%s%s" % (
            os.path.basename(guest.kernel), why, " ".join(guest.command(options.get("memory"))),
            result.output[-2000:], result.errors[-2000:]))
    return result


def first_output(guest, timeout=60):
    """Nanoseconds from starting QEMU to the first byte on the guest's serial port, or to the line that it is to write."""
    start = time.monotonic_ns()
    with subprocess.Popen(guest.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as p:
        said = piece = os.read(p.stdout.fileno(), 1)
        while guest.line and piece and guest.line not in said.replace(b"\r", b"").split(b"\n")[:-1]:
            piece = os.read(p.stdout.fileno(), 4096)
            said += piece
        end = time.monotonic_ns()
        try:
            p.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            p.kill()
    if not piece:
        raise GuestError("%s printed %s" % (os.path.basename(guest.kernel),
                                            "`%s`" % said.decode(errors="replace")[-500:] if said else "nothing"))
    return end - start


def in_turn(guests, runs):
    """`first_output` of every guest, `runs` times round robin: {name: sorted nanoseconds}.

    Noise of a shared machine then hits all alike, and ratios between the guests hold.
    """
    times = {name: [] for name in guests}
    for _ in range(runs):
        for name, guest in guests.items():
            times[name].append(first_output(guest))
    return {name: sorted(t) for name, t in times.items()}
