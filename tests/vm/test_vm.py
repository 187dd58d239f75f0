# SPDX-License-Identifier: BSD-3-Clause
"""Virtual memory from outside: programs that want more of it than there is memory."""
import os
import re

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


def image(plat):
    return whittle.image(os.path.join(HERE, "app"), plat, out=os.path.join(whittle.OUT, "test-vm"))


def run(plat, *args, memory="32M", **more):
    options = ["--memory", memory, *more.pop("options", [])]
    return whittle.run(image(plat), *args, options=options, **more)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_what_go_does(plat):
    """More than 1 GiB reserved, 64 MiB arenas committed inside, in 32 MiB."""
    r = run(plat, "go")
    assert r.status == 0 and r.out == b"go: ready\n", r


def test_out_of_memory_is_a_clean_end():
    r = run("kvm", "oom")
    assert r.status == 137 and r.out == b"mapped\n", r
    said = r.err.decode().splitlines()
    assert len(said) == 1, r
    m = re.search(r"out of memory: (\d+) KiB mapped, (\d+) of (\d+) KiB of memory used; "
                  r"give more with --memory", said[0])
    assert m, r
    mapped, used, total = map(int, m.groups())
    assert mapped >= 4 << 20 and total - 200 <= used <= total and total < 32 << 10


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_strict_overcommit(plat):
    r = run(plat, "strict", options=["--param", "vmem.overcommit=2"])
    assert r.status == 0, r
    assert r.out.decode().splitlines() == [
        "4 GiB: Out of memory", "4 GiB without reserve: mapped", "4 GiB of addresses: mapped",
        "made writable: Out of memory", "1 MiB of it: done"], r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("value", ["7", "0", "12", ""])
def test_overcommit_of_no_meaning(plat, value):
    r = run(plat, "strict", options=["--param", "vmem.overcommit=" + value])
    assert r.status not in (0, 124, 125) and r.out == b"", r
    assert b"`vmem.overcommit`: bad value `%s` (1: promise memory without end; 2: " % value.encode() in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_a_file_that_shrinks(plat):
    r = run(plat, "bus")
    assert r.status == 0, r
    assert r.out == b"SIGBUS: code 2 at the address\nstill there: x\n", r
    r = run(plat, "bus-crash")
    assert r.status not in (0, 124, 125), r
    said = r.err.decode()
    assert re.search(r"CRASH: page fault .*: write to 0x[0-9a-f]+, behind the end of a mapped file", said), r
    assert "cause: write to what is behind the end of a mapped file (SIGBUS)" in said, r
    assert re.search(r"at it 0x\w+-0x\w+ rw- file", said), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_a_mapped_file_is_written_out(plat, tmp_path):
    """System calls read memory that is not there yet; on linuxu that would be the host's."""
    content = bytes(range(256)) * 300
    (tmp_path / "f").write_bytes(content)
    r = run(plat, "cat", "/f", options=["--root", str(tmp_path)])
    assert r.status == 0 and r.out == content, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_deep_stacks(plat):
    """160 MiB of stacks, of which 6 are used."""
    r = run(plat, "deep")
    assert r.status == 0 and r.out == b"deep: done\n", r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stack_of_main(plat):
    """8 MiB on kvm; on linuxu what the host gives."""
    r = run(plat, "stack")
    assert r.status == 0, r
    limit = int(re.match(rb"stack: limit (\d+) KiB, attributes agree\nstack: used\n$", r.out).group(1))
    assert limit == 8192 or plat == "linuxu", r


@pytest.mark.slow
def test_memory_above_4_gib():
    r = run("kvm", "large", memory="5G", timeout=300)
    assert r.status == 0, r
    assert int(re.match(rb"large: (\d+) MiB", r.out).group(1)) > 4096, r
