"""The instruments of a screening as forms: what ODK Collect downloads, what is printed, what a sent form is held to.

Which ones there are is the country pack's business, what a form may hold that of `spean.instruments`.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from spean import __version__
from spean.country import pack
from spean.country.pack import Instrument, Pack
from spean.instruments import convert, sheets
from spean.instruments.convert import Made

# Kinds of instruments whose answers are judged by the definition test: those with which a screening is made.
KINDS = ("ilo_dimensions", "checklist")
FILES = ("form.xlsx", "form.md")


def screening_instruments() -> list[Instrument]:
    """What a screening can be made with, the shortest first; an empty slot is none."""
    usable = [one for one in pack().instruments.values() if one.kind in KINDS and one.indicators]
    return sorted((one for one in usable if _file(pack(), one.name)), key=lambda one: len(one.indicators))


def made(name: str) -> Made:
    """The form of an instrument, converted once for the life of the process; raises KeyError for none."""
    if name not in {one.name for one in screening_instruments()}:
        raise KeyError(name)
    return _made(pack(), name)


def source(name: str) -> str:
    """A digest of everything a form is made from: as long as it is the same, so is the form."""
    country, parts = pack(), [__version__.encode()]
    judge = country.instruments[name].evaluated_with
    for path in (_file(country, name), _file(country, judge) if judge else None, _cover(country)):
        parts.append(path.read_bytes() if path else b"")
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@lru_cache(maxsize=16)
def _made(country: Pack, name: str) -> Made:
    path, cover = _file(country, name), _cover(country)
    assert path is not None  # made() has looked
    judge = country.instruments[name].evaluated_with
    judged_by = _file(country, judge) if judge else None
    stated = country.about.get("translations", {})
    whole = tuple(code for code in country.languages if stated.get(code, {}).get("complete") is True)
    around = convert.Around(
        cover=sheets.read_file(cover) if cover else None,
        judged_by=sheets.read_file(judged_by) if judged_by else None,
        complete=whole or ("en",),
        read=country.languages,
    )
    return convert.make(sheets.read_file(path), around)


def _file(country: Pack, name: str) -> Path | None:
    folder = country.folder / "instruments"
    paths = [*(folder / name / file for file in FILES), folder / f"{name}.xlsx", folder / f"{name}.md"]
    return next((path for path in paths if path.is_file()), None)


def _cover(country: Pack) -> Path | None:
    paths = [country.folder / "instruments" / f"cover{suffix}" for suffix in (".xlsx", ".md")]
    return next((path for path in paths if path.is_file()), None)
