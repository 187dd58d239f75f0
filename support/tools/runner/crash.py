# SPDX-License-Identifier: BSD-3-Clause
"""Crash reports: what the image cannot know without its .dbg file is added here.

  - `image+0x1234` becomes a function, file and line;
  - the cause in words: which variable, which function, what kind of mistake;
  - the instruction, and the address that it computed from the registers.

So an image needs no symbols for a report that can be read; plain QEMU shows the bare facts.
"""
import os
import re
import struct

from . import process
from .elf import DebugFile

ADDRESS = re.compile(rb"image\+(0x[0-9a-f]+)")
STOPPED = re.compile(rb"^  CPU \d+: .*\n  at image\+(0x[0-9a-f]+)", re.M)
REGISTER = re.compile(r"\b([rx][0-9]{1,2}|r[a-z]{2}|pc|ra|sp|gp|tp|[ast][0-9]{1,2}) +([0-9a-f]{16})\b")
FAULT = re.compile(r"CRASH: page fault in .*: (read of|write to|execution at) (0x[0-9a-f]+|0),")
OPERAND = re.compile(r"(?:%[c-gs]s:)?(-?0x[0-9a-f]+)?\((%r?[a-z0-9]*)?(?:,(%r[a-z0-9]+)(?:,([1248]))?)?\)")
RISCV_OPERAND = re.compile(r"[ ,](-?[0-9]+)\(([a-z][a-z0-9]+)\)")
ARM_OPERAND = re.compile(r"\[(x[0-9]+|sp)(?:, #(-?[0-9]+))?\]!?")
# Error codes of the control protection exception (Intel SDM vol. 3 §6.15, interrupt 21).
CONTROL = {
    1: "a return to where no call came from (near return against the shadow stack)",
    2: "a return to where no call or interrupt came from (far return or iret against the shadow stack)",
    3: "an indirect call or jump to a place without landing pad (endbr64)",
    4: "rstorssp found no valid token to restore the shadow stack from",
    5: "setssbsy found no valid token of a shadow stack, or a busy one",
}
# What the image does not name, since it should not happen (Intel SDM vol. 3 table 6-1; 28 to 30: AMD APM
# vol. 2 table 8-1). The rest of 0 to 31 is reserved.
VECTORS = {4: "overflow (into)", 5: "bound range exceeded", 7: "device not available",
           9: "coprocessor segment overrun", 10: "invalid TSS", 11: "segment not present",
           20: "virtualization exception", 28: "hypervisor injection", 29: "VMM communication",
           30: "security exception"}
PAGE, LOW = 0x1000, 0x400000  # see <uk/plat/mem.h>


def symbolise(text, debug_file):
    """The report with what is known of each address of the image at the end of its line."""
    addresses = [int(a, 16) for a in ADDRESS.findall(text)]
    # Where it happened, and where other CPUs were.
    exact = {*addresses[:1], *(int(a, 16) for a in STOPPED.findall(text))}
    names = lookup(addresses, exact, debug_file) if addresses else {}
    out, same = [], 0
    for line in text.split(b"\n"):
        m = ADDRESS.search(line)
        found = names.get(int(m.group(1), 16)) if m else None
        if found:
            line += b"  " + found
        if m and out and line == out[-1]:
            same += 1
            continue
        if same:
            out.append(b"  ... %d times more" % same)
            same = 0
        out.append(line)
    return b"\n".join(out)


def lookup(addresses, exact, debug_file):
    """{address: b"function (file:line)"}; inlined calls are joined with <-."""
    tool = process.find_program("addr2line")
    if tool is None or not os.path.exists(debug_file):
        return {}
    # The others are where calls return to: a byte earlier is inside the call.
    asked = {a: a if a in exact else a - 1 for a in addresses}
    out = output_of([tool, "-e", debug_file, "-f", "-i", "-a"] +
                    ["%#x" % a for a in asked.values()])
    by_asked, frames = {}, None
    for line in out.split(b"\n"):
        if line.startswith(b"0x"):
            frames = by_asked.setdefault(int(line, 16), [])
        elif frames is not None and line:
            frames.append(line)
    names = {}
    for address, key in asked.items():
        lines = by_asked.get(key, [])
        pairs = [(f, tail(at)) for f, at in zip(lines[::2], lines[1::2]) if f != b"??"]
        if pairs:
            names[address] = b" <- ".join(b"%s (%s)" % p for p in pairs)
    return names


def tail(place):
    """`path/to/file.c:12 (discriminator 3)` as it helps a reader."""
    place = os.path.normpath(place.split(b" (")[0])
    # A package's file, by its path in upstream's tree.
    return re.sub(rb".*build/packages/([^/]*)-[0-9a-f]{12}/(src|build)/", rb"\1/", place)


def output_of(argv):
    r, w = os.pipe()
    os.set_inheritable(w, True)
    pid = os.posix_spawn(argv[0], argv, os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, w, 1),
                                       (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    os.close(w)
    out = b""
    while True:
        piece = os.read(r, 65536)
        if not piece:
            break
        out += piece
    os.close(r)
    os.waitpid(pid, 0)
    return out


# ---- the cause in words ----------------------------------------------------------------------------

class Facts:
    """The figures of a report."""

    def __init__(self, text):
        text = text.decode(errors="replace")
        self.headline = text.partition("\n")[0]
        self.registers = {name: int(value, 16) for name, value in REGISTER.findall(text)}
        self.pc = self.base = None  # the pc as an offset, and where the image is
        m = re.search(r"^  at (?:image\+(0x[0-9a-f]+))?", text, re.M)
        pc = self.registers.get("rip", self.registers.get("pc"))
        if m and m.group(1) and pc is not None:
            self.pc = int(m.group(1), 16)
            self.base = pc - self.pc
        m = re.search(r"^  that address: (.*)", text, re.M)
        self.words = m.group(1) if m else None
        self.panic = re.findall(r"^    \[whittle\] panic: (.*)", text, re.M)  # among the last messages

    def register(self, name):
        """Of %rax or of a part of it; None for what is not in the report."""
        name = name.lstrip("%")
        wide = {"e": "r" + name[1:]}.get(name[0], name) if len(name) == 3 else name
        wide = "r" + name if len(name) == 2 and name[0] != "r" else wide
        wide = re.sub(r"^(r[0-9]+)[dwb]$", r"\1", wide)
        value = self.registers.get(wide)
        if value is None:
            return None
        return value & 0xffffffff if name[0] == "e" or name.endswith("d") else value


def instruction_at(debug_file, pc, arch):
    """The instruction as the disassembler writes it, or None."""
    tool = process.find_program(process.SYSTEM_NAMES.get(arch, arch) + "-linux-gnu-objdump" if process.is_foreign(arch) else "objdump")
    if tool is None:
        return None
    out = output_of([tool, "-d", "--no-show-raw-insn", "--start-address=%#x" % pc,
                     "--stop-address=%#x" % (pc + 16), debug_file]).decode(errors="replace")
    m = re.search(r"^ *%x:\t(.*)$" % pc, out, re.M)
    return re.sub(r"\s+", " ", m.group(1).partition("#")[0]).strip() if m else None


def operand_address(instruction, facts):
    """The address that an instruction's memory operand means, or None."""
    m = RISCV_OPERAND.search(instruction)
    if m and m.group(2) in facts.registers:
        return facts.registers[m.group(2)] + int(m.group(1)) & (1 << 64) - 1
    m = ARM_OPERAND.search(instruction)
    if m and m.group(1) in facts.registers:
        return facts.registers[m.group(1)] + int(m.group(2) or 0) & (1 << 64) - 1
    m = OPERAND.search(instruction)
    if m is None or "%rip" in m.group(0):
        return None
    address = int(m.group(1) or "0", 16)
    for name, scale in ((m.group(2), 1), (m.group(3), int(m.group(4) or 1))):
        if name:
            value = facts.register(name)
            if value is None:
                return None
            address += value * scale
    return address & (1 << 64) - 1


def is_canonical(address):
    return address < 1 << 47 or address >= (1 << 64) - (1 << 47)


def cause(facts, elf, instruction):
    """A line of words, or None where the headline says it all."""
    m = FAULT.match(facts.headline)
    if m:
        verb = {"read of": "read of", "write to": "write to", "execution at": "jump to"}[m.group(1)]
        address = int(m.group(2), 16)
        if address < PAGE:
            return "%s a null pointer%s" % (verb, " + %#x" % address if address else "")
        if address < LOW:
            return "%s an address below 4 MiB, where nothing is ever mapped" % verb
        place = elf.place(address - facts.base) if elf and facts.base is not None else None
        if place:
            return "%s %s" % (verb, place)
        kind = ("what is behind the end of a mapped file (SIGBUS)" if "behind the end" in facts.headline else
                "memory that its area forbids" if "area forbids" in facts.headline else
                "unmapped memory" if "where nothing is mapped" in facts.headline else
                "memory that is not executable" if verb == "jump to" else "protected memory")
        return "%s %s: %s" % (verb, kind, facts.words) if facts.words else None
    if facts.headline.startswith("CRASH: in thread") and facts.panic:
        return facts.panic[-1]
    if "general protection" in facts.headline or "stack segment" in facts.headline:
        address = operand_address(instruction, facts) if instruction else None
        if address is not None and not is_canonical(address):
            return "access to %#x, which is no address (not canonical)" % address
    m = re.match(r"CRASH: exception in thread .* \(vector (\d+),", facts.headline)
    if m:
        vector = int(m.group(1))
        return VECTORS.get(vector) or ("a reserved exception" if vector < 32 else "an interrupt that nobody expects")
    m = re.search(r"control protection .*error code (0x[0-9a-f]+|0)\)", facts.headline)
    if m:
        code = int(m.group(1), 16)
        words = CONTROL.get(code & 0x7fff, "an unknown violation of control flow (error code %#x)" % code)
        if code & 0x7fff == 3 and elf and facts.pc is not None:
            words += ": " + (elf.place(facts.pc) or "image+%#x" % facts.pc)
        return words + (", inside an enclave" if code >> 15 & 1 else "")
    if "undefined instruction" in facts.headline and instruction == "ud2":
        return "a check of the program's own failed (ud2: __builtin_trap(), an assertion)"
    if "division" in facts.headline and instruction:
        m = re.match(r"i?div[bwlq]? (%[a-z0-9]+)$", instruction)
        if m and facts.register(m.group(1)) is not None:
            return "division by zero" if not facts.register(m.group(1)) else \
                "a quotient that is too large"
    return None


def explain(text, debug_file, elf, arch="x86_64"):
    """The report with cause and instruction behind its first line; without elf, what needs no names."""
    if not text.startswith(b"CRASH: "):
        return text
    facts = Facts(text)
    instruction = instruction_at(debug_file, facts.pc, arch) if elf and facts.pc is not None else None
    words = cause(facts, elf, instruction)
    more = ""
    if words:
        more += "  cause: %s\n" % words
    if instruction:
        address = operand_address(instruction, facts)
        more += "  instruction: %s%s\n" % (
            instruction, "" if address is None else " (address %#x)" % address)
    head, newline, rest = text.partition(b"\n")
    return head + newline + more.encode() + rest


def show(text, image):
    """Write a report to stderr, with names; without the right .dbg file say why there are none."""
    elf, missing = None, None
    try:
        elf = DebugFile(image.debug_file)
        if not elf.belongs_to(image.build_id):
            elf, missing = None, "is of another build than the image"
    except OSError:
        missing = "is not there"
    except (ValueError, IndexError, ArithmeticError, struct.error):
        missing = "is damaged"
    out = explain(text, image.debug_file, elf, image.arch)
    if elf:
        out = symbolise(out, image.debug_file)
    else:
        out = out.rstrip(b"\n") + b"\n  (no names: %s %s)\n" % (os.fsencode(image.debug_file), missing.encode())
    while out:
        out = out[os.write(2, out):]
