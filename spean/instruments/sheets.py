"""Reads and writes the tables of an XLSForm, as an Excel file or as a text file that shows its changes line by line.

Both hold the same sheets (`survey`, `choices`, `settings`); what the cells mean is said elsewhere. Every row keeps
the line at which its author finds it.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHEETS = ("survey", "choices", "settings")
# An instrument of 300 questions in four languages has a tenth of this.
LARGEST_FILE = 5_000_000
LARGEST_UNPACKED = 60_000_000
MOST_ROWS = 10_000
MOST_COLUMNS = 200

_CELL = re.compile(r"(?<!\\)\|")


class SheetError(ValueError):
    """The file cannot be read as tables. `line` is the line or row, 0 for the file as a whole."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class SheetRow:
    """One row: its line in the file, and its cells that are not empty, as text."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Sheet:
    """A table with its columns in order; `line` is where they stand in the file."""

    columns: tuple[str, ...] = ()
    rows: tuple[SheetRow, ...] = ()
    line: int = 1


@dataclass(frozen=True)
class Workbook:
    """The sheets of one XLSForm. A sheet that is not there is empty."""

    sheets: Mapping[str, Sheet] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Sheet:
        return self.sheets.get(name, Sheet())

    @property
    def settings(self) -> Mapping[str, str]:
        rows = self["settings"].rows
        return rows[0].cells if rows else {}


def read(data: bytes, suffix: str) -> Workbook:
    """The tables of a file by its name's ending (`.xlsx` or `.md`); raises SheetError."""
    if len(data) > LARGEST_FILE:
        raise SheetError(0, f"this file is larger than {LARGEST_FILE:,} bytes")
    if suffix.lower() == ".xlsx":
        return _from_excel(data)
    if suffix.lower() == ".md":
        try:
            return _from_text(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise SheetError(data.count(b"\n", 0, error.start) + 1, "this is not UTF-8 text") from None
    raise SheetError(0, f"an instrument is an .xlsx or .md file, not {suffix or 'a file without an ending'}")


def read_file(path: Path) -> Workbook:
    try:
        return read(path.read_bytes(), path.suffix)
    except FileNotFoundError:
        raise SheetError(0, "this file is missing") from None


def _from_text(text: str) -> Workbook:
    """`| survey |` opens a sheet, `| | type | name |` is its header, and so every following row."""
    sheets: dict[str, Sheet] = {}
    name, columns, rows, header = "", (), [], 1  # type: str, tuple[str, ...], list[SheetRow], int
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped.startswith("|"):
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(stripped)[1:]]
        if cells and not cells[-1]:
            cells.pop()
        if not cells or set("".join(cells)) <= set("-: "):
            continue
        if cells[0]:
            name, columns, rows = cells[0], (), []
            if name in sheets:
                raise SheetError(number, f"the sheet {name!r} stands more than once")
            if name in SHEETS:
                sheets[name] = Sheet()
        elif not name:
            raise SheetError(number, "a row stands before the name of its sheet")
        elif not columns:
            columns, header = tuple(cells[1:]), number
            _check_columns(columns, number)
        else:
            if len(cells) - 1 > len(columns):
                raise SheetError(number, f"{len(cells) - 1} cells where the header has {len(columns)}")
            rows.append(_row(number, columns, cells[1:]))
        if name in SHEETS:
            sheets[name] = Sheet(columns, tuple(rows), header)
    return Workbook(sheets)


def _from_excel(data: bytes) -> Workbook:
    # Excel files are zip archives: refuse one that unpacks to more than any instrument holds.
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
                raise SheetError(0, "this file unpacks to far more than an instrument holds")
    except zipfile.BadZipFile:
        raise SheetError(0, "this is not an Excel file (.xlsx)") from None
    # Slow to import, and only needed by whoever reads Excel.
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers raise
        raise SheetError(0, f"this Excel file cannot be read: {error}") from None
    sheets: dict[str, Sheet] = {}
    try:
        for page in book.worksheets:
            name = page.title.strip().lower()
            if name in SHEETS:
                sheets[name] = _excel_sheet(page)
    finally:
        book.close()
    return Workbook(sheets)


def _excel_sheet(page: Any) -> Sheet:
    columns: tuple[str, ...] = ()
    rows: list[SheetRow] = []
    header = 1
    for number, values in enumerate(page.iter_rows(max_col=MOST_COLUMNS, values_only=True), start=1):
        if number > MOST_ROWS:
            raise SheetError(number, f"the sheet {page.title!r} has more than {MOST_ROWS:,} rows")
        cells = [_text(value) for value in values]
        if not any(cells):
            continue
        if not columns:
            while cells and not cells[-1]:
                cells.pop()
            columns, header = tuple(cells), number
            _check_columns(tuple(cell for cell in columns if cell), number)
        else:
            rows.append(_row(number, columns, cells[: len(columns)]))
    return Sheet(columns, tuple(rows), header)


def _check_columns(columns: Sequence[str], line: int) -> None:
    for column in columns:
        if columns.count(column) > 1:
            raise SheetError(line, f"the column {column!r} stands more than once")


def _row(number: int, columns: Sequence[str], cells: Sequence[str]) -> SheetRow:
    return SheetRow(number, {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell})


def _text(value: Any) -> str:
    """A cell as its author sees it: 1 and not 1.0, TRUE as an answer to a yes-or-no column."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\xa0", " ").strip()


def as_text(book: Workbook) -> str:
    """The text form of an instrument. Reading it back gives the same cells."""
    lines = []
    for name in SHEETS:
        sheet = book[name]
        if not sheet.columns:
            continue
        lines += [f"| {name} |", _line(sheet.columns)]
        lines += [_line([row[column] for column in sheet.columns]) for row in sheet.rows]
        lines.append("")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| | " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def as_excel(book: Workbook) -> bytes:
    """The same instrument as an Excel file, to be changed by somebody who knows no other tool."""
    import openpyxl
    from openpyxl.styles import Alignment, Font

    made = openpyxl.Workbook()
    made.remove(made.active)
    for name in SHEETS:
        sheet = book[name]
        page = made.create_sheet(name)
        page.append(list(sheet.columns))
        for cell in page[1]:
            cell.font = Font(bold=True)
        for row in sheet.rows:
            page.append([row[column] or None for column in sheet.columns])
        # A code such as 01 or =x stays text: it is no number and no formula.
        for line in page.iter_rows(min_row=1):
            for cell in line:
                if cell.value is not None:
                    cell.data_type = "s"
                    cell.number_format = "@"
                    cell.alignment = Alignment(wrap_text=True, vertical="top")
        for number, column in enumerate(sheet.columns, start=1):
            letter = openpyxl.utils.get_column_letter(number)
            page.column_dimensions[letter].width = 45 if "::" in column else 18
        page.freeze_panes = "C2" if name == "survey" else "A2"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
