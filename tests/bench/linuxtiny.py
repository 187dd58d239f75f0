# SPDX-License-Identifier: BSD-3-Clause
"""The opponent: Linux 6.1 built for one application, from the distribution's linux-source-6.1.

linux-tiny.config, laid over Linux's own tinyconfig, says what it has. Building it takes minutes and
2 GB once; the result is kept in the cache.
WHITTLE_BENCH_LINUX names a folder with a ready bzImage and vmlinux instead.
"""
import os
import re
import shutil
import glob

import guest
import initramfs
import tools

CONFIG = os.path.join(tools.HERE, "linux-tiny.config")
PACKAGE = "linux-source-6.1"
# Commands that the kernel's build calls, and the Debian packages that have them.
NEEDS = {"flex": "flex", "bison": "bison", "bc": "bc", "lz4": "lz4", "xz": "xz-utils",
         "dpkg-deb": "dpkg", "apt-get": "apt", "/usr/include/gelf.h": "libelf-dev"}
JOBS = str(max(1, min(4, os.cpu_count() or 1)))


class Linux:
    """A built kernel: `bzimage` counts as its size, `vmlinux` (PVH) is what boots."""

    def __init__(self, folder):
        self.bzimage = os.path.join(folder, "bzImage")
        self.vmlinux = os.path.join(folder, "vmlinux")
        for path in (self.bzimage, self.vmlinux):
            if not os.path.exists(path):
                raise tools.BenchError("%s is missing" % path)
        found = re.search(rb"Linux version (\S+)", tools.read(self.vmlinux))
        self.version = found[1].decode() if found else "unknown"

    def guest(self, initrd, program=(), memory="64M", counted=True, address=None):
        """Boots with `initrd`; its init gets `program`, a list of words, as arguments.

        With `address` it has a network device on PCI with that address.

        The clock is told (with icount 1 GHz, else the host's) so that Linux need not measure it
        either: a guest under KVM would not.
        """
        khz = 1000000 if counted else _host_khz()
        words = ["quiet", "loglevel=0", "console=ttyS0", "panic=-1", "reboot=t",
                 "address=" + address if address else "pci=off", "tsc=reliable", "no_timer_check",
                 "lpj=4000000", "nolapic_timer",
                 "tsc_early_khz=%d" % khz]
        if program:
            words += ["--"] + ['"%s"' % w if " " in w else w for w in program]
        return guest.Guest(self.vmlinux, " ".join(words), initrd, memory)


def _host_khz():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        found = re.search(r"^cpu MHz\s*:\s*([\d.]+)", f.read(), re.M)
    return int(float(found[1]) * 1000) if found else 2000000


def get():
    """The kernel, built if this machine has not done so before."""
    ready = os.environ.get("WHITTLE_BENCH_LINUX")
    if ready:
        return Linux(ready)
    config = tools.read(CONFIG)
    folder = os.path.join(tools.cache_dir(), "bench", "linux-tiny-" + tools.digest(config))
    with tools.locked(folder + ".lock"):
        if not os.path.exists(folder):
            _build(folder)
    return Linux(folder)


def _build(folder):
    missing = sorted(package for name, package in NEEDS.items()
                     if not (os.path.exists(name) if "/" in name else shutil.which(name)))
    if missing:
        raise tools.BenchError("building Linux for comparison needs: apt-get install %s\n"
                               "  (or leave it out: --no-linux)" % " ".join(missing))
    tools.say("LINUX", "building Linux 6.1 to compare with: once, some minutes, 2 GB in %s"
              % os.path.dirname(folder))
    work = folder + ".work"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    log = folder + ".log"
    open(log, "w", encoding="utf-8").close()
    try:
        tools.say("LINUX", "downloading %s (140 MB)" % PACKAGE)
        tools.call(["apt-get", "-q", "download", PACKAGE], log, cwd=work)
        package, = glob.glob(os.path.join(work, "*.deb"))
        tools.say("LINUX", "unpacking")
        tools.call(["dpkg-deb", "-x", package, work], log)
        tools.call(["tar", "xf", os.path.join(work, "usr/src", PACKAGE + ".tar.xz"), "-C", work], log)
        tree = os.path.join(work, PACKAGE)
        make = ["make", "-C", tree, "-j" + JOBS, "KBUILD_BUILD_USER=whittle",
                "KBUILD_BUILD_HOST=bench", "KBUILD_BUILD_TIMESTAMP=2020-01-01"]
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        tools.say("LINUX", "compiling (log: %s)" % log)
        tools.call(make + ["tinyconfig"], log, env=env)
        with open(os.path.join(tree, ".config"), "ab") as f:
            f.write(tools.read(CONFIG))     # of two settings the later one counts
        tools.call(make + ["olddefconfig"], log, env=env)
        tools.call(make + ["vmlinux", "bzImage"], log, env=env)
        result = os.path.join(work, "result")
        os.makedirs(result)
        shutil.copyfile(os.path.join(tree, "arch/x86/boot/bzImage"), result + "/bzImage")
        # Without symbols, as bzImage holds it: what QEMU loads must not be larger than needed.
        tools.call(["strip", "-s", "-R", ".comment", "-o", result + "/vmlinux",
                    os.path.join(tree, "vmlinux")], log)
        os.rename(result, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_initrd(path, programs):
    """An initramfs with `programs`, a mapping of names in the guest to files here, or to their bytes."""
    data = initramfs.archive({name: file if isinstance(file, bytes) else tools.read(file)
                               for name, file in programs.items()})
    with open(path, "wb") as f:
        f.write(data)
    return path
