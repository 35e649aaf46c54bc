"""A stored table as rows and columns of a page, in the reader's language. Adds nothing: every number is in the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.utils.translation import gettext as _

from spean.statistics import figures, labels
from spean.statistics.margins import TOTAL
from spean.statistics.queries import cells_of
from spean.statistics.tables import Cell


@dataclass(frozen=True)
class Shown:
    """One cell of a page: its text, and in words why it has no number."""

    text: str
    why: str = ""


@dataclass(frozen=True)
class Row:
    heads: tuple[str, ...]
    cells: tuple[Shown, ...]
    total: bool = False
    columns: tuple[str, ...] = ()

    @property
    def labelled(self) -> list[tuple[Shown, str]]:
        """Each cell with the head of its column, which a narrow page shows beside it."""
        return list(zip(self.cells, self.columns, strict=True))


@dataclass(frozen=True)
class Grid:
    """`zero`: rows in which every count is 0, named instead of drawn out."""

    heads: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    zero: tuple[str, ...]
    states: tuple[str, ...]


def shown(cell: Cell) -> Shown:
    if cell.value is not None and cell.state == "counted":
        return Shown(f"{cell.value:,}")
    return Shown(labels.MARK[cell.state], labels.words(labels.STATE, cell.state))


# More columns than this are no table any more; the shortest dimension goes across instead.
WIDE = 10


def grid(table: Mapping[str, Any], language: str | None = None, *, long: bool = False) -> Grid:
    """One dimension across, the others down; margins where they are published. `long`: all of them down."""
    cells = cells_of(table)
    dimensions = table["dimensions"]
    sizes = [len(one["categories"]) for one in dimensions]
    at = None if len(dimensions) == 1 or long else len(sizes) - 1 if sizes[-1] <= WIDE else sizes.index(min(sizes))
    down = [one for place, one in enumerate(dimensions) if place != at]
    words = {one["code"]: {code: labels.text(said, language) for code, said in one["categories"]} for one in dimensions}
    columns = [] if at is None else [*words[dimensions[at]["code"]], TOTAL]
    shown_columns = (
        (_("Number"), _("Share"))
        if len(dimensions) == 1
        else (_("Number"),)
        if at is None
        else tuple(words[dimensions[at]["code"]].get(code, _("Total")) for code in columns)
    )
    rows, zero = [], []
    for key in [*product(*(words[one["code"]] for one in down)), (TOTAL,) * len(down)]:
        total = key[0] == TOTAL
        named = [words[one["code"]].get(code, "") for one, code in zip(down, key, strict=True)]
        heads = (_("Total"), *[""] * (len(down) - 1)) if total else tuple(named)
        found = [cells[key]] if at is None else [cells[(*key[:at], column, *key[at:])] for column in columns]
        if not total and all(cell.state == "counted" and cell.value == 0 for cell in found):
            zero.append(" · ".join(heads))
            continue
        line = [shown(cell) for cell in found]
        if len(dimensions) == 1:
            line.append(Shown(figures.percentage(found[0].value, cells[(TOTAL,)].value)))
        rows.append(Row(heads, tuple(line), total, shown_columns))
    states = tuple(dict.fromkeys(cell.state for cell in cells.values() if cell.state != "counted"))
    heads = tuple(labels.text(one["labels"], language) for one in down)
    return Grid(heads, shown_columns, tuple(rows), tuple(zero), states)


def bars(table: Mapping[str, Any], language: str | None = None) -> list[tuple[str, Cell]]:
    """The first dimension that says most: its margins, by words. Zero rows are left to the table."""
    cells = cells_of(table)
    dimensions: Sequence[Mapping[str, Any]] = table["dimensions"]
    at = 0 if len(dimensions) < 3 or dimensions[0]["code"] != "status" else 1
    found = []
    for code, said in dimensions[at]["categories"]:
        key = [TOTAL] * len(dimensions)
        key[at] = code
        cell = cells[tuple(key)]
        if cell.state != "counted" or cell.value:
            found.append((labels.text(said, language), cell))
    return found


def by_province(table: Mapping[str, Any]) -> dict[str, Cell] | None:
    """Margins by province, for the map; None for a table without that dimension."""
    codes = [one["code"] for one in table["dimensions"]]
    if "province" not in codes:
        return None
    at = codes.index("province")
    cells = cells_of(table)
    found = {}
    for code, _said in table["dimensions"][at]["categories"]:
        key = [TOTAL] * len(codes)
        key[at] = code
        found[code] = cells[tuple(key)]
    return found
