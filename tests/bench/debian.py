# SPDX-License-Identifier: BSD-3-Clause
"""Debian's own builds of servers, as the Linux guest runs them: programs with their libraries.

They are what a user of Linux would take. The packages are unpacked to the cache, not installed.
"""
import os
import re
import shutil

import tools

SERVERS = ("nginx-light", "redis-server", "iperf3")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
LOADER = "ld-linux-x86-64.so.2"


def root(packages=SERVERS):
    """The folder with `packages` and all that they depend on, fetched if this machine has not yet."""
    folder = os.path.join(tools.cache_dir(), "bench", "debian-" + tools.digest(*packages))
    with tools.locked(folder + ".lock"):
        if not os.path.exists(folder):
            _unpack(packages, folder)
    return folder


def _unpack(packages, folder):
    tools.say("DEBIAN", "fetching %s for the Linux guest (27 MB)" % ", ".join(packages))
    work = folder + ".work"
    shutil.rmtree(work, ignore_errors=True)
    archives, into = os.path.join(work, "archives"), os.path.join(work, "root")
    os.makedirs(os.path.join(archives, "partial"))
    os.makedirs(into)
    status = os.path.join(work, "status")       # empty: nothing is installed, so all is fetched
    open(status, "w", encoding="ascii").close()
    tools.call(["apt-get", "install", "-y", "-q", "--download-only", "--no-install-recommends",
                "-o", "Dir::State::status=" + status, "-o", "Dir::Cache::archives=" + archives,
                "-o", "Debug::NoLocking=1", *packages])
    for name in sorted(os.listdir(archives)):
        if name.endswith(".deb"):
            tools.call(["dpkg-deb", "-x", os.path.join(archives, name), into])
    os.rename(into, folder)
    shutil.rmtree(work)


def files(folder, program):
    """{path in the guest: file here} of `program`, a path below `folder`, its loader and libraries."""
    path = os.path.realpath(os.path.join(folder, program))
    found, todo = {"lib64/" + LOADER: _library(folder, LOADER), program: path}, [path]
    while todo:
        said = tools.call(["readelf", "-d", todo.pop()])
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", said):
            inside = "lib/x86_64-linux-gnu/" + name
            if name != LOADER and inside not in found:
                found[inside] = _library(folder, name)
                todo.append(found[inside])
    return found


def _library(folder, name):
    for place in LIBRARIES:
        path = os.path.join(folder, place, name)
        if os.path.exists(path):
            return os.path.realpath(path)
    raise tools.BenchError("%s: not in %s, where Debian's packages were unpacked: delete that folder "
                           "to have them fetched again" % (name, folder))
