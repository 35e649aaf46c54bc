"""A series stops at every break, and no rate of growth crosses one."""

from datetime import date

import pytest

from spean.statistics import charts, checks
from spean.statistics.indicators import Break
from spean.statistics.series import Point, Yearly, gap, gaps, growth, yearly

LAW = Break(date(2026, 3, 1), "law", {"en": "A new law"}, ("persons",))


def a_point(year: int, value: int | None = 100, **more: object) -> Point:
    state = "counted" if value is not None else "suppressed"
    base: dict[str, object] = {"version": "1", "unit": "person", "reporting": frozenset({"police"})}
    return Point(f"{year}", date(year, 1, 1), date(year, 12, 31), value, state, **{**base, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (a_point(2026), None),
        (a_point(2026, version="2"), ("definition",)),
        (a_point(2026, reporting=frozenset({"police", "ngo"})), ("coverage",)),
        (a_point(2026, unit="episode"), ("unit",)),
        (
            Point("2026-h1", date(2026, 1, 1), date(2026, 6, 30), 60, "counted", "1", "person", frozenset({"police"})),
            ("period",),
        ),
    ],
)
def test_why_neighbours_are_not_compared(after: Point, kinds: tuple[str, ...] | None) -> None:
    found = gap(a_point(2025), after)
    assert (found.kinds if found else None) == kinds
    assert (growth(a_point(2025), after) is None) == (kinds is not None)


def test_a_law_breaks_what_it_touches_and_nothing_else() -> None:
    before, after = a_point(2025), a_point(2026, 150)
    assert growth(before, after, "persons", [LAW]) is None
    assert growth(before, after, "needs", [LAW]) == 50.0
    # The year in which it came into force is of both laws.
    assert growth(a_point(2026), a_point(2027), "persons", [LAW]) is None
    assert growth(a_point(2027), a_point(2028), "persons", [LAW]) == 0.0


def test_no_growth_from_what_is_not_known() -> None:
    assert growth(a_point(2025, None), a_point(2026)) is None
    assert growth(a_point(2025), a_point(2026, None)) is None
    assert growth(a_point(2025, 0), a_point(2026)) is None  # from nobody there is no rate


def a_half(year: int, half: int, value: int | None = 100, **more: object) -> Point:
    first, last = ((1, 1), (6, 30)) if half == 1 else ((7, 1), (12, 31))
    state = "counted" if value is not None else "suppressed"
    base: dict[str, object] = {"version": "1", "unit": "person", "reporting": frozenset({"police"})}
    return Point(f"{year}-h{half}", date(year, *first), date(year, *last), value, state, **{**base, **more})  # type: ignore[arg-type]


NGO = frozenset({"police", "ngo"})


@pytest.mark.parametrize(
    ("between", "after", "expected"),
    [
        (a_half(2024, 2, 900), a_half(2025, 1, 150), Yearly(50.0)),
        (a_half(2024, 2, None), a_half(2025, 1, 150), Yearly(50.0)),  # what is hidden between says nothing
        (a_half(2024, 2), a_half(2025, 1, 150, version="2"), Yearly(None, ("definition",))),
        (a_half(2024, 2), a_half(2025, 1, 150, reporting=NGO), Yearly(None, ("coverage",))),
        (a_half(2024, 2, reporting=NGO), a_half(2025, 1, 150), Yearly(None, ("coverage",))),  # there and back
        (a_half(2024, 2, version="2"), a_half(2025, 1, 150), Yearly(None, ("definition",))),
        (a_half(2024, 2), a_half(2025, 1, None), Yearly(None)),
    ],
)
def test_a_half_year_against_the_same_one_of_the_year_before(between: Point, after: Point, expected: Yearly) -> None:
    points = [a_half(2024, 1), between, after]
    assert yearly(points, "persons") == [None, None, expected]
    assert yearly([points[0], after], "persons") == [
        None, expected if after.version != "1" or after.reporting == NGO else Yearly(growth(points[0], after)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "kinds"), [(date(2024, 9, 1), ("law",)), (date(2024, 1, 1), ()), (date(2025, 7, 1), ())]
)
def test_a_law_between_forbids_a_rate_and_one_outside_does_not(on: date, kinds: tuple[str, ...]) -> None:
    points = [a_half(2024, 1), a_half(2024, 2), a_half(2025, 1, 150)]
    law = Break(on, "law", {"en": "A new law"}, ("persons",))
    assert yearly(points, "persons", [law])[2] == Yearly(None if kinds else 50.0, kinds)
    assert yearly(points, "needs", [law])[2] == Yearly(50.0)


def test_years_and_other_halves_are_not_the_year_before() -> None:
    assert yearly([a_half(2024, 2), a_half(2025, 1), a_half(2026, 1, 300)]) == [None, None, Yearly(200.0)]
    assert yearly([a_half(2023, 1), a_half(2025, 1)]) == [None, None]


def test_the_break_is_drawn_and_the_line_stops() -> None:
    points = [a_point(2024, 80), a_point(2025, 90), a_point(2026, 150), a_point(2027, None)]
    drawn = charts.line("x", "Persons", points, gaps(points, "persons", [LAW]))
    assert drawn.count("stroke-dasharray") == 2
    assert drawn.count('stroke-width="2.5"') == 1  # 2024 to 2025; none across the law, none to what is suppressed
    assert "change of law" in drawn
    assert "2027: suppressed" in drawn
    assert "2027: 0" not in drawn


def a_table(*cells: tuple[str, int | None], known: int = 90, n: int = 100) -> dict[str, object]:
    return {
        "indicator": "persons", "unit": "person", "threshold": 10,
        "cells": [[["a"], state, value] for state, value in cells],
        "completeness": [{"dimension": "sex", "known": known, "n": n, "state": "counted"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (a_table(("counted", 3)), "small_count"), (a_table(("counted", None)), "number_missing"),
        (a_table(("suppressed", 12), ("counted", 20)), "not_protected"), (a_table(("suppressed", None)), "all_suppressed"),
        (a_table(("counted", 12), known=70), "incomplete"),
    ],
)  # fmt: skip
def test_findings(table: dict[str, object], code: str) -> None:
    found = checks.findings([table], {}, {}, completeness=80, change=50)
    assert [one["code"] for one in found] == [code]
    assert (found[0]["weight"] == checks.FAULT) == (code in checks.FAULTS)


def test_a_large_change_is_pointed_out_and_a_break_named_instead() -> None:
    table = a_table(("counted", 12))

    def found(after: Point) -> list[str]:
        return [
            one["code"]
            for one in checks.findings(
                [table], {"persons": a_point(2025)}, {"persons": after}, completeness=80, change=50, breaks=[LAW]
            )
        ]

    assert found(a_point(2026, 500)) == ["break"]
    assert checks.findings([table], {"persons": a_point(2024)}, {"persons": a_point(2025, 500)}, completeness=80, change=50)[0][
        "percent"
    ] == 400.0  # fmt: skip
