"""Protection of small numbers: what of a set of tables may be published, and why the rest may not.

`protect` is the one place for it. Tables of the same people are one system (`margins`), so that no table gives away
what another hides; hidden cells are proved safe (`audit`), with as few others as can be found (`complement`); and
against everything published before (`releases`). When something cannot be proved, it is not published.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spean.statistics import complement, releases
from spean.statistics.complement import Hiding
from spean.statistics.margins import (
    COUNTED,
    STATES,
    SUPPRESSED,
    BadTables,
    Extended,
    Ids,
    Key,
    Mask,
    Nesting,
    Published,
    System,
    extend,
    join,
)
from spean.statistics.regions import Floats
from spean.statistics.releases import Held, Past, Release, rounded
from spean.statistics.tables import Cell, Table

THRESHOLD = 10
LEAST_THRESHOLD = 2

# Why a cell is hidden. None of this is published: it would tell small cells from the others.
SMALL, DOMINATED, ZERO, COMPLEMENTARY = "below_threshold", "dominated", "zero", "complementary"

# A table's counts by contributor: those of one agency, say. Same dimensions as the table.
Contributions = Mapping[str, Sequence[Table]]
# From the counts of all contributors, largest first (contributors × cells): which cells one of them can be read from.
Dominance = Callable[[Ids], Mask]


def n_k(n: int, k: float) -> Dominance:
    """Hide cells of which the `n` largest contributors make up more than `k` percent."""

    def rule(parts: Ids) -> Mask:
        total = parts.sum(axis=0)
        return np.asarray((total > 0) & (parts[:n].sum(axis=0) * 100 > k * total))

    return rule


def p_percent(p: float) -> Dominance:
    """Hide cells in which the second largest contributor could tell the largest one to within `p` percent."""

    def rule(parts: Ids) -> Mask:
        return np.asarray((parts[0] > 0) & (parts[2:].sum(axis=0) * 100 < p * parts[0]))

    return rule


@dataclass(frozen=True)
class Protected:
    """What may be published, table by table in the order given; and a report for whoever is responsible, which may not.

    The report says of each hidden cell why it is hidden. It holds no hidden count.
    """

    tables: tuple[Published, ...]
    report: dict[str, Any]

    def release(self, name: str, about: str = "") -> Release:
        return Release(name, self.tables, about, int(self.report["base"]))


@dataclass(frozen=True)
class _Rules:
    threshold: int
    base: int
    zeros: bool
    nested: tuple[Nesting, ...]
    dominance: Dominance | None

    @property
    def width(self) -> int:
        """How far apart the ends of what can be worked out about a hidden cell are at least."""
        return min(max(self.threshold // 3, 2), self.threshold - 1)


def protect(
    tables: Sequence[Table],
    *,
    threshold: int = THRESHOLD,
    published: Sequence[Release] = (),
    base: int = 0,
    zeros: bool = False,
    nested: Sequence[Nesting] = (),
    contributions: Contributions | None = None,
    dominance: Dominance | None = None,
) -> Protected:
    """The tables as they may be published, with all margins.

    Counts from 1 to below the threshold are hidden, cells with too large a contributor (`dominance`), with `zeros` also
    counts of 0 where somebody could be; then as many others as it takes. `published` are releases about the same people
    and time: a figure that would differ from one of them by fewer than the threshold stays as it was published, with all
    tables of its unit. `base` rounds what is left.

    Tables of one unit belong to the same people when their common margins agree, and to others when they do not; those
    are compared like two releases. Raises BadTables with every fault.
    """
    if threshold < LEAST_THRESHOLD:
        raise BadTables([f"a threshold of {threshold} protects nobody; take {LEAST_THRESHOLD} or more."])
    rules = _Rules(threshold, max(base, 0), zeros, tuple(nested), dominance)
    extended = _extended(tables, rules.nested)
    dominated = _dominated(extended, contributions or {}, rules)
    past = list(published)
    done: dict[int, Published] = {}
    report: dict[str, Any] = {
        "threshold": threshold, "protection_width": rules.width, "base": rules.base, "zeros_hidden": zeros,
        "compared_with": [one.name for one in published], "people": [],
    }  # fmt: skip
    for unit, members in _populations(extended):
        mine = [extended[at] for at in members]
        safe, said = _of_one_people(unit, mine, past, {at: dominated[at] for at in members}, members, rules)
        done.update(zip(members, safe, strict=True))
        past.append(Release(f"{safe[0].name} (in the same release)", tuple(safe), base=rules.base))
        report["people"].append(said)
    return Protected(tuple(done[at] for at in range(len(tables))), report)


def _extended(tables: Sequence[Table], nested: Sequence[Nesting]) -> list[Extended]:
    faults: list[str] = []
    found = []
    for name, count in Counter(table.name for table in tables).items():
        if count > 1:
            faults.append(f"{count} tables are called {name}.")
    for table in tables:
        try:
            found.append(extend(table, nested))
        except BadTables as bad:
            faults.extend(bad.faults)
    if faults:
        raise BadTables(faults)
    return found


def _dominated(extended: Sequence[Extended], contributions: Contributions, rules: _Rules) -> list[Mask]:
    found = []
    for table in extended:
        parts = contributions.get(table.name, ())
        mask = np.zeros(table.values.size, dtype=bool)
        if rules.dominance and parts:
            each = np.stack([extend(part, rules.nested).values.reshape(-1) for part in parts])
            if each.shape[1] != mask.size or np.any(each.sum(axis=0) != table.values.reshape(-1)):
                raise BadTables([f"{table.name}: what the contributors counted does not add up to the table."])
            mask = rules.dominance(-np.sort(-each, axis=0)) & (table.values.reshape(-1) > 0)
        found.append(mask)
    return found


def _populations(extended: Sequence[Extended]) -> list[tuple[str, list[int]]]:
    """Tables of the same unit whose common figures agree, in the order given."""
    found: list[tuple[str, list[int], dict[Key, int]]] = []
    for at, table in enumerate(extended):
        figures = _figures([table])
        for unit, members, agreed in found:
            if unit == table.unit and all(agreed.get(key, value) == value for key, value in figures.items()):
                members.append(at)
                agreed.update(figures)
                break
        else:
            found.append((table.unit, [at], figures))
    return [(unit, members) for unit, members, _ in found]


def _figures(tables: Sequence[Extended]) -> dict[Key, int]:
    return {
        key: value
        for table in tables
        for key, value, state in zip(
            table.keys(), table.values.reshape(-1).tolist(), table.states.reshape(-1).tolist(), strict=True
        )
        if state == COUNTED
    }


def _of_one_people(
    unit: str,
    tables: list[Extended],
    published: Sequence[Release],
    dominated: Mapping[int, Mask],
    members: Sequence[int],
    rules: _Rules,
) -> tuple[list[Published], dict[str, Any]]:
    said: dict[str, Any] = {"unit": unit, "tables": [table.name for table in tables], "held": None}
    figures = _figures(tables)
    pasts: list[Past] = []
    for release in published:
        past = releases.compare(release, unit, figures, rules.threshold, rules.base, rules.nested)
        if isinstance(past, Held):
            return _held(tables, published, said, past)
        if past:
            pasts.append(past)
    # Earlier tables of the same people are part of the same system: their hidden cells must stay hidden.
    same = [table for past in pasts if past.same for table in past.system.tables]
    system = join([*tables, *same])
    unknown = system.values < 0
    x = releases.complete(system, unknown)
    if x is None:
        reason = Held("does_not_fit", "its figures do not fit those of an earlier release")
        return _held(tables, published, said, reason)
    work, why = _prepared(system, tables, pasts, unknown, x, dominated, members, rules)
    complement.hide(work)
    if work.unprotected:
        reason = Held("not_provable", f"{len(work.unprotected)} hidden cells could be worked out")
        return _held(tables, published, said, reason)
    secret, bounds = work.hidden & ~work.fixed, (work.low, work.high)
    if opened := releases.opens(system, secret, work.x, bounds, pasts, rules.width, rules.threshold - 1.0):
        return _held(tables, published, said, _together(opened))
    for past in pasts:
        if not past.same and releases.gives_away(system, secret, work.x, bounds, work.need, past, rules.width):
            return _held(tables, published, said, _together(past.name))
    for cell in np.flatnonzero(work.hidden):
        why.setdefault(int(cell), COMPLEMENTARY)
    said.update(_counts(system, tables, work, why))
    return [_shown(table, work.hidden, rules.base) for table in tables], said


def _together(release: str) -> Held:
    return Held("together", f"hidden cells could be worked out together with {release}", release)


def _prepared(
    system: System,
    tables: Sequence[Extended],
    pasts: Sequence[Past],
    unknown: Mask,
    x: Floats,
    dominated: Mapping[int, Mask],
    members: Sequence[int],
    rules: _Rules,
) -> tuple[Hiding, dict[int, str]]:
    """What must be hidden before anything else, and what everybody knows already."""
    new = np.zeros(len(x), dtype=bool)
    for table in tables:
        new[table.ids.reshape(-1)] = True
    counted = system.states == COUNTED
    fixed = ~counted & ~unknown
    cheap = np.zeros(len(x), dtype=bool)
    for past in pasts:
        for key, state in zip(past.system.keys, past.system.states.tolist(), strict=True):
            at = system.place.get(key)
            if at is not None and past.same:
                fixed[at] |= state == COUNTED
            if at is not None:
                cheap[at] |= state == SUPPRESSED
    small = new & counted & (x > 0) & (x < rules.threshold)
    nought = new & counted & (x == 0) & rules.zeros
    ruled = np.zeros(len(x), dtype=bool)
    for table, at in zip(tables, members, strict=True):
        ruled[table.ids.reshape(-1)[dominated[at]]] = True
    why = {int(cell): DOMINATED for cell in np.flatnonzero(ruled)}
    why.update({int(cell): ZERO for cell in np.flatnonzero(nought)})
    why.update({int(cell): SMALL for cell in np.flatnonzero(small)})
    hidden = small | nought | ruled | unknown
    # Whoever knows the threshold, and which hidden cells lie below it, knows this much.
    low = np.zeros(len(x))
    high = np.where(unknown | (x >= rules.threshold), np.inf, float(rules.threshold - 1))
    need = np.where(hidden, float(rules.width), 0.0)
    need[ruled] = np.maximum(need[ruled], np.ceil(x[ruled] / 10))
    return Hiding(system, x, low, high, hidden, fixed, need, rules.threshold, cheap), why


def _shown(table: Extended, hidden: Mask, base: int) -> Published:
    ids, values, states = (one.reshape(-1) for one in (table.ids, table.values, table.states))
    cells = {}
    for key, place in table.written():
        if hidden[ids[place]]:
            cells[key] = Cell(None, "suppressed")
        elif states[place] == COUNTED:
            cells[key] = Cell(rounded(int(values[place]), base), "counted")
        else:
            cells[key] = Cell(None, STATES[states[place]])  # type: ignore[arg-type]
    return Published(table.name, table.unit, table.dimensions, cells)


def _counts(system: System, tables: Sequence[Extended], work: Hiding, why: Mapping[int, str]) -> dict[str, Any]:
    """The report of one people: how many cells were hidden for which reason, and which."""
    listed = []
    for table in tables:
        ids = table.ids.reshape(-1)
        for key, place in table.written():
            cell = int(ids[place])
            if work.hidden[cell]:
                listed.append(
                    {
                        "table": table.name,
                        "cell": dict(zip((one.code for one in table.dimensions), key, strict=True)),
                        "why": why[cell],
                        "public_before": bool(work.fixed[cell]),
                    }
                )
    mine = np.zeros(len(work.x), dtype=bool)
    for table in tables:
        mine[table.ids.reshape(-1)] = True
    counted = Counter(why[int(cell)] for cell in np.flatnonzero(work.hidden & mine))
    asked = (work.need > 0) & ~work.fixed
    return {
        "cells": int(mine.sum()),
        "hidden": int((work.hidden & mine).sum()),
        "by_reason": {one: counted.get(one, 0) for one in (SMALL, DOMINATED, ZERO, COMPLEMENTARY)},
        "people_not_shown_in_complementary_cells": int(
            sum(work.x[cell] for cell in np.flatnonzero(work.hidden & mine) if why[int(cell)] == COMPLEMENTARY)
        ),
        "narrowest": float(np.round((work.greatest - work.least)[asked].min(), 3)) if asked.any() else None,
        "linear_programmes": work.programmes,
        "suppressed": listed,
    }


def _held(
    tables: Sequence[Extended], published: Sequence[Release], said: dict[str, Any], reason: Held
) -> tuple[list[Published], dict[str, Any]]:
    """Each table as it was last published, or without figures."""
    said.update(held=reason.words, held_code=reason.code, held_release=reason.release)
    shown = []
    for table in tables:
        before = [
            one
            for release in published
            for one in release.tables
            if (one.name, one.unit, one.dimensions) == (table.name, table.unit, table.dimensions)
        ]
        shown.append(before[-1] if before else _withheld(table))
    return shown, said


def _withheld(table: Extended) -> Published:
    states = table.states.reshape(-1)
    cells = {
        key: Cell(None, "suppressed" if states[place] == COUNTED else STATES[states[place]])  # type: ignore[arg-type]
        for key, place in table.written()
    }
    return Published(table.name, table.unit, table.dimensions, cells)
