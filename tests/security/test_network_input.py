# SPDX-License-Identifier: BSD-3-Clause
"""Rows 21 and 22: a network and a virtio device that libFuzzer is, against our code on the build machine with ASan. (With a
whole image: tests/virtio/test_hostile.py.)"""
import os
import shutil

import pytest

import security
import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = [(21, "malformed Ethernet, ARP, IP, ICMP, UDP, TCP, DHCP", "../lwip", "host/lwip"),
        (22, "what a device writes to rings and buffers", "../host/virtio", "host/virtio")]


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
@pytest.mark.parametrize("row,what,folder,out", ROWS, ids=["packets", "device"])
def test_whatever_comes(row, what, folder, out):
    whittle.make("fuzz", "TIME=20", "O=" + os.path.join(whittle.OUT, out), cwd=os.path.join(HERE, folder))
    security.record(row, what, "build machine", "dropped: nothing out of bounds, no leak", "-")
