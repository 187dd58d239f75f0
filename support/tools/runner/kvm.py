# SPDX-License-Identifier: BSD-3-Clause
"""An image in a virtual machine: the QEMU command, and the session with the guest.

Pipes connect us to QEMU, so that nothing is left behind in the file system:

  console   QEMU's own stdin and stdout are the guest's serial port: our input, and its stdout
  side      records that the guest writes to port 0xe9 byte by byte, or where there are no ports to a serial
            port, the last device on the PCI bus (see SideChannel)
  monitor   QEMU's control protocol (a socket), to send a serial break, to press the power button,
            and for an NMI when our stdout is closed

QEMU hands every byte over singly. A pipe takes a byte in half the time of a socket.

The guest asks for input with a record; only then is stdin read (and a terminal made raw), so that
an image that reads nothing takes nothing from a script. The end of stdin is a serial break.
"""
import os
import select
import sys
import time
import _socket  # the socket module adds 10 ms of start-up to this

from . import STATUS_SILENT, STATUS_TIMEOUT, RunError, process, terminal, words

POLLIN, POLLOUT = select.POLLIN, select.POLLOUT
CHUNK = 65536
PIPE_BUF = 4096          # a pipe that poll() calls writable takes this much without blocking
BATCH = 0.0005           # seconds in which bytes of a stream gather
LINE_GRACE = 0.1         # seconds for which stderr waits for the end of a line of stdout, once for each line
EXIT_GRACE = 5.0         # seconds that QEMU may take to end, once all has been said

DEFAULT_MEMORY = 128 << 20
GUEST_SPEAKS = 0x102000  # with that much memory a guest of x86_64 can say itself that it needs more

# QEMU per CPU: its name, Debian's package, what it starts and what it says it is, and the side channel.
QEMU = {
    "x86_64": ("qemu-system-x86_64", "qemu-system-x86", "microvm", "max",
               ["-device", "isa-debugcon,iobase=0xe9,readback=0x57,chardev=side"]),
    "riscv64": ("qemu-system-riscv64", "qemu-system-misc", "virt", "rv64",
                ["-device", "pci-serial,chardev=side,addr=1f"]),
    "arm64": ("qemu-system-aarch64", "qemu-system-arm", "virt", "max", ["-device", "pci-serial,chardev=side,addr=1f"]),
}
# Firmware writes to the console as well, and before the image does; which says so when it begins.
BEGINS = b"\0whittle\0"
FIRMWARE_TALKS = ("riscv64",)
# CPUs without an instruction for random numbers, or with one that not all have: the guest finds some KiB where it says something, enough to seed a
# generator hundreds of times.
NO_RANDOM = ("riscv64", "arm64")
SEED_SIZE = 16384
# QEMU gives these a device tree, and tells them of it, as raw images only.
RAW = ("arm64",)
# To switch these off ends QEMU at once, whatever it was told (hw/misc/sifive_test.c of 7.2): with --core the image stops instead.
STAYS = ("riscv64",)
# Their UART may lose a byte to a break: the end of input is in the input (plat/kvm/devtree/pl011.c).
ESCAPES = ("arm64",)


# ---- the command ---------------------------------------------------------------------------------

def cpu_has_virtualisation():
    """Does this machine's CPU have VMX or SVM? A /dev/kvm that opens is no proof."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as f:
            text = f.read(4096)  # the first CPU
    except OSError:
        return False
    for line in text.split(b"\n"):
        if line.startswith(b"flags"):
            flags = line.split()
            return b"vmx" in flags or b"svm" in flags
    return False


def accelerator(image, o):
    if image.arch != os.uname().machine:
        if o.accel == "kvm":
            raise RunError("--accel kvm: this machine's CPU is %s, the image's %s; --accel tcg emulates it"
                           % (os.uname().machine, image.arch))
        return o.accel if o.accel and o.accel.startswith("tcg") else "tcg"
    if o.accel == "kvm":
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise RunError("--accel kvm: /dev/kvm is not there, or not yours (group kvm); "
                           "--accel tcg needs no hardware")
        if not cpu_has_virtualisation():
            raise RunError("--accel kvm: this machine's CPU has no virtualisation (no vmx or svm "
                           "in /proc/cpuinfo); --accel tcg needs none")
        return "kvm"
    if o.accel and o.accel.startswith("tcg"):  # with QEMU's own options, maybe
        return o.accel
    return "kvm" if cpu_has_virtualisation() and os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg"


def command_line(image, o, size=None, tty=None):
    """The kernel's command line: parameters -- arguments."""
    line = list(o.params)
    if o.core is not None and image.arch in STAYS:
        line.append("kvm.core=1")
    if tty is not None:
        line.append("console.tty=%d" % tty)
    if size:
        line.append("console.size=%dx%d" % size)
    if o.kernel_args:
        line.append(o.kernel_args)
    if o.args:
        line += ["--"] + [words.quote(a) for a in o.args]
    return " ".join(line)


def cpus(o, accel):
    """For one CPU QEMU's emulation leaves out memory barriers (in 7.2 all of them, from 8.1 on those of x86's locked instructions),
    as if its devices did not run beside that CPU, in another thread. Then a device asks to be notified just when the driver looks
    whether it does, each sees what was before, and both wait. For what can have a second CPU QEMU leaves them in."""
    if o.smp and int(o.smp) > 1:
        return ["-smp", o.smp]
    if accel.startswith("tcg") and "-smp" not in words.split(o.qemu_args or ""):
        return ["-smp", "cpus=1,maxcpus=2" if o.smp else "1,maxcpus=2"]
    return ["-smp", o.smp] if o.smp else []


def qemu_command(image, o, initrd, append, kernel=None):
    """QEMU's arguments but for console, side channel and monitor. kernel: what it loads in the image's place."""
    accel = accelerator(image, o)
    _, _, machine, cpu, _ = QEMU[image.arch]
    argv = [qemu_program(image, o), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", (o.machine or machine), "-accel", accel,
            "-cpu", o.cpu or ("host" if accel == "kvm" else cpu),
            "-m", qemu_memory(o.memory or DEFAULT_MEMORY)]
    argv += cpus(o, accel) + ["-kernel", kernel or image.path]
    if initrd:
        argv += ["-initrd", initrd]
    if append:
        argv += ["-append", append]
    if o.net != "none":
        from . import net
        argv += net.qemu_arguments(o)
    if o.disk:
        from . import disk
        argv += disk.qemu_arguments(o)
    if o.core is None:
        if image.arch == "x86_64":
            argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    else:  # its end, or its reset, leaves the machine to be looked at
        argv += ["-action", "shutdown=pause,reboot=shutdown"]
    if o.qemu_args:
        argv += words.split(o.qemu_args)
    return argv


def qemu_program(image, o):
    """$QEMU is x86_64's: tests put one in its place."""
    return o.qemu or (image.arch == "x86_64" and os.environ.get("QEMU")) or QEMU[image.arch][0]


def qemu_memory(size):
    for unit, shift in (("G", 30), ("M", 20)):
        if size % (1 << shift) == 0:
            return "%d%s" % (size >> shift, unit)
    return "%dK" % (size >> 10)


def dry_run(image, o):
    """A command that does the same by hand, with the console on the terminal."""
    initrd = o.initrd
    if o.root is not None:
        initrd = "initrd.cpio"
        print("support/tools/mkinitrd %s initrd.cpio" % process.quote([o.root]))
    argv = qemu_command(image, o, initrd, command_line(image, o), raw_by_hand(image))
    print(process.quote(argv + ["-serial", "stdio"]))
    return 0


# ---- the side channel ----------------------------------------------------------------------------

class SideChannel:
    """Records from the guest: a type byte, a length (16 bits, little endian), that many bytes.

      K  a kernel message         -> stderr (it is marked already: [whittle])
      E  bytes of the application's stderr
      C  a part of a crash report -> collected, shown with names at the end
      X  exit status, one byte
      R  the guest wants input, no bytes
      B  the guest hears the power button, no bytes
      P  the guest can be told that nobody reads its stdout any more, no bytes
    """

    def __init__(self):
        self.partial = b""
        self.err = b""
        self.crash = b""
        self.status = None
        self.wants_input = False
        self.hears_button = False
        self.knows_pipes = False
        self.raw = False  # the terminal is the guest's

    def feed(self, data):
        data = self.partial + data
        at = 0
        while len(data) - at >= 3:
            end = at + 3 + data[at + 1] + (data[at + 2] << 8)
            if end > len(data):
                break
            self.record(data[at:at + 1], data[at + 3:end])
            at = end
        self.partial = data[at:]

    def record(self, kind, payload):
        if kind == b"E":
            self.err += payload
        elif kind == b"K":  # no line discipline has seen these
            self.err += payload.replace(b"\n", b"\r\n") if self.raw else payload
        elif kind == b"C":
            self.crash += payload
        elif kind == b"X" and payload:
            self.status = payload[0]
        elif kind == b"R":
            self.wants_input = True
        elif kind == b"B":
            self.hears_button = True
        elif kind == b"P":
            self.knows_pipes = True


def is_one_file(a, b):
    """Do two descriptors lead to one file, as on a terminal, or with 2>&1?"""
    try:
        a, b = os.fstat(a), os.fstat(b)
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)


# ---- the session ---------------------------------------------------------------------------------

class Output:
    """A descriptor of ours that others may share: written without blocking, without O_NONBLOCK."""

    def __init__(self, fd):
        self.fd = fd
        self.data = b""
        self.in_line = False     # what was written ends in the middle of a line ...
        self.interrupted = False # ... into which something else has been written
        try:
            import stat
            self.chunk = CHUNK if stat.S_ISREG(os.fstat(fd).st_mode) else PIPE_BUF
        except OSError:
            self.chunk = PIPE_BUF

    def write_some(self, up_to_line):
        """Some of what there is, or of the first line of it."""
        piece = self.data[:self.chunk]
        if up_to_line:
            piece = piece[:piece.find(b"\n") + 1] or piece
        try:
            n = os.write(self.fd, piece)
        except BlockingIOError:  # somebody else made it non-blocking
            return
        except BrokenPipeError:
            raise
        except OSError as e:
            raise RunError("%s: %s; the image is ended" % (
                "stdout" if self.fd == 1 else "stderr", e.strerror), STATUS_SILENT) from None
        self.data = self.data[n:]
        self.in_line = piece[:n][-1:] != b"\n"
        self.interrupted &= b"\n" not in piece[:n]


class Session:
    silent_status = STATUS_SILENT  # of an image that says none itself

    def __init__(self, image, o):
        self.image, self.o = image, o
        self.con_in = self.con_out = self.side_pipe = self.monitor = -1
        self.side = SideChannel()
        self.out, self.err = Output(1), Output(2)
        self.stdin_open = False
        self.to_guest = b""
        self.break_due = False
        self.tty = terminal.Terminal(0)
        self.stdin_tty = terminal.is_terminal(0)
        self.pid = None
        self.received = 0.0
        self.signals = process.hear_signals()
        self.stopped_by = None  # the signal that asked us to end, after which the guest was asked
        self.stopped_at = 0.0
        self.patience = None    # until when it may take its time
        self.hung_up = False  # nobody reads our stdout any more, and the guest was told
        self.core_message = None
        self.one_file = is_one_file(1, 2)
        self.hold = 0.0       # until when stderr waits for a line of stdout; 0: it does not
        self.firmware = b"" if image.arch in FIRMWARE_TALKS else None  # what it said, until the image begins

    # -- start and end --

    def start(self, argv):
        their_in, self.con_in = os.pipe()
        self.con_out, their_out = os.pipe()
        if self.image.arch in NO_RANDOM:
            ours, theirs = _socket.socketpair()
            self.side_pipe, their_side = ours.detach(), theirs.detach()
            os.write(self.side_pipe, os.urandom(SEED_SIZE))
            side = "socket,id=side,fd=%d"
        else:
            self.side_pipe, their_side = os.pipe()
            side = "file,id=side,path=/dev/fd/%d"
        self.monitor, their_monitor = _socket.socketpair()
        os.set_inheritable(their_side, True)
        os.set_inheritable(their_monitor.fileno(), True)
        argv = argv + ["-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con",
                       "-chardev", side % their_side,
                       *QEMU[self.image.arch][4],
                       "-chardev", "socket,id=mon,fd=%d" % their_monitor.fileno(),
                       "-mon", "chardev=mon,mode=control"]
        if self.o.verbose:
            os.write(2, (process.quote(argv) + "\n").encode())
        # Its own process group: a Ctrl-C on the terminal is for us to handle.
        self.pid = process.spawn(argv, own_group=True, stdin=their_in, stdout=their_out)
        for fd in (their_in, their_out, their_side):
            os.close(fd)
        their_monitor.close()
        os.set_blocking(self.con_in, False)

    def reap(self):
        """QEMU's wait status; it is over, or made so."""
        if self.pid is None:
            return 0
        deadline = time.monotonic() + EXIT_GRACE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return status
            time.sleep(0.001)
        return self.kill()

    def kill(self):
        if self.pid is None:
            return 0
        process.kill(self.pid)
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        return status

    def silent(self, status):
        """The guest has gone without telling a status: in words. status: QEMU's."""
        how = ("was ended by signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else
               "ended with status %d" % os.WEXITSTATUS(status))
        return ("QEMU %s before the guest said how it went: it was reset, or QEMU itself failed (then its message is "
                "above)" % how)

    # -- the loop: moves bytes until both of QEMU's streams have ended --

    def loop(self):
        deadline = time.monotonic() + self.o.timeout if self.o.timeout else None
        con_in, con_out, side = self.con_in, self.con_out, self.side_pipe
        open_pipes = {fd for fd in (con_out, side) if fd >= 0}
        ending = None
        if self.o.core is not None:
            from .monitor import Ending
            ending = Ending(self)
        progress = 0.0
        while (open_pipes and not self.is_over()) or self.out.data or self.err.data:
            poll = select.poll()
            # Nothing more is taken in while what came before has no taker: memory stays bounded.
            events = {}
            if con_out in open_pipes and not self.out.data:
                events[con_out] = POLLIN
            if side in open_pipes and not self.err.data:
                events[side] = POLLIN
            if self.to_guest:
                events[con_in] = POLLOUT
            turns = self.turns(con_out in open_pipes)
            for stream in turns:
                if stream.data:
                    events[stream.fd] = events.get(stream.fd, 0) | POLLOUT
            if self.stdin_open and not self.to_guest:
                events[0] = POLLIN
            events[self.signals] = POLLIN
            if ending and ending.watching:
                events[self.monitor.fileno()] = POLLIN
            for fd, mask in events.items():
                poll.register(fd, mask)
            if self.streaming():
                time.sleep(BATCH)
            ready = dict(poll.poll(self.wait_ms(deadline)))

            now = time.monotonic()
            if deadline is not None and now >= deadline:
                if ending:
                    ending.timeout()
                return False
            if ready.pop(self.signals, None):
                self.stop(os.read(self.signals, 1)[0])
            if self.patience is not None and now >= self.patience:
                os.write(2, b"support/run: %s: still there %g s after it was asked to end: ended now\n"
                         % (os.fsencode(self.image.path), self.o.grace))
                raise process.Stop(self.stopped_by)
            if ready or self.out.data or self.err.data:
                progress = now
            elif self.side.status is not None and now - progress >= EXIT_GRACE:
                self.kill()  # all is said, but it cannot switch its machine off
                return True
            for stream in turns:
                if stream.data and ready.get(stream.fd):
                    self.write(stream, up_to_line=turns == (self.out,))
            if ready.get(0) and 0 in events:
                self.read_stdin()
            if ready.get(con_in):
                self.send()
            for fd in (con_out, side):
                if ready.get(fd):
                    self.receive(fd, open_pipes)
            if ending and ending.watching:
                ending.look(ready.get(self.monitor.fileno()))
            if self.break_due:
                self.try_break()
        return True

    def is_over(self):
        """Over although the streams are open?"""
        return False

    def streaming(self):
        """QEMU hands over every byte singly. When they come in a stream, let some gather."""
        now = time.monotonic()
        recent, self.received = now - self.received < 2 * BATCH, now
        return recent

    def turns(self, more):
        """Which streams are written now. If they lead to one file, what goes to stderr waits for the end of a line of stdout that is just coming."""
        if not self.one_file or not self.err.data:
            self.hold = 0.0
            return self.out, self.err
        if self.out.in_line and not self.out.interrupted and (self.out.data or more):
            now = time.monotonic()
            self.hold = self.hold or now + LINE_GRACE
            if now < self.hold:
                return (self.out,)
        self.hold = 0.0
        self.out.interrupted = self.out.in_line
        return (self.err,)

    def wait_ms(self, deadline):
        ms = None
        if deadline is not None:
            ms = max(0.0, deadline - time.monotonic()) * 1000 + 1
        if self.side.status is not None:
            ms = min(ms, 100) if ms is not None else 100
        if self.break_due:
            ms = min(ms, 2) if ms is not None else 2
        if self.hold:
            left = max(0.0, self.hold - time.monotonic()) * 1000 + 1
            ms = min(ms, left) if ms is not None else left
        if self.patience is not None:
            left = max(0.0, self.patience - time.monotonic()) * 1000 + 1
            ms = min(ms, left) if ms is not None else left
        return ms

    def stop(self, signum):
        """We shall end: so shall the guest, by itself if it hears us. The second time it just ends."""
        now = time.monotonic()
        if self.stopped_by is not None and now - self.stopped_at < process.SAME_REQUEST:
            return
        if self.stopped_by is not None or not self.side.hears_button:
            raise process.Stop(signum)
        self.stopped_by, self.stopped_at = signum, now
        self.patience = now + self.o.grace
        self.press_button()

    def press_button(self):
        self.command(b'{"execute":"system_powerdown"}')

    def tell_hung_up(self):
        self.command(b'{"execute":"inject-nmi"}')

    def command(self, text):
        try:
            self.monitor.sendall(b'{"execute":"qmp_capabilities"}' + text)
        except (BrokenPipeError, ConnectionResetError):  # QEMU is ending
            pass

    def receive(self, fd, open_pipes):
        try:
            data = os.read(fd, CHUNK)
        except ConnectionResetError:  # QEMU's end of a socket, at which not all was read
            data = b""
        if not data:
            open_pipes.remove(fd)
            self.stdin_open = self.break_due = False
            self.to_guest = b""
        elif fd == self.con_out:
            if self.firmware is not None:
                data = self.skip_firmware(data)
            if not self.hung_up:
                self.out.data += data
        else:
            self.side.feed(data)
            self.err.data += self.side.err
            self.side.err = b""
            if self.side.wants_input and not self.stdin_open and not self.break_due:
                self.open_stdin()

    def skip_firmware(self, data):
        """What of `data` is the image's."""
        self.firmware += data
        said, begins, rest = self.firmware.partition(BEGINS)
        if not begins:
            return b""
        self.firmware = None
        return rest

    def write(self, stream, up_to_line=False):
        try:
            stream.write_some(up_to_line)
        except BrokenPipeError:
            if stream is not self.out or not self.side.knows_pipes:
                raise
            self.out.data = b""
            self.hung_up = True
            self.tell_hung_up()

    # -- input --

    def open_stdin(self):
        self.side.wants_input = False
        self.stdin_open = True
        if self.stdin_tty:
            self.tty.raw()
            self.side.raw = True

    def read_stdin(self):
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # closed, or a terminal that has gone
            data = b""
        if not data:
            self.stdin_open = False
            if self.image.arch in ESCAPES:
                self.to_guest += b"\x10E"
            else:
                self.break_due = True
        elif self.stdin_tty and terminal.ESCAPE in data:
            raise process.Stop(process.SIGINT)
        else:
            self.to_guest += self.encode(data)

    def encode(self, data):
        """What the guest gets for what was typed."""
        return data.replace(b"\x10", b"\x10D") if self.image.arch in ESCAPES else data

    def send(self):
        try:
            n = os.write(self.con_in, self.to_guest)
        except BlockingIOError:
            return
        except BrokenPipeError:  # QEMU is ending
            n = len(self.to_guest)
        self.to_guest = self.to_guest[n:]

    def try_break(self):
        """The break overtakes bytes that QEMU has not taken yet: wait until there are none."""
        from array import array
        from fcntl import ioctl
        from termios import FIONREAD
        left = array("i", [0])
        ioctl(self.con_in, FIONREAD, left)
        if self.to_guest or left[0]:
            return
        self.break_due = False
        self.command(b'{"execute":"chardev-send-break","arguments":{"id":"con"}}')


def run(image, o):
    if o.gdb:
        from . import gdb
        return gdb.run(image, o)
    if o.dry_run:
        return dry_run(image, o)
    require_qemu(image, o)
    append = command_line(image, o, terminal.size(), terminal.mask())
    initrd = initrd_for(o)
    check_memory(image, o, initrd)
    argv = qemu_command(image, o, initrd, append, raw_for(image))
    return conduct(Session(image, o), argv)


def conduct(s, argv):
    """From the start of a session to the exit status that this command has."""
    image, o = s.image, s.o
    try:
        s.start(argv)
        in_time = s.loop()
        status = s.reap() if in_time else s.kill()
    except process.Stop as stop:
        s.kill()
        s.tty.restore()
        return process.end_by_signal(stop.signum)
    except BrokenPipeError:
        s.kill()
        s.tty.restore()
        return process.end_by_signal(process.SIGPIPE)
    finally:
        s.kill()
        s.tty.restore()
    if s.firmware and not s.stopped_by:  # the image never began, or could not say so
        os.write(2, s.firmware)
    if s.side.crash:
        from . import crash
        crash.show(s.side.crash, image)
    if s.core_message:
        os.write(2, b"support/run: %s\n" % os.fsencode(s.core_message))
    if s.stopped_by is not None and s.side.status == 128 + process.SIGTERM:
        return process.end_by_signal(s.stopped_by)  # it has no handler: it died of what we died of
    if s.hung_up and s.side.status == 128 + process.SIGPIPE:
        return process.end_by_signal(process.SIGPIPE)
    if s.side.status is not None:
        return s.side.status
    if not in_time:
        sys.stderr.write("support/run: timeout after %g s\n" % o.timeout)
        return STATUS_TIMEOUT
    if not s.side.crash:
        sys.stderr.write("support/run: %s: %s\n" % (image.path, s.silent(status)))
    return s.silent_status


def require_qemu(image, o):
    qemu = qemu_program(image, o)
    if process.find_program(qemu) is None:
        raise RunError("%s is not there; install the package %s, or name another "
                       "with --qemu" % (qemu, QEMU[image.arch][1]))


def check_memory(image, o, initrd):
    """QEMU loads the image even where there is no memory, and the initrd over the image."""
    have, need = o.memory or DEFAULT_MEMORY, image.end
    if initrd:
        need += os.stat(initrd).st_size + 4095 & ~4095
    if image.arch == "riscv64":  # QEMU puts the device tree into the last 2 MiB
        need = (need + 0x1fffff & ~0x1fffff) + 0x200000
    if image.arch == "arm64":  # QEMU puts the initrd behind the image or the middle of memory, and the device tree behind that
        need = max(need, min(have // 2, 128 << 20) + (os.stat(initrd).st_size if initrd else 0))
        need = (need + 0x1fffff & ~0x1fffff) + 0x200000
    if have < need and (initrd or have < GUEST_SPEAKS or image.arch != "x86_64") and not o.qemu_args:
        raise RunError("memory too small: this image%s at least %d KiB; give --memory" % (
            " and its initrd need" if initrd else " needs", need + 1023 >> 10), status=1)


def raw_for(image):
    """The image as a file without a name, if it has to be a raw one; else None."""
    if image.arch not in RAW:
        return None
    fd = os.memfd_create("image", 0)
    os.set_inheritable(fd, True)
    data = image.raw()
    while data:
        data = data[os.write(fd, data):]
    return "/dev/fd/%d" % fd


def raw_by_hand(image):
    """The same: prints the command that makes it."""
    if image.arch not in RAW:
        return None
    print("aarch64-linux-gnu-objcopy -O binary %s Image" % process.quote([image.debug_file]))
    return "Image"


def initrd_for(o):
    if o.root is None:
        return o.initrd
    from . import cpio
    fd = cpio.pack_to_memory(o.root)
    os.set_inheritable(fd, True)
    return "/dev/fd/%d" % fd
