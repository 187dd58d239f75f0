# SPDX-License-Identifier: BSD-3-Clause
"""Lets the kit's tests import the kit, from wherever pytest was started."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
