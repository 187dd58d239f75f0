# SPDX-License-Identifier: BSD-3-Clause
"""A machine with Xen, counted: what the domain that is measured executes, what Xen, what dom0, and who notifies whom.

QEMU's one CPU executes an instruction each nanosecond (-icount), so times are exact as well: those of a machine on which
every instruction takes as long. Clients run in dom0. The plugin counts by page frames; dom0's are asked for once (xen-frames.c),
and what is neither dom0's nor Xen's is the domain's. So there is one domain at a time.
"""
import os
import sys
import tempfile
from array import array
from dataclasses import dataclass

import counters
import guest
import initramfs
import tools
import whereto

sys.path.insert(0, os.path.join(tools.ROOT, "support/tools"))
from xenrig import config, machine, packages  # noqa: E402

DOM0, DOMU, PREFIX = "10.99.0.1", "10.99.0.2", 24
NET = "mac=00:16:3e:00:00:01,bridge=xenbr0,script=vif-rig"
DISK = "phy:/dev/loop0,xvda,w,script=block-rig"
DISK_MIB = 16
DOM0_MORE = 256 << 20
SECONDS = 600
# struct frames of ukcount.c: the instructions of Xen, those outside of RAM, those of each frame; how often each notified
FRAMES = 1 << 20


@dataclass(frozen=True)
class Spent:
    """Instructions, and event channels notified."""
    guest: int = 0
    xen: int = 0
    dom0: int = 0
    notified: int = 0   # dom0, by the guest
    heard: int = 0      # by dom0


def difference(old, new, owned):
    """What happened between two copies of struct frames; owned: dom0's frames, a byte for each, 1 if it is."""
    def words(first, n):
        return zip(*(array("Q", data[8 * first:8 * (first + n)]) for data in (old, new)))

    spent = {"dom0": 0, "notified": 0, "heard": 0}
    spent["xen"], spent["guest"] = (y - x for x, y in words(0, 2))
    for first, mine, others in ((2, "dom0", "guest"), (2 + FRAMES, "heard", "notified")):
        for is_mine, (x, y) in zip(owned, words(first, len(owned))):
            if x != y:
                spent[mine if is_mine else others] += y - x
    return Spent(**spent)


class Lab:
    """A rig whose instructions are counted. `with` ends it."""

    def __init__(self, kit, memory, largest=10 << 20, profiled=False):
        """memory: of a domain; largest: of the files in its ram disk; profiled: functions() can be asked."""
        self.largest = largest
        self.scratch = tempfile.TemporaryDirectory()
        self.frames = os.path.join(self.scratch.name, "frames")
        self.copies = 0
        self.number = 0
        self.marks = os.path.join(self.scratch.name, "marks")
        self.profile = os.path.join(self.scratch.name, "profile")
        self.rig = None
        # dom0 has kernels and ram disks in its memory, and xl reads them into its own.
        dom0 = machine.DOM0_MEMORY + DOM0_MORE + 4 * largest
        argv = machine.rig_command(packages.files(), memory + dom0 - machine.DOM0_MEMORY, 1, machine.qemu(), log=True)
        argv = [w.replace("dom0_mem=%dM" % (machine.DOM0_MEMORY >> 20), "dom0_mem=%dM" % (dom0 >> 20)) for w in argv]
        at = argv.index("-m") + 1
        self.memory = int(argv[at][:-1]) << 20
        # Xen, for one, has no `rep movsb` where there is no ERMS, and copies 8 bytes with each instruction.
        argv[argv.index("-cpu") + 1] += ",-erms,-fsrm"
        argv += ["-object", "memory-backend-memfd,id=ram,size=%s" % argv[at], "-machine", "pc,memory-backend=ram",
                 "-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1",
                 "-plugin", "%s,out=%s,frames=%s%s" % (kit.plugin, self.marks, self.frames,
                                                       ",profile=%s,pair=each" % self.profile if profiled else "")]
        self.rig = machine.Rig(argv)
        self.kit = kit

    def __enter__(self):
        try:
            self.rig.wait_until_ready(SECONDS)
            self.put("/frames", self.kit.static("xen-frames"))
            said = self.run("chmod +x /frames; /frames %d" % (self.memory >> 12))
            self.owned = bytearray(self.memory >> 12)
            for line in said.splitlines():
                first, count = map(int, line.split())
                self.owned[first:first + count] = b"\1" * count
            self.run("ip addr add %s/%d dev xenbr0" % (DOM0, PREFIX))
            self.run("dd if=/dev/zero of=/disk bs=1M count=%d 2>/dev/null; losetup /dev/loop0 /disk" % DISK_MIB)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.rig:
            self.rig.end()
            self.rig = None
        self.scratch.cleanup()

    def run(self, command, seconds=SECONDS):
        return self.rig.run(command, seconds)[1].decode(errors="replace")

    def put(self, name, path):
        fd = os.open(path, os.O_RDONLY)
        try:
            self.rig.put(name, fd)
        finally:
            os.close(fd)

    def put_archive(self, name, files):
        """A mapping of paths to files here, or bytes, as an archive in dom0. Large zeroes are made there: the way in is slow."""
        data, at, parts = archive(files), 0, []
        for _, file in sorted(files.items()):       # as they lie in it
            if isinstance(file, bytes) and len(file) > 1 << 20 and not any(file):
                begin = data.index(file, at)
                parts += [(data[at:begin], len(file))]
                at = begin + len(file)
        self.run(": >%s" % name)
        for part, zeroes in parts + [(data[at:], 0)]:
            path = os.path.join(self.scratch.name, "part")
            with open(path, "wb") as f:
                f.write(part)
            self.put("/part", path)
            self.run("cat /part >>%s; rm /part; head -c %d /dev/zero >>%s" % (name, zeroes, name))

    def put_files(self, folder, files):
        """The same, unpacked below a folder of dom0."""
        self.put_archive("/files.cpio", files)
        self.run("mkdir -p %s && cd %s && cpio -idu </files.cpio 2>/dev/null; rm /files.cpio" % (folder, folder))

    def start(self, kind, kernel, cmdline, memory, ramdisk=None, device=""):
        """Starts a domain from files in dom0, with a device `net` or `disk`; its name."""
        self.number += 1
        name = "d%d" % self.number
        g = config.Guest(name, kind, kernel, cmdline, memory, 1)
        g.ramdisk = ramdisk
        g.vifs, g.disks = {"net": ([NET], []), "disk": ([], [DISK]), "": ([], [])}[device]
        self.rig.put_text("/domain.cfg", g.text())
        self.run("xl create -q /domain.cfg")
        return name

    def said(self, name):
        return self.run("cat /var/log/xen/console/guest-%s.log 2>/dev/null; true" % name).replace("\r", "")

    def wait_said(self, name, text):
        """Until a domain has said this. It is looked for once in a second of dom0's time, which is 10^9 instructions: what is
        measured meanwhile has little of it."""
        done, _ = self.rig.run("(i=0; until grep -q '%s' /var/log/xen/console/guest-%s.log 2>/dev/null; do i=$((i+1)); "
                               "[ $i -lt 100 ] || exit 1; sleep 1; done)" % (text, name), SECONDS, check=False)
        if done:
            raise guest.GuestError("a domain has not said %r but %r" % (text, self.said(name)[-2000:]))

    def wait(self, name, command):
        """Until a command in dom0 succeeds, that asks a server in the domain."""
        done, text = self.rig.run("(i=0; until %s >/tmp/out 2>&1; do i=$((i+1)); [ $i -lt 100 ] || { cat /tmp/out; exit 1; }; "
                                  "sleep 0.1; done)" % command, SECONDS, check=False)
        if done:
            raise guest.GuestError("a domain does not answer: %s; it has said %r" % (
                text.decode(errors="replace")[-200:], self.said(name)[-2000:]))

    def says(self, text, *domain):
        """Does a domain start (arguments as of start), and say this before it ends?"""
        try:
            name = self.start(*domain)
        except packages.RigError:
            return False
        self.run("(i=0; while xl domid d%d >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 50 ] || exit 0; sleep 0.1; done)" % self.number)
        said = self.said(name)
        self.stop(name)
        while os.path.exists("%s.%d" % (self.frames, self.copies)):     # it may have ended between two markers
            os.unlink("%s.%d" % (self.frames, self.copies))
            self.copies += 1
        return text in said

    def stop(self, name):
        self.run("xl destroy %s 2>/dev/null; true" % name)

    def taken(self):
        """Of each pair of markers since the last call, what was between them."""
        found = []
        while os.path.exists("%s.%d" % (self.frames, self.copies + 1)):
            old, new = (tools.read("%s.%d" % (self.frames, self.copies + i)) for i in (0, 1))
            found.append(difference(old, new, self.owned))
            for i in (0, 1):
                os.unlink("%s.%d" % (self.frames, self.copies + i))
            self.copies += 2
        return found

    def functions(self, debug, pair=-1):
        """{function: instructions} of a domain of ours, the last that has started, between a pair of the markers 16 and 17: which,
        counted from the last one. Debug: its file with symbols."""
        events = counters.parse(tools.read(self.marks).decode())
        main = [e for e in events if e.kind == "mark" and e.mark == counters.MAIN][-1:]
        base = whereto.load_base(debug, main)
        number = sum(e.kind == "mark" and e.mark == counters.END for e in events) + 1 + pair
        lines = tools.read("%s.%d" % (self.profile, number)).decode().splitlines()
        symbols = whereto.functions(debug)
        first, last = symbols[0][0], symbols[-1][0] + (1 << 12)
        return whereto.summed([w for w in lines if first <= int(w.split()[0], 16) - base < last], symbols, base)

    def spend(self, command):
        """(what a command in dom0 spent between its markers, what it said)"""
        said = self.run(command)
        spent, = self.taken()
        return spent, said


def archive(files):
    return initramfs.archive({name: file if isinstance(file, bytes) else tools.read(file) for name, file in files.items()})


def frontends():
    """Paths of the modules for a Linux guest, and of a busybox, from the rig's packages, by name in its initramfs."""
    packages.files()
    debs = os.path.join(tools.cache_dir(), "xen", "debs")
    names = [n for n in sorted(os.listdir(debs)) if n.startswith(("linux-image", "busybox-static"))]
    folder = os.path.join(tools.cache_dir(), "bench", "xen-guest-" + tools.digest(*names))
    with tools.locked(folder + ".lock"):
        if not os.path.isdir(folder):
            for name in names:
                tools.call(["dpkg-deb", "-x", os.path.join(debs, name), folder + ".work"])
            os.rename(folder + ".work", folder)
    found = {"bin/busybox": str(packages.only(packages.Path(folder), "bin/busybox"))}
    for name in ("xen-netfront", "xen-blkfront"):
        found["m/%s.ko" % name] = str(packages.only(packages.Path(folder), "lib/modules/*/kernel/**/%s.ko" % name))
    found["m/order"] = b"xen-netfront xen-blkfront\n"
    return found
