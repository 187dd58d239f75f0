# SPDX-License-Identifier: BSD-3-Clause
"""PCI on each machine that QEMU has: what is found, and that everything has an address of its own."""
import os
import re

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
NET = "-netdev user,id=n%d -device virtio-net-pci,netdev=n%d"


def devices(machine, qemu_args="", app="devices"):
    r = whittle.run(whittle.image(os.path.join(HERE, app), "kvm"),
                    options=["--net", "none", "--machine", machine, "--qemu-args=" + qemu_args])
    assert r.status == 0 and not r.err, r
    found, bars = [], []
    for line in r.out.decode().splitlines():
        m = re.match(r"pci (\S+) (\S+) class (\S+) driver (\S+)$", line)
        if m:
            found.append(m.groups())
        m = re.match(r"  bar (\d) mem (\S+) \+(\S+)$", line)
        if m and not (found[-1][2].startswith("0604") and m.group(1) == "5"):  # a window, which holds others
            bars.append((int(m.group(2), 0), int(m.group(3), 0)))
    return found, bars


def check(bars):
    for start, size in bars:
        assert start and start % size == 0, bars
    bars = sorted(bars)
    for (start, size), (after, _) in zip(bars, bars[1:]):
        assert start + size <= after, bars


@pytest.mark.parametrize("machine", ["q35", "pc", "microvm,pcie=on", "microvm,acpi=on,pcie=on,ioapic2=off"])
def test_each_machine(machine):
    found, bars = devices(machine, NET % (1, 1) + " -device virtio-rng-pci")
    ids = [f[1] for f in found]
    assert "1af4:1000" in ids and "1af4:1005" in ids, found
    check(bars)


def test_bus_numbers_that_nobody_has_given():
    """microvm's firmware leaves bridges alone: a root port, and behind another one a bridge."""
    found, bars = devices("microvm,pcie=on", "-device pcie-root-port,id=r,slot=1 -netdev user,id=n "
                          "-device virtio-net-pci,netdev=n,bus=r -device pcie-root-port,id=r2,slot=2 "
                          "-device pcie-pci-bridge,id=b,bus=r2 -device virtio-rng-pci,bus=b,addr=3")
    assert [(f[0], f[1]) for f in found if f[1].startswith("1af4")] == [("01:00.0", "1af4:1041"), ("03:03.0", "1af4:1005")]
    check(bars)


def test_bus_numbers_that_firmware_has_given():
    found, bars = devices("q35", "-device pcie-root-port,id=r,slot=1 -netdev user,id=n "
                          "-device virtio-net-pci,netdev=n,bus=r")
    assert "1af4:1041" in [f[1] for f in found]
    check(bars)


@pytest.mark.parametrize("machine", ["q35", "microvm,pcie=on"])
def test_many_devices(machine):
    found, bars = devices(machine, " ".join("-device virtio-rng-pci" for _ in range(24)))
    assert sum(f[1] == "1af4:1005" for f in found) == 24
    check(bars)


@pytest.mark.parametrize("machine", ["q35", "microvm,pcie=on"])
def test_64_bit_addresses(machine):
    """A BAR of 2 GiB, which fits nowhere below 4 GiB: it gets an address above, or none, and nobody is harmed."""
    r = whittle.run(whittle.image(os.path.join(HERE, "devices"), "kvm"), options=[
        "--net", "none", "--machine", machine, "--qemu-args=-object memory-backend-ram,size=2G,share=on,id=m "
        "-device ivshmem-plain,memdev=m -device virtio-rng-pci"])
    assert r.status == 0, r
    big = re.search(rb"1af4:1110.*\n(?:  bar.*\n)*?  bar 2 mem (\S+) \+0x80000000", r.out)
    assert big and (int(big.group(1), 0) >= 1 << 32 or b"no address left" in r.err), r


def test_no_bus():
    """microvm without PCI, and a process."""
    assert devices("microvm") == ([], [])
    r = whittle.run(whittle.image(os.path.join(HERE, "devices"), "linuxu"))
    assert (r.status, r.out, r.err) == (0, b"", b""), r
