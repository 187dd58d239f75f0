# SPDX-License-Identifier: BSD-3-Clause
"""What is measured, and how: groups of rows that one measurement fills.

A group's function gets the Bench and its rows by key, and fills in floor, linux and ours. The
targets come from the project's goals; where a row is `relative_to` another column, that one was
measured in the same run.
"""
import os
import shutil
import statistics
import subprocess

import counters
import guest
import linuxtiny
import minmem
import tools
from report import Row

SMALLEST = "size smallest"      # support/configs/*.config
INSERTS = 60000
SELECT = "select 6 * 7;"


class Bench:
    """What measurements share: the kit, the images, the opponent (None: left out), how often."""

    def __init__(self, folder, images, linux=True, runs=15):
        self.kit = tools.Kit(os.path.join(folder, "kit"))
        self.images = images
        self.scratch = os.path.join(folder, "scratch")
        os.makedirs(self.scratch, exist_ok=True)
        self.runs = runs
        self.with_linux = linux
        self._linux = None

    @property
    def linux(self):
        """The Linux kernel to compare with, or None."""
        if self._linux is None and self.with_linux:
            self._linux = linuxtiny.get()
        return self._linux

    def floor(self):
        return guest.Guest(self.kit.floor)

    def image(self, app, args="", configs="", arch="x86_64", **more):
        """A guest that boots the image of `app` with `args`, words for its kernel command line."""
        return guest.Guest(self.kernel(app, arch, configs), args and "-- " + args, arch=arch, machine=guest.MACHINES[arch], **more)

    def kernel(self, app, arch="x86_64", configs=""):
        """The image of `app` as QEMU's -kernel takes it."""
        return guest.kernel_of(self.images.build(app, configs=configs, arch=arch), arch, self.scratch)

    def linux_hello(self, counted=True):
        """Linux with nothing but a program that prints a line."""
        initrd = linuxtiny.write_initrd(os.path.join(self.scratch, "hello.cpio"),
                                        {"init": self.kit.linux_hello})
        return self.linux.guest(initrd, counted=counted)

    def linux_program(self, app, sources, words, **more):
        """Linux running a program of these sources, compiled as the image of `app` is."""
        program = tools.linux_program(self.images, os.path.join(self.scratch, sources[-1], app), app,
                                      sources)
        musl = tools.stock_musl(["-O2"])
        init = os.path.join(self.scratch, "init")
        tools.call([musl, "-O2", "-static", "-s", "-o", init,
                    os.path.join(tools.HERE, "linux-init.c")])
        initrd = linuxtiny.write_initrd(os.path.join(self.scratch, app + ".cpio"),
                                        {"init": init, "program": program})
        return self.linux.guest(initrd, ["/program"] + words, **more)

    def smallest_kib(self, machine, expect, low, high, step):
        """The least memory in KiB with which `machine` ends well and prints `expect`."""
        def works(kib):
            result = guest.run(machine, memory="%dK" % kib, timeout=60)
            return result.exit_status == 0 and expect in result.output
        return minmem.smallest(works, low, high, step)


def fill(rows, prefix, column, result):
    """What the phases of a program took, into the rows of their names."""
    for name, phase in counters.phases(result.events, result.output).items():
        row = rows.get(prefix + name)
        if row:
            setattr(row, column, phase.per_op)
            row.samples[column] = {"ops": phase.ops, "instructions": phase.spent.cost,
                                   "rep": phase.spent.rep}


# ---- hello ---------------------------------------------------------------------------------------

def hello_size(bench, rows):
    rows["hello-size"].ours = os.path.getsize(bench.images.build("helloworld"))
    rows["hello-size"].floor = os.path.getsize(bench.kit.floor)
    if bench.linux:
        rows["hello-size"].linux = os.path.getsize(bench.linux.bzimage)


def hello_size_smallest(bench, rows):
    rows["hello-size-smallest"].ours = os.path.getsize(
        bench.images.build("helloworld", configs=SMALLEST))
    rows["hello-size-smallest"].floor = os.path.getsize(bench.kit.floor)


def hello_memory(bench, rows):
    row = rows["hello-memory"]
    row.floor = bench.smallest_kib(bench.floor(), "!", 640, 2048, 8)
    row.ours = bench.smallest_kib(bench.image("helloworld"), "Hello, world!", 640, 16384, 8)
    if bench.linux:
        row.linux = bench.smallest_kib(bench.linux_hello(), "Hello, world!", 8192, 131072, 1024)


def to_main(bench, machine, mmio=False):
    events = guest.must(machine, plugin=bench.kit.plugin, mmio=mmio, timeout=120).events
    entry = counters.at_mark(events, counters.ENTRY) or counters.Counters()
    main = counters.at_mark(events, counters.MAIN)
    if main is None:
        raise tools.BenchError("%s has no marker at main()" % machine.kernel)
    return main - entry


def hello_boot(bench, rows):
    row, devices = rows["hello-boot"], rows["hello-boot-devices"]
    machine = bench.image("helloworld")
    row.ours = to_main(bench, machine).cost
    devices.ours = to_main(bench, machine, mmio=True).device
    row.floor = to_main(bench, bench.floor()).cost
    devices.floor = to_main(bench, bench.floor(), mmio=True).device
    if bench.linux:
        row.linux = to_main(bench, bench.linux_hello()).cost
        devices.linux = to_main(bench, bench.linux_hello(), mmio=True).device


def hello_wall(bench, rows):
    machines = {"floor": bench.floor(), "ours": bench.image("helloworld")}
    if bench.linux:
        machines["linux"] = bench.linux_hello(counted=False)
    row = rows["hello-wall"]
    times = guest.in_turn(machines, bench.runs)
    for column, t in times.items():
        setattr(row, column, t[len(t) // 2] / 1e6)
        row.samples[column] = [round(ns / 1e6, 3) for ns in t]


# ---- SQLite --------------------------------------------------------------------------------------

def sqlite_size(bench, rows):
    rows["sqlite-size"].ours = os.path.getsize(bench.images.build("sqlite"))


def sqlite_memory(bench, rows):
    row = rows["sqlite-memory"]
    row.ours = bench.smallest_kib(bench.image("sqlite", ':memory: "%s"' % SELECT), "42", 1024, 65536,
                                  8)
    if bench.linux:
        machine = bench.linux_program("bench-sqlite", ["sqlite3.c", "shell.c"],
                                      [":memory:", SELECT])
        row.linux = bench.smallest_kib(machine, "42", 8192, 131072, 1024)


def sqlite_inserts(bench, rows):
    for key, path in (("sqlite-insert-memory", ":memory:"), ("sqlite-insert-file", "/tmp/bench.db")):
        if key not in rows:
            continue
        words = [str(INSERTS), path]
        machines = {"ours": bench.image("bench-sqlite", " ".join(words))}
        if bench.linux:
            machines["linux"] = bench.linux_program("bench-sqlite", ["sqlite3.c", "main.c"], words)
        for column, machine in machines.items():
            result = guest.must(machine, plugin=bench.kit.plugin, timeout=600)
            found = counters.phases(result.events, result.output)
            setattr(rows[key], column, found["insert-each"].per_op)
            rows[key].samples[column] = {n: p.per_op for n, p in found.items()}


# ---- single operations ---------------------------------------------------------------------------

def micro(bench, rows):
    machines = {"ours": bench.image("bench-micro")}
    if bench.linux:
        machines["linux"] = bench.linux_program("bench-micro", ["main.c"], [])
    for column, machine in machines.items():
        result = guest.must(machine, plugin=bench.kit.plugin, timeout=600)
        fill(rows, "op-", column, result)


# ---- network: the lowest layer ---------------------------------------------------------------------

def net_raw(bench, rows):
    machine = bench.image("bench-net", devices=guest.NET)
    result = guest.must(machine, plugin=bench.kit.plugin, timeout=600)
    fill(rows, "net-raw-", "ours", result)


def blk(bench, rows):
    machine = bench.image("blktest", "count 2000", devices=guest.DISK)
    result = guest.must(machine, plugin=bench.kit.plugin, timeout=600)
    fill(rows, "blk-", "ours", result)


# ---- as a process --------------------------------------------------------------------------------

def _exit_only(bench):
    out = os.path.join(bench.scratch, "exitonly")
    tools.call([tools.stock_musl(["-O2"]), "-O2", "-static", "-s", "-o", out,
                os.path.join(tools.HERE, "exitonly.c")])
    return out


def linuxu_start(bench, rows):
    places = [("linuxu-start", "ours"), ("linuxu-start", "floor"),
              ("linuxu-start-smallest", "ours"), ("linuxu-start-smallest", "floor")]
    floor = _exit_only(bench)
    programs = [bench.images.build("helloworld", "linuxu"), floor,
                bench.images.build("helloworld", "linuxu", SMALLEST), floor]
    said = tools.call([bench.kit.spawn, str(20 * bench.runs), *programs])
    for (name, column), line in zip(places, said.splitlines()):
        words = line.split()
        setattr(rows[name], column, int(words[4]) / 1e3)
        rows[name].samples[column] = {"min_us": int(words[2]) / 1e3,
                                      "median_us": int(words[4]) / 1e3}


def linuxu_instructions(bench, rows):
    row = rows["linuxu-instructions"]
    emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if not emulator:
        row.note = "needs qemu-x86_64 (package qemu-user)"
        return
    for column, program in (("floor", _exit_only(bench)),
                            ("ours", bench.images.build("helloworld", "linuxu"))):
        done = subprocess.run([emulator, "-plugin", bench.kit.plugin, program], env={},
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True, text=True, timeout=60)
        setattr(row, column, counters.parse(done.stderr)[-1].at.cost)


# ---- two CPUs ----------------------------------------------------------------------------------

def several_cpus(rows):
    """The CPUs of this machine that we may use; empty, and the rows say why, if it is only one."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) > 1:
        return cpus
    for row in rows.values():
        row.note = "needs two CPUs"
    return []


def pair_of_cpus(cpus, turn):
    """Two of them, others each time: somebody else may keep one busy."""
    return {cpus[turn % len(cpus)], cpus[(turn + 1) % len(cpus)]}


def two_cpus(bench, rows):
    """Linux is the machine that this runs on, and so is always measured."""
    cpus = several_cpus(rows)
    if not cpus:
        return
    native = tools.linux_program(bench.images, os.path.join(bench.scratch, "main.c", "bench-smp"),
                                 "bench-smp", ["main.c"])
    programs = {"ours": bench.images.build("bench-smp", "linuxu"), "linux": native}
    times = {}
    for turn in range(bench.runs):
        pair = pair_of_cpus(cpus, turn)
        for column, program in programs.items():
            for name, on in (column, pair), (column + "-1", {min(pair)}):
                said = tools.call([program], timeout=300,
                                  preexec_fn=lambda on=on: os.sched_setaffinity(0, on))
                for what, ns in map(str.split, said.splitlines()):
                    times.setdefault(what, {}).setdefault(name, []).append(float(ns))
    for what, found in times.items():
        row = rows["smp-" + what]
        row.samples = found
        for column in programs:
            setattr(row, column, 100 * min(found[column]) / min(found[column + "-1"])
                    if row.unit == "%" else statistics.median(found[column]))


# ---- the list ------------------------------------------------------------------------------------

BESIDE = ("wall clock, as a process on two CPUs of the host, in turn with the same source as a static "
          "program of its Linux, with a stock musl")
SCALES = BESIDE + "; best of --runs on two, divided by the best on one"
MEDIAN = BESIDE + "; median of --runs"
EXACT = "guest instructions under QEMU TCG with -icount, without rep iterations"
GROUPS = [
    (hello_size, [
        Row("hello-size", "hello: image, default configuration", "bytes", 32768,
            how="size of the bootable file; Linux: bzImage without its initramfs")]),
    (hello_size_smallest, [
        Row("hello-size-smallest", "hello: image, smallest configuration", "bytes", 16384,
            how="the same with CONFIGS=" + SMALLEST)]),
    (hello_memory, [
        Row("hello-memory", "hello: smallest -m, microvm", "KiB", 1152,
            how="bisected in steps of 8 KiB (Linux: 1 MiB), output and exit status right")]),
    (hello_boot, [
        Row("hello-boot", "hello: kernel entry to main()", "instr.", 10000,
            how=EXACT + "; Linux: from the first instruction of the machine to init"),
        Row("hello-boot-devices", "hello: device accesses until main()", "count",
            how="port and memory-mapped I/O, each would leave the guest under KVM")]),
    (hello_wall, [
        Row("hello-wall", "hello: QEMU start to first output", "ms", 1.2, "floor",
            how="wall clock, median, guests started in turn; microvm, TCG")]),
    (sqlite_size, [
        Row("sqlite-size", "sqlite: image", "bytes", 1200000, how="size of the bootable file")]),
    (sqlite_memory, [
        Row("sqlite-memory", "sqlite: smallest -m, microvm", "KiB", 2560,
            how="the shell answers `%s` on :memory:; steps as for hello" % SELECT)]),
    (sqlite_inserts, [
        Row("sqlite-insert-memory", "sqlite: an INSERT, database in memory", "instr.", 0.85, "linux",
            how="%s; %d inserts, each its own transaction; Linux runs the same source with the same "
                "flags and libc" % (EXACT, INSERTS)),
        Row("sqlite-insert-file", "sqlite: an INSERT, file on the ram fs", "instr.", 0.35, "linux",
            how="the same with a database file; Linux: tmpfs")]),
    (micro, [
        Row("op-getppid", "null system call (getppid)", "instr.", 20, how=EXACT),
        Row("op-yield", "yield between two threads", "instr.", 100,
            how=EXACT + "; per call of one thread, its partner's calls included"),
        Row("op-signal", "signal: kill to the handler and back", "instr.", 1 / 3, "linux", how=EXACT),
        Row("op-thread", "thread: create and join", "instr.", 1500, how=EXACT),
        Row("op-cond", "condition variable: there and back", "instr.", how=EXACT),
        Row("op-clock", "clock_gettime", "instr.", how=EXACT),
        Row("op-fault", "first touch of a page of memory", "instr.", 0.5, "linux", how=EXACT),
        Row("op-fault-next", "the same, one page after the other", "instr.", 0.5, "linux", how=EXACT),
        Row("op-mmap", "mmap, touch, munmap 4 KiB", "instr.", 0.5, "linux", how=EXACT),
        Row("op-open-close", "open and close a file", "instr.", 600, how=EXACT),
        Row("op-open-missing", "open a file that is not there", "instr.", how=EXACT),
        Row("op-stat", "stat", "instr.", 350, how=EXACT),
        Row("op-pread-4k", "pread 4 KiB", "instr.", 150, how=EXACT),
        Row("op-pwrite-4k", "pwrite 4 KiB", "instr.", how=EXACT),
        Row("op-pread-1", "pread 1 byte", "instr.", how=EXACT),
        Row("op-epoll", "epoll_wait with one descriptor ready", "instr.", 150, how=EXACT),
        Row("op-epoll-wake", "write to an eventfd, epoll_wait of another thread, its read, and back", "instr.",
            how=EXACT),
        Row("op-malloc-64", "malloc(64) and free", "instr.", 60, how=EXACT),
        Row("op-malloc-mix", "malloc and free, mixed sizes", "instr.", how=EXACT)]),
    (net_raw, [
        Row("net-raw-tx", "UDP, 18 bytes, straight on the device: make and send, in bursts of 32", "instr.", 500,
            how=EXACT + "; virtio-mmio; interrupts and waiting for room included"),
        Row("net-raw-tx-1", "the same one by one", "instr.", 500, how=EXACT),
        Row("net-raw-make", "of that: the packet and its buffer", "instr.", how=EXACT)]),
    (blk, [
        Row("blk-read-4k", "read 4 KiB of a disk, 16 requests under way", "instr.",
            how=EXACT + "; virtio-mmio; submitting, reaping, interrupts and waiting included"),
        Row("blk-read-4k-wait", "the same one by one, by a call that waits", "instr.", how=EXACT)]),
    (linuxu_start, [
        Row("linuxu-start", "as a process: start to exit", "us", 1.3, "floor",
            how="wall clock, median, in turn with a static musl process that only exits; 35 us of "
                "it the host takes for the seccomp filter"),
        Row("linuxu-start-smallest", "as a process: start to exit, smallest configuration", "us", 1.3,
            "floor", how="the same with CONFIGS=%s, which has no filter" % SMALLEST)]),
    (linuxu_instructions, [
        Row("linuxu-instructions", "as a process: start to exit", "instr.",
            how="user-mode instructions under qemu-x86_64")]),
    (two_cpus, [
        Row("smp-compute", "2 threads computing: time on 2 CPUs, of that on 1", "%", 100 / 1.9,
            how=SCALES),
        Row("smp-malloc-64", "2 threads, malloc(64) and free: the same", "%", 100 / 1.7, how=SCALES),
        Row("smp-malloc-mix", "2 threads, malloc and free of mixed sizes: the same", "%", 100 / 1.7,
            how=SCALES),
        Row("smp-pingpong", "2 CPUs: 2 threads that wake each other by futex, a turn of both", "ns", 1,
            "linux", how=MEDIAN),
        Row("smp-mutex", "2 CPUs: a mutex that 2 threads want, a turn of both", "ns", 1, "linux",
            how=MEDIAN)]),
]
