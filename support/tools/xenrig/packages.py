# SPDX-License-Identifier: BSD-3-Clause
"""Debian's packages of Xen, its tools and a kernel, unpacked in the download cache.

    cache/xen/debs/      the packages as they were fetched
    cache/xen/KEY/       xen, vmlinux, dom0.cpio.gz: what QEMU is given; KEY is of this recipe, so that what
                         an older or newer tree has made is not taken for ours

Fetched once (16 s): packages of a later date are got by removing cache/xen.
"""
import gzip
import hashlib
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import fetch
from . import dom0

HERE = Path(__file__).resolve().parent
# Names with a version in them are what Debian's own collections depend on, with Debian's name of the CPU in place of ARCH. The
# kernel is the ordinary one: that for clouds cannot be a dom0.
PACKAGES = [
    "xen-system-ARCH -> xen-hypervisor-[0-9.]+-ARCH", "xen-system-ARCH -> xen-utils-[0-9.]+",
    "linux-image-ARCH -> linux-image-[0-9].*-ARCH", "xenstore-utils", "busybox-static",
    "libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1",
    "libxenstore4", "libxentoolcore1", "libxentoollog1", "xen-utils-4.17 -> libxenmisc[0-9.]+",
    "libyajl2", "libuuid1", "liblzma5", "zlib1g", "libzstd1", "libgcc-s1", "libc6",
]


class Cpu:
    """debian: its name there; libraries: their folder; more: packages that only its tools need; debs: where they are kept."""

    def __init__(self, debian, libraries, debs, *more):
        self.debian, self.libraries, self.debs, self.more = debian, libraries, debs, list(more)

    def packages(self):
        return [name.replace("ARCH", self.debian) for name in PACKAGES + self.more]


CPUS = {"x86_64": Cpu("amd64", "usr/lib/x86_64-linux-gnu", "debs"), "arm64": Cpu("arm64", "usr/lib/aarch64-linux-gnu", "debs-arm64", "libfdt1")}


class RigError(Exception):
    """What the user can mend: names the thing and the remedy."""


class Files:
    """Paths of what QEMU is given."""

    def __init__(self, folder):
        self.xen, self.kernel, self.dom0 = (str(folder / name) for name in ("xen", "vmlinux", "dom0.cpio.gz"))


def recipe():
    """A key of all that decides what the files contain, but for the packages' versions."""
    digest = hashlib.sha256()
    for path in [HERE / "packages.py", HERE / "dom0.py"] + sorted((HERE / "dom0").iterdir()):
        digest.update(b"%s\0%s\0" % (path.name.encode(), path.read_bytes()))
    return digest.hexdigest()[:12]


def files(arch="x86_64"):
    """Files, made if they are not there yet."""
    cache = fetch.cache_dir() / "xen"
    folder = cache / (recipe() + ("" if arch == "x86_64" else "-" + arch))
    if folder.is_dir():
        return Files(folder)
    try:
        with fetch.locked(cache / "lock"):
            if not folder.is_dir():
                make(cache, folder, arch)
    except OSError as e:
        raise RigError("%s: %s; WHITTLE_CACHE= names another place for downloads" % (cache, e)) from None
    return Files(folder)


def make(cache, folder, arch):
    cpu = CPUS[arch]
    for program in ("dpkg-deb", "readelf"):
        if not shutil.which(program):
            raise RigError("Xen's packages are unpacked by %s, which is not there; install %s" % (
                program, {"dpkg-deb": "dpkg", "readelf": "binutils"}[program]))
    debs = cache / cpu.debs
    if not debs.is_dir():
        download(debs, cpu)
    print("  XEN     %s" % folder, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        root, out = Path(work) / "root", Path(work) / "out"
        out.mkdir()
        for deb in sorted(debs.glob("*.deb")):
            run("dpkg-deb", "-x", deb, root)
        hypervisor(root, cpu, out / "xen")
        # Xen, emulated, takes seconds for a compressed kernel.
        (out / "vmlinux").write_bytes(unpacked_kernel(only(root, "boot/vmlinuz-*").read_bytes()))
        dom0.make(root, Path(work) / "dom0", out / "dom0.cpio.gz", cpu)
        os.rename(out, folder)


def hypervisor(root, cpu, to):
    """Unpacked: QEMU's -kernel reads no compressed one."""
    path = only(root, "boot/xen-*-%s*" % cpu.debian)
    with open(to, "wb") as f:
        run(*(["gzip", "-dc"] if path.suffix == ".gz" else ["cat"]), path, stdout=f)


def download(debs, cpu):
    with tempfile.TemporaryDirectory(dir=debs.parent) as work:
        print("  FETCH   Xen, its tools and a kernel (Debian's packages, 90 MB)", file=sys.stderr, flush=True)
        try:
            fetch.BinaryPackages(debs.parent.parent, None if cpu is CPUS["x86_64"] else cpu.debian).get(cpu.packages(), work)
        except fetch.Unavailable as error:
            raise RigError("Xen's packages cannot be had: %s\n  They are Debian 12's (bookworm, main): this needs "
                           "apt with such sources, and its mirror. By hand: put the packages that %s lists into %s"
                           % (error, os.path.relpath(__file__), debs)) from None
        os.chmod(work, 0o755)
        os.rename(work, debs)
        os.mkdir(work)  # for its end


def only(root, pattern):
    found = sorted(root.glob(pattern))
    if not found:
        raise RigError("Xen's packages have no %s; remove the folder xen in the download cache (%s), and try again"
                       % (pattern, fetch.cache_dir()))
    return found[-1]


def unpacked_kernel(image):
    """The ELF file inside a bzImage (Linux, Documentation/x86/boot.rst: setup_sects, payload_offset and _length). arm64's is raw, or packed."""
    if image[56:60] == b"ARM\x64":
        return image
    if image[:2] == b"\x1f\x8b":
        return gzip.decompress(image)
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = ((image[0x1f1] or 4) + 1) * 512 + offset
    try:
        return lzma.LZMADecompressor().decompress(image[start:start + length])
    except lzma.LZMAError as error:
        raise RigError("the kernel in Debian's package is not packed with xz any more: %s" % error) from None


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **more)
    if done.returncode:
        raise RigError("%s failed: %s" % (" ".join(map(str, words)), done.stderr.decode(errors="replace").strip()))
