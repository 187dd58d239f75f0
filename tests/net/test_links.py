# SPDX-License-Identifier: BSD-3-Clause
"""AF_NETLINK: getifaddrs() and if_nameindex() tell what ioctl tells, and requests are answered as Linux answers who may change nothing."""
import errno
import os
import subprocess

import pytest

import whittle
from netns import GUEST, Namespace

LINKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "links")
NOBODY = 65534


def as_nobody():
    if not os.geteuid():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@pytest.fixture(scope="module")
def linux(tmp_path_factory):
    program = tmp_path_factory.mktemp("links") / "links"
    headers = os.path.join(whittle.ROOT, "lib/posix/posix-socket/include")
    subprocess.run(["gcc", "-w", "-I", headers, "-o", str(program), os.path.join(LINKS, "main.c")], check=True, timeout=60)
    with open(program, "rb") as f:  # others may not enter its folder
        return subprocess.run(["/proc/self/fd/%d" % f.fileno(), "requests"], pass_fds=[f.fileno()], preexec_fn=as_nobody,
                              stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode().splitlines()


@pytest.mark.parametrize("plat,configs", [("kvm", ""), ("linuxu", ""), ("linuxu", "smp")])
def test_requests_as_on_linux(linux, plat, configs):
    got = whittle.run(whittle.image(LINKS, plat, configs), "requests", options=["--net", "none"]).out.decode().splitlines()
    assert got == linux and got[-1] == "end"


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_interfaces(plat):
    """Of an image with an address of each kind; a difference from ioctl would be one more line."""
    with Namespace() as ns, ns.start(whittle.image(LINKS, plat), options=[
            "--param", "netdev.ip=%s/24" % GUEST, "--param", "netdev.ip6=fd00::2/64"]) as guest:
        r = guest.end(60)
    assert r.status == 0, r
    lines = r.out.decode().splitlines()
    assert lines[:4] == ["1 lo", "2 eth0", "lo link 1 flags 10049 bytes 6", "eth0 link 2 flags 11043 bytes 6"], r
    assert lines[4:6] == ["lo address 127.0.0.1 mask 255.0.0.0 broadcast 127.0.0.1",
                          "eth0 address %s mask 255.255.255.0 broadcast 10.99.0.255" % GUEST], r
    assert lines[6] == "lo address ::1 mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff broadcast none", r
    six = sorted(lines[7:])
    assert six[0] == "eth0 address fd00::2 mask ffff:ffff:ffff:ffff:: broadcast none", r
    assert six[1].startswith("eth0 address fe80::") and len(six) == 2, r


def test_hostnet_is_without():
    """With the host's sockets its interfaces are not told, and its AF_NETLINK is not opened."""
    r = whittle.run(whittle.image(LINKS, "linuxu", "hostnet"))
    assert r.status == 1 and r.out == b"no AF_NETLINK: errno %d\n" % errno.EAFNOSUPPORT, r
