# SPDX-License-Identifier: BSD-3-Clause
"""The same program on Linux and in the image: every answer of every call must be the same.

Each program prints a transcript (say.h); a topic is a part of it.
"""
import difflib
import glob
import os
import shutil
import subprocess

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
TOPICS = [("waiting", topic) for topic in ["epoll", "pipes", "counters", "copy", "splice"]]
TOPICS += [("sockets", topic) for topic in ["stream", "packet", "control", "names"]]


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """Builds a program for this machine, once."""
    built = {}

    def get(name):
        if not shutil.which("gcc"):
            pytest.skip("no compiler for this machine")
        if name not in built:
            path = tmp_path_factory.mktemp(name) / name
            subprocess.run(["gcc", "-w", "-D_GNU_SOURCE", "-pthread", "-o", path, *glob.glob(f"{HERE}/{name}/*.c")], check=True)
            built[name] = str(path)
        return built[name]
    return get


def native_transcript(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60,
                          check=True).stdout.decode(errors="replace")


def transcript_of(image, *args, memory=()):
    ours = whittle.run(image, *args, options=memory)
    assert ours.status == 0, ours
    return ours.out.decode(errors="replace").replace("\r\n", "\n")


def same(linux, ours, where):
    assert ours == linux, "\n".join(difflib.unified_diff(
        linux.splitlines(), ours.splitlines(), "Linux", where, n=3, lineterm=""))


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("name,topic", TOPICS, ids=["-".join(t) for t in TOPICS])
def test_same_as_linux(native, plat, name, topic):
    image = whittle.image(os.path.join(HERE, name), plat, out=os.path.join(whittle.OUT, "test-differ"))
    linux = native_transcript(native(name), topic)
    same(linux, transcript_of(image, topic, memory=["--memory", "64M"] if plat == "kvm" else []), plat)


@pytest.mark.parametrize("configs", ["hostnet", "hostnet prio"])
def test_hosts_sockets(native, configs):
    image = whittle.image(os.path.join(HERE, "internet"), "linuxu", configs=configs)
    same(native_transcript(native("internet")), transcript_of(image), "hostnet")


def test_hosts_sockets_are_a_choice():
    """Without the host's sockets, and without a network stack, there is no internet."""
    image = whittle.image(os.path.join(HERE, "internet"), "linuxu", configs="hostnet")
    r = whittle.run(image, options=["--param", "hostnet.enable=n"])
    assert b"socket(AF_INET, SOCK_STREAM, 0) -> EAFNOSUPPORT" in r.out, r
