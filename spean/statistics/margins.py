"""A table with its margins, as it is published."""

from collections.abc import Mapping
from dataclasses import dataclass

from spean.statistics.tables import Cell, Dimension

TOTAL = "total"


@dataclass(frozen=True)
class Published:
    """A table as it is published: every cell with its state, keyed like the interior, TOTAL where it is a margin."""

    name: str
    unit: str
    dimensions: tuple[Dimension, ...]
    cells: Mapping[tuple[str, ...], Cell]
