"""Which column is what, and what each line is worth: taken, or kept aside with its reasons. Pure; no names in answers.

A line is kept aside (quarantined) where reading it wrongly would make it somebody else's: broken signs in a name,
cells that do not fit the heading, a number that another line of the file has too. Everything else is taken, and noted.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from spean.lib import births
from spean.linkage import encode, reading, records
from spean.lists.sheet import Line, Sheet

# What a column can be. The first are what linking compares; the others stay with the row.
LINKED = tuple(name for name in records.FIELDS if name != "source")
CONSENT = ("consent", "consent_proof")
# The same person's numbers in the systems that agencies use now.
OTHER_NUMBERS = ("primero_id", "oscar_id", "mosvy_number")
COLUMNS = (*LINKED, *CONSENT, *OTHER_NUMBERS)
TELLING = (
    "family_name", "given_name", "birth_date", "birth_year", "phone", "document_number", "mother_name", *OTHER_NUMBERS,
)  # fmt: skip
NAMES = ("family_name", "given_name", "mother_name")
LONGEST = 4_000  # signs in one cell
MOST_BREAKS = 20  # lines in one cell: a quotation mark that was never closed swallows the rest of a file
BROKEN = "\ufffd"
SEX_OF = ("female", "male", "transgender_feminine", "transgender_masculine", "nonconforming")
YES = frozenset({
    "yes", "y", "true", "1", "x", "given", "signed", "agreed", "oui", "បាទ", "ចាស", "បាទ/ចាស", "មាន", "យល់ព្រម", "có", "đồng ý",
    "ใช่", "ยินยอม",
})  # fmt: skip

# Headings beyond those that `spean link` knows: HTCDS, Khmer lists, Primero and OSCaR.
ALIASES: Mapping[str, str] = {
    **{name: name for name in LINKED}, **reading.ALIASES, **{name: name for name in (*CONSENT, *OTHER_NUMBERS)},
    "prs_firstname": "given_name", "prs_secondname": "family_name", "prs_birthdate": "birth_date", "prs_gender": "sex",
    "prs_citizenship": "nationality", "prs_identitynumber": "document_number", "prs_mobilephone": "phone",
    "con_consent": "consent", "consent_given": "consent", "consent_form": "consent_proof",
    "consent_reference": "consent_proof", "consent_date": "consent_proof", "external_id": "primero_id",
    "primero_case_id": "primero_id", "global_id": "oscar_id", "oscar_number": "oscar_id",
    "នាមត្រកូល": "family_name", "គោត្តនាម": "family_name", "នាមខ្លួន": "given_name", "នាម": "given_name", "ឈ្មោះ": "given_name",
    "ភេទ": "sex", "ថ្ងៃខែឆ្នាំកំណើត": "birth_date", "ឆ្នាំកំណើត": "birth_year", "អាយុ": "birth_date", "សញ្ជាតិ": "nationality",
    "ទីកន្លែងកំណើត": "birth_place", "លេខទូរស័ព្ទ": "phone", "ទូរស័ព្ទ": "phone", "ឈ្មោះម្តាយ": "mother_name", "ល.រ": "record_id",
}  # fmt: skip

_PARTS = re.compile(r"\s*(\d{1,2})\D+(\d{1,2})\D+(\d{4})(?!\d)")


def word_of(title: str) -> str:
    """A heading as it is remembered and compared."""
    return title.strip().casefold().replace(" ", "_").replace("-", "_").replace("'", "").replace("’", "")


def guess(heading: Sequence[str], remembered: Mapping[str, str] | None = None) -> dict[int, str]:
    """Which column is what: as this partner said before, else by its name. Each meaning once, the first column wins."""
    remembered = remembered or {}
    found: dict[int, str] = {}
    for place, title in enumerate(heading):
        word = word_of(title)
        name = remembered[word] if word in remembered else ALIASES.get(word, "")
        # "" is remembered as well: this column means nothing to us.
        if name and name not in found.values():
            found[place] = name
    return found


def filled(sheet: Sheet) -> list[int]:
    """Of each column, in how many of the lines read there is something."""
    counts = [0] * len(sheet.heading)
    for line in sheet.lines:
        for place, cell in enumerate(line.cells[: len(counts)]):
            counts[place] += bool(cell)
    return counts


@dataclass(frozen=True)
class Judged:
    """One line: why it is kept aside (`reasons`, empty when it is taken), what was noticed (`notes`), what it says."""

    line: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    number: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    rest: Mapping[str, str] = field(repr=False)
    sex: str = ""
    birth_year: int | None = None
    consent: bool = False

    @property
    def content(self) -> str:
        """Everything the line says, as it is sealed. The same for the same cells, whatever the order of the columns."""
        told = {"fields": dict(self.fields), "rest": dict(self.rest)}
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def judge(sheet: Sheet, mapping: Mapping[int, str]) -> Iterator[Judged]:
    """Every line of the sheet, in order. `mapping` says which column is what; see `guess`."""
    if sheet.form == "tokens":
        yield from _tokens(sheet)
        return
    order = order_of_dates(sheet, mapping)
    seen: dict[str, str] = {}
    for line in sheet.lines:
        yield _line(sheet, line, mapping, order, seen)


def order_of_dates(sheet: Sheet, mapping: Mapping[int, str]) -> str:
    """day_first, month_first, or mixed where the file itself proves both."""
    place = next((place for place, name in mapping.items() if name == "birth_date"), None)
    day_first = month_first = False
    for line in sheet.lines if place is not None else ():
        found = _PARTS.match(line.cells[place]) if place is not None and place < len(line.cells) else None
        if found:
            day_first |= int(found[1]) > 12
            month_first |= int(found[2]) > 12
    return "mixed" if day_first and month_first else "month_first" if month_first else "day_first"


def _line(sheet: Sheet, line: Line, mapping: Mapping[int, str], order: str, seen: dict[str, str]) -> Judged:
    fields, rest = _parted(sheet.heading, line, mapping)
    reasons, notes = [], []
    if len(line.cells) != len(sheet.heading) and sheet.form == "text":
        reasons.append("cells_do_not_fit")
    if any(len(cell) > LONGEST or cell.count("\n") > MOST_BREAKS for cell in line.cells):
        reasons.append("cell_too_long")
    if any(BROKEN in fields.get(name, "") for name in NAMES):
        reasons.append("broken_signs")
    elif any(BROKEN in cell for cell in line.cells):
        notes.append("broken_signs_elsewhere")
    if any(is_formula(cell) for cell in line.cells):
        notes.append("formula")
    if not any(fields.get(name) for name in TELLING):
        reasons.append("says_nothing")
    notes += _dated(fields, rest, order)
    number = fields.get("record_id", "").removeprefix("'")
    if number:
        told = json.dumps([fields, rest], sort_keys=True)
        if seen.setdefault(number, told) != told:
            reasons.append("number_again")
    else:
        notes.append("no_number")
    sex = records.SEXES.get(fields.get("sex", "").casefold(), -1)
    if sex < 0 and fields.get("sex"):
        notes.append("sex_unread")
    year, _month, _day, _estimated = records.read_birth_cells(
        fields.get("birth_date", ""), fields.get("birth_year", ""), None
    )
    agreed = fields.get("consent", "").casefold() in YES
    if agreed and not fields.get("consent_proof"):
        notes.append("consent_without_proof")
    return Judged(
        line.number, tuple(reasons), tuple(notes), number, fields, rest, SEX_OF[sex] if sex >= 0 else "",
        year if 1880 <= year <= 2200 else None, agreed and bool(fields.get("consent_proof")),
    )  # fmt: skip


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this cell. A number with its sign, and a telephone, it only reads."""
    return cell.startswith(reading.FORMULA) and not cell.lstrip("+-").replace(" ", "").replace("-", "").isdecimal()


def _parted(heading: Sequence[str], line: Line, mapping: Mapping[int, str]) -> tuple[dict[str, str], dict[str, str]]:
    fields: dict[str, str] = {}
    rest: dict[str, str] = {}
    for place, cell in enumerate(line.cells):
        if not cell:
            continue
        if place in mapping:
            fields[mapping[place]] = cell
        else:
            title = heading[place] if place < len(heading) else ""
            rest[title if title and title not in rest else f"{title}#{place + 1}"] = cell
    return fields, rest


def _dated(fields: dict[str, str], rest: dict[str, str], order: str) -> list[str]:
    """Brings the day of birth into one form. What was written stays beside it, where that is another."""
    written = fields.get("birth_date", "")
    if not written:
        return []
    parts = _PARTS.match(written)
    if parts and order != "day_first":
        one, two, year = int(parts[1]), int(parts[2]), int(parts[3])
        if order == "mixed" and one <= 12 and two <= 12 and one != two:
            rest["birth_date as written"] = fields.pop("birth_date")
            fields["birth_year"] = str(year)
            return ["day_or_month_first"]
        day, month = (one, two) if one > 12 else (two, one)
        try:
            fields["birth_date"] = date(births.common_era(year) or year, month, day).isoformat()
            rest["birth_date as written"] = written
        except ValueError:
            return ["birth_unread"]
        return []
    if births.read_birth(written)[1] is None and births.read_age(written) is None:
        return ["birth_unread"]
    return []


def _tokens(sheet: Sheet) -> Iterator[Judged]:
    seen: dict[str, tuple[str, ...]] = {}
    for line in sheet.lines:
        row = dict(zip(sheet.heading, line.cells, strict=False))
        reasons = []
        if sheet.heading != encode.COLUMNS or len(line.cells) != len(sheet.heading) or not encode.is_row(row):
            reasons.append("no_tokens")
        number = row.get("record", "")
        if number and seen.setdefault(number, line.cells) != line.cells:
            reasons.append("number_again")
        year = row.get("year", "")
        yield Judged(
            line.number, tuple(reasons), (), number, {name: cell for name, cell in row.items() if cell}, {},
            birth_year=int(year) if year.isdecimal() and 1880 <= int(year) <= 2200 else None,
        )  # fmt: skip


def record(content: str) -> dict[str, str]:
    """What linking compares of a sealed row: the names of `records.FIELDS`, or of tokens their columns."""
    fields: dict[str, str] = json.loads(content)["fields"]
    numbers = [fields[name] for name in OTHER_NUMBERS if fields.get(name)]
    if numbers:
        # A number in a common system tells as much as that of a paper; it is compared in the same place.
        fields["document_number"] = "; ".join([*filter(None, [fields.get("document_number")]), *numbers])
    return fields


def shown(content: str) -> tuple[dict[str, str], dict[str, str]]:
    """What a sealed row says, for a page: columns that we know, and the others by their own headings."""
    told = json.loads(content)
    return dict(told["fields"]), dict(told["rest"])


def usual(words: Iterable[str], mapping: Mapping[int, str], heading: Sequence[str]) -> dict[str, str]:
    """What is remembered of a mapping: each heading with its meaning, "" for none."""
    kept = dict.fromkeys(words, "")
    kept.update({word_of(heading[place]): name for place, name in mapping.items()})
    return kept
