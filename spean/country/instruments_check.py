"""Proves the instruments of a pack: what is said about each, and its XLSForm against the profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spean.country import instruments, lists
from spean.country.files import read_toml, toml_line
from spean.instruments import convert, lint, profile
from spean.instruments.convert import QUESTIONS, RULE, Around
from spean.instruments.sheets import Sheet, Workbook

if TYPE_CHECKING:
    from spean.country.check import Faults


def check(faults: Faults) -> None:
    """Every instrument, and that the one the rules read is there and ready."""
    folder = faults.folder / "instruments"
    abouts: dict[str, dict[str, Any]] = {}
    books: dict[str, tuple[Path, Workbook]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not (path / "instrument.toml").is_file():
            faults.add(path / "instrument.toml", 0, "this file is missing")
    for path in instruments.paths(faults.folder):
        about = faults.attempt(lambda path=path: read_toml(path / "instrument.toml")) if path.is_dir() else {}  # type: ignore[misc]
        if about is None:
            continue
        name = path.name if path.is_dir() else path.stem
        abouts[name] = about
        if path.is_dir():
            _check_about(faults, path / "instrument.toml", about)
        form = _form(faults, path, about)
        if form is not None:
            book = faults.attempt(lambda form=form: instruments.tables(form))  # type: ignore[misc]
            if book is not None:
                books[name] = (form, book)
    default = lists.DEFAULT_INSTRUMENT
    if default not in books or abouts[default].get("status") != "ready":
        faults.add(folder / default, 0, "this instrument must be there and ready")
    cover = _cover(faults)
    for name, (form, book) in books.items():
        if book.settings.get("form_id") != name:
            stated = book.settings.get("form_id")
            faults.add(form, 0, f"settings: form_id {stated!r} is not the name of the folder or file, {name!r}")
        judge = books.get(book.settings.get("evaluated_with", ""))
        around = Around(cover, judge[1] if judge else None, faults.languages, faults.read_languages)
        for fault in convert.check(book, around):
            faults.add(form, fault.line, f"{fault.sheet}: {fault.message}")


def _check_about(faults: Faults, path: Path, about: dict[str, Any]) -> None:
    if about.get("name") != path.parent.name:
        faults.add(
            path,
            toml_line(path, "name"),
            f"name {about.get('name')!r} is not the name of the folder, {path.parent.name!r}",
        )
    if about.get("status") not in lists.INSTRUMENT_STATUSES:
        faults.add(
            path,
            toml_line(path, "status"),
            f"status {about.get('status')!r} is not one of {', '.join(lists.INSTRUMENT_STATUSES)}",
        )
    if not isinstance(about.get("source"), str) or not about["source"]:
        faults.add(path, 0, "source is missing")
    if not isinstance(about.get("verified"), bool):
        faults.add(path, toml_line(path, "verified"), "verified must be true or false")
    for language in faults.languages:
        for text in ("title", "note"):
            if not about.get(f"{text}_{language}"):
                faults.add(path, 0, f"{text}_{language} is missing")


def _form(faults: Faults, path: Path, about: dict[str, Any]) -> Path | None:
    """The XLSForm, if the instrument is to have one."""
    form = instruments.form_of(path)
    if about.get("status") == "empty_slot":
        if form is not None:
            faults.add(form, 0, "an empty slot must hold no questions; set its status to ready")
        for column in ("version", "kind"):
            if not about.get(column):
                faults.add(path / "instrument.toml", 0, f"{column} is missing")
        if about.get("kind") not in (None, *profile.KINDS):
            faults.add(
                path / "instrument.toml",
                toml_line(path / "instrument.toml", "kind"),
                f"kind {about['kind']!r} is not one of {', '.join(profile.KINDS)}",
            )
        return None
    if form is None:
        faults.add(
            path, 0, f"the instrument is ready but has no questions: {' or '.join(instruments.FORMS)} is missing"
        )
    return form


def _cover(faults: Faults) -> Workbook | None:
    path = instruments.cover(faults.folder)
    if path is None:
        return None
    book = faults.attempt(lambda: instruments.tables(path))
    if book is None:
        return None
    marks = [row["type"] for row in book["survey"].rows if row["type"] in (QUESTIONS, RULE)]
    if marks != [QUESTIONS, RULE]:
        faults.add(path, 0, f"survey: a cover has one row of type {QUESTIONS}, and after it one of type {RULE}")
    own = Sheet(
        book["survey"].columns, tuple(row for row in book["survey"].rows if row["type"] not in (QUESTIONS, RULE))
    )
    for fault in lint.tables(Workbook({**book.sheets, "survey": own}), faults.languages, faults.read_languages):
        faults.add(path, fault.line, f"{fault.sheet}: {fault.message}")
    return book
