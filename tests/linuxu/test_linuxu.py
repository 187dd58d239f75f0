# SPDX-License-Identifier: BSD-3-Clause
"""The image as a process: what it asks of the host, its descriptors, its terminal, its end.

`app` is an image for each CPU, `here` the one for this machine's: qemu-user, in which the others run, has no seccomp filter, and
mappings and an allocator of its own."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import termios
import time

import pytest

import whittle
from terminals import Terminal

APP = os.path.join(whittle.ROOT, "tests/linuxu/app")


class Command(str):
    """A program that is the image, which support/run wants to see itself."""

    image = None


@pytest.fixture(scope="module")
def here():
    command = Command(whittle.image(APP, "linuxu"))
    command.image = str(command)
    return command


@pytest.fixture(scope="module", params=["linuxu", *whittle.OTHER_PROCESSES])
def app(request, here, tmp_path_factory):
    if request.param == "linuxu":
        return here
    image = whittle.image(APP, request.param)
    command = Command(tmp_path_factory.mktemp("app") / "app")
    with open(command, "w") as f:
        f.write('#!/bin/sh\nulimit -c 0\nexec %s %s "$@"\n' % (whittle.FOREIGN[request.param], image))
        os.fchmod(f.fileno(), 0o755)
    command.image = image
    return command


def direct(img, *words, stdin=b"", timeout=60, **kw):
    """The image itself, without support/run."""
    p = subprocess.run([img, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=timeout, **kw)
    p.stderr = whittle.but_emulator(p.stderr)
    return p


# ---- start ----

@pytest.mark.not_smp("what an image for one CPU asks of the host")
def test_start_asks_little_of_the_host(tmp_path):
    img = whittle.image("helloworld", "linuxu")
    log = tmp_path / "strace"
    subprocess.run(["strace", "-o", log, img], check=True, stdout=subprocess.DEVNULL, timeout=60)
    calls = [re.match(r"(\w+)\(", line).group(1) for line in open(log) if line[0] != "+"]
    before_output = calls[1:calls.index("write")]
    assert set(before_output) <= {"mprotect", "sigaltstack", "rt_sigaction", "mmap", "getrandom", "prlimit64",
                                  "getpid", "prctl", "seccomp"}
    assert len(before_output) <= 14, calls


def test_works_without_any_descriptor():
    img = whittle.image("helloworld", "linuxu")
    p = subprocess.run(["/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-', img], timeout=60)
    assert p.returncode == 0


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_exit_status(app, status):
    assert direct(app, "--", "exit", str(status)).returncode == status


# ---- streams ----

DATA = bytes(range(256)) * 700


def test_pipe(app):
    p = direct(app, "--", "cat", stdin=DATA)
    assert (p.returncode, p.stdout, p.stderr) == (0, DATA, b"")


def test_file_to_file(app, tmp_path):
    (tmp_path / "in").write_bytes(DATA)
    with open(tmp_path / "in", "rb") as i, open(tmp_path / "out", "wb") as o:
        subprocess.run([app, "--", "cat"], stdin=i, stdout=o, check=True, timeout=60)
    assert (tmp_path / "out").read_bytes() == DATA


def test_position_in_a_file_is_shared(app, tmp_path):
    (tmp_path / "in").write_text("one\ntwo\nthree\n")
    p = subprocess.run(["/bin/sh", "-c", '{ read x; "$0" -- cat; } <in', app], cwd=tmp_path, stdout=subprocess.PIPE,
                       timeout=60)
    assert p.stdout == b"two\nthree\n"


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-"])
def test_no_input(app, redirection):
    p = subprocess.run(["/bin/sh", "-c", 'exec "$0" -- cat ' + redirection, app], stdout=subprocess.PIPE, timeout=60)
    assert p.stdout == b"" and p.returncode in (0, 1)


def test_socket(app):
    """A socket cannot be opened a second time through /proc: the other way of reading."""
    ours, theirs = socket.socketpair()
    p = subprocess.Popen([app, "--", "cat"], stdin=theirs, stdout=subprocess.PIPE)
    theirs.close()
    for piece in (b"one ", b"two"):
        ours.sendall(piece)
        time.sleep(0.2)
    ours.shutdown(socket.SHUT_WR)
    assert p.communicate(timeout=60)[0] == b"one two" and p.returncode == 0


def test_descriptors_are_left_as_they_were(app):
    """No O_NONBLOCK or O_ASYNC on what we share with others."""
    import fcntl
    r, w = os.pipe()
    before = fcntl.fcntl(r, fcntl.F_GETFL)
    p = subprocess.Popen([app, "--", "cat"], stdin=r, stdout=subprocess.PIPE)
    os.write(w, b"x")
    assert p.stdout.read(1) == b"x"
    assert fcntl.fcntl(r, fcntl.F_GETFL) == before
    os.close(w)
    os.close(r)
    assert p.wait(60) == 0


def test_nonblocking_output(app):
    """Somebody made our stdout non-blocking, and reads slowly: nothing is lost."""
    r, w = os.pipe()
    os.set_blocking(w, False)
    p = subprocess.Popen([app, "--", "cat"], stdin=subprocess.PIPE, stdout=w)
    os.close(w)
    pid = os.fork()
    if pid == 0:
        p.stdin.write(DATA)
        p.stdin.close()
        os._exit(0)
    p.stdin.close()
    time.sleep(0.5)
    out = b""
    while True:
        piece = os.read(r, 65536)
        if not piece:
            break
        out += piece
    os.waitpid(pid, 0)
    assert out == DATA and p.wait(60) == 0


def test_reader_goes_away(app):
    p = subprocess.run(["/bin/bash", "-c", '"$0" -- cat </dev/zero | head -c 3; echo ${PIPESTATUS[0]}', app],
                       stdout=subprocess.PIPE, timeout=60, preexec_fn=lambda: signal.signal(signal.SIGPIPE,
                                                                                           signal.SIG_DFL))
    assert p.stdout == b"\0\0\0" + b"141\n"


def test_reader_of_a_machine_goes_away():
    """As for any program: SIGPIPE, while there is input still."""
    words = [os.path.join(whittle.ROOT, "support/run"), whittle.image(APP, "kvm"), "--", "cat"]
    p = subprocess.run(["/bin/bash", "-c", '"$@" </dev/zero | head -c 3; echo ${PIPESTATUS[0]}', "-", *words],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert (p.stdout, p.stderr) == (b"\0\0\0" + b"141\n", b""), p


def test_reader_goes_away_and_nobody_minds(app):
    """An application that ignores SIGPIPE gets the error instead, on a machine as well."""
    command = '{ "$@"; echo $? >&2; } | head -c 3'
    run = [os.path.join(whittle.ROOT, "support/run")]
    for words in [app], run + [app.image], run + [whittle.image(APP, "kvm")]:
        p = subprocess.run(["/bin/bash", "-c", command, "-", *words, "--", "ignore-pipe"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
        assert (p.stdout, whittle.but_emulator(p.stderr)) == (b"xxx", b"7\n"), words


def test_full_disk(app):
    """The application is told why."""
    with open("/dev/full", "wb") as full:
        p = subprocess.run([app, "--", "cat"], input=b"x", stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == 1 and whittle.but_emulator(p.stderr) == b"cat: No space left on device\n", p


# ---- interrupts ----

def test_time_passes_as_on_the_host(app):
    p = direct(app, "--", "sleep")
    ms, wall = map(int, p.stdout.split())
    assert 100 <= ms < 2000 and abs(wall - time.time()) < 5


def feed(fd, total, seed):
    """Bytes 0, 7, 14 ... in pieces of random size at random times."""
    rnd, sent = random.Random(seed), 0
    while sent < total:
        n = min(rnd.choice([1, 1, 2, 5, 100, 3000]), total - sent)
        os.write(fd, bytes((sent + i) * 7 & 255 for i in range(n)))
        sent += n
        if rnd.random() < 0.2:
            time.sleep(rnd.random() * 0.0005)


@pytest.mark.parametrize("seed", range(3))
def test_preemption_under_a_storm_of_signals(app, seed):
    """Threads that compute, sleep, lock and allocate, while input and time interrupt them."""
    p = subprocess.Popen([app, "--", "stress"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feed(p.stdin.fileno(), 1000000, seed)
    assert p.communicate(timeout=60)[0] == b"1000000 bytes\n" and p.returncode == 0


# ---- memory ----

def test_memory_changes_places(app):
    assert direct(app, "linuxu.memory=256M", "--", "memory", "64").returncode == 0


def test_initrd_given_by_name(app, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root/f").write_text("x")
    subprocess.run([os.path.join(whittle.ROOT, "support/tools/mkinitrd"), tmp_path / "root", tmp_path / "i"],
                   check=True)
    assert direct(app, "vfs.initrd=%s" % (tmp_path / "i"), "--", "exit", "5").returncode == 5


@pytest.mark.parametrize("words,expect", [
    (["linuxu.memory=lots"], "linuxu.memory=lots: not a size"),
    (["linuxu.memory=0"], "64 KiB at least"),
    (["linuxu.memory=60K"], "64 KiB at least"),
    (["linuxu.memory=100000000G"], "memory"),
    (["vfs.initrd=/nonexistent"], "vfs.initrd=/nonexistent: cannot open"),
    (["vfs.initrd=/"], "vfs.initrd=/"),
    (["vfs.initrd=/etc/passwd"], "initrd"),
    (["linuxu.memroy=1M"], "linuxu.memory"),
])
def test_bad_parameters(app, words, expect):
    p = direct(app, *words, "--", "exit", "0")
    assert p.returncode not in (0, 134) and expect in p.stderr.decode() and p.stdout == b"", p
    assert b"CRASH" not in p.stderr


def test_limit_on_address_space(here):
    p = subprocess.run(["/bin/sh", "-c", 'ulimit -v 200000; exec "$0" -- exit 0', here], stderr=subprocess.PIPE,
                       timeout=60)
    assert p.returncode == 1 and b"ulimit -v" in p.stderr


def test_mappings(here):
    """Nothing writable and executable, nothing below 4 MiB."""
    p = subprocess.Popen([here, "--", "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"waiting\n"
    with open("/proc/%d/maps" % p.pid) as f:
        maps = f.read()
    p.stdin.close()
    p.wait(60)
    for line in maps.splitlines():
        span, perm = line.split()[:2]
        assert not ("w" in perm and "x" in perm), line
        assert int(span.split("-")[0], 16) >= 4 << 20, line


def test_addresses_are_random(here):
    seen = [direct(here, "--", "addresses").stdout.split() for _ in range(20)]
    for column in zip(*seen):
        assert len(set(column)) == 20, column


def test_addresses_are_random_whatever_the_host_does(here):
    """Without the host's randomisation (a debugger's choice), what we place ourselves still is."""
    seen = [direct("setarch", "-R", here, "--", "addresses").stdout.split() for _ in range(20)]
    main, variable, local, heap = zip(*seen)
    assert len(set(heap)) == 20 and len(set(main)) == 1


def test_trap_stack_has_nothing_below(here):
    p = subprocess.Popen([here, "--", "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"waiting\n"
    with open("/proc/%d/maps" % p.pid) as f:
        spans = [[int(x, 16) for x in line.split()[0].split("-")] for line in f]
    p.stdin.close()
    p.wait(60)
    window = [s for s in spans if 0x100000000000 <= s[0] < 0x200000000000]
    assert window and window[0][0] % 0x200000 == 0x100000 - 16384
    assert not [s for s in spans if 0 <= window[0][0] - s[1] < 1 << 20]


# ---- the host's system calls ----

GETPID, KILL, EXECVE, PTRACE, SOCKET, OPENAT, IOCTL, MMAP, MPROTECT, SECCOMP = 39, 62, 59, 101, 41, 257, 16, 9, 10, 317
FCNTL, F_SETOWN = 72, 8
DENIED = [
    [GETPID], [EXECVE], [PTRACE], [SOCKET, 1, 1], [11111], [-1],
    [0x40000001, 1, 0, 0],  # x32's write
    [OPENAT, -100, "page", 0], [OPENAT, -100, "page", 0o2004400],  # as input is opened at set-up
    [FCNTL, 0, F_SETOWN, 1],  # input's signals to somebody else, whom they would end
    [IOCTL, 0, 0x5412, 0],  # TIOCSTI: keys pressed for the user's shell
    [KILL, 1, 0], [KILL, 0, 0], [KILL, -1, 0],
    [MMAP, 0, 4096, 7, 0x22], [MMAP, 0, 4096, 6, 0x22], [MPROTECT, "page", 4096, 7],
]


@pytest.mark.parametrize("words", DENIED, ids=lambda w: "-".join(map(str, w)))
def test_system_call_outside_the_list(here, words):
    p = direct(here, "--", "host", *map(str, words))
    assert p.returncode == -signal.SIGSYS and p.stdout == b"", p
    assert b"CRASH: system call %d outside the allow-list, in thread `main`" % words[0] in p.stderr, p.stderr
    assert p.stderr.count(b"image+") >= 2, "a backtrace"


def test_system_call_of_another_kind_of_cpu(here):
    p = direct(here, "--", "host-i386")
    if p.returncode == 134:
        pytest.skip("the host does not know i386")
    assert p.returncode == -signal.SIGSYS and b"system call 4 of another kind of CPU" in p.stderr, p


def test_denied_call_has_names(here):
    r = whittle.run(here, "host", str(SOCKET))
    assert r.status == 128 + signal.SIGSYS and b"main.c:" in r.err, r


@pytest.mark.parametrize("words,expect", [([1, 1, 0, 0], b"0"), ([MPROTECT, "page", 4096, 5], b"0"),
                                          ([MMAP, 0, 0, 3, 0x22], b"-22")])
def test_system_call_on_the_list(here, words, expect):
    p = direct(here, "--", "host", *map(str, words))
    assert (p.returncode, p.stdout.strip()) == (0, expect), p


def allowed(img):
    """Numbers in the linker table that the image's link gathered."""
    with open(img + ".dbg.map") as f:
        table = re.search(r"uk_tab_hostcall_start = .*?uk_tab_hostcall_end", f.read(), re.S).group()
    return {int(n) for n in re.findall(r"^ \.uk_tab\.hostcall\.(\d+)_", table, re.M)}


@pytest.mark.not_smp("what an image for one CPU asks of the host")
def test_the_list_is_what_the_image_contains(here):
    """hello reads nothing, sleeps never: what only others do is not in its list."""
    hello, ours = allowed(whittle.image("helloworld", "linuxu")), allowed(here)
    assert {0, 222} <= ours and not {0, 222, MMAP} & hello
    assert {1, 13, 15, 231} <= hello and hello < ours
    setup_only = {8, 131, 157, OPENAT, 302, 317}  # lseek, sigaltstack, prctl, openat, prlimit64, seccomp
    assert not setup_only & (hello | ours)


def test_host_without_seccomp(here):
    p = subprocess.run([here, "--", "exit", "3"], preexec_fn=whittle.host_without(SECCOMP), stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == 3 and b"no seccomp filter (error 38)" in p.stderr, p
    p = direct(here, "linuxu.seccomp_required", "--", "exit", "3", preexec_fn=whittle.host_without(SECCOMP))
    assert p.returncode not in (0, 3) and b"seccomp_required" in p.stderr and b"CRASH" not in p.stderr, p
    assert direct(here, "linuxu.seccomp_required", "--", "exit", "3").returncode == 3


# ---- the end ----

@pytest.mark.parametrize("how,thread", [("overflow", b"main"), ("overflow-thread", b"")])
def test_stack_overflow(app, how, thread):
    p = direct(app, "--", how)
    assert p.returncode == 134 and b"stack overflow in thread" in p.stderr, p.stderr
    assert p.stderr.count(b"image+") > 5, "a backtrace"
    assert thread in p.stderr


@pytest.mark.parametrize("sig,name", [(signal.SIGUSR1, b"SIGUSR1"), (signal.SIGSYS, b"SIGSYS"), (35, b"SIGRTMIN+0"),
                                      (64, b"SIGRTMIN+29"), (34, None)])
def test_end_by_a_signal_of_its_own(app, sig, name):
    p = direct(app, "--", "raise", str(int(sig)))
    if name:  # musl numbers them from 35, and does not send those below
        assert p.returncode == 128 + sig and b"ended by signal %d (%s)" % (sig, name) in p.stderr, p
    else:
        assert b"SIG?" not in p.stderr, p


def test_report_goes_to_the_runner(app):
    """Then it has names, and the application's stderr stays its own."""
    r = whittle.run(app.image, "read-then-fault")
    assert r.status == 134 and b"main (" in r.err and b"main.c:" in r.err, r


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGSEGV, signal.SIGALRM])
def test_signal_from_outside(app, signum):
    """The default action, and no crash report. (SIGALRM is ours once a timer runs: it does no harm.)"""
    p = subprocess.Popen([app, "--", "forever"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"running\n"
    p.send_signal(signum)
    if signum == signal.SIGALRM:
        time.sleep(0.3)
        if p.poll() is None:
            p.kill()
            signum = signal.SIGKILL
    assert p.wait(60) == -signum and whittle.but_emulator(p.stderr.read()) == b""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_asked_twice_to_end(app, signum):
    """With interrupts masked for ever nobody hears of a signal: not at once, but the second ends it."""
    p = subprocess.Popen([app, "--", "stuck"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"running\n"
    time.sleep(0.1)
    p.send_signal(signum)
    p.send_signal(signum)
    time.sleep(1.5)
    assert p.poll() is None
    p.send_signal(signum)
    assert p.wait(60) == -signum and whittle.but_emulator(p.stderr.read()) == b""


@pytest.mark.skipif(not whittle.SMP, reason="of several CPUs")
def test_asked_to_end_while_another_cpu_is_stuck(app):
    p = subprocess.Popen([app, "--", "stuck", "elsewhere"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"running\n"
    time.sleep(0.1)
    p.send_signal(signal.SIGTERM)
    assert p.wait(60) == -signal.SIGTERM and whittle.but_emulator(p.stderr.read()) == b""


def test_terminal_is_borrowed(app):
    t = Terminal(app, "--", "cat")
    t.wait_raw()
    t.write(b"abc\x7fd\r")
    t.wait_for(b"abc\b \bd\r\nabd\r\n")  # echo with editing, then what cat wrote
    t.write(b"\x04")
    assert t.end() == 0


def test_interrupt_key_while_nobody_reads(app):
    """^C ends a program that only computes, whoever makes the signal of it."""
    t = Terminal(app, "--", "forever")
    t.wait_for(b"running")
    t.write(b"\x03")
    assert os.waitstatus_to_exitcode(t.end()) in (130, -signal.SIGINT)


def test_input_is_left_alone_unless_asked_for(app):
    p = subprocess.run(["/bin/sh", "-c", '"$0" -- exit 0; cat', app], input=b"a\nb\n", stdout=subprocess.PIPE,
                       timeout=60)
    assert p.stdout == b"a\nb\n"


def test_interrupt_key(app):
    """^C through the image's line discipline: the application dies of SIGINT's default."""
    t = Terminal(app, "--", "cat")
    t.wait_raw()
    t.write(b"\x03")
    assert os.waitstatus_to_exitcode(t.end()) == 130


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE])
def test_terminal_after_a_signal(app, signum):
    t = Terminal(app, "--", "cat")
    t.wait_raw()
    os.kill(t.pid, signum)
    assert os.WTERMSIG(t.end()) == signum


def test_terminal_after_a_crash(app):
    t = Terminal(app, "--", "read-then-fault")
    t.wait_raw()
    t.write(b"x\r")
    t.wait_for(b"CRASH: ")
    t.wait_for(b"image+")
    assert b"\n\r\n" not in t.seen.replace(b"\r\n", b"\n"), "lines end properly"
    assert os.waitstatus_to_exitcode(t.end()) == 134


def test_stop_and_continue(app):
    t = Terminal(app, "--", "cat")
    t.wait_raw()
    os.kill(t.pid, signal.SIGSTOP)
    os.waitpid(t.pid, os.WUNTRACED)
    termios.tcsetattr(t.fd, termios.TCSANOW, t.before)  # what a shell does now
    os.kill(t.pid, signal.SIGCONT)
    t.wait_raw()
    t.write(b"on\r\x04")
    t.wait_for(b"on\r\non\r\n")
    assert t.end() == 0


# ---- tools ----

@pytest.mark.skipif(shutil.which("gdb") is None, reason="no gdb")
def test_gdb(here):
    """Breakpoints by name, and a backtrace through an interrupt to what it interrupted."""
    script = b"break on_signal\nrun\nbacktrace\nkill\n"
    p = subprocess.run([os.path.join(whittle.ROOT, "support/run"), here, "--gdb", "--", "stress"], input=script,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert re.search(rb"#0 .*on_signal.*#1 +<signal handler called>.*#2 ", p.stdout, re.S), p.stdout.decode()
