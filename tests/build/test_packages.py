# SPDX-License-Identifier: BSD-3-Clause
"""Packages: upstream sources by pin, built once per set of flags, safe to interrupt."""
import glob
import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile

import pytest

import whittle


def archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo("up-1/" + name)
            info.size = len(text)
            info.mode = 0o755 if text.startswith("#!") else 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    with open(path, "rb") as file:
        return "file://" + path, hashlib.sha256(file.read()).hexdigest()


FILES = {
    "include/up.h": "int up(void);\nint unused(void);\n",
    "src/up.c": '#include "up.h"\nint up(void) { return 41; }\n',
    "src/unused.c": '#include "up.h"\nint unused(void) { return 7; }\n',
}
MAIN = "#include <up.h>\nint main(void) { return up(); }\n"


@pytest.fixture
def package(scratch, monkeypatch):
    """A package `up` in the scratch libraries, and an application that calls it."""
    monkeypatch.setenv("WHITTLE_CACHE", os.path.join(scratch.path, "cache"))
    scratch.url, scratch.pin = archive(os.path.join(scratch.path, "up.tar.gz"), FILES)

    def manifest(more="srcs-y := src/up.c src/unused.c\n", pin=None):
        scratch.lib("up", {}, makefile="package := up\nversion := 1\nsource := %s %s\n"
                    "cflags-y := -I$(tree)/include\nheaders := $(tree)/include\n%s" % (
                        scratch.url, pin or scratch.pin, more))
    scratch.manifest = manifest
    scratch.select("LIBUP")
    scratch.write("demo/main.c", MAIN)
    manifest()
    return scratch


BUILD = """
all:
	{pause}
	$(CC) $(CFLAGS) -I$(TREE)/include -c $(TREE)/src/up.c -o up.o
	$(CC) $(CFLAGS) -I$(TREE)/include -c $(TREE)/src/unused.c -o unused.o
	$(AR) rcD libup.a up.o unused.o
"""


def symbols(image):
    return subprocess.run(["nm", image + ".dbg"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def test_sources_of_the_tree(package):
    package.make()
    assert whittle.run(package.image()).status == 41
    assert " up\n" in symbols(package.image())


def test_own_files_beside_upstreams(package):
    package.write("libs/up/glue.c", "int glue(void);\nint glue(void) { return 1; }\n")
    package.manifest("srcs-y := src/up.c glue.c\ncflags-y += -fvisibility=default\n")
    package.write("demo/main.c", "int up(void), glue(void);\nint main(void) { return up() + glue(); }\n")
    package.make()
    assert whittle.run(package.image()).status == 42


def test_wrong_sha256(package):
    package.manifest(pin="0" * 64)
    out = package.fails()
    assert "up.tar.gz" in out and "0" * 64 in out and package.pin in out
    package.manifest()
    package.make()


def test_missing_source_says_where_it_was_sought(package):
    os.unlink(os.path.join(package.path, "up.tar.gz"))
    out = package.fails()
    assert package.url in out and "by hand" in out


def test_patches(package):
    package.write("libs/up/fix.patch", "--- a/src/up.c\n+++ b/src/up.c\n@@ -1,2 +1,2 @@\n"
                  ' #include "up.h"\n-int up(void) { return 41; }\n+int up(void) { return 43; }\n')
    package.manifest("srcs-y := src/up.c\npatches := *.patch\n")
    package.make()
    assert whittle.run(package.image()).status == 43
    # A changed patch is another source.
    path = os.path.join(package.libs, "up/fix.patch")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("43", "44"))
    package.make()
    assert whittle.run(package.image()).status == 44


def test_patch_that_does_not_apply(package):
    package.write("libs/up/fix.patch", "--- a/src/up.c\n+++ b/src/up.c\n@@ -1 +1 @@\n-x\n+y\n")
    package.manifest("srcs-y := src/up.c\npatches := *.patch\n")
    assert "fix.patch: does not apply" in package.fails()


COMPILERS = pytest.mark.parametrize("words", [["CC=gcc"], ["CC=gcc", "CONFIGS=lto"], ["CC=clang"],
                                              ["CC=clang", "CONFIGS=lto"]], ids=" ".join)


@COMPILERS
def test_archive_members_by_need(package, words):
    package.write("libs/up/build.mk", BUILD.format(pause=":"))
    package.manifest("build := build.mk\narchive := libup.a\n")
    package.make(*words)
    assert whittle.run(package.image()).status == 41
    assert " unused\n" not in symbols(package.image())
    # The application's own function comes before the library's.
    package.write("demo/main.c", MAIN + "int unused(void) { return 1; }\n")
    package.make(*words)
    assert whittle.run(package.image()).status == 41
    # Also if it shares a member with something that is needed, which then calls the application's.
    package.url, package.pin = archive(os.path.join(package.path, "up.tar.gz"), dict(
        FILES, **{"src/up.c": "volatile int one = 1;\n__attribute__((noinline)) int also(void) { return one; }\n"
                              "int up(void) { return also() + 41; }\n"}))
    package.manifest("build := build.mk\narchive := libup.a\n")
    package.write("demo/main.c", MAIN + "int also(void) { return 2; }\n")
    package.make(*words)
    assert whittle.run(package.image()).status == 43


@COMPILERS
def test_functions_that_the_compiler_makes_up(package, words):
    """A division becomes a call of an archive's member, and that one calls what nobody else does."""
    package.url, package.pin = archive(os.path.join(package.path, "up.tar.gz"), dict(FILES, **{
        "src/up.c": "int of_the_image(void);\nint up(void) { return 1; }\n"
                    "__int128 __divti3(__int128 a, __int128 b) { return of_the_image(); }\n"}))
    package.write("libs/up/build.mk", BUILD.format(pause=":"))
    package.write("libs/up/own.c", "int of_the_image(void);\nint of_the_image(void) { return 40; }\n")
    package.manifest("build := build.mk\narchive := libup.a\nsrcs-y := own.c\n"
                     "cflags-y += -fvisibility=default\n")
    package.write("demo/main.c", "int main(int n, char **v)\n{\n\tvolatile __int128 a = 100, b = 3;\n"
                  "\treturn (int)(a / b);\n}\n")
    package.make(*words)
    assert whittle.run(package.image()).status == 40


def test_own_files_wait_for_what_upstreams_build_makes(package):
    package.write("libs/up/build.mk", "all:\n\tsleep 1\n\techo '#define FORTY 40' > made.h\n"
                  "\techo 'int up(void) { return 1; }' > made.c\n")
    package.write("libs/up/own.c", "#include <made.h>\nint own(void);\nint own(void) { return FORTY; }\n")
    package.manifest("build := build.mk\nsrcs-y := own.c $(built)/made.c\n"
                     "cflags-y += -fvisibility=default -I$(built)\n")
    package.write("demo/main.c", MAIN.replace("return", "int own(void); return own() +"))
    assert "CC      up/made.c" in package.make("-j8")
    assert whittle.run(package.image()).status == 41


def test_failing_build_shows_its_output(package):
    package.write("libs/up/build.mk", "all:\n\techo upstream is unhappy; exit 1\n")
    package.manifest("build := build.mk\narchive := libup.a\n")
    out = package.fails()
    assert "upstream is unhappy" in out and "up: its build failed" in out


def test_two_applications_share_objects(package):
    assert "CC      up/src/up.c" in package.make()
    os.rename(package.app, os.path.join(package.path, "other"))
    package.app = os.path.join(package.path, "other")
    os.rename(package.app + "/Config.uk", package.app + "/Config.tmp")
    with open(package.app + "/Config.tmp") as file:
        text = file.read().replace("APPDEMO", "APPOTHER")
    with open(package.app + "/Config.uk", "w") as file:
        file.write(text)
    out = package.make()
    assert "PACKAGE" not in out and "CC      up/" not in out
    # Other flags are another copy.
    package.manifest("srcs-y := src/up.c\ncflags-y += -DOTHER\n")
    assert "CC      up/src/up.c" in package.make()
    assert len(glob.glob(package.out + "/packages/up-1-*/done")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_sqlite_with_lto(plat):
    """musl as an archive, everything else in one optimisation."""
    r = whittle.run(whittle.image("sqlite", plat, "lto"),
                    stdin=b"select sum(i * i), printf('%.3f', avg(i)), group_concat(i) from "
                          b"(with recursive t(i) as (select 1 union select i + 1 from t where i < 5) select i from t);")
    assert r.out == b"55|3.000|1,2,3,4,5\n" and r.status == 0, r


def test_compile_commands_has_upstreams_files(package):
    package.make()
    with open(os.path.join(package.out, "demo/compile_commands.json")) as file:
        entries = {os.path.basename(e["file"]): e["command"] for e in json.load(file)}
    assert "main.c" in entries and "-c " in entries["up.c"]


def test_nothing_to_do(package):
    package.make()
    assert "Nothing to be done" in package.make()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_in_the_middle_of_upstreams_build(package, how):
    # The same file both times, so the same key: the second run meets the half-made folder.
    go = os.path.join(package.path, "go")
    package.write("libs/up/build.mk", BUILD.format(
        pause=f"test -e {go} || {{ echo half > up.o; sleep 60; }}"))
    package.manifest("build := build.mk\narchive := libup.a\n")
    make = package.start()
    package.wait_for(make, lambda: glob.glob(package.out + "/packages/up-1-*/build/up.o"), 120)
    package.stop(make, how)
    assert not glob.glob(package.out + "/packages/up-1-*/done")
    open(go, "w").close()
    package.make()
    assert whittle.run(package.image()).status == 41


def test_keys_do_not_depend_on_places(package, tmp_path):
    package.make()
    first = os.listdir(package.out + "/packages")
    package.out = str(tmp_path / "elsewhere")
    package.make()
    assert sorted(first) == sorted(os.listdir(package.out + "/packages"))
