# SPDX-License-Identifier: BSD-3-Clause
"""The command line of support/run: a table, and thirty lines that read it.

(argparse would do, but its import takes as long as a boot.)
"""
import os

from . import RunError

USAGE = """\
usage: support/run IMAGE [options] [-- ARGS]

Boots an image and connects it: its stdout and stderr are this command's, input is passed on,
kernel messages go to stderr, and the exit status is the application's.

  --root DIR            pack the folder as the initial file system, /
  --initrd FILE         the same from a cpio archive made before
  --memory SIZE         128M (kvm), 256M (linuxu) if not given; 1152K, 2G ...
  --param LIB.NAME=VAL  a kernel parameter; may be repeated
  --kernel-args LINE    several of them, as one line
  --timeout SECONDS     end the image then, with status 124
  --grace SECONDS       how long the application may take to end when this command is stopped
                        (Ctrl-C, SIGTERM, SIGHUP: it gets a SIGTERM); 10 if not given
  --core FILE           after a crash or a timeout, write an ELF core file for gdb
  --gdb                 run under gdb, which knows `uk threads` and more; with --core: look at that file
  --dry-run             print the command instead of running it
  --verbose             print the command, then run it
  --smp N               CPUs; kvm: 1 if not given, linuxu: all that the host gives us
  --net user|tap:NAME|none
                        the network: QEMU's own, which reaches out from this machine (kvm; the default if
                        the image has a driver), a TAP interface of this machine, none
  --publish HOST:PORT   port HOST of this machine leads to PORT of the image, with --net user; more of them with
                        commas or by repeating; also ADDRESS:HOST:PORT (127.0.0.1 if not given), PORT/udp;
                        HOST+:PORT takes the first free port from HOST on, and says which
  --disk FILE[,ro]      a file as a block device; may be repeated
  --pcap FILE           write all packets there, for wireshark or tcpdump
xen only:
  --xen-type TYPE       pvh (default), pv: a guest beside a Linux as dom0; pvh-dom0, pv-dom0: the image is dom0
                        itself: faster, without devices. arm64: pvh; without devices dom0less: Xen starts it,
                        there is no dom0; dom0
  --xen xl|rig          xl: this machine is a Xen dom0 (default if so); rig: Xen, with a dom0 of its own, under
                        QEMU; --timeout counts from the start of the guest
  --print-xl            print the configuration for `xl create` instead of running
kvm only:
  --machine TYPE        microvm (default), q35, pc; with QEMU's own options: microvm,acpi=off; others: virt (also
                        Xen's on arm64: virt,gic-version=2)
  --accel auto|kvm|tcg  auto takes KVM where the CPU really has it; tcg,thread=single: all CPUs
                        in one thread of the host
  --cpu MODEL           default: host with KVM, max without (riscv64: rv64)
  --qemu-args LINE      more arguments for QEMU, quoted as for a shell
  --qemu PROGRAM        default: $QEMU, or qemu-system-x86_64 (qemu-system-riscv64, qemu-system-aarch64)

On a terminal, Ctrl-] ends a kvm image whatever it is doing; so does stopping this command twice.
Status: the application's; 2 wrong usage; 124 timeout; 125 the guest ended without a status."""

# Options that take a value, and the attribute of Options that gets it.
OPTIONS = {
    "--root": "root", "--initrd": "initrd", "--memory": "memory", "--param": "params",
    "--kernel-args": "kernel_args", "--timeout": "timeout", "--grace": "grace", "--machine": "machine", "--smp": "smp",
    "--accel": "accel", "--cpu": "cpu", "--qemu-args": "qemu_args", "--qemu": "qemu",
    "--net": "net", "--publish": "publish", "--pcap": "pcap", "--core": "core",
    "--xen-type": "xen_type", "--xen": "xen", "--disk": "disk",
}
FLAGS = {"--gdb": "gdb", "--dry-run": "dry_run", "--verbose": "verbose", "--print-xl": "print_xl"}
REPEATED = ("params", "publish", "disk")
LATER = {"--share": "shared folders"}
XEN_ONLY = ("xen_type", "xen", "print_xl")
XEN_TYPES = ("pvh", "pv", "pvh-dom0", "pv-dom0", "dom0less", "dom0")
KVM_ONLY = ("machine", "accel", "cpu", "qemu_args", "qemu")


class Options:
    """What was asked for; None where it was not."""

    def __init__(self):
        self.image = None
        self.args = []
        for name in list(OPTIONS.values()) + list(FLAGS.values()):
            setattr(self, name, [] if name in REPEATED else None)


def usage_error(text):
    return RunError(text + "; `support/run --help` lists the options")


def nearest(word):
    import difflib
    found = difflib.get_close_matches(word, list(OPTIONS) + list(FLAGS), 1, 0.5)
    return "; did you mean %s?" % found[0] if found else "; `support/run --help` lists the options"


def parse(words):
    """Options from the words behind the command's name; raises RunError."""
    o = Options()
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            o.args = words
            break
        name, eq, value = word.partition("=")
        if not word.startswith("-"):
            if o.image is not None:
                raise usage_error("%s: there is an image already (%s); the application's "
                                  "arguments go behind `--`" % (word, o.image))
            o.image = word
        elif word in ("--help", "-h"):
            print(USAGE)
            raise SystemExit(0)
        elif name in LATER:
            raise RunError("%s: %s is not there yet" % (name, LATER[name]))
        elif name in FLAGS:
            if eq:
                raise usage_error("%s takes no value" % name)
            setattr(o, FLAGS[name], True)
        elif name in OPTIONS:
            if not eq:
                if not words or words[0] == "--":
                    raise usage_error("%s needs a value" % name)
                value = words.pop(0)
            if OPTIONS[name] in REPEATED:
                getattr(o, OPTIONS[name]).append(value)
            else:
                setattr(o, OPTIONS[name], value)
        else:
            raise RunError("%s: no such option%s" % (name, nearest(name)))
    check(o)
    return o


def check(o):
    if o.image is None:
        raise usage_error("no image given")
    if o.net is not None or o.publish or o.pcap is not None:
        from . import net
        net.check_syntax(o)
    if o.root is not None and o.initrd is not None:
        raise usage_error("--root and --initrd both give the initial file system: use one")
    if o.root is not None and not os.path.isdir(o.root):
        raise RunError("--root %s: %s" % (
            o.root, "not a folder" if os.path.exists(o.root) else "no such folder"))
    if o.initrd is not None and not os.path.isfile(o.initrd):
        raise RunError("--initrd %s: no such file" % o.initrd)
    for p in o.params:
        if "=" not in p or "." not in p.partition("=")[0]:
            raise usage_error("--param %s: a parameter is LIBRARY.NAME=VALUE" % p)
    if o.memory is not None:
        o.memory = memory_size(o.memory)
    if o.timeout is not None:
        o.timeout = seconds("--timeout", o.timeout)
        if not o.timeout:
            raise usage_error("--timeout: not a number of seconds")
    o.grace = 10.0 if o.grace is None else seconds("--grace", o.grace)
    if o.smp is not None and not (o.smp.isdecimal() and 0 < int(o.smp)):
        raise usage_error("--smp %s: not a number of CPUs" % o.smp)
    if o.accel not in (None, "auto", "kvm", "tcg") and not o.accel.startswith("tcg,"):
        raise usage_error("--accel %s: auto, kvm or tcg" % o.accel)
    if o.xen_type not in (None, *XEN_TYPES):
        raise usage_error("--xen-type %s: %s" % (o.xen_type, ", ".join(XEN_TYPES)))
    if o.xen not in (None, "xl", "rig"):
        raise usage_error("--xen %s: xl or rig" % o.xen)
    if o.machine is not None and o.machine.partition(",")[0] not in ("pc", "q35", "microvm", "virt"):
        raise usage_error("--machine %s: microvm, q35 or pc, or for riscv64 and arm64 virt" % o.machine)


def seconds(option, text):
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise usage_error("%s: not a number of seconds" % option)
    return value


def memory_size(text):
    """Bytes from 64M, 1152K, 2G, or a plain number of MiB as QEMU has it."""
    units = {"K": 10, "M": 20, "G": 30, "T": 40}
    number, unit = text, "M"
    if text and text[-1].upper() in units:
        number, unit = text[:-1], text[-1].upper()
    if not number.isdecimal() or not int(number):
        raise usage_error("--memory %s: not a size; examples: 64M, 1152K, 2G" % text)
    return int(number) << units[unit]
