# SPDX-License-Identifier: BSD-3-Clause
"""A real Xen with a small Linux as its dom0, under QEMU: needs no root, and installs nothing on the machine.

    packages.py   Debian's packages of Xen, its tools and a kernel, unpacked in the download cache, once
    dom0.py       the dom0's initial ram disk (4 MB), made of them and of the scripts in dom0/
    machine.py    QEMU's command, and a running rig: commands for its dom0, files into it
    config.py     a domain's configuration as `xl` reads it
    dom0/         what runs there: init, and what Xen's tools call when a device appears
"""
