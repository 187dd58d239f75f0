# SPDX-License-Identifier: BSD-3-Clause
"""Which platform and CPU an image is for: its ELF header and program headers tell."""
import struct

from . import RunError
from .elf import build_id

MACHINES = {62: "x86_64", 183: "arm64", 243: "riscv64"}
# Where memory begins on the machines that we start, per CPU that we can start one for.
RAM = {"x86_64": 0, "riscv64": 0x80000000, "arm64": 0x40000000}
# What only an image with a driver of network devices contains.
DRIVERS = {"kvm": b"virtio-net\0", "xen": b"netfront\0", "linuxu": b"TAP interface of the host that is our network device"}
DISK_DRIVERS = {"kvm": b"virtio-blk\0", "xen": b"blkfront\0"}
MAX_OFFSET = 1 << 40
MAX_RAW = 1 << 30
PT_LOAD, PT_INTERP, PT_NOTE = 1, 3, 4
# Xen's (xen/include/public/elfnote.h): where a paravirtualised guest starts, and where QEMU's -kernel does.
NOTE_ENTRY, NOTE_PHYS32_ENTRY = 1, 18


class Image:
    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb", buffering=0) as f:
                self.read(f)
        except OSError as e:
            hint = "; `make APP=name` builds one" if isinstance(e, FileNotFoundError) else ""
            raise RunError("%s: %s%s" % (path, e.strerror, hint)) from None
        except (struct.error, OverflowError):
            raise RunError("%s: this ELF file is cut short, or damaged; build it again" % path) \
                from None
        if self.arch not in RAM:
            raise RunError("%s: an image for %s; there are %s so far" % (path, self.arch, " and ".join(sorted(RAM))))

    def read(self, f):
        head = f.read(64)
        if head[:4] != b"\x7fELF":
            raise RunError("%s: not an image (no ELF file)" % self.path)
        if head[4:6] != b"\x02\x01":
            raise RunError("%s: not an image (not a 64-bit little-endian ELF file)" % self.path)
        self.build_id = build_id(head)
        machine, = struct.unpack_from("<H", head, 18)
        self.arch = MACHINES.get(machine, "machine %d" % machine)
        phoff, = struct.unpack_from("<Q", head, 32)
        phentsize, phnum = struct.unpack_from("<HH", head, 54)
        f.seek(min(phoff, MAX_OFFSET))
        table = f.read(phentsize * phnum)
        # A kernel of x86_64 says by a note how it wants to be entered; others are loaded where memory is. A process
        # needs neither.
        self.platform = "linuxu"
        ram = RAM.get(self.arch, 0)
        self.end = 0  # of the memory that it takes, as a kernel: how far behind the beginning of memory
        for i in range(phnum):
            kind, _, offset, _, start, size, taken = struct.unpack_from("<IIQQQQQ", table,
                                                                        i * phentsize)
            if kind == PT_LOAD:
                self.end = max(self.end, start + taken - ram)
                if ram and start >= ram:
                    self.platform = "kvm"
            elif kind == PT_INTERP:
                raise RunError("%s: a program of this system, not an image" % self.path)
            elif kind == PT_NOTE:
                f.seek(min(offset, MAX_OFFSET))
                notes = f.read(min(size, 65536))
                if has_note(notes, b"Xen\0", NOTE_ENTRY):
                    self.platform = "xen"
                elif has_note(notes, b"Xen\0", NOTE_PHYS32_ENTRY) and self.platform != "xen":
                    self.platform = "kvm"

    @property
    def debug_file(self):
        """The same image with symbols and line numbers; the build leaves it beside the image."""
        return self.path + ".dbg"

    def raw(self):
        """Its parts where they lie in memory, from the beginning of the first one on: what a loader of raw images takes."""
        with open(self.path, "rb", buffering=0) as f:
            data = f.readall()
        phoff, = struct.unpack_from("<Q", data, 32)
        phentsize, phnum = struct.unpack_from("<HH", data, 54)
        out, first = bytearray(), None
        for i in range(phnum):
            kind, _, offset, _, start, size, _ = struct.unpack_from("<IIQQQQQ", data, phoff + i * phentsize)
            if kind == PT_LOAD and size:
                first = start if first is None else first
                if start < first + len(out) or start - first > MAX_RAW or offset + size > len(data):
                    raise RunError("%s: this ELF file is cut short, or damaged; build it again" % self.path)
                out += bytes(start - first - len(out)) + data[offset:offset + size]
        return out

    def contains(self, text):
        with open(self.path, "rb", buffering=0) as f:
            return text in f.readall()

    def has_network(self):
        """A driver of a network device? Its name tells, or the help text of its parameter."""
        return self.contains(DRIVERS[self.platform])

    def has_disk(self):
        """The same for block devices."""
        return self.platform in DISK_DRIVERS and self.contains(DISK_DRIVERS[self.platform])

    def has_hostnet(self):
        """Has the process the host's sockets?"""
        return self.platform == "linuxu" and self.contains(b"AF_INET sockets are the host's")

    def uses_several_cpus(self):
        """Is the parameter smp.cpus there? Its help text tells: an image has no list of options."""
        return self.contains(b"how many CPUs to use;")


def has_note(notes, owner, wanted):
    at = 0
    while at + 12 <= len(notes):
        namesz, descsz, kind = struct.unpack_from("<III", notes, at)
        if kind == wanted and notes[at + 12:at + 12 + namesz] == owner:
            return True
        at += 12 + (namesz + 3 & ~3) + (descsz + 3 & ~3)
    return False
