# SPDX-License-Identifier: BSD-3-Clause
"""An image that is a Linux process: it has our descriptors and our terminal; we wait for it.

A crash report comes through a pipe of its own (parameter linuxu.report), so that its addresses can
be turned into functions and lines, while stderr stays the application's.

One for another CPU than this machine's runs in qemu-user, which turns its system calls into this machine's.
"""
import os
import select

from . import STATUS_TIMEOUT, RunError, process, terminal
from .options import KVM_ONLY

SIGCONT, SIGSTOP = 18, 19


def parameters(image, o, report, initrd, pcap=None):
    p = list(o.params)
    hostnet = image.has_hostnet()
    if o.net != "none" or hostnet:
        from . import net
        p += net.linuxu_parameters(o, hostnet, pcap)
    if o.memory:
        p.append("linuxu.memory=%d" % o.memory)
    if o.smp and image.uses_several_cpus():
        p.append("smp.cpus=%s" % o.smp)
    if initrd is not None:
        p.append("vfs.initrd=%s" % initrd)
    if report is not None:
        p.append("linuxu.report=%d" % report)
        if o.core is not None:
            p.append("linuxu.core=1")
    if o.kernel_args:
        from .words import split
        p += split(o.kernel_args)
    return p + (["--"] + o.args if o.args else [])


def emulator(image):
    """The words in front of the command of a process for another CPU."""
    if not process.is_foreign(image.arch):
        return []
    name = "qemu-" + process.SYSTEM_NAMES.get(image.arch, image.arch)
    if process.find_program(name) is None:
        raise RunError("%s: for %s, and there is no %s here; install the package qemu-user (`support/setup %s`)"
                       % (image.path, image.arch, name, name))
    return [name]


def run(image, o):
    for name in KVM_ONLY:
        value = getattr(o, name)
        if value is not None and (name, value) != ("accel", "auto"):
            raise RunError("--%s: only for images that run in a virtual machine; %s is a process"
                           % (name.replace("_", "-"), image.path))
    path = image.path if "/" in image.path else "./" + image.path
    if o.dry_run:
        if o.root is not None:
            print("support/tools/mkinitrd %s initrd.cpio" % process.quote([o.root]))
        initrd = "initrd.cpio" if o.root is not None else o.initrd
        if o.pcap is not None:
            print("# with --pcap the image gets the descriptor of %s in linuxu.pcap" % o.pcap)
        print(process.quote(emulator(image) + [path] + parameters(image, o, None, initrd)))
        return 0
    initrd = o.initrd
    if o.root is not None:
        from . import cpio
        fd = cpio.pack_to_memory(o.root)
        os.set_inheritable(fd, True)
        initrd = "/dev/fd/%d" % fd
    pcap = None
    if o.pcap is not None:
        pcap = os.open(o.pcap, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.set_inheritable(pcap, True)
    if o.gdb and process.is_foreign(image.arch):
        from . import gdb
        return gdb.run_emulated(image, emulator(image), [path] + parameters(image, o, None, initrd, pcap))
    if o.gdb:
        return run_gdb(image, parameters(image, o, None, initrd, pcap))
    if not os.access(path, os.X_OK):
        raise RunError("%s: not executable; `chmod +x` it" % path)
    report, child_end = os.pipe()
    os.set_inheritable(child_end, True)
    argv = emulator(image) + [path] + parameters(image, o, child_end, initrd, pcap)
    if o.verbose:
        os.write(2, (process.quote(argv) + "\n").encode())
    tty = terminal.Terminal(0)
    if terminal.is_terminal(0):
        import termios
        tty.found = termios.tcgetattr(0)
    process.stop_on_signals(2)
    pid, said = None, []

    def write_core(hangs=False):
        from .core import SIGABRT, SIGALRM, Process, write
        try:
            said.append(write(o.core, image, lambda *of: Process(pid, *of), SIGALRM if hangs else SIGABRT))
        except RunError as e:
            said.append(str(e))
    core = write_core if o.core is not None else None
    try:
        # Not a process group of its own: it must be able to read from our terminal.
        pid = process.spawn(argv, own_group=False)
        os.close(child_end)
        text, status = wait(pid, report, o.timeout, core)
    except process.Stop as stop:
        if pid is None:
            return process.end_by_signal(stop.signum)
        text, status = ask_to_end(pid, report, stop.signum, o.grace, image, core)
        if status is None or status == 128 + stop.signum << 8 or os.WIFSIGNALED(status):
            if text:
                show(text, image)
            return process.end_by_signal(stop.signum)
    finally:
        if tty.found is not None:
            tty.restore()
    if text:
        show(text, image)
    for line in said:
        os.write(2, b"support/run: %s\n" % os.fsencode(line))
    if status is None:
        os.write(2, b"support/run: timeout after %g s\n" % o.timeout)
        return STATUS_TIMEOUT
    if os.WIFSIGNALED(status):
        signum = os.WTERMSIG(status)
        if signum in (process.SIGINT, process.SIGPIPE):  # by the user, and as in any pipeline
            return process.end_by_signal(signum)
        os.write(2, b"support/run: %s: ended by signal %d\n" % (os.fsencode(image.path), signum))
        return 128 + signum
    return os.WEXITSTATUS(status)


def show(text, image):
    from . import crash
    crash.show(text, image)


def ask_to_end(pid, report, signum, grace, image, core):
    """We were told to end: tell the process, and give it time. As wait(); status None: by force."""
    try:
        # A terminal has sent its ^C to the process as well.
        if signum != process.SIGINT or not terminal.is_foreground():
            process.kill(pid, signum)
        text, status = wait(pid, report, grace, core)
    except process.Stop:
        process.kill(pid)
        os.waitpid(pid, 0)
        return b"", None
    if status is None:
        os.write(2, b"support/run: %s: still there %g s after it was asked to end: ended now\n"
                 % (os.fsencode(image.path), grace))
    return text, status


def wait(pid, report, timeout, core=None):
    """(crash report, wait status or None on timeout). The pipe closes when the process ends.

    With `core`, the process stops before it ends for a crash; core() is called then.
    """
    text = b""
    poll = select.poll()
    poll.register(report, select.POLLIN)
    deadline = None
    if timeout is not None:
        import time
        deadline = time.monotonic() + timeout
    while True:
        left = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
        if not poll.poll(left if not core else 20 if left is None else min(left, 20)):
            if core and left != 0:
                if has_stopped(pid):
                    core()
                    process.kill(pid, SIGCONT)
                    core = None
                continue
            if core:
                process.kill(pid, SIGSTOP)
                os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                core(True)
            process.kill(pid)
            os.waitpid(pid, 0)
            return text, None
        piece = os.read(report, 65536)
        if not piece:
            break
        text += piece
    return text, os.waitpid(pid, 0)[1]


def has_stopped(pid):
    """Has it stopped itself? (Its end is left for waitpid() to tell.)"""
    found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG)
    return found is not None and found.si_status == SIGSTOP


def run_gdb(image, args):
    from . import gdb
    program = gdb.program(image)
    # The .dbg file is the same program, and unlike the image has what gdb reads before it runs.
    os.execv(program, [program, "-q", "-iex", "directory " + process.ROOT, image.debug_file,
                       # These arrive as interrupts do, all the time.
                       "-ex", "handle SIGALRM SIGIO nostop noprint pass",
                       "-ex", "source " + gdb.HELPERS, "-ex", "set args " + process.quote(args)])
