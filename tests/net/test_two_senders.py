# SPDX-License-Identifier: BSD-3-Clause
"""Two CPUs send at once, and one of them may do the device's work for both: every packet leaves, once, in the order in which its
socket sent it, and none stays until another follows."""
import os
import socket
import struct

import pytest

import whittle
from netns import GUEST, HOST, Namespace

HERE = os.path.dirname(os.path.abspath(__file__))
ROW, QUESTIONS = 5000, 1000


@pytest.mark.not_smp("with a number of CPUs of its own")
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_two_send_at_once(plat):
    img = whittle.image(os.path.join(HERE, "senders"), plat)
    with Namespace() as ns:
        s = ns.hears_datagrams(9)
        s.settimeout(60)
        with ns.start(img, HOST, str(ROW), str(QUESTIONS), options=[
                "--param", "netdev.ip=%s/24" % GUEST, *(["--smp", "2"] if plat == "kvm" else ["--param", "smp.cpus=2"])]) as guest:
            seen = [0, 0]
            while sum(seen) < 2 * (1 + ROW + QUESTIONS):
                data, source = s.recvfrom(100)
                sender, number = struct.unpack("=II", data)
                assert number == seen[sender], (sender, number, seen)
                seen[sender] += 1
                if number == 0 or number > ROW:
                    s.sendto(data, source)
            r = guest.end(60)
        assert r.status == 0 and r.out == b"answered\n", r
