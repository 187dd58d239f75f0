# SPDX-License-Identifier: BSD-3-Clause
"""A server as a guest of Xen: netfront beside Linux's netback, reached through a published port of this machine."""
import contextlib
import hashlib
import http.client
import os
import random
import subprocess
import threading
import time

import pytest

import whittle
from netns import free_port

LIMIT = 300
SIZES = [0, 1, 1447, 1448, 4089, 4096, 10000, 65536, 300000, 3000000]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Contents by name, and the folder that has them in /www."""
    root = tmp_path_factory.mktemp("root")
    (root / "www").mkdir()
    contents = {"%d" % n: random.Random(n).randbytes(n) for n in SIZES}
    for name, data in contents.items():
        (root / "www" / name).write_bytes(data)
    return contents, str(root)


@contextlib.contextmanager
def server(kind, root):
    port = free_port()
    image = whittle.image("httpd", "xen", configs="xen")
    p = subprocess.Popen([os.path.join(whittle.ROOT, "support/run"), image, "--xen-type", kind, "--publish",
                          "%d:80" % port, "--root", root, "--timeout", str(LIMIT)],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + LIMIT
        while True:
            try:
                get(port, "1")
                break
            except OSError:
                assert p.poll() is None and time.monotonic() < end, p.communicate()
                time.sleep(0.3)
        yield port
        assert p.poll() is None, p.communicate()
    finally:
        p.terminate()
        try:
            p.wait(60)
        finally:
            p.kill()
            p.communicate()


def get(port, name, timeout=60):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(c):
        c.request("GET", "/" + name)
        return c.getresponse().read()


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_files(kind, files):
    """Segments of any length, from any place in a page; then several clients at once."""
    contents, root = files
    with server(kind, root) as port:
        for name, data in contents.items():
            assert get(port, name) == data, name
        wrong = []

        def client(seed):
            rng = random.Random(seed)
            for _ in range(15):
                name = str(rng.choice(SIZES[:-1]))
                got = get(port, name)
                if got != contents[name]:
                    wrong.append((name, len(got), hashlib.md5(got).hexdigest()))

        clients = [threading.Thread(target=client, args=(seed,)) for seed in range(6)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        assert not wrong
