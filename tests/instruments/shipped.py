"""The instruments that tests answer: those of the shipped pack, and one that uses the whole profile."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from spean.country.pack import pack
from spean.instruments import convert, sheets
from spean.instruments.convert import Made

HERE = Path(__file__).resolve().parent
SCREENINGS = ("first_responder", "ilo_2009")
SHIPPED = ("first_responder", "intake", "transit_centre", "ilo_2009")
# A form outside the repository can be walked as well: SPEAN_INSTRUMENT=/path/to/form.xlsx
EVERYTHING = "everything"


@cache
def made(name: str) -> Made:
    """The XForm and definition of an instrument by its name, or of an XLSForm by its path."""
    if name == EVERYTHING:
        return convert.make(sheets.read_file(HERE / "everything.md"))
    if name.endswith((".xlsx", ".md")):
        book = sheets.read_file(Path(name))
        # Of somebody else's instrument the expressions are compared, whatever languages it is in.
        around = pack("cambodia").around(book.settings.get("evaluated_with", ""))
        return convert.make(book, replace(around, complete=(), read=()))
    return pack("cambodia").instruments[name].made
