# SPDX-License-Identifier: BSD-3-Clause
"""An image as a domain of Xen.

    --xen-type pvh, pv            a guest of `xl`: on a machine that is a Xen dom0 there, else in the rig, which is
                                  Xen with a small Linux as dom0 under QEMU (support/tools/xenrig)
    --xen-type pvh-dom0, pv-dom0  the image is dom0 itself: seconds less, and no devices: to test that it boots
    --xen-type dom0less, dom0     the same on arm64; dom0less: a guest that Xen starts by itself, with no dom0 anywhere
                                  (pvh: as on x86_64; pv there is not)

A domain has one console for all that kvm has several channels for. With the parameter xen.records=1, which only
we give, the image writes records to it: byte 16, then what SideChannel reads (type O: bytes of stdout). What is
outside of records is shown as it is. Our input goes as it is but for byte 16, which begins an escape.

The domain is not removed when it ends, but stands until its last bytes have come.
"""
import os
import re
import time

from . import RunError, kvm, process, terminal

DLE = b"\x10"
TYPES = b"OKECXRBP"
A_DLE, END_OF_INPUT, BUTTON, HUNG_UP = b"\x10D", b"\x10E", b"\x10B", b"\x10H"
TO_GUEST = b"\1\1\1"  # Xen's serial line is no more its dom0's, which there may not be, but the first guest's
UART = 24               # bytes: Xen has room for 32
TTY_SECONDS = 10
DRAIN = 3.0      # seconds without a byte after which a domain that has ended has said all
STACKS, STACKS_END = 0x280000000000, 0x288000000000  # plat/include/uk/plat/mem.h, UK_VA_STACKS
STACK_PAGE = 4096
IMAGE, IMAGE_END = 0x200000000000, 0x208000000000    # UK_VA_IMAGE: the stack of the boot is a part of it
CRASHED = b"Hardware Dom0 crashed", b"Reboot in five seconds"
FAILED = b"[whittle] error: ", b"CRASH: "    # of what has not read its parameters yet, and so does not know of records
DIGITS = re.compile(rb".*\(d\d+\) ==((?:[0-9a-f]{2})+)")
CRASH_STATUS = 134  # an image's that ends by a crash report
REASONS = {0: "powered itself off", 1: "rebooted", 2: "suspended itself", 3: "crashed", 4: "was ended by its watchdog",
           5: "asked for a soft reset"}
MAC = "00:16:3e:%02x:%02x:%02x"  # Xen's prefix
BRIDGE = "xenbr0"
PV_MORE, PV_STEP = 512 << 10, 4 << 20


def stack_overflow(log):
    """A PV guest's trap goes through its own stack. If that is used up Xen can only end the guest, and tell us where it
    was: its last words as a sentence, or None if it was something else."""
    registers = {name.lower(): int(value, 16) for name, value in re.findall(
        r"\b(RIP|rsp|cr2):\s+(?:e033:\[<)?([0-9a-f]{16})", log[log.rfind("RIP:    e033:"):] if "RIP:    e033:" in log else "")}
    if len(registers) < 3 or not (STACKS <= registers["rsp"] < STACKS_END or IMAGE <= registers["rsp"] < IMAGE_END) or \
            not -STACK_PAGE <= registers["cr2"] - registers["rsp"] < STACK_PAGE:
        return None
    return "CRASH: stack overflow: nothing is mapped at the stack pointer, %#x, so Xen could not even hand the fault to the " \
           "image, which was at instruction %#x" % (registers["rsp"], registers["rip"])


class Records(kvm.SideChannel):
    """The console's stream, taken apart."""

    def __init__(self, cooked):
        super().__init__()
        self.out = b""
        self.cooked = cooked  # Xen's serial line: a carriage return before each line feed
        self.held = b""

    def feed(self, data):
        if self.cooked:
            data = self.held + data
            self.held = b"\r" if data.endswith(b"\r") else b""
            data = data[:len(data) - len(self.held)].replace(b"\r\n", b"\n")
        data = self.partial + data
        at = 0
        while at < len(data):
            start = data.find(DLE, at)
            if start < 0:
                start = len(data)
            self.outside(data[at:start])
            at = start
            head = data[at:at + 4]
            if head[1:2] and head[1] not in TYPES:
                self.outside(DLE)
                at += 1
                continue
            end = at + 4 + (head[2] | head[3] << 8) if len(head) == 4 else len(data) + 1
            if end > len(data):
                break
            self.record(head[1:2], data[at + 4:end])
            at = end
        self.partial = data[at:]

    def record(self, kind, payload):
        if kind == b"O":
            self.out += payload
        else:
            super().record(kind, payload)

    def outside(self, data):
        self.out += data


class SmokeRecords(Records):
    """As dom0: what is outside of records is Xen's own log."""

    def __init__(self, verbose):
        super().__init__(cooked=True)
        self.verbose, self.log = verbose, b""

    def outside(self, data):
        if self.verbose:
            self.err += data
        self.log = (self.log + data)[-65536:]


class Session(kvm.Session):
    def __init__(self, image, o, side):
        super().__init__(image, o)
        self.side = side
        self.progress = 0.0

    def receive(self, fd, open_pipes):
        if fd != self.con_out:
            self.receive_report(fd, open_pipes)
            return
        try:
            data = os.read(fd, kvm.CHUNK)
        except OSError:
            data = b""
        self.progress = time.monotonic()
        if not data:
            self.ended(open_pipes)
            return
        side = self.side
        side.feed(data)
        if not self.hung_up:
            self.out.data += side.out
        self.err.data += side.err
        side.out = side.err = b""
        if side.wants_input and not self.stdin_open and not self.break_due:
            self.open_stdin()

    def receive_report(self, fd, open_pipes):
        """What comes besides the console."""
        raise NotImplementedError

    def ended(self, open_pipes):
        open_pipes.clear()
        self.stdin_open = self.break_due = False
        self.to_guest = b""

    def encode(self, data):
        return data.replace(DLE, A_DLE)

    def try_break(self):
        self.break_due = False
        self.to_guest += END_OF_INPUT

    def press_button(self):
        self.to_guest += BUTTON

    def tell_hung_up(self):
        self.to_guest += HUNG_UP


class LogRecords(SmokeRecords):
    """Of a guest without dom0: lines of Xen's log that hold the stream in hexadecimal."""

    def __init__(self, verbose):
        super().__init__(verbose)
        self.cooked, self.line, self.taken = False, b"", 0

    def record(self, kind, payload):
        if kind == b"R" and payload:
            self.taken = int.from_bytes(payload, "little")
        else:
            super().record(kind, payload)

    def feed(self, data):
        *lines, self.line = (self.line + data.replace(b"\r", b"")).split(b"\n")
        for line in lines:
            found = DIGITS.fullmatch(line)
            if found:
                super().feed(bytes.fromhex(found[1].decode()))
            else:
                self.outside(line + b"\n")


class Smoke(Session):
    """The image as dom0."""

    def start(self, argv):
        their_in, self.con_in = os.pipe()
        self.con_out, their_out = os.pipe()
        argv = argv + ["-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con"]
        if self.o.verbose:
            os.write(2, (process.quote(argv) + "\n").encode())
        self.pid = process.spawn(argv, own_group=True, stdin=their_in, stdout=their_out)
        os.close(their_in)
        os.close(their_out)
        os.set_blocking(self.con_in, False)

    def is_over(self):
        """Xen has said that it is going to start the machine anew, for which it waits five seconds."""
        return any(words in self.side.log for words in CRASHED)

    def reap(self):
        return self.kill() if self.is_over() else super().reap()

    def silent(self, status):
        log = self.side.log.decode(errors="replace")
        overflow = stack_overflow(log)
        if overflow:
            self.silent_status = CRASH_STATUS
            return overflow
        lines = log.rstrip().split("\n")[-15:]
        return "the machine ended before the image said how it went; the last lines of Xen:\n    " + "\n    ".join(lines)


class Dom0less(Smoke):
    """A guest of Xen's on arm64: when it has ended, Xen stays."""

    sent = 0  # bytes of input

    def is_over(self):
        return super().is_over() or self.side.status is not None or (
            any(words in self.side.log for words in FAILED) and time.monotonic() - self.progress > DRAIN)

    def wait_ms(self, deadline):
        ms = super().wait_ms(deadline)
        return min(ms, 500) if ms is not None else 500

    def open_stdin(self):
        super().open_stdin()
        os.write(self.con_in, TO_GUEST)

    def send(self):
        """No more than its UART holds: records tell how much of it has been taken."""
        room = UART - (self.sent - self.side.taken & 0xffffffff)
        rest = self.to_guest[room:]
        self.to_guest = self.to_guest[:room]
        before = len(self.to_guest)
        super().send()
        self.sent += before - len(self.to_guest)
        self.to_guest += rest
        if not room:
            time.sleep(0.001)

    def reap(self):
        return self.kill()


class Domain(Session):
    """A guest of xl. What xl says comes through self.side_pipe; it is `text`."""

    def __init__(self, image, o):
        super().__init__(image, o, Records(cooked=False))
        self.text = b""
        self.over = None  # since when the domain is not running any more

    def receive_report(self, fd, open_pipes):
        if not self.take_report(fd):
            open_pipes.discard(fd)
            if b"has shut down" not in self.text and self.side.status is None:
                self.ended(open_pipes)
        if b"has shut down" in self.text and self.over is None:
            self.over = time.monotonic()

    def take_report(self, fd):
        """Takes in what xl says; False when that is all."""
        raise NotImplementedError

    def wait_ms(self, deadline):
        ms = super().wait_ms(deadline)
        return ms if self.over is None else min(ms, 50) if ms is not None else 50

    def is_over(self):
        """A domain that stands has said all when it has told a status, or nothing for a while."""
        return self.over is not None and (
            self.side.status is not None or time.monotonic() - max(self.over, self.progress) > DRAIN)

    def reason(self):
        number = self.text.partition(b"reason code ")[2].split()[:1]
        return int(number[0]) if number and number[0].isdigit() else None

    def silent(self, _status):
        reason = self.reason()
        if reason is None:
            return "xl could not start the domain, or lost it:\n    " + \
                self.text.partition(b"\x1e")[0].decode(errors="replace").strip().replace("\n", "\n    ")
        overflow = reason == 3 and stack_overflow(self.hypervisor_words())
        if overflow:
            self.silent_status = CRASH_STATUS
            return overflow
        return "the domain %s (reason %d) before it said how it went%s" % (
            REASONS.get(reason, "ended"), reason, self.hypervisor_words() if reason == 3 else "")

    def hypervisor_words(self):
        return "; `xl dmesg` shows what Xen says of it"


class RigDomain(Domain):
    """In the rig."""

    def __init__(self, image, o, rig):
        super().__init__(image, o)
        self.rig = rig

    def start(self, argv):
        rig = self.rig
        self.con_in, self.con_out, self.side_pipe = rig.con_in, rig.con_out, rig.control.fileno()
        rig.send("guest /guest.cfg")

    def take_report(self, _fd):
        there = self.rig.receive()
        self.text += self.rig.partial
        self.rig.partial = b""
        return there and b"\x1e" not in self.text

    def reap(self):
        return self.kill()

    def kill(self):
        if self.rig is not None:
            self.words = self.rig.last_words()
            self.rig.end()
            self.rig = None
        return 0

    def hypervisor_words(self):
        return self.words


class LocalDomain(Domain):
    """On a machine that is a Xen dom0."""

    name = None

    def start(self, argv):
        self.side_pipe, their_report = os.pipe()
        argv = ["sh", "-c", 'exec "$@" 2>&1', "sh"] + argv
        if self.o.verbose:
            os.write(2, (process.quote(argv) + "\n").encode())
        nothing = os.open("/dev/null", os.O_RDWR)
        self.pid = process.spawn(argv, own_group=True, stdin=nothing, stdout=their_report)
        os.close(nothing)
        os.close(their_report)
        while b"(domid " not in self.text and self.take_report(self.side_pipe):
            pass
        self.connect(self.text.partition(b"(domid ")[2].partition(b")")[0].decode())

    def connect(self, domid):
        """The console is a terminal that xenconsoled has for the domain, soon."""
        store = process.find_program("xenstore-read")
        if store is None:
            raise RunError("xenstore-read is not there, which tells where a domain's console is; install the package "
                           "xenstore-utils")
        from .crash import output_of
        deadline = time.monotonic() + TTY_SECONDS
        tty = b""
        while domid and not tty and time.monotonic() < deadline:
            tty = output_of([store, "/local/domain/%s/console/tty" % domid]).strip()
        if tty:
            self.con_out = os.open(tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            self.con_in = os.dup(self.con_out)

    def take_report(self, fd):
        data = os.read(fd, kvm.CHUNK)
        self.text += data
        return bool(data) and b"Exiting now" not in self.text

    def reap(self):
        return self.kill()

    def kill(self):
        if self.pid is not None:
            from .crash import output_of
            output_of([process.find_program("xl"), "destroy", self.name])
        return super().kill()


# ---- what is to be run ---------------------------------------------------------------------------

def is_dom0():
    try:
        with open("/proc/xen/capabilities", "rb", buffering=0) as f:
            return b"control_d" in f.read(64)
    except OSError:
        return False


def guest(image, o, kernel, ramdisk, vifs=()):
    """The domain as xl shall be told of it."""
    from xenrig.config import Guest
    name = os.path.basename(image.path).partition("_xen-")[0]
    cmdline = kvm.command_line(image, o, terminal.size(), terminal.mask() if not o.print_xl else None)
    g = Guest(name, o.xen_type, kernel, cmdline, o.memory or kvm.DEFAULT_MEMORY, int(o.smp or 1))
    g.ramdisk, g.vifs = ramdisk, list(vifs)
    g.disks = [disk(d, i, os.path.realpath(d.path)) for i, d in enumerate(o.disk)]
    return g


def disk(d, number, path, script=""):
    """A disk: xvda and so on; path: what it is in dom0."""
    return "phy:%s,xvd%c,%s%s" % (path, 97 + number, "r" if d.readonly else "w", script) if path.startswith("/dev/") else \
        "format=raw,vdev=xvd%c,access=%s,target=%s" % (97 + number, "ro" if d.readonly else "rw", path)


def vif(o, script=""):
    """The network device, on a bridge."""
    if o.net == "none":
        return []
    kind, _, name = o.net.partition(":")
    from .net import mac_for
    return ["mac=%s,bridge=%s%s" % (mac_for(o.net, MAC), name if kind == "bridge" else BRIDGE, script)]


def check(image, o):
    """Options that mean nothing here."""
    for name in ("machine", "cpu") if o.xen_type not in ("dom0less", "dom0") else ():
        if getattr(o, name) is not None:
            raise RunError("--%s: Xen's guests have no choice of it" % name)
    for name, value in (("--gdb", o.gdb), ("--core", o.core is not None)):
        if value:
            raise RunError("%s: not there for Xen's guests yet; a kvm image of the same configuration has it" % name)
    if o.accel not in (None, "auto", "tcg"):
        raise RunError("--accel %s: the rig runs Xen with tcg; on a machine that is a Xen dom0, xl is used" % o.accel)
    if o.qemu_args:
        raise RunError("--qemu-args: not with Xen, whose QEMU is the rig's")


def check_memory_pv(image, o):
    """Xen's builder of a PV guest maps the image, half a MiB behind it, and all up to the next 4 MiB; with less memory
    it fails, in words of its own."""
    need = -(-(image.end + PV_MORE) // PV_STEP) * PV_STEP
    if o.xen_type == "pv" and (o.memory or kvm.DEFAULT_MEMORY) < need:
        raise RunError("memory too small: this image needs at least %d KiB as a PV guest; give --memory" % (need >> 10), status=1)


KINDS = {"x86_64": ("pvh", "pv", "pvh-dom0", "pv-dom0"), "arm64": ("pvh", "dom0less", "dom0")}


def decide(image, o):
    """What was not asked for: who runs the guest, and as what."""
    kinds = KINDS[image.arch]
    o.xen_type = o.xen_type or kinds[0]
    if o.xen_type not in kinds:
        raise RunError("--xen-type %s: an image for %s can be %s" % (o.xen_type, image.arch, ", ".join(kinds)))
    o.xen = o.xen or ("xl" if image.arch == os.uname().machine.replace("aarch64", "arm64") and is_dom0() and process.find_program("xl") else "rig")


def run(image, o):
    check(image, o)
    kvm.check_memory(image, o, None if o.root is not None else o.initrd)
    check_memory_pv(image, o)
    if o.print_xl:
        if o.xen_type not in ("pvh", "pv"):
            raise RunError("--print-xl: --xen-type %s is nothing that xl starts; pvh%s is" % (o.xen_type, " or pv" if image.arch == "x86_64" else ""))
        g = guest(image, o, kernel_by_hand(image), "initrd.cpio" if o.root is not None else o.initrd and os.path.realpath(o.initrd), vif(o))
        os.write(1, os.fsencode(by_hand(image, o.root) + g.text()))
        return 0
    if not o.dry_run:
        o.params.insert(0, "xen.records=1")  # first: what follows may be wrong, and is complained of in a record
    if o.xen_type not in ("pvh", "pv"):
        return run_smoke(image, o)
    return run_local(image, o) if o.xen == "xl" else run_rig(image, o)


def reachable(path):
    """The same file for a process that is not our child."""
    return "/proc/%d/fd/%s" % (os.getpid(), path[8:]) if path.startswith("/dev/fd/") else os.path.realpath(path)


def kernel_by_hand(image):
    return os.path.realpath(image.path) if image.arch not in kvm.RAW else "Image"


def by_hand(image, root=None):
    """What comes before `xl create`, as comments of its file."""
    kernel = "" if image.arch not in kvm.RAW else "# kernel: aarch64-linux-gnu-objcopy -O binary %s Image\n" % process.quote([image.debug_file])
    return kernel + ("" if root is None else "# ramdisk: support/tools/mkinitrd %s initrd.cpio\n" % process.quote([os.path.realpath(root)]))


def run_local(image, o):
    if process.find_program("xl") is None:
        raise RunError("--xen xl: there is no `xl` here; on a machine without Xen, --xen rig brings its own")
    g = guest(image, o, None if o.dry_run else reachable(kvm.raw_for(image) or image.path), None, vif(o))
    g.name += "-%d" % os.getpid()
    g.after = dict.fromkeys(("poweroff", "reboot", "crash"), "preserve")
    if o.initrd is not None or o.root is not None:  # xl reads it from here: it needs no name of its own
        g.ramdisk = reachable(kvm.initrd_for(o))
    if o.dry_run:
        g.kernel = kernel_by_hand(image)
        os.write(1, os.fsencode(by_hand(image) + g.text()) + b"# xl create -F, with that\n")
        return 0
    fd = os.memfd_create("xl.cfg")
    os.write(fd, os.fsencode(g.text()))
    s = LocalDomain(image, o)
    s.name = g.name
    return kvm.conduct(s, ["xl", "create", "-q", "-F", "/proc/%d/fd/%d" % (os.getpid(), fd)])


def program(image, o):
    kvm.require_qemu(image, o)
    return kvm.qemu_program(image, o)


def run_smoke(image, o):
    from xenrig import machine, packages
    if o.net not in (None, "none") or o.publish or o.disk:
        raise RunError("--net, --publish, --disk: an image that is %s has no devices; --xen-type %s has" % (
            "dom0 itself", o.xen_type[:-5]) if image.arch == "x86_64" else
            "--net, --publish, --disk: an image that no toolstack has started has no devices; --xen-type pvh has")
    cmdline, initrd = kvm.command_line(image, o, terminal.size(), terminal.mask()), kvm.initrd_for(o)
    more = (cmdline, initrd, o.memory or 64 << 20, int(o.smp or 1), program(image, o))
    try:
        if image.arch == "x86_64":
            argv = machine.smoke_command(o.xen_type[:-5], packages.files(), image.path, *more)
        else:
            from xenrig import arm64
            argv = arm64.command(o.xen_type, bytes(image.raw()), *more, o.machine, o.cpu)
    except packages.RigError as e:
        raise RunError(str(e)) from None
    if o.dry_run:
        print(process.quote(argv + ["-serial", "stdio"]))
        return 0
    if o.xen_type == "dom0less":
        return kvm.conduct(Dom0less(image, o, LogRecords(o.verbose)), argv)
    return kvm.conduct(Smoke(image, o, SmokeRecords(o.verbose)), argv)


def run_rig(image, o):
    from xenrig import machine, packages
    g = guest(image, o, "/guest", None, vif(o, ",script=vif-rig"))
    g.after = dict.fromkeys(("poweroff", "reboot", "crash"), "preserve")
    g.disks = [disk(d, i, "/dev/vd%c" % (97 + i), ",script=block-rig") for i, d in enumerate(o.disk)]
    initrd = kvm.initrd_for(o)
    network = ()
    if o.net != "none":
        from . import net
        network = net.back_end(o)
    process.stop_on_signals()
    rig = None
    try:
        size = g.memory + (os.stat(initrd).st_size if initrd else 0)
        argv = machine.rig_of(image.arch)(packages.files(image.arch), size, int(o.smp or 1), program(image, o), network,
                                   [d.for_qemu(i) for i, d in enumerate(o.disk)])
        if o.dry_run:
            print(process.quote(argv))
            os.write(1, os.fsencode(g.text()))
            return 0
        rig = machine.Rig(argv, o.verbose)
        rig.wait_until_ready()
        put(rig, "/guest", kvm.raw_for(image) or image.path)
        if initrd:
            g.ramdisk = "/initrd"
            put(rig, g.ramdisk, initrd)
        rig.put_text("/guest.cfg", g.text())
        s = RigDomain(image, o, rig)
    except packages.RigError as e:
        raise RunError(str(e)) from None
    except process.Stop as stop:
        if rig is not None:
            rig.end()
        return process.end_by_signal(stop.signum)
    return kvm.conduct(s, None)


def put(rig, name, path):
    fd = os.open(path, os.O_RDONLY)
    try:
        rig.put(name, fd)
    finally:
        os.close(fd)
