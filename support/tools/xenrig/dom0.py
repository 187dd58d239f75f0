# SPDX-License-Identifier: BSD-3-Clause
"""The dom0's initial ram disk: busybox, Xen's tools with their libraries, a dozen kernel modules, our scripts."""
import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

from runner import cpio

SCRIPTS = Path(__file__).resolve().parent / "dom0"
PROGRAMS = "xl xenstored xenconsoled xenconsole xen-init-dom0 libxl-save-helper".split()
STORE = "xenstore xenstore-read xenstore-write xenstore-ls xenstore-list xenstore-rm xenstore-watch".split()
# In the order in which they are loaded.
MODULES = """xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc xen-netback xen-blkback loop llc stp bridge virtio_ring
    virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console virtio_blk failover net_failover
    virtio_net""".split()
FOLDERS = """bin m proc sys dev tmp run/lock run/xen var/lib/xen var/lib/xenstored var/log/xen/console
    etc/xen/scripts lib lib64 usr/bin""".split()


def make(root, tree, archive, cpu):
    """From the unpacked packages in `root`, by way of the folder `tree`."""
    from .packages import only
    tools = only(root, "usr/lib/xen-*/bin")
    for folder in FOLDERS + [cpu.libraries, tools.relative_to(root)]:
        (tree / folder).mkdir(parents=True)
    (tree / "var/run").symlink_to("../run")
    (tree / "var/lock").symlink_to("../run/lock")
    shutil.copy(root / "bin/busybox", tree / "bin")
    (tree / "bin/sh").symlink_to("busybox")
    for name in PROGRAMS:
        shutil.copy(tools / name, tree / tools.relative_to(root))
    for name in STORE:
        if (root / "usr/bin" / name).exists():
            shutil.copy(root / "usr/bin" / name, tree / "usr/bin", follow_symlinks=False)
    (tree / "usr/lib/xen").symlink_to(tools.relative_to(root).parts[2])
    libraries(root, tree, cpu)
    built_in = only(root, "lib/modules/*/modules.builtin").read_text()
    modules = [name for name in MODULES if "/%s.ko\n" % name not in built_in]
    for name in modules:
        shutil.copy(only(root, "lib/modules/*/kernel/**/%s.ko" % name), tree / "m")
    (tree / "m/order").write_text(" ".join(modules) + "\n")
    (tree / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "etc/xen/xl.conf").write_text("")
    shutil.copy(SCRIPTS / "init", tree)
    shutil.copy(SCRIPTS / "vif", tree / "etc/xen/scripts/vif-rig")
    shutil.copy(SCRIPTS / "block", tree / "etc/xen/scripts/block-rig")
    with open(archive.with_suffix(""), "wb", buffering=0) as f:
        cpio.pack(str(tree), f)
    with open(archive.with_suffix(""), "rb") as f, gzip.open(archive, "wb", 1) as packed:
        shutil.copyfileobj(f, packed)
    os.unlink(archive.with_suffix(""))


def libraries(root, tree, cpu):
    """What the programs need, and what that needs. libgcc_s by name: a thread's cancellation loads it."""
    todo = {"libgcc_s.so.1"}
    for folder in [tree / "usr/bin"] + list(tree.glob("usr/lib/xen-*/bin")):
        for path in folder.iterdir():
            todo |= needed(path)
    done = set()
    while todo - done:
        name = min(todo - done)
        done.add(name)
        found = next((p for p in sorted(root.rglob(name)) if p.exists()), None)
        if found is None:
            from .packages import RigError
            raise RigError("Xen's tools need the library %s, which is in none of the packages: add its package to "
                           "PACKAGES in support/tools/xenrig/packages.py" % name)
        if name.startswith("ld-linux"):
            for folder in "lib", "lib64":
                shutil.copy(found, tree / folder / name)
        else:
            shutil.copy(found, tree / cpu.libraries / name)
        todo |= needed(found)


def needed(path):
    shown = subprocess.run(["readelf", "-d", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                           check=False).stdout
    return set(re.findall(r"NEEDED.*\[(.*)\]", shown))
