# SPDX-License-Identifier: BSD-3-Clause
"""--net, --publish and --pcap: wrong usage, and the QEMU command that comes of them. (tests/net sends packets.)"""
import re
import socket

import pytest

from supportrun import run


@pytest.fixture(scope="module")
def net_guest(guest, tmp_path_factory):
    """A guest in which support/run finds a driver."""
    path = tmp_path_factory.mktemp("net") / "guest"
    path.write_bytes(open(guest, "rb").read() + b"\0virtio-net\0")
    return str(path)


@pytest.fixture(scope="module")
def net_process(tmp_path_factory):
    """A static program that looks like a linuxu image with the TAP driver."""
    d = tmp_path_factory.mktemp("process")
    (d / "p.c").write_text("void _start(void) { __asm__ volatile(\"syscall\" :: \"a\"(231), \"D\"(0)); }")
    import subprocess
    subprocess.run(["gcc", "-static-pie", "-nostdlib", "-o", d / "p", d / "p.c"], check=True)
    with open(d / "p", "ab") as f:
        f.write(b"TAP interface of the host that is our network device")
    return str(d / "p")


@pytest.fixture(scope="module")
def host_process(net_process, tmp_path_factory):
    """The same with the host's sockets as well."""
    path = tmp_path_factory.mktemp("host") / "p"
    path.write_bytes(open(net_process, "rb").read() + b"AF_INET sockets are the host's")
    path.chmod(0o755)
    return str(path)


WRONG = [
    ("{net}", ["--net", "slirp"], "--net slirp: user, tap:INTERFACE or none"),
    ("{net}", ["--net", "user:x"], "user, tap:INTERFACE or none"),
    ("{net}", ["--net", "tap"], "user, tap:INTERFACE or none"),
    ("{net}", ["--net", "tap:"], "user, tap:INTERFACE or none"),
    ("{net}", ["--net", "tap:whittle-none"], "no such interface; make it: sudo ip tuntap add"),
    ("{net}", ["--net", "tap:lo"], "not a TAP interface"),
    ("{net}", ["--net", "tap:../lo"], "no such interface"),
    ("{net}", ["--publish", "http"], "not HOST:PORT; examples: 8080:80"),
    ("{net}", ["--publish", "80:"], "not HOST:PORT"),
    ("{net}", ["--publish", "0:80"], "not HOST:PORT"),
    ("{net}", ["--publish", "8080:65536"], "not HOST:PORT"),
    ("{net}", ["--publish", "8080:80/sctp"], "not HOST:PORT"),
    ("{net}", ["--publish", "8080:80,8080:81"], "port 8080 is given twice"),
    ("{net}", ["--publish", "192.0.2.1:8080:80"], "192.0.2.1 is no address of this machine"),
    ("{net}", ["--publish", "here.invalid:8080:80"], "here.invalid is no IPv4 address of this machine"),
    ("{net}", ["--publish", "8080:80:90:100"], "8080:80 is no IPv4 address of this machine"),
    ("{net}", ["--publish", "[::1]:8080:80"], "[::1] is no IPv4 address of this machine"),
    ("{net}", ["--net", "none", "--publish", "8080:80"], "with --net none there is no network"),
    ("{net}", ["--net", "tap:lo", "--publish", "8080:80"], "the image has an address of its own"),
    ("{net}", ["--net", "none", "--pcap", "f"], "no packets with --net none"),
    ("{net}", ["--pcap", "/nonexistent/f", "--publish", "8080+:80"], "--pcap /nonexistent/f: No such file"),
    ("{img}", ["--net", "user"], "has no driver of a network device: choose virtio-net in menuconfig"),
    ("{img}", ["--publish", "8080:80"], "has no driver of a network device"),
    ("{img}", ["--pcap", "f"], "has no driver of a network device"),
    ("{proc}", ["--net", "user"], "is a process of this machine and has no network behind it"),
    ("{proc}", ["--publish", "8080:80"], "use --net tap:INTERFACE, or choose hostnet in menuconfig"),
    ("{host}", ["--pcap", "f"], "the host's sockets are no packets of ours; use --net tap:INTERFACE"),
    ("{host}", ["--net", "none", "--publish", "8080:80"], "with --net none there is no network"),
    ("{host}", ["--publish", "192.0.2.1:8080:80"], "192.0.2.1 is no address of this machine"),
    ("{proc}", ["--net", "tap:whittle-none"], "no such interface"),
    ("{proc}", ["--pcap", "f"], "no packets without --net tap:INTERFACE"),
]


@pytest.mark.parametrize("image,argv,expect", WRONG, ids=[" ".join([i] + w) for i, w, _ in WRONG])
def test_wrong_usage(image, argv, expect, guest, net_guest, net_process, host_process, tmp_path):
    status, out, err = run(image.format(img=guest, net=net_guest, proc=net_process, host=host_process), *argv, cwd=tmp_path)
    assert status == 2 and out == b"", (status, out, err)
    assert expect in err.decode() and err.startswith(b"support/run: ") and err.count(b"\n") == 1, err


@pytest.mark.parametrize("kind,proto", [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")])
def test_port_taken(kind, proto, net_guest):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        if proto == "tcp":
            s.listen()
        port = s.getsockname()[1]
        status, _, err = run(net_guest, "--publish", "%d:80/%s" % (port, proto))
        assert status == 2 and b"port %d of this machine is taken" % port in err and b"--publish %d:80" % (port + 1) in err, err


def test_first_free_port(net_guest):
    """A kernel that is none ends the run after the port was chosen."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        _, _, err = run(net_guest, "--publish", "%d+:80" % port, "--timeout", "1")
    said = re.match(rb"support/run: http://127\.0\.0\.1:(\d+)/ \(port %d is taken or not ours\)\n" % port, err)
    assert said and port < int(said[1]) < port + 100, err
    assert "hostfwd=tcp:127.0.0.1:8080-:80 " in dry(net_guest, "--publish", "8080+:80")


def dry(*argv):
    status, out, err = run("--dry-run", *argv)
    assert status == 0 and err == b"", err
    return out.decode()


def test_user_is_the_default_where_there_is_a_driver(guest, net_guest):
    assert "-netdev" not in dry(guest)
    assert "-netdev" not in dry(net_guest, "--net", "none")
    assert "-netdev user,id=net0 " in dry(net_guest)
    assert dry(net_guest) == dry(net_guest, "--net=user")


def test_device_of_each_machine(net_guest):
    assert "-global virtio-mmio.force-legacy=false -device virtio-net-device,netdev=net0" in dry(net_guest)
    assert "virtio-net-device" in dry(net_guest, "--machine", "microvm,acpi=off")
    for machine in ("q35", "pc", "microvm,pcie=on"):
        assert "-device virtio-net-pci,netdev=net0" in dry(net_guest, "--machine", machine)


def test_publish(net_guest):
    assert "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5300-:53,hostfwd=tcp:0.0.0.0:22-:2222 " in \
        dry(net_guest, "--publish", "8080:80,5300:53/udp", "--publish", "0.0.0.0:22:2222")
    for same in "8080:8080", "8080":
        assert "hostfwd=tcp:127.0.0.1:8080-:8080 " in dry(net_guest, "--publish", same)


def test_host_sockets(host_process):
    assert "hostnet" not in dry(host_process) + dry(host_process, "--net", "user") + dry(host_process, "--net", "tap:t0")
    assert "hostnet.enable=n" in dry(host_process, "--net", "none")
    assert "hostnet.publish=[ tcp:127.0.0.1:8080:80 udp:0.0.0.0:5300:53 ]" in dry(
        host_process, "--publish", "8080:80,0.0.0.0:5300:53/udp").replace("'", "")


def test_tap(net_guest, net_process):
    line = dry(net_guest, "--net", "tap:t0")
    assert "-netdev tap,id=net0,ifname=t0,script=no,downscript=no,vnet_hdr=on " in line
    macs = {dry(net_guest, "--net", "tap:t%d" % i).split("mac=")[1].split()[0] for i in range(20)}
    assert len(macs) == 20 and all(m.startswith("52:54:00:") for m in macs)
    assert "linuxu.tap=t0" in dry(net_process, "--net", "tap:t0")


def test_pcap(net_guest):
    assert "-object filter-dump,id=pcap,netdev=net0,file=a,,b" in dry(net_guest, "--pcap", "a,b")
    assert "vnet_hdr=off" in dry(net_guest, "--pcap", "f", "--net", "tap:t0")


def test_guest_with_a_network_still_boots(net_guest, tmp_path):
    path = tmp_path / "none.pcap"
    status, _, err = run(net_guest, "--pcap", str(path), "--", "exit", "7")
    assert (status, err) == (7, b"") and path.read_bytes()[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4")
