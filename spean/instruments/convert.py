"""From the tables of an instrument to its XForm and its compiled definition.

An instrument that is judged by the definition test stands between the cover and the rule: what every screening asks
(`cover`, from the country pack), then its own questions, then what its answers suggest (`elements.py`).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spean.instruments import definition as compiled
from spean.instruments import elements, lint, profile
from spean.instruments.lint import Fault
from spean.instruments.sheets import Sheet, SheetRow, Workbook

# Rows of the cover in whose place something else is put.
QUESTIONS, RULE = "questions", "rule"
_ROW = re.compile(r"\[row : (\d+)\]\s*")
# The rows of the rule have no line of their own.
NOWHERE = 0
MOST_KEPT = 16
_done: "dict[str, Made | FaultyInstrument]" = {}


class FaultyInstrument(ValueError):
    """The instrument cannot be used; `faults` has a line for each reason."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Made:
    """An instrument ready to be asked."""

    xform: str
    definition: compiled.Definition


@dataclass(frozen=True)
class Around:
    """What a pack puts around an instrument: the cover, the list that judges a checklist, and its languages.

    `complete` must be there in every text; `read` also in what is read to the person.
    """

    cover: Workbook | None = None
    judged_by: Workbook | None = None
    complete: tuple[str, ...] = ("en",)
    read: tuple[str, ...] = ("en",)


def check(book: Workbook, around: Around) -> list[Fault]:
    """Everything that is wrong with an instrument, one line each; empty if it can be used."""
    try:
        make(book, around)
    except FaultyInstrument as faulty:
        return list(faulty.faults)
    return []


def make(book: Workbook, around: Around = Around()) -> Made:
    """Convert an instrument; raises FaultyInstrument with every fault that could be found.

    Takes up to a few seconds, and is done once for the same rows.
    """
    key = hashlib.sha256(repr((book, around)).encode()).hexdigest()
    if key not in _done:
        if len(_done) >= MOST_KEPT:
            _done.pop(next(iter(_done)))
        try:
            _done[key] = _make(book, around)
        except FaultyInstrument as faulty:
            _done[key] = faulty
    found = _done[key]
    if isinstance(found, FaultyInstrument):
        raise FaultyInstrument(found.faults)
    return found


def _make(book: Workbook, around: Around) -> Made:
    faults = lint.tables(book, around.complete, around.read)
    kind = book.settings.get("kind", "form")
    if kind in profile.JUDGED:
        faults += elements.faults(book, around.judged_by, kind)
        if around.cover is None:
            faults.append(Fault("settings", 0, f"the pack has no cover, which an instrument of kind {kind} needs"))
    if faults:
        raise FaultyInstrument(faults)
    whole = assemble(book, around)
    lines = {row["name"]: row.line for row in book["survey"].rows if row["name"]}
    xform = _convert(whole, book)
    try:
        definition = compiled.compile_xform(xform)
    except compiled.NotInProfile as error:
        name = error.path.rpartition("/")[2]
        raise FaultyInstrument(
            [Fault("survey", lines.get(name, 0), f"{error.part or 'type'}: {error.message}")]
        ) from None
    faults = lint.meaning(definition, lines) + _missing(definition, kind)
    if faults:
        raise FaultyInstrument(faults)
    return Made(xform, definition)


def _missing(definition: compiled.Definition, kind: str) -> list[Fault]:
    return [
        Fault("survey", 0, f"an instrument of kind {kind} asks {path}")
        for path in profile.PARTS.get(kind, ())
        if not _there(definition["root"], path.split("/"))
    ]


def _there(node: Any, path: Sequence[str]) -> bool:
    below = [child for child in node["nodes"] if child["name"] == path[0]]
    return bool(below) and (len(path) == 1 or _there(below[0], path[1:]))


def assemble(book: Workbook, around: Around) -> Workbook:
    """The instrument with the cover before it and the rule behind it, where it is of a kind that is judged."""
    kind = book.settings.get("kind", "form")
    if kind not in profile.JUDGED or around.cover is None:
        return book
    cover = around.cover
    judged_by = around.judged_by if kind == "checklist" else book
    if judged_by is None:
        raise FaultyInstrument([Fault("settings", 0, "evaluated_with names no instrument that is there")])
    columns = tuple(dict.fromkeys((*cover["survey"].columns, *book["survey"].columns)))
    rows: list[SheetRow] = []
    for row in cover["survey"].rows:
        if row["type"] == QUESTIONS:
            rows += book["survey"].rows
        elif row["type"] == RULE:
            rows += [SheetRow(NOWHERE, cells) for cells in elements.rows(book, judged_by, kind)]
        else:
            rows.append(SheetRow(NOWHERE, row.cells))
    own = {row["list_name"] for row in book["choices"].rows}
    choices = [*book["choices"].rows, *(row for row in cover["choices"].rows if row["list_name"] not in own)]
    return Workbook(
        {
            "survey": Sheet(columns, tuple(rows)),
            "choices": Sheet(
                tuple(dict.fromkeys((*book["choices"].columns, *cover["choices"].columns))), tuple(choices)
            ),
            "settings": book["settings"],
        }
    )


def _convert(whole: Workbook, book: Workbook) -> str:
    # Slow to import, and needed only when an instrument is new.
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        return str(convert(_for_pyxform(whole), form_name="data").xform)
    except PyXFormError as error:
        message = " ".join(str(error).split())
        found = _ROW.search(message)
        # The header is row 1 there; rows of the cover and the rule have no line in the author's file.
        place = int(found[1]) - 2 if found else -1
        rows = whole["survey"].rows
        line = rows[place].line if 0 <= place < len(rows) else 0
        raise FaultyInstrument([Fault("survey", line, _ROW.sub("", message))]) from None


def _for_pyxform(book: Workbook) -> dict[str, Any]:
    sheets: dict[str, Any] = {"sheet_names": [name for name in ("survey", "choices", "settings") if book[name].rows]}
    for name in sheets["sheet_names"]:
        used = {column for row in book[name].rows for column in row.cells}
        columns = [column for column in book[name].columns if column in used and _standard(name, column)]
        sheets[name] = [{column: row[column] for column in columns if row[column]} for row in book[name].rows]
        sheets[f"{name}_header"] = [dict.fromkeys(columns)]
    if sheets.get("settings"):
        sheets["settings"][0]["style"] = sheets["settings_header"][0]["style"] = "pages"
    return sheets


def _standard(sheet: str, column: str) -> bool:
    base, _language = profile.column_base(column)
    if base in profile.OWN[sheet] or base in profile.OWN_TRANSLATED[sheet]:
        return False
    return bool(column)
