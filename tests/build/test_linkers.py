# SPDX-License-Identifier: BSD-3-Clause
"""Compilers and linkers, with and without link-time optimisation, for each CPU and platform."""
import os
import re
import shutil
import subprocess

import pytest

import whittle

KVM = {"x86_64": "kvm", "arm64": whittle.ARM64, "riscv64": whittle.RISCV64}
PROCESS = {"x86_64": "linuxu", "arm64": "linuxu-arm64", "riscv64": "linuxu-riscv64"}
XEN = [("x86_64", "pvh-dom0"), ("x86_64", "pv-dom0"), ("arm64", "dom0less")]
# What is said to make, and configured. gcc and GNU ld are what all other tests have.
TOOLS = {"clang": (["CC=clang"], ""), "clang-lto": (["CC=clang"], "lto"), "gcc-lto": ([], "lto"),
         "clang-bfd": (["CC=clang", "LD=ld.bfd"], ""), "gcc-lld": (["LD=ld.lld"], "")}
EACH = [pytest.param(cpu, tools, marks=[pytest.mark.slow] * (tools in ("clang-bfd", "gcc-lld") or (cpu, tools) == ("x86_64", "gcc-lto")))
        for tools in TOOLS for cpu in KVM]
pytestmark = pytest.mark.not_smp("one CPU's code and data are what is linked")
HELLO = b"Hello, world!\nargument 1: x\n"


def image(app, plat, tools, configs=""):
    words, more = TOOLS[tools]
    configs = " ".join(filter(None, (configs, more)))
    arch = plat.partition("-")[2] or "x86_64"
    return whittle.image(app, plat, configs=configs, extra=words,
                         out=os.path.join(whittle.OUT, "linkers", "-".join([tools, arch, *configs.split()])))


def by_lld(img):
    with open(img + ".dbg.map") as f:
        return f.readline().split()[:2] == ["VMA", "LMA"]


@pytest.mark.parametrize("cpu,tools", EACH)
def test_hello(cpu, tools):
    """It was linked by whom it should, has no relocations but those that it does itself, and boots."""
    for plat in KVM[cpu], PROCESS[cpu]:
        img = image("helloworld", plat, tools)
        assert by_lld(img) == (tools in ("clang", "clang-lto", "gcc-lld"))
        out = subprocess.run(["readelf", "-rW", img + ".dbg"], check=True, capture_output=True, text=True).stdout
        assert not re.search(r" R_(?!\w+_(RELATIVE|NONE)\b)\w+", out), out
        r = whittle.run(img, "x")
        assert (r.status, r.out, whittle.but_emulator(r.err)) == (0, HELLO, b""), (plat, r)


@pytest.mark.slow
@pytest.mark.parametrize("cpu,tools", [(cpu, tools) for tools in TOOLS for cpu in KVM])
def test_unit_tests(cpu, tools):
    """Those of the whole tree, with the C library."""
    for plat in KVM[cpu], PROCESS[cpu]:
        r = whittle.run(image("unittest", plat, tools), options=["--memory", "64M"] if plat.startswith("kvm") else [], timeout=300)
        assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 300, (plat, r)


@pytest.mark.slow
@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize("cpu,kind", XEN)
def test_hello_on_xen(cpu, kind, tools):
    img = image("helloworld", "xen" if cpu == "x86_64" else "xen-" + cpu, tools, "xen")
    r = whittle.run(img, "x", options=["--xen-type", kind, "--net", "none"], timeout=300)
    assert (r.status, r.out, r.err) == (0, HELLO, b""), r


@pytest.mark.parametrize("tools", ["gcc-lto", "clang-lto"])
def test_kernel_on_riscv64_has_no_floating_point(tools):
    """All of an image is compiled for one kind of CPU with link-time optimisation; who saves floating point does it in assembly."""
    img = image("helloworld", whittle.RISCV64, tools)
    code = subprocess.run(["riscv64-linux-gnu-objdump", "-d", "--no-show-raw-insn", img + ".dbg"], check=True, capture_output=True,
                          text=True).stdout
    found = set()
    for part in code.split("\n\n"):
        name = re.match(r"\s*[0-9a-f]+ <(\S+)>:", part)
        if name and re.search(r"\t(f[a-z]+\.[sd]\S*|fl[wd]|fs[wd])\s", part):
            found.add(name.group(1))
    assert all(re.search("fpu", name) for name in found - {"no_translation"}), found  # which is text


def test_what_fits(tmp_path):
    """Linkers that are none, that are not there, and that the compiler's optimisation does not know."""
    def refusal(*words, path=None):
        folder = "B=%s" % (tmp_path / "-".join(words).replace("/", ""))
        p = whittle.make("APP=helloworld", "O=%s" % tmp_path, folder, *words, check=False, env={"PATH": path} if path else None)
        assert p.returncode != 0, p.stdout
        return p.stdout

    assert "LD=gold: images are linked by ld.lld or by ld.bfd" in refusal("LD=gold")
    assert "link-time optimisation by gcc needs ld.bfd" in refusal("LD=ld.lld", "CONFIGS=lto")
    assert "link-time optimisation by clang needs ld.lld (`support/setup ld.lld` installs it)" in refusal(
        "CC=clang", "LD=ld.bfd", "CONFIGS=lto")
    # The machine's tools, but lld.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make", "python3", "gcc", "clang", "mkdir", "rm", "ld.bfd"):
        (tools / name).symlink_to(shutil.which(name))
    assert "there is no ld.lld in PATH; `support/setup ld.lld` installs it" in refusal("LD=ld.lld", path=str(tools))
    assert "link-time optimisation by clang needs ld.lld" in refusal("CC=clang", "CONFIGS=lto", path=str(tools))


def test_size_by_lld(tmp_path):
    """The report reads lld's map, too: libraries, and all that the file has."""
    words, _ = TOOLS["clang"]
    img = image("helloworld", "kvm", "clang")
    out = whittle.make("APP=helloworld", "O=" + whittle.OUT, "B=" + os.path.dirname(img), "PLAT=kvm", "size", *words)
    row = re.search(r"^all libraries +\d+ +\d+ +(\d+)", out, re.M)
    assert re.search(r"^plat-kvm +\d{4,}", out, re.M) and re.search(r"^ukalloctlsf +\d{3,}", out, re.M), out
    assert 0.9 < int(row.group(1)) / os.path.getsize(img) < 1.01, out
