# SPDX-License-Identifier: BSD-3-Clause
"""QEMU as an arm64 machine with Xen on it, which starts one image: as its dom0, or as a guest without any dom0 ("dom0less"); or the
rig: a Linux as dom0, in which xl starts guests.

Xen is told by the device tree what lies where in memory (xen/docs/misc/arm/device-tree/booting.txt), so QEMU's tree gets nodes
for that. It has one serial port: Xen's log, in which a guest's words are.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import fetch
from . import fdt, packages
from .machine import devices
from .packages import RigError

MACHINE, CPU = "virt,gic-version=3", "max,pauth-impdef=on"
XEN = "console=dtuart dtuart=/pl011@9000000 loglvl=all guest_loglvl=all"
RAM = 0x40000000
IMAGE = 0x4a000000           # QEMU puts Xen at the begin of memory, and the tree 128 MiB further
STEP = 2 << 20
XEN_MEMORY = 96 << 20
DOM0_MEMORY = 256 << 20


def hypervisor():
    """Path of Xen, fetched if it is not there yet."""
    folder = fetch.cache_dir() / "xen" / "arm64"
    path = folder / "xen"
    try:
        with fetch.locked(folder.parent / "lock-arm64"):
            if not path.exists():
                make(folder)
    except OSError as e:
        raise RigError("%s: %s; WHITTLE_CACHE= names another place for downloads" % (folder, e)) from None
    return str(path)


def make(folder):
    if not shutil.which("dpkg-deb"):
        raise RigError("Xen's package is unpacked by dpkg-deb, which is not there; install dpkg")
    print("  FETCH   Xen for arm64 (Debian's package, 0.3 MB)", file=packages.sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        try:
            deb, = fetch.BinaryPackages(fetch.cache_dir(), "arm64").get(packages.CPUS["arm64"].packages()[:1], work)
        except fetch.Unavailable as error:
            raise RigError("Xen's package for arm64 cannot be had: %s\n  It is Debian 12's (bookworm, main): this needs apt with such "
                           "sources, and its mirror. By hand: put the hypervisor into %s" % (error, folder / "xen")) from None
        root, out = Path(work) / "root", Path(work) / "out"
        packages.run("dpkg-deb", "-x", deb, root)
        out.mkdir()
        packages.hypervisor(root, packages.CPUS["arm64"], out / "xen")
        os.rename(out, folder)


def own_tree(machine, program):
    """QEMU's tree of this machine."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "tree")
        argv = [program, *machine]
        argv[argv.index("-machine") + 1] += ",dumpdtb=" + path
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        try:
            with open(path, "rb") as f:
                return fdt.Tree(f.read())
        except (OSError, ValueError):
            raise RigError("%s does not tell its device tree: %s" % (program, done.stderr.decode(errors="replace").strip())) from None


def module(kind, at, size, cmdline=None):
    properties = [("compatible", fdt.strings("multiboot," + kind, "multiboot,module")),
                  ("reg", fdt.cells(at >> 32, at & 0xffffffff, size >> 32, size & 0xffffffff))]
    if cmdline is not None:
        properties.append(("bootargs", fdt.strings(cmdline)))
    return fdt.Node("module@%x" % at, properties)


def in_memory(data):
    """A path of these bytes, for QEMU."""
    fd = os.memfd_create("rig")
    os.set_inheritable(fd, True)
    with os.fdopen(os.dup(fd), "wb") as f:
        f.write(data)
    return "/dev/fd/%d" % fd


SIZES = [("#address-cells", fdt.cells(2)), ("#size-cells", fdt.cells(2))]


class Loads:
    """What lies in memory besides Xen: files, and the nodes that tell of them."""

    def __init__(self):
        self.nodes, self.options, self.end = [], [], IMAGE

    def add(self, kind, path, cmdline=None):
        size, at = os.stat(path).st_size, self.end
        self.nodes.append(module(kind, at, size, cmdline))
        self.options += ["-device", "loader,file=%s,addr=0x%x,force-raw=on" % (path.replace(",", ",,"), at)]
        self.end = at + size + STEP - 1 & -STEP


def machine(program, xen, hypervisor_path, loads, nodes, memory, cpus, kind=None, cpu=None):
    """QEMU's command for that, with so much memory beside what is loaded. kind, cpu: of the machine, where it is told."""
    argv = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel", "tcg",
            "-machine", (kind or MACHINE) + ",virtualization=on", "-cpu", cpu or CPU,
            "-m", "%dM" % (-(-(loads.end - RAM + memory + XEN_MEMORY) >> 20)), "-smp", "%d,maxcpus=%d" % (cpus, max(cpus, 2))]
    tree = own_tree(argv, program)
    tree.add("chosen", [("xen,xen-bootargs", fdt.strings(xen)), *SIZES], nodes)
    return [program, *argv, "-kernel", hypervisor_path, "-dtb", in_memory(tree.data()), *loads.options]


def command(kind, image, cmdline, initrd, memory, cpus, program, on=None, cpu=None):
    """kind: dom0, dom0less; image: the raw one, bytes; initrd: a path, or None; memory: what the image has, in bytes."""
    loads = Loads()
    loads.add("kernel", in_memory(image), cmdline)
    if initrd:
        loads.add("ramdisk", initrd)
    if kind == "dom0":  # which wants its memory in few pieces
        return machine(program, XEN + " dom0_mem=%dK" % (memory >> 10), hypervisor(), loads, loads.nodes, 2 * memory, cpus, on, cpu)
    guest = fdt.Node("guest", [("compatible", fdt.strings("xen,domain")), *SIZES, ("cpus", fdt.cells(cpus)),
                               ("memory", fdt.cells(0, memory >> 10)), ("vpl011", b""),
                               ("xen,enhanced", fdt.strings("no-xenstore"))], loads.nodes)
    return machine(program, XEN, hypervisor(), loads, [guest], memory, cpus, on, cpu)


def rig_command(files, memory, cpus, program, network=(), disks=(), log=False):
    """Xen and a Linux as dom0, with so much memory for guests: machine.py's, for this CPU."""
    loads = Loads()
    loads.add("kernel", files.kernel, "console=hvc0 quiet%s" % (" rig.log" if log else ""))
    loads.add("ramdisk", files.dom0)
    argv = machine(program, XEN + " dom0_mem=%dM dom0_max_vcpus=1" % (DOM0_MEMORY >> 20), files.xen, loads, loads.nodes,
                   2 * DOM0_MEMORY + memory, cpus)
    return argv + devices(network, disks)
