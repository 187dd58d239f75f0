# SPDX-License-Identifier: BSD-3-Clause
"""Files and the terminal, from outside: initrd, vfs.fstab, limits, and a pseudo-terminal to type on."""
import fcntl
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module", params=whittle.PLATFORMS)
def app(request):
    return whittle.image(os.path.join(HERE, "app"), request.param,
                         out=os.path.join(whittle.OUT, "test-fs"))


def lines(result):
    assert result.status == 0, result
    return result.out.decode().splitlines()


@pytest.fixture
def root(tmp_path):
    """A folder with some of everything."""
    root = tmp_path / "root"
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "f").write_text("content")
    (root / "d" / "f").chmod(0o640)
    os.link(root / "d" / "f", root / "g")
    (root / "l").symlink_to("d/f")
    (root / "d" / "e" / "empty").touch()
    (root / "big").write_bytes(bytes(i * 7 & 255 for i in range(100003)))
    return root


def pack(root, out):
    subprocess.run([os.path.join(whittle.ROOT, "support/tools/mkinitrd"), root, out], check=True)
    return out


# ---- initrd ----------------------------------------------------------------------------------------

def test_root_folder(app, root):
    tree = lines(whittle.run(app, "tree", "/", options=["--root", str(root)]))
    assert "/d/f 100640 2 content" in tree
    assert "/g 100640 2 content" in tree
    assert "/l 120777 1 d/f" in tree
    assert "/d/e/empty 100644 1 " in tree
    assert "/tmp 41777 2 " in tree
    assert "/dev/null 20666 1 " in tree


def test_content_is_not_touched(app, root):
    result = whittle.run(app, "cat", "/big", options=["--root", str(root)])
    assert result.status == 0 and result.out == (root / "big").read_bytes(), result.err


@pytest.mark.parametrize("machine", ["microvm", "pc", "q35"])
def test_content_stays_on_every_machine(root, machine):
    """ACPI's tables, which are looked at when the archive is mapped already, lie right behind it."""
    kvm = whittle.image(os.path.join(HERE, "app"), "kvm", out=os.path.join(whittle.OUT, "test-fs"))
    result = whittle.run(kvm, "cat", "/big", options=["--machine", machine, "--root", str(root)])
    assert result.status == 0 and result.out == (root / "big").read_bytes(), result.err


def test_without_initrd(app):
    assert "/tmp 41777 2 " in lines(whittle.run(app, "tree", "/"))


@pytest.mark.parametrize("damage, message", [
    (lambda a: a[:len(a) // 2], b"truncated"),
    (lambda a: b"\x1f\x8b" + bytes(300), b"compressed"),
    (lambda a: b"#!/bin/sh" + bytes(300), b"not a cpio archive"),
    (lambda a: a.replace(b"d/e/empty\0", b"d/../empt\0"), b"`d/../empt`"),
    (lambda a: a[:14] + b"xxxxxxxx" + a[22:], b"`mode`"),
])
def test_damaged_initrd(app, root, tmp_path, damage, message):
    """One line that names the archive and the entry; status 1."""
    archive = pack(root, tmp_path / "initrd")
    archive.write_bytes(damage(archive.read_bytes()))
    result = whittle.run(app, "tree", "/", options=["--initrd", str(archive)])
    assert result.status == 1, result
    assert message in result.err and b"initrd0" in result.err, result
    assert result.out == b""


def test_embedded_initrd(root, tmp_path):
    """In the image itself; what the loader gives comes on top."""
    # At a place that is the same in every run: a build folder remembers where its application is.
    mine = pathlib.Path(whittle.OUT, "test-fs-embed")
    shutil.rmtree(mine, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "app"), mine)
    archive = pack(root, mine / "archive")
    (mine / "defconfig").write_text("CONFIG_LIBUKCPIO_EMBED=y\n"
                                    "CONFIG_LIBUKCPIO_EMBED_FILE=\"%s\"\n" % archive)
    (mine / "Config.uk").write_text("config APPTEST_FS_EMBED\n\tbool\n\tdefault y\n\tselect LIBMUSL\n")
    more = tmp_path / "more"
    (more / "m").mkdir(parents=True)
    for plat in whittle.PLATFORMS:
        image = whittle.image(str(mine), plat, out=os.path.join(whittle.OUT, "test-fs"))
        tree = lines(whittle.run(image, "tree", "/", options=["--root", str(more)]))
        assert "/d/f 100640 2 content" in tree
        assert "/m 40755 2 " in tree


# ---- vfs.fstab -------------------------------------------------------------------------------------

def with_fstab(app, *entries, options=()):
    fstab = "vfs.fstab=[ %s ]" % " ".join('"%s"' % e for e in entries)
    return whittle.run(app, "tree", "/", options=["--kernel-args", fstab, *options])


def test_fstab(app, root):
    tree = lines(with_fstab(app, "initrd0:/data:extract:::mkmp", ":/a/b:ramfs:ro:size=1m,mode=700:mkmp",
                            options=["--root", str(root)]))
    assert "/data/d/f 100640 2 content" in tree
    assert "/a/b 40700 2 " in tree
    assert "/dev/null 20666 1 " in tree


def test_fstab_root_by_archive(app, root):
    tree = lines(with_fstab(app, "initrd0:/:extract:::", options=["--root", str(root)]))
    assert "/l 120777 1 d/f" in tree


@pytest.mark.parametrize("entry, message", [
    ("fs1:/data:nofs", b"no such file system"),
    (":/data:ramfs", b"mkmp"),
    (":data:ramfs", b"absolute"),
    (":/data", b"third field"),
    (":/tmp:ramfs:rx", b"`rx`"),
    (":/tmp:ramfs:::mk", b"`mk`"),
    (":/tmp:ramfs::size=x", b"size=x"),
    (":/tmp:ramfs:::mkmp:more", b"too many fields"),
    ("initrd0:/tmp:extract", b"no such source"),
    ("initrd7:/tmp:extract", b"no such source"),
])
def test_fstab_errors(app, entry, message):
    result = with_fstab(app, entry)
    assert result.status == 1 and message in result.err and entry.encode() in result.err, result


# ---- limits ----------------------------------------------------------------------------------------

def test_full_by_limit(app):
    total, again = lines(whittle.run(app, "fill", "/tmp/x", options=["--param", "ramfs.limit=3m"]))
    assert total == "%d No space left on device" % (3 << 20)
    assert again == "1"


def test_full_by_memory(app):
    total, again = lines(whittle.run(app, "fill", "/tmp/x", options=["--memory", "16M"]))
    size, why = total.split(" ", 1)
    assert 8 << 20 < int(size) < 16 << 20 and why == "No space left on device" and again == "1"


# ---- the terminal ----------------------------------------------------------------------------------

class Terminal:
    """A program on a pseudo-terminal, and a person in front of it."""

    def __init__(self, *command):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        self.program = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(
                                            0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.seen = b""

    def see(self, text, timeout=60):
        """Wait until the text appears; forget what came up to it."""
        end = time.monotonic() + timeout
        while text not in self.seen:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise whittle.Failed("never saw %r, only %r" % (text, self.seen))
            try:
                self.seen += os.read(self.master, 4096)
            except OSError:
                raise whittle.Failed("ended before %r, after %r" % (text, self.seen))
        self.seen = self.seen.split(text, 1)[1]

    def type(self, text):
        os.write(self.master, text)

    def status(self, timeout=60):
        try:
            while os.read(self.master, 4096):
                pass
        except OSError:
            pass
        return self.program.wait(timeout)

    def close(self):
        if self.program.poll() is None:
            os.killpg(self.program.pid, signal.SIGKILL)
            self.program.wait()
        os.close(self.master)


@pytest.fixture
def terminal(app):
    t = Terminal(os.path.join(whittle.ROOT, "support/run"), "--timeout", "100", app, "--", "terminal")
    yield t
    t.close()


def test_terminal_lines(terminal):
    terminal.see(b"111 33 99\r\n")
    terminal.type(b"helpo\x7f\x7flo\r")
    terminal.see(b"helpo\b \b\b \blo\r\n<hello>\r\n")
    terminal.type(b"wrong\x15right\r")
    terminal.see(b"right\r\n<right>\r\n")
    terminal.type(b"\x04")
    terminal.see(b"end\r\n")
    assert terminal.status() == 0


def test_terminal_interrupt(terminal):
    terminal.see(b"111 33 99\r\n")
    terminal.type(b"no end\x03")
    terminal.see(b"^C")
    assert terminal.status() == 128 + signal.SIGINT


def test_no_terminal(app):
    result = whittle.run(app, "terminal", stdin=b"one\ntwo\x03\x04\x7f\nthree")
    assert result.status == 0, result
    assert result.out == b"000 0 0\n<one>\n<two\x03\x04\x7f>\n<three>\nend\n"
