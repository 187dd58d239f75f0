# SPDX-License-Identifier: BSD-3-Clause
"""Room on the file systems that tests write to. On a full one every build fails, and none says it as clearly as this."""
import os
import tempfile

import whittle

LEAST = 256 << 20  # what builds and machines side by side write in the moment between two looks
WHOLE_SUITE = "10 GB"  # of images, packages and disks; support/setup installs some 2 GB besides


def places():
    """The folders that tests write to, with what moves each elsewhere."""
    cache = os.environ.get("WHITTLE_CACHE") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return {whittle.OUT: "WHITTLE_TEST_BUILD=", tempfile.gettempdir(): "TMPDIR=", cache: "WHITTLE_CACHE="}


def lacking():
    """Where too little is left for going on, as a sentence with the remedy; or None."""
    for folder, moved_by in places().items():
        there = os.path.abspath(folder)
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        of = os.statvfs(there)
        left = of.f_bavail * of.f_frsize
        if left < LEAST:
            return "the disk is full: %d MB are left for %s, and all tests take some %s; make room there, or name another folder by %s" % (
                left >> 20, folder, WHOLE_SUITE, moved_by)
    return None
