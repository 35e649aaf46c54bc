"""The whole of it: a table in; pairs with probabilities and reasons, clusters and estimates out.

Also `score`, the same weights for one record against a few, for whoever registers a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spean.linkage import blocking, clusters, estimate, model
from spean.linkage.clusters import Decisions
from spean.linkage.compare import COMPARISONS, compare
from spean.linkage.engines import DuckDB, Engine, unpack
from spean.linkage.model import Model
from spean.linkage.records import Gazetteer, Ints, Reader, Table

Floats = NDArray[np.float64]
THRESHOLD = 0.95
KEPT_FROM = 0.05  # less probable pairs are forgotten, but for what the estimates need
AT_ONCE = 100_000
FEWEST = 60  # records with fewer expected links than a third of this teach nothing; the start values are used
ACROSS = 0.4999  # a pair that its clusters keep apart is at most this probable


@dataclass
class Linked:
    """Pairs (places in `table`, lower first), clusters (lowest place of each record's), and what is believed of them."""

    table: Table
    model: Model
    low: Ints
    high: Ints
    probability: Floats
    cluster: NDArray[np.int64]
    estimates: estimate.Estimates
    candidates: int
    facts: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{len(self.table)} records linked>"


class Scorer:
    """Probabilities and reasons of pairs of one table under one model."""

    def __init__(self, table: Table, trained: Model, shares: model.Rarity | None = None) -> None:
        self.table, self.model = table, trained
        self.shares = shares or model.rarity(table, trained)

    def evidence(self, low: Ints, high: Ints) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Levels and bits, one row per pair."""
        found = compare(self.table, low, self.table, high)
        rare = model.rarity_bits(found, self.table, low, self.table, high, self.shares)
        return found.levels, model.evidence(found.levels, rare, self.model)

    def __call__(self, low: Ints, high: Ints) -> Floats:
        """Probability of each pair."""
        parts = [
            model.probability(self.evidence(low[at : at + AT_ONCE], high[at : at + AT_ONCE])[1].sum(axis=1), self.model)
            for at in range(0, len(low), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def because(self, low: Ints, high: Ints) -> Iterator[str]:
        """What speaks for and against each pair, strongest first; levels and bits, no values."""
        for at in range(0, len(low), AT_ONCE):
            levels, bits = self.evidence(low[at : at + AT_ONCE], high[at : at + AT_ONCE])
            for row in range(len(levels)):
                yield reasons(levels[row], bits[row])


def reasons(levels: NDArray[np.int8], bits: NDArray[np.float32]) -> str:
    told = [place for place in range(len(COMPARISONS)) if levels[place] >= 0 and abs(bits[place]) >= 0.5]
    told.sort(key=lambda place: -abs(float(bits[place])))
    return "; ".join(
        f"{COMPARISONS[place].name}: {COMPARISONS[place].levels[levels[place]]} {bits[place]:+.1f}" for place in told
    )


def link(
    table: Table, *, engine: Engine | None = None, trained: Model | None = None, decisions: Decisions | None = None,
    unique: bool = False, seed: int = 1, threads: int = 2, rules: Sequence[blocking.Rule] = blocking.RULES,
    threshold: float = THRESHOLD,
) -> Linked:  # fmt: skip
    """Links a canonical table. `unique` says that each list holds a person once. Raises clusters.Contradiction."""
    engine = engine or DuckDB(threads)
    decisions = decisions or Decisions()
    clusters.check_decisions(decisions)
    place, key = _keyed(table, rules)
    all_pairs = estimate.all_pairs(table, unique=unique)
    pairs, hits = _pairs(engine, place, key, len(table))
    if unique:
        low, high = unpack(pairs)
        apart = table.source[low] != table.source[high]
        pairs, hits = pairs[apart], hits[apart]
    shares = model.rarity(table, trained)
    if trained is None:
        trained = learn(table, pairs, all_pairs, shares, seed)
        if "fell_back" in trained.facts:
            shares = model.rarity(table, trained)
    else:
        trained = with_prior(table, pairs, all_pairs, shares, trained)
    scorer = Scorer(table, trained, shares)
    low, high = unpack(pairs)
    probability = _score_all(scorer, low, high, threads)
    kept = probability >= KEPT_FROM
    missed_mass = float(probability[~kept].sum())
    candidates = len(pairs)
    low, high, chance, hits = low[kept], high[kept], probability[kept].astype(float), hits[kept]
    del pairs, probability, kept
    cluster = clusters.cluster(
        len(table), low, high, chance, scorer, decisions=decisions, exclusive=table.source if unique else None
    )
    low, high, chance, hits = _as_clustered(table, low, high, chance, hits, cluster, scorer)
    low, high, chance, hits = _as_decided(low, high, chance, hits, decisions)
    found = estimate.estimates(low, high, chance, hits, cluster, missed_mass, threshold)
    return Linked(table, trained, low, high, chance, cluster, found, candidates)


def _keyed(table: Table, rules: Sequence[blocking.Rule]) -> tuple[Ints, NDArray[np.uint64]]:
    keys = list(blocking.block_keys(table, rules))
    return np.concatenate([one[1] for one in keys]), np.concatenate([one[2] for one in keys])


def _pairs(engine: Engine, place: Ints, key: NDArray[np.uint64], records: int) -> tuple[Ints, Ints]:
    parts = list(engine.pairs(place, key, records))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int16)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _score_all(scorer: Scorer, low: Ints, high: Ints, threads: int) -> NDArray[np.float32]:
    slices = [slice(at, at + AT_ONCE) for at in range(0, len(low), AT_ONCE)]
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parts = list(pool.map(lambda part: scorer(low[part], high[part]).astype(np.float32), slices))
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _training_pairs(table: Table, pairs: Ints, shares: model.Rarity) -> tuple[Any, Any, float]:
    """Levels and rarity of a share of the candidate pairs, evenly spread, and that share."""
    step = max(-(-len(pairs) // model.TRAINING_PAIRS), 1)
    low, high = unpack(pairs[::step])
    levels, rare = [], []
    for at in range(0, len(low), AT_ONCE):
        one, other = low[at : at + AT_ONCE], high[at : at + AT_ONCE]
        found = compare(table, one, table, other)
        levels.append(found.levels)
        rare.append(model.rarity_bits(found, table, one, table, other, shares))
    if not levels:
        return np.zeros((0, len(COMPARISONS)), np.int8), np.zeros((0, len(COMPARISONS)), np.float32), 1.0
    return np.concatenate(levels), np.concatenate(rare), 1 / step


def learn(table: Table, pairs: Ints, all_pairs: float, shares: model.Rarity, seed: int) -> Model:
    """A model of this table, checked: where training went astray the start values are used, and the facts say so."""
    levels, rare, share = _training_pairs(table, pairs, shares)
    # Composite codes meet for little but one reason; elsewhere most pairs that meet are two persons.
    composite = table.codes is not None and not (table.year > 0).any()
    trained = model.train(
        levels, rare, model.random_levels(table, seed), all_pairs, share, hope=0.9 if composite else 0.3
    )
    fault = model.fault_of(trained)
    if len(table) < FEWEST or trained.facts["expected_links"] < FEWEST / 3:
        fault = "too few records or links to learn from"
    if fault:
        started = model.untrained(trained.prior)
        started.facts |= {**trained.facts, "fell_back": fault}
        trained = started
    else:
        trained.frequent, trained.rare = model.frequent_values(table, shares)
        trained.facts["frequencies_from"] = len(table)
    trained.facts |= {"records": len(table), "sources": len(table.sources), "seed": seed}
    return trained


def with_prior(table: Table, pairs: Ints, all_pairs: float, shares: model.Rarity, trained: Model) -> Model:
    """The same weights for another list: only how many links are to be expected is learned anew."""
    levels, rare, share = _training_pairs(table, pairs, shares)
    found = Model(trained.prior, trained.m, trained.u, trained.frequent, trained.rare, dict(trained.facts))
    found.prior = min(max(0.1 * len(pairs) / max(all_pairs, 1), 1e-12), 0.5)
    bits = model.evidence(levels, rare, found).sum(axis=1)
    for _ in range(model.ROUNDS):
        expected = float(model.probability(bits, found).sum()) / share
        found.prior = min(max((expected + 0.1) / max(all_pairs, 1), 1e-12), 0.5)
    return found


def _as_clustered(
    table: Table, low: Ints, high: Ints, probability: Any, hits: Ints, cluster: Ints, scorer: Scorer
) -> tuple[Ints, Ints, Floats, Ints]:
    """Pairs as their clusters have them: inside, the better of pair and joint; across, at most even."""
    order = np.argsort(cluster, kind="stable")
    ordered = cluster[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(order) else np.zeros(0, int)
    groups = [part.tolist() for part in np.split(order, starts[1:]) if len(part) > 2] if len(order) else []
    one, other, direct, joint = clusters.together(groups, scorer)
    across = cluster[low] != cluster[high]
    probability = np.where(across, np.minimum(probability, ACROSS), probability.astype(float))
    packed = low.astype(np.int64) << 32 | high
    packed_inside = one.astype(np.int64) << 32 | other
    inside_hits = np.zeros(len(packed_inside), dtype=np.int16)
    _, where, there = np.intersect1d(packed_inside, packed, assume_unique=True, return_indices=True)
    inside_hits[where] = hits[there]
    outside = np.ones(len(packed), dtype=bool)
    outside[there] = False
    all_packed = np.concatenate([packed[outside], packed_inside])
    order = np.argsort(all_packed)
    low, high = unpack(all_packed[order])
    return (
        low, high, np.concatenate([probability[outside], np.maximum(direct, joint)])[order],
        np.concatenate([hits[outside], inside_hits])[order],
    )  # fmt: skip


def _as_decided(
    low: Ints, high: Ints, probability: Floats, hits: Ints, decisions: Decisions
) -> tuple[Ints, Ints, Floats, Ints]:
    if not decisions.same and not decisions.different:
        return low, high, probability, hits
    found = {
        pair: (p, h)
        for *pair_, p, h in zip(low.tolist(), high.tolist(), probability, hits, strict=True)
        for pair in [tuple(pair_)]
    }
    for value, decided in ((1.0, decisions.same), (0.0, decisions.different)):
        for one, other in decided:
            found[min(one, other), max(one, other)] = value, found.get((min(one, other), max(one, other)), (0, 0))[1]
    pairs = sorted(found)
    return (
        np.array([pair[0] for pair in pairs], dtype=np.int32), np.array([pair[1] for pair in pairs], dtype=np.int32),
        np.array([found[pair][0] for pair in pairs], dtype=float), np.array([found[pair][1] for pair in pairs], dtype=np.int16),
    )  # fmt: skip


def score(
    record: Mapping[str, str],
    candidates: Sequence[Mapping[str, str]],
    trained: Model,
    gazetteer: Gazetteer | None = None,
) -> list[tuple[float, str]]:
    """One record against some candidates: the probability of each to be the same person, and why. Needs no engine."""
    table = Reader(gazetteer).table([record, *candidates])
    scorer = Scorer(table, trained)
    other = np.arange(1, len(candidates) + 1)
    levels, bits = scorer.evidence(np.zeros_like(other), other)
    chances = model.probability(bits.sum(axis=1), trained)
    return [(float(chances[row]), reasons(levels[row], bits[row])) for row in range(len(candidates))]
