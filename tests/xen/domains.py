# SPDX-License-Identifier: BSD-3-Clause
"""Guests in the rig that are started and spoken to by Xen's own tools (`xl`), and what their console has said."""
import contextlib
import os
import re
import time

import whittle

LIMIT = 120
LASTING = os.path.join(whittle.ROOT, "tests/xen/lasting")
NET = "mac=00:16:3e:00:00:%02x,bridge=xenbr0,script=vif-rig"


class Domains:
    """A rig with guests. Consoles are read from xenconsoled's logs, which outlive the guests."""

    def __init__(self, memory, arch="x86_64", **more):
        from xenrig import machine
        self.rig = machine.start(memory, log=True, arch=arch, **more)
        self.plat = "xen" if arch == "x86_64" else "xen-" + arch
        self.files = {}
        self.number = 0

    def run(self, command, **more):
        return self.rig.run(command, **more)[1].decode(errors="replace")

    def file(self, path, key=None):
        """A file of this machine, in dom0; the same key, which is its path unless told otherwise: the same file."""
        key = key or path
        if key not in self.files:
            name = "/f%d" % len(self.files)
            fd = os.open(path, os.O_RDONLY)
            self.rig.put(name, fd)
            os.close(fd)
            self.files[key] = name
        return self.files[key]

    def image(self, app, configs="xen"):
        return whittle.image(app, self.plat, configs=configs)

    def lasting(self):
        return self.image(LASTING)

    def kernel(self, path):
        """An image as a file in dom0, in the form that xl takes."""
        from runner import image, kvm
        return self.file(kvm.raw_for(image.Image(path)) or path, path)

    def create(self, kind, image, cmdline, memory=16 << 20, vcpus=1, initrd=None, net=False, extra="", **after):
        """Starts a guest; its name."""
        from xenrig import config
        self.number += 1
        name = "g%d" % self.number
        guest = config.Guest(name, kind, self.kernel(image), cmdline, memory, vcpus)
        guest.ramdisk = self.file(initrd) if initrd else None
        guest.vifs = [NET % self.number] if net else []
        guest.after = after
        self.rig.put_text("/%s.cfg" % name, guest.text() + extra)
        self.run("xl create -q /%s.cfg" % name)
        return name

    def said(self, name):
        return self.run("cat /var/log/xen/console/guest-%s.log 2>/dev/null; true" % name).replace("\r", "")

    def wait(self, what, found):
        """Until found() is true of anything; that."""
        end = time.monotonic() + LIMIT
        while True:
            result = found()
            if result:
                return result
            assert time.monotonic() < end, what()
            time.sleep(0.2)

    def wait_said(self, name, text, times=1):
        self.wait(lambda: "not said: %r; but %r%s" % (text, self.said(name), self.rig.last_words()),
                  lambda: self.said(name).count(text) >= times)

    def names(self):
        return self.run("xl list").split("\n")[1:]

    def is_there(self, name):
        return any(line.split()[:1] == [name] for line in self.names())

    def wait_gone(self, name):
        self.wait(lambda: "still there: %s; it has said %r" % (self.names(), self.said(name)), lambda: not self.is_there(name))

    def mebibytes(self, name):
        """What a guest has, as xl counts it."""
        return int(self.run("xl list " + name).split("\n")[1].split()[2])

    def wait_mebibytes(self, name, n):
        self.wait(lambda: "%d MiB; it has said %r" % (self.mebibytes(name), self.said(name)), lambda: self.mebibytes(name) == n)

    def domid(self, name):
        return self.run("xl domid " + name).strip()

    def store(self, name, path):
        """What xenstore has in a guest's own folder."""
        return self.run("xenstore-read /local/domain/%s/%s" % (self.domid(name), path)).strip()


def grant_version(rig, domid):
    """The version of a domain's grant table, as Xen shows it in its log."""
    rig.run("xl debug-keys g")
    text = os.pread(rig.log, 1 << 26, 0).decode(errors="replace")
    return int(re.findall(r"grant-table for remote d%s \(v(\d)\)" % domid, text)[-1])


@contextlib.contextmanager
def domains(memory, **more):
    d = Domains(memory, **more)
    try:
        yield d
    finally:
        d.rig.end()


def lasting(configs="xen"):
    return whittle.image(LASTING, "xen", configs=configs)
