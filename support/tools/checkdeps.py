#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that a library refers only to libraries that it declared.

  checkdeps.py --build DIR --manifest DIR/libraries --plat plat-kvm [--unused]

Every undefined symbol of a library's object is mapped to the library that defines it; that one must
be among the declared dependencies (Config.uk) or what those export. So a hand-written `extern`
does not slip through. --unused lists declared dependencies to which no symbol refers and
whose headers no file includes.
"""
import argparse
import glob
import os
import subprocess
import sys


def read_manifest(path, plat):
    libs = {}
    for line in open(path):
        words = line.split()
        if not words:
            continue
        info = dict(w.split("=", 1) for w in words[2:])
        if plat[len("plat-"):] not in info["plats"].split(","):
            continue
        for k in ("declared", "visible"):
            info[k] = [x for x in info[k].split(",") if x]
        libs[words[1]] = info
    return libs


def symbols(libs):
    """Per library the symbols it defines and the ones it wants, in one run of nm."""
    objects = {info["object"]: n for n, info in libs.items()}
    out = subprocess.run(["nm", "-A", "-g", "--no-sort"] + list(objects), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit("checkdeps: " + out.stderr.strip())
    defined, wanted = {}, {n: [] for n in libs}
    weak = {}
    for line in out.stdout.splitlines():
        path, rest = line.rsplit(":", 1)
        fields = rest.split()
        kind, name = fields[-2], fields[-1]
        lib = objects[path]
        if kind == "U":
            wanted[lib].append(name)
        elif kind in "wv":
            pass  # a weak reference binds to nothing if nobody is there
        elif kind in "WV":
            weak.setdefault(name, set()).add(lib)
        else:
            defined.setdefault(name, []).append(lib)
    return defined, weak, wanted


def headers_used(build, lib):
    used = set()
    for d in glob.glob(os.path.join(build, "obj", lib, "**", "*.d"), recursive=True):
        used.update(open(d).read().split())
    return used


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--manifest", required=True)
    ap.add_argument("--plat", required=True)
    ap.add_argument("--unused", action="store_true")
    args = ap.parse_args()
    libs = read_manifest(args.manifest, args.plat)
    defined, weak, wanted = symbols(libs)
    api_prefix = {info["api"]: n for n, info in libs.items() if info["api"]}
    errors = []
    used = {n: set() for n in libs}

    def owners(sym):
        found = set(defined.get(sym, [])) | weak.get(sym, set())
        for lib in list(found):
            # An operation of an API is the API's, whichever provider it is bound to.
            if libs[lib]["provides"]:
                for prefix, api in api_prefix.items():
                    if sym.startswith(prefix):
                        found.add(api)
            # What the platform or the architecture defines belongs to their interface.
            if libs[lib]["kind"] == "plat":
                found.add("plat")
        return found

    for lib, info in libs.items():
        allowed = set(info["visible"]) | {lib}
        if lib.endswith("-tests"):
            allowed.add(lib[:-len("-tests")])
        for sym in wanted[lib]:
            if sym.startswith(("__asan_", "__tsan_", "__ubsan_")):
                continue  # the compiler's calls, not the library's
            found = owners(sym)
            if not found or found & allowed:
                used[lib].update(found & allowed)
                continue  # nobody has it: the linker says so better
            if info["api"] and any(libs[f].get("provides") == lib for f in found if f in libs):
                continue  # an API may call its default provider
            if sym == "main" and any(libs[f]["kind"] == "app" for f in found):
                continue  # what every C library calls and every application has
            errors.append("%s refers to %s of %s, but its Config.uk neither depends on nor selects %s"
                          % (lib, sym, "/".join(sorted(found)), " or ".join(sorted(
                              "LIB" + f.upper().replace("-", "_") for f in found))))
    if args.unused:
        for lib, info in libs.items():
            # An application selects what it wants to have; tests have what their library has.
            if info["kind"] in ("app", "tests"):
                continue
            inc = headers_used(args.build, lib)
            for dep in info["declared"]:
                d = libs.get(dep)
                if d and dep not in used[lib] and not any("/" + dep + "/include/" in h for h in inc):
                    print("%s: declared dependency %s is not used" % (lib, dep))
    if errors:
        sys.exit("\n".join("checkdeps: " + e for e in errors))


main()
