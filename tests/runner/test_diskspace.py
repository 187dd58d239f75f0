# SPDX-License-Identifier: BSD-3-Clause
"""A run of the tests on a full disk: a small file system of memory, which only the run sees."""
import os
import subprocess
import sys

import pytest

import whittle

TESTS = """
import tempfile, time, pytest
def test_that_fills_the_disk():
    f = tempfile.NamedTemporaryFile(delete=False)
    f.write(bytes(64 << 20))
    f.close()
    assert False
@pytest.mark.parametrize("n", range(300))
def test_behind_it(n):
    time.sleep(0.1)
"""


def run_on_a_disk_of(megabytes, tmp_path):
    tests = tmp_path / "tests" / "some" / "test_full.py"
    tests.parent.mkdir(parents=True)
    tests.write_text(TESTS)
    disk = tmp_path / "disk"
    disk.mkdir()
    pytest_ = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-n2", "--rootdir", tmp_path, tests]
    run = subprocess.run(["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=%dm none "$TMPDIR" && exec "$@"' % megabytes, "-", *pytest_],
                         env=dict(os.environ, TMPDIR=str(disk), PYTHONPATH=os.path.join(whittle.ROOT, "tests")),
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert run.returncode == 1, run.stdout
    assert " MB are left for %s, and all tests take some " % disk in run.stdout and "another folder by TMPDIR=" in run.stdout, run.stdout
    return run.stdout


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")


def test_full_at_the_start(tmp_path):
    out = run_on_a_disk_of(1, tmp_path)
    assert " failed" not in out and " passed" not in out, out


def test_full_on_the_way(tmp_path):
    out = run_on_a_disk_of(300, tmp_path)
    assert "test_that_fills_the_disk" in out and "1 failed" in out and "300 passed" not in out, out
