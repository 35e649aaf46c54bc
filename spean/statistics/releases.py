"""What was published before, and what a new figure beside an old one would give away.

Two figures of the same people that differ by less than the threshold are a small number in print, and so is a hidden
cell of one edition that the other edition shows. A release holds public cells only: whoever finds the ledger learns
nothing that was not published.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import block_array, coo_array, csc_array

from spean.statistics import audit, regions
from spean.statistics.audit import Solver
from spean.statistics.margins import (
    COUNTED,
    SUPPRESSED,
    BadTables,
    Ids,
    Key,
    Mask,
    Nesting,
    Published,
    System,
    extend_published,
    join,
)
from spean.statistics.regions import SLACK, Floats, Region
from spean.statistics.tables import Cell, Dimension

LEDGER = "releases.jsonl"


@dataclass(frozen=True)
class Release:
    """Tables that went out together. `about` says which people and time; only releases about the same are compared.

    `base` is to what their figures were rounded, 0 for not at all.
    """

    name: str
    tables: tuple[Published, ...]
    about: str = ""
    base: int = 0


@dataclass(frozen=True)
class Past:
    """An earlier release as far as it speaks of the same unit. `same` when no figure has changed since."""

    name: str
    system: System
    same: bool
    grows: bool = False
    shrinks: bool = False


@dataclass(frozen=True)
class Held:
    """Why tables are not published anew. `code` for pages, `words` for the report; `release` is what it is about."""

    code: str
    words: str
    release: str = ""


def compare(
    release: Release, unit: str, figures: Mapping[Key, int], threshold: int, base: int, nested: Sequence[Nesting]
) -> Past | Held | None:
    """How new figures stand to an earlier release: None if it has none of this unit, or why they must not appear."""
    tables = [extend_published(one, nested) for one in release.tables if one.unit == unit]
    if not tables:
        return None
    system = join(tables)
    coarse = max(base, release.base)
    # Rounded figures that are this far apart stand for exact ones that are at least the threshold apart.
    enough = threshold + max(coarse - 1, 0)
    up = down = small = 0
    for key, value, state in zip(system.keys, system.values.tolist(), system.states.tolist(), strict=True):
        now = figures.get(key)
        if now is None or state != COUNTED:
            continue
        apart = rounded(now, release.base) - value
        up, down, small = up + (apart > 0), down + (apart < 0), small + (0 < abs(apart) < enough)
    if small:
        words = (
            f"{small} of its figures would change by fewer than {enough} people against {release.name}: the difference "
            "would be a small number in print"
        )
        return Held("small_difference", words, release.name)
    return Past(release.name, system, same=not up and not down, grows=not down, shrinks=not up)


def rounded(value: int, base: int) -> int:
    """To the nearest multiple of the base, halves up; but nobody becomes none."""
    if base <= 1 or not value:
        return value
    return max((2 * value + base) // (2 * base), 1) * base


def complete(system: System, unknown: Mask) -> Floats | None:
    """Values for cells that were published as suppressed, such that all sums hold; None if there are none."""
    x = np.where(unknown, 0, system.values).astype(np.float64)
    if not unknown.any():
        return x
    rows, columns, signs = regions.entries(system)
    lines = csc_array((signs, (rows, columns)), shape=(len(system.total), len(x)))
    wanted = -(lines @ x)
    some = np.flatnonzero(unknown)
    part = csc_array(lines[:, some])
    size = len(some)
    solver = Solver(Region(part, wanted, wanted, np.zeros(size), np.full(size, np.inf), np.zeros(size)))
    found = solver.solved()
    if found is None:
        return None
    x[some] = found
    return x


def gives_away(
    new: System, hidden: Mask, x: Floats, bounds: tuple[Floats, Floats], need: Floats, past: Past, width: float
) -> bool:
    """Whether a hidden cell, new or old, can be worked out from both editions by whoever knows that people were only
    added, or only left out, in between."""
    old = past.system
    concealed = old.states == SUPPRESSED
    before = complete(old, concealed)
    if before is None or not (concealed.any() or hidden.any()) or not (past.grows or past.shrinks):
        return False
    size = int(concealed.sum())
    wide = np.where(concealed, np.inf, old.values)
    cells, mine = regions.region(new, hidden, x, *bounds)
    olds, theirs = regions.region(old, concealed, before, np.zeros(len(before)), wide)
    # A cell that the old edition gave away by itself is no longer asked for.
    needed = np.concatenate([need[cells], np.where(_narrow(theirs, np.full(size, width)), 0.0, width)])
    both = _coupled(new, cells, hidden, mine, old, olds, concealed, theirs, past.grows)
    solver = Solver(both)
    start = solver.solved()
    if start is None:
        return False  # people were added here and left out there, so neither can be supposed
    both.point = start
    return bool(_narrow(both, needed).any())


def opens(
    new: System,
    hidden: Mask,
    x: Floats,
    bounds: tuple[Floats, Floats],
    pasts: Sequence[Past],
    width: float,
    most: float,
) -> str:
    """The earlier release of the same people of which a hidden cell can now be worked out by whoever knows which of its
    hidden cells are small; blank where none can.

    Which they are is in no ledger: as many as fit all that is published are taken for at most `most`.
    """
    cells, of = regions.region(new, hidden, x, *bounds)
    old = np.flatnonzero(new.values[cells] < 0)
    if not len(old):
        return ""
    filled = _smallest(of, old, most)
    if filled is None:
        return ""
    small = old[filled[old] <= most + SLACK]
    high = of.high.copy()
    high[small] = most
    known = Region(of.matrix, of.rows_low, of.rows_high, of.low, high, filled)
    narrow = cells[_narrow(known, _asked(small, len(cells), width))]
    if not len(narrow):
        return ""
    full, highest = x.copy(), bounds[1].copy()
    full[cells], highest[cells] = filled, high
    for past in (one for one in pasts if one.same):
        place = np.array([new.place[key] for key in past.system.keys])
        concealed = past.system.states == SUPPRESSED
        theirs, before = regions.region(
            past.system, concealed, full[place], np.zeros(len(place)), np.where(concealed, highest[place], np.inf)
        )
        asked = np.flatnonzero(np.isin(place[theirs], narrow))
        if len(asked) > _narrow(before, _asked(asked, len(theirs), width)).sum():
            return past.name
    return ""


def _asked(some: Ids, columns: int, width: float) -> Floats:
    need = np.zeros(columns)
    need[some] = width
    return need


def _narrow(of: Region, need: Floats) -> Mask:
    """The columns that cannot be moved as far as each needs."""
    least, greatest = of.point.copy(), of.point.copy()
    audit.widen(of, least, greatest, need, np.random.default_rng(1))
    narrow: Mask = (need > 0) & (greatest - least < need - SLACK)
    return narrow


def _smallest(of: Region, some: Ids, most: float) -> Floats | None:
    """A point of the region with as little as possible above `most` in some columns."""
    columns, count = len(of.low), len(some)
    own = np.arange(count)
    signs, places = np.repeat([1.0, -1.0], count), np.concatenate([some, columns + own])
    excess = csc_array((signs, (np.tile(own, 2), places)), shape=(count, columns + count))
    ends = np.append(of.matrix.indptr, [of.matrix.nnz] * count)
    wider = csc_array((of.matrix.data, of.matrix.indices, ends), shape=(of.matrix.shape[0], columns + count))
    point = np.concatenate([of.point, np.maximum(of.point[some] - most, 0)])
    both = Region(
        csc_array(block_array([[wider], [excess]])),
        np.concatenate([of.rows_low, np.full(count, -np.inf)]), np.concatenate([of.rows_high, np.full(count, most)]),
        np.concatenate([of.low, np.zeros(count)]), np.concatenate([of.high, np.full(count, np.inf)]), point,
    )  # fmt: skip
    solver = Solver(both, np.concatenate([np.zeros(columns), np.ones(count)]))
    found = solver.solved()
    return None if found is None else found[:columns]


def _coupled(
    new: System,
    cells: Ids,
    hidden: Mask,
    mine: Region,
    old: System,
    olds: Ids,
    concealed: Mask,
    theirs: Region,
    grows: bool,
) -> Region:
    """Both editions side by side, with a row for each figure that one of them hides: new less old is not negative."""
    column = {int(cell): at for at, cell in enumerate(cells)}
    column_old = {int(cell): len(cells) + at for at, cell in enumerate(olds)}
    rows: list[int] = []
    columns: list[int] = []
    signs: list[float] = []
    known: list[float] = []
    for at, key in enumerate(old.keys):
        here = new.place.get(key)
        if here is None or not (hidden[here] or concealed[at]) or new.states[here] != COUNTED:
            continue
        constant = 0.0
        if hidden[here]:
            rows.append(len(known))
            columns.append(column[here])
            signs.append(1.0)
        else:
            constant += float(new.values[here])
        if concealed[at]:
            rows.append(len(known))
            columns.append(column_old[at])
            signs.append(-1.0)
        else:
            constant -= float(old.values[at])
        known.append(constant)
    width = len(cells) + len(olds)
    joint = coo_array((signs, (rows, columns)), shape=(len(known), width))
    low = -np.array(known) if grows else np.full(len(known), -np.inf)
    high = np.full(len(known), np.inf) if grows else -np.array(known)
    if len(cells) and len(olds):
        beside = block_array([[mine.matrix, None], [None, theirs.matrix]])
    else:
        beside = mine.matrix if len(cells) else theirs.matrix
    matrix = csc_array(block_array([[beside], [joint]])) if len(known) else csc_array(beside)
    return Region(
        matrix,
        np.concatenate([mine.rows_low, theirs.rows_low, low]),
        np.concatenate([mine.rows_high, theirs.rows_high, high]),
        np.concatenate([mine.low, theirs.low]),
        np.concatenate([mine.high, theirs.high]),
        np.concatenate([mine.point, theirs.point]),
    )


def read(folder: Path) -> list[Release]:
    """The releases that a ledger remembers, oldest first. Raises BadTables."""
    path = folder / LEDGER
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            found.append(from_plain(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadTables(
                [f"{path}: line {number} is not a release. Without it differences cannot be checked."]
            ) from None
    return found


def remember(folder: Path, release: Release) -> None:
    """Add a release to the ledger, so that it is there also after a power cut."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LEDGER).open("a", encoding="utf-8") as file:
        file.write(json.dumps(to_plain(release), ensure_ascii=False, separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())


def to_plain(release: Release) -> dict[str, Any]:
    """A release as JSON takes it: public cells, each a row of its categories and its count or state."""
    return {
        "name": release.name,
        "about": release.about,
        "base": release.base,
        "tables": [
            {
                "name": table.name,
                "unit": table.unit,
                "dimensions": [[one.code, list(one.categories)] for one in table.dimensions],
                "cells": [
                    [*key, cell.value if cell.state == "counted" else cell.state] for key, cell in table.cells.items()
                ],
            }
            for table in release.tables
        ],
    }


def from_plain(plain: Mapping[str, Any]) -> Release:
    """The release of `to_plain`. Raises KeyError, TypeError or ValueError when it is none."""
    tables = []
    for one in plain["tables"]:
        dimensions = tuple(Dimension(code, tuple(categories)) for code, categories in one["dimensions"])
        cells = {tuple(row[:-1]): _cell(row[-1]) for row in one["cells"]}
        tables.append(Published(one["name"], one["unit"], dimensions, cells))
    return Release(plain["name"], tuple(tables), plain["about"], int(plain["base"]))


def _cell(said: int | str) -> Cell:
    if isinstance(said, int):
        return Cell(said, "counted")
    if said not in ("suppressed", "missing", "not_applicable", "not_collected"):
        raise ValueError(said)
    return Cell(None, said)  # type: ignore[arg-type]


def names(releases: Iterable[Release]) -> set[str]:
    return {one.name for one in releases}
