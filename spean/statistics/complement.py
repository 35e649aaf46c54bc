"""Which further cells are hidden, so that nobody can work out those that must be.

First by sight: what the hidden cells of one line add up to is known to everybody, so it must not be a small number.
Then by linear programmes: cells that no point proves safe get the cheapest cells whose hiding sets them free, looked
for near them first. What a figure is worth to a reader, its cost, grows with the number of people in it.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csc_array

from spean.statistics import audit, regions
from spean.statistics.audit import Solver
from spean.statistics.margins import Extended, Ids, Mask, System
from spean.statistics.regions import SLACK, Floats, Region

OPENING = 1.0  # how much dearer a cell is for each line in which it would be the only hidden one
STIRRED = 3  # siblings on each axis within which hidden cells are moved to prove one of them safe
NEAR = (2, 4)  # siblings on each axis among which a way out is looked for, before it is looked for everywhere
SEED = 20260301


Pairs = tuple[tuple[str, str], ...]


@dataclass
class Hiding:
    """The state of the work. Arrays have one place per cell of the system.

    `fixed` cells are known to everybody whatever is done here; `need` says how wide what can be worked out about a cell
    must at least be; `least` and `greatest` are the values that points have shown to be possible.
    """

    system: System
    x: Floats
    low: Floats
    high: Floats
    hidden: Mask
    fixed: Mask
    need: Floats
    threshold: int
    cheap: Mask
    least: Floats = field(init=False)
    greatest: Floats = field(init=False)
    programmes: int = 0
    unprotected: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.least, self.greatest = self.x.copy(), self.x.copy()
        self.rows, self.columns, self.signs = regions.entries(self.system)
        self.by_cell = csc_array((self.signs, (self.rows, self.columns)), shape=(len(self.system.total), len(self.x)))
        self.rng = np.random.default_rng(SEED)

    def cost(self) -> Floats:
        """A zero costs 1, a count the more the larger; what was hidden before, almost nothing."""
        return np.where(self.hidden, 0.0, np.where(self.cheap, 0.1, _worth(self.x)))

    def free(self) -> Mask:
        """Cells that may still be hidden with effect."""
        return ~self.fixed & ~self.hidden


def _worth(x: Floats) -> Floats:
    return np.asarray(1.0 + np.log2(1.0 + x))


def hide(work: Hiding) -> None:
    """Hide cells until every cell is as wide as it needs to be; those that cannot be made so are `unprotected`."""
    _by_sight(work)
    prove(work)
    pending = np.flatnonzero(_pending(work))
    for cell in pending[np.argsort(work.x[pending], kind="stable")]:
        if work.greatest[cell] - work.least[cell] < work.need[cell] - SLACK and not _set_free(work, int(cell)):
            work.unprotected.append(int(cell))


def _pending(work: Hiding) -> Mask:
    return (work.need > 0) & ~work.fixed & (work.greatest - work.least < work.need - SLACK)


def _by_sight(work: Hiding) -> None:
    """Close lines whose hidden cells are one, or a small number together, each with the cheapest cell; again and again.

    A cell that closes several lines is cheaper than one that opens others.
    """
    system = work.system
    start = system.start.tolist()
    rows = [
        [int(system.total[at]), *system.child[start[at] : start[at + 1]].tolist()] for at in range(len(system.total))
    ]
    lines_of: list[list[int]] = [[] for _ in work.x]
    for at, row in enumerate(rows):
        for cell in row:
            lines_of[cell].append(at)
    x, need = work.x.tolist(), work.need.tolist()
    cost = np.where(work.free() & (work.x >= work.threshold), work.cost(), np.inf).tolist()
    secret = (work.hidden & ~work.fixed).tolist()
    several = [sum(secret[cell] for cell in row) for row in rows]
    inside = [sum(x[cell] for cell in row[1:] if secret[cell]) for row in rows]

    def wanting(at: int) -> bool:
        if several[at] == 1:
            return any(secret[cell] and (need[cell] or cell in chosen) for cell in rows[at])
        return several[at] > 0 and not secret[rows[at][0]] and 0 < inside[at] < work.threshold

    chosen: set[int] = set()
    queue = deque(range(len(rows)))
    while queue:
        at = queue.popleft()
        if not wanting(at):
            continue
        price = {
            cell: cost[cell] * (1 + OPENING * sum(several[line] == 0 for line in lines_of[cell]))
            / (1 + sum(wanting(line) for line in lines_of[cell]))
            for cell in rows[at]
            if not secret[cell] and cost[cell] < np.inf
        }  # fmt: skip
        if not price:
            continue
        best = min(price, key=lambda cell: (price[cell], cell))
        secret[best] = True
        chosen.add(best)
        for line in lines_of[best]:
            several[line] += 1
            inside[line] += x[best] if rows[line][0] != best else 0
            queue.append(line)
    work.hidden[list(chosen)] = True


def prove(work: Hiding) -> None:
    """Find points that prove hidden cells safe, as many as can be found without looking at single cells."""
    concealed = work.hidden & ~work.fixed
    if not concealed.any():
        return
    cells, whole = regions.region(work.system, concealed, work.x, work.low, work.high)
    for columns, part in whole.parts():
        mine = cells[columns]
        least, greatest = work.least[mine], work.greatest[mine]
        work.programmes += audit.widen(part, least, greatest, work.need[mine], work.rng)
        work.least[mine], work.greatest[mine] = least, greatest


def _stir(work: Hiding, cell: int) -> bool:
    """Move only what is hidden near a cell, and look whether that proves it safe."""
    near = _near(work, cell, STIRRED)
    cells, part = _inside(work, near[work.hidden[near]])
    least, greatest = work.least[cells], work.greatest[cells]
    work.programmes += audit.widen(part, least, greatest, np.where(cells == cell, work.need[cells], 0.0), work.rng)
    work.least[cells], work.greatest[cells] = least, greatest
    return bool(work.greatest[cell] - work.least[cell] >= work.need[cell] - SLACK)


def _inside(work: Hiding, cells: Ids) -> tuple[Ids, Region]:
    """The region in which only these cells move."""
    matrix = work.by_cell[:, cells].tocsr()
    matrix = csc_array(matrix[np.flatnonzero(np.diff(matrix.indptr))])
    sums = matrix @ work.x[cells]
    return cells, Region(matrix, sums, sums.copy(), work.low[cells], work.high[cells], work.x[cells])


def _cells(work: Hiding, pairs: set[Pairs]) -> Ids:
    found = []
    for table in work.system.tables:
        nodes = [[node for node in range(len(axis.nodes)) if axis.pair(node) in pairs] for axis in table.axes]
        found.append(table.ids[np.ix_(*nodes)].reshape(-1))
    return np.unique(np.concatenate(found))


def _set_free(work: Hiding, cell: int) -> bool:
    """Hide the cheapest cells that let this one move as far as it must; False where nothing does."""
    if _stir(work, cell):
        return True
    for near in (*NEAR, None):
        missing = work.need[cell] - (work.greatest[cell] - work.least[cell])
        if missing <= SLACK:
            return True
        among = np.flatnonzero(~work.fixed) if near is None else _near(work, cell, near)
        if near is None and len(among) > 30_000:
            among = _near(work, cell, 8)
        _move(work, cell, among)
    return bool(work.greatest[cell] - work.least[cell] >= work.need[cell] - SLACK)


def _move(work: Hiding, cell: int, among: Ids) -> None:
    """Push the cell up as far as needed, then down for the rest, along the cheapest way through `among`."""
    need = float(work.need[cell])
    up = min(need, float(work.high[cell] - work.x[cell]))
    down = min(need, float(work.x[cell] - work.low[cell]))
    first = 1 if up >= down else -1
    for sign in (first, -first):
        missing = need - (work.greatest[cell] - work.least[cell])
        if missing <= SLACK:
            return
        reached = work.greatest[cell] - work.x[cell] if sign > 0 else work.x[cell] - work.least[cell]
        amount = min(reached + missing, up if sign > 0 else down)
        if amount <= reached + SLACK:
            continue
        y = _cheapest(work, cell, among, sign * amount)
        if y is not None:
            moved = among[np.abs(y) > SLACK]
            work.hidden[moved] = True
            point = work.x[among] + y
            work.least[among] = np.minimum(work.least[among], point)
            work.greatest[among] = np.maximum(work.greatest[among], point)


def _cheapest(work: Hiding, cell: int, among: Ids, amount: float) -> Floats | None:
    """Changes of the cells `among` that keep every equation, change `cell` by `amount`, and cost least; or None."""
    cost = work.cost()[among]
    at = int(np.flatnonzero(among == cell)[0])
    matrix = work.by_cell[:, among].tocsr()
    matrix = csc_array(matrix[np.flatnonzero(np.diff(matrix.indptr))])
    down, up = (work.low - work.x)[among], (work.high - work.x)[among]
    down[at] = up[at] = amount
    paid = np.flatnonzero(cost > 0)
    # A paid cell costs the same in both directions, so its way down is a column of its own.
    both = (
        csc_array(np.hstack([matrix.toarray(), -matrix[:, paid].toarray()]))
        if len(among) < 700
        else _beside(matrix, paid)
    )
    columns = len(among)
    low = np.concatenate([np.where(cost > 0, np.minimum(0, up), down), np.zeros(len(paid))])
    high = np.concatenate([up, -down[paid]])
    low[at] = high[at] = amount
    if cost[at] > 0:
        high[columns + int(np.flatnonzero(paid == at)[0])] = 0
    rows = matrix.shape[0]
    model = Region(both, np.zeros(rows), np.zeros(rows), low, high, np.zeros(len(low)))
    solver = Solver(model, np.concatenate([cost, cost[paid]]))
    work.programmes += 1
    found = solver.solved()
    if found is None:
        return None
    y = found[:columns].copy()
    y[paid] -= found[columns:]
    return y


def _beside(matrix: csc_array, paid: Ids) -> csc_array:
    from scipy.sparse import hstack

    return csc_array(hstack([matrix, -matrix[:, paid]]))


def _near(work: Hiding, cell: int, siblings: int) -> Ids:
    """Cells near one: on each axis its own category, what holds it, everybody, and the cheapest siblings."""
    pairs: set[Pairs] = set()
    own: set[tuple[str, ...]] = set()
    cost = np.where(work.fixed, 1e9, work.cost())
    for table in work.system.tables:
        spots = np.argwhere(table.ids == cell)
        if len(spots):
            spot = tuple(int(one) for one in spots[0])
            for axis, dim in enumerate(table.axes):
                pairs |= _around(table, axis, spot, cost, siblings)
                own.add(dim.levels)
    for table in work.system.tables:
        for axis, dim in enumerate(table.axes):
            if dim.levels not in own:
                pairs |= _around(table, axis, (0,) * len(table.axes), cost, siblings)
                own.add(dim.levels)
    cells = _cells(work, pairs)
    return cells[~work.fixed[cells]]


def _around(table: Extended, axis: int, spot: tuple[int, ...], cost: Floats, siblings: int) -> set[Pairs]:
    dim = table.axes[axis]
    own = spot[axis]
    line = cost[np.moveaxis(table.ids, axis, -1)[(*spot[:axis], *spot[axis + 1 :])]]
    nodes = {own, *dim.ancestors(own)}
    # The narrowest level is where a change of a wider category comes from.
    for node in list(nodes):
        under = dim.nodes[node].children
        beside = dim.siblings(node)
        for group in (under, beside):
            nodes.update(sorted(group, key=lambda one: (line[one], one))[:siblings])
    for node in list(nodes):
        while dim.nodes[node].children:
            node = min(dim.nodes[node].children, key=lambda one: (line[one], one))
            nodes.add(node)
    return {dim.pair(node) for node in nodes}
