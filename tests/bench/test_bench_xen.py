# SPDX-License-Identifier: BSD-3-Clause
"""`make bench-xen --where KEY` on what the plugin and a domain have written: the functions of the right image, where it was loaded,
between the right pair of markers."""
import pytest

import counters
import tools
import xenbench
import xenlab

PROGRAM = """
	.globl	_start, queue_read, queue_write
_start:						# as UK_MARK_MAIN
	.byte	0x0f, 0x1f, 0x80, 2, 0, 0x4b, 0x55
	.fill	25, 1, 0x90
queue_read:
	.fill	64, 1, 0x90
queue_write:
	.fill	64, 1, 0x90
"""
BASE = 0x100000
PLACES = {"before": 0x3000000, "now": 0x7654000}    # where the images of two domains were loaded
SAID = """xvda: blkfront
phase read-4k 100
took read-4k 1000000
phase read-4k-wait 50
took read-4k-wait 4000000
phase read-1m 7
took read-1m 7000000
"""
# of each pair of markers since the machine began: (address in the image, or of others as it is; instructions)
PAIRS = [
    [("before", 32, 1111)],                                                     # another domain's
    [("now", 32, 9000), ("now", 40, 1000), ("now", 96, 5000)],                  # read-4k
    [("now", 0, 50), ("now", 33, 100), ("now", 127, 200), (None, 0xffff82d080200000, 77), (None, 0x1000, 88)],  # read-4k-wait
    [("now", 100, 70)],                                                         # read-1m
]


class Console:
    """What a machine does for Work.disk()."""

    def run(self, *_):
        return ""

    def said(self, _name):
        return SAID

    def start(self, *_):
        return "d2"

    def stop(self, _name):
        pass

    def wait_said(self, _name, text):
        assert text == "took write-1m"

    def taken(self):
        return [xenlab.Spent(guest=g, xen=2 * g, dom0=3 * g, notified=g // 10, heard=7) for g in (1, 15000, 350, 70)]


@pytest.fixture
def lab(tmp_path):
    source = tmp_path / "program.S"
    source.write_text(PROGRAM)
    tools.call(["gcc", "-nostdlib", "-static", "-Wl,-Ttext=%#x,--build-id=none" % BASE, "-o", str(tmp_path / "blktest.dbg"), str(source)])
    (tmp_path / "nginx.dbg").write_bytes(b"not the image that is asked for")
    lab = Console()
    lab.marks, lab.profile = str(tmp_path / "marks"), str(tmp_path / "profile")
    lab.functions = lambda *words: xenlab.Lab.functions(lab, *words)
    marks = [("before", counters.MAIN), ("before", counters.BEGIN), ("before", counters.END), ("now", counters.MAIN)]
    marks += [("now", mark) for _ in PAIRS[1:] for mark in (counters.BEGIN, counters.END)]
    (tmp_path / "marks").write_text("".join("ukcount mark %d address %d insns 5\n" % (mark, BASE + PLACES[who]) for who, mark in marks))
    for number, lines in enumerate(PAIRS, 1):
        (tmp_path / ("profile.%d" % number)).write_text("".join(
            "%x %d\n" % (BASE + PLACES[who] + at if who else at, n) for who, at, n in lines))
    return lab


def work(lab, tmp_path, where, system="ours"):
    images = {name: str(tmp_path / name) for name in ("blktest", "nginx")}
    w = xenbench.Work(lab, "pvh", system, ["disk"], 1, where, images)
    w.disk()
    return w


def test_results_of_a_disk(lab, tmp_path):
    results = work(lab, tmp_path, None).results
    assert list(results) == ["disk-read-4k", "disk-read-4k-wait", "disk-read-1m"]
    r = results["disk-read-4k-wait"]
    assert (r.units, r.unit, r.value, r.per("guest"), r.per("dom0")) == (50, "request", pytest.approx(51.2), 7, 21)
    assert (results["disk-read-1m"].unit, results["disk-read-1m"].units) == ("MiB", 7)


@pytest.mark.parametrize("where, functions, per, everything", [
    ("disk-read-4k", {"queue_read": 10000, "queue_write": 5000}, "100.0", "150.0"),
    ("disk-read-4k-wait", {"_start": 50, "queue_read": 100, "queue_write": 200}, "2.0", "7.0"),
    ("disk-read-1m", {"queue_write": 70}, None, "10.0"),
])
def test_where(lab, tmp_path, capsys, where, functions, per, everything):
    w = work(lab, tmp_path, where)
    assert w.functions == functions
    capsys.readouterr()
    w.show()
    said = capsys.readouterr().out
    assert "PVH, " in said and said.split("\n")[-2].split() == [everything, "all"], said
    assert per is None or any(line.split()[::2] == [per, "queue_read"] for line in said.splitlines()), said


def test_where_is_of_ours(lab, tmp_path, capsys):
    w = work(lab, tmp_path, "disk-read-4k", "linux")
    capsys.readouterr()
    w.show()
    assert w.functions is None and not capsys.readouterr().out


def test_where_is_a_key(lab, tmp_path, capsys):
    work(lab, tmp_path, "disk-read").show()
    assert capsys.readouterr().out.endswith("--where disk-read: measured were disk-read-4k, disk-read-4k-wait, disk-read-1m\n")


def test_no_marker_was_reached(lab, tmp_path):
    (tmp_path / "marks").write_text("")
    with pytest.raises(tools.BenchError, match="blktest.dbg: no marker was reached"):
        work(lab, tmp_path, "disk-read-4k")
