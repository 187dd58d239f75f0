#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""thiscpu.py IMAGE OBJDUMP: lets a process with several CPUs find this CPU's data.

Code for arm64 begins each access to it by `mrs xN, tpidr_el1` (uk/arch/percpu.h; compilers do, to get at the stack protector's
value). A process may not read that register, and has none like it: TPIDR_EL0 belongs to the application. So it has x18, the
register that the procedure call standard leaves to platforms, and in IMAGE, a linked one, each such instruction becomes `mov xN, x18`: the
libraries are compiled once for all platforms of a configuration, and nothing is decided at run time. All of them are
compiled by -ffixed-x18 (ARM64_SPARE_X18). That no other code is there which changes x18, from a compiler's library or somebody's assembly, is
checked.
"""
import re
import struct
import subprocess
import sys

MRS_TPIDR_EL1, MOV_X18, REGISTER = 0xD538D080, 0xAA1203E0, 31
OURS = re.compile(r"_start$|linuxu_arch_cpu\b")  # they load it
X18 = re.compile(r"[xw]18$")
# Of these the first operand is not what they write to.
SOURCES_FIRST = re.compile(r"st(?!l?x[rp])|c?cm[pn]|tst|[ct]bn?z|br|blr|ret|msr|prfm|b\.")
TWO_RESULTS = re.compile(r"ld|swp")  # ldp, ldxp, and what an atomic operation has found


def writes_x18(name, operands):
    if SOURCES_FIRST.match(name):
        return False
    words = operands.split("//")[0].replace(" ", "").split(",")
    return any(X18.match(word) for word in words[:2 if TWO_RESULTS.match(name) else 1])


def text_section(data):
    """(address, offset in the file) of the section with code."""
    shoff = struct.unpack_from("<Q", data, 40)[0]
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize) for i in range(shnum)]
    names = sections[shstrndx][4]
    for name, _, _, address, offset, *_ in sections:
        if data[names + name:].startswith(b".text\0"):
            return address, offset
    sys.exit("thiscpu: no section .text")


def main():
    image, objdump = sys.argv[1:3]
    with open(image, "rb") as f:
        data = bytearray(f.read())
    address, offset = text_section(data)
    out = subprocess.run([objdump, "-d", "-j", ".text", image], stdout=subprocess.PIPE, check=True, text=True).stdout
    function, wrong = "", set()
    for line in out.splitlines():
        fields = line.split("\t")
        if len(fields) < 3:
            function = line.split("<")[-1].rstrip(">:") if line.endswith(">:") else function
            continue
        word = int(fields[1], 16)
        if word & ~REGISTER == MRS_TPIDR_EL1:
            at = int(fields[0].strip().rstrip(":"), 16) - address + offset
            if struct.unpack_from("<I", data, at)[0] != word:
                sys.exit("thiscpu: %s is not what %s says" % (image, objdump))
            struct.pack_into("<I", data, at, MOV_X18 | (word & REGISTER))
        elif len(fields) > 3 and writes_x18(fields[2], fields[3]) and not OURS.match(function):
            wrong.add(function)
    if wrong:
        sys.exit("%s: changes x18, in which a process with several CPUs has this CPU's data: compile it with -ffixed-x18, or build the "
                 "image without linuxu (`# CONFIG_PLAT_LINUXU is not set`)" % ", ".join(sorted(wrong)))
    with open(image, "wb") as f:
        f.write(data)


if __name__ == "__main__":
    main()
