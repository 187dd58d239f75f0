# SPDX-License-Identifier: BSD-3-Clause
"""Writes a Linux initramfs (cpio, format newc) without privileges and always with the same bytes."""
import stat

CONSOLE = stat.S_IFCHR | 0o600, (5, 1)


def _entry(name, mode, data=b"", device=(0, 0), ino=0):
    name = name.encode() + b"\0"
    # magic, then 13 fields of 8 hex digits: ino, mode, uid, gid, nlink, mtime, filesize, devmajor,
    # devminor, rdevmajor, rdevminor, namesize, check (Documentation/driver-api/early-userspace/
    # buffer-format.rst of Linux)
    numbers = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % n for n in numbers) + name
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files):
    """The archive with /dev/console and `files`, a mapping of paths without leading / to bytes.

    Every file is executable; its folders are made.
    """
    folders = {"dev"}
    for path in files:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[:n + 1]) for n in range(len(parts)))
    out, ino = [], 1
    for name in sorted(folders):
        out.append(_entry(name, stat.S_IFDIR | 0o755, ino=ino))
        ino += 1
    mode, device = CONSOLE
    out.append(_entry("dev/console", mode, device=device, ino=ino))
    for name in sorted(files):
        ino += 1
        out.append(_entry(name, stat.S_IFREG | 0o755, files[name], ino=ino))
    out.append(_entry("TRAILER!!!", 0))
    return b"".join(out)
