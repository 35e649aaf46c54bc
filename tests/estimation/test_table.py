"""Reading a table of capture patterns: what is understood, and every fault by name."""

from pathlib import Path

import pytest

from spean.estimation import table
from spean.estimation.table import BadTable, from_rows

GOOD = "a,b,c,count\n1,0,0,40\n0,1,0,30\n1,1,0,6\n0,0,1,20\n"


def faults(text: str) -> list[str]:
    with pytest.raises(BadTable) as bad:
        table.parse(text)
    return list(bad.value.faults)


def test_counts_totals_and_overlaps() -> None:
    read = table.parse(GOOD)
    assert read.lists == ("a", "b", "c")
    assert read.observed == 96
    assert read.totals.tolist() == [46, 36, 20]
    assert read.overlaps.tolist() == [[46, 6, 0], [6, 36, 0], [0, 0, 20]]
    assert read.shared == 6


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace(",", " , ") + "\n\n",
        GOOD.replace("40", "40.0"),
        "count,a,b,c\n40,1,0,0\n30,0,1,0\n6,1,1,0\n20,0,0,1\n",
        GOOD + "1,1,1,0\n",
    ],
)
def test_the_same_table_written_otherwise(text: str) -> None:
    assert table.parse(text.removeprefix("\ufeff")).cells.tolist() == table.parse(GOOD).cells.tolist()


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\ufeff" + GOOD, "utf-8")
    assert table.read(tmp_path / "t.csv").lists == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the table is empty."),
        ("a,b,c,n\n", "the table has a header but no rows."),
        ("1,0,0,4\n0,1,0,3\n", "row 1 holds numbers; it must name the lists and the column of counts."),
        ("n\n4\n", "there is no column for any list, only counts."),
        ("a,a,c,n\n1,0,0,4\n", "two columns are called “a”."),
        ("a,,c,n\n1,0,0,4\n", "column 2 has no name."),
        (",".join("abcdefghijk") + ",n\n" + "1," * 11 + "1\n", "there are 11 lists; more than 10 cannot be told apart. Join some of them."),
        (GOOD.replace("40", "-40"), "row 2 has a negative count: “-40”."),
        (GOOD.replace("40", "4.5"), "row 2 has a count that is not a whole number: “4.5”."),
        (GOOD.replace("40", ""), "row 2 has a count that is not a whole number: nothing."),
        (GOOD.replace("40", "nan"), "row 2 has a count that is not a whole number: “nan”."),
        (GOOD + "1,1,0,6\n", "row 6 repeats the pattern of row 4."),
        (GOOD + "0,0,0,9\n", "row 6 is the pattern of people on no list; nobody can have counted them."),
        (GOOD.replace("1,1,0", "1,2,0"), "column “b” is not 0 or 1 throughout: row 4 has “2”."),
        (GOOD + "1,1,6\n", "row 6 has 3 cells; the header has 4."),
        ("a,b,c,n\n1,0,0,0\n", "all counts are 0."),
        ('a,b,c,n\n1,0,0,"\x1b[31m' + "9" * 30 + '"\n', "row 2 has a count that is not a whole number: “?[31m999999999999999…”."),
    ],
)  # fmt: skip
def test_every_fault_is_one_plain_sentence(text: str, said: str) -> None:
    assert faults(text) == [said]


def test_all_faults_are_named_at_once() -> None:
    said = faults("a,b,c,n\n1,0,0,-4\n0,0,0,3\n0,1,x,3\n1,0,0,5\n")
    assert len(said) == 4


def test_a_thousand_faults_are_not_listed() -> None:
    said = faults("a,b,c,n\n" + "1,0,0,-1\n" * 1000)
    assert len(said) == table.MOST_FAULTS + 1
    assert said[-1].endswith("more faults.")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="No such file"):
        table.read(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"a,b,c,n\xe9\n")
    with pytest.raises(BadTable, match="not UTF-8"):
        table.read(tmp_path / "latin.csv")
    (tmp_path / "large.csv").write_bytes(b"a" * (table.LARGEST + 1))
    with pytest.raises(BadTable, match="more than 1,000,000 bytes"):
        table.read(tmp_path / "large.csv")


def test_leaving_lists_out_leaves_out_who_was_only_there() -> None:
    kept = table.parse(GOOD).only([0, 1])
    assert (kept.lists, kept.observed, kept.cells.tolist()) == (("a", "b"), 76, [0, 40, 30, 6])


def test_the_order_of_columns_is_forgotten() -> None:
    one = from_rows("abc", [((1, 0, 0), 40), ((0, 1, 0), 30), ((0, 0, 1), 20), ((1, 1, 0), 6), ((1, 0, 1), 2)])
    other = from_rows("cab", [((0, 1, 0), 40), ((0, 0, 1), 30), ((1, 0, 0), 20), ((0, 1, 1), 6), ((1, 1, 0), 2)])
    assert one.settled().lists == other.settled().lists == ("a", "b", "c")
    assert one.settled().cells.tolist() == other.settled().cells.tolist()
