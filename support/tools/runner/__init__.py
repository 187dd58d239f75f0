# SPDX-License-Identifier: BSD-3-Clause
"""What support/run is made of.

    options.py   the command line
    image.py     which platform an image is for
    cpio.py      --root: a folder becomes an initial ram disk
    kvm.py       the QEMU command, and the session with the guest
    net.py       the network: --net, --publish, --pcap
    disk.py      block devices: --disk
    gdb.py       the same under a debugger
    xen.py       the image as a domain of Xen, in a rig of its own (../xenrig) or by `xl`
    linuxu.py    the image as a process
    process.py   child processes
    words.py     quoting as the kernel's command line has it
    terminal.py  the user's terminal while a guest owns it
    crash.py     crash reports: addresses become functions and lines, the cause words
    core.py      --core: an ELF core file of what crashed
    monitor.py   QEMU's monitor, which a core needs
    elf.py       symbols and sections of the .dbg file

A boot takes a few milliseconds, so Python's own start counts: modules are imported where they
are needed, and the large ones of the standard library (subprocess, socket, argparse, re) not at all
on the way to a running guest.
"""


class RunError(Exception):
    """Something the user can mend: the message names the thing and the remedy."""

    def __init__(self, message, status=2):
        super().__init__(message)
        self.status = status


# Exit codes that are the runner's own, as of timeout(1); all others are the application's.
STATUS_USAGE = 2
STATUS_TIMEOUT = 124
STATUS_SILENT = 125
