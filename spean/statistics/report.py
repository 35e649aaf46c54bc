"""The printed report of an edition: every table with its definition, coverage and method, set by Typst."""

from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from spean.lib import typeset
from spean.statistics import labels, queries, shown
from spean.statistics.indicators import register
from spean.statistics.models import Edition

TEMPLATE = Path(__file__).with_name("report.typ")
LANGUAGES = ("en", "km")
# Columns of numbers that an upright sheet still holds.
ON_PAPER = 7


def pdf(edition: Edition, language: str) -> bytes:
    """The report in English or Khmer."""
    with translation.override(language):
        return typeset.pdf(TEMPLATE, data(edition))


def data(edition: Edition) -> dict[str, Any]:
    """What the template prints, in the language that is active."""
    published = edition.published_at.date().isoformat() if edition.published_at else ""
    book = register()
    by_code = {table["indicator"]: table for table in queries.tables_of(edition)}
    seen: set[str] = set()
    parts = []
    for name, words in book.reports.items():
        codes = [code for code, table in by_code.items() if name in table["reports"] and code not in seen]
        again = [
            labels.text(by_code[code]["title"]) for code in by_code if name in by_code[code]["reports"] and code in seen
        ]
        seen.update(codes)
        if codes or again:
            tables = [_table(by_code[code]) for code in codes]
            parts.append({"title": labels.text(words), "tables": tables, "again": "; ".join(again)})
    return {
        "language": translation.get_language() or "en",
        "title": _("Trafficking in persons: numbers of %(period)s") % {"period": labels.period(edition.slug)},
        "authority": labels.text(edition.about["authority"]),
        "facts": [
            [_("Edition"), edition.number],
            [_("Published"), published],
            [_("Corrects"), f"{edition.corrects.number}: {labels.text({'en': edition.correction_en, 'km': edition.correction_km})}"
             if edition.corrects else "–"],
            [_("Counted"), str(edition.about.get("counted_at", ""))[:10]],
            [_("Made with"), f"Spean {edition.about['spean']}, {edition.about['pack']['name']} {edition.about['pack']['version']}"],
            ["SHA-256", edition.digest],
        ],
        "read": _(
            "These are persons who were found, not all who are exploited. More reports do not mean that there is more "
            "trafficking. A number that is missing is not zero."
        ),
        "coverage_title": _("Who reported"),
        "coverage": [
            [queries.kind_label(kind), f"{reported} / {organisations}"]
            for kind, organisations, reported in edition.about["coverage"]
        ],
        "legend": [f"{mark} {labels.words(labels.STATE, state)}" for state, mark in labels.MARK.items()],
        "again": _("Printed above:"),
        "zero": _("Zero in every column:"),
        "not_yet": _("Not collected yet. It will be recorded by:"),
        "parts": parts,
    }  # fmt: skip


def _table(table: Any) -> dict[str, Any]:
    # What is too wide for a sheet is printed as a list.
    grid = shown.grid(table)
    grid = shown.grid(table, long=True) if len(grid.columns) > ON_PAPER else grid
    between = table["bounds"]
    return {
        "title": labels.text(table["title"]),
        "definition": labels.text(table["definition"]),
        "unit": f"{_('Unit')}: {labels.words(labels.UNIT, table['unit'])} · {labels.words(labels.KIND, table['kind'])}",
        "bounds": _("Distinct persons: between %(low)s and %(high)s") % {"low": between[0], "high": between[1]} if between else "",
        "room": labels.room(table["room"]),
        "heads": [*grid.heads, *grid.columns],
        "rows": [[*row.heads, *(cell.text for cell in row.cells)] for row in grid.rows],
        "down": len(grid.heads),
        "zero": "; ".join(grid.zero) if len(grid.zero) <= 40 else _("all other combinations"),
    }  # fmt: skip
