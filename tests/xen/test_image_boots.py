# SPDX-License-Identifier: BSD-3-Clause
"""Images of ours on Xen, as their user runs them: output, input, status, options; as dom0 and as guests."""
import os
import subprocess
import urllib.request

import pytest

import whittle
from netns import free_port

LIMIT = 600
# As a guest sqlite says the same.
KINDS = ["pv-dom0", "pvh-dom0", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("pv", "pvh"))]


def run(app, kind, *args, options=(), stdin=b""):
    return whittle.run(whittle.image(app, "xen", configs="xen"), *args, options=["--xen-type", kind, *options],
                       stdin=stdin, timeout=LIMIT)


def serves_a_file(img, folder, *options):
    """httpd, on a port of this machine; and it ends when it is asked to."""
    data = os.urandom(500000)
    (folder / "file").write_bytes(data)
    port = free_port()
    p = subprocess.Popen([os.path.join(whittle.ROOT, "support/run"), img, *options, "--root", str(folder), "--publish",
                          "%d:80" % port, "--", "80", "/"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert b"serving" in p.stdout.readline()
        with urllib.request.urlopen("http://127.0.0.1:%d/file" % port, timeout=LIMIT) as f:
            assert f.read() == data
        p.terminate()
        assert p.wait(LIMIT) == -15
    finally:
        p.kill()
        p.communicate()


@pytest.mark.parametrize("kind", KINDS)
def test_hello(kind):
    r = run("helloworld", kind)
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\n", b""), r


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_sqlite(kind, tmp_path):
    """Input to its end, a file system packed as an initrd, memory, and the application's own status."""
    (tmp_path / "numbers.csv").write_text("".join("%d\n" % i for i in range(1000)))
    r = run("sqlite", kind, ":memory:", options=["--root", str(tmp_path), "--memory", "64M"],
            stdin=b"create table t(n int);\n.import /numbers.csv t\nselect sum(n) from t;\n.exit 7\n")
    assert (r.status, r.out) == (7, b"499500\n"), r


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_server(kind, tmp_path):
    """A port of this machine leads to the guest's, through QEMU's network, dom0's bridge and netfront; and the image ends
    when it is asked to."""
    serves_a_file(whittle.image("httpd", "xen", configs="xen"), tmp_path, "--xen-type", kind)
