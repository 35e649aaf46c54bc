"""The parameters that a new installation starts with, from made-up persons: `python -m tests.bench.registration --keep`.

m is counted in pairs of records known to be one person, u in pairs drawn at random, both in two generators of lists that
are built differently. m is then taken half way to the start values of `linkage`: made-up clerks err less than real ones,
and what disagrees would speak too strongly against. Slope and prior are fitted to registrations at a register made by a
third generator, and judged on another draw of it. How common names are leans on rough published shares. No list of real
persons was used, so decisions of people should replace all of this.
"""

import os
import random
import sys
from collections import defaultdict
from itertools import combinations
from math import log2

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from spean.linkage import model, teaching
from spean.linkage.compare import COMPARISONS, compare
from spean.linkage.model import Model
from spean.linkage.records import Reader, Table
from spean.people.likeness import COMMON_SHARE, COMMON_SOUNDS
from spean.people.matching import prepare, weigh
from spean.people.parameters import SHIPPED, SMALLEST_FILE, Parameters
from spean.people.search_index import SearchIndex
from tests.bench.linkage import generator, other_generator
from tests.bench.made_up_people import corrupt, persons

RECORDS, ON_FILE, ASKED = 40_000, 20_000, 3_000
KNOWN = 1 / 6  # share of newcomers on file already: a guess, of which decisions will know more


def counted() -> Model:
    """m and u from lists of which the truth is known."""
    found = model.untrained()
    same, chance = [], []
    for rows in (list(generator.rows(RECORDS, seed=21)), list(other_generator.rows(RECORDS, seed=22))):
        table = Reader().table(rows)
        together = defaultdict(list)
        for place, row in enumerate(rows):
            together[row["person"]].append(place)
        pairs = np.array([pair for places in together.values() for pair in combinations(places, 2)])
        same.append(compare(table, pairs[:, 0], table, pairs[:, 1]).levels)
        chance.append(_strangers(table, np.array([row["person"] for row in rows])))
    levels = np.concatenate([*same])
    m = model.level_counts(levels)
    u = model.level_counts(np.concatenate(chance))
    found.m = {
        one.name: (model.level_shares(one, m[one.name], one.start, model.PRIOR_PAIRS) + np.array(one.start)) / 2
        for one in COMPARISONS
    }
    found.u = {one.name: model.level_shares(one, u[one.name], one.chance, model.RANDOM_PRIOR) for one in COMPARISONS}
    found.frequent = {
        kind: {model.hashed(kind, sound): share for sound, share in COMMON_SOUNDS.items()}
        for kind in ("names", "names within origin")
    }
    found.rare |= {"names": COMMON_SHARE, "names within origin": COMMON_SHARE}
    found.facts |= {"frequencies_from": 2_000, "pairs_trained_on": len(levels), "random_pairs": sum(map(len, chance))}
    return found


def _strangers(table: Table, person: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(5)
    one, other = rng.integers(0, len(table), (2, 400_000))
    apart = person[one] != person[other]
    return compare(table, one[apart], table, other[apart]).levels


def questions(use: Parameters, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits, and whether it is she, of every candidate that registrations at a made-up register meet."""
    people = list(persons(ON_FILE, seed))
    index = SearchIndex(use)
    for number, one in enumerate(people):
        index.add(str(number), one)
    chance = random.Random(seed + 1)
    newcomers = persons(ASKED, seed + 2)
    weights, same = [], []
    for _ in range(ASKED):
        number = chance.randrange(ON_FILE) if chance.random() < KNOWN else None
        asked = prepare(corrupt(people[number], chance) if number is not None else next(newcomers))
        met = [(index._ids[slot], index._people[slot]) for slot in index._to_compare(asked, use)]
        if met:
            found = weigh([(asked, one) for _, one in met if one], index._frequencies, use.model)
            weights.append(found.weight)
            same.append(np.array([person_id == str(number) for person_id, _ in met]))
    return np.concatenate(weights), np.concatenate(same)


def main() -> None:
    first = Parameters(counted(), KNOWN, 1.0)
    weight, same = questions(first, seed=31)
    prior = np.full(len(weight), first.prior_bits(ON_FILE))
    slope, shift = teaching.calibrate(weight, prior, same)
    origin = {
        "what": "Start values, made from made-up persons by tests.bench.registration. No list of real persons was used.",
        "same_pairs": first.model.facts["pairs_trained_on"], "random_pairs": first.model.facts["random_pairs"],
        "calibrated_on": len(weight), "calibrated_same": int(same.sum()), "assumed_newcomers_known": KNOWN,
        "shift_bits": round(shift, 3),
    }  # fmt: skip
    # What the shift says is not of how many are known: in a made-up register it is known. It stands in the prior.
    use = Parameters(first.model, min(KNOWN * 2**shift, 1.0), round(slope, 4), origin)
    weight, same = questions(use, seed=41)
    for name, chance in (("before", first.probability(weight, ON_FILE)), ("after", use.probability(weight, ON_FILE))):
        print(name, teaching.judge(chance, same, 0.8))
        for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.0)):
            here = (chance >= low) & (chance < high)
            print(f"  {low}-{high}: n {here.sum()}, said {chance[here].mean():.3f}, true {same[here].mean():.3f}")
    print("prior bits", log2(use.known / SMALLEST_FILE), "slope", slope, "shift", shift)
    if "--keep" in sys.argv:
        SHIPPED.write_text(use.to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
