# SPDX-License-Identifier: BSD-3-Clause
"""From the command line to an exit status."""
import sys

from . import RunError, options


def main(words):
    try:
        o = options.parse(words)
        from .image import Image
        image = Image(o.image)
        if o.smp is not None:
            check_cpus(image, o)
        if image.arch != "x86_64" and image.platform == "kvm":
            o.machine = o.machine or "virt"
        if o.gdb and o.core is not None:
            from . import gdb
            return gdb.open_core(image, o)
        if image.platform == "xen":
            from . import xen
            xen.decide(image, o)
        else:
            for name in options.XEN_ONLY:
                if getattr(o, name):
                    raise RunError("--%s: %s is for %s, not for Xen; `make APP=... PLAT=xen` builds one that is" % (
                        name.replace("_", "-"), image.path, image.platform))
        if o.net is None and not image.has_network() and not image.has_hostnet():
            o.net = "none"  # and net.py need not be read
        if o.net != "none" or o.publish or o.pcap is not None:
            from . import net
            net.resolve(image, o)
        if o.disk:
            from . import disk
            disk.check(image, o)
        if image.platform == "kvm":
            from . import kvm as platform
        elif image.platform == "xen":
            platform = xen
        else:
            from . import linuxu as platform
        return platform.run(image, o)
    except RunError as e:
        sys.stdout.flush()
        sys.stderr.write("support/run: %s\n" % e)
        return e.status


def check_cpus(image, o):
    """--smp is a wish: what can be had is used, and said if it is less."""
    most = 255 if image.platform == "kvm" and o.accel != "kvm" else None  # TCG's APICs have 8 bits
    if o.smp != "1" and not image.uses_several_cpus():
        sys.stderr.write("support/run: %s is built for one CPU and uses one of %s; with CONFIG_SMP "
                         "(`make CONFIGS=smp`) it uses all\n" % (image.path, o.smp))
    if most is not None and int(o.smp) > most:
        sys.stderr.write("support/run: --smp %s: QEMU emulates %d CPUs at most: using %d\n"
                         % (o.smp, most, most))
        o.smp = str(most)
