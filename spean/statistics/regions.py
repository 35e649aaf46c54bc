"""The ways to fill hidden cells, as equations and ends: what is known to everybody, and what is not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components

from spean.statistics.margins import Ids, Mask, System

Floats = npt.NDArray[np.float64]

SLACK = 1e-4  # how far a checked point may be off; counts are whole numbers


@dataclass
class Region:
    """The ways to fill hidden cells: rows_low <= matrix @ y <= rows_high, low <= y <= high. `point` is one of them."""

    matrix: csc_array
    rows_low: Floats
    rows_high: Floats
    low: Floats
    high: Floats
    point: Floats

    def holds(self, y: Floats) -> bool:
        sums = self.matrix @ y
        return bool(
            np.all(y >= self.low - SLACK) and np.all(y <= self.high + SLACK)
            and np.all(sums >= self.rows_low - SLACK) and np.all(sums <= self.rows_high + SLACK)
        )  # fmt: skip

    def parts(self) -> Iterator[tuple[Ids, "Region"]]:
        """The region falls apart where no equation joins cells: (columns, region) of each part."""
        rows, columns = self.matrix.shape
        pattern = self.matrix.tocoo()
        graph = coo_array(
            (np.ones(pattern.nnz), (pattern.coords[1], columns + pattern.coords[0])), shape=(rows + columns,) * 2
        )
        _, label = connected_components(graph, directed=False)
        by_row = self.matrix.tocsr()
        for one in np.unique(label[:columns]):
            mine = np.flatnonzero(label[:columns] == one)
            lines = np.flatnonzero(label[columns:] == one)
            yield mine, Region(
                csc_array(by_row[lines][:, mine]), self.rows_low[lines], self.rows_high[lines],
                self.low[mine], self.high[mine], self.point[mine],
            )  # fmt: skip


def entries(system: System) -> tuple[Ids, Ids, Floats]:
    """Rows, columns and signs of all equations: children minus their total is nought."""
    sizes = np.diff(system.start)
    rows = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), np.arange(len(sizes))])
    columns = np.concatenate([system.child, system.total])
    signs = np.concatenate([np.ones(len(system.child)), -np.ones(len(sizes))])
    return rows, columns, signs


def region(system: System, hidden: Mask, x: Floats, low: Floats, high: Floats) -> tuple[Ids, Region]:
    """(hidden cells, the ways to fill them). `x` holds a value of every cell that fits all equations."""
    rows, columns, signs = entries(system)
    kept = hidden[columns]
    cells = np.flatnonzero(hidden)
    column_of = np.full(len(hidden), -1)
    column_of[cells] = np.arange(len(cells))
    lines, row = np.unique(rows[kept], return_inverse=True)
    matrix = csc_array((signs[kept], (row, column_of[columns[kept]])), shape=(len(lines), len(cells)))
    sums = matrix @ x[cells]
    return cells, Region(matrix, sums, sums.copy(), low[cells], high[cells], x[cells])
