"""Small counts do not leave: whatever is published of a table has passed `protect`.

A count from 1 to below the threshold is suppressed, and so is every sum that holds one of them; a sum that stands in
several tables is suppressed in all of them when it is in one. Nothing is rounded and nothing is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from spean.statistics.margins import TOTAL, Published
from spean.statistics.releases import Release
from spean.statistics.series import State
from spean.statistics.tables import Cell, Table


@dataclass(frozen=True)
class Protected:
    """Tables that may be published, in the order in which they were given."""

    tables: tuple[Published, ...]
    report: dict[str, Any] = field(default_factory=dict)


def protect(tables: Sequence[Table], *, threshold: int, published: Sequence[Release] = ()) -> Protected:
    """Tables of one population together."""
    made = [(table, _whole(table, threshold)) for table in tables]
    secret = {
        _key(table, key)
        for table, cells in made
        for key, cell in cells.items()
        if cell.state == "suppressed" and TOTAL in key
    }
    return Protected(
        tuple(
            Published(
                table.name, table.unit, table.dimensions,
                {key: Cell(None, "suppressed") if _key(table, key) in secret else cell for key, cell in cells.items()},
            )
            for table, cells in made
        )
    )  # fmt: skip


def _whole(table: Table, threshold: int) -> dict[tuple[str, ...], Cell]:
    cells = {
        key: Cell(None, "suppressed") if cell.value is not None and 0 < cell.value < threshold else cell
        for key, cell in table.cells.items()
    }
    sums: dict[tuple[str, ...], list[Cell]] = {}
    for key, cell in cells.items():
        for way in product((False, True), repeat=len(key)):
            if any(way):
                margin = tuple(TOTAL if off else word for off, word in zip(way, key, strict=True))
                sums.setdefault(margin, []).append(cell)
    return {**cells, **{key: _sum(parts) for key, parts in sums.items()}}


def _sum(parts: Sequence[Cell]) -> Cell:
    worst: tuple[State, ...] = ("suppressed", "missing", "not_collected")
    for state in worst:
        if any(cell.state == state for cell in parts):
            return Cell(None, state)
    counted = [cell.value or 0 for cell in parts if cell.state == "counted"]
    return Cell(sum(counted), "counted") if counted else Cell(None, "not_applicable")


def _key(table: Table, key: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    pairs = zip(table.dimensions, key, strict=True)
    return frozenset((dimension.code, word) for dimension, word in pairs if word != TOTAL)
