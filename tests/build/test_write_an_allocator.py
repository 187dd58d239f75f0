# SPDX-License-Identifier: BSD-3-Clause
"""The allocator of docs/write-an-allocator.md builds, runs, is called directly, passes the suite."""
import re
import subprocess

import pytest

import whittle
from test_docs import image


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("allocator")
    whittle.extract("docs/write-an-allocator.md", str(folder))
    return folder


def build(tree, out):
    whittle.make("APP=%s/letters" % tree, "LIBS=%s/libs" % tree, "O=%s" % out)


def test_runs_and_is_called_directly(tree, tmp_path):
    build(tree, tmp_path)
    for plat in whittle.PLATFORMS:
        img = image(tree, tmp_path, "letters", plat)
        r = whittle.run(img)
        assert r.out == b"zyxwvutsrqponmlkjihgfedcba\n", r
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", img + ".dbg"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        assert "<uk_alloc_malloc>:" in code and "ukallocbump_malloc" not in code
        body = re.search(r"<malloc>:\n(.*?)\n\n", code, re.S)[1]
        assert "uk_alloc_m" in body and "*" not in body, body


def test_passes_the_suite(tree, tmp_path):
    with open(tree / "letters/Config.uk", "a") as f:
        f.write("\tselect LIBUKTEST\n")
    build(tree, tmp_path)
    r = whittle.run(image(tree, tmp_path, "letters", "linuxu"),
                    options=["--param", "test.only=[ ukallocbump ]"])
    assert r.out.count(b"\n    ok ") == 5 and b"not ok" not in r.out and r.status == 0, r
