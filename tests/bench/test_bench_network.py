# SPDX-License-Identifier: BSD-3-Clause
"""The network kit without an image: its namespace, its client, and the counters of a running guest."""
import os
import socket
import subprocess
import sys
import threading

import pytest

import bench
import guest
import hostrows
import netlab
import report
import tools

NEED_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
GET = b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    return tools.Kit(str(tmp_path_factory.mktemp("kit")))


def serve(answer, asked, connections):
    """A thread on 127.0.0.1 that reads requests of len(GET) bytes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(peer):
        with peer:
            pending = b""
            while True:
                data = peer.recv(65536)
                if not data:
                    return
                pending += data
                while len(pending) >= len(GET) and pending.startswith(GET[:4]):
                    asked.append(pending[:len(GET)])
                    pending = pending[len(GET):]
                    peer.sendall(answer(len(asked)))
                if pending.startswith(b"*3"):
                    pending = b""
                    peer.sendall(b"+OK\r\n")

    def accept():
        with listener:
            for _ in range(connections):
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def lockstep(kit, port, *words):
    return subprocess.run([kit.lockstep, "127.0.0.1", str(port), *map(str, words)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def test_the_client_sends_as_many_as_it_says(kit):
    asked = []
    port = serve(lambda n: b"$3\r\nVXK\r\n", asked, 3)
    done = lockstep(kit, port, 3, 5, 4, "get")
    assert done.returncode == 0 and done.stdout.startswith("requests 60 bytes 9 "), done
    assert len(asked) == 60 + 1 and set(asked) == {GET}    # and the one that shows an answer's length


def test_the_client_sees_another_answer(kit):
    port = serve(lambda n: b"$3\r\nVXK\r\n" if n < 7 else b"$3\r\nBAD\r\n", [], 1)
    done = lockstep(kit, port, 1, 10, 1, "get")
    assert done.returncode == 1 and "begins otherwise" in done.stderr


@pytest.mark.parametrize("words", [(), (1, 1, 1, "post")])
def test_the_client_refuses(kit, words):
    done = lockstep(kit, 1, *words)
    assert done.returncode == 2 and "usage:" in done.stderr


@NEED_ROOT
def test_the_namespace_goes_again():
    def names():
        return tools.call(["ip", "netns", "list"])
    with netlab.Network() as net:
        assert net.name in names()
        assert netlab.HOST in tools.call(net.inside(["ip", "addr", "show", netlab.TAP]))
    assert net.name not in names()


@NEED_ROOT
def test_counters_of_a_running_guest(kit):
    """The floor's guest has ended, so it spends nothing and answers nobody: both are said."""
    with netlab.Network() as net, netlab.Server(net, guest.Guest(kit.floor), kit.plugin) as server:
        with pytest.raises(guest.GuestError, match="pvhfloor does not answer on port 80"):
            server.wait(80, seconds=3)
        assert server.now().marks == 2      # its first instruction, and its last
        spent, said = server.spend(["echo", "done"])
        assert spent.insns == 0 and said == "done\n"
        with pytest.raises(guest.GuestError, match="failed with status 1"):
            server.spend(["false"])


@NEED_ROOT
def test_a_program_has_a_root_of_its_own(tmp_path):
    root = hostrows._root(str(tmp_path / "root"), {"etc/x.conf": b"said", "bin/program": hostrows.__file__})
    assert (tmp_path / "root/etc/x.conf").read_bytes() == b"said"
    assert os.access(root + "/bin/program", os.X_OK) and not os.access(root + "/etc/x.conf", os.X_OK)
    with open(root + "/dev/null", "wb") as null:
        assert null.write(b"gone") == 4
    hostrows._root(root, {})
    assert not os.path.exists(root + "/etc")


@NEED_ROOT
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_processes_are_compared_side_by_side(monkeypatch):
    """Only what the rows ask for is measured, and the native program beside it, in turn; the median counts."""
    serve_forever = [sys.executable, "-m", "http.server", "--bind", netlab.HOST, "80"]
    monkeypatch.setattr(hostrows, "_commands", lambda *_: dict.fromkeys(("native", "hostnet", "tap"), serve_forever))
    monkeypatch.setattr(hostrows, "TURNS", 1)
    monkeypatch.setattr(hostrows, "TIMES", 3)
    rates = iter([1000, 800, 500, 1000, 2000, 1600])        # native, hostnet; again; and again
    rows = bench.Rows((key, report.Row(key, "", "us", 1.05, "linux")) for key in ["nginx-hostnet"])
    hostrows._measure("nginx", {"": lambda inside, address, threads: next(rates)})(None, rows)
    row = rows["nginx-hostnet"]
    assert (row.linux, row.ours, row.verdict) == (1000, 1000, "met")
    assert row.samples == {"ours": [800, 1000, 1600], "linux": [1000, 500, 2000]}
