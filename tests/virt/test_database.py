# SPDX-License-Identifier: BSD-3-Clause
"""
SQLite on each CPU, with every run of the tests: an image of some size, the C library with its arithmetic, files. (What nginx and redis do there is
in their folders, and slow: to build them takes minutes.)
"""
import pytest

import whittle


@pytest.mark.parametrize("plat", [whittle.RISCV64, whittle.ARM64])
def test_sqlite(plat, tmp_path):
    (tmp_path / "in.sql").write_text("create table t(a, b); insert into t values (1, 'x'), (2, 'y');")
    img = whittle.image("sqlite", plat)
    r = whittle.run(img, "/some.db", options=["--root", str(tmp_path)],
                    stdin=b".read /in.sql\nselect sum(a), 1 / 3.0 from t;\npragma integrity_check;\n")
    assert (r.status, r.out, r.err) == (0, b"3|0.333333333333333\nok\n", b""), r
    assert whittle.run(img, ":memory:", "select * from nowhere").status == 1
