# SPDX-License-Identifier: BSD-3-Clause
"""Packages that keep upstream's own build: the compiler that it is given (support/build/upstream.mk, support/tools/ukcc.py)."""
import glob
import os
import shutil
import subprocess

import pytest
import whittle
from test_packages import archive

CONFIGURE = """#!/bin/sh
# What autoconf's scripts do: ask for the cache, for the compiler, run a program, look for functions and libraries.
set -e
fork=unknown
. "$CONFIG_SITE" && fork=$ac_cv_func_fork
cat >conftest.c <<'END'
#include <math.h>
#include <stdio.h>
#include <features.h>
#ifdef __GLIBC__
#error the build machine's headers
#endif
int main(int argc, char **argv) { puts("ran"); return sqrt(argc + 3.0) != 2; }
END
$CC -o conftest conftest.c -lm -lpthread
test "$(./conftest)" = ran
echo 'int nowhere(void); int main(void) { return nowhere(); }' >conftest.c
if $CC -o conftest conftest.c 2>/dev/null; then echo "a function that is not there was found" >&2; exit 1; fi
rm -f conftest*
for a; do case $a in --with-answer=*) answer=${a#*=} ;; esac; done
{ echo "#define ANSWER $answer"; echo "#define FORK \\"$fork\\""; } >config.h
echo "configured with $CC"
"""
# The rules that every make has; a program that runs while it is built; an archive; two programs.
MAKEFILE = """
CFLAGS = -O3 -flto -Werror
all: one two
one: one.o libcommon.a
	$(CC) -o $@ one.o libcommon.a -lm
two: two.o libcommon.a
	$(CC) -o $@ two.o -L. -lcommon
libcommon.a: common.o
	$(AR) rc $@ common.o
	$(RANLIB) $@
table.h: gen
	./gen >$@
gen: gen.o
	$(CC) -o $@ gen.o
common.o: table.h
"""
TREE = {
    "configure": CONFIGURE,
    "Makefile": MAKEFILE,
    "gen.c": '#include <stdio.h>\nint main(void) { puts("#define TABLE { 3, 4 }"); return 0; }\n',
    "common.c": '#include "table.h"\nint table[] = TABLE;\nint unused_common(void) { return 9; }\n',
    "one.c": '#include <stdio.h>\n#include <unistd.h>\n#include "config.h"\nextern int table[];\n'
             'int main(void) { int unused; printf("one %d %s %d\\n", ANSWER, FORK, table[1]); return 0; }\n',
    "two.c": '#include <stdio.h>\nextern int table[];\nint main(void) { printf("two %d\\n", table[0]); return 2; }\n',
}


@pytest.fixture
def upstream(scratch, monkeypatch):
    """An application that is a package with its own build; call it with the tree and the manifest's last lines."""
    monkeypatch.setenv("WHITTLE_CACHE", os.path.join(scratch.path, "cache"))
    # The C library takes a minute to build, and these tests ask nothing about that.
    scratch.out = os.path.join(whittle.OUT, "test-upstream", os.path.basename(scratch.path))
    scratch.write("demo/Config.uk", "config APPDEMO\n\tbool\n\tdefault y\n\tselect LIBMUSL\n")
    shutil.rmtree(scratch.out, ignore_errors=True)  # an earlier run's
    os.makedirs(scratch.out)
    shared = os.path.join(whittle.OUT, "packages")
    os.makedirs(shared, exist_ok=True)
    os.symlink(shared, os.path.join(scratch.out, "packages"))

    def package(tree, more):
        url, pin = archive(os.path.join(scratch.path, "up.tar.gz"), tree)
        scratch.write("demo/Makefile.uk", "package := up\nversion := 1\nsource := %s %s\n%s" % (url, pin, more))
        return scratch
    scratch.package = package
    return scratch


def built(scratch):
    scratch.make()
    return whittle.run(scratch.image())


@pytest.mark.parametrize("program, out, status", [("one", b"one 42 no 4\n", 0), ("two", b"two 3\n", 2)])
def test_configure_and_make(upstream, program, out, status):
    upstream.package(TREE, "configure := --with-answer=42\nprogram := %s\n" % program)
    r = built(upstream)
    assert (r.status, r.out, r.err) == (status, out, b""), r


def test_back_to_an_earlier_build(upstream):
    """It is there still, and older than the image that was linked since."""
    upstream.package(TREE, "configure := --with-answer=42\nprogram := one\n")
    with open(os.path.join(upstream.app, "Makefile.uk")) as file:
        text = file.read()
    for answer in "42", "7", "42":
        upstream.write("demo/Makefile.uk", text.replace("answer=42", "answer=" + answer))
        assert built(upstream).out.startswith(b"one %s " % answer.encode())


@pytest.mark.slow
@pytest.mark.parametrize("arch,words", [("riscv64", []), ("riscv64", ["CC=clang"]), ("arm64", []), ("arm64", ["CC=clang"])])
def test_programs_that_the_build_runs(upstream, arch, words):
    """For another CPU, under an emulator: with canaries, that the image has at a place which such a program does not have."""
    gen = '#include <stdio.h>\nint main(void) { char word[99]; snprintf(word, 99, "#define TABLE { 3, 4 }"); puts(word); return 0; }\n'
    tree = {name: text for name, text in TREE.items() if name not in ("configure", "one.c")}
    upstream.write("demo/defconfig", "CONFIG_PLAT_KVM=y\n")
    upstream.package(dict(tree, **{"gen.c": gen}), "make-args := two\nprogram := two\n")
    upstream.make("CONFIGS=" + arch, *words)
    r = whittle.run(os.path.join(upstream.out, "demo-" + arch, "demo_kvm-" + arch))
    assert (r.status, r.out) == (2, b"two 3\n"), r


def test_what_nobody_asks_for_is_left_out(upstream):
    upstream.package(TREE, "configure := --with-answer=1\nprogram := one\n")
    upstream.make()
    names = subprocess.run(["nm", upstream.image() + ".dbg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert " table\n" in names and "unused_common" not in names


def test_only_make(upstream):
    tree = {name: text for name, text in TREE.items() if name not in ("configure", "one.c")}
    upstream.package(tree, "make-args := two\nprogram := two\n")
    assert built(upstream).out == b"two 3\n"


CMAKE = {
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.10)
project(up C)
include(CheckFunctionExists)
include(CheckCSourceRuns)
check_function_exists(nowhere HAVE_NOWHERE)
check_function_exists(strchrnul HAVE_STRCHRNUL)
check_c_source_runs("int main(void) { return 0; }" RUNS)
find_package(ZLIB)
add_library(part part.c)
add_executable(up main.c)
target_compile_definitions(up PRIVATE NOWHERE="${HAVE_NOWHERE}" RUNS="${RUNS}" ZLIB="${ZLIB_FOUND}" EXTRA=${EXTRA})
target_link_libraries(up part m)
""",
    "part.c": "int part(void) { return 6; }\n",
    "main.c": '#include <stdio.h>\nint part(void);\n'
              'int main(void) { printf("%s,%s,%s,%d\\n", NOWHERE, RUNS, ZLIB, part() * EXTRA); return 0; }\n',
}


@pytest.mark.parametrize("more", ["", "cmake := -DEXTRA=7\n"], ids=["found", "told"])
def test_cmake(upstream, more):
    tree = CMAKE if more else {**CMAKE, "CMakeLists.txt": "set(EXTRA 7)\n" + CMAKE["CMakeLists.txt"]}
    upstream.package(tree, more + "program := up\n")
    assert built(upstream).out == b",1,FALSE,42\n"


def test_libtool(upstream):
    upstream.package({
        "Makefile": """
LIBTOOL = libtool --quiet --tag=CC
up: main.o libpart.la
	$(LIBTOOL) --mode=link $(CC) -o $@ main.o libpart.la
libpart.la: part.lo
	$(LIBTOOL) --mode=link $(CC) -static -o $@ part.lo -lm
%.lo: %.c
	$(LIBTOOL) --mode=compile $(CC) -c -o $@ $<
""",
        "part.c": "#include <math.h>\ndouble part(double x) { return floor(x); }\n",
        "main.c": '#include <stdio.h>\ndouble part(double);\nint main(int c, char **v) { printf("%g\\n", part(c + 2.5)); return 0; }\n',
    }, "program := up\n")
    assert built(upstream).out == b"3\n"


def test_package_that_uses_another(upstream):
    """Header and archive of a library are found without a word, and the image has it once."""
    upstream.select("LIBZLIB")
    upstream.package({
        "Makefile": "up: up.o\n\t$(CC) -o $@ $< -lz\n\t./up\n",
        "up.c": '#include <stdio.h>\n#include <zlib.h>\nint main(void) { printf("%lx\\n", crc32(0, (void *)"abc", 3)); return 0; }\n',
    }, "program := up\n")
    assert built(upstream).out == b"352441c2\n"
    names = subprocess.run(["nm", upstream.image() + ".dbg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert names.count(" crc32\n") == 1 and " deflate\n" not in names


def test_shared_library_is_refused(upstream):
    upstream.package({"Makefile": "libup.so: up.o\n\t$(CC) -shared -o $@ $<\n", "up.c": "int up;\n"}, "program := up\n")
    assert "-shared: an image has no shared libraries" in upstream.fails()


def test_library_that_no_package_brings(upstream):
    upstream.package({"Makefile": "up: up.o\n\t$(CC) -o $@ $< -lssl\n", "up.c": "int main(void) { return 0; }\n"},
                     "program := up\n")
    assert "cannot find -lssl: an image has what its packages bring" in upstream.fails()


def test_program_that_the_build_does_not_make(upstream):
    upstream.package({"Makefile": "up: up.o\n\t$(CC) -o $@ $<\n", "up.c": "int main(void) { return 0; }\n"}, "program := upp\n")
    out = upstream.fails()
    assert "demo: its build made no program upp; it made: up" in out, out


def test_small_c_library_is_refused(upstream):
    upstream.write("demo/Config.uk", "config APPDEMO\n\tbool\n\tdefault y\n\tselect LIBNOLIBC\n")
    upstream.package(TREE, "program := one\n")
    assert "its Config.uk selects LIBMUSL" in upstream.fails()


def test_same_bytes_wherever_it_is_built(upstream, tmp_path):
    """No place, date or commit ends up in the program."""
    upstream.package({
        "Makefile": "up: up.o\n\t$(CC) -o $@ $<\nup.o: stamp.h\nstamp.h:\n"
                    "\techo \"#define STAMP \\\"$$(date -u -d @$$SOURCE_DATE_EPOCH) $$(git rev-parse HEAD 2>/dev/null)\\\"\" >$@\n",
        "up.c": '#include <assert.h>\n#include <stdio.h>\n#include "stamp.h"\n'
                'int main(int c, char **v) { assert(c < 9); puts(STAMP __FILE__); return 0; }\n',
    }, "program := up\n")
    r = built(upstream)
    assert r.out == b"Wed Jan  1 00:00:00 UTC 2020 up.c\n"
    objects = [open(o, "rb").read() for o in glob.glob(os.path.join(upstream.out, "packages/up-1-*/build/up.uk.o"))]
    objects = [o for o in objects if b"Wed Jan" in o]
    assert objects and not any(upstream.path.encode() in o or whittle.ROOT.encode() in o for o in objects)
