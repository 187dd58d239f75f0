# SPDX-License-Identifier: BSD-3-Clause
"""QEMU as a machine with Xen on it, and a running rig.

Three virtio ports lead into dom0: `control` takes commands for its shell, `console` is the console of a guest,
`files` carries files. The serial port is Xen's and dom0's log.
"""
import os
import select
import time
import _socket

from runner import process
from . import packages
from .packages import RigError

# What Xen 4.17 and Linux bear: a PV dom0 dies with SMAP, and a PVH Linux with RDTSCP, both only as TCG has them.
CPU = "max,-smap,-rdtscp"
# With vector registers kept lazily, as is usual with this CPU, emulation loses those of dom0's programs beside a guest of several
# CPUs: in 12 starts 9 of its commands crashed.
XEN = "console=com1 com1=115200,8n1 tsc=stable:socket loglvl=all guest_loglvl=all spec-ctrl=eager-fpu"
DOM0_MEMORY = 256 << 20
XEN_MEMORY = 128 << 20       # of Xen itself, and what a guest costs besides its memory
BOOT_SECONDS = 180           # 7 to 12 are usual
LOG_LINES = 15               # of Xen and dom0, when they fail
END = b"\x1e"                # ends the answer to a command


def qemu(arch="x86_64"):
    return "qemu-system-aarch64" if arch == "arm64" else os.environ.get("QEMU") or "qemu-system-x86_64"


def base(memory, cpus, program):
    mebibytes = -(-memory >> 20)
    return [program, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel", "tcg", "-cpu", CPU,
            "-m", "%dM" % mebibytes, "-smp", "%d,maxcpus=%d" % (cpus, max(cpus, 2))]  # why 2: runner/kvm.py, cpus()


def smoke_command(kind, files, image, cmdline, initrd, memory, cpus, program):
    """An image as dom0 itself: no other guest, no devices. A PVH dom0 needs an IOMMU."""
    argv = base(memory + XEN_MEMORY, cpus, program)
    argv += ["-machine", "pc"] if kind == "pv" else ["-machine", "q35,kernel-irqchip=split", "-device", "amd-iommu"]
    modules = "%s %s" % (image, cmdline)
    if initrd:
        modules = modules.replace(",", ",,") + "," + initrd.replace(",", ",,")
    else:
        modules = modules.replace(",", ",,")
    return argv + ["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", files.xen,
                   "-append", "%s dom0_mem=%dK%s" % (XEN, memory >> 10, " dom0=pvh" if kind == "pvh" else ""),
                   "-initrd", modules]


def devices(network, disks):
    """Those of dom0."""
    argv = []
    if network:
        argv += ["-netdev", network[0], "-device", "virtio-net-pci,netdev=net0,romfile="] + list(network[1:])
    for i, drive in enumerate(disks):
        argv += ["-drive", drive, "-device", "virtio-blk-pci,drive=disk%d" % i]
    return argv


def rig_command(files, memory, cpus, program, network=(), disks=(), log=False):
    """Xen and dom0, with so much memory for guests. network: QEMU's -netdev named net0, or none; disks: of -drive, named
    disk0 and so on, which are dom0's /dev/vda ..."""
    argv = base(memory + DOM0_MEMORY + XEN_MEMORY, cpus, program) + ["-machine", "pc"]
    argv += ["-kernel", files.xen, "-append", "%s dom0_mem=%dM dom0_max_vcpus=1" % (XEN, DOM0_MEMORY >> 20), "-initrd",
             "%s console=hvc0 quiet%s,%s" % (files.kernel.replace(",", ",,"), " rig.log" if log else "", files.dom0.replace(",", ",,"))]
    return argv + devices(network, disks)


def rig_of(arch):
    """rig_command() for a CPU."""
    if arch == "x86_64":
        return rig_command
    from . import arm64
    return arm64.rig_command


class Rig:
    """A running one. (The console belongs to who uses this: con_in, con_out are its descriptors.)"""

    def __init__(self, command, verbose=False):
        self.partial = b""
        their_in, self.con_in = os.pipe()
        self.con_out, their_out = os.pipe()
        self.log = os.memfd_create("log") if not verbose else 2
        self.control, their_control = _socket.socketpair()
        self.files, their_files = _socket.socketpair()
        for fd in {their_control.fileno(), their_files.fileno(), self.log}:
            os.set_inheritable(fd, True)
        argv = command + [
            "-chardev", "stdio,id=con,signal=off", "-chardev", "socket,id=control,fd=%d" % their_control.fileno(),
            "-chardev", "socket,id=files,fd=%d" % their_files.fileno(),
            "-chardev", "file,id=log,path=/dev/fd/%d" % self.log, "-serial", "chardev:log",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=con,name=console",
            "-device", "virtserialport,chardev=control,name=control",
            "-device", "virtserialport,chardev=files,name=files"]
        if verbose:
            os.write(2, (process.quote(argv) + "\n").encode())
        self.pid = process.spawn(argv, own_group=True, stdin=their_in, stdout=their_out)
        os.close(their_in)
        os.close(their_out)
        their_control.close()
        their_files.close()
        os.set_blocking(self.con_in, False)

    def wait_until_ready(self, seconds=BOOT_SECONDS):
        status, _ = self.answer(time.monotonic() + seconds, "dom0 is not there after %d s" % seconds)
        if status:
            raise RigError("Xen's daemons in dom0 could not be started (status %d)%s" % (status, self.last_words()))

    def run(self, command, seconds=120, check=True):
        """A command for dom0's shell; (status, what it printed)."""
        self.send(command)
        status, text = self.answer(time.monotonic() + seconds, "no answer after %d s to: %s" % (seconds, command))
        if check and status:
            raise RigError("dom0: %s: status %d: %s" % (command, status, text.decode(errors="replace").strip()))
        return status, text

    def send(self, command):
        self.control.sendall(command.encode() + b"\n")

    def put(self, name, fd):
        """The file behind a descriptor, from its begin, as `name` in dom0."""
        size = os.fstat(fd).st_size
        self.send("put %s %d" % (name, size))
        at = 0
        while at < size:
            try:
                sent = os.sendfile(self.files.fileno(), fd, at, size - at)
            except (BrokenPipeError, ConnectionResetError):
                sent = 0
            if not sent:
                raise RigError("the rig ended while it was given %s%s" % (name, self.last_words()))
            at += sent
        status, text = self.answer(time.monotonic() + BOOT_SECONDS, "dom0 does not take the file %s" % name)
        if status:
            raise RigError("dom0 cannot keep %s (%d bytes): %s" % (name, size, text.decode(errors="replace").strip()))

    def put_text(self, name, text):
        fd = os.memfd_create("text")
        os.write(fd, os.fsencode(text))
        self.put(name, fd)
        os.close(fd)

    def answer(self, deadline, complaint):
        """(status, text) of the command that runs; waits for it."""
        found = self.parse()
        while found is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RigError(complaint + self.last_words())
            if select.select([self.control], [], [], left)[0] and not self.receive():
                raise RigError("QEMU, with Xen on it, ended by itself" + self.last_words())
            found = self.parse()
        return found

    def receive(self):
        """Takes in what the control port has; False at its end."""
        try:
            data = self.control.recv(65536)
        except ConnectionResetError:
            data = b""
        self.partial += data
        return bool(data)

    def parse(self):
        """An answer that is complete, or None."""
        text, end, rest = self.partial.partition(END)
        number, newline, rest = rest.partition(b"\n")
        if not end or not newline:
            return None
        self.partial = rest
        return int(number), text

    def last_words(self):
        """The end of Xen's and dom0's log, for a message of what went wrong; nothing if it has been shown."""
        if self.log == 2:
            return ""
        text = os.pread(self.log, 1 << 20, max(0, os.fstat(self.log).st_size - (1 << 20)))
        lines = text.decode(errors="replace").replace("\r", "").rstrip().split("\n")[-LOG_LINES:]
        return "; the last lines of Xen and dom0:\n    " + "\n    ".join(lines) if text else ""

    def end(self):
        if self.pid is not None:
            process.kill(self.pid)
            os.waitpid(self.pid, 0)
            self.pid = None
        for fd in {self.con_in, self.con_out, self.log} - {2}:
            os.close(fd)
        self.control.close()
        self.files.close()


def start(memory, cpus=1, program=None, **more):
    """A rig that is ready. memory: bytes for all its guests; more: as rig_command has it, and verbose, arch."""
    verbose, arch = more.pop("verbose", False), more.pop("arch", "x86_64")
    r = Rig(rig_of(arch)(packages.files(arch), memory, cpus, program or qemu(arch), **more), verbose)
    try:
        r.wait_until_ready()
    except BaseException:
        r.end()
        raise
    return r
