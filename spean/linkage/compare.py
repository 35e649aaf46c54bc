"""How two records agree, field by field, as levels: small numbers with a meaning, -1 where one side knows nothing.

One function for a million pairs and for one record against twenty; both scripts of a list, encoded or in clear, are
told apart only by their vocabulary. What a level is worth is `model`'s business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from spean.linkage.records import NUMBERS, WORDS, Ints, Table, Vocabulary

Levels = NDArray[np.int8]


@dataclass(frozen=True)
class Comparison:
    """`levels` from best to worst. `groups` gives levels that are alternatives of each other the same number, so that
    sex can mean something else where the given name (which tells the sex) already agrees. `share` says for each level
    how much of the rarity of the agreeing value counts. `start` and `chance` are the guesses of m and u before training."""

    name: str
    levels: tuple[str, ...]
    start: tuple[float, ...]
    chance: tuple[float, ...]
    groups: tuple[int, ...] = ()
    share: tuple[float, ...] = ()

    @property
    def group_of(self) -> NDArray[np.int64]:
        return np.array(self.groups or (0,) * len(self.levels))

    @cached_property
    def counted(self) -> NDArray[np.float32]:
        """`share` by level; none for what is missing (level -1)."""
        return np.array([*self.share, 0.0], dtype=np.float32)


_NAME_LEVELS = (
    "same", "same sound", "one in the other", "nearly same", "same consonants", "similar", "a little similar", "different",
)  # fmt: skip
_NAME_START = (0.55, 0.22, 0.06, 0.06, 0.03, 0.03, 0.02, 0.03)
_NAME_CHANCE = (0.004, 0.004, 0.01, 0.01, 0.01, 0.05, 0.1, 0.812)
_NAME_SHARE = (1.0, 1.0, 0.6, 0.6, 0.5, 0.4, 0.0, 0.0)
NAME_SAME, NAME_SOUND, NAME_PART, NAME_NEAR, NAME_SKELETON, NAME_SIMILAR, NAME_LITTLE, NAME_OTHER = range(8)

COMPARISONS = (
    Comparison("family_name", _NAME_LEVELS, _NAME_START, _NAME_CHANCE, share=_NAME_SHARE),
    Comparison("given_name", _NAME_LEVELS, _NAME_START, _NAME_CHANCE, share=_NAME_SHARE),
    Comparison("name_order", ("same order", "family and given name exchanged"), (0.88, 0.12), (0.5, 0.5)),
    Comparison(
        "birth",
        ("same date", "day and month exchanged", "year differs in one digit", "day or month differs",
         "same year, a day missing", "same year, other day", "a year apart",
         "two or three years apart", "four to seven years apart", "far apart"),
        (0.5, 0.02, 0.02, 0.03, 0.36, 0.02, 0.02, 0.01, 0.01, 0.01),
        (1e-4, 1e-4, 0.0003, 0.0017, 0.03, 0.03, 0.06, 0.1, 0.17, 0.6078),
    ),
    Comparison(
        "sex", ("same", "different", "same, as the given name says", "different, though the given name agrees"),
        (0.97, 0.03, 0.97, 0.03), (0.55, 0.45, 0.95, 0.05), groups=(0, 0, 1, 1),
    ),
    Comparison("nationality", ("same", "different"), (0.97, 0.03), (0.4, 0.6), share=(1.0, 0.0)),
    Comparison(
        "birth_place", ("same place", "same province", "different"), (0.8, 0.1, 0.1), (0.08, 0.05, 0.87),
        share=(1.0, 0.5, 0.0),
    ),
    Comparison("phone", ("same", "one digit differs", "different"), (0.75, 0.03, 0.22), (1e-6, 1e-5, 0.999989), share=(1.0, 0.5, 0.0)),
    Comparison(
        "document_number", ("same", "one sign differs", "different"), (0.85, 0.07, 0.08), (1e-6, 1e-5, 0.999989),
        share=(1.0, 0.5, 0.0),
    ),
    Comparison("mother_name", _NAME_LEVELS, _NAME_START, _NAME_CHANCE, share=_NAME_SHARE),
)  # fmt: skip
PLACES = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
# Likeness from which two names are nearly the same, similar, a little similar.
NEAR, SIMILAR, LITTLE = 0.8, 0.68, 0.55
_ORDER_NEEDS = NAME_SIMILAR  # below this the order of the names says nothing


class Compared(NamedTuple):
    levels: Levels  # (pairs, comparisons)
    family: Ints  # (pairs, 2): the two names that were compared as family names
    given: Ints  # … and as given names


def compare(a: Table, rows_a: Ints, b: Table, rows_b: Ints) -> Compared:
    """Levels of the pairs (rows_a[k] of a, rows_b[k] of b). Both tables must come from one reader. Symmetric."""
    found = np.full((len(rows_a), len(COMPARISONS)), -1, dtype=np.int8, order="F")
    family, given, turned, family_pair, given_pair = _names(a, rows_a, b, rows_b)
    found[:, PLACES["family_name"]], found[:, PLACES["given_name"]] = family, given
    known = (family >= 0) & (given >= 0) & (family <= _ORDER_NEEDS) & (given <= _ORDER_NEEDS)
    found[known, PLACES["name_order"]] = turned[known]
    found[:, PLACES["birth"]] = _births(a, rows_a, b, rows_b)
    named = (given >= 0) & (given <= NAME_NEAR)
    found[:, PLACES["sex"]] = _same(a.sex[rows_a], b.sex[rows_b], named)
    found[:, PLACES["nationality"]] = _same(a.nationality[rows_a], b.nationality[rows_b])
    found[:, PLACES["birth_place"]] = _place(a, rows_a, b, rows_b)
    found[:, PLACES["phone"]] = _numbers(a.phone[rows_a], b.phone[rows_b], a.numbers)
    found[:, PLACES["document_number"]] = _numbers(a.document[rows_a], b.document[rows_b], a.numbers)
    found[:, PLACES["mother_name"]] = name_levels(a.names, a.mother[rows_a], b.mother[rows_b])
    return Compared(found, family_pair, given_pair)


def name_levels(vocabulary: Vocabulary, a: Ints, b: Ints) -> Levels:
    """Level of each pair of names by their numbers in the vocabulary."""
    found = np.full(len(a), -1, dtype=np.int8)
    both = (a >= 0) & (b >= 0)
    found[both] = NAME_OTHER
    sound = vocabulary.sound
    alike = both & (sound[a] == sound[b])
    found[alike] = NAME_SOUND
    found[both & (a == b)] = NAME_SAME
    left = np.flatnonzero(both & ~alike)
    if not len(left):
        return found
    one, other = a[left], b[left]
    near = vocabulary.likeness(one, other)
    level = np.full(len(left), NAME_OTHER, dtype=np.int8)
    level[near >= LITTLE] = NAME_LITTLE
    level[near >= SIMILAR] = NAME_SIMILAR
    skeleton = vocabulary.skeleton
    level[(skeleton[one] == skeleton[other]) & (near > 0)] = NAME_SKELETON
    level[near >= NEAR] = NAME_NEAR
    words = vocabulary.words
    # Of two names of one word each none is part of the other.
    several = np.flatnonzero((words[one, 1] >= 0) | (words[other, 1] >= 0))
    level[several[_contained(words, one[several], other[several])]] = NAME_PART
    found[left] = level
    return found


def _contained(words: Ints, a: Ints, b: Ints) -> NDArray[np.bool_]:
    """Every word of the shorter name sounds like a word of the longer: Lan and Kim Lan."""
    ours, theirs = ([words[side, place] for place in range(WORDS)] for side in (a, b))
    return (_all_among(ours, theirs) | _all_among(theirs, ours)) & (ours[0] >= 0) & (theirs[0] >= 0)


def _all_among(some: Sequence[Ints], others: Sequence[Ints]) -> NDArray[np.bool_]:
    found = np.ones(len(some[0]), dtype=bool)
    for one in some:
        among = one < 0
        for other in others:
            among |= one == other
        found &= among
    return found


def _names(a: Table, rows_a: Ints, b: Table, rows_b: Ints) -> tuple[Levels, Levels, NDArray[np.bool_], Ints, Ints]:
    """Family and given name, straight or exchanged, whichever agrees better; straight where both do as well."""
    family_pair = np.stack([a.family[rows_a], b.family[rows_b]], axis=1)
    given_pair = np.stack([a.given[rows_a], b.given[rows_b]], axis=1)
    family, given = (name_levels(a.names, pair[:, 0], pair[:, 1]) for pair in (family_pair, given_pair))
    turned = np.zeros(len(rows_a), dtype=bool)
    unsure = np.flatnonzero((family > NAME_PART) | (given > NAME_PART) | (family < 0) | (given < 0))
    if len(unsure):
        one = np.stack([family_pair[unsure, 0], given_pair[unsure, 1]], axis=1)
        two = np.stack([given_pair[unsure, 0], family_pair[unsure, 1]], axis=1)
        level_one, level_two = (name_levels(a.names, pair[:, 0], pair[:, 1]) for pair in (one, two))
        straight_one, straight_two = family[unsure], given[unsure]
        better = _COST[level_one] + _COST[level_two] < _COST[straight_one] + _COST[straight_two]
        # To look away from a name that both have is no better reading.
        better &= (level_one >= 0).astype(int) + (level_two >= 0) >= (straight_one >= 0).astype(int) + (
            straight_two >= 0
        )
        # Which of the two is the given name nobody can say: the one that agrees better stands for it, so that the
        # answer is the same whichever record comes first.
        first = (level_one < level_two) | ((level_one == level_two) & (one.min(axis=1) <= two.min(axis=1)))
        at = unsure[better]
        turned[at] = True
        given[at] = np.where(first, level_one, level_two)[better]
        family[at] = np.where(first, level_two, level_one)[better]
        given_pair[at] = np.where(first[:, None], one, two)[better]
        family_pair[at] = np.where(first[:, None], two, one)[better]
    for mine, rows_mine, theirs, rows_theirs in ((a, rows_a, b, rows_b), (b, rows_b, a, rows_a)):
        called = np.flatnonzero(mine.alias[rows_mine] >= 0)
        for column in (theirs.given, theirs.family, theirs.alias) if len(called) else ():
            pair = np.stack([mine.alias[rows_mine[called]], column[rows_theirs[called]]], axis=1)
            level = name_levels(a.names, pair[:, 0], pair[:, 1])
            better = (level >= 0) & ((given[called] < 0) | (level < given[called]))
            given[called[better]], given_pair[called[better]] = level[better], pair[better]
    return family, given, turned, family_pair, given_pair


_COST = np.array([0.0, 0.3, 1.5, 1.5, 2.2, 3.0, 4.5, 6.0, 4.0])  # the last for what is missing (index -1)


def _births(a: Table, rows_a: Ints, b: Table, rows_b: Ints) -> Levels:
    year_a, year_b = a.year[rows_a], b.year[rows_b]
    month_a, month_b, day_a, day_b = a.month[rows_a], b.month[rows_b], a.day[rows_a], b.day[rows_b]
    known = (year_a > 0) & (year_b > 0)
    full = known & (day_a > 0) & (day_b > 0)
    apart = np.abs(year_a - year_b)
    estimated = (a.estimated[rows_a] | b.estimated[rows_b]).astype(bool)
    same_day, same_month, same_year = day_a == day_b, month_a == month_b, apart == 0
    digit = (apart == 1) | (apart == 10) | (apart == 20) | (apart == 2)
    return np.select(
        [
            ~known,
            full & same_year & same_day & same_month,
            full & same_year & (day_a == month_b) & (month_a == day_b),
            full & same_day & same_month & digit,
            full & same_year & (same_day | same_month),
            # An age says the year give or take one.
            (same_year & ~full) | (estimated & (apart <= 1)),
            same_year,
            (apart == 1),
            apart <= np.where(estimated, 4, 3),
            apart <= 7,
        ],
        [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        9,
    ).astype(np.int8)


def _same(a: Ints, b: Ints, named: NDArray[np.bool_] | bool = False) -> Levels:
    level = np.where(a == b, 0, 1) + np.where(named, 2, 0)
    return np.where((a < 0) | (b < 0), -1, level).astype(np.int8)


def _place(a: Table, rows_a: Ints, b: Table, rows_b: Ints) -> Levels:
    place_a, place_b, region_a, region_b = a.place[rows_a], b.place[rows_b], a.region[rows_a], b.region[rows_b]
    level = np.select([place_a == place_b, region_a == region_b], [0, 1], 2)
    return np.where((place_a < 0) | (place_b < 0), -1, level).astype(np.int8)


def _numbers(a: Ints, b: Ints, texts: Ints) -> Levels:
    found = np.where((a[:, 0] < 0) | (b[:, 0] < 0), -1, 2).astype(np.int8)
    same = np.zeros(len(a), dtype=bool)
    for one in range(NUMBERS):
        for other in range(NUMBERS):
            same |= (a[:, one] == b[:, other]) & (a[:, one] >= 0)
    left = np.flatnonzero((found == 2) & ~same)
    if len(left) and len(texts) > 1:
        apart = process.cpdist(
            texts[a[left, 0]], texts[b[left, 0]], scorer=OSA.distance, score_cutoff=1, dtype=np.int32
        )
        found[left[apart <= 1]] = 1
    found[same] = 0
    return found
