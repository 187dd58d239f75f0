# SPDX-License-Identifier: BSD-3-Clause
"""Processes for other CPUs than this machine's, which run in qemu-user. test_linuxu.py has what they do as they do here."""
import contextlib
import importlib.util
import os
import re
import socket
import subprocess
import time

import pytest

import whittle
from netns import Guest, free_port

pytestmark = pytest.mark.not_smp("with a number of CPUs of its own")
FOLDER = os.path.join(whittle.ROOT, "tests/linuxu")
KERNEL, TOUCH = (os.path.join(whittle.ROOT, "tests/virt", name) for name in ("kernel", "touch"))
EACH_CPU = pytest.mark.parametrize("plat", whittle.FOREIGN)
ONE_OR_MORE = pytest.mark.parametrize("cpus", [1, 2, 4])


def several(cpus):
    """What an image is built with, and started with, for that number of CPUs."""
    return ("", []) if cpus == 1 else ("smp", ["--smp", str(cpus)])


def run(app, plat, *args, configs="", **kw):
    r = whittle.run(whittle.image(app, plat, configs=configs), *args, **kw)
    r.err = whittle.but_emulator(r.err)
    return r


@EACH_CPU
def test_hello(plat):
    r = run("helloworld", plat, "one", "two words")
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\nargument 1: one\nargument 2: two words\n", b""), r


@EACH_CPU
def test_exit_status(plat):
    for status in 0, 1, 42, 255:
        assert run(os.path.join(whittle.ROOT, "tests/boot/exitstatus"), plat, str(status)).status == status


@EACH_CPU
def test_unknown_parameter(plat):
    r = run("helloworld", plat, options=["--param", "log.levle=3"])
    assert r.status == 1 and b"log.level" in r.err and r.out == b"", r


@EACH_CPU
def test_no_filter_of_system_calls(plat):
    """qemu-user has none, so the image says so, or does not run if it must have it."""
    img = whittle.image("helloworld", plat)
    assert b"the host has no seccomp filter" in whittle.run(img).err
    r = whittle.run(img, options=["--param", "linuxu.seccomp_required=y"])
    assert r.status not in (0, 134) and b"seccomp_required" in r.err and r.out == b"", r


@EACH_CPU
def test_emulator_is_named(plat):
    """By --dry-run; and if it is not there."""
    img = whittle.image("helloworld", plat)
    words = ["/usr/bin/python3", os.path.join(whittle.ROOT, "support/run"), img, "--dry-run"]
    out = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout
    assert out.split()[:2] == [whittle.FOREIGN[plat], img]
    p = subprocess.run(words[:3], stderr=subprocess.PIPE, text=True, timeout=60, env=dict(os.environ, PATH="/nonexistent"))
    assert p.returncode == 2 and whittle.FOREIGN[plat] in p.stderr and "package qemu-user" in p.stderr, p


@EACH_CPU
def test_memory_is_what_was_asked_for(plat):
    """W^X, and a guard below the stack. (What is executed as data is riscv64's return; what is no code is not executed anyway.)"""
    for how, words in (("code", b"write to"), ("constant", b"write to"), ("data", b"execution at"), ("stack", b"stack overflow"),
                       ("low", b"null pointer")):
        r = run(TOUCH, plat, how)
        assert r.status == 134 and words in r.err and b"main.c:" in r.err, (how, r)


@EACH_CPU
def test_what_an_instruction_does_to_memory(plat):
    """The host does not tell whether a fault was a read or a write; the image looks at the instruction."""
    app = os.path.join(FOLDER, "access")
    cases = [line.split() for line in run(app, plat, "names").out.decode().splitlines()]
    assert len(cases) > 15 and {how for how, _ in cases} == {"r", "w"}
    for how, name in cases:
        r = run(app, plat, name)
        said = re.search(rb"CRASH: page fault in thread `main`: (read|write) .*(0xfff|0x10000)", r.err)
        assert r.status == 134 and said and said[1] == {"r": b"read", "w": b"write"}[how], (name, r)


@EACH_CPU
def test_random_place_of_memory(plat):
    seen = {run(TOUCH, plat, "where").out.split()[1] for _ in range(4)}
    assert len(seen) > 2, seen


@EACH_CPU
def test_kernel_unit_tests_pass(plat):
    r = run(KERNEL, plat, timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 100, r


@EACH_CPU
def test_c_library(plat):
    r = run("helloworld-musl", plat, "x", options=["--param", "env.vars=[ A=1 ]"])
    assert (r.status, r.out, r.err) == (0, b"Hello, world! 3.142 is pi.\nargument 1: x\nenvironment: A=1\n", b""), r


@pytest.mark.slow
@EACH_CPU
@ONE_OR_MORE
def test_all_unit_tests_pass(plat, cpus):
    configs, options = several(cpus)
    r = run("unittest", plat, configs=configs, options=options, timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 300, r


@pytest.mark.slow
@EACH_CPU
@ONE_OR_MORE
def test_all_of_the_c_library(plat, cpus):
    configs, options = several(cpus)
    r = run("libctest", plat, configs=configs, options=options, timeout=300)
    assert r.status == 0 and b"not ok" not in r.out and r.out.count(b"\n    ok ") > 100, r


@pytest.mark.slow
@EACH_CPU
@ONE_OR_MORE
def test_threads(plat, cpus):
    configs, options = several(cpus)
    r = run("pthread-stress", plat, configs=configs, options=options, timeout=300)
    assert r.status == 0 and r.out.endswith(b"all is well\n"), r


@pytest.mark.slow
@EACH_CPU
def test_sqlite(plat, tmp_path):
    (tmp_path / "in.sql").write_text("create table t(a, b); insert into t values (1, 'x'), (2, 'y');")
    r = run("sqlite", plat, "/some.db", options=["--root", str(tmp_path)],
            stdin=b".read /in.sql\nselect sum(a), 1 / 3.0 from t;\npragma integrity_check;\n")
    assert (r.status, r.out, r.err) == (0, b"3|0.333333333333333\nok\n", b""), r


@EACH_CPU
def test_gdb(plat):
    """Breakpoints by name, from the first instruction on."""
    img = whittle.image("helloworld", plat)
    p = subprocess.run([os.path.join(whittle.ROOT, "support/run"), img, "--gdb", "--", "one"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       input=b"break main\ncontinue\nbacktrace\nprint argv[1]\nkill\n", timeout=120)
    assert re.search(rb"Breakpoint 1, main \(argc=2.*#0 +main \(argc=2.*\"one\"", p.stdout, re.S), p.stdout.decode()


@EACH_CPU
def test_core_file(plat, tmp_path):
    core = str(tmp_path / "core")
    img = whittle.image(TOUCH, plat)
    r = whittle.run(img, "constant", options=["--core", core])
    assert r.status == 134 and b"core file" in r.err, r
    p = subprocess.run(["gdb-multiarch", "-q", "-batch", "-nx", img + ".dbg", core, "-ex", "backtrace"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=120, cwd=whittle.ROOT)
    assert "terminated with signal SIGSEGV" in p.stdout and re.search(r"#0 +main \(.*main\.c:\d", p.stdout, re.S), p.stdout


@pytest.mark.parametrize("plat,addresses", [("linuxu-arm64", "0x4000000000"), ("linuxu-riscv64", "0x1000000000")])
def test_host_with_few_addresses(plat, addresses):
    """As on arm64 with 39 bits; riscv64's map has these."""
    p = subprocess.run([whittle.FOREIGN[plat], "-R", addresses, whittle.image("helloworld", plat)], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == 1 and b"too few addresses" in p.stderr and p.stdout == b"", p


@EACH_CPU
def test_kernel_unit_tests_pass_on_several_cpus(plat):
    """This CPU's data is in a register that no other code writes to; a thread that is preempted goes on on another CPU."""
    r = run(KERNEL, plat, configs="smp", options=["--smp", "3"], timeout=300)
    assert r.status == 0 and b"not ok" not in r.out, r
    assert re.search(rb"^ok \d+ ukvmem_cpus", r.out, re.M), r  # skipped where there is one CPU


def test_nobody_else_has_the_register_of_this_cpu():
    """On arm64 that is x18, which other code may think to be free: the link says whose."""
    app = os.path.join(FOLDER, "platform-register")
    p = whittle.make("APP=" + app, "O=" + whittle.OUT, "B=" + os.path.join(whittle.OUT, "test-platform-register"), "CONFIGS=arm64 smp", check=False)
    assert p.returncode and re.search(r"^add_by_x18: changes x18, .* -ffixed-x18", p.stdout, re.M), p
    r = run(app, "linuxu-arm64")
    assert (r.status, r.out) == (0, b"42\n"), r


@pytest.mark.parametrize("name,operands,writes", [
    ("mov", "x18, x0", True), ("mul", "w18, w1, w2", True), ("ldr", "x18, [x0, #8]", True), ("ldp", "x0, x18, [sp], #16", True),
    ("ldadd", "x0, x18, [x1]", True), ("swpal", "w0, w18, [x1]", True), ("stxr", "w18, x0, [x1]", True), ("stlxp", "w18, x0, x1, [x2]", True),
    ("fmov", "x18, d0", True), ("cas", "x18, x1, [x0]", True), ("csel", "x18, x0, x1, eq  // eq = none", True),
    ("mov", "x0, x18", False), ("str", "x18, [x0]", False), ("stp", "x17, x18, [sp, #8]", False), ("cmp", "x18, #0x0", False),
    ("ccmp", "x18, x1, #0x0, cc  // cc = lo", False), ("cbz", "x18, 10 <main>", False), ("tbnz", "w18, #3, 10 <main>", False), ("br", "x18", False),
    ("ldr", "x0, [x18]", False), ("ldr", "x0, [x1, x18]", False), ("msr", "tpidr_el0, x18", False), ("add", "x0, x18, x1", False),
    ("mov", "x1, #0x18", False), ("ret", "", False),
])
def test_who_writes_to_the_register_of_this_cpu(name, operands, writes):
    assert thiscpu().writes_x18(name, operands) == writes


def thiscpu():
    spec = importlib.util.spec_from_file_location("thiscpu", os.path.join(whittle.ROOT, "plat/linuxu/arm64/thiscpu.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def server(app, plat, cpus, port, *words):
    here = free_port()
    configs, options = several(cpus)
    image = whittle.image(app, plat, configs=configs)
    with Guest([os.path.join(whittle.ROOT, "support/run"), image, *options, "--publish", "%d:%d" % (here, port), *words]) as guest:
        def connect():
            end = time.monotonic() + 30
            while True:
                try:
                    return socket.create_connection(("127.0.0.1", here), timeout=30)
                except OSError:
                    assert time.monotonic() < end and guest.process.poll() is None, guest.end(1)
                    time.sleep(0.05)
        yield connect


@pytest.mark.slow
@EACH_CPU
@ONE_OR_MORE
def test_nginx(plat, cpus):
    """With the host's sockets. Of connections that come together none is forgotten."""
    with server("nginx", plat, cpus, 80, "--root", os.path.join(whittle.ROOT, "apps/nginx/root")) as connect:
        for _ in range(20):
            sockets = [connect() for _ in range(10)]
            for s in sockets:
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            for s in sockets:
                with s, s.makefile("rb") as f:
                    assert f.readline().startswith(b"HTTP/1.1 200") and f.read().endswith(b"</html>\n")


@pytest.mark.slow
@EACH_CPU
@ONE_OR_MORE
def test_redis(plat, cpus):
    with server("redis", plat, cpus, 6379, "--", "--save", "") as connect:
        with connect() as s, s.makefile("rb") as f:
            for i in range(1, 200):
                s.sendall(b"INCR n\r\n")
                assert f.readline() == b":%d\r\n" % i
            s.sendall(b"EVAL \"return 6*7\" 0\r\n")
            assert f.readline() == b":42\r\n"
