#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""stripimage.py IN OUT: copies what an ELF64 loader needs, the headers and the segments.

Debugging data, symbols and section headers stay behind in IN. (objcopy of this
distribution cannot drop the section headers, which are 1 to 2 KB of a small image.)
The last 7 bytes of e_ident, which mean nothing to a loader, say which IN it was: the first of its
SHA-256. support/run and gdb's helpers compare (support/tools/runner/elf.py).

An image for a bare machine (its linker script begins with two PT_NULL program headers) also gets what
a linker cannot express:
- Another PT_NULL that has a size becomes PT_GNU_RELRO, which the linker would pad to whole pages.
- e_entry becomes the physical address, which is where Linux's 64-bit boot protocol enters. GRUB takes
  it for a virtual one and looks for the program header it lies in, of whatever type: the first PT_NULL
  becomes one for which both are the same.
- Segments reach up to the next one: GRUB would load a small module into the gap between two.
- A Multiboot 1 header at file offset 8144: GRUB searches the first 8192 bytes; QEMU would
  refuse an ELF64 with such a header, but searches only up to 8144. The segment there is split in two
  around it, the second PT_NULL becomes the latter half.
"""
import hashlib
import os
import struct
import sys

PT_NULL, PT_LOAD, PT_GNU_RELRO = 0, 1, 0x6474E552
PHDR = "<IIQQQQQQ"
TYPE, FLAGS, OFFSET, VADDR, PADDR, FILESZ, MEMSZ, ALIGN = range(8)
EHDR_ENTRY, EHDR_SHOFF, EHDR_SHENTSIZE = 24, 40, 58

MB1_OFFSET = 8144
MB1_SIZE = 16  # 12, and what keeps addresses and offsets congruent modulo 16
MB1_HEADER = struct.pack("<III", 0x1BADB002, 2, -(0x1BADB002 + 2) & 0xFFFFFFFF)  # 2: memory map wanted


def make_bootable(data, phdrs):
    """Returns the file with its Multiboot header; e_entry and phdrs are changed in place."""
    entry = struct.unpack_from("<Q", data, EHDR_ENTRY)[0]
    text = next(p for p in phdrs if p[TYPE] == PT_LOAD and 0 <= entry - p[VADDR] < p[MEMSZ])
    entry += text[PADDR] - text[VADDR]
    struct.pack_into("<Q", data, EHDR_ENTRY, entry)
    alias, spare = [p for p in phdrs if p[TYPE] == PT_NULL][:2]
    alias[VADDR] = alias[PADDR] = entry & ~15
    alias[MEMSZ] = 16
    loads = [p for p in phdrs if p[TYPE] == PT_LOAD]
    for p in phdrs[2:]:
        if p[TYPE] == PT_NULL and p[MEMSZ]:  # the linker's file offset and size of it are not reliable
            home = next(q for q in loads if 0 <= p[VADDR] - q[VADDR] < q[MEMSZ])
            p[TYPE] = PT_GNU_RELRO
            p[OFFSET] = home[OFFSET] + p[VADDR] - home[VADDR]
            p[FILESZ] = min(p[MEMSZ], home[OFFSET] + home[FILESZ] - p[OFFSET])
    for p, following in zip(loads, loads[1:] + [None]):
        p[ALIGN] = 16
        if following:
            p[MEMSZ] = following[VADDR] - p[VADDR]
    split = next((p for p in phdrs if p[TYPE] == PT_LOAD and
                  p[OFFSET] < MB1_OFFSET < p[OFFSET] + p[FILESZ]), None)
    for p in phdrs:
        if p[OFFSET] >= MB1_OFFSET:
            p[OFFSET] += MB1_SIZE
    if split:
        head = MB1_OFFSET - split[OFFSET]
        spare[:] = [PT_LOAD, split[FLAGS], MB1_OFFSET + MB1_SIZE, split[VADDR] + head, split[PADDR] + head,
                    split[FILESZ] - head, split[MEMSZ] - head, 16]
        split[FILESZ] = split[MEMSZ] = head
        # Loaders want segments in order of address.
        phdrs.remove(spare)
        phdrs.insert(phdrs.index(split) + 1, spare)
    data = data.ljust(MB1_OFFSET, b"\0")
    return data[:MB1_OFFSET] + MB1_HEADER.ljust(MB1_SIZE, b"\0") + data[MB1_OFFSET:]


def main():
    src, dst = sys.argv[1:3]
    with open(src, "rb") as f:
        data = bytearray(f.read())
    build_id = hashlib.sha256(data).digest()[:7]
    if data[:5] != b"\x7fELF\x02":
        sys.exit("stripimage: %s is not a 64-bit ELF file" % src)
    phoff = struct.unpack_from("<Q", data, 32)[0]
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    phdrs = [list(struct.unpack_from(PHDR, data, phoff + i * phentsize)) for i in range(phnum)]
    end = max([phoff + phentsize * phnum] + [p[OFFSET] + p[FILESZ] for p in phdrs if p[TYPE] != PT_NULL])
    struct.pack_into("<Q", data, EHDR_SHOFF, 0)
    struct.pack_into("<HHH", data, EHDR_SHENTSIZE, 0, 0, 0)  # and e_shnum, e_shstrndx
    data = data[:end]
    if [p[TYPE] for p in phdrs[:2]] == [PT_NULL, PT_NULL]:
        data = make_bootable(data, phdrs)
    for i, p in enumerate(phdrs):
        struct.pack_into(PHDR, data, phoff + i * phentsize, *p)
    data[9:16] = build_id
    tmp = dst + ".tmp"
    with open(tmp, "wb") as f:
        f.write(data)
    os.chmod(tmp, 0o755)
    os.replace(tmp, dst)


main()
