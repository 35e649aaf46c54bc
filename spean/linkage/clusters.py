"""Who is one person: records gathered from pairs, so that one weak bridge does not make two people one.

Groups that any probable pair ties together are taken apart and built again: the two parts with the most evidence
between them first, as long as the evidence of *all* pairs between two parts, for and against, speaks for one person
(greedy correlation clustering). What people decided is obeyed: "same" always, "not same" always.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spean.linkage.records import Ints

Floats = NDArray[np.float64]
TIED_FROM = 0.5  # pairs less probable tie nothing together
MOST_BITS = 12.0  # what one pair can say for or against in a group: no pair outvotes ten
LARGEST_GROUP = 400  # a group beyond it is first cut at ever higher probabilities
_DECIDED = 1e6


class Contradiction(ValueError):
    """Decisions that cannot all hold; says which records."""


@dataclass
class Decisions:
    """Pairs of places that people decided about."""

    same: list[tuple[int, int]] = field(default_factory=list)
    different: list[tuple[int, int]] = field(default_factory=list)


class _Sets:
    """Disjoint sets of places, the lowest place standing for its set."""

    def __init__(self, size: int) -> None:
        self.above = list(range(size))

    def find(self, place: int) -> int:
        above = self.above
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    def join(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        if one != other:
            self.above[max(one, other)] = min(one, other)


def bits_of(probability: Floats) -> Floats:
    """Log-odds in bits, bounded."""
    inside = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.clip(np.log2(inside / (1 - inside)), -MOST_BITS, MOST_BITS)


def cluster(
    size: int,
    low: Ints,
    high: Ints,
    probability: Floats,
    score: Callable[[Ints, Ints], Floats],
    *,
    decisions: Decisions | None = None,
    exclusive: Ints | None = None,
) -> NDArray[np.int64]:
    """For each of `size` records the lowest place of its cluster.

    `low`, `high`, `probability` are the compared pairs; `score` compares others on demand. With `exclusive` (the list
    of each record) two records of one list are never one person. Raises Contradiction.
    """
    decisions = decisions or Decisions()
    check_decisions(size, decisions)
    sets = _Sets(size)
    tied = np.flatnonzero(probability >= TIED_FROM)
    for one, other in zip(low[tied].tolist(), high[tied].tolist(), strict=True):
        sets.join(one, other)
    for one, other in decisions.same:
        sets.join(one, other)
    groups: dict[int, list[int]] = {}
    for place in sorted({*low[tied].tolist(), *high[tied].tolist(), *(p for pair in decisions.same for p in pair)}):
        groups.setdefault(sets.find(place), []).append(place)
    judged = {one for pair in (*decisions.same, *decisions.different) for one in pair}
    parts: list[list[int]] = []
    large: list[list[int]] = []
    for members in groups.values():
        if len(members) == 2 and exclusive is None and not judged.intersection(members):
            parts.append(members)
        else:
            large.append(members)
    parts.extend(_taken_apart(large, low[tied], high[tied], probability[tied], score, decisions, exclusive))
    found = np.arange(size, dtype=np.int64)
    for members in parts:
        found[members] = min(members)
    return found


def check_decisions(size: int, decisions: Decisions) -> None:
    """Raises Contradiction when "same" decisions join two records that others decided to be different."""
    sets = _Sets(size)
    for one, other in decisions.same:
        sets.join(one, other)
    for one, other in decisions.different:
        if sets.find(one) == sets.find(other):
            raise Contradiction(f"{one} {other}")


def _taken_apart(
    groups: Sequence[list[int]], low: Ints, high: Ints, probability: Floats,
    score: Callable[[Ints, Ints], Floats], decisions: Decisions, exclusive: Ints | None,
) -> Iterable[list[int]]:  # fmt: skip
    small: list[list[int]] = []
    for members in groups:
        small.extend(_cut(members, low, high, probability, decisions) if len(members) > LARGEST_GROUP else [members])
    small = [members for members in small if len(members) > 1]
    if not small:
        return
    ones, others = [], []
    for members in small:
        at = np.array(members)
        first, second = np.triu_indices(len(at), 1)
        ones.append(at[first])
        others.append(at[second])
    bits = bits_of(score(np.concatenate(ones), np.concatenate(others)))
    same = {pair for one, other in decisions.same for pair in ((one, other), (other, one))}
    different = {pair for one, other in decisions.different for pair in ((one, other), (other, one))}
    judged = {one for pair in (*same, *different) for one in pair}
    start = 0
    for members, one, other in zip(small, ones, others, strict=True):
        weight = np.zeros((len(members), len(members)))
        upper = np.triu_indices(len(members), 1)
        own = bits[start : start + len(one)].copy()
        start += len(one)
        if exclusive is not None:
            own[exclusive[one] == exclusive[other]] = -_DECIDED
        if judged.intersection(members):
            for place, pair in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
                own[place] = _DECIDED * 4 if pair in same else -_DECIDED if pair in different else own[place]
        weight[upper] = own
        yield from _agglomerate(members, weight + weight.T)


def _agglomerate(members: list[int], weight: Floats) -> Iterable[list[int]]:
    """Joins the two parts with the highest mean evidence as long as any is positive. Ties go to the lowest places."""
    size = len(members)
    total = weight.copy()
    np.fill_diagonal(total, -np.inf)
    count = np.ones(size)
    parts = [[member] for member in members]
    alive = np.ones(size, dtype=bool)
    while alive.sum() > 1:
        # Rounded, so that sums taken in another order give the same choice.
        mean = np.round(total / np.outer(count, count), 6)
        best = int(mean.argmax())
        one, other = divmod(best, size)
        if mean[one, other] <= 0:
            break
        total[one] += total[other]
        total[:, one] = total[one]
        total[one, one] = total[other, :] = total[:, other] = -np.inf
        count[one] += count[other]
        parts[one] += parts[other]
        alive[other] = False
    return [sorted(part) for part, lives in zip(parts, alive, strict=True) if lives]


def _cut(members: list[int], low: Ints, high: Ints, probability: Floats, decisions: Decisions) -> list[list[int]]:
    """A very large group, cut where its pairs are weakest until its parts are small enough to be weighed whole."""
    inside = np.isin(low, members)
    at = {place: number for number, place in enumerate(members)}
    for least in (0.9, 0.99, 0.999, 0.9999, 0.999999, 1.0):
        sets = _Sets(len(members))
        strong = inside & (probability >= least)
        for one, other in zip(low[strong].tolist(), high[strong].tolist(), strict=True):
            sets.join(at[one], at[other])
        for one, other in decisions.same:
            if one in at and other in at:
                sets.join(at[one], at[other])
        parts: dict[int, list[int]] = {}
        for place in members:
            parts.setdefault(sets.find(at[place]), []).append(place)
        if max(map(len, parts.values())) <= LARGEST_GROUP:
            break
    return list(parts.values())


def together(groups: Sequence[list[int]], score: Callable[[Ints, Ints], Floats]) -> tuple[Ints, Ints, Floats, Floats]:
    """All pairs inside clusters of three and more: places, probability by itself, and as part of the cluster.

    Where A is B and B is C, A is C, however little A and C have in common on paper. As part of its cluster a pair is
    as probable as the cluster is at its weakest joint between the two: the sum of all evidence across that joint,
    damped by the root of the number of its pairs because they repeat each other.
    """
    ones, others = [], []
    for members in groups:
        at = np.array(members)
        first, second = np.triu_indices(len(at), 1)
        ones.append(at[first])
        others.append(at[second])
    if not ones:
        empty = np.zeros(0)
        return empty.astype(int), empty.astype(int), empty, empty
    low, high = np.concatenate(ones), np.concatenate(others)
    direct = score(low, high)
    joint = direct.copy()
    start = 0
    for members, one in zip(groups, ones, strict=True):
        upper = np.triu_indices(len(members), 1)
        weight = np.zeros((len(members), len(members)))
        weight[upper] = bits_of(direct[start : start + len(one)])
        within = _joint_bits(weight + weight.T)
        joint[start : start + len(one)] = 1 / (1 + np.exp2(-within[upper]))
        start += len(one)
    return low, high, direct, joint


def _joint_bits(weight: Floats) -> Floats:
    """For each two members the evidence of the joint at which building the cluster brought them together."""
    size = len(weight)
    found = np.zeros((size, size))
    total = weight.copy()
    np.fill_diagonal(total, -np.inf)
    parts: list[list[int]] = [[member] for member in range(size)]
    for _ in range(size - 1):
        count = np.array([max(len(part), 1) for part in parts])
        mean = np.round(total / np.outer(count, count), 6)
        one, other = divmod(int(mean.argmax()), size)
        pairs = count[one] * count[other]
        here = total[one, other] / np.sqrt(pairs)
        found[np.ix_(parts[one], parts[other])] = found[np.ix_(parts[other], parts[one])] = here
        total[one] += total[other]
        total[:, one] = total[one]
        total[one, one] = total[other, :] = total[:, other] = -np.inf
        parts[one] += parts[other]
        parts[other] = []
    return found
