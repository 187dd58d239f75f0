# SPDX-License-Identifier: BSD-3-Clause
"""--disk FILE[,ro]: files of this machine as block devices of the image, in the order in which they are given."""
import os

from . import RunError


class Disk:
    def __init__(self, text):
        self.text = text
        self.path, self.readonly = (text[:-3], True) if text.endswith(",ro") else (text, False)
        if not os.path.exists(self.path):
            raise RunError("--disk %s: no such file; `truncate -s 64M %s` makes an empty disk" % (text, self.path))
        if os.path.isdir(self.path):
            raise RunError("--disk %s: a folder; --root gives the image one" % text)
        if not os.access(self.path, os.R_OK if self.readonly else os.R_OK | os.W_OK):
            raise RunError("--disk %s: it may not be %s by you%s" % (
                text, "read" if self.readonly else "written", "" if self.readonly else "; --disk %s,ro only reads it" % self.path))
        if os.path.isfile(self.path) and (os.path.getsize(self.path) % 512 or not os.path.getsize(self.path)):
            raise RunError("--disk %s: %d bytes are no whole number of sectors (512 bytes)" % (text, os.path.getsize(self.path)))

    def for_qemu(self, number):
        """The value of QEMU's -drive. (The file is what it says, whatever its first bytes look like: format=raw.)"""
        return "file=%s,if=none,id=disk%d,format=raw,discard=unmap%s" % (
            self.path.replace(",", ",,"), number, ",readonly=on" if self.readonly else "")


def check(image, o):
    """o.disk becomes a list of Disk."""
    o.disk = [Disk(d) for d in o.disk]
    if o.disk and not image.has_disk():
        raise RunError("--disk: %s has no driver of a block device: %s" % (image.path, {
            "kvm": "choose ukblkdev and virtio-blk in menuconfig", "xen": "choose ukblkdev and blkfront in menuconfig",
            "linuxu": "an image that is a process has none; build it for kvm"}[image.platform]))


def qemu_arguments(o):
    """The devices, with a queue for each CPU where the bus has the interrupts for that."""
    argv = []
    microvm = (o.machine or "microvm").startswith(("microvm", "virt")) and "pcie=on" not in (o.machine or "")
    for i, d in enumerate(o.disk):
        argv += ["-drive", d.for_qemu(i), "-device", "%s,drive=disk%d,num-queues=%d" % (
            "virtio-blk-device" if microvm else "virtio-blk-pci", i, min(int(o.smp or 1), 16))]
    if argv and microvm and o.net == "none":  # which says the same
        argv = ["-global", "virtio-mmio.force-legacy=false"] + argv
    return argv
