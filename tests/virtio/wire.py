# SPDX-License-Identifier: BSD-3-Clause
"""A cable to a virtual machine: each Ethernet frame is a datagram on 127.0.0.1."""
import os
import re
import signal
import socket
import subprocess
import time

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))
ME = bytes.fromhex("020000000099")
TYPE = b"\x88\xb5"

DEVICES = {  # machine and device of each transport
    "q35": ("q35", "virtio-net-pci", ""),
    "pcie": ("microvm,pcie=on", "virtio-net-pci", ""),
    "mmio": ("microvm", "virtio-net-device", "-global virtio-mmio.force-legacy=off "),
    "mmio-noacpi": ("microvm,acpi=off", "virtio-net-device", "-global virtio-mmio.force-legacy=off "),
    "line": ("q35", "virtio-net-pci,vectors=0", ""),
}


class Guest:
    """An image with one network device, and the other end of its cable."""

    def __init__(self, app, transport, props="", args=(), options=(), configs="", more=""):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", 0))
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind(("127.0.0.1", 0))
        self.port = other.getsockname()[1]
        other.close()
        machine, device, extra = DEVICES[transport]
        qemu = "%s-netdev socket,id=n,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d -device %s,netdev=n%s %s" % (
            extra, self.sock.getsockname()[1], self.port, device, "," + props if props else "", more)
        image = whittle.image(os.path.join(HERE, app), "kvm", configs=configs)
        self.process = subprocess.Popen(
            [os.path.join(whittle.ROOT, "support/run"), image, "--net", "none", "--machine", machine, "--qemu-args=" + qemu,
             *options, "--", *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=whittle.ROOT)
        self.hello = self.process.stdout.readline().decode()
        m = re.search(r"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})", self.hello)
        self.mac = bytes.fromhex(m.group(1).replace(":", "")) if m else b"\xff" * 6

    def send(self, payload):
        self.sock.sendto(self.mac + ME + TYPE + payload, ("127.0.0.1", self.port))

    def receive(self, timeout=10):
        self.sock.settimeout(timeout)
        frame = self.sock.recv(65536)
        assert frame[:6] == ME and frame[6:12] == self.mac and frame[12:14] == TYPE, frame[:20].hex()
        return frame[14:]

    def ask(self, payload, timeout=10):
        self.send(payload)
        return self.receive(timeout)

    def end(self, status=0):
        """Its last line."""
        try:
            self.send(b"Q" + bytes(50))
            out, err = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.sock.close()
        assert self.process.returncode == status, (self.process.returncode, out, err)
        self.err = err
        return out.decode()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        out, err = self.process.communicate()
        self.sock.close()
        return out, err

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            print(self.kill())
        time.sleep(0)
