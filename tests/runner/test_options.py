# SPDX-License-Identifier: BSD-3-Clause
"""Wrong usage: one line that names the thing and the remedy, status 2. And what --dry-run prints."""
import os
import shlex
import shutil
import subprocess

import pytest

from supportrun import run
from whittle import ROOT
from runner import RunError, options, words


@pytest.fixture(scope="module")
def process_image(tmp_path_factory):
    """Something that looks like a linuxu image: a static program that shows its arguments."""
    d = tmp_path_factory.mktemp("process")
    (d / "p.c").write_text("""
        static long call(long n, long a, long b, long c)
        {
            long r;
            __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
            return r;
        }
        __asm__(".globl _start\\n_start: mov %rsp, %rdi\\n and $-16, %rsp\\n call main_");
        void main_(long *sp)
        {
            char **argv = (char **)(sp + 1);
            for (long i = 1; i < *sp; i++) {
                long n = 0;
                while (argv[i][n])
                    n++;
                argv[i][n] = '\\n';
                call(1, 1, (long)argv[i], n + 1);
                if (argv[i][0] == 'k')      /* kill: end by a signal */
                    call(62, call(39, 0, 0, 0), 9, 0);
                if (argv[i][0] == 'p')      /* pause */
                    call(34, 0, 0, 0);
                if (argv[i][0] == 'c') {    /* crash: write a report to the descriptor that it was given */
                    call(1, argv[1][14] - '0', (long)"CRASH: test\\n  at image+0x1\\n", 27);
                    call(231, 134, 0, 0);
                }
            }
            call(231, 42, 0, 0);
        }""")
    subprocess.run(["gcc", "-static-pie", "-nostdlib", "-O1", "-fno-stack-protector", "-o", d / "p", d / "p.c",
                    "-Wl,-z,noexecstack"], check=True)
    subprocess.run(["objcopy", "-R", ".note.gnu.property", "-R", ".note.gnu.build-id", d / "p"], check=True)
    return str(d / "p")


WRONG = [
    ([], "no image given"),
    (["{img}", "x"], "there is an image already"),
    (["/nonexistent/img"], "make APP="),
    (["{img}", "--memroy", "3"], "did you mean --memory?"),
    (["{img}", "--memory"], "--memory needs a value"),
    (["{img}", "--memory", "--", "x"], "--memory needs a value"),
    (["{img}", "--memory", "lots"], "not a size; examples: 64M"),
    (["{img}", "--memory=0"], "not a size"),
    (["{img}", "--dry-run=1"], "--dry-run takes no value"),
    (["{img}", "--root", "/nonexistent"], "no such folder"),
    (["{img}", "--root", "/etc/passwd"], "not a folder"),
    (["{img}", "--initrd", "/nonexistent"], "no such file"),
    (["{img}", "--root", "/etc", "--initrd", "/etc/passwd"], "use one"),
    (["{img}", "--param", "x"], "LIBRARY.NAME=VALUE"),
    (["{img}", "--timeout", "soon"], "not a number of seconds"),
    (["{img}", "--grace", "-1"], "not a number of seconds"),
    (["{img}", "--smp", "two"], "not a number of CPUs"),
    (["{img}", "--accel", "hvf"], "auto, kvm or tcg"),
    (["{img}", "--machine", "vax"], "microvm, q35 or pc"),
    (["{img}", "--disk", "/nonexistent"], "truncate"),
    (["{img}", "--share=d"], "shared folders"),
    (["/etc/passwd"], "not an image"),
    (["/bin/true"], "not an image"),
    (["{proc}", "--machine", "q35"], "only for images that run in a virtual machine"),
    (["{img}", "--smp", "0"], "not a number of CPUs"),
    (["{img}", "--kernel-args", "a.b='x"], "not closed"),
    (["{img}", "--qemu", "/nonexistent/qemu"], "qemu-system-x86"),
]


@pytest.mark.parametrize("argv,expect", WRONG, ids=[" ".join(w) or "nothing" for w, _ in WRONG])
def test_wrong_usage(argv, expect, guest, process_image):
    argv = [w.format(img=guest, proc=process_image) for w in argv]
    if "--kernel-args" in argv:
        argv[0] = process_image
    status, out, err = run(*argv)
    assert status == 2 and out == b"", (status, out, err)
    assert expect in err.decode() and err.startswith(b"support/run: ") and err.count(b"\n") == 1, err


def test_truncated_image(tmp_path, guest):
    cut = tmp_path / "cut"
    for size in (3, 20, 64, 100):
        with open(guest, "rb") as f:
            cut.write_bytes(f.read(size))
        status, _, err = run(str(cut))
        assert status == 2 and b"cut" in err and b"Traceback" not in err, err


def test_wrong_architecture(tmp_path, guest):
    with open(guest, "rb") as f:
        data = bytearray(f.read())
    data[18:20] = b"\x15\x00"  # ppc64
    other = tmp_path / "other"
    other.write_bytes(data)
    status, _, err = run(str(other))
    assert status == 2 and b"machine 21" in err and b"arm64" in err, err


def test_help_names_every_option():
    status, out, _ = run("--help")
    assert status == 0
    for name in list(options.OPTIONS) + list(options.FLAGS):
        assert name in out.decode(), name


def test_sizes():
    assert options.memory_size("64M") == 64 << 20
    assert options.memory_size("1152k") == 1152 << 10
    assert options.memory_size("2G") == 2 << 30
    assert options.memory_size("128") == 128 << 20


def dry(*argv, said=b""):
    status, out, err = run("--dry-run", *argv)
    assert status == 0 and said in err and err.count(b"\n") == bool(said), err
    return out.decode().splitlines()


def test_dry_run_kvm(guest):
    line, = dry(guest, "--memory", "1152K", "--machine", "q35", "--cpu", "max,-avx", "--accel", "tcg",
                "--smp", "2", "--param", "log.level=3", "--kernel-args", "env.vars=[ A=1 ]",
                "--qemu-args", "-icount 'shift=0'", "--", "a b", 'c"d\\', "", said=b"built for one CPU")
    argv = shlex.split(line)
    assert argv[0] == "qemu-system-x86_64"

    def value(name):
        return argv[argv.index(name) + 1]
    assert value("-m") == "1152K" and value("-machine") == "q35" and value("-cpu") == "max,-avx"
    assert value("-smp") == "2" and value("-accel") == "tcg" and value("-icount") == "shift=0"
    assert value("-kernel") == guest
    assert value("-append") == 'log.level=3 env.vars=[ A=1 ] -- "a b" "c\\"d\\\\" ""'


@pytest.mark.parametrize("options,smp", [
    ([], ["1,maxcpus=2"]), (["--smp", "1"], ["cpus=1,maxcpus=2"]), (["--accel", "tcg,thread=single"], ["1,maxcpus=2"]),
    (["--qemu-args", "-smp 1,sockets=1"], ["1,sockets=1"])], ids=str)
def test_one_cpu_has_room_for_two(guest, options, smp):
    """As QEMU leaves out memory barriers otherwise; not if QEMU was told how many CPUs by other means."""
    line, = dry(guest, "--accel", "tcg", *options)
    argv = shlex.split(line)
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "-smp"] == smp


def test_dry_run_line_works(guest):
    """By hand, the command does what support/run does, but for streams and status."""
    line, = dry(guest, "--accel", "tcg", "--", "cmdline")
    p = subprocess.run(line, shell=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60)
    assert p.stdout == b"-- cmdline"


def test_dry_run_root(guest, process_image, tmp_path):
    root = tmp_path / "r"
    root.mkdir()
    for image, option in ((guest, "-initrd"), (process_image, "vfs.initrd=initrd.cpio")):
        pack, line = dry(image, "--root", str(root))
        argv = shlex.split(pack)
        assert os.path.exists(os.path.join(ROOT, argv[0])) and argv[1:] == [str(root), "initrd.cpio"]
        assert option in line and "initrd.cpio" in line


def test_dry_run_linuxu(process_image):
    line, = dry(process_image, "--memory", "64M", "--param", "log.level=3", "--kernel-args", "a.b='x y' c.d=[ e ]",
                "--", "x y", "--", "-z")
    assert shlex.split(line) == [process_image, "log.level=3", "linuxu.memory=67108864", "a.b=x y", "c.d=[ e ]",
                                 "--", "x y", "--", "-z"]


def test_auto_takes_kvm_only_where_the_cpu_has_it(guest):
    with open("/proc/cpuinfo") as f:
        flags = f.read().split()
    virtual = ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK)
    line, = dry(guest)
    assert ("-accel kvm -cpu host" if virtual else "-accel tcg -cpu max") in line


def test_quote_and_split_are_inverse():
    for text in ("", "a", "a b", 'a"b', "a'b", "a\\b", "[x]", "\t", "a\nb", "--"):
        assert words.split(words.quote(text)) == [text], text
    with pytest.raises(RunError):
        words.split('a "b')


def test_missing_qemu_names_the_package(guest, tmp_path):
    (tmp_path / "bin").mkdir()
    os.symlink(shutil.which("true"), tmp_path / "bin/true")
    status, _, err = run(guest, env={"PATH": str(tmp_path / "bin")})
    assert status == 2 and b"package qemu-system-x86" in err, err


# ---- a process as image ----

def test_process_status_and_arguments(process_image):
    status, out, err = run(process_image, "--", "a b", "-x")
    assert status == 42 and err == b""
    report, *rest = out.decode().splitlines()
    assert report.startswith("linuxu.report=") and rest == ["--", "a b", "-x"]


def test_process_ended_by_signal(process_image):
    status, _, err = run(process_image, "--", "k")
    assert status == 128 + 9 and b"signal 9" in err


def test_process_timeout(process_image):
    status, _, err = run(process_image, "--timeout", "0.2", "--", "p")
    assert status == 124 and b"timeout" in err


def test_process_crash_report(process_image):
    status, _, err = run(process_image, "--", "c")
    assert status == 134 and err.startswith(b"CRASH: test\n  at image+0x1") and b".dbg is not there" in err
