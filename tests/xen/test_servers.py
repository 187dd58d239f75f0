# SPDX-License-Identifier: BSD-3-Clause
"""nginx and Redis as guests of Xen, asked by clients in dom0; one session for all. (tests/nginx and tests/redis have the rest.)"""
import hashlib
import os
import random
import shutil

import pytest

import whittle
from domains import domains

KINDS = ["pv", "pvh"]
ADDRESS = "10.0.5.%d"
BIG = random.Random(5).randbytes(3 << 20)
TEXT = b"".join(b"line %d of a text that gzip makes smaller\n" % i for i in range(3000))


@pytest.fixture(scope="module")
def xl():
    with domains(192 << 20) as d:
        d.run("ip addr add %s/24 dev xenbr0" % (ADDRESS % 1))
        yield d


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """nginx's own example, with two more files, as an archive."""
    from runner import cpio
    root = tmp_path_factory.mktemp("site") / "root"
    shutil.copytree(os.path.join(whittle.ROOT, "apps/nginx/root"), root)
    (root / "www/big.bin").write_bytes(BIG)
    (root / "www/text.txt").write_bytes(TEXT)
    archive = root.parent / "initrd"
    with open(archive, "wb", buffering=0) as f:
        cpio.pack(str(root), f)
    return str(archive)


def end(xl, g):
    """The application ends when it is asked to, and nothing was wrong meanwhile."""
    xl.run("xl shutdown -w " + g)
    said = xl.said(g)
    assert "CRASH" not in said and "protocol" not in said and "mapped" not in said, said


@pytest.mark.parametrize("kind", KINDS)
def test_nginx(xl, site, kind):
    address = ADDRESS % (20 + KINDS.index(kind))
    g = xl.create(kind, xl.image("nginx"), "netdev.ip=%s/24" % address, memory=64 << 20,
                  initrd=site, net=True)
    url = "http://%s/" % address
    get = "wget -q -O - %s" % url
    xl.wait(lambda: "no answer; %r" % xl.said(g), lambda: "<html" in xl.run("%s 2>/dev/null; true" % get))
    assert xl.run(get + "big.bin | md5sum").split()[0] == hashlib.md5(BIG).hexdigest()
    assert xl.run(get + "text.txt | md5sum").split()[0] == hashlib.md5(TEXT).hexdigest()
    assert "404" in xl.run("wget -O - %snothing 2>&1; true" % url)
    # Several at once, each more than a window.
    every = xl.run("for i in 1 2 3 4; do %sbig.bin >/big.$i & done; wait; md5sum /big.*; rm /big.*" % get)
    assert every.count(hashlib.md5(BIG).hexdigest()) == 4, every
    packed = "printf 'GET /text.txt HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nAccept-Encoding: gzip\\r\\n\\r\\n' | nc %s 80"
    assert int(xl.run(packed % address + " | wc -c")) < len(TEXT) // 4
    end(xl, g)


@pytest.mark.parametrize("kind", KINDS)
def test_redis(xl, kind):
    address = ADDRESS % (30 + KINDS.index(kind))
    g = xl.create(kind, xl.image("redis"),
                  "netdev.ip=%s/24 -- --protected-mode no --save \"\"" % address, memory=64 << 20, net=True)

    def say(*commands):
        text = "".join("%s\\r\\n" % c for c in commands)
        return xl.run("printf '%s' | nc %s 6379 2>/dev/null; true" % (text, address)).split("\r\n")[:-1]

    xl.wait(lambda: "no answer; %r" % xl.said(g), lambda: say("PING", "QUIT") == ["+PONG", "+OK"])
    assert say("SET a 41", "INCR a", "GET a", "QUIT") == ["+OK", ":42", "$2", "42", "+OK"]
    assert say("RPUSH l x y z", "LLEN l", "LINDEX l -1", "QUIT") == [":3", ":3", "$1", "z", "+OK"]
    assert say('EVAL "local s = 0; for i = 1, 1000 do s = s + i end; return s" 0', "QUIT") == [":500500", "+OK"]
    assert say("EVAL \"return redis.call('set', 'big', string.rep('x', 200000))\" 0".replace("'", "'\\''"), "STRLEN big",
               "QUIT") == ["+OK", ":200000", "+OK"]
    # Its client's end of input is the end of the connection for Redis: what is on its way then has to fit into one write.
    size = xl.run("printf 'GETRANGE big 0 49999\\r\\nQUIT\\r\\n' | nc %s 6379 | wc -c" % address)
    assert int(size) == len("$50000\r\n") + 50000 + len("\r\n+OK\r\n")
    # Commands whose answers wait for one another.
    many = xl.run("(for i in $(seq 2000); do printf 'INCR n\\r\\n'; done; printf 'QUIT\\r\\n') | nc %s 6379 | tail -n 2" % address)
    assert many.split("\r\n")[:2] == [":2000", "+OK"], many
    end(xl, g)
