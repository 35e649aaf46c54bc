"""One indicator over several periods: where the line is broken, and where a change may be worked out at all: against the
period before, and of half-years, which have seasons, against the same one of the year before.

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


@dataclass(frozen=True)
class Yearly:
    """A half-year against the same one of the year before: a change in percent, or the kinds of what lies between."""

    change: float | None
    kinds: tuple[str, ...] = ()


def yearly(points: Sequence[Point], indicator: str = "", declared: Iterable[Break] = ()) -> list[Yearly | None]:
    """For each point, oldest first, its change against the same half-year of the year before; None where there is none.

    Every gap that is drawn between the two forbids a rate, also one that a later gap takes back: whoever reported in the
    one half-year between and not in the others has changed both.
    """
    listed = list(declared)
    between = gaps(points, indicator, listed)
    found: list[Yearly | None] = []
    for at, after in enumerate(points):
        start = next((place for place in range(at) if _a_year_apart(points[place], after)), None)
        if start is None:
            found.append(None)
            continue
        crossed = [*between[start + 1 : at + 1], gap(points[start], after, indicator, listed)]
        kinds = tuple(dict.fromkeys(kind for one in crossed if one for kind in one.kinds))
        found.append(Yearly(None if kinds else growth(points[start], after, indicator, listed), kinds))
    return found


def _a_year_apart(before: Point, after: Point) -> bool:
    day = after.first
    return before.first == date(day.year - 1, day.month, day.day)
