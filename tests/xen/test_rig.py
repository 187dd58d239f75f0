# SPDX-License-Identifier: BSD-3-Clause
"""Xen under QEMU: an image as dom0, and as a guest beside a small Linux (support/tools/xenrig).

Seconds on an idle machine: 2 as dom0, 10 as a guest, and once the packages' fetching."""
import os
import subprocess
import time

import pytest

import whittle

RUN = os.path.join(whittle.ROOT, "support", "run")
LIMIT = 600
BYTES = bytes(i * 7 % 256 for i in range(100000))


def run(image, kind, *args, stdin=b"", options=()):
    p = subprocess.run([RUN, image, "--xen-type", kind, *options, "--", *args], input=stdin, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=LIMIT)
    return whittle.Result(p.returncode, p.stdout, p.stderr)


@pytest.mark.parametrize("kind", ["pv-dom0", "pvh-dom0"])
def test_dom0(domain, kind):
    r = run(domain, kind, "exit", "3")
    assert (r.status, r.out, r.err) == (3, b"", b""), r


def test_dom0_streams(domain):
    """Xen's serial line is one stream, with Xen's own words in it and carriage returns: ours come out whole."""
    r = run(domain, "pv-dom0", "out", "100000")
    assert r.status == 0 and r.out == BYTES, r.status
    r = run(domain, "pvh-dom0", "err", "some words")
    assert (r.status, r.out) == (0, b"") and b"some words" in r.err and b"(XEN)" not in r.err, r


def test_dom0_fails(domain):
    r = run(domain, "pv-dom0", "fault")
    assert r.status == 125 and b"Hardware Dom0 crashed" in r.err, r
    r = run(domain, "pv-dom0", "hang", options=["--timeout", "10"])
    assert r.status == 124 and b"timeout" in r.err, r


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_guest(domain, kind):
    r = run(domain, kind, "out", "100000")
    assert r.status == 0 and r.out == BYTES, (r.status, r.err)


def test_guest_input(domain):
    text = b"bytes: \x00 \x10 \x1d \xff\r\n" * 300
    r = run(domain, "pv", "cat", stdin=text)
    assert r.status == 0 and r.out == text, r


def test_guest_command_line_and_plain_words(domain):
    r = run(domain, "pvh", "cmdline", "two words", "a\"quote\" 'x'", options=["--param", "a.b=c"])
    assert r.status == 0 and r.out.startswith(b"xen.records=1 a.b=c "), r
    assert r.out.endswith(b"-- cmdline \"two words\" \"a\\\"quote\\\" 'x'\""), r


def test_guest_crashes(domain):
    r = run(domain, "pvh", "fault")
    assert r.status == 125 and b"the domain crashed (reason 3)" in r.err and b"(XEN)" in r.err, r


def test_guest_is_asked_to_end(domain):
    p = subprocess.Popen([RUN, domain, "--xen-type", "pv", "--", "button"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert p.stdout.readline() == b"waiting\n"
        start = time.monotonic()
        p.terminate()
        p.wait(LIMIT)
        assert p.returncode == -15 and time.monotonic() - start < 60
    finally:
        p.kill()
        p.communicate()


def test_session():
    """The rig as other tests use it: a dom0 that does what it is told."""
    from xenrig import machine
    from xenrig.packages import RigError
    rig = machine.start(64 << 20)
    try:
        assert "Domain-0" in rig.run("xl list")[1].decode()
        rig.put_text("/tmp/words", "some words\n" * 1000)
        assert rig.run("md5sum </tmp/words")[1] == subprocess.run(
            ["md5sum"], input=b"some words\n" * 1000, stdout=subprocess.PIPE, check=True).stdout
        with pytest.raises(RigError, match="status 1: No such"):
            rig.run("echo No such; false")
        assert b"xenbr0" in rig.run("ip link")[1]
    finally:
        rig.end()
