"""Log-linear Poisson models with two-list effects: fitted for many tables at once, and checked for existence.

The expected count of a pattern is exp(intercept + its lists + its pairs of lists); the intercept is the logarithm of
the number of people on no list. A pair that nobody stands on together gets the effect minus infinity: every pattern
with both lists is then closed (expected count 0) and needs no parameter. The same holds for a list without anybody.

Sources: Chan, Silverman and Vincent (2021), Multiple systems estimation for sparse capture data, JASA 116 (extended
maximum likelihood); Fienberg and Rinaldo (2012), Maximum likelihood estimation in log-linear models, Ann. Statist. 40
(when an estimate exists). Only the published method was taken, no program.

Shapes: B tables, C patterns, K parameters (1 + lists + pairs).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from spean.estimation.arrays import Floats, Truths, Whole

MOST_STEPS = 60
MOST_HALVINGS = 30
SETTLED = 1e-9  # of the log-likelihood still to be gained
RIDGE = 1e-15  # keeps a direction that the data say nothing about from dividing by zero
HIGHEST = 60.0  # exp(60) people are infinitely many
# Change of a log expected count in the last step. Newton's method ends with ever smaller steps at a finite estimate,
# and where there is none goes on lowering some patterns by one for ever.
STANDS, WALKS = 1e-3, -0.5


@dataclass(frozen=True, eq=False)
class Design:
    """Which parameter counts in which pattern, for m lists.

    `matrix` is C × K; its columns are the intercept, the lists, then `pairs`. `unions` is C × S, one column for each
    set of at most four lists: 1 where the pattern holds the set. The product of two parameters' columns is the column
    of the union of their lists, so that all second derivatives are S sums: `union_of[k, l]` says which.
    """

    lists: int
    pairs: tuple[tuple[int, int], ...]
    matrix: Floats
    unions: Floats
    union_of: Whole

    @property
    def first_pair(self) -> int:
        return 1 + self.lists

    def with_only(self, used: Truths) -> "Design":
        """The same without the parameters that no model has."""
        return Design(
            self.lists,
            self.pairs,
            self.matrix[:, used],
            self.unions,
            np.ascontiguousarray(self.union_of[used][:, used]),
        )


@lru_cache(maxsize=16)
def design(m: int) -> Design:
    """The design of m lists; patterns are numbered 1 … 2**m - 1 and stand at index number - 1."""
    patterns = ((np.arange(1, 2**m)[:, None] >> np.arange(m)) & 1).astype(np.float64)
    pairs = tuple(combinations(range(m), 2))
    sets = [frozenset(s) for size in range(5) for s in combinations(range(m), size)]
    number = {s: i for i, s in enumerate(sets)}
    unions = np.stack([patterns[:, sorted(s)].prod(axis=1) for s in sets], axis=1)
    parameters = [frozenset[int](), *(frozenset([i]) for i in range(m)), *(frozenset(pair) for pair in pairs)]
    union_of = np.array([[number[a | b] for b in parameters] for a in parameters])
    return Design(m, pairs, unions[:, union_of.diagonal()], unions, union_of)


@dataclass
class Models:
    """B models on one design: `has` (B × K) says which effects have a finite value to be estimated, `open` (B × C)
    which patterns can occur. Pairs and lists at minus infinity are in neither."""

    has: Truths
    open: Truths

    def take(self, rows: Whole | Truths) -> "Models":
        return Models(self.has[rows], self.open[rows])


@dataclass
class Fits:
    """`effects` (B × K), expected counts `expected` (B × C), and by how much the last step of Newton's method changed
    the logarithms of those (B × C)."""

    effects: Floats
    expected: Floats
    drift: Floats


def independent(plan: Design, counts: Floats) -> Models:
    """Models in which every list stands for itself; a list without anybody is closed."""
    totals = counts @ plan.matrix
    has = np.zeros(totals.shape, dtype=bool)
    has[:, : plan.first_pair] = totals[:, : plan.first_pair] > 0
    empty = (totals[:, 1 : plan.first_pair] == 0).astype(np.float64)
    return Models(has, empty @ plan.matrix[:, 1 : plan.first_pair].T == 0)


def fit(plan: Design, counts: Floats, models: Models, start: Floats | None = None) -> Fits:
    """Maximum likelihood by Newton's method with halving, all tables at once.

    `start` are effects to begin from (B × K). Where no finite maximum exists the effects walk away; the drift tells.
    """
    used: Truths = np.any(models.has, axis=0, keepdims=True)[0]
    if not used.all():
        smaller = fit(plan.with_only(used), counts, Models(models.has[:, used], models.open), _columns(start, used))
        effects = np.zeros(models.has.shape)
        effects[:, used] = smaller.effects
        return Fits(effects, smaller.expected, smaller.drift)
    target = counts @ plan.matrix
    effects = np.where(models.has, _first_guess(plan, counts, models) if start is None else start, 0.0)
    drift = np.full(models.open.shape, np.inf)
    expected, gain = _expected(plan, effects, models.open, target)
    going = np.arange(len(counts))
    for _ in range(MOST_STEPS):
        margins = expected[going] @ plan.unions
        has = models.has[going]
        slope = np.where(has, target[going] - margins[:, plan.union_of.diagonal()], 0.0)
        step = _solved(margins[:, plan.union_of], has, slope)
        promised = np.einsum("bk,bk->b", slope, step)
        moving = promised > SETTLED
        rested = going[~moving]
        drift[rested] = (step[~moving] @ plan.matrix.T) * models.open[rested]
        going, step = going[moving], step[moving]
        if not len(going):
            break
        size = np.ones(len(going))
        late = np.arange(len(going))
        for _ in range(MOST_HALVINGS):
            rows = going[late]
            tried = effects[rows] + size[late, None] * step[late]
            new_expected, new_gain = _expected(plan, tried, models.open[rows], target[rows])
            better = new_gain >= gain[rows] - 1e-9 * np.abs(gain[rows])
            kept = rows[better]
            effects[kept], expected[kept], gain[kept] = tried[better], new_expected[better], new_gain[better]
            late = late[~better]
            if not len(late):
                break
            size[late] /= 2
    return Fits(effects, expected, drift)


def _columns(start: Floats | None, used: Truths) -> Floats | None:
    return None if start is None else start[:, used]


def _expected(plan: Design, effects: Floats, opened: Truths, target: Floats) -> tuple[Floats, Floats]:
    """Expected counts and log-likelihood (but for a constant)."""
    expected = np.exp(np.minimum(effects @ plan.matrix.T, HIGHEST)) * opened
    return expected, np.einsum("bk,bk->b", effects, target) - expected.sum(axis=1)


def _first_guess(plan: Design, counts: Floats, models: Models) -> Floats:
    """One weighted least-squares step from the counts themselves, a little above zero."""
    near = (counts + 0.1) * models.open
    wanted = near * np.log(counts + 0.1) + (counts - near) * models.open
    return _solved((near @ plan.unions)[:, plan.union_of], models.has, np.where(models.has, wanted @ plan.matrix, 0.0))


def _solved(curvature: Floats, has: Truths, slope: Floats) -> Floats:
    """Solve for the effects that are there; the others stay at zero."""
    curvature = curvature * (has[:, :, None] & has[:, None, :])
    diagonal = np.einsum("bkk->bk", curvature)
    diagonal *= 1 + RIDGE
    diagonal += np.where(has, 1e-15, 1.0)
    return np.linalg.solve(curvature, slope[:, :, None])[:, :, 0].astype(np.float64, copy=False)


class Checks:
    """Whether a model has one finite estimate, remembered: the same few models come up in every replicate.

    Which estimate exists depends on which patterns have people at all, not on how many. Where none exists there is a
    *direction*: a change of effects that lowers some patterns without people (`lowered`) and leaves all others as they
    are, so that going on for ever only improves the fit. One direction refutes every larger model, with the same or
    more patterns closed, of every table without people in the lowered patterns.
    """

    def __init__(self, plan: Design) -> None:
        self._plan = plan
        self._identified: dict[bytes, bool] = {}
        self._exists: dict[bytes, bool] = {}
        k, c = plan.matrix.shape[1], plan.matrix.shape[0]
        self._needs = np.zeros((0, k))  # effects that the direction changes
        self._strays = np.zeros((0, c))  # patterns that it would raise: they have to be closed
        self._lowered = np.zeros((0, c))
        self.programs = 0  # linear programmes solved

    def identified(self, has: Truths, opened: Truths) -> bool:
        """No two values of the effects give the same expected counts: the open patterns have full column rank."""
        key = np.packbits(np.concatenate([has, opened])).tobytes()
        if key not in self._identified:
            rows = self._plan.matrix[opened][:, has]
            self._identified[key] = len(rows) >= has.sum() and bool(np.linalg.matrix_rank(rows) == has.sum())
        return self._identified[key]

    def refuted(self, models: Models, counts: Floats) -> Truths:
        """Where a direction already known proves that no finite estimate exists."""
        if not len(self._needs):
            return np.zeros(len(counts), dtype=bool)
        lacking = (~models.has).astype(np.float64) @ self._needs.T
        raised = models.open.astype(np.float64) @ self._strays.T
        people = (counts > 0).astype(np.float64) @ self._lowered.T
        lowers = models.open.astype(np.float64) @ self._lowered.T
        return ((lacking == 0) & (raised == 0) & (people == 0) & (lowers > 0)).any(axis=1)

    def exists(self, models: Models, row: int, counts: Floats, drift: Floats) -> bool:
        """Whether the estimate of one model is finite; `counts` and `drift` (of its fit) are those of the row.

        Asked when the fit did not come to a stand. The patterns that it goes on lowering suggest a direction; where
        that does not settle the matter, a linear programme does.
        """
        has, opened, seen = models.has[row], models.open[row], counts > 0
        if self.refuted(models.take(np.array([row])), counts[None])[0]:
            return False
        if self._learn(has, opened, seen, opened & (drift < WALKS)):
            return False
        key = np.packbits(np.concatenate([has, opened, seen])).tobytes()
        if key not in self._exists:
            self._exists[key] = self._programme(self._plan.matrix[opened][:, has].T, seen[opened].astype(np.float64))
        return self._exists[key]

    def _learn(self, has: Truths, opened: Truths, seen: Truths, vanishing: Truths) -> bool:
        """Look for a direction that lowers exactly the vanishing patterns; keep it if there is one."""
        if not vanishing.any() or (seen & vanishing).any():
            return False
        rows = self._plan.matrix[:, has]
        _, sizes, turned = np.linalg.svd(rows[opened & ~vanishing], full_matrices=True)
        free = turned[int((sizes > 1e-9).sum()) :].T
        if not free.size:
            return False
        within = rows[vanishing] @ free
        way = free @ np.linalg.lstsq(within, -np.ones(len(within)), rcond=None)[0]
        change = rows @ way
        if change[vanishing].max() > -1e-6 or np.abs(change[opened & ~vanishing]).max(initial=0.0) > 1e-9:
            return False
        needs = np.zeros(len(has))
        needs[has] = np.abs(way) > 1e-9
        # Patterns closed in this model may be open in another, where the same direction may raise or lower them.
        self._needs = np.vstack([self._needs, needs])
        self._strays = np.vstack([self._strays, change > 1e-9])
        self._lowered = np.vstack([self._lowered, change < -1e-9])
        return True

    def _programme(self, totals_of: Floats, seen: Floats) -> bool:
        """Fienberg and Rinaldo's: some table with people in every open pattern has the same totals.

        Every count that is not zero is taken as one; the smallest face of the marginal cone is the same, and the
        numbers stay small.
        """
        from scipy.optimize import linprog  # takes a while to import, and most tables never ask

        self.programs += 1
        k, c = totals_of.shape
        least = np.zeros(c + 1)
        least[-1] = -1.0
        answer = linprog(
            least,
            A_eq=np.hstack([totals_of, np.zeros((k, 1))]),
            b_eq=totals_of @ seen,
            A_ub=np.hstack([-np.eye(c), np.ones((c, 1))]),
            b_ub=np.zeros(c),
            bounds=[(0, None)] * c + [(0, 1)],
            method="highs",
        )
        return bool(answer.status == 0 and -answer.fun > 1e-7)


def stands(fits: Fits) -> Truths:
    """Where the fit itself shows that the estimate is finite. Its expected counts then are what the linear programme
    looks for: people in every open pattern, with the totals observed."""
    return np.abs(fits.drift).max(axis=1) < STANDS
