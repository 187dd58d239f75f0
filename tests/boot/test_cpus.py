# SPDX-License-Identifier: BSD-3-Clause
"""Several CPUs: that they start on every machine, what is said of those that do not, and that each has
what the first one has: clock, timer, stacks, protection, the host's filter."""
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import whittle

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/security"))
import security  # noqa: E402

pytestmark = pytest.mark.not_smp("with a number of CPUs of its own")

APP = os.path.join(whittle.ROOT, "tests/boot/cpus")
MACHINES = ["microvm", "microvm,acpi=off", "pc", "q35"]
MODES = ["tcg,thread=multi", "tcg,thread=single"]
HOST = len(os.sched_getaffinity(0))

two_here = pytest.mark.skipif(HOST < 2, reason="this machine has one CPU")


def cpus(plat, *words, options=(), app=APP, **kw):
    return whittle.run(whittle.image(app, plat), *words, options=options, **kw)


# ---- starting ----

@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_all_start(machine, mode, n):
    r = cpus("kvm", options=["--smp", str(n), "--machine", machine, "--accel", mode])
    assert (r.status, r.out, r.err) == (0, b"%d CPUs\n" % n, b""), r


@pytest.mark.parametrize("cpu", ["qemu64,-x2apic,-rdtscp", "Nehalem", "EPYC"])
def test_processors(cpu):
    r = cpus("kvm", options=["--smp", "3", "--cpu", cpu])
    assert (r.status, r.out) == (0, b"3 CPUs\n") and b"uksched" not in r.err, r


def test_as_many_as_are_configured():
    r = cpus("kvm", options=["--smp", "64"])
    assert (r.status, r.out, r.err) == (0, b"64 CPUs\n", b""), r


def test_more_than_are_configured():
    r = cpus("kvm", options=["--smp", "66"])
    assert (r.status, r.out) == (0, b"64 CPUs\n"), r
    assert b"the machine has 66 CPUs: using 64 (CONFIG_SMP_MAX_CPUS)" in r.err, r


def test_more_than_can_be_emulated():
    r = cpus("kvm", options=["--smp", "300", "--param", "smp.cpus=2"])
    assert (r.status, r.out) == (0, b"2 CPUs\n") and b"QEMU emulates 255 CPUs at most: using 255" in r.err, r


@pytest.mark.parametrize("told,used,says", [
    ("2", 2, b""), ("0", 4, b""), ("9", 4, b"smp.cpus=9: the machine has 4 CPUs: using 4\n"),
    ("99999999999", 4, b"smp.cpus=99999999999: the machine has 4 CPUs: using 4\n"),
])
def test_parameter(told, used, says):
    r = cpus("kvm", options=["--smp", "4", "--param", "smp.cpus=" + told])
    assert (r.status, r.out) == (0, b"%d CPUs\n" % used) and says in r.err and bool(says) == bool(r.err), r


@pytest.mark.parametrize("value", ["x", "-1", ""])
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_bad_parameter(plat, value):
    r = cpus(plat, options=["--param", "smp.cpus=" + value])
    assert r.status == 1 and b"smp.cpus" in r.err and r.out == b"", r


def test_numbers_with_gaps():
    """Three sockets of three cores: APIC numbers 0 1 2, 4 5 6, 8 9 10."""
    r = cpus("kvm", options=["--qemu-args", "-smp 9,sockets=3,cores=3,threads=1"])
    assert (r.status, r.out, r.err) == (0, b"9 CPUs\n", b""), r


def test_some_that_never_answer():
    """QEMU's MP table does not know gaps: it tells of 3 and 7, which are not there."""
    r = cpus("kvm", options=["--machine", "microvm,acpi=off", "--qemu-args", "-smp 9,sockets=3,cores=3,threads=1"])
    assert (r.status, r.out) == (0, b"7 CPUs\n"), r
    assert re.findall(rb"CPU \S+ \(APIC number (\d)\) does not start \(error 110\): left out", r.err) == [b"3", b"7"]


def test_places_for_more():
    """What is only plugged in later is not there now, and no reason for a message."""
    r = cpus("kvm", options=["--machine", "q35", "--qemu-args", "-smp 2,maxcpus=4"])
    assert (r.status, r.out, r.err) == (0, b"2 CPUs\n", b""), r


def test_without_an_interrupt_controller_of_its_own():
    r = cpus("kvm", options=["--smp", "2", "--cpu", "qemu64,-apic"])
    assert (r.status, r.out) == (0, b"1 CPUs\n"), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_image_for_one(plat):
    r = cpus(plat, options=["--smp", "2"], app="helloworld")
    assert (r.status, r.out) == (0, b"Hello, world!\n"), r
    assert b"built for one CPU and uses one of 2; with CONFIG_SMP" in r.err and r.err.count(b"\n") == 1, r
    r = cpus(plat, options=["--smp", "1"], app="helloworld")
    assert (r.status, r.out, r.err) == (0, b"Hello, world!\n", b""), r


@two_here
def test_process():
    assert cpus("linuxu").out == b"%d CPUs\n" % min(HOST, 64)
    assert cpus("linuxu", options=["--smp", "2"]).out == b"2 CPUs\n"
    r = cpus("linuxu", options=["--smp", "2000"])
    assert r.status == 0 and b"smp.cpus=2000: the machine has %d CPU" % HOST in r.err, r
    one = subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), whittle.image(APP, "linuxu"), "smp.cpus=2"],
                         capture_output=True, timeout=60)
    assert one.stdout == b"1 CPUs\n" and b"smp.cpus=2: the machine has 1 CPU: using 1" in one.stderr, one


def test_host_that_allows_no_more_threads():
    """clone() answers EAGAIN: said, and the rest runs."""
    r = subprocess.run([whittle.image(APP, "linuxu"), "smp.cpus=2"], capture_output=True, timeout=60,
                       preexec_fn=whittle.host_without(56))
    assert r.returncode == 0 and r.stdout == b"1 CPUs\n", r
    assert HOST < 2 or b"does not start" in r.stderr, r


# ---- what each CPU has ----

EACH = [("kvm", ["--smp", "4", "--accel", m]) for m in MODES] + [
    ("kvm", ["--smp", "4", "--machine", "pc"]), ("linuxu", [])]


@pytest.mark.parametrize("plat,options", EACH, ids=lambda x: x if isinstance(x, str) else "-".join(x))
@pytest.mark.parametrize("what", ["clock", "sleep"])
def test_time(plat, options, what):
    r = cpus(plat, what, options=options)
    assert (r.status, r.out, r.err) == (0, b"", b""), r


@pytest.mark.parametrize("plat,options", EACH, ids=lambda x: x if isinstance(x, str) else "-".join(x))
def test_lines_stay_apart(plat, options):
    lines = cpus(plat, "lines", options=options).out.splitlines()
    n = len(set(lines))
    assert len(lines) == n * 200 and all(len(x) == 63 and len(set(x)) == 1 for x in lines)
    assert n == (min(HOST, 64) if plat == "linuxu" else 4)


def test_protection_of_each():
    """What QEMU's monitor shows of all four: no-execute, write protection, SMEP, SMAP, UMIP."""
    with security.Guest(whittle.image(APP, "kvm"), append="-- wait", until=b"4 CPUs", more=["-smp", "4"]) as guest:
        said = guest.ask("info registers -a")
        pages = {va for va, _ in guest.pages()}
    for name, bits in ("EFER", 0x800), ("CR0", 0x10000), ("CR4", 1 << 20 | 1 << 21 | 1 << 11):
        values = [int(v, 16) for v in re.findall(name + r"\s?=([0-9a-f]+)", said)]
        assert len(values) == 4 and all(v & bits == bits for v in values), (name, values)
    tasks = re.findall(r"TR =\S+ ([0-9a-f]+)", said)
    assert len(set(tasks)) == 4, said
    check_trap_stacks(pages)


def check_trap_stacks(pages):
    """Those of the three other CPUs: two pages each, with nothing below."""
    slot = 0x260000000000
    stacks = sorted(va for va in pages if slot <= va < slot + (1 << 40))
    bottoms = [va for va in stacks if va - 4096 not in pages]
    assert bottoms and len(bottoms) % 3 == 0 and len(stacks) == 2 * len(bottoms), [hex(va) for va in stacks]
    assert all(va + 4096 in pages and va - 8192 not in pages for va in bottoms)


@pytest.mark.parametrize("plat", [pytest.param("kvm"), pytest.param("linuxu", marks=two_here)])
@pytest.mark.parametrize("what,says", [
    ("overflow", b"stack overflow in thread"), ("fault", b"null pointer"), ("double-fault", b"CRASH")])
def test_crash_on_another(plat, what, says):
    """On a stack of that CPU's, which holds whatever the interrupted one is."""
    r = cpus(plat, what, "1", options=["--smp", "2"])
    assert r.status == 134 and says in r.err and r.err.count(b"CRASH") == 1, r
    assert b"main.c:" in r.err or what == "double-fault", r  # that has no stack to look at


@two_here
def test_filter_of_system_calls_holds_for_all():
    img = whittle.image(APP, "linuxu")
    for cpu in "0", "1":
        p = subprocess.run([img, "smp.cpus=2", "--", "host", cpu, "41"], capture_output=True, timeout=60)
        assert p.returncode == -signal.SIGSYS and b"system call 41 outside the allow-list" in p.stderr, p
    p = subprocess.Popen([img, "smp.cpus=2", "--", "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"2 CPUs\n"
    for task in os.listdir("/proc/%d/task" % p.pid):
        status = open("/proc/%d/task/%s/status" % (p.pid, task)).read()
        assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status, status
    p.stdin.close()
    assert p.wait(60) == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_all(signum):
    p = subprocess.Popen([whittle.image(APP, "linuxu"), "--", "compute"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"all are busy\n"
    p.send_signal(signum)
    assert p.wait(60) == -signum and p.stderr.read() == b""


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_runner_is_stopped(plat):
    words = [os.path.join(whittle.ROOT, "support/run"), whittle.image(APP, plat), "--smp", "2", "--", "compute"]
    p = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"all are busy\n"
    start = time.time()
    p.send_signal(signal.SIGTERM)
    assert p.wait(60) == -signal.SIGTERM and time.time() - start < 30
