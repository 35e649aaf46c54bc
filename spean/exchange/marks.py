"""What marks an export so that a leaked piece of it names it: number, canary, order of the rows. Pure functions.

Each export has its rows in an order of its own, made with a key of its own. Ten rows in a row name one export among
a thousand (tests/exchange/test_marks.py); a list that somebody sorted carries that mark no more, and one without
codes never did. Marks find a leak afterwards; they prevent nothing.
"""

import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spean.lib.identifiers import check_code

CODE = re.compile(r"\b[CE]-[0-9A-Z]{4}-[0-9A-Z]{4}\b", re.IGNORECASE)
# Fewer rows may stand in the same order by chance: one in 3,628,800 for ten.
ENOUGH = 10
# What makes a spreadsheet take a cell for a formula; the wide forms count as the narrow ones there.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def place(order_key: bytes, code: str) -> bytes:
    """Where a row stands in an export: sorted by this."""
    return hmac.digest(order_key, code.encode(), hashlib.sha256)


def neutral(cell: str) -> str:
    """The cell such that no spreadsheet runs it."""
    return f"'{cell}" if cell.lstrip(" \u00a0\u200b\ufeff").startswith(FORMULA) or cell.startswith(FORMULA) else cell


def write(number: str, columns: Sequence[str], rows: Mapping[str, Mapping[str, str]], order_key: bytes) -> bytes:
    """The list as CSV: the number on every line, then the case's code, then the columns. `rows` by code."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["export", "case", *columns])
    for code in sorted(rows, key=lambda code: place(order_key, code)):
        writer.writerow([number, code, *(neutral(rows[code].get(name, "")) for name in columns)])
    # With the mark by which spreadsheets know that it is Unicode: Khmer names would be spoilt otherwise.
    return b"\xef\xbb\xbf" + out.getvalue().encode()


@dataclass(frozen=True)
class Made:
    """What is remembered of an export that was made: enough to know it again."""

    number: str
    order_key: bytes
    codes: frozenset[str]
    canary_code: str = ""
    canary_words: tuple[str, ...] = ()


def codes_in(text: str) -> list[str]:
    """The codes of cases and exports in a piece of text, in its order, each once."""
    found = []
    for match in CODE.finditer(text):
        try:
            found.append(check_code(match.group()))
        except ValueError:
            continue  # mistyped, or no code of ours
    return list(dict.fromkeys(found))


def identify(rows: Sequence[str], exports: Iterable[Made]) -> str | None:
    """The number of the export in whose order these codes stand, or None where that cannot be told.

    Rows may have been left out between them. A canary's code names its export at once.
    """
    known = list(exports)
    for export in known:
        if export.canary_code in rows:
            return export.number
    if len(rows) < ENOUGH:
        return None
    found = [export.number for export in known if export.codes.issuperset(rows) and _in_order(rows, export.order_key)]
    return found[0] if len(found) == 1 else None


def _in_order(codes: Sequence[str], order_key: bytes) -> bool:
    """Whether none of them stands before the one it followed. Most orders are told after a few rows."""
    before = b""
    for code in codes:
        here = place(order_key, code)
        if here <= before:
            return False
        before = here
    return True


@dataclass(frozen=True)
class Trace:
    """Which export a leaked piece comes from, and by which of its marks that is known."""

    number: str
    mark: str


def trace(text: str, exports: Iterable[Made]) -> list[Trace]:
    """Every export that a leaked piece points to, by the number in it, by its canary, or by the order of its rows."""
    known = list(exports)
    numbers = {export.number for export in known}
    codes = codes_in(text)
    found = [Trace(code, "number") for code in codes if code in numbers]
    lines = [line.casefold() for line in text.splitlines()]
    for export in known:
        told = export.canary_words and any(
            all(word.casefold() in line for word in export.canary_words) for line in lines
        )
        if export.canary_code in codes or told:
            found.append(Trace(export.number, "canary"))
    ordered = identify([code for code in codes if code.startswith("C-")], known)
    if ordered is not None and Trace(ordered, "canary") not in found:
        found.append(Trace(ordered, "order"))
    return found
