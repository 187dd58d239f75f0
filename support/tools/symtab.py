#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""symtab.py IMAGE.dbg: assembly of a table of the image's functions, for lib/debug/uksymtab.

The image is linked without the table, with it, and once more with the right addresses: the
table's size no longer changes then, so neither do they.
"""
import subprocess
import sys


def main():
    out = subprocess.run(["nm", "-n", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout
    base, functions = None, {}
    for line in out.splitlines():
        fields = line.split()
        if len(fields) != 3:
            continue
        if fields[2] == "uk_image_start":
            base = int(fields[0], 16)
        elif fields[1] in "tTwW":
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


main()
