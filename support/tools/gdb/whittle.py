# SPDX-License-Identifier: BSD-3-Clause
"""gdb commands that know what is in an image: `uk threads`, CPUs, areas, allocators, fds, log, params.

They read memory and types, and call nothing: so they work on a core file, on a machine that stands
at its first instruction, and in the middle of a crash. `make debug` and `support/run --gdb` load
this file; by hand: `source support/tools/gdb/whittle.py`.
"""
import hashlib

import gdb
import gdb.unwinder

LIMIT = 100000  # of any list: what is followed may be what is broken


def value(expression):
    """A value by its C expression, or None if the image has no such thing."""
    try:
        v = gdb.parse_and_eval(expression)
        v.fetch_lazy()
        return v
    except gdb.error:
        return None


def type_of(name):
    try:
        return gdb.lookup_type(name)
    except gdb.error:
        return None


def text(pointer):
    try:
        return pointer.string(errors="replace", length=-1)[:200]
    except (gdb.error, gdb.MemoryError):
        return "?"


def offset_of(struct, member):
    for f in struct.fields():
        if f.name == member:
            return f.bitpos // 8
    raise gdb.GdbError("%s has no member %s" % (struct, member))


def listed(head, struct, member):
    """The elements of a struct uk_list."""
    offset = offset_of(struct, member)
    node, seen = head["next"], 0
    while int(node) != int(head.address) and seen < LIMIT:
        yield gdb.Value(int(node) - offset).cast(struct.pointer()).dereference()
        node, seen = node["next"], seen + 1


def has(struct, member):
    return any(f.name == member for f in struct.type.strip_typedefs().fields())


# ---- threads -------------------------------------------------------------------------------------

STATES = {0: "ready", 1: "blocked", 2: "ended"}


class Arch:
    """A CPU's registers, by gdb's names. saved: name and offset of what lies at a switched-out stack pointer, in `frame` bytes
    (<uk/arch/ctx.h>). percpu: where a CPU has the address of its own data; the first of these that gdb knows. address: the bits of
    one that is saved; above them it may be signed (<uk/arch/sign.h>)."""

    def __init__(self, pc, sp, regs, saved, frame, *percpu, address=(1 << 64) - 1):
        self.pc, self.sp, self.regs, self.saved, self.frame, self.percpu = pc, sp, regs, saved, frame, percpu
        self.address = address

    def switched_out(self, sp):
        """The registers of a thread that has this stack pointer."""
        at = gdb.Value(sp).cast(gdb.lookup_type("unsigned long").pointer())
        r = dict({name: int(at[offset // 8]) for name, offset in self.saved}, **{self.sp: sp + self.frame})
        for name, offset in self.saved:
            if offset == dict(self.saved)[self.pc]:
                r[name] &= self.address
        return r

    def of_trap(self, regs):
        """The registers in a struct uk_regs."""
        return {name: int(regs["x"][int(name[1:])] if name[0] == "x" else regs[name]) for name in self.regs}


def each(names, first=0):
    return [(name, first + 8 * i) for i, name in enumerate(names.split())]


ARCHES = {
    "i386:x86-64": Arch("rip", "rsp", "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi rip rsp".split(),
                        each("r15 r14 r13 r12 rbx rbp rip"), 56, "$gs_base"),
    "riscv:rv64": Arch("pc", "sp", "pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 "
                       "t3 t4 t5 t6".split(),
                       [("pc", 0)] + each("ra s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11"), 208, "$gp"),
    "aarch64": Arch("pc", "sp", ["x%d" % i for i in range(31)] + ["sp", "pc"],
                    [("pc", 88)] + each(" ".join("x%d" % i for i in range(19, 31))), 176, "$TPIDR_EL1", "$x18", address=(1 << 48) - 1),
}


def arch():
    name = gdb.selected_inferior().architecture().name()
    if name not in ARCHES:
        raise gdb.GdbError("%s: not a CPU that images are for (%s)" % (name, ", ".join(sorted(ARCHES))))
    return ARCHES[name]


class Cpu:
    """A CPU that runs; an image for one CPU has number 0 only."""

    def __init__(self, number, percpu, several):
        self.number, self.percpu, self.several = number, percpu, several

    def stopped_registers(self):
        """Where a crash on another CPU has stopped it, or None."""
        regs = value("uk_crash_cpu_regs[%d]" % self.number) if self.several else None
        if regs is None or not int(regs):
            return None
        return arch().of_trap(regs)

    def is_selected(self):
        """Are the registers that gdb shows this CPU's? (Of a core file they are those of the crash.)"""
        if not self.several:
            return True
        if is_core():
            return self.number == core_cpu()
        base = next((v for v in (value("(unsigned long)" + where) for where in arch().percpu) if v is not None), None)
        return base is not None and int(base) == int(self.percpu.address)

    def select(self):
        """Has gdb show its registers, if it can: a machine's CPUs and a process's threads are gdb's threads."""
        for other in gdb.selected_inferior().threads():
            other.switch()
            if self.is_selected():
                return True
        return False


def cpus():
    """[Cpu]; empty before the image knows its CPUs' data."""
    n = value("uk_smp_ncpus")
    if n is None:
        only = value("uk_percpu_boot")
        return [] if only is None else [Cpu(0, only, False)]
    return [Cpu(i, value("uk_percpus[%d]" % i), True) for i in range(int(n))]


def core_cpu():
    """The CPU whose registers a core file shows first: that of the report, of the end, else the first."""
    end = value("uk_core_percpu")
    if end is not None and int(end):
        return int(end["cpu"])
    reporter = value("'arch/common/report.c'::reporter")
    return int(reporter) - 1 if reporter is not None and int(reporter) else 0


class Thread:
    def __init__(self, t, cpu, number):
        self.value = t
        self.cpu = cpu  # it runs on, or None
        self.name = text(t["name"]) if int(t["name"]) else "(no name)"
        self.state = STATES.get(int(t["state"]), "?") if cpu is None else \
            "running on CPU %d" % cpu.number if cpu.several else "running"
        task = type_of("struct uk_task")
        self.tid = 1000 + number  # a thread of the kernel's, which POSIX has no number for
        if task and int(t["posix"]):
            self.tid = int(t["posix"].cast(task.pointer())["tid"])

    @property
    def current(self):
        """Has gdb its registers already?"""
        return self.cpu is not None and self.cpu.is_selected()

    def registers(self):
        """What a switch has saved, and the stack pointer behind it; of who runs, where it was stopped."""
        if self.cpu is not None:
            return self.cpu.stopped_registers() or {}
        return arch().switched_out(int(self.value["ctx"]["sp"]))


def threads():
    running = {int(c.percpu["current"]): c for c in cpus() if int(c.percpu["current"])}
    if not running:
        return []
    # All are in the list of the first CPU's scheduler, to which belongs what runs there.
    first = next(iter(cpus())).percpu["current"]
    if not int(first) or not has(first.dereference(), "sched"):
        return []
    t = first.dereference()
    all_of = listed(t["sched"]["threads"], t.type.strip_typedefs(), "all")
    return [Thread(t, running.get(int(t.address)), i) for i, t in enumerate(all_of)]


class Uk(gdb.Command):
    """What is in a Whittle image; `help uk` lists the commands."""

    def __init__(self):
        super().__init__("uk", gdb.COMMAND_STATUS, prefix=True)


class UkThreads(gdb.Command):
    """Threads of the image, with a backtrace of each; `uk threads -q` without."""

    def __init__(self):
        super().__init__("uk threads", gdb.COMMAND_STATUS)

    def invoke(self, arg, _tty):
        found = threads()
        if not found:
            print("no threads: the image has no scheduler, or it has not started yet")
        for t in found:
            print("%s %d `%s` %s (struct uk_thread *)%#x" % (
                "*" if t.current else " ", t.tid, t.name, t.state, int(t.value.address)))
            if "-q" not in arg and t.state != "ended":
                self.backtrace(t)

    def backtrace(self, t):
        here = gdb.selected_thread()
        if is_core():
            for other in gdb.selected_inferior().threads():
                if (other.ptid[1] or other.ptid[0]) == t.tid:
                    other.switch()
                    self.show()
            here.switch()
        elif t.current:
            self.show()
        elif t.cpu is not None and t.cpu.several:
            if t.cpu.select():
                self.show()
            here.switch()
        else:
            r = t.registers()
            old = {name: int(gdb.parse_and_eval("(unsigned long)$" + name)) for name in r}
            try:
                self.load(r)
                self.show()
            finally:
                self.load(old)

    @staticmethod
    def load(registers):
        for name, v in registers.items():
            gdb.execute("set var $%s = %#x" % (name, v), to_string=True)

    @staticmethod
    def show():
        for line in gdb.execute("backtrace 24", to_string=True).splitlines():
            print("    " + line)


def is_core():
    return "core" in gdb.execute("info target", to_string=True).partition("Local exec")[0].lower()


def warn_of_another_build():
    """A core file's header says which .dbg file belongs to it: see support/tools/runner/elf.py."""
    core = gdb.execute("info target", to_string=True).partition("Local core dump file:\n\t`")[2].partition("', file type")[0]
    try:
        with open(core, "rb") as f:
            wanted = f.read(16)[9:16]
        with open(gdb.current_progspace().filename, "rb") as f:
            fits = not any(wanted) or hashlib.sha256(f.read()).digest()[:7] == wanted
    except (OSError, TypeError):  # no core, no program
        return
    if not fits:
        print("warning: %s was written by another build than %s is: what gdb shows is not true"
              % (core, gdb.current_progspace().filename))


class UkCpus(gdb.Command):
    """CPUs of the image: the thread on each, what waits there, and where a crash has stopped it."""

    def __init__(self):
        super().__init__("uk cpus", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        found = cpus()
        for c in found:
            t, p = c.percpu["current"], c.percpu
            line = "%s CPU %d" % ("*" if c.is_selected() else " ", c.number)
            if int(t):
                line += " `%s`" % (text(t["name"]) if int(t["name"]) else "(no name)")
                if c.several and has(t.dereference(), "sched"):
                    line += ", %d to run" % int(t["sched"]["ready"])
            line += "".join(", " + word for word, field in (
                ("interrupts masked", "irq_off"), ("in an interrupt handler", "irq_depth"),
                ("preemption off", "preempt_off")) if int(p[field]))
            regs = c.stopped_registers()
            if regs:
                line += ", stopped at " + gdb.execute("info symbol %#x" % regs[arch().pc],
                                                      to_string=True).split(" in section")[0].strip()
            print(line)
        if not found:
            print("no CPUs: the image does not know them yet")


class UkCoreThreads(gdb.Command):
    """Threads in the form that support/run --core reads."""

    def __init__(self):
        super().__init__("uk core-threads", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        for t in threads():
            try:
                r = {} if t.current else t.registers()
            except gdb.error:
                continue
            if t.state == "ended":
                continue
            host = value("linuxu_tid[%d]" % t.cpu.number) if t.cpu and t.cpu.several else None
            if not r and not t.current:  # it ran when the image was stopped from outside
                print("uk-thread tid=%d current=0 cpu=%d percpu=%#x host=%d" % (
                    t.tid, t.cpu.number, int(t.cpu.percpu.address), int(host or 0)))
                continue
            r["thread_pointer"] = int(t.value["ctx"]["tp"])
            print("uk-thread tid=%d current=%d %s" % (
                t.tid, t.current, " ".join("%s=%#x" % item for item in r.items())))


# ---- memory --------------------------------------------------------------------------------------

# enum uk_vmem_kind.
KINDS = dict(enumerate(("anonymous", "file", "stack", "device", "reserved", "code", "data",
                        "heap")))
ANON, RESERVED = 0, 4

# Parts of the image, as the linker scripts of kvm and linuxu name them; rounded to pages.
PARTS = (("uk_image_start", "image_rodata", "r-x", "code"), ("image_rodata", "image_data", "r--", "data"),
         ("image_data", "boot_stack", "rw-", "data"), ("boot_stack", "uk_image_end", "rw-", "stack"),
         ("uk_image_start", "uk_text_start", "r--", "data"), ("uk_text_start", "linuxu_relro", "r-x", "code"),
         ("linuxu_relro", "linuxu_relro_end", "r--", "data"),
         ("linuxu_relro_end", "uk_image_end", "rw-", "data"))


def symbol(name):
    v = value("(unsigned long)&'%s'" % name)
    return None if v is None else int(v)


def fixed_areas():
    """(start, end, protection, what) of what is mapped and no area: the image, frames."""
    kvm = symbol("image_rodata") is not None
    for first, last, prot, kind in PARTS:
        start, end = symbol(first), symbol(last)
        if start is None or end is None or (kvm and first == "uk_image_start" and last == "uk_text_start"):
            continue
        yield start & ~0xfff, (end + 0xfff) & ~0xfff, prot, kind + " `image`"
    base, regions = value("uk_plat_direct_base"), value("'lib/mem/ukpage/page.c'::regions")
    for i in range(int(value("'lib/mem/ukpage/page.c'::nregions") or 0)):
        r = regions[i]
        if int(r["pool"]):
            start = int(base) + int(r["start"]) * 4096
            yield start, start + int(r["pool"]["frontier"]) * 4096, "rw-", "heap `page frames`"


def walk(node):
    """The areas of a tree, in order."""
    stack, seen = [], 0
    while (int(node) or stack) and seen < LIMIT:
        while int(node):
            stack.append(node)
            node = node["left"]
        node = stack.pop()
        yield node.dereference()
        node, seen = node["right"], seen + 1


class UkAreas(gdb.Command):
    """Areas of virtual memory: mmap's window, then stacks; the image and page frames."""

    def __init__(self):
        super().__init__("uk areas", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        any_space = False
        for title, name in (("areas", "vmem_areas"), ("stacks", "vmem_stacks")):
            space = value(name)
            if space is None and name == "vmem_areas":  # CONFIG_LIBUKVMEM_SPACES
                current = value("vmem_current")
                space = None if current is None else current["areas"]
            if space is None:
                continue
            any_space = True
            print("%s: %d, %d KiB mapped" % (title, int(space["areas"]), int(space["mapped"]) >> 10))
            for a in walk(space["root"]):
                what = a["what"]
                prot = int(what["prot"])
                kind = int(what["kind"])
                more = KINDS.get(RESERVED if kind == ANON and not prot else kind, "?")
                more += " `%s`" % text(what["name"]) if int(what["name"]) else ""
                more += " from %#x of object %#x" % (int(what["offset"]), int(what["obj"])) \
                    if int(what["obj"]) else ""
                print("  %#14x-%#14x %s %8d KiB  %s" % (
                    int(a["start"]), int(a["end"]),
                    "".join(c if prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4))),
                    int(a["end"] - a["start"]) >> 10, more))
        if not any_space:
            print("no areas: the image has no ukvmem")
        print("the image and page frames:")
        for start, end, prot, what in fixed_areas():
            print("  %#14x-%#14x %s %8d KiB  %s" % (start, end, prot, (end - start) >> 10, what))


class UkAllocators(gdb.Command):
    """Statistics of the page frames and of the heap."""

    def __init__(self):
        super().__init__("uk allocators", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        page = {n: value("'lib/mem/ukpage/page.c'::%s_pages" % n) for n in ("total", "used", "peak")}
        if page["total"] is not None:
            print("page frames: " + ", ".join("%s %d KiB" % (n, int(v) * 4) for n, v in page.items()
                                              if v is not None))
        heap = value("uk_heap")
        if heap is None or not int(heap):
            print("no heap")
            return
        print("heap (struct uk_alloc *)%#x:" % int(heap))
        for provider in ("tlsf", "buddy", "slab", "region"):
            struct = type_of("struct " + provider)
            if not struct or not any(f.name == "alloc" for f in struct.fields()):
                continue
            h = heap.cast(struct.pointer()).dereference()
            print("  provider %s" % provider)
            for part in (h["stats"], ) if has(h, "stats") else (h, ):
                for f in part.type.strip_typedefs().fields():
                    if f.name not in ("key", "key_used", "fl_map") and \
                            f.type.strip_typedefs().code == gdb.TYPE_CODE_INT:
                        print("  %-14s %d" % (f.name, int(part[f.name])))
            break


# ---- files, messages, parameters -----------------------------------------------------------------

class UkFds(gdb.Command):
    """Descriptors of the process and what they refer to."""

    def __init__(self):
        super().__init__("uk fds", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        table = value("uk_fdtab_boot")
        if table is None or not int(table):
            print("no descriptors: the image has no ukvfs, or it has not started yet")
            return
        for fd in range(min(int(table["cap"]), LIMIT)):
            f = table["files"][fd]
            if not int(f):
                continue
            ops = gdb.execute("info symbol %#x" % int(f["ops"]), to_string=True).split(" ")[0]
            inode = ""
            if int(f["inode"]):
                i = f["inode"].dereference()
                inode = "".join("  %s=%d" % (m, int(i[m])) for m in ("ino", "size") if has(i, m))
            print("%4d %-20s flags=%#o pos=%d refs=%d%s" % (
                fd, ops, int(f["flags"]) & 0xffffff, int(f["pos"]), int(f["refs"]), inode))


class UkLog(gdb.Command):
    """The last kernel messages, those that were not shown included."""

    def __init__(self):
        super().__init__("uk log", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        ring, end = value("'lib/base/ukbase/log.c'::ring"), value("'lib/base/ukbase/log.c'::ring_end")
        if ring is None or end is None:
            print("no messages: the image has none compiled in")
            return
        size, end = ring.type.sizeof, int(end)
        raw = bytes(gdb.selected_inferior().read_memory(int(ring.address), size))
        if end > size:
            raw = (raw[end % size:] + raw[:end % size]).partition(b"\n")[2]
        else:
            raw = raw[:end]
        print(raw.decode(errors="replace"), end="")


class UkParams(gdb.Command):
    """Kernel parameters and their values; * marks those that were given."""

    def __init__(self):
        super().__init__("uk params", gdb.COMMAND_STATUS)

    def invoke(self, _arg, _tty):
        struct = type_of("struct uk_param")
        start, end = value("(unsigned long)&uk_tab_param_start"), value("(unsigned long)&uk_tab_param_end")
        if not struct or start is None or end is None:
            print("no parameters")
            return
        for at in range(int(start), int(end), struct.sizeof):
            p = gdb.Value(at).cast(struct.pointer()).dereference()
            kind = str(p["type"])
            shown = (str(int(p["u"])) if kind.endswith("UINT") else
                     str(bool(p["b"])).lower() if kind.endswith("BOOL") else
                     "(a function's)" if kind.endswith("FN") else
                     '"%s"' % text(p["s"]) if int(p["s"]) else "(none)")
            print("%s %s.%s = %s" % ("*" if p["given"] else " ", text(p["lib"]), text(p["name"]), shown))


for command in (Uk, UkThreads, UkCpus, UkCoreThreads, UkAreas, UkAllocators, UkFds, UkLog, UkParams):
    command()


# ---- breakpoints and landing pads ----------------------------------------------------------------

ENDBR64 = 0xfa1e0ff3


def behind_landing_pad(bp):
    """Direct calls enter a function behind its landing pad (docs/hardening.md), where gdb would not
    look: a breakpoint on a function gets another there."""
    name = bp.location
    if bp.type not in (gdb.BP_BREAKPOINT, gdb.BP_HARDWARE_BREAKPOINT) or not name or \
            not name.replace("_", "a").isalnum() or name[0].isdigit():
        return
    try:
        if int(gdb.parse_and_eval("*(unsigned int *)&" + name)) == ENDBR64:
            gdb.Breakpoint("*((char *)&%s + 4)" % name, type=bp.type, temporary=bp.temporary)
    except gdb.error:
        pass


gdb.events.breakpoint_created.connect(behind_landing_pad)


# ---- signed return addresses ---------------------------------------------------------------------

class Place:
    """What identifies a frame."""

    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


def is_signed(pc):
    """Of an address whose upper bits are neither all 0 nor all 1."""
    return gdb.selected_inferior().architecture().name() == "aarch64" and pc >> 48 not in (0, 0xffff)


class SignedUnwinder(gdb.unwinder.Unwinder):
    """Where a gdb that does not know of pointer authentication has a frame at a signed address, its caller is the same one
    without the signature."""

    def __init__(self):
        super().__init__("signed return addresses")

    def __call__(self, pending):
        pc = pending.read_register("pc")
        if not is_signed(int(pc) & (1 << 64) - 1):
            return None
        info = pending.create_unwind_info(Place(pending.read_register("sp"), pc))
        for name in ["x%d" % i for i in range(31)] + ["sp"]:
            info.add_saved_register(name, pending.read_register(name))
        info.add_saved_register("pc", gdb.Value(int(pc) & ARCHES["aarch64"].address).cast(pc.type))
        return info


class SignedFilter:
    """Such frames are not shown."""

    def __init__(self):
        self.name, self.priority, self.enabled = "signed-return-addresses", 100, True
        gdb.frame_filters[self.name] = self

    def filter(self, frames):
        return (f for f in frames if not is_signed(f.inferior_frame().pc()))


gdb.unwinder.register_unwinder(None, SignedUnwinder(), replace=True)
SignedFilter()


def name_threads():
    """A core's threads get the names that the image knows them by, for `info threads`."""
    try:
        known = {t.tid: t.name for t in threads()}
        for t in gdb.selected_inferior().threads():
            name = known.get(t.ptid[1] or t.ptid[0])
            if name and is_core():
                t.name = name
    except gdb.error:
        pass


name_threads()
warn_of_another_build()
