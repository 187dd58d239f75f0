# SPDX-License-Identifier: BSD-3-Clause
"""Crash reports: `image+0x1234` becomes a function, file and line, by the .dbg file."""
import os
import re

from . import process

ADDRESS = re.compile(rb"image\+(0x[0-9a-f]+)")


def symbolise(text, debug_file):
    """The report with what is known of each address of the image at the end of its line."""
    addresses = [int(a, 16) for a in ADDRESS.findall(text)]
    names = lookup(addresses, debug_file) if addresses else {}

    def name(line):
        m = ADDRESS.search(line)
        found = names.get(int(m.group(1), 16)) if m else None
        return line + b"  " + found if found else line
    return b"\n".join(name(line) for line in text.split(b"\n"))


def lookup(addresses, debug_file):
    """{address: b"function (file:line)"}; inlined calls are joined with <-."""
    tool = process.find_program("addr2line")
    if tool is None or not os.path.exists(debug_file):
        return {}
    # The first address is where it happened, the others are where calls return to: a byte earlier
    # is inside the call.
    asked = {a: a if i == 0 else a - 1 for i, a in reversed(list(enumerate(addresses)))}
    out = output_of([tool, "-e", debug_file, "-f", "-i", "-a"] +
                    ["%#x" % a for a in asked.values()])
    by_asked, frames = {}, None
    for line in out.split(b"\n"):
        if line.startswith(b"0x"):
            frames = by_asked.setdefault(int(line, 16), [])
        elif frames is not None and line:
            frames.append(line)
    names = {}
    for address, key in asked.items():
        lines = by_asked.get(key, [])
        pairs = [(f, tail(at)) for f, at in zip(lines[::2], lines[1::2]) if f != b"??"]
        if pairs:
            names[address] = b" <- ".join(b"%s (%s)" % p for p in pairs)
    return names


def tail(place):
    """`path/to/file.c:12 (discriminator 3)` as it helps a reader."""
    place = place.split(b" (")[0]
    return place[2:] if place.startswith(b"./") else place


def output_of(argv):
    r, w = os.pipe()
    os.set_inheritable(w, True)
    pid = os.posix_spawn(argv[0], argv, os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, w, 1),
                                       (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    os.close(w)
    out = b""
    while True:
        piece = os.read(r, 65536)
        if not piece:
            break
        out += piece
    os.close(r)
    os.waitpid(pid, 0)
    return out


def show(text, image):
    """Write a report to stderr, with names; without the .dbg file say why there are none."""
    out = symbolise(text, image.debug_file)
    if not os.path.exists(image.debug_file):
        missing = os.fsencode(image.debug_file)
        out = out.rstrip(b"\n") + b"\n  (no names: %s is not there)\n" % missing
    while out:
        out = out[os.write(2, out):]
