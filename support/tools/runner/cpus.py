# SPDX-License-Identifier: BSD-3-Clause
"""What a core file has to know of a CPU: its registers and their order, QEMU's words for them, entries of page tables.

The registers' names are those of struct uk_regs (<uk/arch/regs.h>).
"""
import re
import struct

PAGE = 4096
SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV = 4, 5, 7, 8, 11
NT_FPREGSET, NT_ARM_TLS = 2, 0x401


class Cpu:
    """machine: ELF's number. uk_regs: struct uk_regs, in 64-bit words. core_regs: the host's order in a core.
    pc, sp, thread_pointer: names. of_cpu: the register that says where a CPU's own data are, if QEMU tells it.
    levels: of page tables, but the first."""

    of_cpu = None
    levels = 3

    def more_regs(self, registers):
        """For a core, what no trap saves."""
        return registers

    def thread_notes(self, _registers):
        """{type of note: bytes} of what a core has elsewhere."""
        return {}

    def base(self, machine, elf):
        """The address of the image, or None."""
        load, at = elf.address_of("boot_load"), elf.address_of("image_offset")
        raw = machine.physical(load + at, 8) if load is not None and at is not None else None
        base = struct.unpack("<Q", raw)[0] + load if raw else 0
        # If it is not there, the image had not come that far.
        return base if base and machine.translate(base + at) == load + at else None

    @staticmethod
    def address(va):
        """As pointers have it."""
        return va


class X86(Cpu):
    machine = 62
    uk_regs = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi vector error rip cs rflags "
               "rsp ss").split()
    core_regs = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs rflags rsp "
                 "ss fs_base gs_base ds es fs gs").split()
    pc, sp, thread_pointer, of_cpu = "rip", "rsp", "fs_base", "gs_base"
    signals = {0: SIGFPE, 3: SIGTRAP, 4: SIGSEGV, 6: SIGILL, 13: SIGSEGV, 14: SIGSEGV, 16: SIGFPE, 17: SIGBUS,
               19: SIGFPE}

    def signal(self, registers):
        return self.signals.get(registers["vector"])

    def more_regs(self, registers):
        return dict({"cs": 0x33}, orig_rax=(1 << 64) - 1, **registers)

    def parse(self, text):
        registers = {name.strip().lower(): int(value, 16) for name, value in
                     re.findall(r"\b(R[0-9A-Z]{1,2} ?)=([0-9a-f]{16})", text)}
        registers["rflags"] = int(re.search(r"RFL=([0-9a-f]+)", text)[1], 16)
        for name in "fs", "gs":
            base = re.search(r"^%s =[0-9a-f]+ ([0-9a-f]+)" % name.upper(), text, re.M)
            registers[name + "_base"] = int(base[1], 16)
        return registers

    def vectors(self, text):
        """x87 and vector registers, as FXSAVE stores them (Intel SDM vol. 1 table 10-2)."""
        def word(name):
            m = re.search(name + r"=([0-9a-f]+)", text)
            return int(m[1], 16) if m else 0
        out = bytearray(struct.pack("<HHBxHQQII", word("FCW"), word("FSW"), word("FTW") & 0xff, 0, 0, 0, word("MXCSR"), 0xffff))
        for i in range(8):  # from the top of the stack on
            m = re.search(r"FPR%d=([0-9a-f]{16}) ([0-9a-f]{4})" % ((word("FSW") >> 11) + i & 7), text)
            out += struct.pack("<QH6x", *(int(v, 16) for v in m.groups()) if m else (0, 0))
        for i in range(16):
            m = re.search(r"[XYZ]MM%02d=([0-9a-f ]*[0-9a-f])" % i, text)
            out += (int(m[1].replace(" ", ""), 16) if m else 0).to_bytes(64, "little")[:16]
        return {NT_FPREGSET: bytes(out.ljust(512, b"\0"))}

    def root(self, text, _elf):
        """Physical address of the first page table; `text` is what QEMU's monitor says of the CPU."""
        return int(re.search(r"CR3=([0-9a-f]+)", text)[1], 16) & -PAGE

    def entry(self, e, level):
        """(is it a page?, protection, physical address), or None for what is not there (Intel SDM vol. 3 §4.5)."""
        if not e & 1:
            return None
        return (not level or bool(e & 0x80), 4 | (2 if e & 2 else 0) | (0 if e >> 63 else 1),
                e & 0x000ffffffffff000)

    @staticmethod
    def address(va):
        return va | 0xffff << 48 if va >> 47 else va


class Riscv(Cpu):
    machine = 243
    names = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 "
             "t3 t4 t5 t6").split()
    uk_regs = ["pc"] + names[1:] + ["status", "cause", "tval"]
    core_regs = uk_regs[:32]
    pc, sp, thread_pointer, of_cpu = "pc", "sp", "tp", "gp"
    signals = {0: SIGBUS, 1: SIGSEGV, 2: SIGILL, 3: SIGTRAP, 4: SIGBUS, 5: SIGSEGV, 6: SIGBUS, 7: SIGSEGV,
               12: SIGSEGV, 13: SIGSEGV, 15: SIGSEGV}

    def signal(self, registers):
        return self.signals.get(registers["cause"])

    def parse(self, text):
        found = {int(n): int(value, 16) for n, value in re.findall(r"\bx(\d+)/\w+ +([0-9a-f]{16})", text)}
        registers = {name: found[i] for i, name in enumerate(self.names)}
        registers["pc"] = int(re.search(r"^ *pc +([0-9a-f]+)", text, re.M)[1], 16)
        return registers

    def vectors(self, text):
        """Floating point registers; QEMU does not tell the rounding mode and flags behind them."""
        found = {int(n): int(value, 16) for n, value in re.findall(r"\bf(\d+)/\w+ +([0-9a-f]{16})", text)}
        return {NT_FPREGSET: struct.pack("<33Q", *(found.get(i, 0) for i in range(33)))} if found else {}

    def root(self, text, _elf):
        """Also says how many levels there are."""
        satp = int(re.search(r"^ *satp +([0-9a-f]+)", text, re.M)[1], 16)
        self.levels = {8: 2, 9: 3}.get(satp >> 60, 3)
        return (satp & (1 << 44) - 1) << 12

    def entry(self, e, level):
        """RISC-V ISA vol. 2 §4.4."""
        if not e & 1:
            return None
        return not level or bool(e & 0xe), (4 if e & 2 else 0) | (2 if e & 4 else 0) | (1 if e & 8 else 0), (e >> 10 & (1 << 44) - 1) << 12


class Arm(Cpu):
    machine = 183
    uk_regs = ["x%d" % i for i in range(31)] + ["sp", "pc", "status", "cause", "addr"]
    core_regs = uk_regs[:34]
    pc, sp, thread_pointer = "pc", "sp", "tpidr"
    # Exception classes (DDI 0487 §D17.2.37): unknown, landing pads, instruction and data aborts, alignment of pc and sp,
    # floating point, brk.
    signals = {0x00: SIGILL, 0x0d: SIGILL, 0x0e: SIGILL, 0x20: SIGSEGV, 0x21: SIGSEGV, 0x22: SIGBUS, 0x24: SIGSEGV,
               0x25: SIGSEGV, 0x26: SIGBUS, 0x2c: SIGFPE, 0x3c: SIGTRAP}

    def signal(self, registers):
        return self.signals.get(registers["cause"] >> 26 & 0x3f)

    def thread_notes(self, registers):
        tp = registers.get("tpidr")
        return {NT_ARM_TLS: struct.pack("<Q", tp)} if tp else {}

    def parse(self, text):
        registers = {"x%d" % int(n): int(value, 16) for n, value in re.findall(r"\bX(\d\d)=([0-9a-f]{16})", text)}
        for name, pattern in (("pc", r"\bPC=([0-9a-f]+)"), ("sp", r"\bSP=([0-9a-f]+)"), ("status", r"PSTATE=([0-9a-f]+)")):
            registers[name] = int(re.search(pattern, text)[1], 16)
        return registers

    def vectors(self, text):
        found = {int(n): (int(low, 16), int(high, 16))
                 for n, high, low in re.findall(r"\bQ(\d\d)=([0-9a-f]{16}):([0-9a-f]{16})", text)}
        if not found:
            return {}
        modes = [int(m[1], 16) if m else 0 for m in (re.search(name + r"=([0-9a-f]+)", text) for name in ("FPSR", "FPCR"))]
        return {NT_FPREGSET: b"".join(struct.pack("<2Q", *found.get(i, (0, 0))) for i in range(32)) +
                struct.pack("<2I8x", *modes)}

    def root(self, _text, elf):
        """QEMU does not tell where the tables are. The first one is the image's own."""
        load, at = elf.address_of("boot_load"), elf.address_of("boot_root_table")
        return load + at if load is not None and at is not None else 0

    def entry(self, e, level):
        """DDI 0487 §D8.3."""
        if not e & 1:
            return None
        return (not level or not e & 2, 4 | (0 if e & 0x80 else 2) | (0 if e >> 53 & 1 else 1),
                e & 0x0000fffffffff000)


CPUS = {"x86_64": X86, "riscv64": Riscv, "arm64": Arm}
