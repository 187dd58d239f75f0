# SPDX-License-Identifier: BSD-3-Clause
"""--root: what the packer writes, the cpio program must read; the same folder, the same bytes."""
import os
import socket
import subprocess

import pytest

from whittle import ROOT
from runner import RunError, cpio

MKINITRD = os.path.join(ROOT, "support", "tools", "mkinitrd")


def pack(root):
    fd = cpio.pack_to_memory(str(root))
    with open(fd, "rb") as f:
        f.seek(0)
        return f.read()


@pytest.fixture
def tree(tmp_path):
    t = tmp_path / "root"
    (t / "etc/deep/er").mkdir(parents=True)
    (t / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (t / "etc/deep/er/odd").write_bytes(b"12345")
    (t / "empty").touch()
    (t / "a b\nc").write_bytes(b"\0" * 4097)
    with open(os.path.join(os.fsencode(t), b"\xff\xfe"), "wb") as f:
        f.write(b"no UTF-8")
    os.link(t / "etc/passwd", t / "etc/shadow")
    os.symlink("../etc/passwd", t / "etc/link")
    os.symlink("nowhere", t / "dangling")
    os.mkfifo(t / "fifo")
    os.chmod(t / "empty", 0o4751)
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(t / "sock"))
    s.close()
    return t


def test_cpio_reads_it(tree, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], input=pack(tree), cwd=out, check=True)
    os.unlink(tree / "sock")
    subprocess.run(["diff", "-r", "--no-dereference", "--exclude=fifo", tree, out], check=True)
    assert os.readlink(out / "etc/link") == "../etc/passwd"
    assert os.stat(out / "etc/shadow").st_ino == os.stat(out / "etc/passwd").st_ino
    assert os.stat(out / "empty").st_mode & 0o7777 == 0o4751
    assert int(os.stat(out / "etc/passwd").st_mtime) == int(os.stat(tree / "etc/passwd").st_mtime)


def test_same_bytes_wherever_it_lies(tree, tmp_path):
    other = tmp_path / "elsewhere"
    subprocess.run(["cp", "-a", tree, other], check=True)
    assert pack(tree) == pack(other)


def test_no_trace_of_this_machine(tree, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000")
    for header in pack(tree).split(b"070701")[1:]:
        fields = [int(header[i:i + 8], 16) for i in range(0, 13 * 8, 8)]
        assert fields[2:4] == [0, 0], "owner, group"
        assert fields[5] <= 1000, "time"
        assert fields[7:9] == [0, 0], "device"


def test_sorted_and_parents_first(tree):
    names = subprocess.run(["cpio", "-t", "--quiet"], input=pack(tree), stdout=subprocess.PIPE,
                           check=True).stdout
    etc = [n for n in names.split(b"\n") if n.startswith(b"etc")]
    assert etc == [b"etc", b"etc/deep", b"etc/deep/er", b"etc/deep/er/odd", b"etc/link", b"etc/passwd",
                   b"etc/shadow"]


def test_empty_folder(tmp_path):
    (tmp_path / "e").mkdir()
    data = pack(tmp_path / "e")
    assert data.endswith(b"TRAILER!!!\0\0\0\0") and len(data) % 4 == 0


def test_file_named_like_the_end(tmp_path):
    """As a name of its own TRAILER!!! ends an archive."""
    for name in ("TRAILER!!!", "after"):
        (tmp_path / name).write_text(name)
    p = subprocess.run(["cpio", "-t", "--quiet"], input=pack(tmp_path), stdout=subprocess.PIPE, check=True)
    assert p.stdout == b"./TRAILER!!!\nafter\n"


def test_unreadable_file_is_named(tree, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)
    monkeypatch.setattr(cpio, "copy_data", refuse)  # to root, every file is readable
    os.truncate(tree / "a b\nc", 0)
    os.truncate(tree / "\udcff\udcfe", 0)
    with pytest.raises(RunError, match="etc/deep/er/odd: Permission denied"):
        pack(tree)


def test_no_such_folder():
    with pytest.raises(RunError, match="no such folder"):
        pack("/nonexistent")


def test_mkinitrd(tree, tmp_path):
    out = tmp_path / "i.cpio"
    subprocess.run([MKINITRD, tree, out], check=True)
    assert out.read_bytes() == pack(tree)
    p = subprocess.run([MKINITRD, tmp_path / "none", out], stderr=subprocess.PIPE)
    assert p.returncode == 1 and b"no such folder" in p.stderr
    assert sorted(os.listdir(tmp_path)) == ["i.cpio", "root"]
