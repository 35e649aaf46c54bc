"""Workbooks as partners send them, opened so that their first lines cost little however long they are.

A workbook keeps the texts of all its cells in one table, mostly in the order of its lines, and may not say how large a
page is. The library reads the whole table, and the page to measure it, before it shows one line; here the table is read
as far as a cell asks, and no page is measured.
"""

import io
from collections.abc import Iterator
from typing import IO, Any

from openpyxl.reader.excel import SHARED_STRINGS, ExcelReader
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

_ITEM, _TEXT, _RUN = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "t", "r"))


def opened(raw: bytes) -> Any:
    """The workbook, to be read only: formulas as they are written, no links to other files; nothing is worked out."""
    reader = _Reader(io.BytesIO(raw), read_only=True, keep_vba=False, data_only=False, keep_links=False)
    reader.read()
    return reader.wb


class _Reader(ExcelReader):
    def read_strings(self) -> None:
        table = self.package.find(SHARED_STRINGS)
        if table is not None:
            self.shared_strings = _Strings(self.archive.open(table.PartName[1:]))

    def read_worksheets(self) -> None:
        for sheet, part in self.parser.find_sheets():
            if part.target in self.valid_files and "chartsheet" not in part.Type:
                self.wb._sheets.append(_Page(self.wb, sheet.name, part.target, self.shared_strings))


class _Page(ReadOnlyWorksheet):
    def _get_size(self) -> None:
        """What a file says of its own size is not believed, and counting takes as long as reading."""


class _Strings:
    """The texts by their numbers."""

    def __init__(self, source: IO[bytes]) -> None:
        self._found: list[str] = []
        self._more = _texts(source)

    def __getitem__(self, number: int) -> str:
        while len(self._found) <= number:
            text = next(self._more, None)
            if text is None:
                raise IndexError(number)
            self._found.append(text)
        return self._found[number]


def _texts(source: IO[bytes]) -> Iterator[str]:
    with source:
        for _event, node in iterparse(source):
            if node.tag == _ITEM:
                # One text, or parts of it in several letters; how it is said aloud stands beside it and is left out.
                parts = [node, *node.findall(_RUN)]
                text = "".join(found.text or "" for part in parts for found in part.findall(_TEXT))
                node.clear()
                yield text.replace("x005F_", "")
