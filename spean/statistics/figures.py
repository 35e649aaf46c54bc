"""Figures that others published, and the arithmetic that may and may not be done with them.

A figure keeps its definition, unit, type, place, period, method and source. Figures are never averaged, and added only
where unit, type and period are one; a printed total that differs from its parts is kept with them, and the gap shown.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from spean.country import pack
from spean.country.files import PackError, Row, read_table
from spean.country.language import in_language
from spean.country.pack import Pack
from spean.statistics.indicators import BREAKS, FIGURE_TYPES, FOLDER

COUNT, SAMPLE, MODEL, CLAIM = FIGURE_TYPES
# In standard deviations, for 95 %.
_Z = 1.96


class NotAddable(ValueError):
    """These figures do not add up to anything: why, in plain words."""


@dataclass(frozen=True)
class Published:
    """A number as printed. None: the source leaves it open ("–"). A range has ends and no value."""

    id: str
    subject_en: str
    subject_km: str
    type: str
    unit: str
    stock_flow: str
    value: float | None
    low: float | None
    high: float | None
    first_day: date
    last_day: date
    area: str
    definition: str
    method: str
    source: str
    coverage: str = ""
    n: int | None = None
    series: str = ""
    part_of: str = ""
    list_of: str = ""
    break_before: str = ""
    note: str = ""

    @property
    def subject(self) -> str:
        """What was counted, in the reader's language, where it is said in it."""
        return in_language({"en": self.subject_en, "km": self.subject_km})

    @property
    def state(self) -> str:
        return "counted" if self.value is not None or self.low is not None else "missing"

    @property
    def ends(self) -> tuple[float, float] | None:
        """The two ends of the figure; both are the value where it is one number."""
        low = self.low if self.low is not None else self.value
        high = self.high if self.high is not None else self.value
        return None if low is None or high is None else (low, high)

    @property
    def years(self) -> str:
        first, last = self.first_day.year, self.last_day.year
        return str(first) if first == last else f"{first}–{last}"


@dataclass(frozen=True)
class Sum:
    """What parts add up to. `missing` of them have no number: then it is at least so much."""

    value: float
    missing: int


@dataclass(frozen=True)
class Total:
    """A printed total beside its parts. `difference`: printed less computed; None where a part is missing."""

    printed: Published
    parts: tuple[Published, ...]
    computed: Sum

    @property
    def difference(self) -> float | None:
        return None if self.printed.value is None else self.printed.value - self.computed.value

    @property
    def agrees(self) -> bool:
        return self.difference == 0


def add(figures: Iterable[Published]) -> Sum:
    """The sum of figures of one unit, type and period; raises NotAddable for any others."""
    listed = list(figures)
    for name, words in (("unit", "units"), ("type", "types"), ("stock_flow", "kinds (stock or flow)")):
        found = sorted({getattr(one, name) for one in listed})
        if len(found) > 1:
            raise NotAddable(f"figures of different {words} are never added: {', '.join(found)}")
    if listed and listed[0].type != COUNT:
        raise NotAddable("estimates and claims are never added")
    if listed and listed[0].unit == "percent":
        raise NotAddable("percentages are never added")
    if len({one.list_of for one in listed} - {""}) and len(listed) > 1:
        raise NotAddable("these lists overlap by an unknown part: print the bounds")
    return Sum(sum(one.value for one in listed if one.value is not None), sum(one.value is None for one in listed))


def totals(figures: Sequence[Published]) -> list[Total]:
    """Every printed total with its parts."""
    by_id = {one.id: one for one in figures}
    parts: dict[str, list[Published]] = {}
    for one in figures:
        if one.part_of:
            parts.setdefault(one.part_of, []).append(one)
    return [Total(by_id[name], tuple(found), add(found)) for name, found in parts.items()]


def bounds(lists: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """How many distinct persons stand on lists whose overlap is unknown: the longest list, to all of them together.

    Each list has two ends. One inside another gives the least, none touching another the most.
    """
    listed = list(lists)
    return max(low for low, _high in listed), sum(high for _low, high in listed)


def interval(percent: float, n: int) -> tuple[float, float]:
    """Where a percentage of a random sample of n may lie, in percent: Wilson's interval, 95 %."""
    share = percent / 100
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return round((middle - half) * 100, 1), round((middle + half) * 100, 1)


def expanded(percent: float, of: float) -> int:
    """A proportion of a sample applied to the whole it was drawn from: an estimate, never a count."""
    return round(percent * of / 100)


def percentage(part: int | None, n: int | None) -> str:
    """A percentage with its n; nothing where either is not published or there is nobody."""
    return "" if part is None or not n else f"{part * 100 / n:.0f} % (n = {n:,})"


def occupied_as_capacity(one: Published, other: Published, percent: float) -> bool:
    """Whether one capacity looks like the places taken of the other: so many percent of it, to the nearest place."""
    both = one.value is not None and other.value is not None and one.unit == other.unit == "place"
    return both and one.value == round((other.value or 0) * percent / 100)


def same_number(figures: Sequence[Published]) -> list[tuple[Published, Published]]:
    """Pairs that print one number for one period under two definitions: one may be copied from the other."""
    found = []
    for at, one in enumerate(figures):
        for other in figures[at + 1 :]:
            alike = one.value is not None and one.value == other.value and one.first_day == other.first_day
            if (
                alike
                and one.value
                and one.value >= 20
                and one.definition != other.definition
                and one.unit == other.unit
            ):
                found.append((one, other))
    return found


def change(before: Published, after: Published) -> float | None:
    """The change in percent between neighbours of a series; None across a break and where a number is missing."""
    if after.break_before or before.unit != after.unit or before.type != after.type:
        return None
    if not before.value or after.value is None:
        return None
    return round((after.value - before.value) * 100 / before.value, 1)


def series(figures: Iterable[Published]) -> dict[str, list[Published]]:
    """By name, the oldest first."""
    found: dict[str, list[Published]] = {}
    for one in sorted(figures, key=lambda one: one.first_day):
        if one.series:
            found.setdefault(one.series, []).append(one)
    return {name: listed for name, listed in found.items() if len(listed) > 1}


def of_pack() -> tuple[Published, ...]:
    """The figures that the country's sources print."""
    return _read(pack())


@lru_cache(maxsize=4)
def _read(country: Pack) -> tuple[Published, ...]:
    path = country.folder / FOLDER / "figures.csv"
    if not path.exists():
        return ()
    found = tuple(of_row(row) for row in read_table(path).rows)
    known = {one.id for one in found}
    if len(known) < len(found):
        raise PackError(path, 0, "an id stands twice")
    for one in found:
        if one.part_of and one.part_of not in known:
            raise PackError(path, 0, f"{one.id} is part of {one.part_of!r}, which is not there")
    return found


def of_row(row: Row) -> Published:
    """One line of figures.csv; raises PackError."""
    first, last = row.date("first_day"), row.date("last_day")
    if first is None or last is None or row["type"] not in FIGURE_TYPES or row["break_before"] not in ("", *BREAKS):
        raise row.fault("type, days or break are not as they must be")
    n = row.number("n")
    return Published(
        id=row["id"], subject_en=row["subject_en"], subject_km=row["subject_km"], type=row["type"], unit=row["unit"],
        stock_flow=row["stock_flow"], value=row.number("value"), low=row.number("low"), high=row.number("high"),
        first_day=first, last_day=last, area=row["area"], definition=row["definition"], method=row["method"],
        source=row["source"], coverage=row["coverage"], n=None if n is None else int(n), series=row["series"],
        part_of=row["part_of"], list_of=row["list_of"], break_before=row["break_before"], note=row["note"],
    )  # fmt: skip
