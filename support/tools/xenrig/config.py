# SPDX-License-Identifier: BSD-3-Clause
"""A domain's configuration as `xl` reads it (xl.cfg(5))."""

ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def string(text):
    """Quoted. (By number nothing can be escaped: Xen 4.17 misreads those.)"""
    return '"%s"' % "".join(ESCAPES.get(c, c) for c in text)


class Guest:
    """What xl is told; sizes in bytes."""

    def __init__(self, name, kind, kernel, cmdline, memory, vcpus=1):
        self.name, self.kind, self.kernel, self.cmdline = name, kind, kernel, cmdline
        self.memory, self.vcpus = memory, vcpus
        self.ramdisk = None
        self.vifs, self.disks = [], []
        self.after = {}   # what happened -> what then, as xl calls it; else the domain goes

    def text(self):
        lines = [("name", string(self.name)), ("type", string(self.kind)), ("kernel", string(self.kernel))]
        if self.ramdisk:
            lines.append(("ramdisk", string(self.ramdisk)))
        if self.cmdline:
            lines.append(("cmdline", string(self.cmdline)))
        # xl counts memory in MiB. Without vcpus, a PVH domain is not built at all (Xen 4.17).
        lines += [("memory", str(-(-self.memory >> 20))), ("vcpus", str(self.vcpus))]
        for name, devices in (("vif", self.vifs), ("disk", self.disks)):
            if devices:
                lines.append((name, "[ %s ]" % ", ".join(string(d) for d in devices)))
        for event in ("poweroff", "reboot", "crash"):
            lines.append(("on_" + event, string(self.after.get(event, "destroy"))))
        return "".join("%s = %s\n" % line for line in lines)
