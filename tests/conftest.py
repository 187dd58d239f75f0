# SPDX-License-Identifier: BSD-3-Clause
"""What all tests share: the option --all, the build folder, and the order (fast tests first)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

ORDER = ["runner", "fetch", "bench", "host", "build", "image", "boot", "crash", "security", "sqlite", "sanitizer"]


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also the tests marked slow (make check-all)")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes; runs with --all only")


def pytest_collection_modifyitems(config, items):
    """Folders in the order of ORDER; slow tests only when asked for, and not counted as skipped."""
    def rank(item):
        folder = os.path.relpath(str(item.fspath), os.path.dirname(__file__)).split(os.sep)[0]
        return ORDER.index(folder) if folder in ORDER else len(ORDER)
    items.sort(key=rank)
    if not config.getoption("--all"):
        slow = [i for i in items if i.get_closest_marker("slow")]
        if slow:
            config.hook.pytest_deselected(items=slow)
            items[:] = [i for i in items if not i.get_closest_marker("slow")]
