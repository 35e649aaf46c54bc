"""The files a linking leaves: links, clusters, model, report; and the decisions of people that it obeys."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spean.linkage.clusters import Decisions
from spean.linkage.linking import Linked, Scorer
from spean.linkage.reading import ListFault, Notes, decode, safe
from spean.linkage.records import Table

LINK_COLUMNS = ("record_id_l", "source_l", "record_id_r", "source_r", "probability", "because")


def write_links(path: Path, found: Linked, scorer: Scorer, threshold: float) -> int:
    """Pairs from the threshold up, most probable first; the number of them."""
    chosen = np.flatnonzero(found.probability >= threshold)
    chosen = chosen[np.lexsort((found.high[chosen], found.low[chosen], -np.round(found.probability[chosen], 6)))]
    low, high = found.low[chosen], found.high[chosen]
    table = found.table

    def lines() -> Iterator[tuple[str, ...]]:
        because = scorer.because(low, high)
        for a, b, chance, why in zip(
            low.tolist(), high.tolist(), found.probability[chosen].tolist(), because, strict=True
        ):
            yield (
                safe(table.record_ids[a]), safe(table.sources[table.source[a]]), safe(table.record_ids[b]),
                safe(table.sources[table.source[b]]), f"{chance:.6f}", why,
            )  # fmt: skip

    _write(path, LINK_COLUMNS, lines())
    return len(chosen)


def write_clusters(path: Path, found: Linked) -> None:
    """Every record with the number of its cluster; numbers follow the order of the records."""
    _, number = np.unique(found.cluster, return_inverse=True)
    table = found.table
    _write(
        path,
        ("source", "record_id", "cluster_id"),
        (
            (safe(table.sources[table.source[place]]), safe(table.record_ids[place]), f"K{int(number[place]) + 1:07}")
            for place in range(len(table))
        ),
    )


def _write(path: Path, head: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> None:
    with open_private(path) as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(lines)


def open_private(path: Path) -> io.TextIOWrapper:
    """A new file that only its owner reads."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(descriptor, "w", encoding="utf-8", newline="")


def read_decisions(path: Path, table: Table) -> Decisions:
    """Columns source_l, record_id_l, source_r, record_id_r, decision (same / not same). Raises ListFault with the line."""
    places = {
        (table.sources[s], i): place
        for place, (s, i) in enumerate(zip(table.source.tolist(), table.record_ids, strict=True))
    }
    found = Decisions()
    rows = csv.DictReader(io.StringIO(decode(path.read_bytes(), Notes(path.name))))
    wanted = {"source_l", "record_id_l", "source_r", "record_id_r", "decision"}
    if not wanted <= set(rows.fieldnames or ()):
        raise ListFault(f"{path.name} needs the columns {', '.join(sorted(wanted))}.")
    for row in rows:
        pair = []
        for side in ("l", "r"):
            key = tuple((row[f"{name}_{side}"] or "").strip().removeprefix("'") for name in ("source", "record_id"))
            if key not in places:
                raise ListFault(f"{path.name}, line {rows.line_num}: there is no such record in the lists.")
            pair.append(places[key])
        decision = " ".join((row["decision"] or "").casefold().replace("_", " ").split())
        if decision not in ("same", "not same") or pair[0] == pair[1]:
            raise ListFault(f"{path.name}, line {rows.line_num}: decision is 'same' or 'not same', of two records.")
        (found.same if decision == "same" else found.different).append((min(pair), max(pair)))
    return found
