# SPDX-License-Identifier: BSD-3-Clause
"""Packs a folder as a cpio archive of the `newc` kind (magic 070701), the form of an initrd.

The same folder gives the same bytes: names are sorted, inode numbers count up from 1, owner and
group are 0, no device number of this machine gets in. Times are those of the files, but not
later than SOURCE_DATE_EPOCH where that is set. Hard links stay links (the last name carries
the data); sockets are left out, as nothing could connect to them.
"""
import os
import stat

from . import RunError

TRAILER = "TRAILER!!!"
LIMIT = 0xFFFFFFFF  # a field has eight hexadecimal digits


def header(ino, mode, nlink, mtime, size, rdev, name):
    raw = os.fsencode(name) + b"\0"
    fields = (ino, mode, 0, 0, nlink, mtime, size, 0, 0,
              os.major(rdev), os.minor(rdev), len(raw), 0)
    out = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
    return out + b"\0" * (-len(out) % 4)


def walk(root):
    """Every path below root, relative, sorted, a folder before what is in it."""
    todo = [""]
    while todo:
        path = todo.pop()
        if path:
            yield path
            if not stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode):
                continue
        try:
            names = os.listdir(os.path.join(root, path))
        except OSError as e:
            raise RunError("--root %s: %s: %s" % (root, path or ".", e.strerror)) from None
        todo += [os.path.join(path, n) for n in sorted(names, key=os.fsencode, reverse=True)]


def copy_data(path, size, out):
    """Append exactly `size` bytes of a file; the kernel copies where it can."""
    with open(path, "rb", buffering=0) as f:
        left = size
        while left:
            try:
                n = os.sendfile(out.fileno(), f.fileno(), None, left)
            except OSError:
                n = out.write(f.read(min(left, 1 << 20)))
            if not n:
                raise RunError("--root: %s became shorter while it was packed" % path)
            left -= n
    out.write(b"\0" * (-size % 4))


def pack(root, out):
    """Write the archive of folder `root` to the unbuffered binary file `out`."""
    if not os.path.isdir(root):
        raise RunError("--root %s: %s" % (
            root, "is not a folder" if os.path.exists(root) else "no such folder"))
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", LIMIT))
    entries = [(p, os.lstat(os.path.join(root, p))) for p in walk(root)]
    left = {}  # hard links: (device, inode) -> names still to come
    for _, st in entries:
        if st.st_nlink > 1 and stat.S_ISREG(st.st_mode):
            left[st.st_dev, st.st_ino] = left.get((st.st_dev, st.st_ino), 0) + 1
    total = dict(left)
    inode = {}
    count = 0
    for path, st in entries:
        if stat.S_ISSOCK(st.st_mode):
            continue
        full = os.path.join(root, path)
        key = (st.st_dev, st.st_ino)
        if key not in inode or key not in left:
            count += 1
            inode[key] = count
        data = b""
        size = 0
        if stat.S_ISLNK(st.st_mode):
            data = os.fsencode(os.readlink(full))
            size = len(data)
        elif stat.S_ISREG(st.st_mode):
            size = st.st_size
            if key in left:
                left[key] -= 1
                if left[key]:
                    size = 0
        if size > LIMIT:
            raise RunError("--root %s: %s has %d bytes; a cpio archive holds files below 4 GiB"
                           % (root, path, size))
        nlink = total.get(key, 2 if stat.S_ISDIR(st.st_mode) else 1)
        out.write(header(inode[key], st.st_mode, nlink,
                         max(0, min(int(st.st_mtime), epoch, LIMIT)), size,
                         st.st_rdev if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode) else 0,
                         "./" + path if path == TRAILER else path))
        if data:
            out.write(data + b"\0" * (-size % 4))
        elif size:
            try:
                copy_data(full, size, out)
            except OSError as e:
                raise RunError("--root %s: %s: %s" % (root, path, e.strerror)) from None
    out.write(header(0, 0, 1, 0, 0, 0, TRAILER))


def pack_to_memory(root):
    """The archive as an open file without a name: it is gone with the last process that has it."""
    fd = os.memfd_create("initrd")
    with open(fd, "wb", buffering=0, closefd=False) as out:
        pack(root, out)
    return fd
