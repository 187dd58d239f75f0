# SPDX-License-Identifier: BSD-3-Clause
"""Faults that no handler may see, and alternate stacks that are full: the end, with its reason."""
import shutil
import subprocess

import pytest

import whittle

NULL = b"cause: write to a null pointer"
ROLES = {  # what the application wrote, status, what the report says
    "blocked": (b"", 134, NULL),
    "ignored": (b"", 134, NULL),
    "again": (b"once\n", 134, NULL),
    "reset": (b"once\n", 134, NULL),
    "nested": (b"", 139, b"the alternate signal stack is too small"),
    "overflow": (b"", 134, b"the alternate stack of a signal's handler is full"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_end(plat, role):
    out, status, says = ROLES[role]
    r = whittle.run(whittle.image("libctest", plat), "--role", "fatal-" + role)
    assert (r.out, r.status) == (out, status) and says in r.err, r


@pytest.mark.skipif(not shutil.which("musl-gcc"), reason="no musl-gcc on this machine")
def test_linux_ends_them_too(tmp_path):
    program = str(tmp_path / "libctest")
    whittle.libctest_on_linux(program)
    for role, (out, _, _) in ROLES.items():
        done = subprocess.run([program, "--role", "fatal-" + role], capture_output=True, timeout=60, check=False)
        assert (done.stdout, done.returncode) == (out, -11), role
