#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The linking half of the compiler that a package's own build is given (support/build/upstream.mk).

Its compiling half is a shell script of a few lines, made for each package, which calls the real compiler with the
image's flags. What does more than compile comes here, with the settings in the environment:

    UKCC_CC        the real compiler
    UKCC_FLAGS     the image's flags, which come last and so win
    UKCC_HOSTLIBC  folder with crt1.o, crti.o, crtn.o and libc.a of an ordinary static musl
    UKCC_ARCHIVES  archives of the packages that this one uses: for -lNAME, and the image has them already

A link gives two files. PROGRAM runs on the build machine: the same objects with the ordinary musl, which is what
configure scripts and generators need. For another CPU it is a script that has qemu-user run PROGRAM.bin, so that nothing is a cross
build to anybody. PROGRAM.uk.o is for the image: the objects, and the members of the package's own
archives that they ask for, as one relocatable object; what is left undefined is the image's to provide.
"""
import os
import shlex
import subprocess
import sys
import tempfile

# Part of the C library here, as with any musl; of libgcc what an image has.
IN_LIBC = {"c", "m", "pthread", "rt", "dl", "crypt", "util", "xnet", "resolv", "gcc", "gcc_s", "gcc_eh"}
SOURCES = (".c", ".i", ".s", ".S")
# Options whose value is the next word.
WITH_VALUE = {"-o", "-L", "-l", "-I", "-D", "-U", "-x", "-T", "-u", "-z", "-include", "-imacros", "-isystem", "-idirafter",
              "-iquote", "-MF", "-MT", "-MQ", "-Xlinker", "-Xpreprocessor", "-Xassembler", "-arch", "-e", "-soname", "--param"}


class Refused(Exception):
    """The link cannot be done; the text says why and what to do."""


class Line:
    """A compiler's command line, taken apart. `inputs` keeps the order that archives need."""

    def __init__(self, words):
        self.out, self.inputs, self.dirs, self.compile, self.link, self.flags = "a.out", [], [], [], [], set()
        language = None
        words = iter(words)
        for word in words:
            value = next(words, "") if word in WITH_VALUE else None
            if word in ("-o", "-l", "-L"):
                word, value = word + value, None
            if word.startswith("-o") and not word.startswith("-os"):
                self.out = word[2:]
            elif word.startswith("-l"):
                self.inputs.append(word)
            elif word.startswith("-L"):
                self.dirs.append(word[2:])
            elif word == "-x":
                language = None if value == "none" else value
            elif not word.startswith("-") or word == "-":
                self.inputs.append((word, language) if language or word.endswith(SOURCES) else word)
            elif word.startswith(("-Wl,", "-Xlinker", "-u", "-z", "-T", "-e")):
                self.link += [word] if value is None else [word, value]
            else:
                self.flags.add(word)
                self.compile += [word] if value is None else [word, value]

    def library(self, name, archives):
        """The archive that -lNAME means: in a folder that the package names, or of a package that it uses. None if
        it is part of the C library."""
        file = name[1:] if name.startswith(":") else "lib%s.a" % name
        for folder in self.dirs:
            path = os.path.join(folder, file)
            if os.path.exists(path):
                return path
        for path in archives:
            if os.path.basename(path) == file:
                return path
        if name in IN_LIBC:
            return None
        raise Refused("cannot find -l%s: an image has what its packages bring; select a package with lib%s.a" % (name, name))


def cross_of(cc):
    """What the names of the compiler's tools begin with, and the CPU if it is not the build machine's."""
    name = os.path.basename(cc[0])
    target = next((word.partition("=")[2] for word in cc if word.startswith("--target=")), "")
    prefix = target + "-" if target else name[:-len("gcc")] if name.endswith("-gcc") else ""
    cpu = prefix.partition("-")[0]
    return prefix, cpu if cpu != os.uname().machine else ""


def emulated(program, cpu):
    """A script in a program's place, which moves aside."""
    path = os.path.abspath(program)
    os.replace(path, path + ".bin")
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nexec qemu-%s %s \"$@\"\n" % (cpu, shlex.quote(path + ".bin")))
    os.chmod(path, 0o755)


def run(command):
    """Runs it; its exit status ends ours if it fails."""
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(status if status > 0 else 1)


def checks_of(objects, folder, cc):
    """Empty functions for what a sanitizer calls, which only the image has; nothing if there are none."""
    out = subprocess.run(["nm", "-u", *objects], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    names = {line.split()[-1] for line in out.stdout.splitlines() if line.strip() and " " in line.strip()}
    names = sorted(n for n in names if n.startswith(("__asan_", "__tsan_", "__ubsan_", "__sanitizer_")))
    if not names:
        return []
    source = os.path.join(folder, "checks.c")
    with open(source, "w", encoding="ascii") as f:
        f.writelines("long %s(void) { return 0; }\n" % n for n in names)
    run([*cc, "-w", "-O1", "-fcf-protection=none", "-c", source, "-o", source + ".o"])
    return [source + ".o"]


def canary_of(folder, cc, prefix, crt1):
    """Where an image for riscv64 has its canary, gp, programs of the build machine get words that nobody changes: as what begins a
    program, since the linker's script says itself what the name stands for that is read there. In place of crt1.o."""
    source = os.path.join(folder, "canary.S")
    with open(source, "w", encoding="ascii") as f:
        f.write("\t.section .rodata\n\t.balign 8\n\t.globl uk_canary\nuk_canary:\t.zero 128\n")
    run([*cc, "-c", source, "-o", source + ".o"])
    start = os.path.join(folder, "crt1.o")
    run([prefix + "objcopy", "--redefine-sym", "__global_pointer$=uk_canary", crt1, start])
    return [start, source + ".o", "-Wl,--no-relax"]


def link(words):
    cc, flags = shlex.split(os.environ["UKCC_CC"]), shlex.split(os.environ["UKCC_FLAGS"])
    libc, archives = os.environ["UKCC_HOSTLIBC"], os.environ["UKCC_ARCHIVES"].split()
    line = Line(words)
    prefix, cpu = cross_of(cc)
    if line.flags & {"-shared", "-dynamiclib"}:
        raise Refused("-shared: an image has no shared libraries; tell the package so (--disable-shared, "
                      "-DBUILD_SHARED_LIBS=OFF, --static)")
    if not line.inputs or any(f.startswith(("-print-", "-dump", "--print-", "--help", "-###")) for f in line.flags):
        os.execvp(cc[0], cc + words)
    if "-r" in line.flags or "-nostdlib" in line.flags or "-nostartfiles" in line.flags:
        os.execvp(cc[0], cc + words + flags)
    with tempfile.TemporaryDirectory(prefix="ukcc-") as folder:
        parts = []
        for item in line.inputs:
            if isinstance(item, tuple):
                name, language = item
                target = os.path.join(folder, "%d.o" % len(parts))
                run([*cc, *line.compile, *(["-x", language] if language else []), "-c", name, "-o", target, *flags])
                parts.append(target)
            elif item.startswith("-l"):
                path = line.library(item[2:], archives)
                parts += [path] if path else []
            else:
                parts.append(item)
        group = ["-Wl,--start-group"]
        start = os.path.join(libc, "crt1.o")
        run([*cc, "-static", "-no-pie", "-nostdlib", "-nostartfiles", "-o", line.out,
             *(canary_of(folder, cc, prefix, start) if cpu == "riscv64" else [start]), os.path.join(libc, "crti.o"), *line.link, *group, *parts,
             *checks_of(parts, folder, cc), os.path.join(libc, "libc.a"), "-lgcc", "-Wl,--end-group",
             os.path.join(libc, "crtn.o")])
        if cpu:
            emulated(line.out, cpu)
        own = [p for p in parts if p not in archives]
        # Sections stay apart, so that the image can leave out those that nobody asks for.
        run([prefix + "ld", "-r", "--unique", "-u", "main", "-o", line.out + ".uk.o", "--start-group", *own, "--end-group"])


if __name__ == "__main__":
    try:
        link(sys.argv[1:])
    except Refused as error:
        sys.exit("ukcc: %s" % error)
