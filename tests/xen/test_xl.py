# SPDX-License-Identifier: BSD-3-Clause
"""On a machine that is a Xen dom0 itself: with a fake `xl`, whose guests are a shell script on a terminal. And what
is said where something is missing."""
import os
import subprocess

import pytest

import whittle

RUN = os.path.join(whittle.ROOT, "support", "run")
XL = r'''#!/usr/bin/python3
# A guest that is this script: `said` becomes its output, `reason` how it ends.
import os, pty, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
with open(folder + "/calls", "a") as f:
    f.write(" ".join(sys.argv[1:3]) + "\n")
if sys.argv[1] == "create":
    text = open(sys.argv[-1]).read()
    open(folder + "/config", "w").write(text)
    if os.path.exists(folder + "/fails"):
        sys.exit("libxl: error: not enough memory")
    if 'ramdisk = "' in text:
        name = text.partition('ramdisk = "')[2].partition('"')[0]
        open(folder + "/ramdisk", "wb").write(open(name, "rb").read())
    master, slave = pty.openpty()
    import tty
    tty.setraw(slave)
    open(folder + "/tty", "w").write(os.ttyname(slave))
    print("Waiting for domain x (domid 7) to die [pid 1]", file=sys.stderr, flush=True)
    os.write(master, open(folder + "/said", "rb").read())
    if os.path.exists(folder + "/listens"):
        heard = b""
        while not heard.endswith(b"\x10E"):
            heard += os.read(master, 100)
        os.write(master, b"\x10O%c\0" % len(heard) + heard + b"\x10X\1\0\0")
    print("Domain 7 has shut down, reason code %s 0x0\nAction for shutdown reason code 0 is preserve\n"
          "Done. Exiting now" % open(folder + "/reason").read(), file=sys.stderr, flush=True)
    time.sleep(3)
'''
STORE = '#!/bin/sh\n[ "$1" = /local/domain/7/console/tty ] && cat "${0%/*}/tty"\n'


@pytest.fixture
def dom0(tmp_path):
    for name, text in (("xl", XL), ("xenstore-read", STORE)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "reason").write_text("0")
    (tmp_path / "said").write_bytes(b"")
    return tmp_path


def run(image, path, *options, args=(), stdin=b"", env=()):
    p = subprocess.run([RUN, image, *options, "--", *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=60, env=dict(os.environ, PATH="%s:%s" % (path, os.environ["PATH"]), **dict(env)))
    return whittle.Result(p.returncode, p.stdout, p.stderr)


def test_streams_and_status(domain, dom0):
    (dom0 / "said").write_bytes(b"early\n\x10O\3\0out\x10E\3\0err\x10K\2\0k\n\x10X\1\0\5")
    r = run(domain, dom0, "--xen", "xl", "--memory", "9M", "--xen-type", "pv", args=["a b"])
    assert (r.status, r.out, r.err) == (5, b"early\nout", b"errk\n"), r
    config = (dom0 / "config").read_text()
    assert 'type = "pv"\n' in config and "memory = 9\n" in config and 'on_crash = "preserve"' in config
    assert 'kernel = "%s"' % domain in config and 'cmdline = "xen.records=1 ' in config
    assert '-- \\"a b\\""\n' in config
    name = config.partition('name = "')[2].partition('"')[0]
    assert (dom0 / "calls").read_text().splitlines()[-1] == "destroy " + name


def test_input_and_initrd(domain, dom0, tmp_path):
    (dom0 / "listens").touch()
    (dom0 / "said").write_bytes(b"\x10R\0\0")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("in the initrd")
    r = run(domain, dom0, "--xen", "xl", "--root", str(root), stdin=b"in\x10put")
    assert (r.status, r.out) == (0, b"in\x10Dput\x10E"), r
    assert b"in the initrd" in (dom0 / "ramdisk").read_bytes()


@pytest.mark.parametrize("reason, words", [("0", b"powered itself off (reason 0)"), ("3", b"crashed (reason 3)")])
def test_no_status(domain, dom0, reason, words):
    (dom0 / "reason").write_text(reason)
    (dom0 / "said").write_bytes(b"partial words")
    r = run(domain, dom0, "--xen", "xl")
    assert r.status == 125 and r.out == b"partial words" and words in r.err, r


def test_xl_fails(domain, dom0):
    (dom0 / "fails").touch()
    r = run(domain, dom0, "--xen", "xl")
    assert r.status == 125 and b"xl could not start the domain" in r.err and b"not enough memory" in r.err, r


def test_too_little_memory_for_pv(domain):
    r = run(domain, "/nowhere", "--xen", "rig", "--xen-type", "pv", "--memory", "3M")
    assert r.status == 1 and b"needs at least 4096 KiB as a PV guest; give --memory" in r.err, r


def test_no_xl(domain):
    r = run(domain, "/nowhere", "--xen", "xl")
    assert r.status == 2 and b"no `xl` here" in r.err and b"--xen rig" in r.err, r


def test_no_packages(domain, tmp_path):
    """No Debian here: an apt-get that has nothing."""
    for name in ("apt-get", "apt-cache", "apt-config"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
        (tmp_path / name).chmod(0o755)
    r = run(domain, tmp_path, "--xen", "rig", env={"WHITTLE_CACHE": str(tmp_path / "cache")})
    assert r.status == 2 and b"Xen's packages cannot be had" in r.err and b"bookworm" in r.err and b"by hand" in r.err.lower(), r


def test_print_xl(domain, tmp_path):
    (tmp_path / "i").touch()
    r = run(domain, "", "--print-xl", "--xen-type", "pv", "--memory", "5000K", "--initrd", str(tmp_path / "i"),
            args=["\"", "%"])
    assert (r.status, r.err) == (0, b"") and r.out.decode() == """\
name = "tiny"
type = "pv"
kernel = "%s"
ramdisk = "%s"
cmdline = "-- \\"\\\\\\"\\" %%"
memory = 5
vcpus = 1
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
""" % (domain, tmp_path / "i"), r


def test_print_xl_of_a_folder(domain, tmp_path):
    """It says how to make the file that it names; and names are of files wherever it is read."""
    (tmp_path / "a b").mkdir()
    r = run(domain, "", "--print-xl", "--root", str(tmp_path / "a b"))
    assert r.status == 0 and r.out.decode().startswith("# ramdisk: support/tools/mkinitrd '%s' initrd.cpio\n" % (tmp_path / "a b")), r
    assert b'ramdisk = "initrd.cpio"\n' in r.out, r
    (tmp_path / "i").touch()
    r = run(domain, "", "--print-xl", "--initrd", os.path.relpath(tmp_path / "i"))
    assert b'ramdisk = "%s"\n' % os.fsencode(tmp_path / "i") in r.out, r


@pytest.mark.parametrize("options, status, words", [
    (["--xen-type", "pv-dom0"], 2, "nothing that xl starts; pvh or pv is"),
    (["--xen-type", "pv", "--memory", "3M"], 1, "needs at least 4096 KiB as a PV guest"),
])
def test_print_xl_of_what_cannot_start(domain, options, status, words):
    r = run(domain, "", "--print-xl", *options)
    assert (r.status, r.out) == (status, b"") and words in r.err.decode(), r


@pytest.mark.parametrize("options, words", [
    (["--xen-type", "hvm"], "pvh, pv, pvh-dom0"), (["--xen", "kvm"], "xl or rig"), (["--machine", "q35"], "no choice"),
    (["--gdb"], "kvm image"), (["--accel", "kvm"], "tcg"), (["--net", "user", "--xen", "xl"], "netfront"),
])
def test_wrong_options(domain, options, words):
    r = run(domain, "", *options)
    assert r.status == 2 and words in r.err.decode(), r


def test_options_of_another_platform():
    image = whittle.image("helloworld", "kvm")
    r = run(image, "", "--xen-type", "pv")
    assert r.status == 2 and b"PLAT=xen" in r.err, r


def test_records_in_any_pieces():
    """The parser sees a stream, not records: cut anywhere, and with bytes that mean nothing."""
    from runner.xen import Records, SmokeRecords
    stream = b"a\x10\x10O\3\0x\x10yb\x10E\2\0e\nc\x10Zd\x10X\1\0\7"
    for size in range(1, len(stream) + 1):
        r = Records(cooked=False)
        for at in range(0, len(stream), size):
            r.feed(stream[at:at + size])
        assert (r.out, r.err, r.status) == (b"a\x10x\x10ybc\x10Zd", b"e\n", 7), size
    stream = b"(XEN) words\r\n\x10O\4\0a\r\r\nb(XEN) more\r\n\x10X\1\0\n".replace(b"\x01\0\n", b"\x01\0\r\n")
    for size in range(1, len(stream) + 1):
        r = SmokeRecords(False)
        for at in range(0, len(stream), size):
            r.feed(stream[at:at + size])
        assert (r.out, r.log, r.status) == (b"a\r\nb", b"(XEN) words\n(XEN) more\n", 10), size
