"""Proves the screening instruments of a pack: the part of `check.py` that knows what an instrument is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spean.country import lists
from spean.country.files import Row, Table, read_toml, toml_line

if TYPE_CHECKING:
    from spean.country.check import Faults

TEXTS = ("code", "label_en", "question_en", "verified")
COLUMNS: dict[str, tuple[str, ...]] = {
    "ilo_dimensions": (*TEXTS, "dim", "key", "population", "exploitation", "strength"),
    "checklist": (*TEXTS, "signs", "element", "maps_to"),
}
POPULATIONS = ("adult", "child")
EXPLOITATIONS = ("labour", "sexual")
ELEMENTS = ("act", "means", "purpose")


def check(faults: Faults) -> None:
    """Every instrument, and that the one the rules read is there and ready."""
    folder = faults.folder / "instruments"
    found: dict[str, dict[str, Any]] = {}
    tables: dict[str, Table] = {}
    for path in sorted(folder.glob("*/instrument.toml")):
        about = faults.attempt(lambda path=path: read_toml(path))  # type: ignore[misc]
        if about is None:
            continue
        found[path.parent.name] = about
        _check_about(faults, path, about)
        table = _rows(faults, path, about)
        if table is not None:
            tables[path.parent.name] = table
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and path.name not in found and not (path / "instrument.toml").is_file():
            faults.add(path / "instrument.toml", 0, "this file is missing")
    default = found.get(lists.DEFAULT_INSTRUMENT)
    if default is None or default.get("status") != "ready":
        faults.add(folder / lists.DEFAULT_INSTRUMENT, 0, "this instrument must be there and ready")
    keys = {
        name: {f"{row['dim']}-{row['key']}" for row in table.rows}
        for name, table in tables.items()
        if found[name].get("kind") == "ilo_dimensions"
    }
    for name, table in tables.items():
        judged_by = str(found[name].get("evaluated_with") or lists.DEFAULT_INSTRUMENT)
        _check_rows(faults, str(found[name].get("kind")), table, judged_by, keys.get(judged_by))


def _check_about(faults: Faults, path: Path, about: dict[str, Any]) -> None:
    if about.get("name") != path.parent.name:
        faults.add(
            path,
            toml_line(path, "name"),
            f"name {about.get('name')!r} is not the name of the folder, {path.parent.name!r}",
        )
    if about.get("kind") not in lists.INSTRUMENT_KINDS:
        faults.add(
            path,
            toml_line(path, "kind"),
            f"kind {about.get('kind')!r} is not one of {', '.join(lists.INSTRUMENT_KINDS)}",
        )
    if about.get("status") not in lists.INSTRUMENT_STATUSES:
        faults.add(
            path,
            toml_line(path, "status"),
            f"status {about.get('status')!r} is not one of {', '.join(lists.INSTRUMENT_STATUSES)}",
        )
    for key in ("version", "source"):
        if not isinstance(about.get(key), str) or not about[key]:
            faults.add(path, 0, f"{key} is missing")
    if not isinstance(about.get("verified"), bool):
        faults.add(path, toml_line(path, "verified"), "verified must be true or false")
    for language in faults.languages:
        for text in ("title", "note"):
            if not about.get(f"{text}_{language}"):
                faults.add(path, 0, f"{text}_{language} is missing")


def _rows(faults: Faults, path: Path, about: dict[str, Any]) -> Table | None:
    """The questions, if the instrument is to have any and they can be judged."""
    rows = path.parent / "indicators.csv"
    if about.get("status") == "empty_slot":
        table = faults.table(rows, ("code",)) if rows.exists() else None
        if table is not None and table.rows:
            faults.add(rows, table.rows[0].line, "an empty slot must hold no questions; set its status to ready")
        return None
    texts = [f"{text}_{language}" for text in ("label", "question") for language in faults.languages]
    table = faults.table(rows, (*COLUMNS.get(str(about.get("kind")), TEXTS), *texts))
    if table is not None and not table.rows:
        faults.add(rows, 0, "the instrument is ready but has no questions")
    return table


def _check_rows(faults: Faults, kind: str, table: Table, judged_by: str, keys: set[str] | None) -> None:
    faults.unique(table.rows)
    asked: dict[tuple[str, ...], int] = {}
    for row in table.rows:
        of = repr(row["code"])
        faults.attempt(lambda row=row: row.flag("verified"))  # type: ignore[misc]
        for text in ("label", "question"):
            faults.texts(row, text, of, table.header)
        if kind == "ilo_dimensions":
            for column, allowed in (
                ("dim", lists.DIMENSIONS),
                ("population", POPULATIONS),
                ("exploitation", EXPLOITATIONS),
                ("strength", lists.STRENGTHS),
            ):
                _one_of(faults, row, column, allowed)
            place = tuple(row[column] for column in ("dim", "key", "population", "exploitation"))
            first = asked.setdefault(place, row.line)
            if first != row.line:
                faults.at(row, f"{'-'.join(place[:2])} for this population and exploitation stands in line {first}")
        elif kind == "checklist":
            for element in row.several("element") or ("",):
                if element not in ELEMENTS:
                    faults.at(row, f"element {element!r} is not one of {', '.join(ELEMENTS)}")
            for key in row.several("maps_to"):
                if keys is not None and key not in keys:
                    faults.at(row, f"maps_to {key!r} is not a question of {judged_by}")


def _one_of(faults: Faults, row: Row, column: str, allowed: tuple[str, ...]) -> None:
    if row[column] not in allowed:
        faults.at(row, f"{column} {row[column]!r} is not one of {', '.join(allowed)}")
