"""What the result is worth, estimated from itself; and what can be said of lists that nobody can link.

The probabilities say how many links are wrong and how many were left out; how often the true pairs were found by one
rule of blocking alone says how many no rule found (Chao's lower bound). An estimate stands on the model: it does not
know what the model does not know, so it is printed with an interval, and the pairs at the border are to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from spean.lib.disjoint import Sets
from spean.linkage.records import Ints, Table

Floats = NDArray[np.float64]
# The model's own uncertainty, added to that of chance: about what the probabilities were off by when they were tested
# against made-up lists with known truth.
MODEL_DOUBT = 0.015
UNKEPT_BITS = 1.0  # what a pair too improbable to be kept says against


@dataclass(frozen=True)
class Interval:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimates:
    """Of links (at the threshold) and of persons."""

    links: int
    precision: Interval
    recall: Interval
    clusters: int
    persons: Interval
    unseen: float  # pairs of one person that no rule of blocking brought together


def all_pairs(table: Table, *, unique: bool) -> float:
    """Pairs that could be one person."""
    records = len(table)
    total = records * (records - 1) / 2
    if unique:
        total -= sum(count * (count - 1) / 2 for count in np.bincount(table.source, minlength=1).tolist())
    return total


def unseen_pairs(probability: Floats, hits: Ints) -> float:
    """True pairs that no rule found, from how many were found by one alone and by two."""
    once = float(probability[hits == 1].sum())
    twice = float(probability[hits == 2].sum())
    return once * (once - 1) / (2 * (twice + 1)) if once > 1 else 0.0


def estimates(
    low: Ints, high: Ints, probability: Floats, hits: Ints, cluster: Ints, forgotten: float, threshold: float
) -> Estimates:
    """From all kept pairs; `forgotten` is the probability mass of those not kept."""
    linked = probability >= threshold
    links = int(linked.sum())
    right = float(probability[linked].sum())
    inside = hits > 0
    unseen = unseen_pairs(probability[inside], hits[inside])
    total = float(probability.sum()) + forgotten + unseen
    doubt = float((probability[linked] * (1 - probability[linked])).sum())
    precision = right / links if links else 1.0
    recall = right / total if total else 1.0
    spread = sqrt(max(total * recall * (1 - recall), 0.25)) / max(total, 1)
    found = len(np.unique(cluster))
    persons = _persons(low, high, probability, cluster, found, unseen, total)
    persons_spread = 1.96 * sqrt(float((probability * (1 - probability)).sum()) + unseen + 1) + MODEL_DOUBT * (
        len(cluster) - found
    )
    return Estimates(
        links,
        _interval(precision, 1.96 * sqrt(doubt + 0.25) / max(links, 1)),
        _interval(recall, 1.96 * spread),
        found,
        Interval(persons, max(persons - persons_spread, 1.0 if len(cluster) else 0.0), min(persons + persons_spread, float(len(cluster)))),
        unseen,
    )  # fmt: skip


def _interval(value: float, chance: float) -> Interval:
    half = sqrt(chance**2 + MODEL_DOUBT**2)
    return Interval(value, max(value - half, 0.0), min(value + half, 1.0))


def _persons(
    low: Ints, high: Ints, probability: Floats, cluster: Ints, found: int, unseen: float, total: float
) -> float:
    """Clusters, less what probably belongs together and was left apart, plus what probably was joined wrongly."""
    one, other = cluster[low], cluster[high]
    across = one != other
    apart = np.zeros(len(cluster))
    if across.any():
        size = np.bincount(cluster, minlength=len(cluster)).astype(float)
        pair = np.minimum(one, other)[across].astype(np.int64) << 32 | np.maximum(one, other)[across]
        between, where, met = np.unique(pair, return_inverse=True, return_counts=True)
        inside = np.clip(probability[across], 1e-6, 1 - 1e-6)
        bits = np.bincount(where, weights=np.log2(inside / (1 - inside)))
        # Of the pairs between two clusters those that nobody found worth keeping speak against, too.
        pairs = size[between >> 32] * size[between & 0xFFFFFFFF]
        chance = 1 / (1 + np.exp2(-(bits - UNKEPT_BITS * (pairs - met)) / np.sqrt(pairs)))
        # A record is one person: what it may be with several clusters is shared out.
        for end in (between >> 32, between & 0xFFFFFFFF):
            np.add.at(apart, end, chance / 2)
    joined = _weak_joints(low, high, probability, cluster)
    merges_per_pair = (len(cluster) - found) / max(float(probability[~across].sum()), 1.0)
    return found - float(np.minimum(apart, 1.0).sum()) + joined - unseen * merges_per_pair


def _weak_joints(low: Ints, high: Ints, probability: Floats, cluster: Ints) -> float:
    """Sum of the doubts of the strongest tree of pairs in each cluster: every joint that is wrong is a person more."""
    inside = np.flatnonzero(cluster[low] == cluster[high])
    order = inside[np.argsort(-probability[inside], kind="stable")]
    tree = Sets[int]()
    doubt = 0.0
    for one, other, chance in zip(low[order].tolist(), high[order].tolist(), probability[order].tolist(), strict=True):
        if tree.join(one, other):
            doubt += 1 - chance
    return doubt


def bounds(lists: Sequence[int | tuple[int, int]]) -> tuple[int, int]:
    """Distinct persons in lists that cannot be linked: at least the longest, at most all together.

    A list whose length is itself only known within bounds is given as (lowest, highest). Raises ValueError.
    """
    ranges = [(one, one) if isinstance(one, int) else one for one in lists]
    if not ranges or any(low < 0 or high < low for low, high in ranges):
        raise ValueError("a list has at least no persons, and its highest length is not below its lowest")
    return max(low for low, _ in ranges), sum(high for _, high in ranges)
