# SPDX-License-Identifier: BSD-3-Clause
"""gdb with the commands of support/tools/gdb: on a running image of either platform, and on a core."""
import os
import re
import subprocess

import pytest

import whittle
from gdbrun import gdb

APP = os.path.join(whittle.ROOT, "tests/crash/crashing")
# Also with signed return addresses, of which gdb knows only what the commands tell it.
ALL = [*((p, "") for p in whittle.PLATFORMS), *(pytest.param(*p.values, "", marks=p.marks) for p in whittle.OTHER_CPUS),
       pytest.param(whittle.ARM64, "branches", marks=pytest.mark.slow)]
ASK = ["uk threads", "uk areas", "uk allocators", "uk fds", "uk params", "uk log"]


def session(img, commands, *options, args=()):
    """support/run --gdb with these commands typed."""
    words = [os.path.join(whittle.ROOT, "support/run"), img, "--gdb", *options]
    script = "\n".join(["set pagination off", "set width 0", "set confirm off"] + commands + ["kill", "quit", ""])
    p = subprocess.run(words + (["--", *args] if args else []), input=script, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60, env=dict(os.environ, HOME="/nonexistent"))
    return p.stdout


def check(out):
    assert re.search(r"\* 1 `main` running .*\n +#0 .*crash \(", out), out
    assert re.search(r"  2 `named` blocked .*\n(    #.*\n)*?    #\d+ .* in waiter \(", out), out
    assert re.search(r"  3 `main` blocked .*\n(    #.*\n)*?    #\d+ .* in waiter \(", out), out
    assert re.search(r"areas: \d+, \d+ KiB mapped", out) and re.search(r"stacks: [2-9], \d+ KiB mapped", out), out
    assert re.search(r"0x[0-9a-f]+- *0x[0-9a-f]+ rw- +\d+ KiB  stack", out), out
    for part in (r"r-x +\d+ KiB  code `image`", r"rw- +\d+ KiB  data `image`", r"rw- +\d+ KiB  heap `page frames`"):
        assert re.search(r"0x[0-9a-f]+- *0x[0-9a-f]+ " + part, out), out
    assert re.search(r"page frames: total \d+ KiB, used \d+ KiB", out) and "heap (struct uk_alloc *)0x" in out, out
    assert re.search(r"  total +[1-9]\d+\n", out), out
    assert re.search(r"^(\(gdb\) )?   0 \w+ +flags=0o\d pos=0 refs=1", out, re.M), out
    assert re.search(r"\* log\.level = 3\n", out) and "Error" not in out and "Exception" not in out, out


@pytest.mark.parametrize("plat,configs", ALL)
def test_running_image(plat, configs):
    """It stops where it was told to; registers are as before after a look at the other threads."""
    img = whittle.image(APP, plat, configs=configs)
    commands = ["break crash", "run" if plat == "linuxu" else "continue", 'printf "before %#lx %#lx\\n", $pc, $sp',
                *ASK, 'printf "after %#lx %#lx\\n", $pc, $sp']
    out = session(img, commands, "--param", "log.level=3", args=["42"])
    check(out)
    assert re.search(r"before (0x\S+ 0x\S+)", out)[1] == re.search(r"after (0x\S+ 0x\S+)", out)[1], out


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_breakpoint_behind_a_landing_pad(plat):
    """A direct call enters a function four bytes after its symbol."""
    out = session(whittle.image(APP, plat), ["break uk_sys_mmap", "run" if plat == "linuxu" else "continue", "bt"],
                  args=["42"])
    assert re.search(r"Breakpoint \d+, (0x\S+ in )?uk_sys_mmap \(", out), out


@pytest.mark.parametrize("plat,configs", ALL)
def test_core(tmp_path, plat, configs):
    img, core = whittle.image(APP, plat, configs=configs), str(tmp_path / "core")
    assert whittle.run(img, "null", options=["--core", core, "--param", "log.level=3"]).status == 134
    out = session(img, ASK + ["info threads"], "--core", core)
    check(out.replace("write_to (", "crash ("))
    assert re.search(r'2 +LWP 2 "named"', out), out


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_messages(tmp_path, plat):
    img, core = whittle.image(APP, plat), str(tmp_path / "core")
    assert whittle.run(img, "abort", options=["--core", core]).status == 134
    out = gdb(img + ".dbg", core, helpers=True, commands=["uk log"])
    assert "[whittle] posix-signal: error: the application was ended by signal 6" in out, out


@pytest.mark.not_smp("images for several CPUs have threads and areas")
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_image_with_nothing(tmp_path, plat):
    """An image without threads, areas, descriptors says so."""
    img, core = whittle.image(os.path.join(whittle.ROOT, "tests/boot/exitstatus"), plat), str(tmp_path / "core")
    assert whittle.run(img, "fault", options=["--core", core]).status == 134
    out = gdb(img + ".dbg", core, helpers=True, commands=ASK)
    for words in ("no threads", "no areas", "no descriptors"):
        assert words in out, out
    assert "Error" not in out and "Exception" not in out, out


def test_core_that_is_not_there():
    out = session(whittle.image(APP, "kvm"), [], "--core", "/nonexistent/core")
    assert "no such file" in out, out
