# SPDX-License-Identifier: BSD-3-Clause
"""A scratch application and scratch libraries outside the tree, to try the build's rules on."""
import contextlib
import os
import subprocess
import textwrap
import time

import pytest

import whittle


class Scratch:
    def __init__(self, path):
        self.path = path
        self.app = os.path.join(path, "demo")
        self.libs = os.path.join(path, "libs")
        self.out = os.path.join(path, "out")
        os.makedirs(self.libs)
        self.write("demo/Config.uk", "config APPDEMO\n\tbool\n\tdefault y\n\tselect LIBNOLIBC\n")
        self.write("demo/Makefile.uk", "srcs-y := main.c\n")
        self.write("demo/main.c", "int main(void)\n{\n\treturn 0;\n}\n")
        # One platform keeps these tests quick; the rules do not depend on it.
        self.write("demo/defconfig", "# CONFIG_PLAT_KVM is not set\n")

    def write(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(textwrap.dedent(text))
        return path

    def select(self, *symbols):
        with open(os.path.join(self.app, "Config.uk"), "a") as f:
            f.write("".join("\tselect %s\n" % s for s in symbols))

    def lib(self, name, files, selects=(), makefile=None):
        """A library outside the tree; headers are the files under include/."""
        sym = "LIB" + name.upper()
        self.write("libs/%s/Config.uk" % name, "config %s\n\tbool \"%s\"\n%s" % (
            sym, name, "".join("\tselect %s\n" % s for s in selects)))
        srcs = " ".join(f for f in files if f.endswith(".c"))
        self.write("libs/%s/Makefile.uk" % name, makefile or "srcs-y := %s\n" % srcs)
        for f, text in files.items():
            self.write("libs/%s/%s" % (name, f), text)

    def make(self, *args, check=True, **kw):
        has_libs = bool(os.listdir(self.libs))
        return whittle.make("APP=" + self.app, "O=" + self.out,
                            *(["LIBS=" + self.libs] if has_libs else []), *args, check=check, **kw)

    def start(self, env=None):
        """make in a process group of its own, to be stopped in the middle."""
        env = {k: v for k, v in (env or os.environ).items() if k not in ("MAKEFLAGS", "MAKELEVEL", "O")}
        has_libs = bool(os.listdir(self.libs))
        return subprocess.Popen(["make", "APP=" + self.app, "O=" + self.out, *(["LIBS=" + self.libs] if has_libs else [])],
                                cwd=whittle.ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

    @staticmethod
    def wait_for(make, there, seconds):
        """Until there() is true, while make runs."""
        deadline = time.monotonic() + seconds
        while not there():
            assert time.monotonic() < deadline and make.poll() is None
            time.sleep(0.05)

    @staticmethod
    def stop(make, how):
        os.killpg(make.pid, how)
        make.wait(150)
        with contextlib.suppress(ProcessLookupError):  # those that make had started may be longer about it
            for _ in range(400):
                os.killpg(make.pid, 0)
                time.sleep(0.05)

    def fails(self, *args, **kw):
        p = self.make(*args, check=False, **kw)
        assert p.returncode != 0, p.stdout
        return p.stdout

    def image(self, plat="linuxu"):
        return os.path.join(self.out, "demo", "demo_%s-x86_64" % plat)


@pytest.fixture
def scratch(tmp_path):
    return Scratch(str(tmp_path))
