"""Reads the files of a country pack: rows with their line numbers, and values that must have one form.

What the files mean stands in `pack.py`; what they must fulfil stands in `check.py`.
"""

import csv
import io
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


class PackError(ValueError):
    """A file of the pack cannot be used. `path` and `line` say where; line 0 means the file as a whole."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path = path
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Row:
    """One line of a table. Every value is text: a code `01` or `NA` means exactly itself."""

    path: Path
    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")

    def fault(self, message: str) -> PackError:
        return PackError(self.path, self.line, message)

    def date(self, column: str) -> date | None:
        """A date or nothing; anything else is a fault."""
        text = self[column]
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.fault(f"{column} {text!r} is not a date like 2026-01-31") from None

    def flag(self, column: str) -> bool:
        """`true` or `false`, spelt so; an empty flag is a fault, because silence is not a statement."""
        text = self[column]
        if text not in ("true", "false"):
            raise self.fault(f"{column} must be true or false, not {text!r}")
        return text == "true"

    def number(self, column: str) -> float | None:
        text = self[column]
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            raise self.fault(f"{column} {text!r} is not a number") from None

    def several(self, column: str) -> tuple[str, ...]:
        """The values of a cell that may hold several, separated by semicolons."""
        return tuple(part.strip() for part in self[column].split(";") if part.strip())


@dataclass(frozen=True)
class Table:
    """A CSV file: its header and its rows."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_text(path: Path) -> str:
    """The text of a file; a byte order mark, as spreadsheets write it, is not part of the text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise PackError(path, 0, "this file is missing") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PackError(path, line, "this is not UTF-8 text") from None


def read_table(path: Path, faults: list[PackError] | None = None) -> Table:
    """A whole CSV file. A row with too many or too few cells is a fault, not a guess.

    With a list for the faults, such rows are noted there and left out, so that a checker sees them all.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
        if not any(header):
            raise PackError(path, 1, "the header is missing")
        rows = []
        for cells in reader:
            if len(cells) == len(header):
                if any(cells):
                    values = [cell.strip() for cell in cells]
                    rows.append(Row(path, reader.line_num, dict(zip(header, values, strict=True))))
            elif any(cells):
                fault = PackError(path, reader.line_num, f"{len(cells)} cells where the header has {len(header)}")
                if faults is None:
                    raise fault
                faults.append(fault)
        return Table(path, header, tuple(rows))
    except csv.Error as error:
        raise PackError(path, reader.line_num, f"not a readable CSV line ({error})") from None


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        raise PackError(path, int(where[1]) if where else 0, f"not readable TOML ({error})") from None


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise PackError(path, error.lineno, f"not readable JSON ({error.msg})") from None


def toml_line(path: Path, name: str) -> int:
    """The line of a TOML section or key, so that a fault in it can be found; 0 if it has none of its own."""
    wanted = re.compile(rf"\[{re.escape(name)}\]|{re.escape(name)}\s*=")
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if wanted.match(line.strip()):
            return number
    return 0
