# SPDX-License-Identifier: BSD-3-Clause
"""The layout of the sources (.clang-format), and what every file starts with."""
import os
import re
import subprocess

import whittle


def files(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], cwd=whittle.ROOT, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return out.split()


def test_layout():
    """C files; headers hold tables that are aligned by hand."""
    p = subprocess.run(["clang-format", "--dry-run", "-Werror", *files("*.c")], cwd=whittle.ROOT,
                       stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0, p.stderr[-3000:]


def test_every_source_names_its_licence():
    missing = [f for f in files("*.c", "*.h", "*.S", "*.py", "*.mk", "*.lds")
               if "SPDX-License-Identifier: BSD-3-Clause" not in open(whittle.ROOT + "/" + f).read(400)]
    assert not missing, missing


def test_options_are_seen_where_they_are_asked_for():
    """A file that tests an option and does not get <uk/config.h> is compiled as if it were off, silently."""
    sources = files("arch", "plat", "lib", "apps")
    text = {f: open(whittle.ROOT + "/" + f, errors="replace").read() for f in sources if f.endswith((".c", ".h", ".S"))}
    path = {}
    for f in text:
        path.setdefault(f.split("/include/")[-1] if "/include/" in f else f, f)

    def reached(f, seen):
        """All that `f` includes, directly or not: names that are not in the tree as they are."""
        for name in re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', text.get(f, ""), re.M):
            beside = os.path.normpath(os.path.join(os.path.dirname(f), name))
            header = beside if beside in text else path.get(name, name)
            if header not in seen:
                seen.add(header)
                reached(header, seen)
        return seen

    blind = [f for f in text if re.search(r"^\s*#\s*(if|elif).*\bCONFIG_", text[f], re.M)
             and "uk/config.h" not in reached(f, set())]
    assert not blind, blind
