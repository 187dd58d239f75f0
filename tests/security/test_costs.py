# SPDX-License-Identifier: BSD-3-Clause
"""docs/hardening.md and the help in menuconfig speak of the same options, and both say what each costs."""
import os
import re

import pytest

import whittle

pytestmark = pytest.mark.not_smp("looks at the sources")

MENU = open(os.path.join(whittle.ROOT, "Config.uk")).read().partition('menu "Hardening"')[2].partition("\nendmenu")[0]
PAGE = open(os.path.join(whittle.ROOT, "docs/hardening.md")).read()
COST = r"\d[\d,.]* (of \d+ )?(bytes?|KB|instructions?|us)\b"
# One help for the choice; that there is none needs no line.
CHOICE = "HARDEN_STACK_PROTECTOR"


def options():
    """{name: its help} of what the menu offers."""
    found = {}
    for kind, name, body in re.findall(r"^(config|choice) (\w+)\n((?:\t.*\n|\n)+)", MENU, re.M):
        if kind == "choice" or re.search(r'^\tbool "', body, re.M):
            found[name] = body.partition("\thelp\n")[2]
    return found


def rows():
    """{name: cells} of the section's tables, what the first says first."""
    found = {}
    for line in PAGE.partition("\n## What it costs\n")[2].partition("\n## ")[0].splitlines():
        m = re.match(r"\| `(\w+)`", line)
        if m:
            found.setdefault(m[1], []).extend(c.strip() for c in line.strip("|").split("|")[1:])
    return found


def test_same_options():
    menu = set(options()) - {CHOICE, CHOICE + "_NONE"}
    assert len(menu) > 12 and menu == set(rows())


@pytest.mark.parametrize("name", sorted(set(options()) - {CHOICE + s for s in ("_NONE", "_STRONG", "_ALL")}))
def test_help_says_the_cost(name):
    assert re.search(COST, " ".join(options()[name].split())), options()[name]


@pytest.mark.parametrize("name", sorted(rows()))
def test_page_says_the_cost(name):
    assert re.search(r"\d", " ".join(rows()[name])), rows()[name]


@pytest.mark.parametrize("name", ["HARDEN_RELRO", "HARDEN_ALLOC", "HARDEN_GUARD", "HARDEN_ASLR"])
def test_same_bytes(name):
    """The bytes of hello and sqlite: the page's are in the help."""
    for cell in (rows()[name][0], rows()[name][2]):
        assert re.search(r"\b%s\b" % cell, options()[name]), (name, cell)
