"""A table of counts as it is computed: dimensions, and one cell for each combination of their categories.

Margins are not part of it; they follow from the interior.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cell:
    """One number, or why there is none. `value` is None unless the state is counted; a counted 0 is a number."""

    value: int | None
    state: Literal["counted", "suppressed", "missing", "not_applicable", "not_collected"]


@dataclass(frozen=True)
class Dimension:
    """Something people are told apart by, and its categories in the order in which they are shown."""

    code: str
    categories: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`cells` holds the interior only, keyed by one category per dimension, in the order of `dimensions`."""

    name: str
    unit: str
    dimensions: tuple[Dimension, ...]
    cells: Mapping[tuple[str, ...], Cell]
