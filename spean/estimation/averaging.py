"""Bayesian model averaging over decomposable graphs.

Every decomposable graph gives a posterior of the number of people on no list; all are averaged with their marginal
likelihood. Hyper-Dirichlet prior with `delta` = 2**-m people in each cell, all graphs alike, and a prior of the whole
number in proportion to 1 / N. Madigan and York (1997), Bayesian methods for estimation of the size of a closed
population, Biometrika 84. As in published use, the graph in which all lists are joined is among them, and at least
one person is hidden.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from spean.estimation import graphs
from spean.estimation.arrays import Floats, Whole
from spean.estimation.table import Captures

FARTHEST = 200  # hidden people for one observed; a posterior that reaches this far has no upper end
EXACT = 1000  # numbers of hidden people looked at one by one; beyond, in steps that grow
STEPS = 1000
AT_ONCE = 2000  # graphs


@dataclass
class Averaged:
    """`hidden` (ascending) and their posterior `probability`; per graph its `weight` and edges."""

    observed: int
    hidden: Whole
    probability: Floats
    weights: Floats
    edges: tuple[frozenset[tuple[int, int]], ...]

    def quantile(self, at: float) -> float:
        """The whole number (observed and hidden) at which this much of the posterior is reached."""
        reached = np.cumsum(self.probability)
        return float(self.observed + round(np.interp(at * reached[-1], reached, _edges(self.hidden)[1:])))

    @property
    def beyond(self) -> float:
        """How much of the posterior lies in the last tenth of what was looked at."""
        return float(self.probability[self.hidden > 0.9 * self.hidden[-1]].sum())

    def joined(self, pair: tuple[int, int]) -> float:
        """How probable it is that these two lists depend on each other directly."""
        return float(self.weights[[pair in one for one in self.edges]].sum())


def average(table: Captures, delta: float | None = None, farthest: int = FARTHEST) -> Averaged:
    """The posterior for three to six lists."""
    m = len(table.lists)
    if not 3 <= m <= graphs.MOST_LISTS:
        raise ValueError(f"model averaging needs three to {graphs.MOST_LISTS} lists, not {m}")
    delta = 2.0**-m if delta is None else delta
    hidden, width = _grid(table.observed * farthest)
    edges, factors = graphs.decomposable(m)
    sets = _marginal_likelihoods(table, hidden, delta)
    n = table.observed + hidden
    # Multinomial coefficient of the hidden cell, and the prior 1 / N; what does not depend on N cancels.
    common = special.gammaln(n + 1.0) - special.gammaln(hidden + 1.0) - np.log(n) + np.log(width)
    log_weights = np.empty(len(edges))
    sums = np.full(len(hidden), -np.inf)
    for i in range(0, len(edges), AT_ONCE):
        part = factors[i : i + AT_ONCE].astype(np.float64) @ sets + common
        most = part.max()
        part = np.exp(part - most)
        with np.errstate(divide="ignore"):  # a graph or number that is impossible beside the others
            log_weights[i : i + AT_ONCE] = np.log(part.sum(axis=1)) + most
            sums = np.logaddexp(sums, np.log(part.sum(axis=0)) + most)
    probability = np.exp(sums - special.logsumexp(sums))
    return Averaged(table.observed, hidden, probability, np.exp(log_weights - special.logsumexp(log_weights)), edges)


def _grid(last: int) -> tuple[Whole, Floats]:
    """Numbers of hidden people to look at, and for how many whole numbers each stands."""
    if last <= EXACT + STEPS:
        hidden = np.arange(1, last + 1)
    else:
        hidden = np.unique(np.concatenate([np.arange(1, EXACT), np.geomspace(EXACT, last, STEPS).astype(np.int64)]))
    return hidden, np.diff(_edges(hidden))


def _edges(hidden: Whole) -> Floats:
    """Half-way between neighbours: from where to where each number stands for others."""
    return np.concatenate([[hidden[0] - 0.5], (hidden[1:] + hidden[:-1]) / 2, [hidden[-1] + 0.5]])


def _marginal_likelihoods(table: Captures, hidden: Whole, delta: float) -> Floats:
    """2**m × hidden: the logarithm of the marginal likelihood of the table summed over all lists but those of the set.

    Only the cell of people on none of them depends on the number hidden.
    """
    m = len(table.lists)
    patterns = np.arange(2**m)
    found = np.empty((2**m, len(hidden)))
    whole = special.gammaln(1.0 * delta * 2**m) - special.gammaln(table.observed + hidden + delta * 2**m)
    for lists in range(2**m):
        counts = np.bincount(patterns & lists, weights=table.cells, minlength=2**m)[(patterns & ~lists) == 0]
        alpha = delta * 2 ** (m - lists.bit_count())
        fixed = (special.gammaln(counts[1:] + alpha) - special.gammaln(alpha)).sum() - special.gammaln(alpha)
        found[lists] = whole + fixed + special.gammaln(counts[0] + hidden + alpha)
    return found
