"""What somebody with everything that is published, and a linear programme, can work out about the cells that are not.

The attacker knows every published figure, that all margins add up, the threshold, and of each hidden cell whether it
lies below the threshold (nobody is told that; it is the worst he could guess). A cell is proved safe by points:
two ways to fill the hidden cells that fit everything he knows, and differ enough in that cell. Points are checked here,
so the proof rests on additions, not on how they were found.
"""

import highspy
import numpy as np

from spean.statistics.margins import Mask
from spean.statistics.pushing import Pusher
from spean.statistics.regions import SLACK, Floats, Region

ROUNDS = 4  # programmes that widen many cells at once
EXACT_UP_TO = 400  # hidden cells; in a larger region, asking a programme about single ones is too slow

# For larger regions, in which cells are pushed. Found by trying; what they prove is checked.
POINTS = 60
SHARE, AT_LEAST = 0.3, 0.1  # of the cells that are still too close, and of all, how many are pushed at once
FORCE = 1.0
ROOM = 0.1  # how much further than it must a cell is pushed
IDLE, PATIENCE = 0.97, 6  # so many points in a row that leave more than this of what there was before are the last


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
        self.highs.setOptionValue("solver", "simplex")
        self.highs.passModel(model)

    def lowest(self, cost: Floats) -> Floats | None:
        """The point of least cost, or None where the solver found none that holds."""
        self.highs.changeColsCost(self.columns, np.arange(self.columns, dtype=np.int32), cost)
        return self.solved()

    def solved(self) -> Floats | None:
        self.highs.run()
        y = np.array(self.highs.getSolution().col_value)
        return y if len(y) == self.columns and self.region.holds(y) else None


def widen(of: Region, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator) -> int:
    """Move `least` and `greatest` apart, by points of the region, until cells are as wide as they need to be.

    All arrays are of the region's columns; `need` is 0 where nothing is asked. In a small region what is left too close at
    the end cannot be moved further apart; in a large one it may only not have been proved. Returns how many programmes
    were solved.
    """
    if not _pending(least, greatest, need).any():
        return 0
    if len(of.low) > EXACT_UP_TO:
        _many_at_once(of, least, greatest, need, rng)
        return 0
    solver = Solver(of)
    solved = _all_by_programmes(of, solver, least, greatest, need, rng)
    for column in np.flatnonzero(_pending(least, greatest, need)):
        solved += _ask(of, solver, int(column), least, greatest, need[column])
    return solved


def _ask(of: Region, solver: Solver, column: int, least: Floats, greatest: Floats, need: float) -> int:
    """How small the column can be and, if that is not enough, how large."""
    for solved, sign in enumerate((-1.0, 1.0)):
        if greatest[column] - least[column] >= need - SLACK:
            return solved
        cost = np.zeros(len(least))
        cost[column] = sign
        _include(of, solver.lowest(cost), least, greatest)
    return 2


def _all_by_programmes(
    of: Region, solver: Solver, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator
) -> int:
    pending = _pending(least, greatest, need)
    for solved in range(ROUNDS):
        if not pending.any():
            return solved
        _include(of, solver.lowest(_push(of, least, greatest, need, rng) * pending), least, greatest)
        before, pending = pending, _pending(least, greatest, need)
        if pending.sum() > 0.8 * before.sum():
            return solved + 1
    return ROUNDS


def _many_at_once(of: Region, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator) -> None:
    """Push some of the cells that are still too close, others in the next turn: what goes up takes people from the rest.

    None further than it must, so that there is room for many. Ends when hardly any more come apart.
    """
    pusher = Pusher(of)
    idle = 0
    for _ in range(POINTS):
        before = _pending(least, greatest, need)
        if not before.any() or idle == PATIENCE:
            return
        chosen = before & (rng.random(len(need)) < max(SHARE, AT_LEAST * len(need) / before.sum()))
        force = np.where(chosen, -FORCE * _push(of, least, greatest, need, rng), 0.0)
        enough = np.where(chosen, need - (greatest - least) + ROOM, np.inf)
        low = np.where(force < 0, least - enough, -np.inf)
        high = np.where(force > 0, greatest + enough, np.inf)
        _include(of, pusher.pushed(force, low, high), least, greatest)
        idle = idle + 1 if _pending(least, greatest, need).sum() > IDLE * before.sum() else 0


def _include(of: Region, y: Floats | None, least: Floats, greatest: Floats) -> None:
    """A point counts if it holds, and only then."""
    if y is not None and of.holds(y):
        np.minimum(least, y, out=least)
        np.maximum(greatest, y, out=greatest)


def _push(of: Region, least: Floats, greatest: Floats, need: Floats, rng: np.random.Generator) -> Floats:
    """Costs that send each cell to the side where it is further from what it needs; some to the other, for room."""
    upward = np.minimum(of.high, of.point + need) - greatest
    downward = least - np.maximum(of.low, of.point - need)
    sign = np.where(upward >= downward, -1.0, 1.0) * np.where(rng.random(len(need)) < 0.25, -1.0, 1.0)
    return np.asarray(sign * rng.uniform(0.5, 1.0, len(need)))


def _pending(least: Floats, greatest: Floats, need: Floats) -> Mask:
    return (need > 0) & (greatest - least < need - SLACK)
