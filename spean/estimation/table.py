"""A table of capture patterns: read, checked, and put into an order of its own.

Everything that is wrong is found and named, one sentence each. A table that is right but says too little is not a
fault; that is for `judgement`.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from spean.estimation.arrays import Floats, Whole

LARGEST = 1_000_000  # bytes; a full table of ten lists has 40,000
MOST_LISTS = 10  # 1,023 patterns; more lists are too thin to be told apart
MOST_PEOPLE = 2**53  # whole numbers stay exact up to here
MOST_FAULTS = 20  # nobody reads the hundredth
COUNT_NAMES = ("count", "counts", "freq", "frequency", "n")


class BadTable(Exception):
    """Everything that is wrong with a table, one plain sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True)
class Captures:
    """How many people stand on exactly which lists.

    `lists` are names in the order given. `cells` holds a count for each of the 2**m patterns, at the index whose bit
    i is set when the people are on list i; the cell 0, people on no list, is what is to be estimated and holds 0.
    """

    lists: tuple[str, ...]
    cells: Whole

    @property
    def observed(self) -> int:
        return int(self.cells.sum())

    @cached_property
    def memberships(self) -> Floats:
        """2**m × m: 1 where people of this pattern are on this list."""
        m = len(self.lists)
        return ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(np.float64)

    @property
    def totals(self) -> Whole:
        """How many people are on each list."""
        return (self.cells @ self.memberships).astype(np.int64)

    @property
    def overlaps(self) -> Whole:
        """m × m: how many people are on both lists; the totals on the diagonal."""
        return (self.memberships.T @ (self.memberships * self.cells[:, None])).astype(np.int64)

    @property
    def shared(self) -> int:
        """How many people are on at least two lists."""
        return int(self.cells[self.memberships.sum(axis=1) >= 2].sum())

    def only(self, kept: Sequence[int]) -> "Captures":
        """The table as it would be with these lists alone: people on none of them drop out."""
        patterns = self.memberships[:, list(kept)] @ (2.0 ** np.arange(len(kept)))
        cells = np.bincount(patterns.astype(np.int64), weights=self.cells, minlength=2 ** len(kept)).astype(np.int64)
        cells[0] = 0
        return Captures(tuple(self.lists[i] for i in kept), cells)

    def settled(self) -> "Captures":
        """The same table with its lists in an order that depends on the counts, not on how they were written down.

        Draws and ties fall in this order, so that moving columns or renaming lists moves no figure. Names decide only
        between lists that the counts do not tell apart.
        """
        both = self.overlaps

        def key(i: int) -> tuple[int, list[int], int, str]:
            return (-int(both[i, i]), sorted(np.delete(both[i], i).tolist()), int(self.cells[1 << i]), self.lists[i])

        return self.only(sorted(range(len(self.lists)), key=key))


def from_rows(lists: Sequence[str], rows: Iterable[tuple[Sequence[int], int]]) -> Captures:
    """A table from (pattern of 0 and 1 in the order of `lists`, count), each pattern at most once."""
    cells = np.zeros(2 ** len(lists), dtype=np.int64)
    for pattern, count in rows:
        cells[sum(one << i for i, one in enumerate(pattern))] += count
    return Captures(tuple(lists), cells)


def read(path: str | Path) -> Captures:
    """The table in a CSV file. Raises BadTable with every fault."""
    try:
        with Path(path).open("rb") as file:
            return from_bytes(file.read(LARGEST + 1), str(path))
    except OSError as error:
        raise BadTable([f"cannot read {path}: {error.strerror or error}"]) from None


def from_bytes(raw: bytes, path: str) -> Captures:
    """The table in the bytes of a file; `path` is what faults call it."""
    if len(raw) > LARGEST:
        raise BadTable([f"{path} has more than {LARGEST:,} bytes; a table of patterns has one row per pattern."])
    try:
        return parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadTable([f"{path} is not UTF-8 text."]) from None


def parse(text: str) -> Captures:
    """The table in CSV text: a header, one column of 0 and 1 per list, one column of counts.

    The column of counts is the one called count, freq or n, otherwise the last. Comma, semicolon or tab separate.
    Raises BadTable with every fault.
    """
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=_separator(text))]
    except csv.Error as error:
        raise BadTable([f"not a CSV table: {error}."]) from None
    numbered = [(number, row) for number, row in enumerate(rows, start=1) if any(row)]
    if not numbered:
        raise BadTable(["the table is empty."])
    (_, header), *body = numbered
    at = _count_column(header)
    lists = [name for i, name in enumerate(header) if i != at]
    faults = _header_faults(header, lists)
    if not body:
        faults.append("the table has a header but no rows.")
    if faults:
        raise BadTable(faults)
    return _body(lists, at, body)


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _count_column(header: Sequence[str]) -> int:
    for name in COUNT_NAMES:
        found = [i for i, cell in enumerate(header) if cell.lower() == name]
        if found:
            return found[-1]
    return len(header) - 1


def _header_faults(header: Sequence[str], lists: Sequence[str]) -> list[str]:
    faults = []
    if all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in header):
        return ["row 1 holds numbers; it must name the lists and the column of counts."]
    if not lists:
        faults.append("there is no column for any list, only counts.")
    if len(lists) > MOST_LISTS:
        faults.append(f"there are {len(lists)} lists; more than {MOST_LISTS} cannot be told apart. Join some of them.")
    faults.extend(f"column {i} has no name." for i, name in enumerate(header, start=1) if not name)
    faults.extend(
        f"two columns are called “{name}”." for name in sorted({n for n in header if n and header.count(n) > 1})
    )
    return faults


def _body(lists: Sequence[str], at: int, body: Sequence[tuple[int, list[str]]]) -> Captures:
    faults: list[str] = []
    strange: dict[str, tuple[int, str]] = {}
    first_seen: dict[tuple[int, ...], int] = {}
    rows: list[tuple[tuple[int, ...], int]] = []
    for number, row in body:
        if len(row) != len(lists) + 1:
            faults.append(f"row {number} has {len(row)} cells; the header has {len(lists) + 1}.")
            continue
        count = _count(row[at], number, faults)
        pattern = []
        for name, cell in zip(lists, row[:at] + row[at + 1 :], strict=True):
            if cell in ("0", "1"):
                pattern.append(int(cell))
            else:
                strange.setdefault(name, (number, cell))
        if len(pattern) < len(lists):
            continue
        key = tuple(pattern)
        if not any(key):
            faults.append(f"row {number} is the pattern of people on no list; nobody can have counted them.")
        elif key in first_seen:
            faults.append(f"row {number} repeats the pattern of row {first_seen[key]}.")
        elif count is not None:
            rows.append((key, count))
        first_seen.setdefault(key, number)
    for name, (number, cell) in strange.items():
        faults.append(f"column “{name}” is not 0 or 1 throughout: row {number} has {_shown(cell)}.")
    if not faults and not sum(count for _, count in rows):
        faults.append("all counts are 0.")
    if not faults and sum(count for _, count in rows) > MOST_PEOPLE:
        faults.append("the counts add up to more than can be counted exactly.")
    if faults:
        more = len(faults) - MOST_FAULTS
        raise BadTable(faults[:MOST_FAULTS] + ([f"and {more} more faults."] if more > 0 else []))
    return from_rows(lists, rows)


def _count(cell: str, number: int, faults: list[str]) -> int | None:
    if re.fullmatch(r"\d{1,18}(\.0+)?", cell):
        return int(cell.split(".")[0])
    if re.fullmatch(r"-\d+(\.\d+)?", cell):
        faults.append(f"row {number} has a negative count: {_shown(cell)}.")
    else:
        faults.append(f"row {number} has a count that is not a whole number: {_shown(cell)}.")
    return None


def _shown(cell: str) -> str:
    if not cell:
        return "nothing"
    kept = "".join(sign if sign.isprintable() else "?" for sign in cell[:20])
    return f"“{kept}…”" if len(cell) > 20 else f"“{kept}”"
