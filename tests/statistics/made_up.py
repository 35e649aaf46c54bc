"""Tables of invented counts, and what the attacker must not know of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from spean.statistics.margins import TOTAL, Published
from spean.statistics.tables import Cell, Dimension, Table
from tests.statistics.attacker import Name


def dimension(code: str, size: int) -> Dimension:
    return Dimension(code, tuple(f"{code}{at}" for at in range(size)))


def counts(dimensions: Sequence[Dimension], mean: float, rng: np.random.Generator, even: float = 1.5) -> np.ndarray:
    """Poisson counts around the product of uneven shares; the smaller `even`, the more uneven."""
    shares = np.ones([len(one.categories) for one in dimensions])
    for at, one in enumerate(dimensions):
        shape = [1] * len(dimensions)
        shape[at] = len(one.categories)
        shares = shares * rng.dirichlet(np.full(len(one.categories), even)).reshape(shape)
    return rng.poisson(shares / shares.sum() * mean * shares.size)


def table(name: str, dimensions: Sequence[Dimension], values: np.ndarray, unit: str = "persons") -> Table:
    cells = {
        tuple(one.categories[at] for one, at in zip(dimensions, spot, strict=True)): Cell(int(values[spot]), "counted")
        for spot in np.ndindex(*values.shape)
    }
    return Table(name, unit, tuple(dimensions), cells)


def truth(tables: Sequence[Table]) -> dict[Name, int]:
    """The count of every cell and margin of the tables."""
    found: dict[Name, int] = {}
    for one in tables:
        mine: dict[Name, int] = {}
        for key, cell in one.cells.items():
            words = [(dim.code, word) for dim, word in zip(one.dimensions, key, strict=True)]
            for mask in range(2 ** len(words)):
                name = frozenset(word for at, word in enumerate(words) if mask >> at & 1)
                mine[name] = mine.get(name, 0) + (cell.value or 0)
        found.update(mine)
    return found


def names(table: Published, state: str) -> set[Name]:
    return {
        frozenset((one.code, word) for one, word in zip(table.dimensions, key, strict=True) if word != TOTAL)
        for key, cell in table.cells.items()
        if cell.state == state
    }


def by_name(tables: Sequence[Published]) -> Mapping[Name, int]:
    return {
        frozenset(
            (one.code, word) for one, word in zip(table.dimensions, key, strict=True) if word != TOTAL
        ): cell.value
        for table in tables
        for key, cell in table.cells.items()
        if cell.value is not None
    }
