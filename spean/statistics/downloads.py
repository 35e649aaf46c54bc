"""A published table as CSV, as a workbook and as JSON-stat 2.0, each with its states, definition and digest.

A cell without a number is empty in the column of values, and its state stands beside it: no form turns one into zero.
"""

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from spean.statistics import labels
from spean.statistics.margins import TOTAL
from spean.statistics.models import Edition
from spean.statistics.queries import cells_of

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
}


def write(form: str, edition: Edition, table: Mapping[str, Any], language: str, address: str) -> bytes:
    """The table in one of TYPES."""
    return {"csv": _csv, "xlsx": _xlsx, "json": _json}[form](edition, table, language, address)


def about(edition: Edition, table: Mapping[str, Any], language: str, address: str) -> list[tuple[str, str]]:
    """What stands with the numbers wherever they go."""
    coverage = "; ".join(f"{kind} {reported}/{all_}" for kind, all_, reported in edition.about["coverage"])
    bounds = table["bounds"]
    return [
        ("title", labels.text(table["title"], language)),
        ("edition", edition.number),
        ("period", f"{edition.first_day}/{edition.last_day}"),
        ("published", edition.published_at.date().isoformat() if edition.published_at else ""),
        ("corrects", edition.corrects.number if edition.corrects else ""),
        ("indicator", f"{table['indicator']}, version {table['version']}"),
        ("unit", table["unit"]),
        ("kind", table["kind"]),
        ("date rule", table["date_rule"]),
        ("definition", labels.text(table["definition"], language)),
        ("standards", "; ".join(f"{labels.STANDARD[name]}: {code}" for name, code in table["standard"].items())),
        ("coverage (organisations that reported)", coverage),
        ("distinct persons between", f"{bounds[0]}–{bounds[1]}" if bounds else ""),
        ("smallest count printed", str(table["threshold"])),
        ("method", f"Spean {edition.about['spean']}, country pack {edition.about['pack']['version']}"),
        ("digest of the edition (SHA-256)", edition.digest),
        ("source", address),
    ]


def rows(table: Mapping[str, Any], language: str) -> list[list[str | int | None]]:
    """A head, then one row for each cell: code and words of each dimension, value, state."""
    dimensions = table["dimensions"]
    head: list[str | int | None] = []
    for one in dimensions:
        head += [one["code"], labels.text(one["labels"], language)]
    words = [{code: labels.text(said, language) for code, said in one["categories"]} for one in dimensions]
    found: list[list[str | int | None]] = [[*head, "value", "state", "unit"]]
    for key, cell in cells_of(table).items():
        line: list[str | int | None] = []
        for code, said in zip(key, words, strict=True):
            line += [code, said.get(code, TOTAL)]
        found.append([*line, cell.value, cell.state, table["unit"]])
    return found


def _csv(edition: Edition, table: Mapping[str, Any], language: str, address: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for name, said in about(edition, table, language, address):
        writer.writerow([f"# {name}", said])
    writer.writerows([["" if value is None else value for value in row] for row in rows(table, language)])
    # With the mark at its beginning Excel reads Khmer as it is.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(edition: Edition, table: Mapping[str, Any], language: str, address: str) -> bytes:
    # Slow to import, and only whoever downloads a workbook needs it.
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    sheet.title = "table"
    for row in rows(table, language):
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    notes = book.create_sheet("about")
    for name, said in about(edition, table, language, address):
        notes.append([name, said])
    # A file made twice is the same file.
    book.properties.created = book.properties.modified = _moment(edition)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _moment(edition: Edition) -> datetime:
    return (edition.published_at or edition.drafted_at).astimezone(UTC).replace(tzinfo=None)


def _json(edition: Edition, table: Mapping[str, Any], language: str, address: str) -> bytes:
    """JSON-stat 2.0: values in row-major order with the total as a category, null where there is no number."""
    dimensions = table["dimensions"]
    codes = [[code for code, _said in one["categories"]] + [TOTAL] for one in dimensions]
    cells = cells_of(table)
    keys: list[tuple[str, ...]] = [()]
    for listed in codes:
        keys = [(*key, code) for key in keys for code in listed]
    made = {
        "version": "2.0",
        "class": "dataset",
        "label": labels.text(table["title"], language),
        "source": address,
        "updated": edition.published_at.isoformat(timespec="seconds") if edition.published_at else "",
        "note": [labels.text(table["definition"], language)],
        "extension": dict(about(edition, table, language, address)),
        "id": [one["code"] for one in dimensions],
        "size": [len(listed) for listed in codes],
        "dimension": {
            one["code"]: {
                "label": labels.text(one["labels"], language),
                "category": {
                    "index": listed,
                    "label": {code: labels.text(said, language) for code, said in one["categories"]} | {TOTAL: TOTAL},
                },
            }
            for one, listed in zip(dimensions, codes, strict=True)
        },
        "value": [cells[key].value for key in keys],
        "status": {str(at): cells[key].state for at, key in enumerate(keys) if cells[key].state != "counted"},
    }
    return json.dumps(made, ensure_ascii=False, indent=1).encode()
