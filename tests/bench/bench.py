#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures images beside the least possible guest and a Linux cut down to one program.

  bench.py [--only KEY,KEY…] [--json FILE] [--page FILE] [--runs N] [--no-linux] [--build DIR] [--list]

Called by `make bench`. Prints a table as it goes; README.md says how each figure comes about.
"""
import argparse
import datetime
import fnmatch
import json
import os
import platform
import signal
import subprocess
import sys

import archrows
import guest
import hostrows
import netrows
import report
import rows
import serverows
import tools


GROUPS = rows.GROUPS + netrows.GROUPS + hostrows.GROUPS + serverows.GROUPS + archrows.GROUPS
TREE = "Linux tiny: %(linux)s. %(qemu)s. %(compiler)s. Tree: %(commit)s, %(when)s."


def arguments(argv):
    ap = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    ap.add_argument("--only", default="*", metavar="KEY,…",
                    help="rows to measure, by key or pattern (see --list)")
    ap.add_argument("--app", default="", metavar="NAME",
                    help="rows about one application: those whose key begins with its name")
    ap.add_argument("--json", metavar="FILE", help="write all figures there as well")
    ap.add_argument("--page", metavar="FILE",
                    help="put the table into that Markdown page, such as docs/measurements.md")
    ap.add_argument("--runs", type=int, default=15, metavar="N",
                    help="how often to take a time (default 15)")
    ap.add_argument("--no-linux", action="store_true",
                    help="leave out Linux (building it takes minutes the first time)")
    ap.add_argument("--build", metavar="DIR",
                    help="build root whose configurations to measure (default: $O/bench, where "
                    "every application is built as its defconfig says)")
    ap.add_argument("--list", action="store_true", help="name the rows and how they are measured")
    args = ap.parse_args(argv)
    if args.runs < 1:
        ap.error("--runs: at least 1")
    return args


def chosen(only, app):
    """[(function, rows)] of which a row's key matches; an unknown key ends the program."""
    patterns = [p for p in only.split(",") if p]
    keys = [r.key for _, group in GROUPS for r in group]
    for p in patterns:
        if not fnmatch.filter(keys, p):
            sys.exit("bench: --only %s: no such row; there are: %s" % (p, ", ".join(keys)))
    prefix = {"helloworld": "hello"}.get(app, app)
    picked = []
    for function, group in GROUPS:
        group = [r for r in group if any(fnmatch.fnmatch(r.key, p) for p in patterns)
                 and r.key.startswith(prefix)]
        if group:
            picked.append((function, group))
    if not picked:
        sys.exit("bench: --app %s: no rows about it" % app)
    return picked


class Rows(dict):
    """The chosen rows of a group by key; the others are there to be filled but are not shown."""

    def __missing__(self, key):
        return report.Row(key, "", "")


def measure(bench, function, group):
    """Fills `group`; what goes wrong becomes the first row's note. Returns whether all went well."""
    tools.say("BENCH", ", ".join(r.key for r in group))
    try:
        function(bench, Rows((r.key, r) for r in group))
        for row in group:
            tools.say("", "%s %s %s: %s" % (row.key, report.number(row.ours), row.unit, row.verdict))
        return True
    except (tools.BenchError, guest.GuestError, ValueError, subprocess.SubprocessError) as error:
        text = str(error).strip()
        print("bench: %s: %s" % (group[0].key, text), file=sys.stderr)
        group[0].note = "failed: " + text.splitlines()[0]
        return False


def surroundings(bench):
    """What the figures depend on besides the tree."""
    def first_line(*command):
        try:
            return tools.call(list(command)).splitlines()[0]
        except (tools.BenchError, OSError, IndexError):
            return "unknown"
    return {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": first_line("git", "-C", tools.ROOT, "describe", "--always", "--dirty"),
        "host": "%s, %d CPUs" % (platform.platform(), os.cpu_count() or 0),
        "qemu": first_line(guest.QEMU, "--version"),
        "compiler": first_line("gcc", "--version"),
        "linux": bench.linux.version if bench.with_linux and bench.linux else "left out",
    }


def put_page(path, new=None):
    """Puts the table into the page; None: only sees that it can be done."""
    try:
        with open(path, "r+", encoding="utf-8") as f:
            page = report.put_between(f.read(), "bench", new or "")
            if new is not None:
                f.seek(0)
                f.write(page)
                f.truncate()
    except (OSError, ValueError) as error:
        sys.exit("bench: --page %s: %s" % (path, error))


def main(argv=None):
    args = arguments(argv)
    # A terminated run cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    picked = chosen(args.only, args.app)
    everything = [r for _, group in picked for r in group]
    if args.list:
        for row in everything:
            print("%-22s %s (%s)\n%22s %s" % (row.key, row.what, row.unit, "", row.how))
        return 0
    if args.page:
        put_page(args.page)
    # O is make's build root, exported by it if it was given.
    build = args.build or os.path.join(tools.ROOT, os.environ.get("O") or "build", "bench")
    bench = rows.Bench(os.path.join(build, "tools"), tools.Images(build, defaults=not args.build),
                       not args.no_linux, args.runs)
    try:
        around = surroundings(bench)
    except tools.BenchError as error:
        sys.exit("bench: %s" % error)
    good = [measure(bench, function, group) for function, group in picked]
    print(report.table(everything))
    print(TREE % around)
    if args.page:
        put_page(args.page, "%s\n%s\n" % (report.markdown(everything), TREE % around))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(dict(around, rows=[r.as_json() for r in everything]), f, indent=1)
            f.write("\n")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
