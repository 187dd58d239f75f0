#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""symtab.py IMAGE.dbg [BUILD]: assembly of a table of the image's functions, for lib/debug/uksymtab.
With the build folder also which library each function belongs to, by the link map.

The image is linked without the table, with it, and once more with the right addresses: the
table's size no longer changes then, so neither do they.
"""
import argparse
import bisect
import subprocess
import sys

import report


def libraries(image, build, addresses):
    """The libraries' names, and for each address the place of its own among them."""
    args = argparse.Namespace(image=image, build=build)
    sections = sorted((s.addr, s.addr + s.size, lib)
                      for s, lib in report.owned_sections(args, report.libraries(build))
                      if s.out.startswith(".text"))
    starts = [s[0] for s in sections]
    names, places = ["(none)"], []
    for address in addresses:
        i = bisect.bisect_right(starts, address) - 1
        name = sections[i][2] if i >= 0 and address < sections[i][1] else names[0]
        name = name[len("app-"):] if name.startswith("app-") else name
        if name not in names:
            names.append(name)
        places.append(names.index(name))
    return names, places


def main():
    out = subprocess.run(["nm", "-n", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout
    base, functions = None, {}
    for line in out.splitlines():
        fields = line.split()
        if len(fields) != 3:
            continue
        if fields[2] == "uk_image_start":
            base = int(fields[0], 16)
        elif fields[1] in "tTwW" and not fields[2].startswith(("$", ".L")):  # not what riscv marks code with, which lld keeps
            functions.setdefault(int(fields[0], 16), fields[2])
    if base is None:
        sys.exit("symtab: %s does not define uk_image_start" % sys.argv[1])
    print('\t.section .data.rel.ro.uk_symtab, "aw"\n\t.balign 8')
    for name in ("count", "entries", "names"):
        print("\t.globl uk_symtab_%s" % name)
    entries = sorted((a - base, n) for a, n in functions.items() if a >= base)
    print("uk_symtab_count:\n\t.long %d, 0\nuk_symtab_entries:" % len(entries))
    position = 0
    for start, name in entries:
        print("\t.long %#x, %d" % (start, position))
        position += len(name) + 1
    print("uk_symtab_names:")
    for _, name in entries:
        print('\t.asciz "%s"' % name)
    if len(sys.argv) > 2:
        names, places = libraries(sys.argv[1], sys.argv[2], [start + base for start, _ in entries])
        print("\t.globl uk_symtab_places, uk_symtab_libraries\nuk_symtab_places:")
        for place in places:
            print("\t.byte %d" % place)
        print("uk_symtab_libraries:")
        for name in names:
            print('\t.asciz "%s"' % name)


main()
