# SPDX-License-Identifier: BSD-3-Clause
"""From the command line to an exit status."""
import sys

from . import RunError, options


def main(words):
    try:
        o = options.parse(words)
        from .image import Image
        image = Image(o.image)
        if o.gdb and o.core is not None:
            from . import gdb
            return gdb.open_core(image, o)
        if image.platform == "kvm":
            from . import kvm as platform
        else:
            from . import linuxu as platform
        return platform.run(image, o)
    except RunError as e:
        sys.stdout.flush()
        sys.stderr.write("support/run: %s\n" % e)
        return e.status
