# SPDX-License-Identifier: BSD-3-Clause
"""Rows about the other architectures: how large an image is, what it needs to boot, what a request costs there.

The column `floor` is the same on x86_64, measured in the same run: the targets are multiples of it.
"""
import os
import shutil

import guest
import netrows
import rows as others
from report import Row

ARCHS = ("arm64", "riscv64")


def _there(arch, rows):
    """Can this machine run it? Otherwise the rows say what is missing."""
    if shutil.which(guest.PROGRAMS[arch]):
        return True
    for row in rows.values():
        row.note = "needs support/setup " + arch
    return False


def _sizes(arch):
    def fill(bench, rows):
        for key, row in rows.items():
            app = key.split("-")[0].replace("hello", "helloworld")
            row.floor = os.path.getsize(bench.images.build(app))
            row.ours = os.path.getsize(bench.images.build(app, arch=arch))
    return lambda bench, rows: _there(arch, rows) and fill(bench, rows)


def _memory(arch):
    def fill(bench, rows):
        row = rows["hello-memory-" + arch]
        row.floor = bench.smallest_kib(bench.image("helloworld"), "Hello, world!", 640, 16384, 8)
        row.ours = bench.smallest_kib(bench.image("helloworld", arch=arch), "Hello, world!", 1024, 32768, 8)
    return lambda bench, rows: _there(arch, rows) and fill(bench, rows)


def _boot(arch):
    def fill(bench, rows):
        row = rows["hello-boot-" + arch]
        row.floor = others.to_main(bench, bench.image("helloworld")).cost
        row.ours = others.to_main(bench, bench.image("helloworld", arch=arch)).cost
    return lambda bench, rows: _there(arch, rows) and fill(bench, rows)


def _requests(arch, name, asked):
    """`asked` as netrows.measure_requests() has it, with keys without the architecture."""
    def fill(bench, rows):
        server = netrows.SERVERS[name]
        netrows.measure_requests(rows, server, {"floor": server.ours(bench), "ours": server.ours(bench, arch=arch)}, bench.kit,
                                 {"%s-%s" % (key, arch): words for key, words in asked.items()})
    return lambda bench, rows: _there(arch, rows) and fill(bench, rows)


BESIDE = "; floor: x86_64"
COUNTED = ("guest instructions under QEMU TCG, firmware's included, over TAP and virtio-net (memory-mapped; floor: x86_64, on PCI); a client in lock "
           "step that sends an exact number of requests; exact to about 2 %")


def _groups(arch):
    return [
        (_sizes(arch), [
            Row("hello-size-" + arch, "hello on %s: image" % arch, "bytes", 1.3, "floor", how="size of the bootable file" + BESIDE),
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


GROUPS = [group for arch in ARCHS for group in _groups(arch)]
