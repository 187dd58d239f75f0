# SPDX-License-Identifier: BSD-3-Clause
"""The smallest memory that a guest still works with."""


def smallest(works, low, high, step):
    """The smallest multiple of `step` in (low, high] for which `works(n)`, by bisection.

    Takes for granted that more memory never hurts, except that `high` itself is tried: None if it
    does not work. `low` counts as too little without being tried.
    """
    low, high = low // step, -(-high // step)
    if not works(high * step):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle * step):
            high = middle
        else:
            low = middle
    return high * step
