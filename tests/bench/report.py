# SPDX-License-Identifier: BSD-3-Clause
"""One row of the result, its verdict, and the table of all."""
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """A measured quantity; smaller is better for all of them.

    `floor`, `linux` and `ours` are in `unit`; None: does not apply or was not measured. The target
    is `target` in the same unit, or with `relative_to` ("floor" or "linux") a multiple of that
    column, measured in the same run.
    """
    key: str
    what: str
    unit: str
    target: float = None
    relative_to: str = ""
    floor: float = None
    linux: float = None
    ours: float = None
    how: str = ""
    note: str = ""
    samples: dict = field(default_factory=dict)

    @property
    def goal(self):
        """The target in `unit`; None if there is none, or what it is relative to is missing."""
        if self.target is None:
            return None
        if not self.relative_to:
            return self.target
        base = getattr(self, self.relative_to)
        return None if base is None else self.target * base

    @property
    def verdict(self):
        """`met`, `short by N %`, or why there is none."""
        if self.ours is None:
            return "not measured"
        if self.goal is None:
            return "-"
        # The loop that repeats an operation costs some thousandths of an instruction.
        if round(self.ours, 2) <= self.goal:
            return "met"
        return "short by %.0f %%" % max(1, 100 * (self.ours - self.goal) / self.goal)

    def as_json(self):
        return dict(asdict(self), goal=self.goal, verdict=self.verdict)


def number(value):
    """A figure as a reader wants it: whole with thousands separated, small ones with decimals."""
    if value is None:
        return "-"
    if abs(value) >= 100 or float(value).is_integer():
        return "{:,.0f}".format(value)
    return "{:.3g}".format(value) if abs(value) >= 10 else "{:.2f}".format(value)


def _goal(row):
    if row.target is None:
        return "-"
    if row.relative_to:
        return "%s x %s" % (number(row.target), row.relative_to)
    return number(row.target)


HEAD = ("what", "unit", "floor", "Linux tiny", "ours", "target", "verdict")


def _cells(row):
    return (row.what, row.unit, number(row.floor), number(row.linux), number(row.ours), _goal(row),
            row.verdict)


def markdown(rows):
    """The rows as a table of a Markdown page."""
    lines = [HEAD, ("---", "---", "--:", "--:", "--:", "--:", "---")] + [_cells(r) for r in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def put_between(text, mark, new):
    """`text` with what stands between <!-- mark --> and <!-- /mark --> replaced by `new`."""
    start, end = "<!-- %s -->\n" % mark, "<!-- /%s -->" % mark
    head, found, rest = text.partition(start)
    old, also, tail = rest.partition(end)
    if not found or not also:
        raise ValueError("it has no lines `%s` and `%s` to put the table between" % (start.strip(), end))
    return head + start + new + end + tail


def fill(page, mark, new):
    """The same in the file `page`; without a page (None) nothing."""
    if page:
        with open(page, encoding="utf-8") as f:
            text = put_between(f.read(), mark, new)
        with open(page, "w", encoding="utf-8") as f:
            f.write(text)


def table(rows):
    """The rows under each other, numbers aligned to the right, then notes of rows that have one."""
    cells = [HEAD] + [_cells(r) for r in rows]
    width = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = []
    for line in cells:
        text = [c.rjust(w) if i in (2, 3, 4, 5) else c.ljust(w)
                for i, (c, w) in enumerate(zip(line, width))]
        lines.append("  ".join(text).rstrip())
    lines.insert(1, "  ".join("-" * w for w in width))
    notes = ["%s: %s" % (r.what, r.note) for r in rows if r.note]
    return "\n".join(lines + ([""] + notes if notes else [])) + "\n"
