# SPDX-License-Identifier: BSD-3-Clause
"""Servers on machines of every size from too small on: each serves, or ends with a line that says why; none hangs or crashes.

And where single allocations fail while requests are served. `slow`: in small steps.
"""
import contextlib
import os
import re
import socket
import time

import pytest

import whittle
from netns import GUEST, Namespace

# Sizes in KiB: the smallest is too small for the image, the largest enough for everything.
FEW = [1200, 1600, 2272, 2600, 3200, 4048, 4600, 6000, 10000, 66000]
MANY = list(range(1104, 4200, 56)) + list(range(4200, 12000, 400)) + [16384, 65536, 70000, 262144]
PORT = {"httpd": 80, "nginx": 80, "redis": 6379}
ARGS = {"redis": ["--protected-mode", "no", "--save", ""]}


def root_of(app, folder):
    own = os.path.join(whittle.ROOT, "apps", app, "root")
    if os.path.isdir(own):
        return own
    (folder / "www").mkdir(exist_ok=True)
    (folder / "www/index.html").write_bytes(b"a page")
    return str(folder)


def asks(app, s):
    """One request on this connection, answered."""
    if app == "redis":
        s.sendall(b"PING\r\n")
        return s.recv(100) == b"+PONG\r\n"
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    got = b""
    while more := s.recv(65536):
        got += more
    return got.startswith(b"HTTP/1.1 200")


def outcome(app, plat, kib, root, options=(), requests=3, configs=""):
    """"serves", or the error output of an image that ended by itself."""
    img = whittle.image(app, plat, configs)
    with Namespace() as ns, ns.start(img, *ARGS.get(app, []), options=["--root", root, "--memory", "%dK" % kib, "--param",
                                                   "netdev.ip=%s/24" % GUEST, *options]) as guest:
        end, served = time.monotonic() + 30, 0
        while served < requests and guest.process.poll() is None:
            if time.monotonic() > end:
                guest.process.terminate()
                # What redis does when memory is out takes memory: it calls itself, and says so each time, until its stack is full.
                assert b"Out Of Memory allocating" in guest.end().out, "%s with %d KiB on %s neither serves nor ends" % (app, kib, plat)
                return "says that memory is out"
            with ns.inside():
                s = socket.socket()
            s.settimeout(5)
            with contextlib.suppress(OSError), s:
                s.connect((GUEST, PORT[app]))
                served += asks(app, s)
            time.sleep(0.01)
        if guest.process.poll() is None:
            return "serves"
        r = guest.end()
        assert r.status and r.status != -11, r
        assert b"crash" not in r.err and b"panic" not in r.err, r
        said = (r.err + r.out).decode(errors="replace").strip()
        assert said, "%s with %d KiB on %s ends without a word: %r" % (app, kib, plat, r)
        return said


def sweep(app, plat, sizes, root):
    results = [outcome(app, plat, kib, root) for kib in sizes]
    print("\n".join("%s %s %7d KiB: %s" % (app, plat, k, r.splitlines()[-1]) for k, r in zip(sizes, results)))
    assert results[-1] == "serves"
    first = results.index("serves")
    assert all(r == "serves" for r in results[first:]), "more memory, and it does not serve"


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("app", sorted(PORT))
def test_memory(app, plat, tmp_path):
    sweep(app, plat, FEW, root_of(app, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("app", sorted(PORT))
def test_memory_in_small_steps(app, plat, tmp_path):
    sweep(app, plat, MANY, root_of(app, tmp_path))


# ---- single allocations fail ----

def under_faults(app, plat, root, options):
    """Requests while allocations fail. Some are not answered; the image goes on, or ends with a word."""
    img = whittle.image(app, plat, "fault")
    with Namespace() as ns, ns.start(img, *ARGS.get(app, []), options=["--root", root, "--memory", "32M", "--param",
                                                                       "netdev.ip=%s/24" % GUEST, *options]) as guest:
        end, served, tried = time.monotonic() + 20, 0, 0
        while tried < 60 and served < 20 and guest.process.poll() is None and time.monotonic() < end:
            with ns.inside():
                s = socket.socket()
            s.settimeout(2)
            tried += 1
            with contextlib.suppress(OSError), s:
                s.connect((GUEST, PORT[app]))
                served += asks(app, s)
            time.sleep(0.002)
        guest.process.terminate()
        r = guest.end()
        assert b"crash" not in r.err and b"panic" not in r.err and r.status != -11, r
        return served, r.err


@pytest.mark.parametrize("app", ["httpd"])
def test_allocations_fail(app, tmp_path):
    """From somewhere in the requests on, a few in a row, and then it serves again."""
    root = root_of(app, tmp_path)
    served, err = under_faults(app, "linuxu", root, ["--param", "fault.count=y"])
    points = int(re.search(rb"(\d+) allocations", err).group(1))
    assert served == 20
    results = []
    for back in (1, 3, 8, 20, 45, 80):
        for times in (1, 20):
            if points - back > 0:
                served, err = under_faults(app, "linuxu", root, ["--param", "fault.nth=%d" % (points - back), "--param",
                                                                 "fault.times=%d" % times])
                results.append((back, times, served))
    print(app, points, results)
    assert all(served >= 15 for _, _, served in results), results
