# SPDX-License-Identifier: BSD-3-Clause
"""Traps end in a report and a failing status, on both platforms."""
import os

import pytest

import whittle

EVERYWHERE = [*whittle.PLATFORMS, whittle.RISCV64, whittle.ARM64]
APP = os.path.join(whittle.ROOT, "tests/boot/exitstatus")


@pytest.mark.parametrize("plat", EVERYWHERE)
@pytest.mark.parametrize("how,words", [("fault", b"null pointer"), ("undefined", b"instruction")])
def test_trap_is_reported(plat, how, words):
    if plat in (whittle.RISCV64, whittle.ARM64) and how == "undefined":
        words = b"breakpoint"  # what __builtin_trap() is there
    r = whittle.run(whittle.image(APP, plat), how)
    assert r.status not in (0, 124, 125), r
    assert words in r.err.lower(), r
    assert b"image+" in r.err and b"main" in r.err and b"main.c:" in r.err, r  # the runner symbolises


@pytest.mark.parametrize("plat", EVERYWHERE)
def test_abort(plat):
    assert whittle.run(whittle.image(APP, plat), "abort").status == 134


@pytest.mark.parametrize("plat", EVERYWHERE)
def test_symbol_table_in_the_image(tmp_path, plat):
    """With uksymtab a report names functions where there is no .dbg file."""
    img = whittle.image(APP, plat, configs="symtab")
    alone = tmp_path / os.path.basename(img)
    alone.write_bytes(open(img, "rb").read())
    alone.chmod(0o755)
    r = whittle.run(str(alone), "fault")
    assert b" main+0x" in r.err, r
