#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""skippads.py IMAGE: lets direct calls and jumps enter functions behind their landing pads.

A landing pad (endbr64, 4 bytes) is for indirect branches; compilers put one before every function that some
other file might take the address of, and every direct call executes it for nothing: an instruction per
function called. IMAGE is linked with --emit-relocs, so all references in its code are known: a call or jump
whose target begins with a pad gets a target 4 bytes further on. The pads stay, for those who need them.

The relocations are of no use after that and lose their type, so that strip or a debugger does not read them.
"""
import struct
import sys

SHT_NULL, SHT_RELA = 0, 4
SHF_ALLOC, SHF_EXECINSTR = 2, 4
R_X86_64_PC32, R_X86_64_PLT32 = 2, 4
ENDBR64 = b"\xf3\x0f\x1e\xfa"
CALL, JMP, JCC = 0xE8, 0xE9, 0x0F


def is_branch(data, at):
    """Is what ends before the 32-bit displacement at `at` the opcode of a direct call, jmp or jcc? What else
    has a displacement relative to the program counter has a ModRM byte there: 05, 0d … 3d."""
    return data[at - 1] in (CALL, JMP) or (data[at - 2] == JCC and data[at - 1] & 0xF0 == 0x80)


def main():
    path = sys.argv[1]
    with open(path, "rb") as f:
        data = bytearray(f.read())
    shoff = struct.unpack_from("<Q", data, 40)[0]
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize) for i in range(shnum)]
    for i, (_, kind, flags, _, offset, size, _, info, _, _) in enumerate(sections):
        if kind != SHT_RELA or flags & SHF_ALLOC:
            continue
        _, _, home_flags, va, home, home_size = sections[info][:6]
        if home_flags & SHF_EXECINSTR:
            for where, what, _ in struct.iter_unpack("<QQq", data[offset:offset + size]):
                at = where - va + home
                if what & 0xFFFFFFFF not in (R_X86_64_PC32, R_X86_64_PLT32) or not is_branch(data, at):
                    continue
                distance = struct.unpack_from("<i", data, at)[0]
                target = at + 4 + distance
                if home <= target < home + home_size and data[target:target + 4] == ENDBR64:
                    struct.pack_into("<i", data, at, distance + 4)
        struct.pack_into("<I", data, shoff + i * shentsize + 4, SHT_NULL)
    with open(path, "wb") as f:
        f.write(data)


main()
