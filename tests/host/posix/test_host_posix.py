# SPDX-License-Identifier: BSD-3-Clause
"""The structures of the system calls against the headers of a C library."""
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ["lib/base/ukbase/include", "arch/x86_64/include", "arch/common/include"] + [
    "lib/posix/posix-%s/include" % name for name in ("process", "mmap", "file", "socket")]


@pytest.mark.parametrize("source", ["test_abi.c", "test_socket_abi.c"])
@pytest.mark.parametrize("compiler", ["gcc", "musl-gcc"])
def test_abi_matches_the_libc(compiler, source):
    if not shutil.which(compiler):
        pytest.skip("there is no " + compiler)
    top = os.path.join(HERE, "../../..")
    subprocess.run([compiler, "-std=gnu11", "-fsyntax-only"] +
                   ["-I" + os.path.join(top, d) for d in FOLDERS] + [source],
                   cwd=HERE, check=True, timeout=60)
