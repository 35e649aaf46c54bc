"""A file as a partner sent it, as lines of cells: text in any encoding and with any delimiter, a workbook, or tokens.

Nothing is run and nothing is lost: a formula is its text, and every line that holds anything comes out. Works on bytes
in memory; what is wrong is said by a code, never with a cell.
"""

import csv
import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from typing import Any

from spean.linkage import encode, reading

MOST_BYTES = 48 * 1024 * 1024
MOST_LINES = 500_000
# A workbook is a zip file: so much may come out of it.
MOST_UNPACKED = 800 * 1024 * 1024
MOST_COLUMNS = 300
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
SAMPLE = 200
BEFORE_HEADING = 20  # lines among which the heading is looked for
SAMPLE_BYTES = 1024 * 1024  # of a long text, in which the first lines are looked for
_WORKBOOK, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Unreadable(ValueError):
    """The file as a whole is no list. `code` says why; `words.UNREADABLE` has the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file. `number` is the line on which it ends, or its row in the workbook."""

    number: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass
class Sheet:
    """Heading and lines. `notes` are codes with how often: what was noticed of the file as a whole."""

    form: str  # text, workbook or tokens
    heading: tuple[str, ...] = field(repr=False)
    lines: list[Line] = field(repr=False)
    encoding: str = ""
    delimiter: str = ""
    head: str = ""  # of tokens: version, strength and fingerprint of the key
    notes: Counter[str] = field(default_factory=Counter)


def read(raw: bytes, *, delimiter: str = "", most: int = MOST_LINES) -> Sheet:
    """The whole file, or its first `most` lines. `delimiter` is a key of DELIMITERS, "" to find it out.

    Raises Unreadable. A file with more than MOST_LINES lines is refused whole: half a list would be counted as a list.
    """
    if len(raw) > MOST_BYTES:
        raise Unreadable("too_large")
    if not raw or raw.isspace():
        raise Unreadable("empty")
    if raw.startswith(_OLD_OFFICE):
        raise Unreadable("old_or_locked_workbook")
    sheet = _workbook(raw, most) if raw.startswith(_WORKBOOK) else _text(raw, delimiter, most)
    if not sheet.lines and not any(sheet.heading):
        raise Unreadable("empty")
    if len(sheet.heading) > MOST_COLUMNS:
        raise Unreadable("too_many_columns")
    return sheet


def _first_lines(raw: bytes, delimiter: str, most: int) -> Sheet | None:
    """The first `most` lines from the beginning of the file alone; None where the file has to be read for them.

    Whoever names columns looks at 200 lines of a file that may have 300,000, in a request: reading all of them for it
    takes several times its size in memory.
    """
    if most >= MOST_LINES or len(raw) <= SAMPLE_BYTES:
        return None
    beginning = raw[:SAMPLE_BYTES]
    # At the end of a line, so that no sign is cut in two; a cell with line breaks may still be, in the last line.
    sheet = _whole_text(beginning[: max(beginning.rfind(b"\n"), beginning.rfind(b"\r")) + 1], delimiter, most + 1)
    if len(sheet.lines) <= most:
        return None
    del sheet.lines[most:]
    return sheet


def _text(raw: bytes, delimiter: str, most: int) -> Sheet:
    return _first_lines(raw, delimiter, most) or _whole_text(raw, delimiter, most)


def _whole_text(raw: bytes, delimiter: str, most: int) -> Sheet:
    noted = reading.Notes("")
    text = reading.decode(raw, noted)
    sheet = Sheet("text", (), [], encoding=noted.encoding)
    if noted.encoding == "windows-1252":
        sheet.notes["not_unicode"] += 1
    if "\x00" in text:
        # A workbook of another kind, a picture: there are no such signs in a list.
        if text.count("\x00") > len(text) // 100:
            raise Unreadable("not_a_list")
        text = text.replace("\x00", "")
        sheet.notes["null_signs"] += 1
    if text.startswith(f"# {encode.FORM} "):
        head, _, text = text.partition("\n")
        sheet.form, sheet.head, sheet.delimiter = "tokens", head.strip(), ","
    elif delimiter:
        sheet.delimiter = DELIMITERS[delimiter]
    else:
        try:
            sheet.delimiter = reading.delimiter_of(text)
        except reading.ListFault:
            raise Unreadable("empty") from None
    csv.field_size_limit(MOST_BYTES)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sheet.delimiter)
    del text  # copied, and as long as the file
    try:
        _fill(sheet, ((rows.line_num, tuple(cell.strip() for cell in row)) for row in rows), most)
    except csv.Error:
        raise Unreadable("not_a_list") from None
    return sheet


def _workbook(raw: bytes, most: int) -> Sheet:
    # Slow to import, and most lists are text.
    from spean.lists import workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            inside = packed.infolist()
            # Python reads no more of an entry than its directory says.
            if sum(one.file_size for one in inside) > MOST_UNPACKED or len(inside) > 5_000:
                raise Unreadable("unpacks_too_large")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what in a workbook is no cell
            book = workbook.opened(raw)
            try:
                return _first_filled(book, most)
            finally:
                book.close()
    except Unreadable:
        raise
    except Exception:
        # Whatever a library says of a broken file may repeat what is in it.
        raise Unreadable("broken_workbook") from None


def _first_filled(book: Any, most: int) -> Sheet:
    found = Sheet("workbook", (), [])
    for page in book.worksheets:
        one = Sheet("workbook", (), [])
        _fill(one, _rows(page), most if not found.heading else 1)
        if not one.heading:
            continue
        if found.heading:
            found.notes["other_pages"] += 1
        else:
            found = one
    return found


def _rows(page: Any) -> Iterator[tuple[int, tuple[str, ...]]]:
    for number, row in enumerate(page.iter_rows(values_only=True), start=1):
        yield number, tuple(cell_text(value) for value in row[: MOST_COLUMNS + 1])


def cell_text(value: Any) -> str:
    """The text of a cell of a workbook; a day as a day, a whole number without a decimal point, a formula unrun."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == value.time().min else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(getattr(value, "text", value) or "").strip()


def _fill(sheet: Sheet, rows: Iterator[tuple[int, tuple[str, ...]]], most: int) -> None:
    filled: Iterator[tuple[int, tuple[str, ...]]] = ((number, cells) for number, cells in rows if any(cells))
    first = list(islice(filled, BEFORE_HEADING + 1))
    if not first:
        return
    above = _above_heading([sum(map(bool, cells)) for _number, cells in first])
    if above:
        sheet.notes["above_heading"] += above
    heading = first[above][1]
    while heading and not heading[-1]:
        heading = heading[:-1]
    sheet.heading = heading
    filled = chain(first[above + 1 :], filled)
    sheet.lines = [Line(number, _as_wide(cells, len(heading))) for number, cells in islice(filled, most)]
    if most >= MOST_LINES and next(filled, None) is not None:
        raise Unreadable("too_many_lines")


def _above_heading(widths: list[int]) -> int:
    """How many of the first lines are a letterhead or a title: one cell or two, where most have three times as many.

    `widths` are the filled cells of each line. One long line proves nothing: a name may hold the delimiter.
    """
    usual = sorted(widths)[len(widths) // 2]
    return next(at for at, width in enumerate(widths) if width > 2 or 3 * width > usual)


def _as_wide(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Without the empty cells that spreadsheets leave at the end."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return cells[:end]
