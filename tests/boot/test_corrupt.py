# SPDX-License-Identifier: BSD-3-Clause
"""Random damage to what an image is given at its start: the command line, the initrd, the image file.
Each run works, or ends with one error that names the thing: no crash, no hang, no traceback. (What
loaders hand over is in test_loader.py; single cases of damage are there, in test_matrix.py and tests/fs.)"""
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "support/tools"))
from runner import RunError, image as runner_image  # noqa: E402

FAVOURITES = b"\0\x01\x7f\x80\xff09aAfF/."


def damage(data, rng, first=0, last=None):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(first, min(last or len(data), len(data)) or 1)
        if at >= len(data):
            break
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.choice(FAVOURITES)
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            data[at:at + 8] = bytes(rng.choice(b"0123456789abcdefABCDEFxyz\0") for _ in range(8))
        else:
            del data[at:at + rng.randint(1, 4)]
    return bytes(data)


def bad(runs):
    """Those of (name, status, stderr) that are neither a success nor one error and status 1."""
    return [(name, status, err) for name, status, err in runs
            if b"CRASH" in err or not (status == 0 or status == 1 and b"error: " in err)]


def test_initrd(tmp_path):
    img = whittle.image("helloworld-musl", "linuxu")
    root = tmp_path / "root"
    for name in ("a/b/c", "d", "e/f"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("content of " + name)
    (root / "link").symlink_to("a/b/c")
    os.link(root / "d", root / "second")
    good = tmp_path / "good"
    subprocess.run([os.path.join(whittle.ROOT, "support/tools/mkinitrd"), str(root), str(good)], check=True)
    archive = good.read_bytes()

    def run(n):
        path = tmp_path / ("initrd-%d" % n)
        path.write_bytes(damage(archive, random.Random(n)))
        p = subprocess.run([img, "vfs.initrd=%s" % path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        return path.name, p.returncode, p.stderr
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(run, range(300)))
    assert bad(runs) == []
    refused = [err for _, status, err in runs if status == 1]
    assert len(refused) > 50 and all(b"initrd0" in err and err.count(b"\n") == 1 for err in refused), refused


WORDS = ["log.level=2", "env.vars=[ A=1 \"B=2 3\" ]", "console.tty=7", "vfs.fstab=[ \"initrd0:/:extract:::\" ]",
         "log.level", "=", "[", "\"", "'", "\\", "--", "-- a", "x.y=z", "\t", "log.level=99999999999999999999", "..", "é"]


def line(n):
    rng = random.Random(n)
    text = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))
    raw = damage(text.encode() + b" ", rng) if rng.randrange(2) else text.encode()
    return raw.replace(b"\0", b"0")


def test_command_line_of_a_process():
    img = whittle.image("helloworld-musl", "linuxu")

    def run(n):
        p = subprocess.run([img.encode(), *line(n).split(b" ")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        return line(n), p.returncode, p.stderr
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(run, range(300)))
    assert bad(runs) == []
    assert 20 < sum(status for _, status, _ in runs) < 280


def test_command_line_of_a_machine():
    img = whittle.image("helloworld-musl", "kvm")

    def run(n):
        argv = [os.path.join(whittle.ROOT, "support/run").encode(), img.encode(), b"--timeout", b"30",
                b"--qemu-args", b"-append '" + line(n).replace(b"'", b"").replace(b",", b"") + b"'"]
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return line(n), p.returncode, p.stderr
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(run, range(32)))
    assert bad(runs) == []
    assert 2 < sum(status for _, status, _ in runs) < 32


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_image_file(tmp_path, plat):
    """The runner says what is wrong with it, or takes it for one; its message names the file."""
    good = open(whittle.image("helloworld", plat), "rb").read()
    refused = 0
    for n in range(400):
        path = tmp_path / "image"
        path.write_bytes(damage(good, random.Random(n), 0, 64 + 56 * 9))
        try:
            runner_image.Image(str(path))
        except RunError as e:
            refused += 1
            assert str(path) in str(e)
    assert refused > 20
    path.write_bytes(good)
    assert runner_image.Image(str(path)).platform == plat
