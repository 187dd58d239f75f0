# SPDX-License-Identifier: BSD-3-Clause
"""The structures of the system calls against the headers of a C library."""
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ["lib/base/ukbase/include", "arch/x86_64/include", "arch/common/include"] + [
    "lib/posix/posix-%s/include" % name for name in ("process", "mmap", "file", "socket")]


@pytest.mark.parametrize("compiler,source", [
    ("gcc", "test_abi.c"), ("gcc", "test_socket_abi.c"), ("gcc", "test_netlink_abi.c"),
    ("musl-gcc", "test_abi.c"), ("musl-gcc", "test_socket_abi.c")])
def test_abi_matches_the_libc(compiler, source):
    if not shutil.which(compiler):
        pytest.skip("there is no " + compiler)
    top = os.path.join(HERE, "../../..")
    subprocess.run([compiler, "-std=gnu11", "-fsyntax-only"] +
                   ["-I" + os.path.join(top, d) for d in FOLDERS] + [source],
                   cwd=HERE, check=True, timeout=60)


@pytest.mark.parametrize("cpu,read,options", [
    ("x86_64", 0, []), ("arm64", 63, ["-DGENERIC", "-D__ARCH_WANT_RENAMEAT"]),
    ("riscv64", 63, ["-DGENERIC", "-D__NR_riscv_flush_icache=(__NR_arch_specific_syscall+15)"])])
def test_numbers_of_system_calls_are_linux_s(cpu, read, options):
    top = os.path.join(HERE, "../../..")
    folders = ["arch/%s/include" % cpu, "arch/common/include", "lib/posix/posix-syscall/include"]
    subprocess.run(["gcc", "-std=gnu11", "-fsyntax-only", "-DREAD=%d" % read, *options,
                    *("-I" + os.path.join(top, d) for d in folders), "test_syscall_numbers.c"],
                   cwd=HERE, check=True, timeout=60)
