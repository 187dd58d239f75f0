# SPDX-License-Identifier: BSD-3-Clause
"""Verdicts and the table."""
import json

import pytest

import bench
import report
import rows
from report import Row


@pytest.mark.parametrize("row, verdict", [
    (Row("k", "w", "u", 100, ours=100), "met"),
    (Row("k", "w", "u", 100, ours=150), "short by 50 %"),
    (Row("k", "w", "u", 1000, ours=1001), "short by 1 %"),
    (Row("k", "w", "u", 100), "not measured"),
    (Row("k", "w", "u", ours=5), "-"),
    (Row("k", "w", "u", 100, ours=100.004), "met"),
    (Row("k", "w", "u", 100, ours=100.04), "short by 1 %"),
    (Row("k", "w", "u", 1.2, "floor", floor=10, ours=12), "met"),
    (Row("k", "w", "u", 1.2, "floor", floor=10, ours=13), "short by 8 %"),
    (Row("k", "w", "u", 0.85, "linux", linux=None, ours=13), "-"),
])
def test_verdict(row, verdict):
    assert row.verdict == verdict


@pytest.mark.parametrize("value, text", [
    (None, "-"), (1234567, "1,234,567"), (1234.5, "1,234"), (20, "20"), (20.25, "20.2"),
    (0.85, "0.85"),
])
def test_number(value, text):
    assert report.number(value) == text


def test_table_is_aligned_and_has_the_notes():
    text = report.table([Row("a", "first", "bytes", 10, ours=5, note="odd"),
                         Row("b", "the second one", "ms", 1.2, "floor", floor=1, ours=1000)])
    lines = text.splitlines()
    assert lines[2].index(" 5 ") + 1 == lines[3].index("1,000") + 4
    assert lines[-1] == "first: odd"
    assert not any(line.endswith(" ") for line in lines)


def test_keys_are_unique_and_every_row_says_how():
    everything = [r for _, group in bench.GROUPS for r in group]
    assert len({r.key for r in everything}) == len(everything)
    assert all(r.how and r.what and r.unit for r in everything)
    json.dumps([r.as_json() for r in everything])


def test_rows_are_chosen_by_pattern_and_application():
    assert [[r.key for r in g] for _, g in bench.chosen("hello-b*", "")] == [
        ["hello-boot", "hello-boot-devices"], ["hello-boot-arm64"], ["hello-boot-riscv64"]]
    assert [r.key for _, g in bench.chosen("*-size", "sqlite") for r in g] == ["sqlite-size"]
    assert bench.chosen("*", "helloworld") == bench.chosen("hello*", "")


@pytest.mark.parametrize("only, app", [("hello-sise", ""), ("*", "nosuchapp")])
def test_an_unknown_row_or_application_ends_with_a_message(only, app):
    with pytest.raises(SystemExit, match=only if app == "" else app):
        bench.chosen(only, app)


def test_a_failed_measurement_is_told_and_the_rest_goes_on(capsys):
    def broken(_bench, _rows):
        raise ValueError("no such thing\nand more")
    row = Row("k", "w", "u", 1)
    assert not bench.measure(None, broken, [row])
    assert row.note == "failed: no such thing"
    assert row.verdict == "not measured"
    assert "and more" in capsys.readouterr().err


def test_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    bench.put_page(str(page))
    assert "old" in page.read_text()
    bench.put_page(str(page), report.markdown([Row("a", "first", "bytes", 10, ours=5)]))
    text = page.read_text()
    assert "| first | bytes | - | - | 5 | 10 | met |" in text and "old" not in text
    assert text.startswith("before\n") and text.endswith("after\n")
    page.write_text("nothing\n")
    with pytest.raises(SystemExit, match="no lines"):
        bench.put_page(str(page))


def test_two_cpus_are_others_each_time():
    assert [rows.pair_of_cpus([2, 5, 7], turn) for turn in range(4)] == [{2, 5}, {5, 7}, {2, 7}, {2, 5}]
    assert rows.pair_of_cpus([0, 1], 3) == {0, 1}
