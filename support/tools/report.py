#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reports about an image, from its link map, its symbols and the build's list of libraries.

  report.py --build DIR --image IMAGE.dbg size | graph | why SYMBOL | licenses
"""
import argparse
import bisect
import collections
import os
import re
import shutil
import subprocess
import sys


def fail(msg):
    sys.exit("report: " + msg)


def libraries(build):
    libs = {}
    for line in open(os.path.join(build, "libraries")):
        words = line.split()
        if words:
            libs[words[1]] = dict(w.split("=", 1) for w in words[2:])
    return libs


def owner_of(path, build, libs):
    """The library that an object file of the link belongs to."""
    path = re.sub(r"\(.*", "", path)
    name = os.path.basename(path)
    if path.startswith(os.path.join(build, "lib/")):
        return name[:-2]
    m = re.match(re.escape(build) + r"/obj/([^/]+)/", path)
    return m.group(1) if m else "(linker)"


def is_lto(path):
    """Is this object one that the compiler made for the link out of all libraries?"""
    return bool(re.search(r"\.ltrans\d*\.|\.lto\.", path))


class LtoOwners:
    """Whose a piece of an image made with LTO is: by the source file that its symbol comes from."""

    def __init__(self, image, libs):
        self.places = sorted(((info["dir"] + "/", lib) for lib, info in libs.items()), reverse=True)
        self.places += [("build/packages/%s-" % info["package"], lib) for lib, info in libs.items()
                        if info["package"]]
        out = subprocess.run(["nm", "-l", image], stdout=subprocess.PIPE, text=True, check=True).stdout
        found = (re.match(r"([0-9a-f]+) [^aAwW] \S+\t(?:\./)?(\S+):\d+$", l) for l in out.splitlines())
        self.symbols = sorted((int(m.group(1), 16), m.group(2)) for m in found if m)

    def owner(self, section):
        at = bisect.bisect_left(self.symbols, (section.addr,))
        if at < len(self.symbols) and self.symbols[at][0] < section.addr + section.size:
            path = self.symbols[at][1]
            for place, lib in self.places:
                if path.startswith(place):
                    return lib
        return "(of several, by LTO)"


class Section:
    def __init__(self, out, name, addr, size, path):
        self.out, self.name, self.addr, self.size, self.path = out, name, addr, size, path


def read_map(path):
    """The input sections of a link map that ended up in the image."""
    with open(path, errors="replace") as f:
        lines = f.read().splitlines()
    sections = read_map_of_lld(lines) if lines and lines[0].split()[:2] == ["VMA", "LMA"] else read_map_of_gnu_ld(lines)
    beside = (".debug", ".comment", ".symtab", ".strtab", ".shstrtab", ".rela.")
    return [s for s in sections if s.size and (s.out == ".rela.dyn" or not s.out.startswith(beside))]


def read_map_of_lld(lines):
    """Address, size, and who it is: output sections to the left, what they consist of further to the right."""
    out = None
    for line in lines[1:]:
        m = re.match(r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ ( *)(.*)", line)
        if not m:
            continue
        if not m.group(3):
            out = m.group(4) if m.group(4).startswith(".") else None
        elif out and len(m.group(3)) == 8:
            source = re.match(r"(.*):\((\S+)\)$", m.group(4))
            if source:
                yield Section(out, source.group(2), int(m.group(1), 16), int(m.group(2), 16), source.group(1))


def read_map_of_gnu_ld(lines):
    out, pending, started = None, None, False
    for line in lines:
        if line.startswith("Linker script and memory map"):
            started = True
            continue
        if not started:
            continue
        if re.match(r"^\S", line):
            m = re.match(r"^(\.\S+|/DISCARD/)", line)
            out = m.group(1) if m else out
            pending = None
            continue
        m = re.match(r"^ (\S+)$", line)
        if m:
            pending = m.group(1)
            continue
        m = re.match(r"^ (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", line)
        if m and (m.group(1) or pending) and not (m.group(1) or "").startswith("*fill*") and out and out != "/DISCARD/":
            yield Section(out, m.group(1) or pending, int(m.group(2), 16), int(m.group(3), 16), m.group(4))
        pending = None


def owned_sections(args, libs):
    """Each input section of the image, with the library that it belongs to."""
    lto = None
    for s in read_map(args.image + ".map"):
        if is_lto(s.path):
            lto = lto or LtoOwners(args.image, libs)
            yield s, lto.owner(s)
        else:
            yield s, owner_of(s.path, args.build, libs)


def symbols(image):
    out = subprocess.run(["nm", "-S", "--size-sort", "-r", image], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return [(f[3], int(f[1], 16), f[2]) for f in (l.split() for l in out.splitlines()) if len(f) == 4]


def in_file(out):
    return not out.startswith((".bss", ".tbss", ".stack"))


def size(args):
    libs = libraries(args.build)
    per = collections.defaultdict(lambda: [0, 0, 0])
    for s, lib in owned_sections(args, libs):
        kind = 2 if not in_file(s.out) else 0 if s.out.startswith(".text") else 1
        per[lib][kind] += s.size
    image = args.image[:-4]
    total = os.path.getsize(image)
    print("%s: %d bytes" % (image, total))
    print("\n%-28s %9s %9s %9s %9s" % ("library", "code", "data", "in file", "zeroed"))
    for lib, (code, data, bss) in sorted(per.items(), key=lambda kv: -(kv[1][0] + kv[1][1])):
        print("%-28s %9d %9d %9d %9d" % (lib, code, data, code + data, bss))
    code, data, bss = (sum(v[i] for v in per.values()) for i in range(3))
    print("%-28s %9d %9d %9d %9d" % ("all libraries", code, data, code + data, bss))
    print("%-28s %9s %9s %9d" % ("headers, padding, alignment", "", "", total - code - data))
    print("\nlargest symbols")
    for name, n, kind in symbols(args.image)[:20]:
        print("  %9d  %s%s" % (n, name, "  (zeroed)" if kind in "bB" else ""))


def graph(args):
    """Who declares whom, for the libraries that have bytes in this image; drawn by graphviz."""
    libs = libraries(args.build)
    present = {lib for _, lib in owned_sections(args, libs)} & set(libs)
    lines = ["digraph image {", "  rankdir=LR; node [shape=box, fontname=\"sans-serif\", fontsize=10];"]
    colour = {"app": "#ffe0b0", "plat": "#d0e8ff", "arch": "#d0e8ff"}
    for lib in sorted(present):
        lines.append('  "%s" [style=filled, fillcolor="%s"];' % (
            lib, "#e8ffe0" if libs[lib]["api"] else colour.get(libs[lib]["kind"], "white")))
    for lib in sorted(present):
        for dep in libs[lib]["declared"].split(","):
            if dep in present:
                lines.append('  "%s" -> "%s";' % (lib, dep))
        if libs[lib]["provides"] in present:
            lines.append('  "%s" -> "%s" [style=dashed, arrowhead=empty];' % (lib, libs[lib]["provides"]))
    lines.append("}")
    dot = args.image[:-4] + ".dot"
    with open(dot, "w") as f:
        f.write("\n".join(lines) + "\n")
    if not shutil.which("dot"):
        fail("wrote %s; drawing it needs the package graphviz" % dot)
    svg = args.image[:-4] + ".svg"
    subprocess.run(["dot", "-Tsvg", "-o", svg, dot], check=True)
    print(svg)


def input_objects(args):
    libs = libraries(args.build)
    found = []
    for s in read_map(args.image + ".map"):
        path = re.sub(r"\(.*", "", s.path)
        if path not in found and os.path.exists(path):
            found.append(path)
    return found, libs


def section_graph(objects):
    """Per object: which section each symbol is in, and which symbols each section refers to."""
    defined, refs = {}, collections.defaultdict(set)
    local = {}
    for obj in objects:
        out = subprocess.run(["readelf", "-WsSr", obj], stdout=subprocess.PIPE, text=True,
                             errors="replace").stdout
        names, symtab, target = {}, {}, None
        for line in out.splitlines():
            m = re.match(r"\s*\[\s*(\d+)\] (\S+)\s+(\w+)", line)
            if m:
                names[m.group(1)] = m.group(2)
                continue
            m = re.match(r"\s*\d+: [0-9a-f]+\s+\S+ (\w+)\s+(\w+)\s+\w+\s+(\w+)(?: (\S+))?$", line)
            if m and m.group(3) != "UND":
                name = m.group(4) or names.get(m.group(3), "")
                sec = names.get(m.group(3))
                if m.group(1) == "SECTION":
                    name = sec
                if sec:
                    local[(obj, name)] = sec
                    if m.group(2) in ("GLOBAL", "WEAK") and not name.startswith("."):
                        if name not in defined or m.group(2) == "GLOBAL":
                            defined[name] = (obj, sec)
        for line in out.splitlines():
            m = re.match(r"Relocation section '\.rela(\S+)'", line)
            if m:
                target = m.group(1)
                continue
            m = re.match(r"[0-9a-f]+\s+[0-9a-f]+ R_\S+\s+[0-9a-f]+ (\S+)", line)
            if m and target and not target.startswith((".debug", ".eh_frame", ".comment")):
                refs[(obj, target)].add(m.group(1))
    return defined, local, refs


def why(args):
    """Breadth first from the entry point and the root tables to the symbol."""
    if any(is_lto(s.path) for s in read_map(args.image + ".map")):
        fail("%s was made with LTO, which leaves no objects to ask; ask the same without it" % args.image)
    objects, libs = input_objects(args)
    defined, local, refs = section_graph(objects)
    entry = None
    for name in ("_start", "boot_start", "entry", "uk_boot"):
        if name in defined:
            entry = defined[name]
            break
    start = [entry] if entry else []
    start += [(o, s) for (o, s) in set(local[(o2, n)] and (o2, local[(o2, n)]) for (o2, n) in local)
              if s.startswith((".uk_root.", ".note", ".init_array", ".head", ".boot"))]
    came = {s: None for s in start}
    queue = collections.deque(start)
    goals = {v for k, v in defined.items() if k == args.symbol}
    goals |= {(o, s) for (o, n), s in local.items() if n == args.symbol}
    if not goals:
        fail("no object of %s defines %s" % (args.image[:-4], args.symbol))
    while queue:
        here = queue.popleft()
        if here in goals:
            break
        for sym in refs.get(here, ()):
            sec = local.get((here[0], sym))
            there = (here[0], sec) if sec else defined.get(sym)
            if there and there not in came:
                came[there] = here
                queue.append(there)
    else:
        fail("%s is defined, but nothing refers to it: it is not in the image" % args.symbol)
    chain = []
    while here:
        chain.append(here)
        here = came[here]
    for depth, (obj, sec) in enumerate(reversed(chain)):
        print("%s%s  (%s)" % ("  " * depth, sec, owner_of(obj, args.build, libs)))


def licenses(args):
    libs = libraries(args.build)
    present = {lib for _, lib in owned_sections(args, libs)} & set(libs)
    by = collections.defaultdict(list)
    for lib in sorted(present):
        by[libs[lib].get("license", "").replace("_", " ") or "BSD-3-Clause"].append(
            lib + (" " + libs[lib]["version"] if libs[lib].get("version") else ""))
    for lic, names in sorted(by.items()):
        print("%-24s %s" % (lic, ", ".join(names)))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--image", required=True)
    ap.add_argument("command", choices=["size", "graph", "why", "licenses"])
    ap.add_argument("symbol", nargs="?")
    args = ap.parse_args()
    globals()[args.command](args)


if __name__ == "__main__":
    main()
