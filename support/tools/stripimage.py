#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""stripimage.py IN OUT: copies what an ELF64 loader needs, the headers and the segments.

Debugging data, symbols and section headers stay behind in IN. (objcopy of this
distribution cannot drop the section headers, which are 1 to 2 KB of a small image.)
"""
import os
import struct
import sys


def main():
    src, dst = sys.argv[1:3]
    with open(src, "rb") as f:
        data = bytearray(f.read())
    if data[:5] != b"\x7fELF\x02":
        sys.exit("stripimage: %s is not a 64-bit ELF file" % src)
    phoff = struct.unpack_from("<Q", data, 32)[0]
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    end = phoff + phentsize * phnum
    for i in range(phnum):
        offset = struct.unpack_from("<Q", data, phoff + i * phentsize + 8)[0]
        filesz = struct.unpack_from("<Q", data, phoff + i * phentsize + 32)[0]
        if filesz:
            end = max(end, offset + filesz)
    struct.pack_into("<Q", data, 40, 0)  # e_shoff
    struct.pack_into("<HHH", data, 58, 0, 0, 0)  # e_shentsize, e_shnum, e_shstrndx
    tmp = dst + ".tmp"
    with open(tmp, "wb") as f:
        f.write(data[:end])
    os.chmod(tmp, 0o755)
    os.replace(tmp, dst)


main()
