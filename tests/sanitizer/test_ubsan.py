# SPDX-License-Identifier: BSD-3-Clause
"""UBSan as a user has it: a program's mistakes are reported, or stop it; without it nothing is."""
import re

import pytest

import sanitized
import whittle

# What is reported of each.
TEXT = {
    "overflow": r"signed integer overflow: 2147483647 \+ 1 does not fit into 'int'",
    "shift": "shift by 40, but 'int' has 32 bits",
    "array-index": r"index 40 is outside of 'int ?\[4\]'",
    "array-length": "an array of 0 elements",
    "misaligned": "misaligned pointer: load from 'long( int)?' at 0x[0-9a-f]+, which needs 8 bytes",
    "boolean": "7 is no value of '_?[bB]ool'",
    "null-argument": "null pointer as argument 2, which must not be one",
    "float-cast": r"a floating-point number, about 2\^99, does not fit into 'int'",
}


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
@sanitized.COMPILERS
def test_report(plat, mistake, compiler, configs="ubsan"):
    r = sanitized.mistake(plat, configs, mistake, compiler=compiler)
    if compiler == "clang" and mistake == "null-argument":
        # It goes by attributes in headers only, and musl's have none.
        assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r
        return
    assert (r.status, r.out) == (0, b"alive\n"), r
    line = r.err.decode()
    assert re.fullmatch(r"\[whittle\] ukubsan: error: \S*mistakes/undefined\.c:\d+:\d+: undefined behaviour: %s "
                        r"\(thread `main`\)\n" % TEXT[mistake], line), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_stop(plat):
    r = sanitized.mistake(plat, "ubsan", "shift", "--param", "ubsan.stop=1")
    assert r.status not in (0, 1) and b"alive" not in r.out, r
    assert b"shift by 40" in r.err and b"undefined.c" in r.err, r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
def test_trap(plat, mistake):
    r = sanitized.mistake(plat, "ubsan-trap", mistake)
    assert r.status not in (0, 1) and b"alive" not in r.out, r
    # The function as the .dbg file knows it.
    assert re.search(rb"undefined behaviour at image\+0x[0-9a-f]+ in thread `main`  %s \("
                     % mistake.replace("-", "_").encode(), r.err), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
def test_without(plat, mistake):
    r = sanitized.mistake(plat, "", mistake)
    assert (r.status, r.out, r.err) == (0, b"alive\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_unit_tests(plat):
    sanitized.unit_tests(plat, "ubsan", b"undefined behaviour")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("mistake", TEXT)
@sanitized.COMPILERS
def test_the_c_library_too(plat, mistake, compiler):
    """Of musl, as far as this program runs it, there is nothing to say."""
    test_report(plat, mistake, compiler, "ubsan-libc")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["ubsan-trap", "ubsan-libc", "ubsan prio buddy spaces", "ubsan slab mimalloc"])
def test_unit_tests_otherwise(plat, configs):
    sanitized.unit_tests(plat, configs, b"undefined behaviour")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["ubsan", "ubsan-trap"])
def test_unit_tests_by_clang(plat, configs):
    sanitized.unit_tests(plat, configs, b"undefined behaviour", "clang")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["ubsan", "ubsan-trap", "ubsan-libc"])
def test_sqlite(plat, configs):
    sanitized.sqlite(plat, configs)


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["ubsan", "ubsan-libc"])
def test_c_library_tests(plat, configs):
    sanitized.libctest(plat, configs, b"undefined behaviour")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_speedtest1(plat):
    sanitized.speedtest1(plat, "ubsan")


@pytest.mark.parametrize("configs", ["lto ubsan", "lto kasan"])
def test_not_with_link_time_optimisation(tmp_path, configs):
    """Refused, and the reason is said."""
    words = ["APP=helloworld", "B=" + str(tmp_path / "b"), "CONFIGS=" + configs]
    whittle.make(*words, "defconfig", check=False)
    p = whittle.make(*words, check=False)
    assert p.returncode and re.search("it depends on .*!LTO", p.stdout), p.stdout
