"""BCa bootstrap intervals around the stepwise figure, with the model chosen anew for every replicate.

People are drawn with replacement from the people observed; the acceleration comes from leaving one person out at a
time. DiCiccio and Efron (1996), Bootstrap confidence intervals, Statistical Science 11; as used by Chan, Silverman and
Vincent (2021).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from spean.estimation import stepwise
from spean.estimation.arrays import Floats
from spean.estimation.loglinear import Checks

REPLICATES = 1000
FEWEST = 100  # replicates; below this the ends say nothing
LEVELS = (0.8, 0.95)
UNBOUNDED = 1e12  # no country has so many people


@dataclass
class Bootstrap:
    """`replicates` are figures of the drawn tables; `left_out[c]` is the figure with one person of pattern c + 1 less
    (nan where there is none); `unfit` counts replicates without a finite estimate."""

    replicates: Floats
    left_out: Floats
    acceleration: float
    unfit: int


def resample(counts: Floats, replicates: int, threshold: float, seed: int, checks: Checks | None = None) -> Bootstrap:
    """Draw and estimate again. `counts` are people per pattern from pattern 1 on."""
    generator = np.random.default_rng(seed)
    people = int(counts.sum())
    filled = np.flatnonzero(counts)
    drawn = np.zeros((replicates, len(counts)))
    drawn[:, filled] = generator.multinomial(people, counts[filled] / people, size=replicates)
    fewer = np.repeat(counts[None], len(filled), axis=0)
    fewer[np.arange(len(filled)), filled] -= 1
    both = stepwise.select(np.concatenate([drawn, fewer]), threshold, checks)
    figures = np.where(both.sound, both.total, np.inf)
    left_out = np.full(len(counts), np.nan)
    left_out[filled] = figures[replicates:]
    return Bootstrap(
        figures[:replicates],
        left_out,
        acceleration(counts[filled], left_out[filled]),
        int((~both.sound[:replicates]).sum()),
    )


def acceleration(counts: Floats, left_out: Floats) -> float:
    """A sixth of the skewness of what one person changes, each person counted once; 0 where it is not finite."""
    if not np.isfinite(left_out).all():
        return 0.0
    change = (counts @ left_out) / counts.sum() - left_out
    spread = counts @ change**2
    return float((counts @ change**3) / (6 * spread**1.5)) if spread > 0 else 0.0


def bca(boot: Bootstrap, estimate: float, level: float) -> tuple[float, float] | None:
    """The interval, or None where the replicates lie all on one side of the figure.

    An end beyond every bound is infinite.
    """
    below = float(np.mean(boot.replicates < estimate))
    if len(boot.replicates) < FEWEST or not 0 < below < 1:
        return None
    bias = special.ndtri(below)
    tails = special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2])) + bias
    wanted = special.ndtr(bias + tails / (1 - boot.acceleration * tails))
    bounded = np.minimum(boot.replicates, 2 * UNBOUNDED)  # infinities cannot be interpolated
    low, high = np.quantile(bounded, wanted, method="median_unbiased")
    return float(low), float(high if high < UNBOUNDED else np.inf)
