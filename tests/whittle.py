# SPDX-License-Identifier: BSD-3-Clause
"""Builds images through make and runs them through support/run, as a user would."""
import atexit
import contextlib
import ctypes
import errno
import fcntl
import glob
import os
import re
import shlex
import shutil
import struct
import subprocess
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.environ.get("WHITTLE_TEST_BUILD", os.path.join(ROOT, "build"))
PLATFORMS = ["kvm", "linuxu"]
ARCH = "x86_64"
# A platform on another CPU is named kvm-riscv64. For tests that run there as well, if this machine has what they need.
RISCV64 = "kvm-riscv64"
ARM64 = "kvm-arm64"
OTHER_CPUS = [pytest.param(plat, marks=pytest.mark.slow) for plat in (RISCV64, ARM64)]
# The same of processes, and the emulator that each runs in.
FOREIGN = {"linuxu-riscv64": "qemu-riscv64", "linuxu-arm64": "qemu-aarch64"}
OTHER_PROCESSES = [pytest.param(plat, marks=pytest.mark.slow) for plat in FOREIGN]
# Five times what a slow machine needs: a timeout must mean a hang, never a busy neighbour.
BUILD_TIMEOUT = 900
RUN_TIMEOUT = 120
# The number of CPUs of every machine in this test run (pytest --smp N), or None: one, but where a test says more.
SMP = None

_built = {}


class Failed(AssertionError):
    pass


@contextlib.contextmanager
def alone(name):
    """One of several test processes at a time: what needs this name does not run beside the same in another."""
    folder = os.path.join(OUT, "locks")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "of-" + name.strip("/").replace("/", "-")[-200:]), "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def make(*args, cwd=ROOT, env=None, check=True, timeout=BUILD_TIMEOUT):
    """make with these words; its output as text. check=False returns the finished process."""
    full = dict(os.environ, **(env or {}))
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "APP", "PLAT", "CONFIGS", "LIBS", "O", "V", "SMP",
                 "THREAD", "TESTS"):
        if name not in (env or {}):
            full.pop(name, None)
    where = [a for a in args if a.startswith("B=")] or [a for a in args if a.startswith("O=")]
    with alone(where[0][2:] if where else cwd):
        p = subprocess.run(["make", "--no-print-directory", *args], cwd=cwd, env=full, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    if check and p.returncode:
        raise Failed("make %s: exit status %d\n%s" % (" ".join(args), p.returncode, p.stdout))
    return p.stdout if check else p


def image(app, plat, configs="", out=None, extra=()):
    """Path of an application's image, built if this test run has not built it yet.

    Each set of configuration fragments has build folders of its own; packages are shared.
    """
    name = os.path.basename(app.rstrip("/"))
    plat, _, arch = plat.partition("-")
    if arch:
        configs = (arch + " " + configs).strip()
    if SMP:
        configs, out = "smp " + configs, out and out + "-smp"
    folder = os.path.join(OUT, "smp" if SMP else "", "test-" + "-".join(configs.split()) if configs else "", name)
    folder = os.path.join(out, name) if out else folder
    key = (app, folder, tuple(extra))
    if key not in _built:
        words = ["APP=" + app, "O=" + OUT, "B=" + folder, "CONFIGS=" + configs, *extra]
        # A .config left behind by somebody's menuconfig would make the result theirs, not ours.
        make(*words, "defconfig")
        make(*words)
        _built[key] = True
    return os.path.join(folder, "%s_%s-%s" % (name, plat, arch or ARCH))


def libctest_sources():
    """Of apps/libctest, for ARCH."""
    folder = os.path.join(ROOT, "apps/libctest")
    return sorted(glob.glob(folder + "/*.c") + glob.glob(os.path.join(folder, ARCH, "*.c")))


def libctest_on_linux(program):
    """Builds apps/libctest for the Linux that the tests run on: what fails there is a mistake of the test."""
    folder = os.path.join(ROOT, "apps/libctest")
    subprocess.run(["musl-gcc", "-static", "-O2", "-fno-builtin", "-w", "-I" + folder, "-I" + os.path.join(folder, ARCH),
                    "-o", program, *libctest_sources()], check=True, timeout=300)


def machine(cpus, thread):
    """From here on every machine that this process or a child of it starts has so many CPUs, unless told something
    else: QEMU because it is found through PATH, and linuxu because that is what the host gives it."""
    global SMP
    have = sorted(os.sched_getaffinity(0))
    if cpus < 2:
        raise ValueError("%d: several CPUs are two or more; without it, images are built for one" % cpus)
    SMP = cpus
    os.sched_setaffinity(0, have[:cpus])
    name = "qemu-system-x86_64"
    real = shutil.which(name)
    if real:
        folder = tempfile.mkdtemp(prefix="whittle-smp-")
        atexit.register(shutil.rmtree, folder)
        with open(os.path.join(folder, name), "w") as f:
            f.write(QEMU % (shlex.quote(real), cpus, thread))
            os.fchmod(f.fileno(), 0o755)
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]


QEMU = """\
#!/bin/bash
# QEMU with several CPUs, for a run of the tests with --smp. (support/run says 1,maxcpus=2 if it was not told how many.)
set -- %s -smp %d "$@"
for ((i = 1; i < $#; i++)); do
	next=$((i + 1))
	case "${!i} ${!next}" in
	"-accel tcg") set -- "${@:1:i}" tcg,thread=%s "${@:i+2}" ;;
	"-smp 1,maxcpus=2") set -- "${@:1:i-1}" "${@:i+2}" ;;
	esac
done
exec "$@"
"""


def extract(page, folder):
    """Writes the blocks of a page of the book that follow a <!-- file: NAME --> line below `folder`; their names."""
    text = open(os.path.join(ROOT, page)).read()
    blocks = re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", text, re.S)
    assert blocks, page
    for name, body in blocks:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(body)
    return [name for name, _ in blocks]


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return "status %d\n--- stdout\n%s\n--- stderr\n%s" % (
            self.status, self.out.decode(errors="replace")[-4000:],
            self.err.decode(errors="replace")[-4000:])


def but_emulator(err):
    """Without the warning that qemu-user causes, and what it says itself of a signal that ends a process."""
    return re.sub(rb"(\[whittle\] plat-linuxu: warning: the host has no seccomp filter \(error 38\)|qemu: uncaught target signal ).*\n", b"", err)


def run(img, *args, options=(), stdin=b"", timeout=RUN_TIMEOUT):
    """Runs an image; its exit status, stdout and stderr as bytes."""
    cmd = [os.path.join(ROOT, "support/run"), img, *options]
    if args:
        cmd += ["--", *args]
    try:
        p = subprocess.run(cmd, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=timeout, cwd=ROOT)
    except subprocess.TimeoutExpired as e:
        raise Failed("%s: no end after %d s\n%s\n%s" % (
            " ".join(cmd), timeout, (e.stdout or b"").decode(errors="replace")[-3000:],
            (e.stderr or b"").decode(errors="replace")[-3000:])) from None
    return Result(p.returncode, p.stdout, p.stderr)


def host_without(number):
    """For preexec_fn: a host kernel that does not have this system call (ENOSYS), for what is run then."""
    def install():
        insns = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errno.ENOSYS),
                 (0x06, 0, 0, 0x7FFF0000)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *i) for i in insns))
        prog = struct.pack("<HxxxxxxQ", len(insns), ctypes.addressof(code))
        libc = ctypes.CDLL(None)
        no_new_privs, seccomp, by_filter = 38, 22, 2
        if libc.prctl(no_new_privs, 1, 0, 0, 0) or libc.prctl(seccomp, by_filter, prog, 0, 0):
            raise OSError("no seccomp here")
    return install
