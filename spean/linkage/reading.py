"""Lists as agencies send them: any encoding, any delimiter, any column order, and a report of what was wrong.

Nothing is executed and nothing is lost: cells are text and stay text, every row becomes a record, and what could not
be read is told with its line number, never with its content.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path

from spean.lib import births
from spean.linkage.records import FIELDS

SHOWN = 20  # line numbers per kind of fault
_DELIMITERS = ",;\t|"
_BEGINNING = 1_000_000  # signs in which the delimiter is looked for
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TELLING = ("family_name", "given_name", "birth_date", "birth_year", "phone", "document_number", "mother_name")
# Other names of columns, as lists have them; `--map` says the rest.
ALIASES = {
    "id": "record_id", "recordid": "record_id", "case_id": "record_id", "no": "record_id", "surname": "family_name",
    "last_name": "family_name", "lastname": "family_name", "familyname": "family_name", "first_name": "given_name",
    "firstname": "given_name", "givenname": "given_name", "name": "given_name", "full_name": "given_name",
    "gender": "sex", "dob": "birth_date", "date_of_birth": "birth_date", "birthdate": "birth_date", "yob": "birth_year",
    "year_of_birth": "birth_year", "age": "birth_date", "citizenship": "nationality", "place_of_birth": "birth_place",
    "birthplace": "birth_place", "telephone": "phone", "tel": "phone", "mobile": "phone", "mother": "mother_name",
    "mothers_name": "mother_name", "document": "document_number", "id_number": "document_number",
    "passport": "document_number", "organisation": "source", "agency": "source",
}  # fmt: skip


class ListFault(ValueError):
    """A list that cannot be read at all; the text is a sentence for whoever runs the command."""


@dataclass
class Notes:
    """What was noticed in one list: kinds of fault with line numbers."""

    path: str
    encoding: str = ""
    delimiter: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, fault: str, line: int) -> None:
        self.counts[fault] += 1
        if len(lines := self.faults.setdefault(fault, [])) < SHOWN:
            lines.append(line)

    def sentences(self) -> list[str]:
        """Each kind of fault with how often and where; no cell is repeated."""
        found = []
        for fault, lines in self.faults.items():
            where = ", ".join(map(str, lines)) + (" …" if self.counts[fault] > len(lines) else "")
            found.append(f"{fault}: {self.counts[fault]} (line {where})")
        return found


def decode(raw: bytes, notes: Notes) -> str:
    """Text in the first encoding that fits. Signs that fit none are kept as �, and counted."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            notes.encoding = encoding
            return raw.decode(encoding, errors="replace")
    try:
        notes.encoding = "utf-8"
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        broken = raw.decode("utf-8", errors="replace")
        # Mostly sound UTF-8 with some broken signs is not Western Latin: decoding it so would spoil every other name.
        bad = broken.count("\ufffd")
        good = len(broken) - len(broken.encode("ascii", "ignore")) - bad
        if good < bad:
            notes.encoding = "windows-1252"
            return raw.decode("cp1252", errors="replace")
        for number, line in enumerate(broken.split("\n"), start=1):
            if "\ufffd" in line:
                notes.add("signs that are no valid text (kept as �)", number)
        return broken


def delimiter_of(text: str) -> str:
    """The sign that parts the cells of most lines alike. Raises ListFault for a text without lines."""
    head = [line for line in text[:_BEGINNING].splitlines()[:20] if line.strip()]
    if not head:
        raise ListFault("The list is empty.")
    # A title above the heading parts no cells.
    head = list(dropwhile(lambda line: not any(sign in line for sign in _DELIMITERS), head)) or head

    def worth(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in head]
        return (counts[0] if min(counts) else 0, counts[0])

    best = max(_DELIMITERS, key=worth)
    return best if head[0].count(best) else ","


def rows(
    path: Path, notes: Notes, mapping: Mapping[str, str] | None = None, source: str = ""
) -> Iterator[dict[str, str]]:
    """Every row of the list with our column names. Raises ListFault when no column is known."""
    text = decode(path.read_bytes(), notes)
    if "\x00" in text:
        text = text.replace("\x00", "")
        notes.add("null characters (removed)", 1)
    notes.delimiter = delimiter_of(text)
    csv.field_size_limit(10_000_000)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=notes.delimiter)
    header = next(lines, [])
    places = _columns(header, mapping or {}, notes)
    if not any(name in places for name in _TELLING):
        raise ListFault(
            f"No column of {path.name} is known. Known are: {', '.join(FIELDS)}. Say which is which with --map, "
            "for example: --map family_name=Nachname"
        )
    seen: set[str] = set()
    own_source = source or path.stem
    for cells in lines:
        line = lines.line_num
        if not any(cell.strip() for cell in cells):
            continue
        notes.rows += 1
        if len(cells) != len(header):
            notes.add("rows with more or fewer cells than the heading (read as far as they go)", line)
        row = {name: cells[place].strip() for name, place in places.items() if place < len(cells)}
        for name, cell in row.items():
            if cell:
                notes.filled[name] += 1
                # A number with a sign is a number, and so is a telephone with its country code.
                if cell[0] in FORMULA and not cell.lstrip("+-").replace(" ", "").replace("-", "").isdecimal():
                    notes.add("cells that a spreadsheet would run as a formula (read as text)", line)
        _check_date(row, notes, line)
        number = row.get("record_id", "").removeprefix("'")
        if not number:
            number = f"line {line}"
            notes.add("rows without record_id (numbered by their line)", line)
        if number in seen:
            notes.add("record_id that occurs again (the line is added to it)", line)
            number = f"{number} (line {line})"
        seen.add(number)
        row["record_id"], row["source"] = number, row.get("source") or own_source
        if not any(row.get(name) for name in _TELLING):
            notes.add("rows that say nothing about a person (kept, linked with nobody)", line)
        yield row


def _columns(header: list[str], mapping: Mapping[str, str], notes: Notes) -> dict[str, int]:
    wanted = {given.casefold().strip(): ours for ours, given in mapping.items()}
    called = {given.casefold().strip(): given for given in mapping.values()}
    places: dict[str, int] = {}
    for place, title in enumerate(header):
        plain = title.strip().casefold()
        word = plain.replace(" ", "_").replace("-", "_").replace("'", "").replace("’", "")
        name = wanted.get(plain) or (word if word in FIELDS else ALIASES.get(word, ""))
        if name and (name not in places or plain in wanted):
            places[name] = place
            notes.columns[name] = title.strip()
        elif title.strip():
            notes.unused.append(title.strip())
    missing = [called[given] for given in wanted if given not in {title.strip().casefold() for title in header}]
    if missing:
        raise ListFault(f"--map names columns that {notes.path} does not have: {', '.join(missing)}")
    return places


def _check_date(row: Mapping[str, str], notes: Notes, line: int) -> None:
    written = row.get("birth_date", "")
    if written and births.read_birth(written)[1] is None and births.read_age(written) is None:
        notes.add("birth dates that cannot be read (taken as missing)", line)


def safe(cell: str) -> str:
    """A cell for our own files, which no spreadsheet runs: an apostrophe before what would be a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
