"""What decisions of people teach: how often records of one person agree so, and whether the probabilities hold.

Decided pairs were chosen because they looked alike, so they do not say how often two persons agree by chance: u stays as
it was counted. What they say is m (of pairs that are one person) and, of given agreement, how often it was one person:
that the choosing does not bend, because it looked at the agreement alone. Judged on decisions that taught nothing.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spean.linkage.compare import COMPARISONS
from spean.linkage.estimate import Interval
from spean.linkage.model import Floats, Model, level_counts, level_shares

Bools = NDArray[np.bool_]
# Decisions count against so many imagined pairs that agree as the parameters have it until now.
WORTH_OF_KNOWN = 50.0
# How far, before any decision is seen, the slope may be off (as a factor) and the prior (in bits).
SLOPE_DOUBT, SHIFT_DOUBT = 0.15, 2.0
DRAWS = 1_000


def learn_m(known: Model, levels: NDArray[np.int8], same: Bools, worth_of_known: float = WORTH_OF_KNOWN) -> Model:
    """The model with m counted anew in pairs that are one person (rows of `levels` where `same`), leaning on `known`."""
    counted = level_counts(levels[same][:, : len(COMPARISONS)])
    m = {
        one.name: level_shares(one, counted[one.name], tuple(known.m[one.name]), worth_of_known) for one in COMPARISONS
    }
    return replace(known, m=m)


def calibrate(weight: Floats, prior: Floats, same: Bools) -> tuple[float, float]:
    """Slope and shift that make `slope * weight + prior + shift` (bits) the log-odds of `same`.

    Newton's method on the likelihood with a bell around slope 1 and shift 0: few decisions move little.
    """
    slope, shift = 1.0, 0.0
    bits = np.log(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp2(-np.clip(slope * weight + prior + shift, -60, 60)))
        miss, spread = same - chance, chance * (1 - chance)
        gradient = np.array([
            bits * float((miss * weight).sum()) - (slope - 1) / SLOPE_DOUBT**2, bits * float(miss.sum()) - shift / SHIFT_DOUBT**2,
        ])  # fmt: skip
        cross = bits**2 * float((spread * weight).sum())
        curve = np.array([
            [bits**2 * float((spread * weight**2).sum()) + 1 / SLOPE_DOUBT**2, cross],
            [cross, bits**2 * float(spread.sum()) + 1 / SHIFT_DOUBT**2],
        ])  # fmt: skip
        step = np.clip(np.linalg.solve(curve, gradient), -1.0, 1.0)
        slope, shift = float(np.clip(slope + step[0], 0.2, 2.0)), float(np.clip(shift + step[1], -20.0, 20.0))
        if np.abs(step).max() < 1e-6:
            break
    return slope, shift


@dataclass(frozen=True)
class Judged:
    """What probabilities were worth on decided pairs. Intervals are 95 %; precision of no pair and recall of none are None."""

    pairs: int
    same: int
    precision: Interval | None
    recall: Interval | None
    log_loss: Interval
    expected: float  # share that the probabilities expect to be one person, beside the true one
    claimed: int  # pairs at the threshold or above


def judge(probability: Floats, same: Bools, threshold: float, seed: int = 1) -> Judged:
    """Precision and recall at the threshold, and log loss (natural logarithm; 0.693 knows nothing)."""
    claimed = probability >= threshold
    losses = _losses(probability, same)
    return Judged(
        len(same), int(same.sum()), _wilson(int((claimed & same).sum()), int(claimed.sum())),
        _wilson(int((claimed & same).sum()), int(same.sum())), _mean(losses, seed), float(probability.mean()), int(claimed.sum()),
    )  # fmt: skip


def gain(before: Floats, after: Floats, same: Bools, seed: int = 1) -> Interval:
    """By how much log loss fell from `before` to `after`, on the same pairs; above zero is better."""
    return _mean(_losses(before, same) - _losses(after, same), seed)


def _losses(probability: Floats, same: Bools) -> Floats:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(-np.log(np.where(same, inside, 1 - inside)))


def _mean(values: Floats, seed: int) -> Interval:
    """The mean with the middle 95 % of means of as many pairs drawn again."""
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(DRAWS)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def _wilson(hits: int, total: int) -> Interval | None:
    if not total:
        return None
    z = 1.96
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def held_out(keys: NDArray[Any], share: float = 0.3) -> Bools:
    """Which pairs judge and do not teach: the same whenever it is asked, by a number (uint32) from each pair's own."""
    return np.asarray(keys.astype(np.uint64) % 1000 < round(share * 1000))
