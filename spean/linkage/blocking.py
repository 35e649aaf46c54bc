"""Which pairs are worth comparing: records that share a key of one of the rules below.

A rule's key that too many records share is made narrower by the next of its further columns; what is still too
common is left to the other rules. So the number of pairs grows with the number of records and not with its square.
Keys are hashes of numbers: whatever engine joins them never sees a name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spean.linkage.records import Ints, Table

Keys = NDArray[np.uint64]
LARGEST_BLOCK = 40  # records that share one key


@dataclass(frozen=True)
class Rule:
    """`columns` make the key; while a block is too large, one of `further` is added. "one" is either name of the
    record and "other" the remaining one; "pair" is both, in whichever order."""

    name: str
    columns: tuple[str, ...]
    further: tuple[str, ...] = ()


RULES = (
    Rule("document", ("document",)),
    Rule("telephone", ("phone",), ("one_initial",)),
    Rule("both names", ("pair",), ("year", "sex", "region", "day")),
    Rule("both names and mother", ("pair", "mother"), ("year",)),
    Rule("a name and date", ("one", "year", "day"), ("region",)),
    Rule("a name and year", ("one", "year"), ("other_initial", "sex", "region")),
    Rule("a name and mother", ("one", "mother"), ("year", "region", "other_initial")),
    Rule("consonants of both names", ("pair_skeleton",), ("year", "region", "sex")),
    Rule("date", ("year", "day"), ("sex", "one_initial", "region")),
    Rule("mother and year", ("mother", "year"), ("sex", "region")),
    Rule("consonants of a name and date", ("one_skeleton", "year", "day"), ("sex",)),
    Rule("consonants of a name, year and place", ("one_skeleton", "year", "region"), ("sex", "other_initial")),
    Rule("consonants of a name and mother", ("one_skeleton", "mother_skeleton"), ("year", "region")),
    Rule("one name and beginning of the other", ("one", "other_initial"), ("region", "sex", "year")),
    # Ages are off by a year and clerks by another: two ways to cut the years into fours.
    Rule("a name and about the year", ("one", "years"), ("other_initial", "sex", "region")),
    Rule("a name and about the year, shifted", ("one", "years_shifted"), ("other_initial", "sex", "region")),
    Rule("consonants of a name, beginning of the other", ("one_skeleton", "other_initial"), ("years", "region", "sex")),
)  # fmt: skip


def _mix(*columns: Ints | int) -> Keys:
    """One hash of several columns; 0 where any is missing."""
    size = next(np.size(column) for column in columns if np.ndim(column))
    found = np.zeros(size, dtype=np.uint64)
    missing = np.zeros(size, dtype=bool)
    for column in columns:
        values = np.asarray(column)
        missing |= values == 0 if values.dtype == np.uint64 else values < 0
        # The finishing steps of splitmix64, after each column.
        found = (found ^ values.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    found[found == 0] = 1
    found[missing] = 0
    return found


class _Columns:
    """What rules name, from a table. Each gives one array or several: a record has two names, two telephones."""

    def __init__(self, table: Table) -> None:
        self._table = table
        vocabulary = table.names
        self._family = table.family, table.given
        self._plain = {
            "year": np.where(table.year > 0, table.year, -1),
            "years": np.where(table.year > 0, table.year // 4, -1),
            "years_shifted": np.where(table.year > 0, (table.year + 2) // 4, -1),
            "day": np.where(table.day > 0, table.month * 31 + table.day, -1),
            "sex": table.sex,
            "region": table.region,
            "mother": vocabulary.sound[table.mother],
            "mother_skeleton": vocabulary.skeleton[table.mother],
        }

    def ways(self, name: str) -> list[Ints]:
        table, vocabulary = self._table, self._table.names
        base, _, kind = name.partition("_")
        if name in self._plain:
            return [self._plain[name]]
        if name in ("phone", "document"):
            return list(getattr(table, name).T)
        numbers = {"": vocabulary.sound, "skeleton": vocabulary.skeleton, "initial": vocabulary.initial}[kind]
        family, given = numbers[table.family], numbers[table.given]
        if base == "pair":
            return [_mix(np.minimum(family, given), np.maximum(family, given))]
        return [family, given] if base == "one" else [given, family]


def block_keys(
    table: Table, rules: Sequence[Rule] = RULES, largest: int = LARGEST_BLOCK
) -> Iterator[tuple[int, Ints, Keys]]:
    """For each rule its number, record places and keys, without keys that one record alone has."""
    columns = _Columns(table)
    if table.codes is not None:
        yield _coded(table, columns, largest)
        return
    for number, rule in enumerate(rules):
        ways = [columns.ways(name) for name in rule.columns]
        width = max(map(len, ways))
        row = np.tile(np.arange(len(table), dtype=np.int32), width)
        way = np.repeat(np.arange(width, dtype=np.int8), len(table))
        key = np.concatenate([_mix(number + 1, *(one[place % len(one)] for one in ways)) for place in range(width)])
        rows_done: list[Ints] = []
        keys_done: list[Keys] = []
        for name in (*rule.further, ""):
            size = _sizes(key)
            small, large = (size > 1) & (size <= largest), size > largest
            rows_done.append(row[small])
            keys_done.append(key[small])
            row, way, key = row[large], way[large], key[large]
            if not name or not len(row):
                break
            more = np.stack(columns.ways(name))
            key = _mix(key, more[way % len(more), row])
        yield number, np.concatenate(rows_done), np.concatenate(keys_done)


def _sizes(key: Keys) -> Ints:
    """How many places have the same key; 0 for the key 0, which means that something is missing."""
    order = np.argsort(key)
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(key) else np.zeros(0, int)
    size = np.empty(len(key), dtype=np.int32)
    size[order] = np.repeat(np.diff(np.append(starts, len(key))), np.diff(np.append(starts, len(key))))
    size[key == 0] = 0
    return size


def _coded(table: Table, columns: _Columns, largest: int) -> tuple[int, Ints, Keys]:
    """The codes that encoded lists bring, made narrower where too many share one."""
    assert table.codes is not None
    row = np.tile(np.arange(len(table), dtype=np.int32), table.codes.shape[1])
    key = table.codes.T.ravel()
    rows_done: list[Ints] = []
    keys_done: list[Keys] = []
    for name in ("year", "region", "sex", ""):
        size = _sizes(key)
        small, large = (size > 1) & (size <= largest), size > largest
        rows_done.append(row[small])
        keys_done.append(key[small])
        row, key = row[large], key[large]
        if not name or not len(row):
            break
        key = _mix(key, columns.ways(name)[0][row])
    return 0, np.concatenate(rows_done), np.concatenate(keys_done)
