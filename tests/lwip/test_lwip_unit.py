# SPDX-License-Identifier: BSD-3-Clause
"""Upstream's own unit tests of lwIP, on our configuration and with our patches (unit/lwipopts.h says what differs)."""
import os
import re
import subprocess

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))

# Suites that are not built: what they test is not in our lwIP.
NO_SUITE = {
    "api": "posix-socket has the sockets, and apps/sockettest compares them with Linux",
    "mdns": "an application of upstream's that we do not compile",
    "mqtt": "an application of upstream's that we do not compile",
    "mem": "the heap is ours (memp.c), tested in lib/mem",
    "timers": "timers.c stands for upstream's timeouts.c",
}

# Cases that expect what our configuration or recovery.c does otherwise.
DIFFERENT = {
    "test_dhcp": "an address is not probed with ARP before it is used (DHCP_DOES_ARP_CHECK): two packets fewer, no wait at boot",
    "test_dhcp_nak": "as test_dhcp",
    "test_dhcp_relayed": "as test_dhcp",
    "test_tcp_fast_rexmit_wraparound": "recovery.c does not raise the window by duplicate acknowledgements (RFC 5681 §3.2): only what is lost goes out",
    "test_tcp_retx_add_to_sent": "after a timeout everything counts as lost and goes out as the window allows: here two small segments at once, not one",
    "test_udp_broadcast_rx_with_2_netifs": "each socket of a port gets broadcasts (SO_REUSE_RXTOALL), as on Linux",
}

# Compiled to nothing: upstream's code for them does not compile (TCP_OOSEQ_MAX_BYTES, TCP_OOSEQ_MAX_PBUFS).
EMPTY = {"test_tcp_recv_ooseq_max_bytes", "test_tcp_recv_ooseq_max_pbufs"}


def test_upstreams_tests():
    out = os.path.join(whittle.OUT, "host/lwip")
    whittle.make(os.path.join(out, "unit/unit"), "O=" + out, cwd=HERE)
    r = subprocess.run(["./unit"], cwd=os.path.join(out, "unit"), env={**os.environ, "CK_FORK": "yes", "ASAN_OPTIONS": "detect_leaks=0"},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    lines = r.stdout.decode(errors="replace")
    results = re.findall(r"^\S+?:\d+:([PFES]):[^:]*:(\w+):\d+: (.*)$", lines, re.M)
    assert len(results) > 60, lines
    failed = {name: text for how, name, text in results if how != "P"}
    assert {n: t for n, t in failed.items() if n not in DIFFERENT} == {}
    assert set(DIFFERENT) == set(failed), "these pass now: strike them off"


def test_every_suite_is_accounted_for():
    out = os.path.join(whittle.OUT, "host/lwip")
    whittle.make(os.path.join(out, "fetched"), "O=" + out, cwd=HERE)
    with open(os.path.join(HERE, "unit.c"), encoding="utf-8") as f:
        ours = set(re.findall(r"(\w+)_suite\b", f.read()))
    with open(os.path.join(out, "src/test/unit/lwip_unittests.c"), encoding="utf-8") as f:
        theirs = set(re.findall(r"^\s+(\w+)_suite,?$", f.read(), re.M))
    assert theirs - ours == {"sockets" if s == "api" else s for s in NO_SUITE}
