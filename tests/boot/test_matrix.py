# SPDX-License-Identifier: BSD-3-Clause
"""One image on many machines: machine types, boot paths, processors, and a sweep of memory sizes."""
import os
import shutil
import subprocess

import pytest

import whittle

HELLO = b"Hello, world!\n"


def hello(*options, args=(), **kw):
    return whittle.run(whittle.image("helloworld", "kvm"), *args, options=options, **kw)


@pytest.mark.parametrize("machine", ["microvm", "microvm,acpi=off", "pc", "q35"])
@pytest.mark.parametrize("cpu", ["qemu64", "max", "Nehalem", "EPYC", "qemu64,-x2apic,-rdtscp"])
def test_machine_and_cpu(machine, cpu):
    r = hello("--machine", machine, "--cpu", cpu, args=["a b", 'c"d', "e\\f", ""])
    assert r.status == 0, r
    assert r.out == HELLO + b'argument 1: a b\nargument 2: c"d\nargument 3: e\\f\nargument 4: \n', r


# Peers failed at sizes in between: small steps where regions meet, and both sides of each power of two.
SWEEP = [pytest.param(m, marks=pytest.mark.not_smp("an image for several CPUs needs more memory"))
         for m in ("1152K", "1160K", "1200K")]
SWEEP += ["1280K", "1536K", "2M", "2056K", "3M", "4M", "5M", "7M", "8M", "15M", "16M",
         "17M", "31M", "32M", "33M", "64M", "68M", "70M", "100M", "127M", "128M", "129M", "255M", "256M",
         "500M", "512M", "1023M", "1G", "2G", "3000M", "3072M", "3073M", "3500M", "4G", "4097M", "5G"]


@pytest.mark.parametrize("memory", SWEEP)
def test_memory_sweep(memory):
    r = hello("--machine", "microvm", "--memory", memory)
    assert r.status == 0 and r.out == HELLO, r


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("memory", ["2M", "64M", "3G", "4G", "6G"])
def test_memory_on_pc(machine, memory):
    r = hello("--machine", machine, "--memory", memory)
    assert r.status == 0 and r.out == HELLO, r


@pytest.mark.parametrize("memory", ["1K", "64K", "1M", "1028K", "1032K"])
def test_too_little_memory_says_how_much_is_needed(memory):
    r = hello("--machine", "microvm", "--memory", memory, timeout=20)
    assert r.status != 0 and r.out == b"", r
    assert b"memory" in r.err and b"KiB" in r.err, r


def test_initrd_that_does_not_fit(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 3000000)
    r = hello("--memory", "3M", "--root", str(tmp_path), timeout=20)
    assert r.status == 1 and b"image and its initrd need at least" in r.err, r
    assert r.err.count(b"\n") == 1, r


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_grub_cd(tmp_path, machine):
    """A CD image made by GRUB boots the same file by Multiboot."""
    img = whittle.image("helloworld", "kvm")
    boot = tmp_path / "cd/boot/grub"
    boot.mkdir(parents=True)
    shutil.copy(img, tmp_path / "cd/boot/hello")
    (boot / "grub.cfg").write_text("set timeout=0\nmenuentry hello {\n"
                                   "  multiboot /boot/hello log.level=1 -- one 'two three'\n  boot\n}\n")
    iso = str(tmp_path / "hello.iso")
    p = subprocess.run(["grub-mkrescue", "-o", iso, str(tmp_path / "cd")], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=120)
    assert p.returncode == 0, p.stdout
    log = str(tmp_path / "serial")
    subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-M", machine, "-m", "64", "-cdrom", iso, "-boot", "d",
                    "-display", "none", "-no-reboot", "-nic", "none", "-serial", "file:" + log],
                   timeout=150, check=True)
    out = open(log, "rb").read()
    assert HELLO.rstrip() in out and b"argument 2: two three" in out, out


def test_plain_qemu_without_the_runner(tmp_path):
    """No side channel, no isa-debug-exit: the console is the serial line and power-off ends QEMU."""
    img = whittle.image("helloworld", "kvm")
    for machine in ("microvm", "microvm,acpi=off", "pc", "q35"):
        log = str(tmp_path / "serial")
        subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-M", machine, "-m", "16", "-nodefaults",
                        "-no-user-config", "-display", "none", "-no-reboot", "-kernel", img,
                        "-serial", "file:" + log], timeout=60, check=True)
        assert HELLO.rstrip() in open(log, "rb").read(), machine


@pytest.mark.parametrize("status", [0, 1, 2, 42, 127, 128, 200, 255])
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_exit_status_is_exact(tmp_path_factory, plat, status):
    img = whittle.image(os.path.join(whittle.ROOT, "tests/boot/exitstatus"), plat)
    assert whittle.run(img, str(status)).status == status


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unknown_parameter(plat):
    r = whittle.run(whittle.image("helloworld", plat), options=["--param", "log.levle=2"])
    assert r.status == 1 and r.out == b"", r
    assert b"unknown kernel parameter `log.levle`; the nearest known one is `log.level`" in r.err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("value", ["x", "", "99999999999999999999", "1z"])
def test_bad_value(plat, value):
    r = whittle.run(whittle.image("helloworld", plat), options=["--param", "log.level=" + value])
    assert r.status == 1 and b"log.level" in r.err, r
