"""Which instruments can be asked here, and in which version a record was made.

The country pack ships some; an operator may load others, or newer versions, from Excel. Every version that was ever
asked is kept in the database, so that a change of a question never changes an old record.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction

from spean.country import pack
from spean.country.instruments import from_book
from spean.country.pack import Instrument, UnknownCode
from spean.detection.models import InstrumentVersion
from spean.instruments import convert, sheets
from spean.instruments.convert import FaultyInstrument, Made
from spean.instruments.lint import Fault
from spean.instruments.sheets import Sheet, SheetRow, Workbook
from spean.lib.prepared import Prepared


class AlreadyLoaded(ValueError):
    """This version is there already, with other questions: a change needs a new version."""


def current() -> dict[str, Instrument]:
    """What can be asked now, by name: the pack's instruments, and in their place what was loaded last."""
    found = dict(pack().instruments)
    for row in InstrumentVersion.objects.filter(loaded=True).defer("content").order_by("kept_at"):
        found[row.name] = _from_row(row)
    return found


def ready() -> list[Instrument]:
    """What is entered whole, so that it can be asked now."""
    return [one for one in current().values() if one.status == "ready" and one.book is not None]


def screenings() -> list[Instrument]:
    """What the definition test can judge, the shortest first."""
    return sorted((one for one in ready() if one.is_screening), key=lambda one: len(one.indicators))


def find(name: str) -> Instrument | None:
    """An instrument as it is asked now, if there is one that can be."""
    instrument = current().get(name)
    return instrument if instrument is not None and instrument.book is not None else None


# Asked by each submission.
_kept = Prepared[InstrumentVersion](
    lambda name, version: InstrumentVersion.objects.filter(name=name, version=version).defer("content"),
    "the name",
    "the version",
)


def get(name: str, version: str) -> Instrument:
    """An instrument in the version of a record; raises UnknownCode."""
    for row in _kept(name, version):
        return _from_row(row)
    shipped = pack().instruments.get(name)
    if shipped is None or shipped.version != version:
        raise UnknownCode(f"there is no instrument {name!r} in version {version!r}")
    return shipped


def keep(instrument: Instrument) -> None:
    """Keep a version of the pack with its first record. Kept already: the first text stands."""
    if InstrumentVersion.objects.filter(name=instrument.name, version=instrument.version).exists():
        return
    assert instrument.book is not None
    content = _content(instrument.book, instrument.about, instrument.made)
    try:
        with transaction.atomic():
            InstrumentVersion.objects.create(
                name=instrument.name, version=instrument.version, digest=_digest(content), content=content
            )
    except IntegrityError:
        # Somebody else's first record kept it in the same moment.
        return


def load(data: bytes, suffix: str) -> tuple[InstrumentVersion, bool]:
    """Take in an instrument from an Excel or text file: the version, and whether it is new.

    Raises FaultyInstrument with a line for every fault, and AlreadyLoaded where the version is there with other
    questions.
    """
    try:
        book = sheets.read(data, suffix)
    except sheets.SheetError as error:
        raise FaultyInstrument([Fault("the file", error.line, error.message)]) from None
    shipped = pack().instruments.get(book.settings.get("form_id", ""))
    about = dict(shipped.about) if shipped else {}
    for stated in ("name", "version", "kind", "status"):
        about.pop(stated, None)
    judge = book.settings.get("evaluated_with", "")
    judged_by = current().get(judge)
    around = replace(pack().around(judge), judged_by=judged_by.book if judged_by else None)
    content = _content(book, about, convert.make(book, around))
    name, version, digest = book.settings["form_id"], book.settings["version"], _digest(content)
    if shipped is not None and shipped.version == version and shipped.book is not None:
        keep(shipped)
    with transaction.atomic():
        row, fresh = InstrumentVersion.objects.get_or_create(
            name=name, version=version, defaults={"digest": digest, "content": content, "loaded": True}
        )
    if not fresh and row.digest != digest:
        raise AlreadyLoaded(
            f"{name} {version} is here already with other questions; give the changed instrument a new version"
        )
    return row, fresh


# The compiled instruments of versions that were used in this process: they never change.
_read: dict[str, Instrument] = {}


def _from_row(row: InstrumentVersion) -> Instrument:
    # A megabyte for the longest: read once in a process, by what it says.
    key = f"{row.name} {row.version} {row.digest}"
    if key not in _read:
        content = row.content
        instrument = from_book(_book(content["sheets"]), content["about"], pack().around)
        # What was asked then, and not what the tables would be converted to today.
        instrument.__dict__["made"] = Made(content["xform"], content["definition"])
        if len(_read) >= convert.MOST_KEPT:
            _read.clear()
        _read[key] = instrument
    return _read[key]


def _content(book: Workbook, about: Mapping[str, Any], made: Made) -> dict[str, Any]:
    return {
        "sheets": {
            name: {"columns": list(sheet.columns), "rows": [[row.line, dict(row.cells)] for row in sheet.rows]}
            for name, sheet in book.sheets.items()
        },
        "about": dict(about),
        "xform": made.xform,
        "definition": made.definition,
    }


def _book(stored: Mapping[str, Any]) -> Workbook:
    return Workbook(
        {
            name: Sheet(tuple(sheet["columns"]), tuple(SheetRow(line, cells) for line, cells in sheet["rows"]))
            for name, sheet in stored.items()
        }
    )


def _digest(content: Mapping[str, Any]) -> str:
    """Of what is asked and how it is judged; where its rows stood in the file is no difference."""
    text = json.dumps(content["definition"], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
