"""Who is one person: records gathered from pairs, so that one weak bridge does not make two people one.

Groups that any probable pair ties together are taken apart and built again: the two parts with the most evidence
between them first, as long as the evidence of *all* pairs between two parts, for and against, speaks for one person
(greedy correlation clustering). What people decided is obeyed: "same" always, "not same" always.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spean.lib.disjoint import Sets
from spean.linkage.records import Ints

Floats = NDArray[np.float64]
TIED_FROM = 0.5  # pairs less probable tie nothing together
MOST_BITS = 12.0  # what one pair can say for or against in a group: no pair outvotes ten
LARGEST_GROUP = 400  # a group beyond it is first cut at ever higher probabilities
_DECIDED = 1e6
_CELLS = 4_000_000  # of evidence that are held at once


class Contradiction(ValueError):
    """Decisions that cannot all hold; says which records."""


@dataclass
class Decisions:
    """Pairs of places that people decided about."""

    same: list[tuple[int, int]] = field(default_factory=list)
    different: list[tuple[int, int]] = field(default_factory=list)


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
    check_decisions(decisions)
    sets = Sets[int]()
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


def check_decisions(decisions: Decisions) -> None:
    """Raises Contradiction when "same" decisions join two records that others decided to be different."""
    sets = Sets[int]()
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
    same, different = _packed(decisions.same), _packed(decisions.different)
    for places, _, weight in _weighed(small, score):
        if exclusive is not None:
            lists = exclusive[places]
            weight[lists[:, :, None] == lists[:, None, :]] = -_DECIDED
        if len(same) or len(different):
            one, other = places[:, :, None], places[:, None, :]
            pairs = np.minimum(one, other) << 32 | np.maximum(one, other)
            weight[np.isin(pairs, different)] = -_DECIDED
            weight[np.isin(pairs, same)] = _DECIDED * 4
        part, _ = _built(weight, until=0.0)
        for row, own in zip(places, part, strict=True):
            for lowest in np.unique(own):
                yield row[own == lowest].tolist()


def _packed(pairs: Sequence[tuple[int, int]]) -> Ints:
    return np.array([min(pair) << 32 | max(pair) for pair in pairs], dtype=np.int64)


def _weighed(
    groups: Iterable[Sequence[int]], score: Callable[[Ints, Ints], Floats]
) -> Iterator[tuple[Ints, Floats, Floats]]:
    """Groups of one size together: their members (groups, size), the probability of each two (groups, pairs), and the
    same as evidence in bits (groups, size, size)."""
    by_size: dict[int, list[Sequence[int]]] = {}
    for group in groups:
        if len(group) > 1:
            by_size.setdefault(len(group), []).append(group)
    for size, alike in sorted(by_size.items()):
        at_once = max(_CELLS // size**2, 1)
        for start in range(0, len(alike), at_once):
            members = np.array(alike[start : start + at_once], dtype=np.int64)
            one, other = np.triu_indices(size, 1)
            chance = score(members[:, one].ravel(), members[:, other].ravel()).reshape(len(members), -1)
            weight = np.zeros((len(members), size, size))
            weight[:, one, other] = weight[:, other, one] = bits_of(chance)
            yield members, chance, weight


def _built(weight: Floats, *, until: float) -> tuple[Ints, Floats]:
    """Joins, in each group by itself, the two parts with the highest mean evidence, as long as that is above `until`.

    Takes the evidence (groups, size, size); ties go to the lowest places. Gives the part of each member as its lowest
    member's place (groups, size), and for each two members the evidence of the joint that brought them together.
    """
    groups, size, _ = weight.shape
    found = np.zeros(weight.shape)
    total = weight.copy()
    total[:, np.arange(size), np.arange(size)] = -np.inf
    count = np.ones((groups, size))
    part = np.tile(np.arange(size), (groups, 1))
    at = np.arange(groups)
    for _ in range(size - 1):
        # Rounded, so that sums taken in another order give the same choice.
        mean = np.round(total[at] / (count[at, :, None] * count[at, None, :]), 6).reshape(len(at), -1)
        best = mean.argmax(axis=1)
        more = mean[np.arange(len(at)), best] > until
        at, best = at[more], best[more]
        if not len(at):
            break
        one, other = np.divmod(best, size)
        ours, theirs = part[at] == one[:, None], part[at] == other[:, None]
        here = total[at, one, other] / np.sqrt(count[at, one] * count[at, other])
        between = ours[:, :, None] & theirs[:, None, :]
        between |= between.transpose(0, 2, 1)
        found[at] = np.where(between, here[:, None, None], found[at])
        total[at, one] += total[at, other]
        total[at, :, one] = total[at, one]
        total[at, one, one] = -np.inf
        total[at, other] = -np.inf
        total[at, :, other] = -np.inf
        count[at, one] += count[at, other]
        part[at] = np.where(theirs, one[:, None], part[at])
    return part, found


def _cut(members: list[int], low: Ints, high: Ints, probability: Floats, decisions: Decisions) -> list[list[int]]:
    """A very large group, cut where its pairs are weakest until its parts are small enough to be weighed whole."""
    inside = np.isin(low, members)
    at = {place: number for number, place in enumerate(members)}
    for least in (0.9, 0.99, 0.999, 0.9999, 0.999999, 1.0):
        sets = Sets[int]()
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
    empty = np.zeros(0)
    found = [(empty.astype(int), empty.astype(int), empty, empty)]
    for members, chance, weight in _weighed(groups, score):
        one, other = np.triu_indices(members.shape[1], 1)
        _, joint = _built(weight, until=-np.inf)
        within = 1 / (1 + np.exp2(-joint[:, one, other].ravel()))
        found.append((members[:, one].ravel(), members[:, other].ravel(), chance.ravel(), within))
    low, high, direct, within = (np.concatenate(column) for column in zip(*found, strict=True))
    return low, high, direct, within
