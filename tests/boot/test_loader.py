# SPDX-License-Identifier: BSD-3-Clause
"""Boot protocols that QEMU does not speak itself, and boot information that is corrupt: a loader of
our own (tests/boot/loader) enters the image as told."""
import os
import subprocess

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
HELLO = b"Hello, world!"


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    out = str(tmp_path_factory.mktemp("loader") / "loader")
    subprocess.run(["gcc", "-m32", "-O1", "-ffreestanding", "-fno-pic", "-no-pie", "-fno-stack-protector",
                    "-mgeneral-regs-only", "-nostdlib", "-static", "-Wall", "-Werror", "-Wl,-Ttext=0x2000000",
                    "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments",
                    "-o", out, os.path.join(HERE, "loader/entry.S"), os.path.join(HERE, "loader/loader.c")],
                   check=True)
    return out


def boot(loader, tmp_path, how, line="", cpu="qemu64", machine="microvm", exit_device=True):
    """QEMU's exit status and what came over the serial line."""
    log = str(tmp_path / "serial")
    cmd = ["qemu-system-x86_64", "-accel", "tcg", "-M", machine, "-m", "64", "-cpu", cpu, "-nodefaults",
           "-no-user-config", "-display", "none", "-no-reboot", "-serial", "file:" + log,
           "-kernel", loader, "-initrd", whittle.image("helloworld", "kvm"), "-append", how + " " + line]
    if exit_device:
        cmd += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    p = subprocess.run(cmd, timeout=60)
    return p.returncode, open(log, "rb").read()


@pytest.mark.parametrize("how", ["linux64", "pvh", "multiboot1", "multiboot2"])
@pytest.mark.parametrize("cpu", ["qemu64", "max"])
def test_boots(loader, tmp_path, how, cpu):
    line = "" if how == "multiboot2" else "log.level=2 -- one"
    status, out = boot(loader, tmp_path, how, line, cpu)
    assert status == 1 and HELLO in out, out
    assert not line or b"argument 1: one" in out, out


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm"])
def test_linux64_switches_the_machine_off(loader, tmp_path, machine):
    status, out = boot(loader, tmp_path, "linux64", machine=machine, exit_device=False)
    assert status == 0 and HELLO in out, out


@pytest.mark.parametrize("how,says", [
    ("linux64:magic", b"Linux boot parameters"),
    ("linux64:entries", b"Linux boot parameters"),
    ("pvh:magic", b"unknown boot protocol"),
    ("pvh:version", b"PVH start info is corrupt: version 0"),
    ("pvh:entries", b"PVH start info is corrupt"),
    ("pvh:map", b"boot information is corrupt: PVH memory map"),
    ("pvh:cmdline", b"boot information is corrupt: command line"),
    ("pvh:long", b"command line is longer than"),
    ("pvh:initrd", b"initrd"),
    ("pvh:overlap", b"initrd"),
    ("pvh:nomemory", b"memory too small: this image needs"),
    ("pvh:full", b"memory too small: ukalloc:heap_init needs more than these "),
    ("multiboot1:map", b"Multiboot information is corrupt: no memory map"),
    ("multiboot1:entry", b"Multiboot information is corrupt: size of an entry"),
    ("multiboot1:module", b"Multiboot information is corrupt: a module"),
    ("multiboot2:size", b"Multiboot information is corrupt: its size"),
    ("multiboot2:tag", b"Multiboot information is corrupt: size of a tag"),
    ("multiboot2:entry", b"Multiboot information is corrupt: size of an entry"),
    ("multiboot2:map", b"Multiboot information is corrupt: no memory map"),
])
def test_corrupt_boot_information_is_named(loader, tmp_path, how, says):
    status, out = boot(loader, tmp_path, how)
    assert status == 3, out  # isa-debug-exit turns status 1 into 3
    assert says in out and out.count(b"\n") == 1 and HELLO not in out, out


def test_corrupt_acpi_is_named_and_lived_with(loader, tmp_path):
    """Without tables power-off falls back to other ways."""
    status, out = boot(loader, tmp_path, "pvh:rsdp", machine="q35", exit_device=False)
    assert status == 0 and HELLO in out and b"ACPI root pointer" in out and b"is corrupt" in out, out


def outcomes(loader, tmp_path, hows, **kw):
    """Boots them four at a time: (how, status, output) of those that ended neither well nor with an error."""
    from concurrent.futures import ThreadPoolExecutor

    def one(how):
        folder = tmp_path / how.replace(":", "-")
        folder.mkdir()
        try:
            status, out = boot(loader, folder, how, **kw)
        except subprocess.TimeoutExpired:
            return how, "hangs", (folder / "serial").read_bytes()
        well = status == (1 if kw.get("exit_device", True) else 0) and HELLO in out and b"CRASH" not in out
        refused = status == 3 and out.count(b"error: ") == 1 and HELLO not in out and b"CRASH" not in out
        return None if well or refused else (how, status, out)
    with ThreadPoolExecutor(4) as pool:
        return [r for r in pool.map(one, hows) if r]


@pytest.mark.parametrize("protocol", ["linux64", "pvh", "multiboot1", "multiboot2"])
def test_random_damage_is_survived(loader, tmp_path, protocol):
    """Bytes of the boot information: the image starts, or says in one line what is wrong."""
    assert outcomes(loader, tmp_path, ["%s:fuzz%d" % (protocol, n) for n in [*range(24), 196]]) == []


def test_random_damage_to_acpi_tables_is_lived_with(loader, tmp_path):
    """They are read to switch the machine off, for which there are other ways."""
    assert outcomes(loader, tmp_path, ["pvh:acpi%d" % n for n in range(32)], machine="q35", exit_device=False) == []
