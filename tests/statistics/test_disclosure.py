"""What `protect` lets out, against an attacker who has all of it; and that it says why."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.statistics.disclosure import Protected, n_k, p_percent, protect
from spean.statistics.margins import TOTAL, BadTables, Nesting, Published
from spean.statistics.tables import Cell, Dimension, Table
from tests.statistics.attacker import Attacker, Name
from tests.statistics.made_up import by_name, counts, dimension, names, table, truth

SEX = Dimension("sex", ("f", "m"))
MOST_ATTACKED = 30  # of one example; another example has others
PROVINCE = dimension("p", 5)


def attacked(tables: Sequence[Table], safe: Protected, threshold: int, whole: bool = False) -> None:
    """No small count narrower than the protection interval, whatever the attacker knows."""
    real = truth(tables)
    width = safe.report["protection_width"]
    for unit in {one.unit for one in safe.tables}:
        attacker = Attacker([one for one in safe.tables if one.unit == unit])
        small = [name for name in attacker.suppressed if 0 < real[name] < threshold]
        if len(small) > MOST_ATTACKED:
            small = [small[at] for at in np.random.default_rng(0).choice(len(small), MOST_ATTACKED, replace=False)]
        for name, value in attacker.known.items():
            assert value == real[name]
            assert not 0 < value < threshold
        for insider in (None, real.get):
            found = attacker.intervals(small, insider=insider, threshold=threshold, whole=whole)
            for name, (low, high) in found.items():
                assert low - 1e-6 <= real[name] <= high + 1e-6
                assert high - low >= width - 1e-3, (sorted(name), real[name], low, high)


class TestAttack:
    @given(
        sizes=st.lists(st.integers(2, 6), min_size=1, max_size=3),
        mean=st.sampled_from([0.5, 2.0, 6.0, 15.0, 40.0]),
        seed=st.integers(0, 10_000),
        threshold=st.sampled_from([3, 5, 10]),
    )
    @settings(max_examples=30, deadline=None)
    def test_one_table(self, sizes: list[int], mean: float, seed: int, threshold: int) -> None:
        dimensions = [dimension(code, size) for code, size in zip("abc", sizes, strict=False)]
        one = table("t", dimensions, counts(dimensions, mean, np.random.default_rng(seed)))
        attacked([one], protect([one], threshold=threshold), threshold)

    @given(mean=st.sampled_from([0.5, 2.0, 8.0]), seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None)
    def test_linked_tables(self, mean: float, seed: int) -> None:
        """Three tables of the same people, two dimensions in common at most."""
        rng = np.random.default_rng(seed)
        dimensions = [dimension("a", 3), dimension("b", 4), dimension("c", 3), dimension("d", 2)]
        people = counts(dimensions, mean, rng)
        tables = [
            table("ab", dimensions[:2], people.sum(axis=(2, 3))),
            table("bcd", dimensions[1:], people.sum(axis=0)),
            table("ac", [dimensions[0], dimensions[2]], people.sum(axis=(1, 3))),
        ]
        safe = protect(tables, threshold=10)
        assert len(safe.report["people"]) == 1
        attacked(tables, safe, 10)

    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None)
    def test_whole_numbers(self, seed: int) -> None:
        dimensions = [dimension("a", 3), dimension("b", 4)]
        one = table("t", dimensions, counts(dimensions, 8.0, np.random.default_rng(seed)))
        attacked([one], protect([one], threshold=10), 10, whole=True)


class TestTheAttacker:
    """It finds what there is to find: otherwise its silence would mean nothing."""

    def naive(self, values: np.ndarray, threshold: int) -> tuple[Published, dict[Name, int]]:
        dims = [dimension("a", values.shape[0]), dimension("b", values.shape[1])]
        one = table("t", dims, values)
        real = truth([one])
        whole = protect([one], threshold=2).tables[0]  # nobody is alone in these tables
        assert not names(whole, "suppressed")
        cells = {
            key: Cell(None, "suppressed") if cell.value is not None and 0 < cell.value < threshold else cell
            for key, cell in whole.cells.items()
        }
        return Published("t", "persons", whole.dimensions, cells), real

    def test_recovers_a_cell_that_is_alone_in_its_line(self) -> None:
        shown, real = self.naive(np.array([[4, 30, 25], [20, 40, 31]]), 10)
        name = frozenset({("a", "a0"), ("b", "b0")})
        assert Attacker([shown]).intervals()[name] == (real[name], real[name])

    def test_recovers_a_cell_with_two_in_each_of_its_lines(self) -> None:
        """Four hidden corners, each line with two. Whoever knows that none is ten knows the first within two."""
        shown, real = self.naive(np.array([[2, 2, 30], [2, 9, 25], [20, 40, 31]]), 10)
        name = frozenset({("a", "a0"), ("b", "b0")})
        assert Attacker([shown]).intervals()[name] == (0, 4)
        assert Attacker([shown]).intervals(insider=real.get)[name] == (0, 2)


class TestStates:
    def test_zero_is_shown_and_suppressed_is_not_zero(self) -> None:
        values = np.array([[30, 0], [0, 40]])
        one = table("t", [SEX, dimension("b", 2)], values)
        safe = protect([one], threshold=10)
        assert safe.tables[0].cells[("f", "b1")] == Cell(0, "counted")
        assert not names(safe.tables[0], "suppressed")

    def test_zeros_are_hidden_when_asked(self) -> None:
        values = np.array([[30, 0, 25], [20, 40, 31]])
        one = table("t", [SEX, dimension("b", 3)], values)
        safe = protect([one], threshold=10, zeros=True)
        assert safe.tables[0].cells[("f", "b1")].state == "suppressed"
        found = Attacker(safe.tables).intervals()
        low, high = found[frozenset({("sex", "f"), ("b", "b1")})]
        assert high - low >= safe.report["protection_width"] - 1e-3

    def test_what_is_not_a_number_keeps_its_reason(self) -> None:
        cells = {
            ("f", "x"): Cell(30, "counted"),
            ("m", "x"): Cell(None, "missing"),
            ("f", "y"): Cell(None, "not_applicable"),
            ("m", "y"): Cell(None, "not_applicable"),
            ("f", "z"): Cell(None, "not_collected"),
            ("m", "z"): Cell(None, "not_applicable"),
        }
        safe = protect([Table("t", "persons", (SEX, Dimension("k", ("x", "y", "z"))), cells)], threshold=10).tables[0]
        for key, cell in cells.items():
            assert safe.cells[key] == cell
        assert safe.cells[(TOTAL, "x")] == Cell(30, "counted")
        assert safe.cells[(TOTAL, "y")] == Cell(None, "not_applicable")
        assert safe.cells[(TOTAL, "z")] == Cell(None, "not_collected")
        assert safe.cells[("m", TOTAL)] == Cell(None, "missing")

    def test_what_was_left_out_is_nobody(self) -> None:
        one = Table("t", "persons", (SEX, dimension("b", 2)), {("f", "b0"): Cell(30, "counted")})
        assert protect([one], threshold=10).tables[0].cells[("m", "b1")] == Cell(0, "counted")

    def test_margins_and_interior(self) -> None:
        one = table("t", [SEX, PROVINCE], np.full((2, 5), 20))
        safe = protect([one], threshold=10).tables[0]
        assert len(safe.interior) == 10
        assert len(safe.margins) == 8
        assert safe.margins[(TOTAL, TOTAL)] == Cell(200, "counted")

    def test_no_tables_and_no_dimensions(self) -> None:
        assert protect([], threshold=10).tables == ()
        alone = Table("t", "persons", (), {(): Cell(7, "counted")})
        assert protect([alone], threshold=10).tables[0].cells == {(): Cell(None, "suppressed")}
        assert protect([alone], threshold=5).tables[0].cells == {(): Cell(7, "counted")}


class TestHierarchy:
    PARENTS = {"d0": "north", "d1": "north", "d2": "south", "d3": "south", "d4": "south"}
    NESTED = Nesting("district", "province", PARENTS)
    DISTRICT = Dimension("district", tuple(PARENTS))

    @given(mean=st.sampled_from([2.0, 8.0, 20.0]), seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None)
    def test_districts_and_provinces_in_two_tables(self, mean: float, seed: int) -> None:
        values = counts([SEX, self.DISTRICT], mean, np.random.default_rng(seed))
        by_province = np.stack([values[:, :2].sum(axis=1), values[:, 2:].sum(axis=1)], axis=1)
        tables = [
            table("fine", [SEX, self.DISTRICT], values),
            table("wide", [SEX, Dimension("province", ("north", "south"))], by_province),
        ]
        safe = protect(tables, threshold=10, nested=[self.NESTED])
        attacker = Attacker(safe.tables, {"district": ("province", self.PARENTS)})
        real = truth(tables)
        small = [name for name in attacker.suppressed if 0 < real.get(name, 0) < 10]
        for insider in (None, real.get):
            for name, (low, high) in attacker.intervals(small, insider=insider).items():
                assert high - low >= 3 - 1e-3, (sorted(name), real[name], low, high)

    def test_both_columns_in_one_table(self) -> None:
        cells = {(parent, child): Cell(4 if child == "d0" else 25, "counted") for child, parent in self.PARENTS.items()}
        one = Table("t", "persons", (Dimension("province", ("north", "south")), self.DISTRICT), cells)
        safe = protect([one], threshold=10, nested=[self.NESTED]).tables[0]
        assert safe.cells[("north", "d0")] == safe.cells[(TOTAL, "d0")] == Cell(None, "suppressed")
        assert ("south", "d0") not in safe.cells
        assert safe.cells[("south", TOTAL)].state in ("counted", "suppressed")

    def test_nobody_in_the_wrong_province(self) -> None:
        cells = {("south", "d0"): Cell(3, "counted")}
        one = Table("t", "persons", (Dimension("province", ("north", "south")), self.DISTRICT), cells)
        with pytest.raises(BadTables, match="province south, district d0 cannot be, but has 3"):
            protect([one], threshold=10, nested=[self.NESTED])


class TestDominance:
    DIMENSIONS = (dimension("a", 3), dimension("b", 3))

    def parts(self) -> tuple[Table, list[Table]]:
        large, small, tiny = np.full((3, 3), 20), np.full((3, 3), 15), np.full((3, 3), 10)
        large[0, 0], small[0, 0], tiny[0, 0] = 95, 3, 2
        by = [table("t", self.DIMENSIONS, one) for one in (small, large, tiny)]
        return table("t", self.DIMENSIONS, large + small + tiny), by

    @pytest.mark.parametrize("rule", [n_k(1, 80), n_k(2, 97), p_percent(10)])
    def test_a_cell_of_one_agency_is_hidden(self, rule: object) -> None:
        whole, by = self.parts()
        safe = protect([whole], threshold=10, contributions={"t": by}, dominance=rule)  # type: ignore[arg-type]
        assert safe.tables[0].cells[("a0", "b0")].state == "suppressed"
        assert safe.report["people"][0]["by_reason"]["dominated"] == 1
        found = Attacker(safe.tables).intervals()
        low, high = found[frozenset({("a", "a0"), ("b", "b0")})]
        assert high - low >= 10 - 1e-3  # a tenth of 100

    def test_nothing_is_hidden_below_the_limit(self) -> None:
        whole, by = self.parts()
        safe = protect([whole], threshold=10, contributions={"t": by}, dominance=n_k(1, 96))
        assert not names(safe.tables[0], "suppressed")

    def test_parts_that_are_not_the_whole(self) -> None:
        whole, by = self.parts()
        with pytest.raises(BadTables, match="does not add up"):
            protect([whole], threshold=10, contributions={"t": by[:2]}, dominance=n_k(1, 80))


class TestFinerIsNeverWeaker:
    @given(mean=st.sampled_from([3.0, 9.0, 25.0]), seed=st.integers(0, 10_000), threshold=st.sampled_from([5, 10]))
    @settings(max_examples=10, deadline=None)
    def test_more_dimensions(self, mean: float, seed: int, threshold: int) -> None:
        """What must be hidden in a table for being small is hidden as a margin of a finer one; and no more is certain."""
        dimensions = [dimension("a", 3), dimension("b", 4), dimension("c", 2)]
        people = counts(dimensions, mean, np.random.default_rng(seed))
        wide, fine = table("wide", dimensions[:2], people.sum(axis=2)), table("fine", dimensions, people)
        small = {name for name, value in truth([wide]).items() if 0 < value < threshold}
        safe = protect([fine], threshold=threshold)
        assert small <= names(safe.tables[0], "suppressed")
        attacked([wide, fine], protect([wide, fine], threshold=threshold), threshold)

    @given(mean=st.sampled_from([3.0, 9.0, 25.0]), seed=st.integers(0, 10_000))
    @settings(max_examples=12, deadline=None)
    def test_a_category_split_in_two(self, mean: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        dims = [dimension("a", 3), dimension("b", 4)]
        values = counts(dims, mean, rng)
        half = rng.binomial(values[:, 0], 0.5)
        finer = np.column_stack([half, values[:, 0] - half, values[:, 1:]])
        split = Dimension("b", ("b0x", "b0y", *dims[1].categories[1:]))
        small = {name for name, value in truth([table("t", dims, values)]).items() if 0 < value < 10}
        hidden = names(protect([table("t", [dims[0], split], finer)], threshold=10).tables[0], "suppressed")
        assert {name for name in small if ("b", "b0") not in name} <= hidden
        for a in dims[0].categories:  # who is too few together is too few apart
            if frozenset({("a", a), ("b", "b0")}) in small:
                for word in ("b0x", "b0y"):
                    name = frozenset({("a", a), ("b", word)})
                    assert name in hidden or truth([table("t", [dims[0], split], finer)])[name] == 0

    @given(mean=st.sampled_from([3.0, 9.0, 25.0]), seed=st.integers(0, 10_000))
    @settings(max_examples=12, deadline=None)
    def test_a_higher_threshold(self, mean: float, seed: int) -> None:
        dims = [dimension("a", 3), dimension("b", 4)]
        one = table("t", dims, counts(dims, mean, np.random.default_rng(seed)))
        low, high = (protect([one], threshold=limit).report for limit in (5, 10))
        assert low["people"][0]["by_reason"]["below_threshold"] <= high["people"][0]["by_reason"]["below_threshold"]
        assert low["protection_width"] <= high["protection_width"]


class TestReport:
    def test_says_why_and_no_count(self) -> None:
        values = np.array([[30, 4, 25], [20, 40, 31], [17, 18, 19]])
        one = table("t", [dimension("a", 3), dimension("b", 3)], values)
        report = protect([one], threshold=10).report
        (people,) = report["people"]
        assert people["by_reason"] == {"below_threshold": 1, "dominated": 0, "zero": 0, "complementary": 3}
        (small,) = [each for each in people["suppressed"] if each["why"] == "below_threshold"]
        assert small == {"table": "t", "cell": {"a": "a0", "b": "b1"}, "why": "below_threshold", "public_before": False}
        assert people["hidden"] == len(people["suppressed"]) == 4

    def test_same_input_same_output(self) -> None:
        dims = [dimension("a", 5), dimension("b", 6), dimension("c", 3)]
        one = table("t", dims, counts(dims, 5.0, np.random.default_rng(1)))
        first, second = protect([one], threshold=10), protect([one], threshold=10)
        assert first.tables == second.tables
        assert first.report == second.report


def test_known_by_hand() -> None:
    """One small cell of nine: three others make a rectangle with it, and not the dearest ones."""
    values = np.array([[3, 100, 20], [200, 300, 400], [15, 500, 16]])
    one = table("t", [dimension("a", 3), dimension("b", 3)], values)
    hidden = names(protect([one], threshold=10).tables[0], "suppressed")
    assert hidden == {frozenset({("a", a), ("b", b)}) for a in ("a0", "a2") for b in ("b0", "b2")}


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ([Table("t", "u", (Dimension("a", (TOTAL,)),), {})], "word for its margin"),
        ([Table("t", "u", (Dimension("a", ("x", "x")),), {})], "a category twice"),
        ([Table("t", "u", (Dimension("a", ()),), {})], "no categories"),
        ([Table("t", "u", (SEX, SEX), {})], "two dimensions are called sex"),
        ([Table("t", "u", (SEX,), {("x",): Cell(1, "counted")})], "sex x is no cell of this table"),
        ([Table("t", "u", (SEX,), {("f",): Cell(-1, "counted")})], "no count of 0 or more"),
        ([Table("t", "u", (SEX,), {("f",): Cell(None, "counted")})], "no count of 0 or more"),
        ([Table("t", "u", (SEX,), {("f",): Cell(3, "missing")})], "is missing and has a value"),
        ([Table("t", "u", (SEX,), {("f",): Cell(None, "suppressed")})], "suppressed already"),
        ([Table("t", "u", (SEX,), {}), Table("t", "u", (SEX,), {})], "2 tables are called t"),
        ([Table("t", "u", tuple(dimension(code, 20) for code in "abcdef"), {})], "more than 400,000"),
    ],
)
def test_faults(tables: list[Table], fault: str) -> None:
    with pytest.raises(BadTables, match=fault):
        protect(tables, threshold=10)


def test_a_threshold_that_protects_nobody() -> None:
    with pytest.raises(BadTables, match="protects nobody"):
        protect([], threshold=1)


def test_ledgers_hold_what_by_name_reads() -> None:
    one = table("t", [SEX, PROVINCE], np.full((2, 5), 20))
    assert by_name(protect([one], threshold=10).tables) == truth([one])
