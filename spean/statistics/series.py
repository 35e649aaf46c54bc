"""One indicator over several periods: where the line is broken, and where a change may be worked out at all.

Pure: periods and declared breaks are passed in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from spean.statistics.indicators import Break

State = Literal["counted", "suppressed", "missing", "not_applicable", "not_collected"]


@dataclass(frozen=True)
class Point:
    """The total of one period. `reporting` says who reported; the other fields what the number meant then."""

    label: str
    first: date
    last: date
    value: int | None
    state: State = "counted"
    version: str = ""
    unit: str = ""
    reporting: frozenset[str] | None = None


@dataclass(frozen=True)
class Gap:
    """What stands between two neighbours of a series: `kinds` law, definition, coverage, unit or period."""

    kinds: tuple[str, ...]
    breaks: tuple[Break, ...] = ()


def gap(before: Point, after: Point, indicator: str = "", declared: Iterable[Break] = ()) -> Gap | None:
    """Why two neighbours must not be compared; None where they may be."""
    crossed = tuple(one for one in declared if before.first < one.on <= after.last and one.touches(indicator))
    kinds = [one.kind for one in crossed]
    if before.version != after.version:
        kinds.append("definition")
    if before.unit != after.unit:
        kinds.append("unit")
    if before.reporting != after.reporting:
        kinds.append("coverage")
    # A half-year is not compared with a year. Leap days are no reason.
    if abs((before.last - before.first).days - (after.last - after.first).days) > 4:
        kinds.append("period")
    return Gap(tuple(dict.fromkeys(kinds)), crossed) if kinds else None


def growth(before: Point, after: Point, indicator: str = "", declared: Iterable[Break] = ()) -> float | None:
    """The change in percent; None across a break, and where a number is missing, suppressed or zero."""
    if gap(before, after, indicator, declared) is not None or not before.value or after.value is None:
        return None
    return round((after.value - before.value) * 100 / before.value, 1)


def gaps(points: Sequence[Point], indicator: str = "", declared: Iterable[Break] = ()) -> list[Gap | None]:
    """Between each point and the one before it; the first has none."""
    listed = list(declared)
    pairs = pairwise(points)
    return [None, *(gap(before, after, indicator, listed) for before, after in pairs)][: len(points)]
