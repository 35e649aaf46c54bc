"""What an edition holds: protected tables with everything that is printed beside them, as plain data with a digest.

`made` is the only way from counts to content, and it leads through disclosure control; the seal proves it afterwards.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from django.utils.crypto import constant_time_compare, salted_hmac

import spean
from spean.country import pack
from spean.lib import clock
from spean.statistics.indicators import UNKNOWN, Indicator, Register
from spean.statistics.margins import TOTAL
from spean.statistics.measures import Bounds, Counted
from spean.statistics.series import State
from spean.statistics.tables import Cell, Dimension, Table

if TYPE_CHECKING:
    from spean.statistics.disclosure import Protected
    from spean.statistics.releases import Release

SUPPRESSED = Cell(None, "suppressed")
# Worst first: what a sum is when its parts differ.
STATES: tuple[State, ...] = ("suppressed", "missing", "not_collected")
_SEAL = "spean.statistics.protected"

Cells = Mapping[tuple[str, ...], Cell]
Content = dict[str, Any]


class NotProtected(Exception):
    """Tables that did not come from disclosure control. Nothing of them is kept."""


@dataclass(frozen=True)
class Made:
    """The content of an edition, ready to be stored."""

    about: Content
    tables: tuple[Content, ...]
    digest: str
    seal: str
    # For officers, and never printed: {"indicator", "reason", "release"} of each table that says less than it could.
    withheld: tuple[Content, ...] = ()


def made(
    register: Register, counted: Counted, indicators: Iterable[Indicator], earlier: Mapping[str, Sequence["Release"]]
) -> Made:
    """Protect what was counted, add up what is derived, and seal it. `earlier`: releases by population."""
    protected, reasons = protect(register, counted, earlier)
    listed = list(indicators)
    for one in listed:
        if one.derived_from:
            base = register.indicators[one.derived_from]
            protected[one.code] = derive(register, one, base, protected[base.code])
            if base.code in reasons:
                reasons[one.code] = {"reason": "derived", "release": ""}
    tables = tuple(_content(register, one, protected[one.code], counted.bounds) for one in listed)
    about = {**_about(register), "coverage": [[one.kind, one.organisations, one.reported] for one in counted.coverage]}
    withheld = [{"indicator": one.code, **reasons[one.code]} for one in listed if one.code in reasons]
    return _sealed(about, tables, withheld)


def summed(register: Register, halves: Sequence[tuple[Content, Sequence[Content]]]) -> Made:
    """A year of which both half-years are published: added up from what was printed, and from nothing else.

    Counted anew, it would tell what a half-year hides: the year less the other half. Whoever was found in both halves is
    in the sum twice, so that distinct persons stand between the larger half and the sum; the table prints that.
    """
    (first_about, first), (second_about, second) = halves
    later = {table["indicator"]: table for table in second}
    tables, withheld = [], []
    for table in first:
        other = later.get(table["indicator"])
        if other is None or (other["version"], other["dimensions"]) != (table["version"], table["dimensions"]):
            withheld.append({"indicator": table["indicator"], "reason": "defined_anew", "release": ""})
            continue  # nothing to add
        tables.append(_both(table, other))
    coverage = [
        [one, other] for one in first_about["coverage"] for other in second_about["coverage"] if one[0] == other[0]
    ]
    about = {
        **_about(register), "sum_of_halves": True,
        "coverage": [[one[0], max(one[1], other[1]), max(one[2], other[2])] for one, other in coverage],
    }  # fmt: skip
    return _sealed(about, tuple(tables), withheld)


def _both(table: Content, other: Content) -> Content:
    second = {tuple(key): Cell(value, state) for key, state, value in other["cells"]}
    cells = []
    for key, state, value in table["cells"]:
        # A stock is not added: at the end of the year it is what it was at the end of its second half.
        both = [second[tuple(key)]] if table["kind"] == "stock" else [Cell(value, state), second[tuple(key)]]
        found = added(both)
        cells.append([key, found.state, found.value])
    ends = [table["bounds"], other["bounds"]]
    bounds = [max(low for low, _ in ends), sum(high for _, high in ends)] if all(ends) else None
    known = [
        {
            "dimension": one["dimension"], "state": one["state"] if one["n"] is None else two["state"],
            "known": None if None in (one["n"], two["n"]) else one["known"] + two["known"],
            "n": None if None in (one["n"], two["n"]) else one["n"] + two["n"],
        }
        for one, two in zip(table["completeness"], other["completeness"], strict=True)
    ]  # fmt: skip
    return {**table, "cells": cells, "bounds": bounds, "completeness": known}


def _about(register: Register) -> Content:
    return {
        "spean": spean.__version__,
        "pack": {"name": pack().name, "version": pack().version},
        "counted_at": clock.now().isoformat(timespec="seconds"),
        "threshold": register.threshold,
        "authority": dict(register.authority),
    }


def _sealed(about: Content, tables: tuple[Content, ...], withheld: Sequence[Content]) -> Made:
    found = digest(about, tables)
    return Made(about, tables, found, seal(found), tuple(withheld))


def population(one: Indicator) -> str:
    """Tables of one population are protected together, because the same sums stand in several of them."""
    return one.measure or one.code


def disclosure_control(tables: Sequence[Table], **how: Any) -> "Protected":
    """`disclosure.protect`; loaded here, because its solver takes a second to load and most processes never publish."""
    from spean.statistics import disclosure

    return disclosure.protect(tables, **how)


def protect(
    register: Register, counted: Counted, earlier: Mapping[str, Sequence["Release"]]
) -> tuple[dict[str, Cells], dict[str, Content]]:
    """By indicator: (the interior and every margin, as they may be published; why a table is withheld, where it is)."""
    from spean.statistics.disclosure import Protected

    together: dict[str, list[Table]] = {}
    found: dict[str, Cells] = {}
    reasons: dict[str, Content] = {}
    for table in counted.tables:
        one = register.indicators[table.name]
        if one.room:
            found[table.name] = with_margins(table.dimensions, table.cells)
        elif table.name in counted.withheld:
            found[table.name] = with_margins(table.dimensions, dict.fromkeys(table.cells, SUPPRESSED))
            reasons[table.name] = {"reason": "few_sources", "release": ""}
        else:
            together.setdefault(population(one), []).append(table)
    for name, tables in together.items():
        passed = disclosure_control(tables, threshold=register.threshold, published=earlier.get(name, ()))
        if not isinstance(passed, Protected):
            raise NotProtected("only what passed disclosure control is published")
        found.update({table.name: dict(table.cells) for table in passed.tables})
        numbers = {release.name for release in earlier.get(name, ())}
        for people in passed.report["people"]:
            for table_name in people["tables"]:
                if people["held"] is not None:
                    release = people["held_release"]
                    reasons[table_name] = {
                        "reason": people["held_code"], "release": release if release in numbers else ""
                    }  # fmt: skip
                elif all(cell.state == "suppressed" for cell in found[table_name].values()):
                    reasons[table_name] = {"reason": "too_small", "release": ""}
    return found, reasons


def with_margins(dimensions: Sequence[Dimension], cells: Cells) -> Cells:
    """For tables without any number: what their sums are called."""
    parts: dict[tuple[str, ...], list[Cell]] = {}
    for key, cell in cells.items():
        for way in product((False, True), repeat=len(dimensions)):
            parts.setdefault(tuple(TOTAL if off else word for off, word in zip(way, key, strict=True)), []).append(cell)
    return {key: added(found) for key, found in parts.items()}


def added(parts: Sequence[Cell]) -> Cell:
    """The sum of published cells; where one of them has no number, neither has the sum."""
    for state in STATES:
        if any(cell.state == state for cell in parts):
            return Cell(None, state)
    numbers = [cell.value or 0 for cell in parts if cell.state == "counted"]
    return Cell(sum(numbers), "counted") if numbers else Cell(None, "not_applicable")


def derive(register: Register, one: Indicator, base: Indicator, cells: Cells) -> Cells:
    """Added up from a protected table alone: nothing can be learned from it that the other does not tell."""
    targets = register.dimensions(one)
    found: dict[tuple[str, ...], Cell] = {}
    for key in product(*((*dimension.categories, TOTAL) for dimension in targets)):
        wanted = dict(zip((dimension.code for dimension in targets), key, strict=True))
        ways = [_sources(register, base, name, one, wanted) for name in base.dimensions]
        found[key] = added([cells[parts] for parts in product(*ways)])
    return found


def _sources(register: Register, base: Indicator, name: str, one: Indicator, wanted: Mapping[str, str]) -> list[str]:
    """Which categories of a dimension of the base table make up the wanted one; its own margin where it has one."""
    how = one.collapse.get(name)
    if how is None:
        return [wanted[name]]
    if not how.to or wanted[how.to] == TOTAL:
        return [TOTAL]
    return [category for category in register.divisions[name].words if how.joined[category] == wanted[how.to]]


def _content(register: Register, one: Indicator, cells: Cells, bounds: Bounds) -> Content:
    whole = cells[(TOTAL,) * len(one.dimensions)]
    return {
        "indicator": one.code, "version": one.version, "unit": one.unit, "kind": one.kind, "date_rule": one.date_rule,
        "standard": dict(one.standard), "reports": list(one.reports), "room": dict(one.room), "derived_from": one.derived_from,
        "title": dict(one.titles), "definition": dict(one.definitions), "threshold": register.threshold,
        "dimensions": [
            {
                "code": code, "labels": dict(register.divisions[code].labels),
                "categories": [[name, dict(words)] for name, words in register.divisions[code].words.items()],
            }
            for code in one.dimensions
        ],
        "cells": [[list(key), cell.state, cell.value] for key, cell in cells.items()],
        "bounds": _outward(bounds, register.threshold) if one.measure == "persons" and whole.state == "counted" else None,
        "completeness": [_known(one, at, cells) for at, code in enumerate(one.dimensions) if UNKNOWN in register.divisions[code].words],
    }  # fmt: skip


def _outward(bounds: Bounds, base: int) -> list[int]:
    """Widened to whole multiples, so that the ends tell no count that the table keeps to itself."""
    return [bounds.low // base * base, -(-bounds.high // base) * base]


def _known(one: Indicator, at: int, cells: Cells) -> Content:
    """Of how many the fact is known, from margins that are published: {"known", "n"}, None where one is not."""
    empty = [TOTAL] * len(one.dimensions)
    whole = cells[tuple(empty)]
    empty[at] = UNKNOWN
    unknown = cells[tuple(empty)]
    open_ = whole.value is not None and unknown.value is not None
    return {
        "dimension": one.dimensions[at],
        "known": (whole.value or 0) - (unknown.value or 0) if open_ else None,
        "n": whole.value if open_ else None,
        "state": "counted" if open_ else unknown.state if unknown.value is None else whole.state,
    }


# --- digest and seal ------------------------------------------------------------------------------------------


def digest(about: Content, tables: Iterable[Content]) -> str:
    """SHA-256 over the canonical JSON of all that is published: whoever has the file can work it out again."""
    text = json.dumps(
        {"about": about, "tables": list(tables)}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def seal(digest: str) -> str:
    """Made here alone, right after disclosure control: content that came another way has none."""
    return salted_hmac(_SEAL, digest, algorithm="sha256").hexdigest()


def holds(about: Content, tables: Sequence[Content], stated: str, sealed: str) -> bool:
    """Whether the content is what was protected, and no small count stands in it."""
    found = digest(about, tables)
    if not constant_time_compare(found, stated) or not constant_time_compare(seal(found), sealed):
        return False
    return not any(
        state == "counted" and 0 < value < table["threshold"]
        for table in tables
        if table["unit"] not in ("place",)
        for _key, state, value in table["cells"]
    )
