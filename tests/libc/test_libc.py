# SPDX-License-Identifier: BSD-3-Clause
"""musl on top of the kernel: apps/libctest, one pytest case per test case and platform.

The same program also runs on Linux (where musl-gcc is installed): a case that fails there is a
mistake of the test.
"""
import glob
import os
import re
import shutil
import subprocess

import pytest

import whittle

TEXT = "".join(open(path).read() for path in whittle.libctest_sources())
CASES = sorted(set(re.findall(r"^TEST\((\w+), (\w+)\)", TEXT, re.M) +
                   [("cancel", name) for name in re.findall(r"^CANCELS\((\w+)\)", TEXT, re.M)]))


def parse_ktap(text):
    """{(suite, case): (ok, skip reason or None, diagnostics)}"""
    results, suite, notes = {}, None, []
    for line in text.splitlines():
        if m := re.match(r"    # Subtest: (\w+)", line):
            suite, notes = m[1], []
        elif m := re.match(r"    (not )?ok \d+ (\w+)(?: # SKIP (.*))?$", line):
            results[suite, m[2]] = not m[1], m[3], "\n".join(notes)
            notes = []
        elif line.startswith("    # "):
            notes.append(line.strip())
    return results


@pytest.fixture(scope="module")
def outcome():
    cache = {}

    def get(plat):
        if plat not in cache:
            options = ["--memory", "64M"] if plat == "kvm" else []
            result = whittle.run(whittle.image("libctest", plat), options=options, timeout=300)
            cache[plat] = parse_ktap(result.out.decode(errors="replace")), result
        return cache[plat]
    return get


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("suite,case", CASES, ids=[".".join(case) for case in CASES])
def test_case(outcome, plat, suite, case):
    results, result = outcome(plat)
    if (suite, case) not in results:
        pytest.fail(f"{suite}.{case} did not report; the image ended with {result!r}")
    ok, skip, notes = results[suite, case]
    if skip and ok:
        pytest.skip(skip)
    assert ok, notes


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("role,status,out", [
    ("exit", 42, b"main bad\n"),
    ("_exit", 3, b""),
    ("abort", 134, b""),
    ("term", 143, b""),
    ("quick_exit", 4, b"b"),
    ("pthread_exit", 0, b"main last "),
], ids=lambda value: value if isinstance(value, str) else "")
def test_end(plat, role, status, out):
    result = whittle.run(whittle.image("libctest", plat), "--role", role)
    assert (result.status, result.out) == (status, out), result


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_input_ends(plat):
    result = whittle.run(whittle.image("libctest", plat), "--role", "echo", stdin=b"one\ntwo")
    assert (result.status, result.out) == (0, b"one\ntwo"), result


def test_environment_parameter():
    image = whittle.image("libctest", "linuxu")
    done = subprocess.run([image, "env.vars=[ A=1 'B=two words' ]", "--", "--role", "env"],
                          capture_output=True, timeout=60, check=False)
    assert done.stdout == b"A=1\nB=two words\n", done


def test_no_system_call_instruction():
    """What the library is made of enters the kernel by calls only."""
    whittle.image("libctest", "kvm")
    archives = glob.glob(os.path.join(whittle.OUT, "packages/musl-*/build/obj/libc.a"))
    assert archives
    for archive in archives:
        head = subprocess.run(["readelf", "-h", archive], capture_output=True, text=True, check=True).stdout
        objdump = ("riscv64-linux-gnu-objdump" if "RISC-V" in head else
                   "aarch64-linux-gnu-objdump" if "AArch64" in head else "objdump")
        text = subprocess.run([objdump, "-d", archive], capture_output=True, text=True, check=True).stdout
        assert not re.search(r"\t(syscall|sysenter|int +\$0x80|ecall)\b", text)


@pytest.mark.not_smp("runs on Linux")
@pytest.mark.skipif(not shutil.which("musl-gcc"), reason="no musl-gcc on this machine")
def test_tests_are_right(tmp_path):
    program = str(tmp_path / "libctest")
    whittle.libctest_on_linux(program)
    done = subprocess.run([program], capture_output=True, text=True, timeout=200, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, "\n".join(
        line for line in done.stdout.splitlines() if "not ok" in line or "    # " in line)


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_with_link_time_optimisation(plat):
    result = whittle.run(whittle.image("helloworld-musl", plat, "lto"), "x")
    assert (result.status, result.out.splitlines()[:2]) == (
        0, [b"Hello, world! 3.142 is pi.", b"argument 1: x"]), result


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("config", ["mimalloc", "hardest"])
def test_all_of_it_otherwise(plat, config):
    """Another malloc() keeps the standard's promises too: alignment, limits, errno, threads; and what
    runs before there is a canary does not look for one, wherever else a canary is."""
    result = whittle.run(whittle.image("libctest", plat, configs=config),
                         options=["--memory", "64M"] if plat == "kvm" else [], timeout=300)
    results = parse_ktap(result.out.decode(errors="replace"))
    assert len(results) >= 100 and all(ok for ok, _, _ in results.values()), result
