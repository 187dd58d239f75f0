# SPDX-License-Identifier: BSD-3-Clause
"""SQLite's shell as a user has it: statements as arguments, on stdin and in files; databases on the
ram file system with their journals and locks; statuses; upstream's speedtest1."""
import os
import shutil
import sqlite3

import pytest

import whittle

pytestmark = pytest.mark.parametrize("plat", whittle.PLATFORMS)


def shell(plat, *args, root=None, stdin=b"", memory="16M", timeout=whittle.RUN_TIMEOUT):
    options = ["--root", str(root)] if root else []
    if plat == "kvm":
        options += ["--memory", memory]
    return whittle.run(whittle.image("sqlite", plat), *args, options=options, stdin=stdin,
                       timeout=timeout)


def answer(plat, sql, **more):
    """What the shell prints for `sql` on stdin, without trouble."""
    r = shell(plat, "-batch", *more.pop("args", []), stdin=sql.encode(), **more)
    assert r.status == 0 and r.err == b"", r
    return r.out.decode()


def test_statement_as_argument_prints_just_the_answer(plat):
    r = shell(plat, ":memory:", "select 6 * 7; select 'two words';")
    assert (r.status, r.out, r.err) == (0, b"42\ntwo words\n", b"")


def test_database_of_the_host(plat, tmp_path):
    with sqlite3.connect(tmp_path / "my.db") as db:
        db.execute("create table t(a, b)")
        db.executemany("insert into t values (?, ?)", [(i, "row %d" % i) for i in range(1000)])
    r = shell(plat, "/my.db", "select count(*), sum(a), max(b) from t", root=tmp_path)
    assert (r.status, r.out, r.err) == (0, b"1000|499500|row 999\n", b"")


@pytest.mark.parametrize("sql, message", [
    ("select * from nowhere", b"no such table: nowhere"),
    ("selec 1", b"syntax error"),
])
def test_failing_statement_has_the_shells_status(plat, sql, message):
    r = shell(plat, ":memory:", sql)
    assert r.status == 1 and message in r.err and r.out == b"", r


def test_stdin_ends(plat):
    assert answer(plat, "create table t(x);\ninsert into t values (1), (2);\nselect sum(x) from t;\n"
                  ) == "3\n"


def test_exit_status_given_in_the_script(plat):
    assert shell(plat, "-batch", stdin=b".exit 7\n").status == 7


def test_script_and_output_files(plat, tmp_path):
    (tmp_path / "in.sql").write_text(".once /out.txt\nselect 'to a file';\n.print to stdout\n"
                                     "select readfile('/out.txt');\n")
    r = shell(plat, ":memory:", ".read /in.sql", root=tmp_path)
    assert (r.status, r.out) == (0, b"to stdout\nto a file\n\n"), r
    assert not (tmp_path / "out.txt").exists(), "the folder is copied, not shared"


def test_import_csv(plat, tmp_path):
    (tmp_path / "t.csv").write_text('name,value\n"a, b",1\nc,2\n')
    assert answer(plat, ".import --csv /t.csv t\nselect name, value from t order by value desc;\n",
                  root=tmp_path) == "c|2\na, b|1\n"


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "memory", "off"])
def test_journal_modes(plat, mode):
    sql = ("pragma journal_mode = %s;\ncreate table t(x);\ninsert into t values (1);\n"
           "begin; insert into t values (2); %s; select count(*) from t;\n"
           "pragma integrity_check;\n" % (mode, "commit" if mode == "off" else "rollback"))
    expected = "%s\n%d\nok\n" % (mode, 2 if mode == "off" else 1)
    assert answer(plat, sql, args=["/t.db"]) == expected


def test_a_hot_journal_is_rolled_back(plat, tmp_path):
    """A database and its journal as a crash in the middle of a transaction leaves them."""
    db = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    db.execute("create table t(x)")
    db.executemany("insert into t values (?)", [(os.urandom(200).hex(),) for _ in range(500)])
    before = db.execute("select count(*) from t").fetchone()[0]
    db.execute("pragma cache_size = 1")     # changed pages go to the file before the commit
    db.execute("begin")
    db.execute("update t set x = 'changed'")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    shutil.copy(tmp_path / "a.db", crashed / "a.db")
    shutil.copy(tmp_path / "a.db-journal", crashed / "a.db-journal")
    db.close()
    sql = "select count(*), sum(x = 'changed') from t;\npragma integrity_check;\n"
    assert answer(plat, sql, args=["/a.db"], root=crashed) == "%d|0\nok\n" % before


def test_locks_between_two_connections(plat):
    """`.connection 1` opens a second connection of the same process to the same file."""
    r = shell(plat, "-batch", "/t.db", stdin=(
        b"create table t(x);\n.timeout 50\nbegin exclusive;\ninsert into t values (1);\n"
        b".connection 1\n.open /t.db\n.timeout 50\nselect count(*) from t;\n"
        b".connection 0\ncommit;\n.connection 1\nselect count(*) from t;\n"))
    assert r.out == b"1\n", r
    assert b"database is locked" in r.err


@pytest.mark.parametrize("sql, expected", [
    ("select json_extract('{\"a\": [1, 2]}', '$.a[1]');", "2"),
    ("select round(sqrt(2), 6), round(pi(), 6), round(exp(1), 6);", "1.414214|3.141593|2.718282"),
    ("create virtual table f using fts5(x); insert into f values ('the quick fox'), ('lazy dog');"
     "select x from f where f match 'qui*';", "the quick fox"),
    ("create virtual table f using fts4(x); insert into f values ('a b'); select count(*) from f "
     "where f match 'b';", "1"),
    ("create virtual table r using rtree(id, a, b); insert into r values (1, 0, 10), (2, 20, 30);"
     "select id from r where a > 15;", "2"),
    ("select printf('%.15g', 0.1 + 0.2), 1e308 * 10, -9223372036854775808;",
     "0.3|Inf|-9223372036854775808"),
    ("select strftime('%Y-%m-%d', 86400 * 365, 'unixepoch');", "1971-01-01"),
    ("select date('now') > '2019-12-31';", "1"),
    ("select length(randomblob(100)), randomblob(16) <> randomblob(16);", "100|1"),
    ("with recursive n(x) as (select 1 union all select x + 1 from n limit 100000) "
     "select sum(x) from n;", "5000050000"),
    ("select upper('straße'), length('日本語'), unicode('é');", "STRAßE|3|233"),
])
def test_features(plat, sql, expected):
    assert answer(plat, sql + "\n") == expected + "\n"


def test_what_an_image_has_not_is_said(plat):
    r = shell(plat, "-batch", stdin=b".system ls\n.load x\n.import |ls t\n")
    assert r.status != 0 and r.err.lower().count(b"error") == 3, r


def test_a_database_larger_than_the_page_cache(plat, tmp_path):
    sql = ("create table t(a integer primary key, b);\nbegin;\n"
           "with recursive n(x) as (select 1 union all select x + 1 from n limit 20000) "
           "insert into t select x, hex(randomblob(100)) from n;\ncommit;\n"
           "create index i on t(b);\nselect count(*), count(distinct b) from t;\n"
           "delete from t where a % 3;\nvacuum;\nselect count(*) from t;\npragma integrity_check;\n")
    assert answer(plat, sql, args=["/big.db"], memory="64M") == "20000|20000\n6666\nok\n"


@pytest.mark.parametrize("configs", ["", "buddy"])
def test_speedtest1(plat, configs):
    """With each allocator, but for region, which never frees."""
    r = whittle.run(whittle.image("sqlite-speedtest1", plat, configs=configs), "--size", "10", "/test.db",
                    options=["--memory", "64M"] if plat == "kvm" else [], timeout=600)
    assert r.status == 0 and b"TOTAL" in r.out, r
