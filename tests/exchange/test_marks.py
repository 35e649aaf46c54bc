"""The marks of an export: a piece of it names it, by number, by its invented person, or by the order of its rows."""

import csv
import io
import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.exchange import marks
from spean.lib.identifiers import new_code

EXPORTS, PERSONS, BLOCK = 1000, 300, 10


@cache
def everybody() -> tuple[str, ...]:
    # The same codes every time: with others, now and then two orders of a thousand agree on ten rows.
    rng = random.Random(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spean.lib.identifiers.secrets.choice", rng.choice)
        return tuple(sorted({new_code("C") for _ in range(PERSONS)}))


@cache
def exports() -> tuple[marks.Made, ...]:
    """A thousand exports of the same three hundred people: only the order tells them apart."""
    rng = random.Random(7)
    codes = frozenset(everybody())
    return tuple(
        marks.Made(f"E-{number}", rng.randbytes(32), codes, canary_code=f"canary-{number}") for number in range(EXPORTS)
    )


def in_order(export: marks.Made) -> list[str]:
    return sorted(export.codes, key=lambda code: marks.place(export.order_key, code))


def test_ten_rows_in_a_row_name_one_export_of_a_thousand() -> None:
    rng = random.Random(11)
    right = 0
    for export in rng.sample(exports(), 100):
        rows = in_order(export)
        start = rng.randrange(PERSONS - BLOCK)
        right += marks.identify(rows[start : start + BLOCK], exports()) == export.number
    assert right == 100


@pytest.mark.slow
def test_every_one_of_the_thousand_is_found() -> None:
    rng = random.Random(13)
    right = 0
    for export in exports():
        rows = in_order(export)
        start = rng.randrange(PERSONS - BLOCK)
        right += marks.identify(rows[start : start + BLOCK], exports()) == export.number
    assert right == EXPORTS


def test_rows_left_out_between_them_do_not_hide_it() -> None:
    export = exports()[500]
    assert marks.identify(in_order(export)[::7][:12], exports()) == export.number


def test_fewer_rows_name_nobody() -> None:
    """Somebody would be accused by chance."""
    assert marks.identify(in_order(exports()[3])[: marks.ENOUGH - 1], exports()) is None


def test_sorting_destroys_the_mark() -> None:
    """Documented, not hidden: a list that was sorted, or shuffled, is traced by its number or canary or not at all."""
    rng = random.Random(17)
    for export in exports()[:50]:
        rows = in_order(export)[:40]
        assert marks.identify(sorted(rows), exports()) is None
        assert marks.identify(rng.sample(rows, len(rows)), exports()) is None


def test_a_list_that_was_never_exported_names_nobody() -> None:
    strangers = [new_code("C") for _ in range(20)]
    assert marks.identify(strangers, exports()) is None
    assert marks.identify([*in_order(exports()[0])[:10], strangers[0]], exports()) is None


def test_the_canary_names_it_at_once() -> None:
    assert marks.identify(["canary-42"], exports()) == "E-42"


def made(**more: object) -> marks.Made:
    base = {
        "number": new_code("E"),
        "order_key": b"k" * 32,
        "codes": frozenset(everybody()),
        "canary_code": new_code("C"),
    }
    return marks.Made(**{**base, **more})  # type: ignore[arg-type]


class TestTrace:
    def test_by_the_number_in_it(self) -> None:
        export = made()
        assert marks.trace(f"x,{export.number.lower()},y", [export, made()]) == [marks.Trace(export.number, "number")]

    def test_by_the_canary_whatever_was_cut_off(self) -> None:
        export = made(canary_words=("Sok", "Dara", "1999-01-02"))
        other = made(canary_words=("Sok", "Dara", "1998-07-08"))
        told = "KEO;Maly;1990-01-01\n dara ; SOK ;1999-01-02\n"
        assert marks.trace(told, [other, export]) == [marks.Trace(export.number, "canary")]
        assert marks.trace("Sok;Dara;1990-01-01", [other, export]) == []

    def test_by_the_order_of_the_codes(self) -> None:
        export, other = made(), made(order_key=b"o" * 32)
        text = "\n".join(f"name {number} {code}" for number, code in enumerate(in_order(export)[30:45]))
        assert marks.trace(text, [other, export]) == [marks.Trace(export.number, "order")]


def test_the_file_carries_number_and_order_on_every_line() -> None:
    rows = {code: {"name": f"n{number}"} for number, code in enumerate(everybody()[:30])}
    text = marks.write("E-1", ["name"], rows, b"k" * 32).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["export"] for line in lines} == {"E-1"}
    assert [line["case"] for line in lines] == sorted(rows, key=lambda code: marks.place(b"k" * 32, code))
    assert [line["case"] for line in lines] != sorted(rows)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+85512345678", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\u00a0=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert marks.neutral(cell) == f"'{cell}"


@given(st.text())
def test_what_is_no_formula_stays_and_nothing_is_lost(cell: str) -> None:
    written = marks.neutral(cell)
    assert written in (cell, f"'{cell}")
    assert not written.lstrip(" \u00a0\u200b\ufeff").startswith(marks.FORMULA)
