"""A table of counts as every part of this room hands it on: cells with a state, keyed by one code per dimension.

Missing, not applicable, suppressed, not collected and zero are five different things; only a counted cell has a
value. A table holds its interior alone: every margin follows from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cell:
    """One number, or why there is none. `value` is None exactly when the state is not "counted"."""

    value: int | None
    state: Literal["counted", "suppressed", "missing", "not_applicable", "not_collected"]


@dataclass(frozen=True)
class Dimension:
    """What a table is divided by, with its categories in the order in which they are shown."""

    code: str
    categories: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`unit` says what is counted (person, episode, referral …); cells of different units are never added."""

    name: str
    unit: str
    dimensions: tuple[Dimension, ...]
    cells: Mapping[tuple[str, ...], Cell]
