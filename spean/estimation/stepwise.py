"""Stepwise choice of two-list effects by Poisson p-values, for one table or for a thousand at once.

Start with independent lists. For each pair not yet in the model compare how many people are on both lists with what
the model expects; the smaller tail of the Poisson distribution is the pair's p-value. Take in the pair with the lowest
one, provided it is below the threshold and the larger model has one finite estimate; stop when there is none. Method:
Chan, Silverman and Vincent (2021). Where the published program sees ties because tails underflow to zero, logarithms
still tell the pairs apart here.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from spean.estimation import loglinear
from spean.estimation.arrays import Floats, Truths, Whole
from spean.estimation.loglinear import Checks, Design

THRESHOLD = 0.02
# Tables worked on together: bounds the memory, a few hundred bytes per table and pattern.
AT_ONCE = 2000
BARRED = 0.0  # the logarithm of p = 1


@dataclass
class Selection:
    """For each of B tables: how many people in all, the pairs taken in (B × P), and their order.

    `effects` (B × P) are the pairs' logarithms of how much likelier being on both is, 0 for a pair that was not taken in
    or is empty. `order[b, p]` is 1 for the first pair taken in, 0 for a pair that was not. `empty` marks pairs taken in at minus
    infinity. `sound` is False where even independent lists have no finite estimate, for example without any overlap.
    """

    total: Floats
    chosen: Truths
    effects: Floats
    empty: Truths
    order: Whole
    sound: Truths


def select(counts: Floats, threshold: float = THRESHOLD, checks: Checks | None = None) -> Selection:
    """Choose and fit a model for each row of `counts` (B × 2**m - 1, people per pattern from pattern 1 on)."""
    m = int(counts.shape[1] + 1).bit_length() - 1
    plan = loglinear.design(m)
    checks = checks or Checks(plan)
    parts = [_select(plan, counts[i : i + AT_ONCE], threshold, checks) for i in range(0, len(counts), AT_ONCE)]
    return Selection(*(np.concatenate([getattr(p, name) for p in parts]) for name in Selection.__annotations__))


def _select(plan: Design, counts: Floats, threshold: float, checks: Checks) -> Selection:
    stop = np.log(threshold) if threshold > 0 else -np.inf
    pair_columns = plan.matrix[:, plan.first_pair :]
    seen = (counts @ pair_columns).astype(np.int64)
    models = loglinear.independent(plan, counts)
    fits = loglinear.fit(plan, counts, models)
    sound = loglinear.stands(fits)
    for row in range(len(counts)):
        sound[row] = checks.identified(models.has[row], models.open[row]) and (
            sound[row] or checks.exists(models, row, counts[row], fits.drift[row])
        )
    order = np.zeros(seen.shape, dtype=np.int64)
    log_p = log_p_values(seen, fits.expected @ pair_columns)
    active = np.flatnonzero(sound)
    while True:
        best = log_p[active].argmin(axis=1)
        going = log_p[active, best] < stop
        active, best = active[going], best[going]
        if not len(active):
            break
        larger = models.take(active)
        bare = seen[active, best] == 0
        larger.open &= ~(bare[:, None] & (pair_columns[:, best].T > 0))
        larger.has[~bare, plan.first_pair + best[~bare]] = True
        fine = np.array([checks.identified(larger.has[i], larger.open[i]) for i in range(len(active))], dtype=bool)
        fine &= ~checks.refuted(larger, counts[active])
        tried = np.flatnonzero(fine)
        new = loglinear.fit(plan, counts[active[tried]], larger.take(tried), fits.effects[active[tried]])
        sure = loglinear.stands(new)
        for at in np.flatnonzero(~sure):
            i = tried[at]
            sure[at] = checks.exists(larger, i, counts[active[i]], new.drift[at])
        fine[tried[~sure]] = False
        log_p[active[~fine], best[~fine]] = BARRED
        taken = tried[sure]
        rows = active[taken]
        models.has[rows], models.open[rows] = larger.has[taken], larger.open[taken]
        fits.effects[rows], fits.expected[rows] = new.effects[sure], new.expected[sure]
        order[rows, best[taken]] = order[rows].max(axis=1) + 1
        log_p[rows] = np.where(order[rows] > 0, np.inf, log_p_values(seen[rows], new.expected[sure] @ pair_columns))
    chosen = order > 0
    hidden = np.exp(np.minimum(fits.effects[:, 0], loglinear.HIGHEST))
    effects = fits.effects[:, plan.first_pair :]
    return Selection(counts.sum(axis=1) + hidden, chosen, effects, chosen & (seen == 0), order, sound)


def log_p_values(seen: Whole, expected: Floats) -> Floats:
    """Logarithm of the smaller of P(X <= seen) and P(X >= seen), X Poisson with mean `expected`."""
    expected = np.maximum(expected, 1e-300)
    lower = special.gammaincc(seen + 1.0, expected)
    upper = np.where(seen == 0, 1.0, special.gammainc(np.maximum(seen, 1.0), expected))
    p = np.minimum(lower, upper)
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    far = p < 1e-280
    if far.any():
        # Beyond what a float holds the tail is its first term times a geometric series.
        k, mean = seen[far].astype(np.float64), expected[far]
        ratio = np.where(mean > k, k / mean, mean / (k + 1.0))
        log_p[far] = k * np.log(mean) - mean - special.gammaln(k + 1.0) - np.log1p(-ratio)
    return log_p
