"""A table as rows and columns: every published number has its place once, whichever way the table is turned."""

from itertools import product
from typing import Any

import pytest

from spean.statistics import charts, shown
from spean.statistics.margins import TOTAL
from spean.statistics.tables import Cell


def a_table(*sizes: int, special: dict[tuple[str, ...], tuple[str, int | None]] | None = None) -> dict[str, Any]:
    names = ("one", "two", "three")[: len(sizes)]
    codes = [[f"{name}{number}" for number in range(size)] for name, size in zip(names, sizes, strict=True)]
    keys = product(*([*listed, TOTAL] for listed in codes))
    cells = [[list(key), *(special or {}).get(key, ("counted", 10 + at))] for at, key in enumerate(keys)]
    dimensions = [
        {"code": name, "labels": {"en": name.title()}, "categories": [[code, {"en": code}] for code in listed]}
        for name, listed in zip(names, codes, strict=True)
    ]
    return {"dimensions": dimensions, "cells": cells}


@pytest.mark.parametrize(
    ("sizes", "heads", "columns"),
    [
        ((3,), ("One",), 2), ((3, 4), ("One",), 5), ((3, 30), ("Two",), 4), ((2, 3, 4), ("One", "Two"), 5),
        ((40, 13), ("One",), 14),
    ],
)  # fmt: skip
def test_the_shortest_goes_across_where_the_last_is_too_long(
    sizes: tuple[int, ...], heads: tuple[str, ...], columns: int
) -> None:
    grid = shown.grid(a_table(*sizes), "en")
    assert (grid.heads, len(grid.columns)) == (heads, columns)
    assert all(len(row.cells) == len(row.columns) == columns for row in grid.rows)


@pytest.mark.parametrize("long", [False, True])
def test_every_cell_of_the_interior_stands_once(long: bool) -> None:
    table = a_table(3, 30)
    grid = shown.grid(table, "en", long=long)
    inside = [f"{value:,}" for key, _state, value in table["cells"] if TOTAL not in key]
    found = [cell.text for row in grid.rows if not row.total for cell in row.cells]
    for number in inside:
        assert found.count(number) == 1, number


def test_a_cell_is_where_its_key_says() -> None:
    table = a_table(3, 30, special={("one2", "two7"): ("counted", 77777)})
    row = next(row for row in shown.grid(table, "en").rows if row.heads == ("two7",))
    assert dict(zip(row.columns, (cell.text for cell in row.cells), strict=True))["one2"] == "77,777"


def test_the_four_reasons_and_zero_are_five_marks() -> None:
    states = {("one0",): "suppressed", ("one1",): "missing", ("one2",): "not_applicable", ("one3",): "not_collected"}
    special: dict[tuple[str, ...], tuple[str, int | None]] = {key: (state, None) for key, state in states.items()}
    special[("one4",)] = ("counted", 0)
    grid = shown.grid(a_table(6, special=special), "en")
    assert [row.cells[0].text for row in grid.rows[:4]] == ["[c]", "[x]", "[z]", "[n]"]
    assert all(row.cells[0].why for row in grid.rows[:4])
    assert grid.zero == ("one4",)
    drawn = charts.bars("x", "T", [(key[0], Cell(value, state)) for key, (state, value) in special.items()])  # type: ignore[arg-type]
    for text in ("[c]", "[x]", "[z]", "[n]", "one4: 0", "one0: suppressed", "one1: missing"):
        assert text in drawn


def test_a_khmer_label_is_cut_where_a_sign_ends() -> None:
    label = "ក្រុមប្រឹក្សាខ្មែរស្រ្តីស្រឡាញ់ជាតិមាតុភូមិក្រុមប្រឹក្សា"
    for most in range(5, 40):
        cut = charts._short(label, most)
        assert cut.endswith("…")
        kept = cut[:-1]
        assert label.startswith(kept)
        assert not kept.endswith("\u17d2")
        assert not "\u17b4" <= label[len(kept)] <= "\u17d3"
