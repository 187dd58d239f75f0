# SPDX-License-Identifier: BSD-3-Clause
"""Disks of a guest of Xen: blkfront beside Linux's blkback."""
import pytest

import whittle

LIMIT = 600


@pytest.fixture(scope="module")
def image():
    return whittle.image("blktest", "xen", configs="xen")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(20 << 20))
    return path


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_verify(image, kind, disk):
    """Requests of all sizes and alignments, flushes, discards, limits, many at once; the device is closed and opened again."""
    r = whittle.run(image, "xvda", "verify", "5", options=["--xen-type", kind, "--disk", str(disk)], timeout=LIMIT)
    assert (r.status, r.out, r.err) == (0, b"xvda: verified\n", b""), r
    assert disk.read_bytes().strip(b"\0"), "nothing of it has come to the disk"


def test_read_only(image, disk):
    r = whittle.run(image, "xvda", "read-only", options=["--xen-type", "pvh", "--disk", str(disk) + ",ro"], timeout=LIMIT)
    assert r.status == 0 and r.err == b"", r
    assert not disk.read_bytes().strip(b"\0")
