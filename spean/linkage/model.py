"""What agreement is worth: Fellegi–Sunter weights, trained without truth, kept in a file that people can read.

For each level of each comparison: m, how often records of one person agree so; u, how often records of two do. The
logarithm of m/u adds up; rare values prove more. u is counted in random pairs, m is learned by expectation
maximisation over the pairs that blocking found, while all other pairs count as two persons.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spean.linkage.compare import COMPARISONS, PLACES, Compared, Comparison, compare
from spean.linkage.records import Ints, Table

Floats = NDArray[np.float64]
FORMAT = 1
RANDOM_PAIRS = 500_000
TRAINING_PAIRS = 1_500_000
ROUNDS = 40
PRIOR_PAIRS = 20.0  # so many imagined pairs as the start values have them: small lists lean on these
RANDOM_PRIOR = 50.0
# So many of the records that bear a value may be the one person's own, and do not make it common. A number is hers
# alone until more records share it than one person usually has: then it is an office's telephone.
OWN = {"names": 2, "mothers": 2, "places": 2, "nationalities": 2, "numbers": 8}
MOST_FOR_RARITY = 12.0  # bits
# Kept in a model file: how often the frequent names occur. Rare ones could point to people.
KEPT_FROM = 20
NUMBERS_OF = {
    "family_name": "names", "given_name": "names within origin", "mother_name": "mothers within origin",
    "birth_place": "places within origin", "phone": "numbers", "document_number": "numbers",
    "nationality": "nationalities",
}  # fmt: skip


@dataclass
class Model:
    """`prior` is the probability that two records drawn at random are one person."""

    prior: float
    m: dict[str, Floats]
    u: dict[str, Floats]
    frequent: dict[str, dict[str, float]] = field(default_factory=dict)  # kind → hashed value → share
    rare: dict[str, float] = field(default_factory=dict)  # kind → share of a value that is not among them
    facts: dict[str, Any] = field(default_factory=dict)

    def weights(self, comparison: Comparison) -> Floats:
        """Bits for each level, and 0 at the end for what is missing."""
        return np.append(np.log2(self.m[comparison.name] / self.u[comparison.name]), 0.0)

    def agreeing(self, comparison: Comparison) -> float:
        """Chance that two random records agree wholly here."""
        full = [place for place, share in enumerate(comparison.share) if share == 1.0]
        return float(self.u[comparison.name][full].sum())

    def to_json(self) -> str:
        """The model as a file: tables of levels with m, u and bits, and the facts of its training."""
        return json.dumps(
            {
                "format": FORMAT,
                "what": "Weights for linking lists of persons (Spean). Contains no record.",
                "prior": self.prior,
                "comparisons": {
                    one.name: [
                        {"level": level, "m": float(m), "u": float(u), "bits": round(float(np.log2(m / u)), 3)}
                        for level, m, u in zip(one.levels, self.m[one.name], self.u[one.name], strict=True)
                    ]
                    for one in COMPARISONS
                },
                "share_of_rare_values": self.rare,
                "frequent_values_hashed": self.frequent,
                "training": self.facts,
            },
            indent=1,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Model":
        """Reads what `to_json` wrote. Raises ValueError with a sentence when it is something else."""
        try:
            read = json.loads(text)
            if read["format"] != FORMAT:
                raise ValueError(f"this model has form {read['format']}, this version reads form {FORMAT}")
            m, u = {}, {}
            for one in COMPARISONS:
                rows = read["comparisons"][one.name]
                if [row["level"] for row in rows] != list(one.levels):
                    raise ValueError(f"the levels of {one.name} in this model are not those of this version")
                m[one.name] = np.array([float(row["m"]) for row in rows])
                u[one.name] = np.array([float(row["u"]) for row in rows])
                if not all(0 < value <= 1 for value in (*m[one.name], *u[one.name])):
                    raise ValueError(f"the values of {one.name} in this model are no probabilities")
            return cls(
                float(read["prior"]), m, u, dict(read["frequent_values_hashed"]),
                dict(read["share_of_rare_values"]), dict(read["training"]),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as fault:
            raise ValueError("this is no model that `spean link` wrote") from fault


def load(path: Path) -> Model:
    return Model.from_json(path.read_text(encoding="utf-8"))


# Until a model has seen lists: how common a usual value is, as if so many records had been seen.
_USUAL = {"names": 5e-4, "mothers": 5e-4, "places": 0.02, "numbers": 1e-5, "nationalities": 0.1}
_IMAGINED = 10_000


def untrained(prior: float = 1e-5) -> Model:
    """The start values as a model: for a list too small to learn from."""
    within = {f"{kind} within origin": 2 * share for kind, share in _USUAL.items()}
    return Model(
        prior,
        {one.name: np.array(one.start) for one in COMPARISONS},
        {one.name: np.array(one.chance) for one in COMPARISONS},
        rare=_USUAL | within,
        facts={"frequencies_from": _IMAGINED},
    )


# --- how rare the values are -------------------------------------------------------------------------


@lru_cache(maxsize=200_000)
def hashed(kind: str, value: str) -> str:
    return hashlib.blake2b(f"{kind}:{value}".encode(), digest_size=6).hexdigest()


@dataclass
class Rarity:
    """Share of records that bear a value, by the numbers of one table."""

    share: dict[str, Floats]

    @cached_property
    def bits(self) -> dict[str, NDArray[np.float32]]:
        """What agreement in a value proves by its rarity alone."""
        return {kind: -np.log2(share).astype(np.float32) for kind, share in self.share.items()}


def rarity(table: Table, model: Model | None = None) -> Rarity:
    """From the list itself; with a model, from what it was trained on as well."""
    vocabulary = table.names
    values = {
        "names": np.concatenate([vocabulary.sound[table.family], vocabulary.sound[table.given]]),
        "mothers": vocabulary.sound[table.mother],
        "places": table.place,
        "numbers": np.concatenate([table.phone.ravel(), table.document.ravel()]),
        "nationalities": table.nationality,
    }
    sizes = {
        "names": len(vocabulary.sound_texts()), "mothers": len(vocabulary.sound_texts()), "places": int(table.place.max(initial=0)) + 1,
        "numbers": len(table.numbers), "nationalities": int(table.nationality.max(initial=0)) + 1,
    }  # fmt: skip
    share = {}
    for kind, column in values.items():
        # Per record, not per column: a name, wherever it is written, is borne by so many people.
        columns = len(column) // max(len(table), 1)
        total = max(float((column >= 0).sum()) / max(columns, 1), 1.0)
        if kind == "names":
            total = max(float(((table.family >= 0) | (table.given >= 0)).sum()), 1.0)
        counted = np.bincount(column[column >= 0], minlength=sizes[kind]).astype(float)
        # Two records that agree are two bearers and, if one person, one: the person herself does not make a name common.
        share[kind] = np.append(np.maximum(counted - OWN[kind], 0.7) / total, 1.0)
    for kind, columns in (("names", 2), ("mothers", 1), ("places", 1)):
        origin = np.tile(table.nationality, columns)
        share[f"{kind} within origin"] = _within_origin(values[kind], origin, share[kind], columns)
    if model is not None and model.facts.get("frequencies_from"):
        share = _known_shares(table, model, share, values)
    return Rarity(share)


def _within_origin(value: Ints, origin: Ints, share: Floats, columns: int) -> Floats:
    """How common a name is among people of the nationality that its bearers have.

    Half of Vietnam is called Nguyễn, and nobody in Laos: that two records agree in family name, in given name and in
    nationality is one coincidence and must not be counted three times.
    """
    known = (value >= 0) & (origin >= 0)
    if not known.any():
        return share.copy()
    origins = int(origin.max()) + 1
    # A name counts once per record though it may stand in either column; Burmese names fill one column only.
    per_origin = np.maximum(np.bincount(origin[known], minlength=origins), 1) / columns
    pair, counted = np.unique(value[known].astype(np.int64) * origins + origin[known], return_counts=True)
    name, where = pair // origins, pair % origins
    bearers = np.bincount(name, weights=counted, minlength=len(share))
    expected = np.bincount(
        name, weights=counted * np.maximum(counted - 2, 0.7) / per_origin[where], minlength=len(share)
    )
    return np.maximum(np.where(bearers > 0, expected / np.maximum(bearers, 1), share), share)


def _known_shares(table: Table, model: Model, own: dict[str, Floats], values: Mapping[str, Ints]) -> dict[str, Floats]:
    found = {}
    for kind, shares in own.items():
        here = float((values[kind.removesuffix(" within origin")] >= 0).sum())
        texts = table.names.sound_texts() if kind.startswith(("names", "mothers")) else []
        found[kind] = leaning(kind, texts, shares, here, model)
    return found


def leaning(kind: str, texts: Sequence[str], own: Floats, here: float, model: Model) -> Floats:
    """Shares seen `here` times, leaning on those of the model: the more, the fewer were seen. The last stays 1."""
    trained_on = float(model.facts.get("frequencies_from") or 0)
    if not trained_on:
        return own
    known = np.full(len(own), model.rare.get(kind, 1e-4))
    named = kind.startswith(("names", "mothers"))
    frequent = model.frequent.get(kind, {})
    for place, text in enumerate(texts if named and frequent else ()):
        known[place] = frequent.get(hashed(kind, text), known[place])
    # Values without a name in the file (places, nationalities) lean on the list itself, where it is long enough.
    weight = trained_on / (trained_on + here) if named or kind == "numbers" else 100 / (100 + here)
    return np.append((weight * known + (1 - weight) * own)[:-1], 1.0)


def frequent_values(table: Table, shares: Rarity) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """What a model file keeps of frequencies: hashed sounds of frequent names, and the usual share of the others."""
    texts = table.names.sound_texts()
    kept: dict[str, dict[str, float]] = {}
    rare: dict[str, float] = {}
    records = max(len(table), 1)
    for kind, column in shares.share.items():
        if kind.startswith(("names", "mothers")):
            many = np.flatnonzero(column[: len(texts)] >= KEPT_FROM / records)
            kept[kind] = {hashed(kind, texts[place]): round(float(column[place]), 6) for place in many}
            few = column[:-1][column[:-1] < KEPT_FROM / records]
        else:
            few = column[:-1]
        rare[kind] = float(np.median(few)) if len(few) else 1 / records
    return kept, rare


# --- scoring -----------------------------------------------------------------------------------------


def rarity_bits(found: Compared, a: Table, rows_a: Ints, b: Table, rows_b: Ints, shares: Rarity) -> NDArray[np.float32]:
    """How rare the agreeing values are, in bits, per comparison; 0 where rarity does not count."""
    bits = np.zeros(found.levels.shape, dtype=np.float32, order="F")
    sound = a.names.sound
    pairs = {
        "family_name": (sound[found.family[:, 0]], sound[found.family[:, 1]]),
        "given_name": (sound[found.given[:, 0]], sound[found.given[:, 1]]),
        "mother_name": (sound[a.mother[rows_a]], sound[b.mother[rows_b]]),
        "birth_place": (a.place[rows_a], b.place[rows_b]),
        "phone": (a.phone[rows_a, 0], b.phone[rows_b, 0]),
        "document_number": (a.document[rows_a, 0], b.document[rows_b, 0]),
        "nationality": (a.nationality[rows_a], b.nationality[rows_b]),
    }
    for place, one in enumerate(COMPARISONS):
        if not one.share:
            continue
        level = found.levels[:, place]
        at = np.flatnonzero(one.counted[level])
        ours, theirs = (column[at] for column in pairs[one.name])
        rare = shares.bits[NUMBERS_OF[one.name]]
        told = np.minimum(rare[ours], rare[theirs])
        if one.name == "family_name":
            # Without a nationality the family name brings the evidence of origin; with one, that has been counted.
            own = shares.bits["names within origin"]
            same = found.levels[at, PLACES["nationality"]] == 0
            told = np.where(same, np.minimum(own[ours], own[theirs]), told)
        bits[at, place] = told
    return bits


def evidence(levels: NDArray[np.int8], extra: NDArray[np.float32], model: Model) -> NDArray[np.float32]:
    """Bits per comparison: the weight of its level and what rarity adds."""
    found = np.empty(levels.shape, dtype=np.float32, order="F")
    for place, one in enumerate(COMPARISONS):
        level = levels[:, place]
        found[:, place] = model.weights(one).astype(np.float32)[level]
        if one.share:
            at = np.flatnonzero(one.counted[level])
            # What two random values agree by chance is in the weight already; it gives way to this value's share.
            usual = np.float32(-np.log2(model.agreeing(one)))
            beyond = np.clip(extra[at, place] - usual, -MOST_FOR_RARITY, MOST_FOR_RARITY)
            found[at, place] += one.counted[level[at]] * beyond
    return found


def probability(bits: NDArray[Any], model: Model) -> Floats:
    """Of being one person, from the sum of the evidence and what is to be expected of two records at random."""
    total = np.clip(np.asarray(bits, dtype=float) + np.log2(model.prior / (1 - model.prior)), -60, 60)
    return 1 / (1 + np.exp2(-total))


# --- training ----------------------------------------------------------------------------------------


def level_counts(levels: NDArray[np.int8], worth: Floats | None = None) -> dict[str, Floats]:
    found = {}
    for place, one in enumerate(COMPARISONS):
        column = levels[:, place]
        known = column >= 0
        found[one.name] = np.bincount(
            column[known], weights=None if worth is None else worth[known], minlength=len(one.levels)
        ).astype(float)
    return found


def level_shares(one: Comparison, counted: Floats, start: Sequence[float], prior: float) -> Floats:
    """Counts as shares within each group of levels, with so many imagined pairs spread as in `start`."""
    full = counted + prior * np.array(start)
    group = one.group_of
    totals = np.bincount(group, weights=full)
    return np.maximum(full / totals[group], 1e-9)


def _chances(raw: Mapping[str, Floats], model: Model, prior: float) -> dict[str, Floats]:
    """u from random pairs, of which a few are of one person too: their share is taken out again."""
    found = {}
    for one in COMPARISONS:
        clean = np.maximum(raw[one.name] - raw[one.name].sum() * prior * model.m[one.name], 0.0)
        found[one.name] = level_shares(one, clean, one.chance, RANDOM_PRIOR)
    return found


def random_levels(table: Table, seed: int, count: int = RANDOM_PAIRS) -> NDArray[np.int8]:
    """Levels of pairs drawn at random; all pairs, when there are fewer."""
    records = len(table)
    if records * (records - 1) // 2 <= count:
        rows_a, rows_b = np.triu_indices(records, 1)
    else:
        rng = np.random.default_rng(seed)
        rows_a = rng.integers(0, records, count)
        rows_b = (rows_a + rng.integers(1, records, count)) % records
    found = [
        compare(table, rows_a[low : low + 200_000], table, rows_b[low : low + 200_000]).levels
        for low in range(0, len(rows_a), 200_000)
    ]
    return np.concatenate(found) if found else np.zeros((0, len(COMPARISONS)), np.int8)


def train(
    levels: NDArray[np.int8],
    extra: NDArray[np.float32],
    chance: NDArray[np.int8],
    all_pairs: float,
    sampled: float,
    hope: float = 0.3,
) -> Model:
    """Learns from candidate pairs (`levels`, `extra`), of which `sampled` (0..1) are given, and random ones (`chance`);
    `hope` is the share of them taken for one person at first."""
    model = untrained(max(min(1e-3, hope * len(levels) / sampled / max(all_pairs, 1)), 1e-9))
    raw = level_counts(chance)
    model.u = _chances(raw, model, model.prior if hope > 0.5 else 0.0)
    changes = []
    for _ in range(ROUNDS):
        worth = probability(evidence(levels, extra, model).sum(axis=1), model)
        matched = level_counts(levels, worth)
        before = {name: values.copy() for name, values in model.m.items()}
        model.m = {one.name: level_shares(one, matched[one.name], one.start, PRIOR_PAIRS) for one in COMPARISONS}
        expected = float(worth.sum()) / sampled
        prior_before = model.prior
        model.prior = min(max((expected + 0.1) / max(all_pairs, 1), 1e-12), 0.5)
        model.u = _chances(raw, model, model.prior)
        changes.append(max(float(np.abs(model.m[name] - before[name]).max()) for name in before))
        if changes[-1] < 1e-4 and abs(model.prior / prior_before - 1) < 1e-3:
            break
    model.facts = {
        "rounds": len(changes), "last_change": changes[-1], "pairs_trained_on": len(levels),
        "random_pairs": len(chance), "expected_links": expected,
    }  # fmt: skip
    return model


def fault_of(trained: Model) -> str:
    """Why a trained model must not be believed; "" when it may.

    Expectation maximisation can settle on something else than persons, such as families or villages. Then full agreement
    proves little, or disagreement proves something.
    """
    for one in COMPARISONS:
        bits = trained.weights(one)
        if one.name in ("family_name", "given_name", "birth") and bits[0] < 2:
            return f"agreement of {one.name} would prove almost nothing"
        if one.name in ("given_name", "birth") and bits[len(one.levels) - 1] > 0:
            return f"disagreement of {one.name} would speak for one person"
    return ""
