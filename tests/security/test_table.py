# SPDX-License-Identifier: BSD-3-Clause
"""docs/security.md holds what this run gave, in its order. Last in this folder: the other tests record."""
import glob
import os

import pytest

import security

pytestmark = pytest.mark.not_smp("docs/security.md is about images as they are by default")

BEGIN, END = "<!-- made by `make security-table` -->", "<!-- end -->"


def complete(request):
    """Did every test of this folder run, and pass? Else only what ran can be compared."""
    files = {os.path.basename(str(item.fspath)) for item in request.session.items}
    wanted = {os.path.basename(f) for f in glob.glob(os.path.join(os.path.dirname(__file__), "test_*.py"))}
    return (wanted <= files and not request.session.testsfailed and not request.config.getoption("keyword")
            and not any("::" in arg for arg in request.config.args))


def test_page_is_what_a_run_gives(request):
    text = open(security.PAGE).read()
    head, rest = text.split(BEGIN)
    table, tail = rest.split(END)
    made = security.recorded()
    if os.environ.get("WHITTLE_SECURITY_PAGE") == "write":
        assert complete(request), "not written: tests failed or were left out"
        with open(security.PAGE, "w") as f:
            f.write(head + BEGIN + "\n" + "\n".join(made) + "\n" + END + tail)
        return
    page = [line for line in table.splitlines() if line]
    remedy = "; `make security-table` writes what a run gives"
    if complete(request):
        assert page == made, "docs/security.md differs from this run" + remedy
        return
    if len(made) == 2:
        pytest.skip("no attack was run")
    # A part of the tests: a line may name more platforms than ran.
    for line in made[2:]:
        row, what, plats, *verdicts = line.strip("| ").split(" | ")
        assert any(cells[:2] == [row, what] and set(plats.split(", ")) <= set(cells[2].split(", "))
                   and cells[3:] == verdicts for cells in (p.strip("| ").split(" | ") for p in page)), line + remedy
