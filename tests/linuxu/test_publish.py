# SPDX-License-Identifier: BSD-3-Clause
"""Published ports with the host's sockets: what a program binds, and where the host listens then."""
import os
import socket
import time
import urllib.request

import pytest

import whittle
from netns import Guest, free_port

RUN = os.path.join(whittle.ROOT, "support/run")


def connected(family, host, port, guest, timeout=20):
    end = time.monotonic() + timeout
    while True:
        s = socket.socket(family)
        try:
            s.connect((host, port))
            return s
        except OSError:
            s.close()
            assert time.monotonic() < end and guest.process.poll() is None, guest.end(1)
            time.sleep(0.05)


def test_socket_of_both_families(tmp_path):
    """httpd has one socket of IPv6 that takes IPv4 too: it listens at the IPv4 address that was chosen, and nowhere else."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.html").write_text("it works")
    port = free_port()
    with Guest([RUN, whittle.image("httpd", "linuxu"), "--root", str(tmp_path), "--publish", "%d:80" % port]) as guest:
        connected(socket.AF_INET, "127.0.0.1", port, guest).close()
        assert urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=20).read() == b"it works"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("::1", port), timeout=5)


def test_socket_of_each_family():
    """redis has one of each; the other family's is this machine as well."""
    port = free_port()
    with Guest([RUN, whittle.image("redis", "linuxu"), "--publish", "%d:6379" % port, "--", "--save", ""]) as guest:
        for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
            with connected(family, host, port, guest) as s:
                s.sendall(b"PING\r\n")
                assert s.recv(100) == b"+PONG\r\n"


@pytest.mark.parametrize("word", ["80", "tcp:127.0.0.1:8080", "sctp:127.0.0.1:8080:80", "tcp:127.0.0.256:8080:80",
                                  "tcp:127.0.0.1:0:80", "tcp:127.0.0.1:8080:65536", "tcp:127.0.0.1:8080:80:1", "tcp:127.0.1:8080:80"])
def test_wrong_words(word):
    r = whittle.run(whittle.image("redis", "linuxu"), options=["--param", "hostnet.publish=[ tcp:127.0.0.1:1:1 %s ]" % word])
    assert r.status == 1 and b"hostnet.publish: `%s` is not tcp:ADDRESS:PORT:PORT" % word.encode() in r.err, r
