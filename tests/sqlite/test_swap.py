# SPDX-License-Identifier: BSD-3-Clause
"""Any allocator and any scheduler runs SQLite, chosen by one line of the configuration."""
import re
import subprocess

import pytest

import whittle

SQL = b"""create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into t select i, 'row ' || i from n;
update t set b = b || '!' where a % 3 = 0;
delete from t where a % 5 = 0;
select count(*), sum(length(b)) from t;
"""


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["", "prio", "buddy", "region", "slab", "mimalloc", "prio buddy"])
def test_swapped_parts_run_sqlite(plat, configs):
    img = whittle.image("sqlite", plat, configs=configs)
    # Region never frees: this session's garbage has to fit.
    r = whittle.run(img, "-batch", options=["--memory", "256M"] if plat == "kvm" else [], stdin=SQL)
    assert (r.status, r.out, r.err) == (0, b"1600|12445\n", b""), r


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
@pytest.mark.parametrize("configs", ["", "buddy", "region", "slab"])
def test_with_one_allocator_the_call_is_direct(plat, configs):
    """malloc() ends in the provider's own function: no indirect branch, no operations struct."""
    img = whittle.image("sqlite", plat, configs=configs)
    for function in ("malloc", "uk_alloc_malloc"):
        code = subprocess.run(["objdump", "-d", "--disassemble=" + function, img + ".dbg"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        assert "<%s>:" % function in code
        assert not re.search(r"(call|jmp)\s+\*", code), code
    names = subprocess.run(["nm", img + ".dbg"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert not re.search(r"ukalloc(tlsf|buddy|region|slab)_ops", names)


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_mimalloc_stands_before_the_default_heap(plat):
    img = whittle.image("sqlite", plat, configs="mimalloc")
    code = subprocess.run(["objdump", "-d", "--disassemble=free", img + ".dbg"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    assert "mi_free" in code or "<free>:" in code and "uk_alloc_free" not in code
    names = subprocess.run(["nm", img + ".dbg"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert re.search(r" T mi_malloc\n", names) and re.search(r" uk_alloc_malloc\n", names)
