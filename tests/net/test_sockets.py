# SPDX-License-Identifier: BSD-3-Clause
"""apps/sockettest: sockets answer, call by call, what Linux's answer."""
import glob
import os
import subprocess

import pytest

import whittle

CASES = [("kvm", ""), ("linuxu", ""), ("linuxu", "smp"), ("linuxu", "hostnet")]


@pytest.fixture(scope="module")
def linux(tmp_path_factory):
    program = tmp_path_factory.mktemp("sockettest") / "sockettest"
    sources = sorted(glob.glob(os.path.join(whittle.ROOT, "apps/sockettest/*.c")))
    subprocess.run(["gcc", "-w", "-o", str(program), *sources], check=True, timeout=60)
    return subprocess.run([str(program)], stdout=subprocess.PIPE, check=True,
                          timeout=60).stdout.decode().splitlines()


def without_names(lines):
    """The host's interfaces have no names in an image that uses its sockets."""
    return [line for line in lines if not line.startswith("if_") and line.strip() not in ("", "lo")]


@pytest.mark.parametrize("plat,configs", CASES)
def test_as_on_linux(linux, plat, configs):
    img = whittle.image("sockettest", plat, configs)
    got = whittle.run(img, options=[] if configs == "hostnet" else ["--net", "none"]).out.decode().splitlines()
    if configs == "hostnet":
        assert without_names(got) == without_names(linux)
    else:
        assert got == linux
