# SPDX-License-Identifier: BSD-3-Clause
"""--gdb: a core file, or a virtual machine stopped at reset, under a gdb that has the terminal.

gdb gets the commands of support/tools/gdb/whittle.py: `uk threads` and its like.
"""
import os
import tempfile
import time

from . import STATUS_SILENT, RunError, kvm, process
from .elf import DebugFile, build_id

HELPERS = os.path.join(process.ROOT, "support/tools/gdb/whittle.py")


def program(image):
    """gdb, or an error that says what to install; likewise for the .dbg file."""
    gdb = process.find_gdb(image.arch)
    if gdb is None:
        name = process.gdb_names(image.arch)[0]
        raise RunError("--gdb: there is no %s on this system; install the package %s" % (name, name))
    if not os.path.exists(image.debug_file):
        raise RunError("--gdb: %s is not there; the build makes it beside the image"
                       % image.debug_file)
    return gdb


def open_core(image, o):
    """A core file that --core wrote before."""
    if not os.path.exists(o.core):
        raise RunError("--core %s: no such file; without --gdb it is written by a crash" % o.core)
    program(image)
    with open(o.core, "rb") as f:
        wanted = build_id(f.read(16))
    if not DebugFile(image.debug_file).belongs_to(wanted):
        raise RunError("--core %s: written by another build than %s is; gdb would show what is not true"
                       % (o.core, image.debug_file))
    argv = [program(image), "-q", "-iex", "set confirm off", "-iex", "directory " + process.ROOT,
            image.debug_file, o.core, "-x", HELPERS]
    if o.dry_run:
        print(process.quote(argv))
        return 0
    os.execv(argv[0], argv)


RESULT = {"x86_64": "$rax", "riscv64": "$a0", "arm64": "$x0"}  # where a function's result is


def gdb_script(image, remote):
    """gdb's arguments that attach to a machine at reset and lead it to where the symbols hold.

    The image chooses a random address: boot_early(), which runs where the loader put it (boot_load),
    returns how far the final place is from there, to the label boot_relocated in entry.S.
    """
    debug_file = image.debug_file
    load = DebugFile(debug_file).address_of("boot_load")
    if load is None:
        raise RunError("--gdb: %s has no symbol boot_load, which says where the image is at first; build it again" % debug_file)
    name = os.path.realpath(debug_file).replace("\\", "\\\\").replace(" ", "\\ ")
    return ["-q", "-iex", "set confirm off", "-iex", "directory " + process.ROOT,
            "-ex", "target remote " + remote,
            "-ex", "add-symbol-file %s -o %#x" % (name, load),
            "-ex", "hbreak *boot_relocated", "-ex", "continue", "-ex", "delete",
            "-ex", "remove-symbol-file %s" % name,
            "-ex", "add-symbol-file %s -o %s+%#x" % (name, RESULT[image.arch], load),
            "-ex", "source " + HELPERS]


def run(image, o):
    """The machine under gdb, which has the terminal; the guest's console goes to stdout."""
    gdb = program(image)
    kvm.require_qemu(image, o)
    initrd = o.initrd if o.dry_run else kvm.initrd_for(o)
    kernel = kvm.raw_by_hand(image) if o.dry_run else kvm.raw_for(image)
    argv = kvm.qemu_command(image, o, initrd, kvm.command_line(image, o), kernel) + ["-S"]
    if o.dry_run:
        print(process.quote(argv + ["-serial", "stdio", "-gdb", "tcp::1234"]))
        print(process.quote([gdb] + gdb_script(image, ":1234")))
        return 0
    out = os.dup(1)
    os.set_inheritable(out, True)
    null = os.open("/dev/null", os.O_RDONLY)
    pid = None
    with tempfile.TemporaryDirectory(prefix="whittle-") as folder:
        socket = os.path.join(folder, "gdb")
        argv += ["-chardev", "file,id=con,append=on,path=/dev/fd/%d" % out,
                 "-serial", "chardev:con",
                 "-chardev", "socket,id=gdb,server=on,wait=off,path=" + socket,
                 "-gdb", "chardev:gdb"]
        process.stop_on_signals()
        try:
            pid = process.spawn(argv, own_group=True, stdin=null)
            wait_for(socket, pid)
            process.ignore_interrupt()  # ^C is gdb's
            debugger = os.posix_spawn(gdb, [gdb] + gdb_script(image, socket), os.environ,
                                      setsigdef=[process.SIGINT])
            return os.waitstatus_to_exitcode(os.waitpid(debugger, 0)[1])
        except process.Stop as stop:
            return process.end_by_signal(stop.signum)
        finally:
            if pid is not None:
                process.kill(pid)


def run_emulated(image, emulator, words):
    """A process in qemu-user, stopped at its first instruction, under gdb, which has the terminal; its input is at its end."""
    gdb = program(image)
    null = os.open("/dev/null", os.O_RDONLY)
    pid = None
    with tempfile.TemporaryDirectory(prefix="whittle-") as folder:
        socket = os.path.join(folder, "gdb")
        process.stop_on_signals()
        try:
            pid = process.spawn(emulator + ["-g", socket] + words, own_group=True, stdin=null)
            wait_for(socket, pid)
            process.ignore_interrupt()  # ^C is gdb's
            debugger = os.posix_spawn(gdb, [gdb, "-q", "-iex", "set confirm off", "-iex", "directory " + process.ROOT, image.debug_file,
                                            "-ex", "handle SIGALRM SIGIO nostop noprint pass", "-ex", "target remote " + socket,
                                            "-ex", "source " + HELPERS], os.environ, setsigdef=[process.SIGINT])
            return os.waitstatus_to_exitcode(os.waitpid(debugger, 0)[1])
        except process.Stop as stop:
            return process.end_by_signal(stop.signum)
        finally:
            if pid is not None:
                process.kill(pid)


def wait_for(socket, pid):
    """Until gdb can be led there."""
    deadline = time.monotonic() + 10
    while not os.path.exists(socket):
        if os.waitpid(pid, os.WNOHANG)[0] or time.monotonic() > deadline:
            raise RunError("--gdb: QEMU did not start", STATUS_SILENT)
        time.sleep(0.01)
