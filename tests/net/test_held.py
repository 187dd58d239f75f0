# SPDX-License-Identifier: BSD-3-Clause
"""A packet leaves soon, though the device is not told of each at once and its sender goes on with something else."""
import os
import socket
import subprocess
import time

import whittle
from netns import free_port

HERE = os.path.dirname(os.path.abspath(__file__))


def test_nothing_waits_for_its_sender():
    port = free_port()
    row = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    row.bind(("127.0.0.1", 0))
    row.settimeout(10)
    command = [os.path.join(whittle.ROOT, "support/run"), whittle.image(os.path.join(HERE, "held"), "kvm"),
               "--publish", "%d:80" % port, "--timeout", "60", "--", str(row.getsockname()[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as p:
        assert p.stdout.readline() == b"up\n"
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.settimeout(10)
            for what in (b"x", b"x", b"c", b"x", b"s", b"c"):
                start = time.monotonic()
                s.sendall(what)
                assert s.recv(1) == what
                took = time.monotonic() - start
                assert took < 0.6, (what, took)
                time.sleep(1.1 if what != b"x" else 0)
            for _ in range(3):
                start = time.monotonic()
                s.sendall(b"r")
                for i in range(21):
                    assert row.recv(10) == b"row"
                    assert time.monotonic() - start < 0.6, i
                assert s.recv(1) == b"r"
                time.sleep(1.1)
        assert p.wait(10) == 0
