"""Files as they come: every encoding, delimiter and workbook is read whole or refused with a reason, and nothing runs."""

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.lists import judging, sheet, words
from spean.lists.sheet import Unreadable
from tests.lists.files import as_csv, as_workbook, judged, packed_workbook, rows, somebody

LINES = rows(somebody("1"), somebody("2", Surname="ចាន់"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    read = sheet.read(as_csv(LINES, delimiter, encoding))
    assert read.heading == tuple(LINES[0])
    assert [list(line.cells) for line in read.lines] == LINES[1:]


def test_a_delimiter_that_was_guessed_wrong_can_be_said() -> None:
    raw = b"name;remark\nSok, Dara;one, two\nChan, Thida;three, four\n"
    assert sheet.read(raw, delimiter="semicolon").heading == ("name", "remark")
    assert len(sheet.read(raw, delimiter="tab").heading) == 1


@pytest.mark.parametrize("delimiter", ["", "comma"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("surname", ["Kanàrie", "two\nlines\nin a cell"])
def test_the_first_lines_of_a_long_file_are_those_of_the_whole(delimiter: str, encoding: str, surname: str) -> None:
    people = [somebody(f"{number}", Surname=surname, Mother="é" * 900) for number in range(1_300)]
    raw = as_csv(rows(*people), encoding=encoding)
    assert len(raw) > sheet.SAMPLE_BYTES
    whole = sheet.read(raw, delimiter=delimiter)
    for most in (1, 200, 1_200, 1_300):
        first = sheet.read(raw, delimiter=delimiter, most=most)
        assert (first.heading, first.lines) == (whole.heading, whole.lines[:most])
        assert (first.encoding, first.delimiter) == (whole.encoding, whole.delimiter)


def test_for_the_first_lines_the_rest_of_a_long_file_is_not_read() -> None:
    raw = as_csv(rows(*(somebody(f"{number}") for number in range(20_000))))
    assert len(raw) > sheet.SAMPLE_BYTES
    spoilt = raw + b"\x00" * len(raw)
    assert sheet.read(spoilt, most=sheet.SAMPLE).lines == sheet.read(raw).lines[: sheet.SAMPLE]
    with pytest.raises(Unreadable):
        sheet.read(spoilt)


@pytest.mark.parametrize(("encoding", "noted"), [("utf-8", False), ("tis-620", True), ("cp1252", True)])
def test_a_file_that_is_not_in_unicode_is_told(encoding: str, noted: bool) -> None:
    word = "สมชาย" if encoding == "tis-620" else "Kanàrie"
    read = sheet.read(as_csv(rows(somebody(Surname=word)), encoding=encoding))
    assert ("not_unicode" in read.notes) is noted
    assert set(read.notes) <= set(words.FILE_NOTES)


TITLE = [["Kingdom of Cambodia"], [], ["Persons helped in 2026", "", "", "", "", "page 1"]]


@pytest.mark.parametrize("raw", [
    as_csv([*TITLE, *LINES]), as_csv([*TITLE, *LINES], ";"), as_csv(TITLE[:1] + LINES, "\t"), as_workbook([*TITLE, *LINES]),
])  # fmt: skip
def test_a_title_is_not_taken_for_the_heading(raw: bytes) -> None:
    for most in (1, 2, sheet.MOST_LINES):
        read = sheet.read(raw, most=most)
        assert read.heading == tuple(LINES[0])
        assert [list(line.cells) for line in read.lines] == LINES[1:][:most]
        assert set(read.notes) == {"above_heading"}
    assert read.lines[0].number in (3, 5)


@pytest.mark.parametrize("lines", [
    [["Name"], ["Sok Dara"]], [["Name", "DOB"], ["Sok Dara", "2001", "012", "x", "y"]], [["Name", "DOB"], ["", "2001"]],
    [["Name"], ["Sok Dara"], ["Chan", "Thida", "of", "Prey Veng"], ["Kim Ly"], ["Keo Maly"]],
])  # fmt: skip
def test_a_short_heading_is_one_and_nobody_below_is_left_out(lines: list[list[str]]) -> None:
    read = sheet.read(as_csv(lines))
    assert read.heading == tuple(lines[0])
    assert [list(line.cells) for line in read.lines] == lines[1:]
    assert not read.notes


def test_a_workbook_is_read_as_text() -> None:
    seen = datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001  (a workbook knows no zones)
    raw = as_workbook([["No", "DOB", "Phone", "Seen"], [1, date(2003, 5, 14), 12345678.0, seen]])
    read = sheet.read(raw)
    assert read.lines[0].cells == ("1", "2003-05-14", "12345678", "2026-01-02 03:04:00")
    assert read.lines[0].number == 2


def test_texts_of_a_workbook_are_read_as_far_as_the_lines_ask() -> None:
    table = (
        '<si><t>Name</t></si><si><r><t>Sok </t></r><r><t>Dara</t></r><rPh sb="0" eb="1"><t>sound</t></rPh></si>'
        "<si><t>never asked for</t></si>"
    )
    lines = '<row><c t="s"><v>0</v></c></row>' + '<row><c t="s"><v>1</v></c></row>' * sheet.BEFORE_HEADING
    read = sheet.read(packed_workbook(lines, table))
    assert (read.heading, {line.cells for line in read.lines}) == (("Name",), {("Sok Dara",)})
    # Behind the first lines both are damaged: whoever looks at the first lines does not come there.
    later = "<row><broken" + " " * 200_000
    damaged = packed_workbook(lines + later, table + "<si><broken" + " " * 200_000)
    assert [line.cells for line in sheet.read(damaged, most=1).lines] == [("Sok Dara",)]
    for whole in (damaged, packed_workbook(lines.replace("<v>1<", "<v>9<"), table)):
        with pytest.raises(Unreadable, match="broken_workbook"):
            sheet.read(whole)


def test_formulas_stay_text_and_are_told() -> None:
    raw = as_workbook([["No", "Given name"], [1, '=HYPERLINK("http://evil.example","x")'], [2, "=1+1"]])
    read = sheet.read(raw)
    assert read.lines[1].cells == ("2", "=1+1")
    for one in judging.judge(read, judging.guess(read.heading)):
        assert "formula" in one.notes
    (line,) = judged(b"No,Given name,Phone\n1,=cmd|' /C calc'!A0,+855 12 345 678\n")
    assert line.notes == ("formula",)
    assert line.fields["given_name"] == "=cmd|' /C calc'!A0"
    assert not judging.is_formula("+855 12 345 678")


def test_other_pages_of_a_workbook_are_told() -> None:
    read = sheet.read(as_workbook([["No", "Name"], [1, "Dara"]], [["No", "Name"], [1, "Thida"]], []))
    assert dict(read.notes) == {"other_pages": 1}
    assert len(read.lines) == 1


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    monkeypatch.setattr(sheet, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(Unreadable) as refused:
        sheet.read(packed.getvalue())
    assert refused.value.code == "unpacks_too_large"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"), (b" \n \r\n", "empty"), (b",,,\n,,,\n", "empty"), (b"\xd0\xcf\x11\xe0 old", "old_or_locked_workbook"),
        (b"PK\x03\x04 broken", "broken_workbook"), (bytes(range(256)) * 8 + b"\x00" * 200, "not_a_list"),
        (b"a," * 400 + b"b\n1,2\n", "too_many_columns"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_a_reason(raw: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        sheet.read(raw)
    assert refused.value.code == code


def test_half_a_list_is_never_taken_for_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_LINES", 2)
    with pytest.raises(Unreadable) as refused:
        sheet.read(as_csv(rows(*(somebody(str(number)) for number in range(3)))), most=2)
    assert refused.value.code == "too_many_lines"
    assert len(sheet.read(as_csv(rows(*(somebody(str(number)) for number in range(3)))), most=1).lines) == 1


CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=2, max_size=6), st.sampled_from(",;\t|"))
def test_no_line_that_holds_anything_is_lost(lines: list[list[str]], delimiter: str) -> None:
    lines[0] = [f"h{number}" for number in range(max(map(len, lines)))]
    raw = as_csv(lines, delimiter)
    name = next(name for name, sign in sheet.DELIMITERS.items() if sign == delimiter)
    read = sheet.read(raw, delimiter=name)
    # A lone carriage return ends a line for whoever reads the file again, in whichever program.
    kept = [[cell.strip() for cell in line] for line in lines[1:]]
    if not any("\r" in cell or "\n" in cell for line in lines for cell in line):
        expected = [line for line in kept if any(line)]
        assert [[*line.cells] for line in read.lines] == expected


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read = sheet.read(raw)
    except Unreadable as refused:
        assert refused.code in words.UNREADABLE  # noqa: PT017  (both ways are right)
        return
    assert read.heading
    assert len(list(judging.judge(read, judging.guess(read.heading)))) == len(read.lines)
