#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our domains of Xen beside Linux's, PV and PVH: network, requests, disk, in one run (make bench-xen).

  xenbench.py [--kinds pv,pvh] [--systems ours,linux] [--only boot,ping,...] [--size N] [--page FILE] [--json FILE]
              [--build DIR] [--where KEY]

Both run in the same machine (xenlab.py), with the same ram disk, nginx and its configuration; clients run in dom0. Linux
is Debian's kernel, with a busybox and Debian's nginx, without mitigations. --size 4 measures a quarter as much.
"""
import argparse
import json
import os
import re
import sys
from dataclasses import asdict, dataclass

import debian
import guest
import minmem
import netrows
import report
import tools
import whereto
import xenlab

KINDS = {"pv": "PV", "pvh": "PVH"}
MEMORY = {"net": 512 << 20, "disk": 128 << 20}
KIB, MIB = 1 << 10, 1 << 20
# Name, bytes, how often
FILES = [("10k", 10 * KIB, 400), ("100k", 100 * KIB, 100), ("1m", MIB, 32), ("10m", 10 * MIB, 8), ("100m", 100 * MIB, 1)]
PINGS, ROUNDS, CONNECTIONS, DISK_REQUESTS, WRK_SECONDS = 400, 60, 30, 1600, 2
DISK = {"4k": 4 * KIB, "4k-wait": 4 * KIB, "1m": MIB}
CLIENTS = ("lockstep", "download", "marked")
LINUX_WORDS = "console=hvc0 quiet mitigations=off"
SERVER = ("ping", "http", "wrk", "files")
MEASURES = ("boot", *SERVER, "disk")
SEEN_ONLY = ("ping-max", "memory")
BOOT_MEMORY = 16 << 20


@dataclass
class Result:
    """What one kind of work cost: a unit of it, and how many units `spent` is of."""
    what: str
    unit: str
    units: float
    spent: xenlab.Spent
    value: float = None     # as the client saw it
    measure: str = ""

    def per(self, name):
        return getattr(self.spent, name) / self.units


def found(pattern, text):
    match = re.search(pattern, text)
    if not match:
        raise guest.GuestError("a client has not said %r but %r" % (pattern, text[-500:]))
    return [float(g) for g in match.groups()]


class Work:
    """All measurements of one system as one kind of domain."""

    def __init__(self, lab, kind, system, only, size, where=None, images=None):
        """where: the key of what show() tells more of; images: {name: path} of ours."""
        self.lab, self.kind, self.system, self.only, self.size = lab, kind, system, only, size
        self.where, self.images = where, images
        self.results, self.functions = {}, None

    def count(self, n):
        return max(1, n // self.size)

    def add(self, key, *words, pair=-1):
        """pair: of markers, counted from the last one."""
        self.results[key] = Result(*words)
        r = self.results[key]
        if key == self.where and self.system == "ours":
            image = "blktest" if key.startswith("disk-") else "nginx"
            self.functions = self.lab.functions(self.images[image] + ".dbg", pair)
        tools.say("", "%s %s %s: %s %s; guest %.0f, Xen %.0f, dom0 %.0f, notifies %.2f, is notified %.2f a %s" % (
            self.kind, self.system, key, report.number(r.value), r.measure, r.per("guest"), r.per("xen"), r.per("dom0"),
            r.per("notified"), r.per("heard"), r.unit))

    def start(self, device, ours, program):
        """Our image `ours` with the words `program`, or the Linux with that program."""
        net, memory = device == "net", MEMORY[device]
        if self.system == "ours":
            words = "netdev.ip=%s/%d " % (xenlab.DOMU, xenlab.PREFIX) if net else ""
            return self.lab.start(self.kind, "/" + ours, words + "-- " + program.partition(" ")[2], memory,
                                  "/initrd" if net else None, device)
        words = " address=%s/%d" % (xenlab.DOMU, xenlab.PREFIX) if net else ""
        return self.lab.start(self.kind, "/linux", LINUX_WORDS + words + " -- " + program, memory,
                              "/initrd" if net else "/initrd.small", device)

    def network(self):
        name = self.start("net", "nginx", "/usr/sbin/nginx -c /etc/nginx.conf")
        try:
            self.lab.wait(name, "/c/download %s 80 / 1" % xenlab.DOMU)
            self.lab.taken()  # of its start
            for what in SERVER:
                if what in self.only:
                    getattr(self, what)()
        finally:
            self.lab.stop(name)

    def boot(self):
        """Ours alone: Linux has no such markers."""
        if self.system != "ours":
            return
        name = self.lab.start(self.kind, "/helloworld", "", BOOT_MEMORY)
        try:
            self.lab.wait_said(name, "Hello")
            self.add("boot", "hello: kernel entry to main()", "start", 1, self.lab.taken()[0])
        finally:
            self.lab.stop(name)
        mib = minmem.smallest(lambda n: self.lab.says("Hello", self.kind, "/helloworld", "", n << 20), 0, 16, 1)
        self.add("memory", "hello: smallest memory", "start", 1, xenlab.Spent(), mib, "MiB")

    def ping(self):
        self.lab.run("ping -c 3 -A -q " + xenlab.DOMU)
        n = self.count(PINGS)
        spent, said = self.lab.spend("/c/marked /bin/ping -A -q -c %d %s" % (n, xenlab.DOMU))
        average, most = found(r"min/avg/max = [\d.]+/([\d.]+)/([\d.]+) ms", said)
        if " 0% packet loss" not in said:
            raise guest.GuestError("pings got lost: " + said)
        self.add("ping", "ping, average", "ping", n, spent, average * 1000, "us")
        self.add("ping-max", "ping, maximum", "ping", n, spent, most * 1000, "us")

    def http(self):
        for key, connections in (("http-c30", CONNECTIONS), ("http-c1", 1)):
            rounds = self.count(ROUNDS if connections > 1 else 10 * ROUNDS)
            command = "/c/lockstep %s 80 %d %d 1 http" % (xenlab.DOMU, connections, rounds)
            self.lab.spend(command)  # once unmeasured: caches
            spent, said = self.lab.spend(command)
            n, seconds = found(r"requests (\d+) bytes \d+ seconds ([\d.]+)", said)
            self.add(key, "GET of 612 bytes, %s" % ("30 connections in lock step" if connections > 1 else "one connection"),
                     "request", n, spent, n / seconds, "requests/s")

    def wrk(self):
        spent, said = self.lab.spend("/c/marked /bin/chroot /w /usr/bin/wrk -t1 -c%d -d%ds http://%s:80/" % (
            CONNECTIONS, self.count(WRK_SECONDS), xenlab.DOMU))
        n, = found(r"(\d+) requests in", said)
        rate, = found(r"Requests/sec:\s+([\d.]+)", said)
        if "Socket errors" in said or "Non-2xx" in said:
            raise guest.GuestError("wrk: " + said)
        self.add("wrk", "GET of 612 bytes, wrk with 30 connections", "request", n, spent, rate, "requests/s")

    def files(self):
        for name, size, times in FILES:
            if size > self.lab.largest:
                continue
            times = self.count(times)
            spent, said = self.lab.spend("/c/download %s 80 /%s %d" % (xenlab.DOMU, name, times))
            got, seconds = found(r"bytes (\d+) seconds ([\d.]+)", said)
            if got != size * times:
                raise guest.GuestError("/%s: %d bytes" % (name, got))
            self.add("file-" + name, "a file of %s" % (
                "%d KiB" % (size // KIB) if size < MIB else "%d MiB" % (size // MIB)), "MiB", got / MIB, spent,
                got / 1e6 / seconds, "MB/s")

    def disk(self):
        n = self.count(DISK_REQUESTS)
        name = self.start("disk", "blktest", "/bin/linux-disk %s %d" % (
            "xvda count-write" if self.system == "ours" else "/dev/xvda", n))
        try:
            self.lab.wait_said(name, "took write-1m")
            said = self.lab.said(name)
        finally:
            self.lab.stop(name)
        took = dict(re.findall(r"^took (\S+) (\d+)$", said, re.M))
        phases = re.findall(r"^phase (\S+) (\d+)$", said, re.M)
        spans = self.lab.taken()[-len(phases):]     # before them is our boot
        for i, ((phase, ops), spent) in enumerate(zip(phases, spans)):
            op, what = phase.split("-", 1)
            size = DISK[what]
            units = int(ops) if size < MIB else int(ops) * size / MIB
            self.add("disk-" + phase, "%s %s" % (op, {"4k": "4 KiB, 16 under way", "4k-wait": "4 KiB, one by one",
                                                      "1m": "1 MiB, one by one"}[what]),
                     "request" if size < MIB else "MiB", units, spent, int(ops) * size / 1e6 / (int(took[phase]) / 1e9), "MB/s",
                     pair=i - len(phases))

    def show(self):
        """Where the instructions of self.where have gone."""
        if self.where and self.system == "ours" and self.where not in self.results:
            print("\n--where %s: measured were %s" % (self.where, ", ".join(self.results)))
        if self.functions:
            r = self.results[self.where]
            print("\n%s, %s, for a %s:" % (KINDS[self.kind], r.what, r.unit), end="")
            whereto.show("function", self.functions, r.units, 50)


def ours(only):
    """The images that these measures need."""
    return ["helloworld"] * ("boot" in only) + ["nginx"] * bool(set(only) & set(SERVER)) + ["blktest"] * ("disk" in only)


def prepare(lab, images, kit, systems, only):
    """All that domains and clients need, in dom0."""
    if set(only) & set(SERVER):
        www = {"www/" + name: bytes(size) for name, size, _ in FILES if size <= lab.largest}
        server = dict(netrows.SERVERS["nginx"].files, **www)
    else:
        server = {}
    if "linux" in systems:
        small = dict(xenlab.frontends(), init=os.path.join(tools.HERE, "linux-domu"))
        small["bin/linux-disk"] = kit.static("linux-disk")
        lab.put("/linux", xenlab.packages.files().kernel)
        lab.put_archive("/initrd.small", small)
        if server:
            server.update(small, **debian.files(debian.root(), "usr/sbin/nginx"))
            # Debian's nginx opens a log before it has read its configuration, and makes folders for bodies.
            server.update({"var/log/nginx/.keep": b"", "var/lib/nginx/.keep": b""})
    if server:
        lab.put_archive("/initrd", server)
    if "ours" in systems:
        for app in ours(only):
            lab.put("/" + app, images.build(app, "xen", "xen"))
    lab.put_files("/c", {name: kit.static(name) for name in CLIENTS})
    if "wrk" in only:
        lab.put_files("/w", debian.files(debian.root(("wrk",)), "usr/bin/wrk"))


def ratio(ours, linux):
    return "%.2f" % (ours / linux) if linux else "-"


def markdown(all_results):
    """For each kind of domain what clients saw, and what it cost."""
    out = []
    for kind in [k for k in KINDS if any(kind == k for kind, _ in all_results)]:
        ours, linux = (all_results.get((kind, system), {}) for system in ("ours", "linux"))
        keys = [k for k in (ours or linux)]
        out.append("\n**%s: what the client sees**\n\n| | | ours | Linux | ours / Linux |\n| --- | --- | --: | --: | --: |\n" %
                   KINDS[kind])
        for key in keys:
            a, b = ours.get(key), linux.get(key)
            if (a or b).measure:
                out.append("| %s | %s | %s | %s | %s |\n" % (
                    (a or b).what, (a or b).measure, report.number(a and a.value), report.number(b and b.value),
                    ratio(a.value, b.value) if a and b else "-"))
        out.append("\n**%s: what it costs**, ours / Linux\n\n"
                   "| | for a | guest | of Linux | Xen | dom0 | notifies | is notified |\n"
                   "| --- | --- | --: | --: | --: | --: | --: | --: |\n" % KINDS[kind])
        for key in keys:
            if key in SEEN_ONLY:
                continue
            a, b = ours.get(key), linux.get(key)

            def pair(name):
                return " / ".join(report.number(r.per(name) if name in ("notified", "heard") else round(r.per(name))) if r else "-"
                                  for r in (a, b))
            out.append("| %s | %s | %s | %s | %s | %s | %s | %s |\n" % (
                (a or b).what, (a or b).unit, pair("guest"), ratio(a.per("guest"), b.per("guest")) if a and b else "-",
                pair("xen"), pair("dom0"), pair("notified"), pair("heard")))
    return "".join(out)


def chosen(text, names, option):
    words = [w for w in text.split(",") if w]
    for word in words:
        if word not in names:
            sys.exit("bench-xen: %s %s: there are %s" % (option, word, ", ".join(names)))
    return words


def main(argv=None):
    ap = argparse.ArgumentParser(prog="make bench-xen", description=__doc__.splitlines()[0])
    ap.add_argument("--kinds", default="pv,pvh", help="kinds of domains (default pv,pvh)")
    ap.add_argument("--systems", default="ours,linux", help="what runs in them (default ours,linux)")
    ap.add_argument("--only", default=",".join(MEASURES), help="of %s" % ",".join(MEASURES))
    ap.add_argument("--size", type=int, default=1, metavar="N", help="an N-th of the requests; from 4 on no file of 100 MiB")
    ap.add_argument("--page", metavar="FILE", help="put the tables between <!-- xen --> lines of that page")
    ap.add_argument("--json", metavar="FILE", help="all figures")
    ap.add_argument("--build", default=os.path.join(tools.ROOT, "build/bench"), metavar="DIR")
    ap.add_argument("--where", metavar="KEY", help="also show where our instructions go: of ping, http-c30, http-c1, wrk, file-10m, "
                    "disk-read-4k ..., as --json names them")
    args = ap.parse_args(argv)
    kinds, systems = chosen(args.kinds, KINDS, "--kinds"), chosen(args.systems, ("ours", "linux"), "--systems")
    only = chosen(args.only, MEASURES, "--only")
    if args.size < 1:
        ap.error("--size: at least 1")
    kit, images = tools.Kit(os.path.join(args.build, "tools/kit")), tools.Images(args.build)
    results = {}
    try:
        # before the machine is started
        built = {app: images.build(app, "xen", "xen") for app in (ours(only) if "ours" in systems else ())}
        with xenlab.Lab(kit, max(MEMORY.values()), 100 * MIB if args.size < 4 else 10 * MIB,
                        bool(args.where)) as lab:
            prepare(lab, images, kit, systems, only)
            for kind in kinds:
                for system in systems:
                    tools.say("BENCH", "%s %s" % (kind, system))
                    work = Work(lab, kind, system, only, args.size, args.where, built)
                    if "boot" in only:
                        work.boot()
                    if set(only) & set(SERVER):
                        work.network()
                    if "disk" in only:
                        work.disk()
                    work.show()
                    results[kind, system] = work.results
    except (tools.BenchError, guest.GuestError, xenlab.packages.RigError, ValueError) as error:
        sys.exit("bench-xen: %s" % error)
    text = markdown(results)
    print(text, end="")
    report.fill(args.page, "xen", text)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"%s-%s" % who: {k: asdict(r) for k, r in what.items()} for who, what in results.items()}, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
