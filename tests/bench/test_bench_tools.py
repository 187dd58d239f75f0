# SPDX-License-Identifier: BSD-3-Clause
"""The kit's parts that need no image: bisection, initramfs, flags, manifests, and the plugin itself
on the smallest guest, whose every instruction is known."""
import os
import shutil
import subprocess

import pytest

import counters
import guest
import initramfs
import minmem
import tools
import whereto
import xenbench
import xenlab


@pytest.mark.parametrize("least, expected", [(1, 8), (8, 8), (9, 16), (1000, 1000), (1025, None)])
def test_smallest(least, expected):
    tried = []

    def works(n):
        tried.append(n)
        return n >= least
    assert minmem.smallest(works, 0, 1024, 8) == expected
    assert len(tried) <= 8
    assert all(n % 8 == 0 for n in tried)


def test_initramfs_is_what_cpio_expects(tmp_path):
    data = initramfs.archive({"init": b"#!", "a/b/c": b"12345"})
    assert len(data) % 4 == 0
    assert data == initramfs.archive({"a/b/c": b"12345", "init": b"#!"}), "order does not matter"
    if not shutil.which("cpio"):
        pytest.skip("no cpio on this machine")
    listing = subprocess.run(["cpio", "-tv", "--quiet"], input=data, stdout=subprocess.PIPE,
                             check=True).stdout.decode()
    for mode, name in (("drwxr-xr-x", "a/b"), ("-rwxr-xr-x", "a/b/c"), ("crw-------", "dev/console"),
                       ("-rwxr-xr-x", "init")):
        assert any(line.startswith(mode) and line.endswith(" " + name)
                   for line in listing.splitlines()), (mode, name, listing)
    (tmp_path / "archive").write_bytes(data)
    subprocess.run(["cpio", "-id", "--quiet", "-F", "archive", "a/b/c"], cwd=tmp_path, check=True)
    assert (tmp_path / "a/b/c").read_bytes() == b"12345"


def test_flags_for_the_other_libc():
    words = ("-std=gnu11 -g -O2 -fPIE -m64 -mno-red-zone -Wall -nostdinc -I/x -isystem /y "
             "-DSQLITE_THREADSAFE=1 -DUK_LIB_NAME=x -ffile-prefix-map=/a=/b -frandom-seed=s -flto "
             "-fvisibility=hidden -c sqlite3.c -o sqlite3.o").split()
    assert tools.portable_flags(words) == [
        "-std=gnu11", "-O2", "-fPIE", "-m64", "-mno-red-zone", "-DSQLITE_THREADSAFE=1"]


def test_manifest(tmp_path):
    (tmp_path / "Makefile.uk").write_text(
        "# comment := no\npackage := x\nsource := \\\n\tu1 s1\nsource += u2 s2\nsrcs-y += a.c\n")
    values = tools.manifest(str(tmp_path))
    assert values["package"] == ["x"]
    assert values["source"] == ["u1 s1", "u2 s2"]


def test_a_failing_command_is_quoted():
    with pytest.raises(tools.BenchError, match="(?s)status 3.*what it said"):
        tools.call(["sh", "-c", "echo what it said; exit 3"])


needs_qemu = pytest.mark.skipif(not shutil.which(guest.QEMU), reason="no " + guest.QEMU)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    return tools.Kit(str(tmp_path_factory.mktemp("kit")))


@needs_qemu
def test_the_plugin_counts_exactly(kit):
    machine = guest.Guest(kit.floor)
    counts = []
    for mmio in (False, True):
        result = guest.must(machine, "!\n", plugin=kit.plugin, mmio=mmio)
        entry = counters.at_mark(result.events, counters.ENTRY)
        spent = counters.at_mark(result.events, counters.MAIN) - entry
        # Between the markers of pvhfloor.S: the first marker itself, three mov, two out.
        assert (spent.insns, spent.pio, spent.marks) == (6, 2, 1)
        counts.append(entry.insns)
    assert counts[0] == counts[1], "a boot takes the same instructions every time"


def test_a_guest_of_another_architecture():
    """Its own emulator and machine, without devices of a PC, and its status is QEMU's."""
    machine = guest.Guest("image", arch="riscv64", machine=guest.MACHINES["riscv64"])
    words = machine.command()
    assert words[0] == "qemu-system-riscv64" and "virt" in words and "isa-debug-exit" not in " ".join(words)
    words = guest.Guest("image", arch="arm64", machine=guest.MACHINES["arm64"]).command()
    assert words[0] == "qemu-system-aarch64" and words[words.index("-cpu") + 1] == "max"
    assert [machine.exit_status(s) for s in (0, 3, None)] == [0, 3, None]
    assert [guest.Guest("image").exit_status(s) for s in (0, 1, 3, None)] == [None, 0, 1, None]


@needs_qemu
def test_a_guest_that_prints_something_else_is_an_error(kit):
    with pytest.raises(guest.GuestError, match="did not print `hello`"):
        guest.must(guest.Guest(kit.floor), "hello")


@needs_qemu
def test_a_guest_is_timed_to_its_first_byte(kit):
    times = guest.in_turn({"floor": guest.Guest(kit.floor)}, 2)
    assert 1e6 < times["floor"][0] <= times["floor"][1] < 60e9


@needs_qemu
def test_frames_are_counted_apart(kit, tmp_path):
    frames = str(tmp_path / "frames")
    machine = guest.Guest(kit.floor, machine=guest.MACHINE + ",memory-backend=ram",
                          devices=("-object", "memory-backend-memfd,id=ram,size=128M"))
    guest.must(machine, "!\n", plugin=kit.plugin + ",frames=" + frames)
    old, new = (tools.read("%s.%d" % (frames, i)) for i in (0, 1))
    nobody, all_dom0 = bytearray(128 << 8), bytearray(b"\1" * (128 << 8))
    assert xenlab.difference(old, new, nobody) == xenlab.Spent(guest=6)
    assert xenlab.difference(old, new, all_dom0) == xenlab.Spent(dom0=6)
    floor = int(tools.call(["readelf", "-h", kit.floor]).partition("Entry point address:")[2].split()[0], 16) >> 12
    all_dom0[floor] = 0
    assert xenlab.difference(old, new, all_dom0) == xenlab.Spent(guest=6), "by its frame"


def test_notifications_of_a_domain_and_of_dom0():
    def frames(xen, instructions, sends):
        data = bytearray(8 * (2 + 2 * xenlab.FRAMES))
        for at, n in [(0, xen)] + [(2 + i, n) for i, n in enumerate(instructions)] + [
                (2 + xenlab.FRAMES + i, n) for i, n in enumerate(sends)]:
            data[8 * at:8 * at + 8] = n.to_bytes(8, "little")
        return bytes(data)

    old = frames(100, [0, 0, 50, 7], [0, 5, 1, 0])
    new = frames(130, [0, 0, 55, 17], [0, 9, 2, 0])
    assert xenlab.difference(old, new, bytearray([0, 0, 1, 0])) == xenlab.Spent(
        guest=10, xen=30, dom0=5, notified=4, heard=1)


def test_tables_of_domains():
    def result(n):
        return {"ping": xenbench.Result("ping", "ping", 2, xenlab.Spent(2 * n, 20, 40, 3, 1), 1.5 * n, "us")}

    text = xenbench.markdown({("pv", "ours"): result(100), ("pv", "linux"): result(400)})
    assert "| ping | us | 150 | 600 | 0.25 |" in text
    assert "| ping | ping | 100 / 400 | 0.25 | 10 / 10 | 20 / 20 | 1.50 / 1.50 | 0.50 / 0.50 |" in text


def test_large_zeroes_are_made_in_dom0(tmp_path):
    class Rig:
        """A dom0 that runs what it is told."""
        def put(self, name, fd):
            (tmp_path / name[1:]).write_bytes(os.read(fd, 1 << 24))

        def run(self, command, *_):
            return 0, tools.call(["sh", "-c", command.replace("/a", str(tmp_path / "a")).replace(
                "/part", str(tmp_path / "part"))], cwd=tmp_path).encode()

    lab = xenlab.Lab.__new__(xenlab.Lab)
    lab.rig, lab.scratch = Rig(), type("Scratch", (), {"name": str(tmp_path)})
    files = {"b/zero": bytes(2 << 20), "b/small": bytes(100), "c": b"text", "a/more": bytes(3 << 20)}
    lab.put_archive("/a", files)
    assert (tmp_path / "a").read_bytes() == initramfs.archive(files)


def test_spawn_times_programs_in_turn_and_refuses_failures(kit):
    said = tools.call([kit.spawn, "3", "/bin/true", "/bin/true"]).splitlines()
    assert len(said) == 2 and said[0].startswith("/bin/true min_ns ")
    with pytest.raises(tools.BenchError, match="/bin/false ended with status 1"):
        tools.call([kit.spawn, "3", "/bin/true", "/bin/false"])


def test_helpers_are_built_once(kit):
    before = os.stat(kit.spawn).st_mtime_ns
    assert os.stat(kit.spawn).st_mtime_ns == before


def test_profile_sums_blocks_by_what_begins_before_them():
    symbols = [(0x100, "f"), (0x200, "g")]
    lines = ["1100 5", "11ff 7", "1200 1", "10ff 9", "9000 2"]
    assert whereto.summed(lines, symbols, 0x1000) == {"f": 12, "g": 3, "(elsewhere)": 9}


@needs_qemu
def test_profile_finds_where_an_image_was_loaded(kit):
    events = guest.must(guest.Guest(kit.floor), plugin=kit.plugin).events
    assert whereto.load_base(kit.floor, events) == 0, "the floor runs where it is linked"
    moved = [counters.Event(e.kind, e.mark, e.address + 0x7000, e.at) for e in events]
    assert whereto.load_base(kit.floor, moved) == 0x7000
    with pytest.raises(tools.BenchError, match="no marker"):
        whereto.load_base(kit.floor, [])


def test_profile_reads_the_linkers_map(tmp_path):
    (tmp_path / "x.map").write_text(
        " .text.a        0x0000000000001000       0x20 /b/lib/ukvfs.o\n"
        " .text.a_longer_name\n                0x0000000000001020       0x10 /b/lib/ramfs.o\n"
        " .text.none     0x0000000000001030        0x0 /b/lib/none.o\n")
    assert whereto.libraries(str(tmp_path / "x")) == [(0x1000, "ukvfs"), (0x1020, "ramfs")]
