# SPDX-License-Identifier: BSD-3-Clause
"""The examples of docs/ and README.md work as printed."""
import os
import re

import pytest

import whittle


def image(folder, out, app, plat):
    return os.path.join(str(out), app, "%s_%s-x86_64" % (app, plat))


def test_write_an_application(tmp_path):
    whittle.extract("docs/write-an-application.md", str(tmp_path))
    out = tmp_path / "out"
    whittle.make("APP=%s/demo" % tmp_path, "O=%s" % out)
    for plat in whittle.PLATFORMS:
        r = whittle.run(image(tmp_path, out, "demo", plat), "40", "2")
        assert r.out == b"42\n" and r.status == 0, r
        r = whittle.run(image(tmp_path, out, "demo", plat))
        assert r.err == b"usage: demo A B\n" and r.out == b"" and r.status == 2, r


def test_write_a_library(tmp_path):
    whittle.extract("docs/write-a-library.md", str(tmp_path))
    out = tmp_path / "out"
    whittle.make("APP=%s/counting" % tmp_path, "LIBS=%s/libs" % tmp_path, "O=%s" % out)
    for plat in whittle.PLATFORMS:
        r = whittle.run(image(tmp_path, out, "counting", plat), options=["--param", "counter.start=41"])
        assert r.out == b"42\n", r


def test_library_tests_are_found(tmp_path):
    """The example's own test runs in an image with uktest."""
    whittle.extract("docs/write-a-library.md", str(tmp_path))
    with open(tmp_path / "counting/Config.uk", "a") as f:
        f.write("\tselect LIBUKTEST\n")
    out = tmp_path / "out"
    whittle.make("APP=%s/counting" % tmp_path, "LIBS=%s/libs" % tmp_path, "O=%s" % out)
    r = whittle.run(image(tmp_path, out, "counting", "linuxu"), options=["--param", "test.only=[ counter ]"])
    assert b"ok 1 counts" in r.out and r.status == 0, r


def test_readme_example(tmp_path):
    text = open(os.path.join(whittle.ROOT, "README.md")).read()
    files = re.findall(r"cat > /tmp/demo/(\S+) <<'X'\n(.*?)\nX\n", text, re.S)
    assert len(files) == 2
    app = tmp_path / "demo"
    app.mkdir()
    for name, body in files + [("Makefile.uk", re.search(r"echo '(.*)' > /tmp/demo/Makefile.uk", text)[1])]:
        (app / name).write_text(body + "\n")
    out = tmp_path / "out"
    whittle.make("APP=%s" % app, "O=%s" % out)
    for plat in whittle.PLATFORMS:
        r = whittle.run(image(tmp_path, out, "demo", plat), "a", "b c")
        assert r.out == b"2 arguments, the last is b c\n", r
