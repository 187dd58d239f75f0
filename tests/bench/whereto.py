#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where an image's instructions go, exactly: per library and function, between two markers.

  whereto.py IMAGE [--phase N | --boot] [--top N] [--memory SIZE] [--net] [-- ARGUMENTS]

Boots IMAGE, a program that marks phases (apps/bench-*), under QEMU with the counting plugin; with --boot any program, from its
first instruction to main(), also of riscv64 and arm64.
Names come from IMAGE.dbg.
"""
import argparse
import bisect
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

import counters
import guest
import tools


def functions(debug):
    """Sorted [(address, name)] of the code in the file with symbols."""
    found = {}
    for line in tools.call(["nm", "--defined-only", debug]).splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind in "tTwW" and not name.startswith((".", "$")):
            found.setdefault(int(address, 16), name)
    return sorted(found.items())


def libraries(debug):
    """Sorted [(address, library)] from the linker's map: where each object's sections were put."""
    found = {}
    section = re.compile(r"^ \S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)\.o$")
    with open(debug + ".map", encoding="utf-8") as f:
        for line in f:
            m = section.match(line.rstrip())
            if m and int(m[2], 16):
                found[int(m[1], 16)] = os.path.basename(m[3])
    return sorted(found.items())


def marker(arch, number):
    """A marker's instruction (<uk/arch/mark.h>)."""
    if arch == "riscv64":
        return struct.pack("<I", 0x55000 + number << 12 | 0x37)
    if arch == "arm64":
        return struct.pack("<I", 0xd280001f | 0x5000 + number << 5)
    return bytes((0x0f, 0x1f, 0x80, number & 0xff, number >> 8, 0x4b, 0x55))


def marker_addresses(debug, code):
    """Addresses of a marker's instruction in the file with symbols."""
    found = []
    for line in subprocess.run(["readelf", "-lW", debug], stdout=subprocess.PIPE, check=True,
                               text=True).stdout.splitlines():
        words = line.split()
        if words[:1] == ["LOAD"]:
            offset, address, size = int(words[1], 16), int(words[2], 16), int(words[4], 16)
            with open(debug, "rb") as f:
                f.seek(offset)
                data = f.read(size)
            at = data.find(code)
            while at >= 0:
                found.append(address + at)
                at = data.find(code, at + 1)
    return found


def load_base(debug, events, arch="x86_64"):
    """What to subtract from an address in the guest: images land at a random one."""
    candidates = None
    for event in events:
        if event.kind == "mark" and event.mark != counters.ENTRY:
            bases = {event.address - a for a in marker_addresses(debug, marker(arch, event.mark))}
            candidates = bases if candidates is None else candidates & bases or candidates
    if not candidates:
        raise tools.BenchError("%s: no marker was reached" % debug)
    # An image is loaded at a page boundary: that tells apart a marker that occurs several times.
    return min(candidates, key=lambda b: (b & 0xfff != 0, b))


def summed(lines, symbols, base, load=0):
    """{name: instructions} from the plugin's lines and a sorted list of (address, name). load: where the loader puts
    the image, which runs there until it knows its place."""
    starts = [a for a, _ in symbols]
    total = {}
    for line in lines:
        address, insns = line.split()
        address = int(address, 16)
        at = bisect.bisect_right(starts, address - (base if address >= base else load)) - 1
        name = symbols[at][1] if 0 <= at else "(elsewhere)"
        total[name] = total.get(name, 0) + int(insns)
    return total


def show(what, total, ops, top):
    """Prints {name: instructions} as a table, the most first; per operation, of `ops`."""
    everything = sum(total.values())
    print("\n%12s %8s  %s" % ("per op.", "%", what))
    for name, insns in sorted(total.items(), key=lambda t: -t[1])[:top]:
        print("%12.1f %8.2f  %s" % (insns / ops, 100 * insns / everything, name))
    print("%12.1f %8s  all" % (everything / ops, ""))


def machine_for(image, arch, append, devices, scratch):
    """The Guest; its folder has to live as long."""
    return guest.Guest(guest.kernel_of(image, arch, scratch), append, arch=arch, machine=guest.MACHINES[arch], devices=devices)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("image")
    ap.add_argument("--phase", type=int, default=1, help="which phase, from 1 (0: all)")
    ap.add_argument("--boot", action="store_const", const="boot", dest="phase", help="from the first instruction to main()")
    ap.add_argument("--top", type=int, default=40, help="how many functions to show")
    ap.add_argument("--memory", default="128M")
    ap.add_argument("--net", action="store_true", help="with a network device; what it sends is dropped")
    ap.add_argument("--kit", default=os.path.join(tools.ROOT, "build/bench/tools/kit"))
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = ap.parse_args(sys.argv[1:split])
    append = "-- " + " ".join(shlex.quote(a) for a in sys.argv[split + 1:])
    arch = args.image.rpartition("-")[2]
    with tempfile.TemporaryDirectory() as scratch:
        raw = os.path.join(scratch, "profile")
        result = guest.must(machine_for(args.image, arch, append, guest.NET if args.net else (), scratch), plugin=tools.Kit(args.kit).plugin,
                            profile=(raw, args.phase), memory=args.memory, timeout=1200)
        with open(raw, encoding="ascii") as f:
            lines = f.read().splitlines()
    debug = args.image + ".dbg"
    base = load_base(debug, result.events, arch)
    if args.phase == "boot":
        load = next((int(line.split()[0], 16) for line in tools.call(["nm", debug]).splitlines() if line.endswith(" boot_load")), 0)
        for what, symbols in (("library", libraries(debug)), ("function", functions(debug))):
            show(what, summed(lines, symbols, base, load), 1, args.top)
        return
    phases = list(counters.phases(result.events, result.output).values())
    if args.phase > len(phases):
        raise tools.BenchError("there are only %d phases" % len(phases))
    ops = phases[args.phase - 1].ops if args.phase else sum(p.ops for p in phases)
    print("%s: %s operations" % (phases[args.phase - 1].name if args.phase else "all phases",
                                 format(ops, ",")))
    for what, symbols in (("library", libraries(debug)), ("function", functions(debug))):
        show(what, summed(lines, symbols, base), ops, args.top)


if __name__ == "__main__":
    try:
        main()
    except (tools.BenchError, guest.GuestError) as error:
        sys.exit("whereto: %s" % error)
