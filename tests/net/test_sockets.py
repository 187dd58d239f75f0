# SPDX-License-Identifier: BSD-3-Clause
"""apps/sockettest: sockets answer, call by call, what Linux's answer."""
import glob
import os
import subprocess

import pytest

import whittle

CASES = [("kvm", ""), ("linuxu", ""), ("linuxu", "smp")]


@pytest.fixture(scope="module")
def linux(tmp_path_factory):
    program = tmp_path_factory.mktemp("sockettest") / "sockettest"
    sources = sorted(glob.glob(os.path.join(whittle.ROOT, "apps/sockettest/*.c")))
    subprocess.run(["gcc", "-w", "-o", str(program), *sources], check=True, timeout=60)
    return subprocess.run([str(program)], stdout=subprocess.PIPE, check=True,
                          timeout=60).stdout.decode().splitlines()


@pytest.mark.parametrize("plat,configs", CASES)
def test_as_on_linux(linux, plat, configs):
    img = whittle.image("sockettest", plat, configs)
    got = whittle.run(img, options=["--net", "none"]).out.decode().splitlines()
    assert got == linux
