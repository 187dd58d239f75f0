# SPDX-License-Identifier: BSD-3-Clause
"""The command line of scripts that measure some choices, one after the other, for a table of the book."""
import argparse
import os
import sys

import guest
import report
import tools


def main(doc, mark, names, measure, table):
    """`measure(kit, images, name)` for each of `names` (or what --only says), in order; `table({name: what
    it returned})` is printed, and goes between the lines <!-- mark --> of the page, if one is given."""
    ap = argparse.ArgumentParser(description=doc.splitlines()[0])
    ap.add_argument("--only", default=",".join(names), metavar="NAME,…")
    ap.add_argument("--page", metavar="FILE")
    ap.add_argument("--build", default=os.path.join(tools.ROOT, "build/bench"), metavar="DIR")
    args = ap.parse_args()
    chosen = args.only.split(",")
    unknown = [n for n in chosen if n not in names]
    if unknown:
        sys.exit("%s: no `%s`; there are: %s" % (mark, unknown[0], ", ".join(names)))
    kit = tools.Kit(os.path.join(args.build, "tools/kit"))
    images = tools.Images(args.build)
    try:
        text = table({n: measure(kit, images, n) for n in chosen})
        print(text, end="")
        report.fill(args.page, mark, text)
    except (tools.BenchError, guest.GuestError, ValueError) as error:
        sys.exit("%s: %s" % (mark, error))
