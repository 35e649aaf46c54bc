"""Tables as ministries keep them: CSV with one column per dimension and one `count`, read with all faults, and written.

Rows whose category is `total` are margins; they are checked and not needed. What stands instead of a number says why
there is none.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spean.statistics.margins import TOTAL, BadTables, Nesting, Published, extend
from spean.statistics.tables import Cell, Dimension, Table

LARGEST = 20_000_000  # bytes
MOST_FAULTS = 20  # of one file; nobody reads the hundredth
COUNT, STATE = "count", "state"
# Empty and a dash are “nobody told us”, never none.
WORDS = {
    "": "missing", "-": "missing", "–": "missing", "missing": "missing",
    "n/a": "not_applicable", "not applicable": "not_applicable", "not_applicable": "not_applicable",
    "not collected": "not_collected", "not_collected": "not_collected",
}  # fmt: skip


class Sheet:
    """One file: its table, the counts of each contributor if there is a column of them, and which rows are margins."""

    def __init__(self, path: Path, unit: str, contributor: str | None) -> None:
        self.path, self.unit, self.contributor = path, unit, contributor
        self.faults: list[str] = []
        self.codes: list[str] = []
        self.rows: list[tuple[int, tuple[str, ...], str, Cell]] = []
        self.margins: list[tuple[int, tuple[str, ...], int]] = []
        self._read()

    @property
    def name(self) -> str:
        return self.path.stem

    def fault(self, said: str) -> None:
        self.faults.append(f"{self.path.name}: {said}")

    def _read(self) -> None:
        try:
            with self.path.open("rb") as file:
                raw = file.read(LARGEST + 1)
            if len(raw) > LARGEST:
                return self.fault(f"more than {LARGEST:,} bytes.")
            text = raw.decode("utf-8-sig")
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True))
        except OSError as error:
            return self.fault(f"cannot be read: {error.strerror or error}.")
        except UnicodeDecodeError:
            return self.fault("is not UTF-8 text.")
        except csv.Error as error:
            return self.fault(f"is not a CSV table: {error}.")
        numbered = [
            (at, [cell.strip() for cell in row]) for at, row in enumerate(lines, start=1) if any(map(str.strip, row))
        ]
        if not numbered:
            return self.fault("is empty.")
        (_, header), *body = numbered
        if not self._header(header):
            return None
        if not body:
            return self.fault("has a header and no rows.")
        for number, row in body:
            self._row(header, number, row)
        return None

    def _header(self, header: Sequence[str]) -> bool:
        lower = [name.lower() for name in header]
        if lower.count(COUNT) != 1:
            self.fault(f"needs exactly one column called {COUNT}.")
        for name in sorted({name for name in header if header.count(name) > 1}):
            self.fault(f"two columns are called “{name}”.")
        if "" in header:
            self.fault("a column has no name.")
        if self.contributor and self.contributor not in header:
            self.fault(f"there is no column “{self.contributor}” that names contributors.")
        self.codes = [name for name in header if name.lower() != COUNT and name != self.contributor]
        for name in self.codes:
            if _formula(name) or name.lower() in (STATE, TOTAL):
                self.fault(f"a dimension cannot be called “{_short(name)}”.")
        if not self.codes:
            self.fault("has no column besides the count; a table needs a dimension.")
        return not self.faults

    def _row(self, header: Sequence[str], number: int, row: Sequence[str]) -> None:
        if len(row) != len(header):
            return self.fault(f"row {number} has {len(row)} cells; the header has {len(header)}.")
        given = dict(zip(header, row, strict=True))
        count = next(value for name, value in given.items() if name.lower() == COUNT)
        key = tuple(TOTAL if given[code].lower() == TOTAL else given[code] for code in self.codes)
        for code, word in zip(self.codes, key, strict=True):
            if not word:
                return self.fault(f"row {number} has no {code}.")
            if _formula(word):
                return self.fault(f"row {number}: the {code} “{_short(word)}” begins like a formula.")
        if count.lower() == "suppressed":
            return self.fault(f"row {number} is suppressed already; protection needs the counts.")
        if count.lower() in WORDS:
            cell = Cell(None, WORDS[count.lower()])  # type: ignore[arg-type]
        elif re.fullmatch(r"\d{1,15}", count, re.ASCII):
            cell = Cell(int(count), "counted")
        else:
            return self.fault(f"row {number} has a count that is not a whole number from 0: “{_short(count)}”.")
        if TOTAL in key:
            if cell.value is not None:
                self.margins.append((number, key, cell.value))
        else:
            self.rows.append((number, key, given[self.contributor] if self.contributor else "", cell))
        return None

    def check_rows(self) -> None:
        seen: dict[tuple[tuple[str, ...], str], int] = {}
        for number, key, who, _ in self.rows:
            first = seen.setdefault((key, who), number)
            if first != number:
                self.fault(f"row {number} repeats the cell of row {first}.")
        if not self.rows and not self.faults:
            self.fault("has only margins; protection needs the interior.")

    def table(self, categories: Mapping[str, Sequence[str]]) -> Table:
        """The table over the categories that any of the files knows, so that files that share a column share it whole."""
        mine = {code: {key[at] for _, key, _, _ in self.rows} for at, code in enumerate(self.codes)}
        dimensions = tuple(
            Dimension(code, tuple(one for one in categories[code] if one in mine[code])) for code in self.codes
        )
        return Table(self.name, self.unit, dimensions, _added(cell for cell in self.rows))

    def by_contributor(self, table: Table) -> list[Table]:
        who = sorted({one for _, _, one, _ in self.rows})
        return [
            Table(table.name, table.unit, table.dimensions, _added(row for row in self.rows if row[2] == one))
            for one in who
        ]

    def check_margins(self, table: Table, nested: Sequence[Nesting]) -> None:
        """Margins that somebody typed in must be the sums that they claim to be."""
        extended = extend(table, nested)
        flat = extended.values.reshape(-1)
        sums = {key: int(flat[place]) for key, place in extended.written()} if self.margins else {}
        for number, key, value in self.margins:
            if key not in sums:
                self.fault(f"row {number} is a margin of categories that no other row has.")
            elif sums[key] != value:
                self.fault(f"row {number} says {value}, but its parts add up to {sums[key]}.")


def _added(rows: Iterator[tuple[int, tuple[str, ...], str, Cell]]) -> dict[tuple[str, ...], Cell]:
    cells: dict[tuple[str, ...], Cell] = {}
    for _, key, _, cell in rows:
        before = cells.get(key)
        if before is None or before.value is None:
            cells[key] = cell
        elif cell.value is not None:
            cells[key] = Cell(before.value + cell.value, "counted")
    return cells


def read(
    paths: Sequence[Path], unit: str, nested: Sequence[tuple[str, str]] = (), contributor: str | None = None
) -> tuple[list[Table], list[Nesting], dict[str, list[Table]]]:
    """(tables, nestings, counts by contributor) of some files. Raises BadTables with the faults of all of them."""
    sheets = [Sheet(path, unit, contributor) for path in paths]
    faults = [
        f"two files are called {name}; what is published goes by these names."
        for name in sorted({one.name for one in sheets if [other.name for other in sheets].count(one.name) > 1})
    ]
    for sheet in sheets:
        sheet.check_rows()
    if not any(sheet.faults for sheet in sheets) and not faults:
        categories = _categories(sheets)
        nestings = _nestings(sheets, nested, faults)
        tables = [sheet.table(categories) for sheet in sheets]
        if not faults:
            for sheet, table in zip(sheets, tables, strict=True):
                try:
                    sheet.check_margins(table, nestings)
                except BadTables as bad:
                    faults.extend(bad.faults)
            if not faults and not any(sheet.faults for sheet in sheets):
                faults.extend(_disagreements(tables, nestings))
    for sheet in sheets:
        faults.extend(sheet.faults[:MOST_FAULTS])
        if len(sheet.faults) > MOST_FAULTS:
            faults.append(f"{sheet.path.name}: and {len(sheet.faults) - MOST_FAULTS} more faults.")
    if faults:
        raise BadTables(faults)
    parts = (
        {one.name: sheet.by_contributor(one) for sheet, one in zip(sheets, tables, strict=True)} if contributor else {}
    )
    return tables, nestings, parts


def _categories(sheets: Sequence[Sheet]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for sheet in sheets:
        for _, key, _, _ in sheet.rows:
            for code, word in zip(sheet.codes, key, strict=True):
                found.setdefault(code, {}).setdefault(word)
    return {code: list(words) for code, words in found.items()}


def _nestings(sheets: Sequence[Sheet], nested: Sequence[tuple[str, str]], faults: list[str]) -> list[Nesting]:
    """Which category lies in which, from the rows of a file that has both columns."""
    found = []
    for child, parent in nested:
        parent_of: dict[str, str] = {}
        for sheet in sheets:
            if child in sheet.codes and parent in sheet.codes:
                at, above = sheet.codes.index(child), sheet.codes.index(parent)
                for number, key, _, cell in sheet.rows:
                    if cell.value == 0:
                        parent_of.setdefault(key[at], key[above]) if key[at] not in parent_of else None
                    elif parent_of.setdefault(key[at], key[above]) != key[above]:
                        sheet.fault(
                            f"row {number}: {child} {key[at]} lies in {parent_of[key[at]]} and in {key[above]}."
                        )
        if not parent_of:
            faults.append(f"--nested {child}={parent}: no file has both columns, so nobody knows what lies where.")
        found.append(Nesting(child, parent, parent_of))
    return found


def _disagreements(tables: Sequence[Table], nested: Sequence[Nesting]) -> list[str]:
    """Files are linked by equal column names, so the figures that they have in common must be the same."""
    faults = []
    known: dict[tuple[tuple[str, str], ...], tuple[int, str]] = {}
    for table in tables:
        extended = extend(table, nested)
        wrong = 0
        for key, value, state in zip(
            extended.keys(), extended.values.reshape(-1).tolist(), extended.states.reshape(-1).tolist(), strict=True
        ):
            if state:
                continue
            before, where = known.setdefault(key, (value, table.name))
            if before != value:
                wrong += 1
                if wrong == 1:
                    said = ", ".join(f"{code} {word}" for code, word in key) or "everybody"
                    faults.append(
                        f"{table.name} and {where} disagree: {said} is {value} in one and {before} in the other. Files of "
                        "different people are protected one after the other, with one ledger."
                    )
    return faults


def csv_text(table: Published) -> str:
    """The safe table, margins included, with the state of each cell beside its count."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*(one.code for one in table.dimensions), COUNT, STATE])
    for key, cell in table.cells.items():
        writer.writerow([*key, "" if cell.value is None else cell.value, cell.state])
    return out.getvalue()


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _formula(word: str) -> bool:
    """What a spreadsheet would run instead of show, or what would break a line."""
    return word[:1] in "=+@" or not word.isprintable() or (word[:1] == "-" and not re.fullmatch(r"-\d*", word))


def _short(word: str) -> str:
    kept = "".join(sign if sign.isprintable() else "?" for sign in word[:20])
    return f"{kept}…" if len(word) > 20 else kept
