"""Who is one person across lists, in memory: clusters, the overlap of the lists, the pairs worth a person's time.

A shell around `spean.linkage` that speaks of rows by their ids. Symmetric in the rows, independent of their order, and
the same for the same seed; what people decided is obeyed. No Django, no table, and no name in what comes out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from typing import Any
from uuid import UUID

import numpy as np

from spean.lib.disjoint import Sets
from spean.linkage import encode, linking
from spean.linkage.clusters import Decisions
from spean.linkage.compare import COMPARISONS
from spean.linkage.engines import DuckDB
from spean.linkage.estimate import bounds
from spean.linkage.linking import Linked, Scorer
from spean.linkage.records import Gazetteer, Reader, Table

MOST_PAIRS = 2_000  # in the queue; nobody decides more between two linkings
WORTH_ASKING = 0.02  # less changes the count by less than one person in fifty pairs
TOLD_BITS = 0.5
MOST_BEARERS = 20  # of a name that stands alone; a commoner one says nothing


@dataclass(frozen=True)
class Row:
    """A row of a list: its id, the code of its list, and what is compared of it."""

    pk: UUID
    source: str
    record: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class FoundPair:
    """Two rows that may be one person; `effect` is by how many persons a decision is expected to change the count."""

    one: UUID
    other: UUID
    probability: float
    effect: float
    reasons: tuple[str, ...]


@dataclass
class Counted:
    """The answer for lists that can be linked with each other."""

    sources: tuple[str, ...]
    rows: int
    cluster: dict[UUID, int]
    persons: int
    interval: tuple[int, int]
    links: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    learned: bool
    overlap: dict[str, int]  # pattern of 0 and 1 in the order of `sources` → persons
    pairs: list[FoundPair] = field(repr=False)
    pairs_left_out: int = 0
    pairs_of_registered: int = 0  # with somebody registered here, who is no row of a list: nobody is asked


def count(
    rows: Iterable[Row], *, same: Iterable[tuple[UUID, UUID]] = (), different: Iterable[tuple[UUID, UUID]] = (),
    gazetteer: Gazetteer | None = None, head: str = "", seed: int = 1,
) -> Counted:  # fmt: skip
    """Link these rows. `head` is given for rows of tokens: their first line, the same for all.

    Raises clusters.Contradiction where decisions cannot all hold, and reading.ListFault for what are no tokens.
    """
    given = list(rows)
    table = _tokens(given, head) if head else _names(given, gazetteer)
    table = table.canonical()
    place = {UUID(pk): at for at, pk in enumerate(table.record_ids)}
    decisions = Decisions(
        [(place[one], place[other]) for one, other in same if one in place and other in place],
        [(place[one], place[other]) for one, other in different if one in place and other in place],
    )
    found = linking.link(table, engine=DuckDB(1), decisions=decisions, seed=seed, threads=1)
    _, number = np.unique(found.cluster, return_inverse=True)
    ids = [UUID(pk) for pk in table.record_ids]
    pairs = _pairs(found, ids, decisions)
    estimates = found.estimates
    return Counted(
        sources=tuple(table.sources), rows=len(table),
        cluster={ids[at]: int(one) for at, one in enumerate(number.tolist())},
        persons=estimates.clusters,
        interval=(max(floor(estimates.persons.low), 1), max(ceil(estimates.persons.high), estimates.clusters)),
        links=estimates.links,
        precision=(estimates.precision.value, estimates.precision.low, estimates.precision.high),
        recall=(estimates.recall.value, estimates.recall.low, estimates.recall.high),
        learned="fell_back" not in found.model.facts,
        overlap=_overlap(table, number.tolist()),
        pairs=pairs[:MOST_PAIRS], pairs_left_out=max(len(pairs) - MOST_PAIRS, 0),
    )  # fmt: skip


def _names(rows: Sequence[Row], gazetteer: Gazetteer | None) -> Table:
    return Reader(gazetteer).table({**row.record, "record_id": str(row.pk), "source": row.source} for row in rows)


def _tokens(rows: Sequence[Row], head: str) -> Table:
    told = [{**dict.fromkeys(encode.COLUMNS, ""), **row.record, "source": row.source} for row in rows]
    table = encode.table_of([("", head, told)])
    table.record_ids = [str(row.pk) for row in rows]
    return table


def _overlap(table: Table, cluster: Sequence[int]) -> dict[str, int]:
    """How many persons stand on exactly which lists."""
    on = np.zeros((max(cluster) + 1 if cluster else 0, len(table.sources)), dtype=bool)
    on[np.array(cluster, dtype=int), table.source] = True
    return dict(sorted(Counter("".join("1" if one else "0" for one in row) for row in on.tolist()).items()))


def _pairs(found: Linked, ids: Sequence[UUID], decisions: Decisions) -> list[FoundPair]:
    """The undecided pairs in the order in which deciding them matters, the strongest reasons with each."""
    decided = {(min(pair), max(pair)) for pair in (*decisions.same, *decisions.different)}
    scorer = Scorer(found.table, found.model)
    found = _with_one_name(found, scorer)
    effect = _effects(found, decided)
    order = sorted(effect, key=lambda at: (-round(effect[at], 9), -round(float(found.probability[at]), 9), int(at)))
    shown = np.array(order[:MOST_PAIRS], dtype=int)
    told: list[tuple[str, ...]] = []
    if len(shown):
        evidence = scorer.evidence(found.low[shown], found.high[shown])
        told = [_reasons(*one) for one in zip(*evidence, strict=True)]
    pairs = []
    for number, at in enumerate(order):
        one, other = ids[int(found.low[at])], ids[int(found.high[at])]
        because = told[number] if number < len(told) else ()
        pairs.append(
            FoundPair(
                min(one, other), max(one, other), round(float(found.probability[at]), 6), round(effect[at], 6), because
            )
        )
    return pairs


def _with_one_name(found: Linked, scorer: Scorer) -> Linked:
    """The pairs with those added of which one row has a single name and the other bears it.

    A single name is too little for the machine to compare the two, and enough for a person to ask. However rare the
    name is, such a pair is at most even.
    """
    table = found.table
    sound = table.names.sound
    bearers: dict[int, set[int]] = {}
    for column in (table.family, table.given, table.alias):
        for at, one in enumerate(sound[column].tolist()):
            if one >= 0:
                bearers.setdefault(one, set()).add(at)
    met = set(zip(found.low.tolist(), found.high.tolist(), strict=True))
    pairs = set()
    for at in np.flatnonzero((table.family < 0) != (table.given < 0)).tolist():
        named = bearers[int(sound[max(table.family[at], table.given[at])])]
        if len(named) <= MOST_BEARERS:
            pairs |= {(min(at, one), max(at, one)) for one in named if one != at}
    new = sorted(pair for pair in pairs - met if found.cluster[pair[0]] != found.cluster[pair[1]])
    if not new:
        return found
    low, high = (np.array(side, dtype=np.int32) for side in zip(*new, strict=True))
    chance = np.minimum(scorer(low, high), linking.ACROSS)
    return replace(
        found, low=np.concatenate([found.low, low]), high=np.concatenate([found.high, high]),
        probability=np.concatenate([found.probability, chance]),
    )  # fmt: skip


def _reasons(levels: Any, bits: Any) -> tuple[str, ...]:
    told = [at for at in range(len(COMPARISONS)) if levels[at] >= 0 and abs(float(bits[at])) >= TOLD_BITS]
    told.sort(key=lambda at: -abs(float(bits[at])))
    return tuple(f"{COMPARISONS[at].name}:{int(levels[at])}:{float(bits[at]):+.1f}" for at in told)


def _effects(found: Linked, decided: set[tuple[int, int]]) -> dict[int, float]:
    """For each pair worth asking about, by how many persons its decision is expected to change the count.

    Two clusters become one if the best pair between them is decided to be one person: with its probability. A cluster
    falls apart if a joint is decided not to be: a joint is a pair of its strongest tree, every other pair only repeats
    what the tree says. Whoever decides the best pair has decided the weaker ones with it.
    """
    low, high, chance, cluster = found.low, found.high, found.probability, found.cluster
    across: dict[tuple[int, int], int] = {}
    effect: dict[int, float] = {}
    tree = Sets[int]()
    # Decided joints stand before the others: they need no second answer.
    for one, other in sorted(decided):
        if cluster[one] == cluster[other]:
            tree.join(one, other)
    for at in np.lexsort((high, low, -np.round(chance, 9))).tolist():
        one, other = int(low[at]), int(high[at])
        if (one, other) in decided:
            continue
        if cluster[one] != cluster[other]:
            between = tuple(sorted((int(cluster[one]), int(cluster[other]))))
            across.setdefault((between[0], between[1]), at)
        elif tree.join(one, other):
            effect[at] = 1 - float(chance[at])
    effect.update({at: float(chance[at]) for at in across.values()})
    return {at: worth for at, worth in effect.items() if worth >= WORTH_ASKING}


def distinct(parts: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Bounds of the number of persons on lists that cannot be linked: the longest at least, all together at most."""
    return bounds(parts) if parts else None


def patterns_csv(sources: Sequence[str], overlap: Mapping[str, int]) -> str:
    """The overlap as `spean estimate` reads it: a column of 0 and 1 for each list, and one of counts."""
    lines = [",".join([*sources, "count"])]
    lines += [",".join([*pattern, str(number)]) for pattern, number in sorted(overlap.items())]
    return "\n".join(lines) + "\n"
