# SPDX-License-Identifier: BSD-3-Clause
"""--core FILE: the memory and registers of a crashed image as an ELF core file, as Linux writes them.

gdb opens it with the .dbg file and finds the random base by itself, from the entry address in the
auxiliary vector. Where the memory comes from differs: QEMU's process holds a machine's, at
addresses that QEMU tells and in pages that the guest's page tables map (page_tables()); a process
of linuxu has stopped itself and is read through /proc (process_areas()). Pages of zeroes become
holes in the file. What is different from CPU to CPU is in cpus.py.

Which threads there are only the types of the image tell. gdb knows those: it looks at the
core with support/tools/gdb/whittle.py, and what it says becomes a note per thread. Without gdb the
core has the crashed thread alone.
"""
import ctypes
import os
import re
import struct

from . import RunError, process
from .cpus import CPUS, NT_FPREGSET, PAGE
from .elf import DebugFile

LIMIT = 4 << 30     # bytes of memory in a core; what is above is left out, and said
SEGMENTS = 60000    # an ELF file counts them in 16 bits
SIGABRT, SIGALRM = 6, 14
PT_LOAD, PT_NOTE = 1, 4
NT_PRSTATUS, NT_AUXV, NT_X86_XSTATE = 1, 6, 0x202
AT_NULL, AT_PAGESZ, AT_ENTRY = 0, 6, 9
# Signals after which Linux writes a core, as 128 + n of an exit status.
FATAL = {128 + s for s in (3, 4, 5, 6, 7, 8, 11, 24, 25, 31)}


class Thread:
    """vectors: {type of note: bytes} of what else it has. (A thread that waits has none: whoever calls a
    function counts on nothing in vector registers.)"""

    def __init__(self, tid, registers, vectors=()):
        self.tid, self.registers, self.vectors = tid, registers, dict(vectors)


class Memory:
    """The memory of another process: read() gives None for what is not there."""

    def __init__(self, pid):
        try:
            self.fd = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
        except OSError as e:
            raise RunError("--core: the memory of process %d cannot be read: %s" % (pid, e.strerror)) \
                from None

    def read(self, address, size):
        try:
            data = os.pread(self.fd, size, address)
        except (OSError, OverflowError):
            return None
        return data if len(data) == size else None

    def close(self):
        os.close(self.fd)


# AVX-512's registers and the protection keys in an XSAVE area: where CPUs have them that keep no room for MPX (AMD's), where
# those of Intel do, their size. gdb before 14 looks for them at the second.
XSAVE_MOVES = (832, 1088, 64), (896, 1152, 512), (1408, 1664, 1024), (2432, 2688, 8)


def as_intel(area):
    """An XSAVE area with its parts where Intel's CPUs have them."""
    if len(area) not in (2432, 2440):
        return area
    out = bytearray(area[:XSAVE_MOVES[0][0]])
    for here, there, size in XSAVE_MOVES:
        if here < len(area):
            out = out.ljust(there, b"\0") + area[here:here + size]
    return bytes(out)


def traced_registers(pid):
    """The same of a stopped process, by ptrace, with all that the CPU's XSAVE knows: {note: bytes}."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt, getregset, detach = 0x4206, 0x4207, 0x4204, 17
    if libc.ptrace(seize, pid, None, None):
        return {}
    found = {}
    if not libc.ptrace(interrupt, pid, None, None):
        os.waitpid(pid, 0x40000000)  # __WALL
        for kind in (NT_FPREGSET, NT_X86_XSTATE):
            area = ctypes.create_string_buffer(16384)
            vec = (ctypes.c_size_t * 2)(ctypes.addressof(area), len(area))
            if not libc.ptrace(getregset, pid, kind, ctypes.addressof(vec)):
                found[kind] = as_intel(area.raw[:vec[1]])
    libc.ptrace(detach, pid, None, None)
    return found


# ---- a machine -----------------------------------------------------------------------------------

class Machine:
    """A stopped machine: its CPU and memory, by QEMU's monitor and QEMU's own memory."""

    BLOCK = 2 << 20  # RAM is contiguous in QEMU's memory at least this far

    def __init__(self, pid, human, image, elf):
        """human(command) gives what QEMU's monitor answers."""
        self.memory, self.human, self.cpu, self.elf = Memory(pid), human, CPUS[image.arch](), elf
        self.blocks = {}
        self.take(human("info registers"))

    def take(self, text):
        """What there is to say of a CPU, from the monitor's words. (The kernel uses no vector registers, so they are still
        those of what crashed.)"""
        self.registers = self.cpu.parse(text)
        self.vectors = self.cpu.vectors(text)
        self.root = self.cpu.root(text, self.elf)

    def begin_with(self, base):
        """From here on it is about the CPU that ended the image, if that says which. (The monitor shows the first.)"""
        percpu = word_at(self, base, "uk_core_percpu", "<Q")
        number = percpu and self.read(percpu + PERCPU_CPU, 4)
        text = number and self.cpu_text(percpu, *struct.unpack("<I", number))
        if text:
            self.take(text)

    def cpu_text(self, percpu, number):
        """The monitor's words on the CPU whose per-CPU data are there, or None. (Of a CPU whose register for it is not told,
        on that of the number, which starts them in their order.)"""
        texts = re.split(r"^CPU#", self.human("info registers -a"), flags=re.M)[1:]
        if self.cpu.of_cpu is None:
            return texts[number] if number < len(texts) else None
        for text in texts:
            if self.cpu.parse(text)[self.cpu.of_cpu] == percpu:
                return text
        return None

    def cpu_registers(self, fields):
        text = self.cpu_text(int(fields["percpu"], 16), int(fields["cpu"]))
        return text and self.cpu.parse(text)

    def physical(self, pa, size):
        """Memory at a physical address, inside one block; None where there is no RAM."""
        block = pa & -self.BLOCK
        if block not in self.blocks:
            m = re.search(r"is (0x[0-9a-f]+)", self.human("gpa2hva %#x" % block))
            self.blocks[block] = int(m[1], 16) if m else None
        base = self.blocks[block]
        return None if base is None else self.memory.read(base + pa - block, size)

    def page_tables(self):
        """(address, protection, physical address, size) of all that is mapped, by address."""
        def walk(table, level, base):
            raw = self.physical(table, PAGE)
            for i, e in enumerate(struct.unpack("<512Q", raw) if raw else ()):
                entry = self.cpu.entry(e, level)
                if entry is None:
                    continue
                size = PAGE << 9 * level
                va = base + i * size
                is_page, prot, target = entry
                if is_page:
                    yield self.cpu.address(va), prot, target & -size, size
                else:
                    yield from walk(target, level - 1, va)
        yield from walk(self.root, self.cpu.levels, 0)

    def areas(self):
        """(address, protection, size, read) with read(offset, size); adjoining pages are one."""
        run = []
        for va, prot, pa, size in self.page_tables():
            if run and run[0][0] + sum(r[2] for r in run) == va and run[0][1] == prot and \
                    len(run) < 4096:
                run.append((va, prot, size, pa))
                continue
            if run:
                yield self.area(run)
            run = [(va, prot, size, pa)]
        if run:
            yield self.area(run)

    def area(self, run):
        def pieces():
            for va, _, size, pa in run:
                for at in range(0, size, self.BLOCK):
                    yield va + at, self.physical(pa + at, min(size, self.BLOCK))
        return run[0][0], run[0][1], sum(r[2] for r in run), pieces

    def read(self, address, size):
        """At a virtual address; what crosses into another page is put together."""
        out = b""
        while size:
            n = min(size, PAGE - address % PAGE)
            pa = self.translate(address)
            piece = None if pa is None else self.physical(pa, n)
            if piece is None:
                return None
            out, address, size = out + piece, address + n, size - n
        return out

    def translate(self, va):
        table = self.root
        for level in range(self.cpu.levels, -1, -1):
            raw = self.physical(table + (va >> 12 + 9 * level & 511) * 8, 8)
            entry = self.cpu.entry(struct.unpack("<Q", raw)[0], level) if raw else None
            if entry is None:
                return None
            is_page, _, table = entry
            if is_page:
                size = PAGE << 9 * level
                return table & -size | va & size - 1
        return None

    def base(self):
        return self.cpu.base(self, self.elf)


# ---- a process -----------------------------------------------------------------------------------

class Process:
    """A stopped process of linuxu. In qemu-user all that the host tells of its registers is the emulator's."""

    def __init__(self, pid, image, elf):
        self.elf = elf
        self.pid, self.image, self.memory, self.cpu = pid, image, Memory(pid), CPUS[image.arch]()
        self.foreign = process.is_foreign(image.arch)
        with open("/proc/%d/maps" % pid) as f:
            self.maps = f.read().splitlines()
        self.read = self.memory.read
        self.take(pid)

    def take(self, tid):
        self.registers = self.cpu_registers({"host": tid}) or {}
        self.vectors = {} if self.foreign else traced_registers(tid)

    def begin_with(self, base):
        """As Machine's."""
        tid = word_at(self, base, "linuxu_core_tid", "<i")
        if tid and tid != self.pid:
            self.take(tid)

    def cpu_registers(self, fields):
        """What the host tells of the thread of its that is a CPU: no more than where it is."""
        if self.foreign:
            return None
        # Stopped: the system call's number and six arguments or -1, stack pointer, program counter.
        try:
            with open("/proc/%d/task/%s/syscall" % (self.pid, fields["host"])) as f:
                words = f.read().split()
            return {"rsp": int(words[-2], 16), "rip": int(words[-1], 16)}
        except (OSError, ValueError, IndexError):
            return None

    def areas(self):
        pagemap = os.open("/proc/%d/pagemap" % self.pid, os.O_RDONLY)
        try:
            for line in self.maps:
                m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r)([-w])([-x])", line)
                if not m or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                    continue
                if self.foreign and self.is_emulators(line):
                    continue
                prot = 4 | (2 if m[4] == "w" else 0) | (1 if m[5] == "x" else 0)
                yield from self.present(int(m[1], 16), int(m[2], 16), prot, pagemap)
        finally:
            os.close(pagemap)

    def is_emulators(self, line):
        """A file that is mapped, but not the image: the emulator, its libraries, its own heap and stack."""
        name = "".join(line.split(None, 5)[5:])
        return name[:1] in ("/", "[") and name != os.path.realpath(self.image.path) and not name.startswith("/memfd:memory")

    def present(self, start, end, prot, pagemap):
        """Parts of a mapping that have pages. (Reading others would make the host find some.)"""
        step = 1 << 18  # pages to ask about at a time
        first = None
        for at in range(start, end, step * PAGE):
            n = min(step, (end - at) // PAGE)
            flags = os.pread(pagemap, n * 8, at // PAGE * 8)
            if not any(flags):
                if first is not None:
                    yield self.area(first, at, prot)
                first = None
                continue
            for i in range(n):
                there = flags[i * 8 + 7] & 0xc0  # in memory, or swapped out
                if there and first is None:
                    first = at + i * PAGE
                elif not there and first is not None:
                    yield self.area(first, at + i * PAGE, prot)
                    first = None
        if first is not None:
            yield self.area(first, end, prot)

    def area(self, start, end, prot):
        def pieces():
            for at in range(start, end, 1 << 20):
                yield at, self.memory.read(at, min(1 << 20, end - at))
        return start, prot, end - start, pieces

    def base(self):
        path = os.path.realpath(self.image.path)
        for line in self.maps:
            fields = line.split(None, 5)
            if len(fields) > 5 and fields[5] == path and int(fields[2], 16) == 0:
                return int(fields[0].partition("-")[0], 16)
        return None


# ---- the file ------------------------------------------------------------------------------------

def word_at(source, base, name, form):
    """The value of one of the image's variables; None if it has none of that name."""
    at = source.elf.address_of(name)
    raw = source.read(base + at, struct.calcsize(form)) if at is not None and base is not None else None
    return struct.unpack(form, raw)[0] if raw else None


def crash_registers(source, base):
    """Of the trap, as the image has saved them, with its signal; else those that it has now."""
    for symbol, pointer in (("uk_crash_regs", True), ("linuxu_core_regs", False)):
        at = source.elf.address_of(symbol)
        if at is None or base is None:
            continue
        at = word_at(source, base, symbol, "<Q") if pointer else base + at
        names = source.cpu.uk_regs
        raw = source.read(at, 8 * len(names)) if at else None
        values = dict(zip(names, struct.unpack("<%dQ" % len(names), raw))) if raw else {}
        if values.get(source.cpu.pc):
            tp = source.cpu.thread_pointer
            if tp in source.registers:  # what a host's process has, the thread's context says
                values.setdefault(tp, source.registers[tp])
            return values, source.cpu.signal(values) if pointer else None
    return source.registers, None


def note(kind, data):
    name = b"LINUX\0\0\0" if kind > 0xff else b"CORE\0\0\0\0"
    return struct.pack("<III", len(name.rstrip(b"\0")) + 1, len(data), kind) + name + data + bytes(-len(data) % 4)


def prstatus(thread, signum, cpu):
    """struct elf_prstatus of Linux on that CPU."""
    r = cpu.more_regs(thread.registers)
    regs = struct.pack("<%dQ" % len(cpu.core_regs), *(r.get(name, 0) for name in cpu.core_regs))
    return struct.pack("<iiihxxQQiiii64x", signum, 0, 0, signum, 0, 0, thread.tid, 0, 0, 0) + \
        regs + bytes(8)


def notes(source, base, threads, signum):
    """(Without NT_PRPSINFO: a name of 15 letters, by which gdb doubts that the .dbg file fits.)"""
    cpu = source.cpu

    def thread_notes(t):  # the signal in each, as Linux has it
        more = {**t.vectors, **cpu.thread_notes(t.registers)}
        return note(NT_PRSTATUS, prstatus(t, signum, cpu)) + b"".join(note(k, more[k]) for k in sorted(more))
    out = thread_notes(threads[0])
    aux = [AT_PAGESZ, PAGE] + ([AT_ENTRY, base + source.elf.entry] if base is not None else []) + [AT_NULL, 0]
    out += note(NT_AUXV, struct.pack("<%dQ" % len(aux), *aux))
    for t in threads[1:]:
        out += thread_notes(t)
    return out


def write(path, image, source_of, other_signal=SIGABRT):
    """Write the core file of a stopped image; returns a message for the user.

    source_of(image, elf) gives the Machine or Process. other_signal: what gdb shall say ended it, if that was no trap.
    """
    try:
        elf = DebugFile(image.debug_file)
    except OSError as e:
        raise RunError("--core: %s: %s; without it a core says nothing" %
                       (image.debug_file, e.strerror)) from None
    if not elf.belongs_to(image.build_id):
        raise RunError("--core: %s is of another build than the image; with it a core says what is not true"
                       % image.debug_file)
    source = source_of(image, elf)
    base = source.base()
    source.begin_with(base)
    registers, signum = crash_registers(source, base)
    signum = signum or other_signal
    threads = [Thread(1, registers, source.vectors)]
    areas, total, cut = [], 0, ""
    for a in source.areas():
        if total + a[2] > LIMIT or len(areas) == SEGMENTS:
            cut = "; it is cut at %d MiB" % (total >> 20)
            break
        areas.append(a)
        total += a[2]
    try:
        f = open(path, "wb+")
    except OSError as e:
        raise RunError("--core %s: %s" % (path, e.strerror)) from None
    with f:
        table_end = 64 + 56 * (1 + len(areas))
        at = table_end + PAGE - 1 & -PAGE
        loads = b""
        zero = bytes(PAGE)
        for start, prot, size, pieces in areas:
            loads += struct.pack("<IIQQQQQQ", PT_LOAD, prot, at, start, 0, size, size, PAGE)
            for va, data in pieces():
                for i in range(0, len(data or b""), PAGE):
                    page = data[i:i + PAGE]
                    if page != zero:
                        f.seek(at + va + i - start)
                        f.write(page)
            at += size
        f.truncate(at)

        def finish(threads):
            data = notes(source, base, threads, signum)
            f.seek(at)
            f.write(data)
            f.seek(0)
            f.write(b"\x7fELF\2\1\1\0\0" + (image.build_id or bytes(7)) + struct.pack(
                "<HHIQQQIHHHHHH", 4, source.cpu.machine, 1, 0, 64, 0, 0, 64, 56, 1 + len(areas), 0, 0, 0))
            f.write(struct.pack("<IIQQQQQQ", PT_NOTE, 4, at, 0, 0, len(data), 0, 4))
            f.write(loads)
            f.flush()

        finish(threads)
        found = other_threads(image, path, threads[0], source)
        if found:
            finish(found)
    gdb = process.gdb_names(image.arch)[0]
    count = "%d threads" % len(found) if found and len(found) > 1 else \
        "one thread" if found else "the crashed thread alone (no %s here to find the others)" % gdb
    return "core file %s: %s%s; open it with: %s %s %s" % (
        path, count, cut, gdb, process.quote([image.debug_file]), process.quote([path]))


PERCPU_CPU = 28  # struct uk_percpu's number of the CPU: <uk/percpu.h>
IDLE = 999  # a CPU's idle thread, which is in no list


def other_threads(image, path, crashed, source):
    """[Thread], the crashed one first, as gdb finds them in the core; None without gdb."""
    gdb = process.find_gdb(image.arch)
    if gdb is None:
        return None
    from .crash import output_of
    script = os.path.join(process.ROOT, "support/tools/gdb/whittle.py")
    out = output_of([gdb, "-q", "-batch", "-nx", "-iex", "set auto-load no", "-ex",
                     "set pagination off", image.debug_file, "-c", path, "-x", script,
                     "-ex", "uk core-threads"]).decode(errors="replace")
    threads = [crashed]
    crashed.tid = IDLE if "uk-thread " in out else crashed.tid
    for line in out.splitlines():
        if not line.startswith("uk-thread "):
            continue
        fields = dict(word.split("=") for word in line.split()[1:])
        tid = int(fields.pop("tid"))
        current = int(fields.pop("current"))
        if "cpu" in fields:
            registers = source.cpu_registers(fields)
            if registers:
                threads.append(Thread(tid, registers))
            continue
        values = {name: int(value, 16) for name, value in fields.items()}
        values[source.cpu.thread_pointer] = values.pop("thread_pointer")
        if current:
            crashed.tid = tid
            crashed.registers.setdefault(source.cpu.thread_pointer, values[source.cpu.thread_pointer])
        else:
            threads.append(Thread(tid, values))
    return threads
