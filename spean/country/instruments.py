"""Reads the instruments of a pack: an XLSForm (`form.xlsx` or `form.md`) in a folder with what is said about it.

A single Excel file beside the folders is an instrument too. What an XLSForm may hold is the business of
`spean.instruments`; here its rows become the questions and signs that rules and pages read.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spean.country.files import PackError, read_toml
from spean.country.language import texts
from spean.country.records import Indicator, Instrument
from spean.instruments import profile, sheets
from spean.instruments.sheets import SheetError, SheetRow, Workbook

if TYPE_CHECKING:
    from spean.instruments.convert import Around

FORMS = ("form.xlsx", "form.md")
COVER = "cover"


def paths(folder: Path) -> list[Path]:
    """What stands for an instrument in a pack: folders with an `instrument.toml`, and single XLSForms."""
    home = folder / "instruments"
    single = [path for path in sorted(home.glob("*")) if path.suffix in (".xlsx", ".md") and path.stem != COVER]
    return [*(path.parent for path in sorted(home.glob("*/instrument.toml"))), *single]


def cover(folder: Path) -> Path | None:
    """The XLSForm with what every screening asks, if the pack has one."""
    files = [folder / "instruments" / f"{COVER}{suffix}" for suffix in (".xlsx", ".md")]
    return next((path for path in files if path.is_file()), None)


def form_of(path: Path) -> Path | None:
    """The XLSForm of an instrument; None for an empty slot."""
    if path.is_file():
        return path
    return next((path / name for name in FORMS if (path / name).is_file()), None)


def tables(path: Path) -> Workbook:
    try:
        return sheets.read_file(path)
    except SheetError as error:
        raise PackError(path, error.line, error.message) from None


def read(path: Path, around: Callable[[str], "Around"]) -> Instrument:
    """The instrument in a folder or a single file; raises PackError."""
    form = form_of(path)
    about = read_toml(path / "instrument.toml") if path.is_dir() else {}
    try:
        return from_book(tables(form) if form else None, about, around)
    except KeyError as error:
        raise PackError(form or path / "instrument.toml", 0, f"{error} is missing") from None


def from_book(book: Workbook | None, about: Mapping[str, Any], around: Callable[[str], "Around"]) -> Instrument:
    """An instrument from its tables and what else is said of it (titles, notes, source); raises KeyError."""
    stated = {**about, **(book.settings if book else {})}
    said = {key: value for key, value in about.items() if isinstance(value, str)}
    for column, value in (book.settings if book else {}).items():
        base, language = _translated(column)
        if base in ("title", "note") and language:
            said[f"{base}_{language}"] = value
    if book is not None:
        said.setdefault("title_en", book.settings.get("form_title", ""))
    judge = str(stated.get("evaluated_with", ""))
    kind = str(stated.get("kind", "form"))
    return Instrument(
        name=str(stated["form_id"] if book else stated["name"]),
        version=str(stated["version"]),
        kind=kind,
        status=str(about.get("status", "ready")),
        titles=texts(said, "title"),
        notes=texts(said, "note"),
        indicators=tuple(_indicator(row) for row in book["survey"].rows if _counts(row)) if book else (),
        source=str(stated.get("source", "")),
        verified=stated.get("verified") is True,
        evaluated_with=judge,
        combine=str(stated.get("combine", "")),
        dimensions=MappingProxyType(dict(about.get("dimensions", {}))),
        about=MappingProxyType(dict(about)),
        book=book,
        around=partial(around, judge),
    )


def _counts(row: SheetRow) -> bool:
    return bool(row["dimension"] or row["maps_to"])


def _translated(column: str) -> tuple[str, str]:
    base, language = profile.column_base(column)
    return base, profile.language_code(language) if language else ""


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _indicator(row: SheetRow) -> Indicator:
    said: dict[str, dict[str, str]] = {"label": {}, "hint": {}, "short": {}}
    for column, value in row.cells.items():
        base, language = _translated(column)
        if base in said:
            said[base][language or "en"] = value
    return Indicator(
        code=row["name"],
        labels=MappingProxyType(said["short"] or said["label"]),
        questions=MappingProxyType(said["label"]),
        hints=MappingProxyType(said["hint"]),
        verified=row["verified"] in ("true", "yes"),
        dim=row["dimension"],
        key=row["key"],
        population=row["population"],
        exploitation=row["exploitation"],
        strength=row["strength"],
        ilo11_refs=_several(row["ilo11_refs"]),
        signs=_several(row["signs"]),
        element=row["element"],
        maps_to=_several(row["maps_to"]),
        note=row["note"],
    )
