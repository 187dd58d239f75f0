# SPDX-License-Identifier: BSD-3-Clause
"""The command line: what it does, and what it says when something is wrong."""
import json
import os
import shutil
import subprocess
import time

import pytest

import whittle


def test_readme_example_runs_on_both_platforms(scratch):
    """A folder outside the tree with three files (README.md, "Your own application")."""
    scratch.write("demo/defconfig", "")
    scratch.write("demo/main.c", """\
        #include <stdio.h>
        int main(int argc, char **argv)
        {
        	printf("%d arguments, the last is %s\\n", argc - 1, argv[argc - 1]);
        	return argc;
        }
        """)
    scratch.make()
    for plat in whittle.PLATFORMS:
        r = whittle.run(scratch.image(plat), "a b", "c")
        assert r.out == b"2 arguments, the last is c\n" and r.status == 3, r


def test_nothing_to_do_is_quick(scratch):
    scratch.make()
    start = time.monotonic()
    out = scratch.make()
    took = time.monotonic() - start
    assert "Nothing to be done" in out
    assert took < 5, took  # one second, five times for a busy machine


def test_one_changed_file_rebuilds_what_depends_on_it(scratch):
    scratch.make()
    scratch.write("demo/main.c", "int main(void) { return 3; }\n")
    start = time.monotonic()
    out = scratch.make()
    took = time.monotonic() - start
    assert [l.split()[0] for l in out.splitlines()] == ["CC", "LIB", "LD", "IMAGE"], out
    assert took < 10, took
    assert whittle.run(scratch.image()).status == 3


def test_source_that_is_listed_no_more(scratch):
    scratch.write("demo/main.c", "__attribute__((weak)) int answer(void) { return 3; }\nint main(void) { return answer(); }\n")
    scratch.write("demo/more.c", "int answer(void) { return 4; }\n")
    for srcs, status in ("main.c more.c", 4), ("main.c", 3), ("main.c more.c", 4):
        scratch.write("demo/Makefile.uk", "srcs-y := %s\n" % srcs)
        scratch.make()
        assert whittle.run(scratch.image()).status == status


def test_changed_flags_rebuild(scratch):
    scratch.make()
    assert "CC" in scratch.make("CC=clang")


@pytest.mark.parametrize("configs", ["", "lto"])
def test_clang_builds_it(scratch, configs):
    scratch.write("demo/main.c", "int main(void) { return 5; }\n")
    scratch.make("CC=clang", "CONFIGS=" + configs)
    assert whittle.run(scratch.image()).status == 5


def test_compile_commands(scratch):
    scratch.make()
    entries = json.load(open(os.path.join(scratch.out, "demo/compile_commands.json")))
    assert any(e["file"].endswith("demo/main.c") for e in entries)
    assert any(e["file"].endswith("boot.c") for e in entries)


def copy_of_tree(dst):
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=whittle.ROOT, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split("\n")
    for f in filter(None, files):
        src = os.path.join(whittle.ROOT, f)
        if os.path.exists(src):
            os.makedirs(os.path.dirname(os.path.join(dst, f)), exist_ok=True)
            shutil.copy2(src, os.path.join(dst, f))


@pytest.mark.parametrize("app", ["helloworld"])
def test_reproducible(tmp_path, app):
    """Two clones in different folders, built at different times, give the same bytes."""
    images = {}
    for name in ("one", "a-second-folder"):
        tree = str(tmp_path / name)
        os.makedirs(tree)
        copy_of_tree(tree)
        whittle.make("APP=" + app, cwd=tree)
        for plat in whittle.PLATFORMS:
            with open("%s/build/%s/%s_%s-x86_64" % (tree, app, app, plat), "rb") as f:
                images.setdefault(plat, []).append(f.read())
    for plat, (a, b) in images.items():
        assert a == b, "%s differs" % plat


@pytest.mark.parametrize("words,says", [
    (["APP=nosuch"], "there is no apps/nosuch"),
    (["APP=/no/such/folder"], "Makefile.uk is missing"),
    (["APP=helloworld", "CONFIGS=nosuch"], "support/configs/nosuch.config"),
    (["APP=helloworld", "LIBS=/no/such/folder"], "no Config.uk in /no/such/folder"),
    (["APP=helloworld", "PLAT=vax", "run"], "PLAT=vax"),
    (["APP=helloworld", "CC=nosuchcc"], "CC=nosuchcc"),
    (["APP=helloworld", "why"], "SYM="),
    (["APP=helloworld", "O=/proc/self/no"], "O=/proc/self/no: cannot write there"),
    (["APP=/a b"], "APP=/a b: make cannot deal with spaces"),
    (["APP=helloworld", "O=/a b"], "O=/a b: make cannot deal with spaces"),
], ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_wrong_words(tmp_path, words, says):
    p = whittle.make("O=" + str(tmp_path / "out"), *words, check=False)
    assert p.returncode != 0 and says in p.stdout, p.stdout


def test_run_passes_on_what_it_is_told():
    """The variables of `make run` are support/run's options: the QEMU command shows them."""
    img = whittle.image("udpecho", "kvm")
    where = ["APP=udpecho", "O=" + whittle.OUT, "B=" + os.path.dirname(img), "run", "DRYRUN=1"]
    out = whittle.make(*where, "PORTS=8080:80 5300:53/udp", "PCAP=all.pcap", "PARAMS=log.level=3 netdev.stats=5", "ARGS=10.0.0.2 'a b'",
                       "MEM=64M", "MACHINE=q35", "ACCEL=tcg")
    for words in ("hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5300-:53 ", "file=all.pcap ", "-m 64M ", "-machine q35 ", "-accel tcg ",
                  "-append 'log.level=3 netdev.stats=5 -- 10.0.0.2 \"a b\"' "):
        assert words in out, out
    assert "ifname=t0," in whittle.make(*where, "NET=tap:t0")
    assert "-netdev" not in whittle.make(*where, "NET=none")
    assert "linuxu.tap=t0" in whittle.make(*where, "NET=tap:t0", "PLAT=linuxu")


@pytest.mark.parametrize("goal", ["run", "demo", "debug", "size", "graph", "why", "licenses", "deps"])
def test_every_command_takes_the_image_that_configs_names(tmp_path, goal):
    """CONFIGS= with another CPU: no command builds, starts or looks at this machine's instead."""
    last = whittle.make("-n", "APP=sqlite", "CONFIGS=riscv64", "O=%s" % tmp_path, goal, "SYM=main").splitlines()[-1]
    assert "%s/sqlite-riscv64" % tmp_path in last and "x86_64" not in last, last
    assert os.listdir(tmp_path) == ["sqlite-riscv64"]


def test_path_with_a_space(tmp_path):
    tree = tmp_path / "my clone"
    tree.mkdir()
    shutil.copy(os.path.join(whittle.ROOT, "Makefile"), str(tree))
    p = whittle.make("help", cwd=str(tree), check=False)
    assert p.returncode and "make cannot deal with spaces" in p.stdout and p.stdout.count("\n") == 1, p.stdout


def test_silent_and_dry(scratch):
    """-n starts nothing, -s says nothing, and neither they nor -j1 disturb the jobs of sub-makes."""
    assert "LD" in scratch.make("-n") and not os.path.exists(scratch.image())
    assert scratch.make("-s", "-j1") == ""
    out = whittle.make("APP=" + scratch.app, "O=" + scratch.out + "2", "PLAT=linuxu", "-j1", "run")
    assert "IMAGE" in out and "jobserver" not in out and "warning" not in out, out


def test_unknown_option_names_the_nearest(scratch):
    scratch.write("demo/defconfig", "CONFIG_LIBNOLIBX=y\n")
    out = scratch.fails()
    assert "LIBNOLIBX" in out and "did you mean LIBNOLIBC" in out, out


@pytest.mark.parametrize("selects,says", [
    (["LIBMUSL"], "LIBNOLIBC"),             # besides nolibc, which depends on !LIBMUSL
    (["LIBNOSUCH"], "undefined symbol LIBNOSUCH"),
])
def test_select_that_cannot_be(scratch, selects, says):
    scratch.select(*selects)
    out = scratch.fails()
    assert "kconfig: " in out and says in out and "CC " not in out, out


def test_fragments_that_want_the_same(scratch):
    scratch.make("CONFIGS=smallest lto", "defconfig")


def test_clean_of_an_unknown_application(scratch):
    p = whittle.make("-n", "APP=nosuch", "O=" + scratch.out, "clean", check=False)
    assert p.returncode != 0 and "rm -rf" not in p.stdout, p.stdout


@pytest.mark.parametrize("goal", ["clean", "distclean"])
def test_clean_leaves_the_application(scratch, goal):
    """O= may name the folder that the application is in: build/demo is demo then."""
    p = whittle.make("APP=" + scratch.app, "O=" + scratch.path, goal, check=False)
    assert p.returncode != 0 and "by hand" in p.stdout, p.stdout
    assert sorted(os.listdir(scratch.app)) == ["Config.uk", "Makefile.uk", "defconfig", "main.c"]
    for words in (["O=apps", "APP=helloworld"], *([["O=/"], ["O=."]] if goal == "distclean" else [])):
        assert "rm -rf" not in whittle.make("-n", *words, goal, check=False).stdout
    scratch.make("defconfig")
    scratch.make(goal)
    assert not os.path.exists(os.path.join(scratch.out, "demo"))


def test_menuconfig_without_a_terminal(scratch):
    out = scratch.fails("menuconfig")
    assert "needs a terminal" in out and "Traceback" not in out, out


def test_no_platform(scratch):
    scratch.write("demo/defconfig", "# CONFIG_PLAT_KVM is not set\n# CONFIG_PLAT_LINUXU is not set\n")
    assert "no platform is selected" in scratch.fails()


def test_config_wins_over_contradicting_fragment(scratch):
    scratch.make("defconfig")
    out = scratch.fails("CONFIGS=size")
    assert "wants CONFIG_" in out and "to start over: rm" in out


def test_a_platform_beside_the_default_ones(scratch):
    """It has a folder of its own, whatever was built before; unless the application's configuration has chosen it."""
    image, own = "demo_xen-" + whittle.ARCH, os.path.join(scratch.out, "demo")
    scratch.make("defconfig")
    scratch.make("PLAT=xen")
    assert os.path.exists(os.path.join(scratch.out, "demo-xen", image))
    scratch.make("CONFIGS=xen")
    assert not os.path.exists(os.path.join(own, image))
    config = os.path.join(own, ".config")
    text = open(config).read().replace("# CONFIG_PLAT_XEN is not set", "CONFIG_PLAT_XEN=y")
    with open(config, "w") as f:
        f.write(text)
    scratch.make("PLAT=xen")
    assert os.path.exists(os.path.join(own, image))


def test_manifest_is_asked_for(scratch):
    os.unlink(os.path.join(scratch.app, "Makefile.uk"))
    assert "Makefile.uk is missing" in scratch.fails()


def test_missing_source_is_named(scratch):
    scratch.write("demo/Makefile.uk", "srcs-y := main.c nosuch.c\n")
    assert "demo/Makefile.uk: srcs-y names nosuch.c, which is not in that folder" in scratch.fails()


@pytest.mark.parametrize("app", ["unittest", "helloworld"])
def test_nothing_declared_is_unused(app):
    whittle.image(app, "kvm")
    assert whittle.make("APP=" + app, "O=" + whittle.OUT, "-s", "deps") == ""


def test_reports(scratch):
    scratch.make()
    assert "all libraries" in scratch.make("size")
    assert "uk_boot" in scratch.make("why", "SYM=main")
    assert "BSD-3-Clause" in scratch.make("licenses")
    svg = scratch.make("graph").split()[-1]
    assert open(svg).read().lstrip().startswith("<?xml")


def test_an_application_that_moved(scratch):
    """The same build folder serves on; what it noted of the old place does not end make."""
    scratch.make()
    place = os.path.join(os.path.dirname(scratch.app), "elsewhere")
    os.mkdir(place)
    moved = os.path.join(place, "demo")
    os.rename(scratch.app, moved)
    whittle.make("APP=" + moved, "O=" + scratch.out)
    assert whittle.run(scratch.image()).status == 0


def test_help_and_list():
    assert "make run" in whittle.make("help")
    assert "helloworld" in whittle.make("list-apps").split()
