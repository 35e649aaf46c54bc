"""`python -m tests.bench.disclosure`: how long protection takes, and what it costs in figures that are not shown.

Part of `make bench`. Beside it stands the greedy way that is often used: in every line whose hidden cells are one, or
too few people together, hide the smallest other one; by itself (*lines only*, with the small cells that a linear
programme then recovers), and repeated until none is recovered (*greedy until safe*). Everything is invented. Nothing is
asserted.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np

from spean.statistics import audit, complement
from spean.statistics.complement import Hiding
from spean.statistics.disclosure import protect
from spean.statistics.margins import COUNTED, System, extend, join
from spean.statistics.tables import Table
from tests.statistics.made_up import counts, dimension, table

THRESHOLD, WIDTH = 10, 3


def ten_linked_tables() -> list[Table]:
    """900 people by 25 provinces and ten questions with six answers each, as ten tables of 25 × 6."""
    rng = np.random.default_rng(7)
    places = [dimension("province", 25), *(dimension(f"q{at}", 6) for at in range(10))]
    shares = [rng.dirichlet(np.full(len(one.categories), 0.8)) for one in places]
    people = np.column_stack([rng.choice(len(share), 900, p=share) for share in shares])
    found = []
    for at in range(1, 11):
        values = np.zeros((25, 6), dtype=int)
        np.add.at(values, (people[:, 0], people[:, at]), 1)
        found.append(table(f"t{at}", [places[0], places[at]], values))
    return found


def cube(size: int, mean: float) -> list[Table]:
    dimensions = [dimension(code, size) for code in "abcd"]
    return [table("cube", dimensions, counts(dimensions, mean, np.random.default_rng(1)))]


def measure(large: bool = True) -> None:
    print("\ndisclosure control, threshold 10: cells hidden beyond the small ones, people in them, linear programmes\n")
    print(f"{'':44} {'small':>6} {'extra':>6} {'people':>7} {'open':>5} {'wall s':>7} {'CPU s':>6}")
    cases = [
        ("ten linked tables of 25 × 6, 900 people", ten_linked_tables()),
        ("5 × 5 × 5 × 5, 5 a cell", cube(5, 5.0)),
    ]
    if large:
        cases += [(f"10 × 10 × 10 × 10, {mean:g} a cell", cube(10, mean)) for mean in (0.3, 5.0, 50.0)]
    for name, tables in cases:
        began, worked = time.perf_counter(), time.process_time()
        (said,) = protect(tables, threshold=THRESHOLD).report["people"]
        _row(
            name, said["by_reason"]["below_threshold"], said["by_reason"]["complementary"],
            said["people_not_shown_in_complementary_cells"], 0, time.perf_counter() - began, time.process_time() - worked,
        )  # fmt: skip
        for until_safe in (False, True) if len(tables[0].cells) < 2_000 else ():
            began, worked = time.perf_counter(), time.process_time()
            small, extra, people, still = greedy(tables, until_safe)
            words = "   greedy until safe" if until_safe else "   lines only"
            _row(words, small, extra, people, still, time.perf_counter() - began, time.process_time() - worked)


def greedy(tables: Sequence[Table], until_safe: bool) -> tuple[int, int, int, int]:
    """(small cells, others hidden, people in those, small cells that can still be recovered)."""
    system = join([extend(one) for one in tables])
    x = system.values.astype(float)
    small = (x > 0) & (x < THRESHOLD)
    hidden = small.copy()
    while True:
        _close_lines(system, x, hidden)
        work = Hiding(
            system, x, np.zeros(len(x)), np.where(x < THRESHOLD, THRESHOLD - 1.0, np.inf), hidden.copy(),
            system.states != COUNTED, np.where(small, float(WIDTH), 0.0), THRESHOLD, np.zeros(len(x), dtype=bool),
        )  # fmt: skip
        audit.EXACT_UP_TO, kept = 5_000, audit.EXACT_UP_TO
        complement.prove(work)
        audit.EXACT_UP_TO = kept
        still = np.flatnonzero(small & (work.greatest - work.least < WIDTH - 1e-3))
        if not until_safe or not len(still):
            extra = hidden & ~small
            return int(small.sum()), int(extra.sum()), int(x[extra].sum()), len(still)
        for cell in still:  # the smallest shown cell of every line that this one stands in
            for row in _lines(system, int(cell)):
                _hide_smallest(x, hidden, row)


def _close_lines(system: System, x: np.ndarray, hidden: np.ndarray) -> None:
    changed = True
    while changed:
        changed = False
        for at in range(len(system.total)):
            row = np.append(system.child[system.start[at] : system.start[at + 1]], system.total[at])
            parts = row[:-1][hidden[row[:-1]]]
            if hidden[row].sum() == 1 or (not hidden[row[-1]] and 0 < x[parts].sum() < THRESHOLD):
                changed |= _hide_smallest(x, hidden, row)


def _lines(system: System, cell: int) -> list[np.ndarray]:
    found = []
    for at in range(len(system.total)):
        row = np.append(system.child[system.start[at] : system.start[at + 1]], system.total[at])
        if cell in row:
            found.append(row)
    return found


def _hide_smallest(x: np.ndarray, hidden: np.ndarray, row: np.ndarray) -> bool:
    shown = row[~hidden[row] & (x[row] > 0)]
    if len(shown):
        hidden[shown[np.argmin(x[shown])]] = True
    return bool(len(shown))


def _row(name: str, small: int, extra: int, people: int, still: int, wall: float, cpu: float) -> None:
    print(f"{name:44} {small:6,} {extra:6,} {people:7,} {still:5,} {wall:7.1f} {cpu:6.1f}", flush=True)


if __name__ == "__main__":
    measure(large="--small" not in sys.argv)
