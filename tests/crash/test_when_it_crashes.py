# SPDX-License-Identifier: BSD-3-Clause
"""docs/when-it-crashes.md shows what happens: its example crashes as printed, figures aside."""
import os
import pathlib
import re
import shutil

import pytest

import whittle
from gdbrun import gdb
from test_debug import session

ONE_CPU = pytest.mark.not_smp("docs/when-it-crashes.md shows what an image for one CPU says")
PAGE = open(os.path.join(whittle.ROOT, "docs/when-it-crashes.md")).read()


def shown(name):
    return re.search(r"<!-- shows: %s -->\n```\n(.*?)```" % name, PAGE, re.S)[1].splitlines()


def pattern(line):
    """The line with other figures: addresses, offsets, lines of the tree's own files, sizes."""
    figures = r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|0000[0-9]{4}|(?<=\.[chS]:)\d+|\d+(?= KiB)"
    parts = re.split(figures, line.rstrip())
    return r"[0-9a-fx]+".join(re.escape(p).replace("orders/main", "(?:.*/)?orders/main") for p in parts)


def check(lines, out):
    """In this order; what a line with … stands for may be anything."""
    at = 0
    for line in lines:
        if line.strip() == "…":
            continue
        m = re.compile("^" + pattern(line) + "$", re.M).search(out, at)
        assert m, "%s\n(%s)\n--- not in\n%s" % (line, pattern(line), out[at:])
        at = m.end()


@pytest.fixture(scope="module")
def orders():
    # At a place that is the same in every run: a build folder remembers where its application is.
    folder = pathlib.Path(whittle.OUT, "test-book")
    shutil.rmtree(folder, ignore_errors=True)
    assert len(whittle.extract("docs/when-it-crashes.md", folder)) == 3
    image = whittle.image(str(folder / "orders"), "kvm")
    core = folder / "orders.core"
    return image, core, whittle.run(image, options=["--core", str(core)]), folder


@ONE_CPU
def test_report(orders):
    image, core, r, folder = orders
    assert r.status == 134
    said = r.err.decode().replace(str(core), "orders.core").replace(whittle.OUT, "build")
    check(shown("report"), said)


def test_core(orders):
    image, core, _, folder = orders
    lines = shown("core")
    commands = [line[6:] for line in lines if line.startswith("(gdb) ")]
    out = gdb(image + ".dbg", str(core), commands=commands)
    check([line for line in lines if not line.startswith("(gdb) ")], out)


@ONE_CPU
def test_debug(orders):
    lines = shown("debug")
    commands = [line[6:] for line in lines if line.startswith("(gdb) ")]
    out = session(orders[0], commands)
    check([line for line in lines if not line.startswith("(gdb) ")], out.replace("(gdb) ", ""))
