"""Latent classes: people differ in how easily each list meets them, and within a class lists are independent.

As many classes as the data ask for, out of at most ten (a Dirichlet process cut off there), so that no pair of lists
need be named as dependent. Manrique-Vallier (2016), Bayesian population size estimation using Dirichlet process
mixtures, Biometrics 72; priors as there. Gibbs sampling, many chains side by side: chains that do not agree show that
the posterior was not explored.
"""

from dataclasses import dataclass

import numpy as np

from spean.estimation.arrays import Floats, Whole
from spean.estimation.table import Captures

CLASSES = 10
PRIOR = 0.25  # shape and rate of the Gamma prior of the concentration
CHAINS = 8
WARM_UP = 1000
DRAWS = 3000  # per chain, after warming up …
MOST_DRAWS = 12_000  # … and twice as many as before until the chains agree, up to this
AGREED = 1.05  # the ratio below which they do
# While warming up, a fixed concentration lets all classes be tried.
FIXED, CONCENTRATION = 500, 0.3 / CLASSES


@dataclass
class Latent:
    """`hidden`: chains × draws of the number of people on no list; `classes`: how many were in use, on average."""

    observed: int
    hidden: Whole
    classes: float

    def quantile(self, at: float) -> float:
        return float(self.observed + np.quantile(self.hidden, at))

    @property
    def disagreement(self) -> float:
        """Gelman and Rubin's ratio on halves of chains, of logarithms because the tail is long; 1 is full agreement."""
        half = self.hidden.shape[1] // 2
        parts = np.log(self.observed + np.concatenate([self.hidden[:, :half], self.hidden[:, half : 2 * half]]))
        within = parts.var(axis=1, ddof=1).mean()
        if not within:
            return 1.0
        between = parts.mean(axis=1).var(ddof=1)
        return float(np.sqrt((half - 1) / half + between / within))


def sample(table: Captures, seed: int, chains: int = CHAINS, draws: int = DRAWS, most: int = MOST_DRAWS) -> Latent:
    """Draw from the posterior until the chains agree, or `most` draws per chain. Deterministic for a seed."""
    generator = np.random.default_rng(seed)
    seen = np.flatnonzero(table.cells)
    on = table.memberships[seen]
    people = table.cells[seen]
    state = _State(generator, on, people, chains)
    for step in range(WARM_UP):
        state.update(learn_concentration=step >= FIXED)
    hidden: list[Whole] = []
    classes = 0
    while True:
        for _ in range(draws - len(hidden)):
            state.update(learn_concentration=True)
            hidden.append(state.hidden)
            classes += int(state.occupied.sum())
        found = Latent(table.observed, np.stack(hidden, axis=1), classes / (chains * draws))
        if found.disagreement < AGREED or draws >= most:
            return found
        draws = min(2 * draws, most)


class _State:
    """One position of every chain. G chains, M patterns, J lists, K classes."""

    def __init__(self, generator: np.random.Generator, on: Floats, people: Whole, chains: int) -> None:
        self._draw, self._on, self._people = generator, on, people
        lists = on.shape[1]
        share = (people @ on) / people.sum()
        self._chance = np.repeat(np.broadcast_to(share[None, :, None], (1, lists, CLASSES)), chains, axis=0)
        # Nearly everybody in one class: classes split off readily, and merge only after thousands of steps.
        first = np.where(np.arange(CLASSES) == 0, 0.99, 0.01 / (CLASSES - 1))
        self._log_share = np.tile(np.log(first), (chains, 1))  # G × K
        self._hidden_in = np.zeros((chains, CLASSES), dtype=np.int64)
        self._concentration = np.full(chains, CONCENTRATION)
        self.hidden = np.zeros(chains, dtype=np.int64)
        self.occupied = np.zeros(chains, dtype=np.int64)

    def update(self, learn_concentration: bool) -> None:
        met, missed = np.log(self._chance), np.log1p(-self._chance)
        # Which class are the people of each pattern in?
        logs = self._on @ met + (1 - self._on) @ missed + self._log_share[:, None, :]
        members = self._draw.multinomial(self._people[None, :], _proportions(logs))  # G × M × K
        # How easily does each list meet each class?
        in_class = members.sum(axis=1)
        listed = self._on.T @ members
        off = (in_class + self._hidden_in)[:, None, :] - listed
        self._chance = np.clip(self._draw.beta(1.0 + listed, 1.0 + off), 1e-300, 1 - 1e-16)
        # How large is each class?
        counts = in_class + self._hidden_in
        self.occupied = (counts > 0).sum(axis=1)
        self._split(counts)
        # How many are on no list, and in which class?
        logs = np.log1p(-self._chance).sum(axis=1) + self._log_share
        none = np.minimum(np.exp(logs).sum(axis=1), 1 - 1e-9)
        self.hidden = self._draw.negative_binomial(self._people.sum(), 1 - none).astype(np.int64)
        self._hidden_in = self._draw.multinomial(self.hidden, _proportions(logs))
        if learn_concentration:
            rate = PRIOR - self._log_share[:, -1]
            self._concentration = self._draw.gamma(PRIOR + CLASSES - 1, 1 / rate)

    def _split(self, counts: Whole) -> None:
        """Break the stick: each class takes a Beta share of what the classes before it left.

        In logarithms, because with a small concentration what is left underflows.
        """
        after = counts.sum(axis=1, keepdims=True) - counts.cumsum(axis=1)
        log_taken = np.log(self._draw.standard_gamma(1.0 + counts[:, :-1]))
        shape = self._concentration[:, None] + after[:, :-1]
        log_left = np.log(self._draw.standard_gamma(shape + 1)) - self._draw.standard_exponential(shape.shape) / shape
        both = np.logaddexp(log_taken, log_left)
        left = np.cumsum(log_left - both, axis=1)
        self._log_share[:, 0] = log_taken[:, 0] - both[:, 0]
        self._log_share[:, 1:-1] = (log_taken - both)[:, 1:] + left[:, :-1]
        self._log_share[:, -1] = left[:, -1]


def _proportions(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
