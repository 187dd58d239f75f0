# SPDX-License-Identifier: BSD-3-Clause
"""virtio-console and virtio-rng, over each transport."""
import os
import re
import socket
import subprocess

import pytest

import whittle
import wire

TRANSPORTS = {
    "q35": ["--machine", "q35", "--qemu-args=-device virtio-%s-pci%s "],
    "line": ["--machine", "q35", "--qemu-args=-device virtio-%s-pci,vectors=0%s "],
    "mmio": ["--machine", "microvm", "--qemu-args=-global virtio-mmio.force-legacy=off -device virtio-%s-device%s "],
}


def options(transport, device, props, more):
    o = list(TRANSPORTS[transport])
    o[-1] = o[-1] % (device, props) + more
    return o


@pytest.fixture(scope="module")
def img():
    return whittle.image(os.path.join(wire.HERE, "lines"), "kvm")


class Port:
    """The image with a port of the console on a socket; `f` is our end."""

    def __init__(self, img, transport, props, kind):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(30)
        more = "-chardev socket,id=c,host=127.0.0.1,port=%d -device %s,chardev=c" % (listener.getsockname()[1], kind)
        self.process = subprocess.Popen(
            [os.path.join(whittle.ROOT, "support/run"), img, "--param", "console.tty=0",
             *options(transport, "serial", props, more)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=whittle.ROOT)
        self.sock, _ = listener.accept()
        self.sock.settimeout(20)
        self.f = self.sock.makefile("rw", newline="\n")

    def say(self, text):
        self.f.write(text)
        self.f.flush()

    def end(self, words=b""):
        out, err = self.process.communicate(timeout=30)
        assert (self.process.returncode, out, err) == (3, b"", words + b"goodbye\n")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("props", ["", ",packed=on"], ids=["split", "packed"])
@pytest.mark.parametrize("kind", ["virtconsole", "virtserialport"])
@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_console(img, transport, kind, props):
    with Port(img, transport, props, kind) as p:
        assert re.match(r"[0-9a-f]{32}\n$", p.f.readline())
        for i in range(100):
            p.say("number %d\n" % i)
            assert p.f.readline() == ("number %d" % i)[::-1] + "\n"
        p.say("much\n")
        for i in range(1000):
            assert p.f.readline() == "line %d of 1000, to fill more than a buffer\n" % i
        assert p.f.readline() == "hcum\n"
        p.say("".join("burst %d\n" % i for i in range(500)))
        for i in range(500):
            assert p.f.readline() == ("burst %d" % i)[::-1] + "\n"
        p.say("end\n")
        p.end()


@pytest.mark.parametrize("props", ["", ",packed=on"], ids=["split", "packed"])
@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_end_of_input(img, transport, props):
    """The other side closes, while the program reads, or before: it sees the end, behind all that came before."""
    with Port(img, transport, props, "virtserialport") as p:
        p.f.readline()
        p.say("one\n")
        assert p.f.readline() == "eno\n"
        p.sock.shutdown(socket.SHUT_RDWR)
        p.end(b"end after one\n")
    with Port(img, transport, props, "virtserialport") as p:
        p.say("sleep\n")
        assert len(p.f.readline()) == 33 and p.f.readline() == "asleep\n"
        p.say("last words\n")
        p.sock.shutdown(socket.SHUT_WR)
        p.end(b"end after last words\n")


def test_device_without_ports(img):
    """Said; the serial port, then."""
    r = whittle.run(img, options=options("q35", "serial", "", ""), stdin=b"abc\nend\n")
    assert r.status == 3 and r.out.endswith(b"cba\n") and b"none of its first 2 ports" in r.err, r


def test_device_with_one_port(img):
    """It sends no messages about ports."""
    with Port(img, "q35", ",max_ports=1", "virtconsole") as p:
        p.f.readline()
        p.say("one\n")
        assert p.f.readline() == "eno\n"
        p.say("end\n")
        p.end()


@pytest.mark.parametrize("props", ["", ",packed=on"], ids=["split", "packed"])
@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_randomness_of_the_host(img, transport, props):
    """A CPU without: the device's counts, also where randomness is required; and without it, it does not."""
    seen = set()
    for _ in range(3):
        r = whittle.run(img, options=["--cpu", "qemu64,-rdrand,-rdseed", "--param", "random.require=y",
                                      *options(transport, "rng", props, "")], stdin=b"end\n")
        assert r.status == 3 and b"randomness" not in r.err, r
        seen.add(r.out.split()[0])
    assert len(seen) == 3
    r = whittle.run(img, options=["--cpu", "qemu64,-rdrand,-rdseed", "--param", "random.require=y"], stdin=b"end\n")
    assert r.status == 1 and b"random.require" in r.err, r


def test_no_device(img):
    """The serial port, then."""
    for plat in whittle.PLATFORMS:
        r = whittle.run(whittle.image(os.path.join(wire.HERE, "lines"), plat), stdin=b"abc\nend\n")
        assert r.status == 3 and r.out.endswith(b"cba\n") and r.err == b"goodbye\n", r


def test_version_1(img):
    """QEMU's default of virtio-mmio is the interface of before virtio 1.0."""
    r = whittle.run(img, options=["--qemu-args=-device virtio-rng-device"], stdin=b"end\n")
    assert r.status == 3 and b"has version 1 of the interface" in r.err and b"force-legacy=off" in r.err, r


@pytest.mark.parametrize("value", ["", "512@0xfeb00000", "0x100@0xfeb00000:5", "512@x:5", "512@0xfeb00000:99999"])
def test_device_on_the_command_line(img, value):
    """As Linux writes it; what is wrong is said."""
    r = whittle.run(img, options=["--param", "virtio_mmio.device=" + value], stdin=b"end\n")
    assert r.status == 1 and b"virtio_mmio.device" in r.err and b"SIZE@ADDRESS:LINE" in r.err, r
