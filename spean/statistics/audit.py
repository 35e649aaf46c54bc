"""What somebody with everything that is published, and a linear programme, can work out about the cells that are not.

The attacker knows every published figure, that all margins add up, the threshold, and of each hidden cell whether it
lies below the threshold (nobody is told that; it is the worst he could guess). A cell is proved safe by points:
two ways to fill the hidden cells that fit everything he knows, and differ enough in that cell. Points are checked here,
so the proof rests on additions, not on the solver.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components

from spean.statistics.margins import Ids, Mask, System

Floats = npt.NDArray[np.float64]

SLACK = 1e-4  # how far a checked point may be off; counts are whole numbers
ROUNDS = 4  # programmes that widen many cells at once
INTERIOR_FROM = 800  # from so many hidden cells, an interior-point method is faster than the simplex
EXACT_UP_TO = 400  # and from so many, asking about single cells is too slow; they are repaired instead


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


class Solver:
    """One region, asked for one objective after another; each starts where the last ended."""

    def __init__(self, of: Region, cost: Floats | None = None) -> None:
        self.region = of
        self.columns = len(of.low)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, len(of.rows_low)
        model.col_cost_ = np.zeros(self.columns) if cost is None else cost
        model.col_lower_, model.col_upper_ = of.low, of.high
        model.row_lower_, model.row_upper_ = of.rows_low, of.rows_high
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = of.matrix.indptr.astype(np.int32)
        model.a_matrix_.index_ = of.matrix.indices.astype(np.int32)
        model.a_matrix_.value_ = of.matrix.data
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)  # the same answer on every machine
        self.interior = self.columns >= INTERIOR_FROM
        if self.interior:
            self.highs.setOptionValue("solver", "ipm")
            self.highs.setOptionValue("run_crossover", "off")
        self.highs.passModel(model)

    def exactly(self) -> None:
        """From now on by the simplex, which is quick once it has a start."""
        self.highs.setOptionValue("solver", "simplex")
        self.interior = False

    def lowest(self, cost: Floats) -> Floats | None:
        """The point of least cost, or None where the solver found none that holds."""
        self.highs.changeColsCost(self.columns, np.arange(self.columns, dtype=np.int32), cost)
        return self.solved()

    def solved(self) -> Floats | None:
        self.highs.run()
        y = np.array(self.highs.getSolution().col_value)
        return y if len(y) == self.columns and self.region.holds(y) else None


def widen(
    of: Region, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator, rounds: int = ROUNDS
) -> int:
    """Move `least` and `greatest` apart, by points of the region, until cells are as wide as they need to be.

    All arrays are of the region's columns; `need` is 0 where nothing is asked. In a small region what is left too close at
    the end cannot be moved further apart; in a large one it may only not have been proved. Returns how many programmes
    were solved.
    """
    pending = _pending(least, greatest, need)
    if not pending.any():
        return 0
    large = len(of.low) >= INTERIOR_FROM
    solvers = [Solver(of) for _ in range(2 if large else 1)]
    solved = 0
    for _ in range(rounds):
        # Two halves at once in a large region: cells that are pushed up take people from those that are not.
        sides = rng.integers(len(solvers), size=len(need))
        costs = [_push(of, least, greatest, need, rng) * (pending & (sides == at)) for at in range(len(solvers))]
        with ThreadPoolExecutor(len(solvers)) as pool:
            points = list(pool.map(lambda solver, cost: solver.lowest(cost), solvers, costs))
        solved += len(points)
        for y in points:
            if y is not None:
                np.minimum(least, y, out=least)
                np.maximum(greatest, y, out=greatest)
        before, pending = pending, _pending(least, greatest, need)
        if not pending.any():
            return solved
        if pending.sum() > 0.8 * before.sum() and not large:
            break
    if len(of.low) <= EXACT_UP_TO:
        solved += _one_by_one(of, solvers[0], least, greatest, need)
    return solved


def _push(of: Region, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator) -> Floats:
    """Costs that send each cell to the side where it is further from what it needs; some to the other, for room."""
    upward = np.minimum(of.high, of.point + need) - greatest
    downward = least - np.maximum(of.low, of.point - need)
    sign = np.where(upward >= downward, -1.0, 1.0) * np.where(rng.random(len(need)) < 0.1, -1.0, 1.0)
    return sign * rng.uniform(0.5, 1.0, len(need))


def _one_by_one(of: Region, solver: Solver, least: Floats, greatest: Floats, need: Floats) -> int:
    solver.exactly()
    solved = 0
    for column in np.flatnonzero(_pending(least, greatest, need)):
        for sign in (-1.0, 1.0):
            if greatest[column] - least[column] >= need[column] - SLACK:
                break
            cost = np.zeros(len(need))
            cost[column] = sign
            y = solver.lowest(cost)
            solved += 1
            if y is not None:
                np.minimum(least, y, out=least)
                np.maximum(greatest, y, out=greatest)
    return solved


def _pending(least: Floats, greatest: Floats, need: Floats) -> Mask:
    return (need > 0) & (greatest - least < need - SLACK)
