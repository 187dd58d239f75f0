# SPDX-License-Identifier: BSD-3-Clause
"""The file libraries and the terminal as Linux programs; see the Makefile beside this file."""
import os
import shutil

import pytest

import whittle

HERE = os.path.dirname(os.path.abspath(__file__))


def make(target, *words):
    return whittle.make(target, "O=" + os.path.join(whittle.OUT, "host/fs"), *words, cwd=HERE)


def test_under_sanitizers():
    make("run-asan")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_random_preemption(seed):
    make("run-stress-%d" % seed)


def test_abi_matches_the_libc():
    make("abi")


@pytest.mark.skipif(not shutil.which("clang"), reason="libFuzzer comes with clang")
def test_archive_reader_against_damaged_input():
    make("fuzz", "TIME=20")
