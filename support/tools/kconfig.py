#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Kconfig for the build: everything make needs to know about the menu, through kconfiglib.

  kconfig.py --build DIR --app DIR [--libs A:B] [--configs "x y"] COMMAND

COMMAND: generate | menuconfig | guiconfig | olddefconfig | defconfig | savedefconfig

`generate` writes DIR/config.mk and DIR/include/uk/config.h from DIR/.config, which it first makes
from the application's defconfig if there is none. A library is a Config.uk whose folder's name
gives its symbol: lib/mem/ukallocbuddy is LIBUKALLOCBUDDY, apps/nginx APPNGINX, plat/kvm PLAT_KVM,
arch/x86_64 ARCH_X86_64. Its declared dependencies are the libraries that the enabled symbols
of that file depend on or select.
"""
import argparse
import difflib
import os
import re
import sys

try:
    import kconfiglib
except ImportError:
    sys.exit("kconfig: %s cannot import kconfiglib: run `make setup`, or install the package "
             "python3-kconfiglib" % sys.executable)


def fail(msg):
    sys.exit("kconfig: " + msg)


def symbol_of(folder):
    """The Kconfig symbol that a folder's name stands for."""
    parts = folder.split(os.sep)
    name = re.sub(r"[^A-Za-z0-9]", "_", parts[-1]).upper()
    if folder == "plat":
        return "LIBPLAT"
    if parts[0] == "arch":
        return "ARCH_" + name
    if parts[0] == "plat":
        return "PLAT_" + name
    return "LIB" + name


def write_if_changed(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    tmp = path + ".tmp"
    with open(tmp, "w") as f:
        f.write(text)
    os.replace(tmp, path)


class Tree:
    """The Kconfig tree of one application and its build folder."""

    def __init__(self, args):
        self.args = args
        self.dot_config = os.path.join(args.build, ".config")
        self.lib_dirs = [d for d in args.libs.split(":") if d]
        self.external = os.path.join(args.build, "Config.external")
        sources = []
        for d in self.lib_dirs:
            for sub in [d] + sorted(e.path for e in os.scandir(d) if e.is_dir()):
                if os.path.exists(os.path.join(sub, "Config.uk")):
                    sources.append(sub)
        self.external_dirs = sources
        write_if_changed(self.external, "".join(
            'source "%s/Config.uk"\n' % os.path.abspath(d) for d in sources))
        os.environ["UK_APP"] = os.path.basename(args.app)
        os.environ["UK_APP_DIR"] = args.app
        os.environ["UK_EXTERNAL"] = self.external
        os.environ["KCONFIG_CONFIG"] = self.dot_config
        os.environ["CONFIG_"] = "CONFIG_"
        os.environ["KCONFIG_WARN_UNDEF"] = "y"  # a symbol that is named but defined nowhere
        try:
            self.kconf = kconfiglib.Kconfig("Config.uk", warn_to_stderr=False)
        except kconfiglib.KconfigError as e:
            fail(str(e).strip())
        self.kconf.warn_assign_undef = True
        self.kconf.warn_assign_redun = False  # two fragments may want the same
        self.check_warnings("")

    def check_warnings(self, what):
        """Any warning of Kconfig is an error; for an unknown option, name the nearest known one."""
        if not self.kconf.warnings:
            return
        lines = []
        for w in self.kconf.warnings:
            lines.append(w.replace("warning: ", ""))
            m = re.search(r"undefined symbol (\w+)", w)
            if m:
                known = [s.name for s in self.kconf.unique_defined_syms]
                near = difflib.get_close_matches(m.group(1), known, 1, 0.5)
                if near:
                    lines[-1] += "; did you mean %s?" % near[0]
        fail(what + "\n".join(lines))

    def defconfig_files(self):
        base = os.path.join(self.args.app, "defconfig")
        files = [base] if os.path.exists(base) else []
        return files + ["support/configs/%s.config" % c for c in self.args.configs.split()]

    def load_defconfig(self):
        for f in self.defconfig_files():
            self.kconf.load_config(f, replace=False)
        self.check_warnings("")
        self.check_contradiction(lambda sym: "which it cannot have with the rest: " + (
            "others select it" if sym.rev_dep is not self.kconf.n and sym.str_value == "y" else
            "it depends on " + kconfiglib.expr_str(sym.direct_dep)))

    def load(self):
        """The .config, or if there is none yet the defconfig and the fragments."""
        if not os.path.exists(self.dot_config):
            self.load_defconfig()
            return
        self.kconf.load_config(self.dot_config)
        self.check_warnings("%s: edit it, or start over with `rm %s`\n"
                            % (self.dot_config, self.dot_config))
        self.check_contradiction(lambda sym: "but %s has %s; to start over: rm %s" % (
            self.dot_config, sym.str_value or "n", self.dot_config))

    def check_contradiction(self, why):
        """Once a .config exists it wins, and some options rule out others: what CONFIGS= says must
        not be ignored then. `why` completes the sentence for a symbol."""
        for c in self.args.configs.split():
            path = "support/configs/%s.config" % c
            for line in open(path):
                m = re.match(r"CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set", line.strip())
                if not m:
                    continue
                name, want = (m.group(1), m.group(2)) if m.group(1) else (m.group(3), "n")
                sym = self.kconf.syms.get(name)
                if sym is not None and sym.str_value != want.strip('"'):
                    fail("CONFIGS=%s: %s wants CONFIG_%s=%s, %s" % (
                        self.args.configs, path, name, want, why(sym)))

    def save(self):
        """Write .config if its content changed: make compares times."""
        head = "# Configuration of %s; see `make APP=%s menuconfig`.\n" % (
            os.path.basename(self.args.app), os.path.basename(self.args.app))
        tmp = self.dot_config + ".new"
        self.kconf.write_config(tmp, header=head, save_old=False)
        with open(tmp) as f:
            text = f.read()
        os.unlink(tmp)
        write_if_changed(self.dot_config, text)

    # ---- libraries -----------------------------------------------------------------------

    def folders(self):
        """Folder of every Config.uk in the tree that may be a library, with its symbol's name."""
        found = {}
        for path in self.kconf.kconfig_filenames:
            if os.path.basename(path) != "Config.uk":
                continue
            d = os.path.dirname(path)
            if d in ("", "arch"):
                continue
            if os.path.abspath(d) == os.path.abspath(self.args.app):
                found[self.args.app] = "APP" + re.sub(
                    r"[^A-Za-z0-9]", "_", os.path.basename(d)).upper()
            elif os.path.abspath(d) in map(os.path.abspath, self.external_dirs):
                found[d] = "LIB" + re.sub(r"[^A-Za-z0-9]", "_", os.path.basename(d)).upper()
            else:
                found[d] = symbol_of(d)
        return found

    def enabled_libraries(self):
        """Ordered list of (name, kind, folder, symbol) of what is in this configuration."""
        libs = []
        for d, name in self.folders().items():
            sym = self.kconf.syms.get(name)
            if sym is None or not sym.nodes:
                fail("%s/Config.uk does not define %s, the symbol that its folder's name stands for"
                     % (d, name))
            if sym.type != kconfiglib.BOOL:
                fail("%s/Config.uk: %s must be a bool" % (d, name))
            kind = ("app" if d == self.args.app else
                    "plat" if name.startswith("PLAT_") else
                    "arch" if name.startswith("ARCH_") else "lib")
            base = os.path.basename(d)
            lname = {"app": "app-" + base, "plat": "plat-" + base, "arch": "arch-" + base}.get(kind, base)
            if sym.tri_value == 2:
                libs.append((lname, kind, d, name))
            elif kind == "app":
                fail("%s/Config.uk: %s is not enabled; a missing dependency? It depends on %s" % (
                    d, name, kconfiglib.expr_str(sym.direct_dep)))
        return libs

    def dependencies(self, libs):
        """Declared dependencies: per library the libraries that its enabled symbols name."""
        by_symbol = {s: n for n, _, _, s in libs}
        by_file = {os.path.abspath(os.path.join(d, "Config.uk")): n for n, _, d, _ in libs}
        deps = {n: [] for n, _, _, _ in libs}

        def named(expr, out):
            if isinstance(expr, tuple):
                if expr[0] != kconfiglib.NOT:
                    for e in expr[1:]:
                        named(e, out)
            elif isinstance(expr, kconfiglib.Symbol):
                out.append(expr.name)

        for sym in self.kconf.unique_defined_syms:
            if sym.type == kconfiglib.BOOL and sym.tri_value != 2:
                continue
            for node in sym.nodes:
                owner = by_file.get(os.path.abspath(node.filename))
                if owner is None:
                    continue
                names = []
                named(node.dep, names)
                for target, cond in [(t, c) for t, c, *_ in node.selects]:
                    if kconfiglib.expr_value(cond):
                        names.append(target.name)
                for n in names:
                    dep = by_symbol.get(n)
                    if dep and dep != owner and dep not in deps[owner]:
                        deps[owner].append(dep)
        return deps

    # ---- output --------------------------------------------------------------------------

    def generate(self):
        self.load()
        libs = self.enabled_libraries()
        plats = [d for _, k, d, _ in libs if k == "plat"]
        if not plats:
            fail("no platform is selected: choose at least one under `Platforms` in `make APP=%s "
                 "menuconfig` (now in %s)" % (self.args.app_arg, self.dot_config))
        archs = [n for n, k, _, _ in libs if k == "arch"]
        deps = self.dependencies(libs)
        mk = ["# Made by support/tools/kconfig.py; do not edit.", "uk-configured := y"]
        for sym in sorted(self.kconf.unique_defined_syms, key=lambda s: s.name):
            value = sym.str_value
            if sym.type in (kconfiglib.BOOL, kconfiglib.TRISTATE):
                if value == "y":
                    mk.append("CONFIG_%s := y" % sym.name)
            else:
                mk.append("CONFIG_%s := %s" % (sym.name, value.replace("$", "$$").replace("#", "\\#")))
        self.check_warnings("")  # those that values bring: a select against a `depends on`
        mk.append("uk-arch := " + archs[0][len("arch-"):])
        mk.append("uk-plats := " + " ".join(os.path.basename(d) for d in plats))
        mk.append("uk-libs := " + " ".join(n for n, _, _, _ in libs))
        for n, kind, d, sym in libs:
            mk.append("lib-kind-%s := %s" % (n, kind))
            mk.append("lib-sym-%s := %s" % (n, sym))
            mk.append("lib-dir-%s := %s" % (n, d))
            mk.append("lib-deps-%s := %s" % (n, " ".join(deps[n])))
        self.save()
        header = os.path.join(self.args.build, "include/uk/config.h")
        tmp = header + ".new"
        os.makedirs(os.path.dirname(header), exist_ok=True)
        self.kconf.write_autoconf(tmp, header="/* Made from .config; do not edit. */\n")
        with open(tmp) as f:
            text = f.read()
        os.unlink(tmp)
        write_if_changed(header, text)
        # Last, and always touched: this is the file whose time make compares.
        with open(os.path.join(self.args.build, "config.mk.tmp"), "w") as f:
            f.write("\n".join(mk) + "\n")
        os.replace(os.path.join(self.args.build, "config.mk.tmp"),
                   os.path.join(self.args.build, "config.mk"))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--app", required=True)
    ap.add_argument("--libs", default="")
    ap.add_argument("--configs", default="")
    ap.add_argument("command")
    args = ap.parse_args()
    args.app_arg = os.path.basename(args.app) if args.app.startswith("apps/") else args.app
    os.makedirs(args.build, exist_ok=True)
    tree = Tree(args)
    if args.command == "generate":
        tree.generate()
        return
    if args.command == "defconfig":
        tree.load_defconfig()
        tree.save()
        return
    tree.load()
    tree.save()
    if args.command == "menuconfig":
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            fail("menuconfig needs a terminal; without one, edit " + tree.dot_config)
        import menuconfig
        menuconfig.menuconfig(tree.kconf)
    elif args.command == "guiconfig":
        import guiconfig
        guiconfig.menuconfig(tree.kconf)
    elif args.command == "savedefconfig":
        path = os.path.join(args.app, "defconfig")
        tree.kconf.write_min_config(path, header="")
        print("kconfig: wrote " + path)
    elif args.command != "olddefconfig":
        fail("unknown command " + args.command)


main()
