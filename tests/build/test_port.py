# SPDX-License-Identifier: BSD-3-Clause
"""docs/port-a-program.md: who follows it, and nothing else, has memcached."""
import socket

import pytest
import whittle
from netns import GUEST, Namespace


@pytest.fixture(scope="module")
def memcached(tmp_path_factory):
    folder = tmp_path_factory.mktemp("port")
    whittle.extract("docs/port-a-program.md", str(folder))

    def image(plat):
        return whittle.image(str(folder / "memcached"), plat, extra=("LIBS=%s" % (folder / "libs"),))
    image.root = str(folder / "memcached/root")
    return image


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_it_says_its_version(memcached, plat):
    r = whittle.run(memcached(plat), "--version")
    assert (r.status, r.out, r.err) == (0, b"memcached 1.6.18\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_it_serves(memcached, plat):
    options = ["--root", memcached.root, "--param", "netdev.ip=%s/24" % GUEST]
    with Namespace() as ns, ns.start(memcached(plat), "-u", "root", options=options) as guest:
        ns.reachable(11211, guest)
        clients = []
        for i in range(20):
            with ns.inside():
                clients.append(socket.create_connection((GUEST, 11211), timeout=20).makefile("rwb"))
        for i, f in enumerate(clients):
            f.write(b"set key%d 0 0 %d\r\n%s\r\n" % (i, 1000 * i, b"x" * 1000 * i))
            f.flush()
            assert f.readline() == b"STORED\r\n"
        for i, f in enumerate(clients):
            f.write(b"get key%d\r\n" % (19 - i))
            f.flush()
            assert f.readline() == b"VALUE key%d 0 %d\r\n" % (19 - i, 1000 * (19 - i))
            assert f.readline() == b"x" * 1000 * (19 - i) + b"\r\n" and f.readline() == b"END\r\n"
            f.close()
        guest.process.terminate()
        r = guest.end()
    assert r.status == 0, r
