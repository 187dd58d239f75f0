# SPDX-License-Identifier: BSD-3-Clause
"""Rows about the other architectures: how large an image is, what it needs to boot, what a request costs there; of arm64 also under Xen.

The column `floor` is the same on x86_64, measured in the same run: the targets are multiples of it.
"""
import os
import shutil
import tempfile

import counters
import guest
import netrows
import rows as others
from report import Row

ARCHS = ("arm64", "riscv64")


def _where_there(arch, fill):
    """The same `fill` on a machine that can run it; otherwise the rows say what is missing."""
    def told(bench, rows):
        for row in rows.values():
            row.note = "needs support/setup " + arch
    return fill if shutil.which(guest.PROGRAMS[arch]) else told


def _sizes(arch):
    def fill(bench, rows):
        for key, row in rows.items():
            app, what = key.split("-")[:2]
            app, plat = app.replace("hello", "helloworld"), "linuxu" if what == "linuxu" else "kvm"
            row.floor = os.path.getsize(bench.images.build(app, plat))
            row.ours = os.path.getsize(bench.images.build(app, plat, arch=arch))
    return fill


def _memory(arch):
    def fill(bench, rows):
        row = rows["hello-memory-" + arch]
        row.floor = bench.smallest_kib(bench.image("helloworld"), "Hello, world!", 640, 16384, 8)
        row.ours = bench.smallest_kib(bench.image("helloworld", arch=arch), "Hello, world!", 1024, 32768, 8)
    return fill


def _boot(arch):
    def fill(bench, rows):
        row = rows["hello-boot-" + arch]
        row.floor = others.to_main(bench, bench.image("helloworld")).cost
        row.ours = others.to_main(bench, bench.image("helloworld", arch=arch)).cost
    return fill


XENS = 4 << 20  # Xen's code is below this address, where an image has nothing (xen/arch/arm/include/asm/config.h)


def _xen(bench, rows):
    """On arm64 it is quick to start a domain without dom0, and Xen's own instructions are told by their addresses."""
    rows["hello-xen-size-arm64"].floor = os.path.getsize(bench.images.build("helloworld", "xen", "xen"))
    image = bench.images.build("helloworld", "xen", "xen", arch="arm64")
    rows["hello-xen-size-arm64"].ours = os.path.getsize(image)
    domain = guest.Domain(guest.kernel_of(image, "arm64", bench.scratch), arch="arm64")
    with tempfile.NamedTemporaryFile() as profile:
        guest.must(domain, plugin="%s,stop=%d" % (bench.kit.plugin, counters.MAIN), profile=(profile.name, "boot"), timeout=600)
        blocks = [(int(address, 16), int(insns)) for address, insns in map(str.split, open(profile.name, encoding="ascii"))]
    rows["hello-xen-boot-arm64"].ours = sum(insns for address, insns in blocks if address >= XENS)
    rows["hello-xen-boot-xen-arm64"].ours = sum(insns for address, insns in blocks if address < XENS)


def _requests(arch, name, asked):
    """`asked` as netrows.measure_requests() has it, with keys without the architecture."""
    def fill(bench, rows):
        server = netrows.SERVERS[name]
        netrows.measure_requests(rows, server, {"floor": server.ours(bench), "ours": server.ours(bench, arch=arch)}, bench.kit,
                                 {"%s-%s" % (key, arch): words for key, words in asked.items()})
    return fill


BESIDE = "; floor: x86_64"
COUNTED = ("guest instructions under QEMU TCG, firmware's included, over TAP and virtio-net (memory-mapped; floor: x86_64, on PCI); a client in lock "
           "step that sends an exact number of requests; exact to about 2 %")


def _groups(arch):
    return [
        (_sizes(arch), [
            Row("hello-size-" + arch, "hello on %s: image" % arch, "bytes", 1.3, "floor", how="size of the bootable file" + BESIDE),
            Row("hello-linuxu-size-" + arch, "hello on %s, as a process: image" % arch, "bytes", 1.3, "floor",
                how="size of the executable file; floor: x86_64's process"),
            Row("nginx-size-" + arch, "nginx on %s: image" % arch, "bytes", how="size of the bootable file" + BESIDE),
            Row("redis-size-" + arch, "redis on %s: image" % arch, "bytes", how="size of the bootable file" + BESIDE)]),
        (_memory(arch), [
            Row("hello-memory-" + arch, "hello on %s: smallest -m" % arch, "KiB",
                how="bisected in steps of 8 KiB, output right, with what the firmware keeps" + BESIDE)]),
        (_boot(arch), [
            Row("hello-boot-" + arch, "hello on %s: kernel entry to main()" % arch, "instr.", 12000,
                how=others.EXACT + ", on virt; firmware runs before" + BESIDE)]),
        (_requests(arch, "nginx", {"nginx-c30": (30, 300, 1, "http"), "nginx-c1": (1, 4000, 1, "http")}), [
            Row("nginx-c30-" + arch, "nginx on %s: a request for 612 bytes, 30 connections" % arch, "instr.", 1.4, "floor", how=COUNTED),
            Row("nginx-c1-" + arch, "nginx on %s: the same, one connection" % arch, "instr.", 1.4, "floor", how=COUNTED)]),
        (_requests(arch, "redis", {"redis-get": (30, 300, 1, "get"), "redis-get-p16": (30, 200, 16, "get")}), [
            Row("redis-get-" + arch, "redis on %s: GET, 30 connections" % arch, "instr.", 1.4, "floor", how=COUNTED),
            Row("redis-get-p16-" + arch, "redis on %s: GET, 30 connections, 16 at a time" % arch, "instr.", 1.4, "floor", how=COUNTED)]),
    ]


XEN_ROWS = [
    Row("hello-xen-size-arm64", "hello on arm64, for Xen: image", "bytes", how="size of the bootable file; floor: x86_64's for Xen"),
    Row("hello-xen-boot-arm64", "hello on arm64, for Xen: kernel entry to main()", "instr.",
        how="guest instructions under QEMU TCG; a guest that Xen itself starts (dom0less), to main()'s block"),
    Row("hello-xen-boot-xen-arm64", "the same: what Xen does meanwhile", "instr.", how="instructions at Xen's addresses, in the same run"),
]

GROUPS = [(_where_there(arch, fill), rows) for arch in ARCHS for fill, rows in _groups(arch)] + [(_where_there("arm64", _xen), XEN_ROWS)]
