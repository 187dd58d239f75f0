#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What each option of the menu Hardening costs: the table of docs/hardening.md, on one tree.

  hardening.py [--build DIR] [--only OPTION,…] [--page docs/hardening.md]

Per option the default configuration is built with that one turned round, and its images are compared
with those of the default: bytes of hello and sqlite, instructions of hello until main() and of an
INSERT. Positive figures are what the option costs. About 25 minutes on 4 CPUs the first time.
"""
import argparse
import os
import subprocess
import sys

import counters
import guest
import report
import tools

INSERTS = 6000
# Option, and what turns it round. A choice is left by naming another member.
OPTIONS = [
    ("HARDEN_NX", ["NX=n", "RELRO=n"], ["RELRO=n"]),  # RELRO needs NX: both without it
    ("HARDEN_RELRO", ["RELRO=n"], []),
    ("HARDEN_SMEP", ["SMEP=n"], []),
    ("HARDEN_SMAP", ["SMAP=n"], []),
    ("HARDEN_UMIP", ["UMIP=n"], []),
    ("HARDEN_GUARD", ["GUARD=n"], []),
    ("HARDEN_ASLR", ["ASLR=n"], []),
    ("HARDEN_ALLOC", ["ALLOC=n"], []),
    ("HARDEN_STACK_PROTECTOR_STRONG", ["STACK_PROTECTOR_NONE=y"], []),
    ("HARDEN_STACK_PROTECTOR_ALL", ["STACK_PROTECTOR_NONE=y"], ["STACK_PROTECTOR_ALL=y"]),
    ("HARDEN_FORTIFY", ["FORTIFY=n"], []),
    ("HARDEN_CET", ["CET=n"], []),
    ("HARDEN_RETPOLINE", ["CET=n"], ["CET=n", "RETPOLINE=y"]),
    ("HARDEN_SLS", [], ["SLS=y"]),
    ("all that is on", ["NX=n", "RELRO=n", "SMEP=n", "SMAP=n", "UMIP=n", "GUARD=n", "ASLR=n", "ALLOC=n",
                        "STACK_PROTECTOR_NONE=y", "FORTIFY=n", "CET=n", "SECCOMP=n"], []),
]


class Variant:
    """Images of the default configuration with some options set, built by the front door."""

    def __init__(self, root, kit, settings):
        self.root, self.kit, self.settings = os.path.abspath(root), kit, settings
        self.name = "-".join(s.replace("=", "").lower() for s in settings) or "default"

    def image(self, app):
        folder = os.path.join(self.root, self.name, app)
        words = ["make", "-C", tools.ROOT, "--no-print-directory", "APP=" + app, "O=" + self.root,
                 "B=" + folder]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        tools.say("IMAGE", "%s (%s)" % (app, self.name))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, ".config"), "w", encoding="ascii") as f:
            for option, value in (s.split("=") for s in self.settings):
                f.write("CONFIG_HARDEN_%s=%s\n" % (option, value) if value == "y" else
                        "# CONFIG_HARDEN_%s is not set\n" % option)
        tools.call(words, env=env)
        return os.path.join(folder, app + "_kvm-x86_64")

    def figures(self):
        """[hello bytes, instructions until main(), sqlite bytes, INSERT in memory, in a file]"""
        hello, bench = self.image("helloworld"), self.image("bench-sqlite")
        events = guest.must(guest.Guest(hello), plugin=self.kit.plugin, timeout=120).events
        to_main = counters.at_mark(events, counters.MAIN) - counters.at_mark(events, counters.ENTRY)
        out = [os.path.getsize(hello), to_main.cost, os.path.getsize(self.image("sqlite"))]
        for path in (":memory:", "/tmp/bench.db"):
            r = guest.must(guest.Guest(bench, "-- %d %s" % (INSERTS, path)), plugin=self.kit.plugin,
                           timeout=600)
            out.append(round(counters.phases(r.events, r.output)["insert-each"].per_op))
        return out


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--build", default=os.path.join(tools.ROOT, "build", "hardening"), metavar="DIR")
    ap.add_argument("--only", default="", metavar="OPTION,…")
    ap.add_argument("--page", metavar="FILE", help="put the table into that page")
    args = ap.parse_args()
    kit = tools.Kit(os.path.join(args.build, "kit"))
    known = {}

    def figures(settings):
        key = tuple(settings)
        if key not in known:
            known[key] = Variant(args.build, kit, settings).figures()
        return known[key]

    default = figures([])
    lines = ["| option | hello, bytes | until `main()`, instr. | sqlite, bytes | INSERT in memory, instr. "
             "| INSERT into a file, instr. |", "|---|---|---|---|---|---|",
             "| (the default image) | %s |" % " | ".join("{:,}".format(v) for v in default)]
    for name, off, on in OPTIONS:
        if args.only and name not in args.only.split(","):
            continue
        cost = [b - a for a, b in zip(figures(off), figures(on))]
        lines.append("| %s | %s |" % ("`%s`" % name if name.startswith("HARDEN") else name,
                                      " | ".join("{:,}".format(v) for v in cost)))
        tools.say("", lines[-1])
    table = "\n".join(lines) + "\n"
    print(table)
    report.fill(args.page, "costs", table)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (tools.BenchError, guest.GuestError, subprocess.SubprocessError) as error:
        sys.exit("hardening: %s" % error)
