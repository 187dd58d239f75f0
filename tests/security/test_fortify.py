# SPDX-License-Identifier: BSD-3-Clause
"""What the header overlay makes of calls, with either compiler: checked where the size of the buffer is known."""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

import whittle

SOURCE = r"""
#include <stdio.h>
int known(const char *s) { char b[8]; return sprintf(b, "%s=%d", s, 3) + b[0]; }
int known_n(size_t n) { char b[8]; return snprintf(b, n, "%zu", n) + b[0]; }
int unknown(char *b, const char *s) { return sprintf(b, "%s=%d", s, 3) + snprintf(b, 4, "%s", s); }
"""


@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("level", [2, 0])
def test_sprintf(tmp_path, cc, level):
    if not shutil.which(cc):
        pytest.skip("no %s here" % cc)
    folder = os.path.dirname(whittle.image("helloworld-musl", "kvm"))
    entry = next(e for e in json.load(open(os.path.join(folder, "compile_commands.json")))
                 if e["file"].startswith("apps/helloworld-musl"))
    words = shlex.split(entry["command"])[1:]
    include = subprocess.run([cc, "-print-file-name=include"], stdout=subprocess.PIPE, text=True).stdout.strip()
    flags = [w for w in words if re.match("-I.|-isystem.", w)]
    (tmp_path / "t.c").write_text(SOURCE)
    subprocess.run([cc, "-O2", "-Wall", "-Werror", "-nostdinc", *flags, "-isystem", include,
                    *(["-D_FORTIFY_SOURCE=2"] if level else []), "-c", str(tmp_path / "t.c"), "-o",
                    str(tmp_path / "t.o")], check=True, cwd=entry["directory"])
    names = subprocess.run(["nm", "-u", str(tmp_path / "t.o")], stdout=subprocess.PIPE, text=True).stdout.split()
    checked = {"__sprintf_chk", "__uk_fortify_fail"}
    assert checked & set(names) == (checked if level else set()) and {"sprintf", "snprintf"} <= set(names), names
