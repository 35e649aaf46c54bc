"""Safe tables in the forms that others read: JSON-stat 2.0, SDMX-CSV 2.0, CTDC codes, IC-TIP-aligned draft.

Only what `disclosure.protect` let out gets here. Zero, suppressed, missing, not applicable and not collected stay five
different things in every form, by the codes of SDMX's CL_OBS_STATUS.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from spean.statistics.margins import TOTAL, BadTables, Published
from spean.statistics.spreadsheets import csv_text
from spean.statistics.tables import Cell

# CL_OBS_STATUS of the SDMX cross-domain code lists: normal; suppressed; missing; cannot exist; exists, not collected.
STATUS = {"counted": "A", "suppressed": "Q", "missing": "O", "not_applicable": "M", "not_collected": "L"}
SDMX_TOTAL = "_T"
AGENCY = "SPEAN"
VERSION = "1.0"
IC_TIP = "IC-TIP-aligned draft"

# dimension -> category -> what the other standard calls it: “gender=Woman”, or a flag by itself: “isForcedLabour”
Crosswalk = Mapping[str, Mapping[str, str]]


def all_forms(table: Published) -> Iterator[tuple[str, str]]:
    """(ending of the file's name, text) of the forms that need no crosswalk."""
    yield ".csv", csv_text(table)
    yield ".json", json.dumps(json_stat(table), ensure_ascii=False, indent=1) + "\n"
    yield ".sdmx.csv", sdmx_csv(table)


def json_stat(table: Published, label: str = "") -> dict[str, Any]:
    """A JSON-stat 2.0 dataset. `value` in row-major order of `id`, null where there is no figure; `status` of every cell.

    The margins are a category of each dimension, the last one, called total.
    """
    columns = [(*one.categories, TOTAL) for one in table.dimensions]
    cells = [table.cells.get(key, Cell(None, "not_applicable")) for key in product(*columns)]
    return {
        "version": "2.0",
        "class": "dataset",
        "label": label or table.name,
        "id": [one.code for one in table.dimensions],
        "size": [len(words) for words in columns],
        "dimension": {
            one.code: {"label": one.code, "category": {"index": list(words)}}
            for one, words in zip(table.dimensions, columns, strict=True)
        },
        "value": [cell.value for cell in cells],
        "status": [STATUS[cell.state] for cell in cells],
        "extension": {"unit": table.unit, "status_codes": {code: state for state, code in STATUS.items()}},
    }


def sdmx_csv(table: Published, agency: str = AGENCY, version: str = VERSION) -> str:
    """An SDMX-CSV 2.0 data message: one observation per row, for the dataflow that goes by the table's name."""
    codes = [_concept(one.code) for one in table.dimensions]
    taken = {"STRUCTURE", "STRUCTURE_ID", "ACTION", "UNIT_MEASURE", "OBS_VALUE", "OBS_STATUS"}
    if len(set(codes)) < len(codes) or taken & set(codes):
        raise BadTables(
            [f"{table.name}: its dimensions have no names of their own as SDMX concepts: {', '.join(codes)}."]
        )
    flow = f"{agency}:{_concept(table.name)}({version})"
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *codes, "UNIT_MEASURE", "OBS_VALUE", "OBS_STATUS"])
    for key, cell in table.cells.items():
        words = [SDMX_TOTAL if word == TOTAL else word for word in key]
        value = "" if cell.value is None else cell.value
        writer.writerow(["dataflow", flow, "I", *words, table.unit, value, STATUS[cell.state]])
    return out.getvalue()


def _concept(name: str) -> str:
    """A name in the letters that SDMX identifiers take."""
    plain = re.sub(r"[^A-Z0-9_]+", "_", name.upper())
    return plain if re.match(r"[A-Z]", plain) else f"X_{plain.strip('_')}"


def ctdc_csv(table: Published, crosswalk: Crosswalk) -> str:
    """The table with CTDC's variables and values instead of the country's codes.

    Flags such as isForcedLabour are columns of their own, 1 or empty, all `total` in a margin. Categories that CTDC
    does not tell apart are added up, if all of them are shown. Raises BadTables for a category without a CTDC code.
    """
    return _translated(table, crosswalk, "CTDC")


def ictip_csv(table: Published, crosswalk: Crosswalk) -> str:
    """The table with the codes of the draft that follows IC-TIP. It says in every row that it is no more than that."""
    return _translated(table, {code: _whole(code, words) for code, words in crosswalk.items()}, IC_TIP)


def _whole(code: str, words: Mapping[str, str]) -> dict[str, str]:
    return {word: f"{code}={other}" if other else "" for word, other in words.items()}


def _translated(table: Published, crosswalk: Crosswalk, standard: str) -> str:
    plans = [_plan(table.name, one.code, one.categories, crosswalk, standard) for one in table.dimensions]
    header = [name for names, _ in plans for name in names]
    if len(set(header)) < len(header):
        raise BadTables([f"{table.name}: two dimensions have the same {standard} variable."])
    rows: dict[tuple[str, ...], list[Cell]] = {}
    for key, cell in table.cells.items():
        words = tuple(word for one, (_, said) in zip(key, plans, strict=True) for word in said[one])
        rows.setdefault(words, []).append(cell)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["classification", *header, "unit", "count", "obs_status"])
    for said, cells in rows.items():
        together = _together(cells)
        value = "" if together.value is None else together.value
        writer.writerow([standard, *said, table.unit, value, STATUS[together.state]])
    return out.getvalue()


def _plan(
    name: str, code: str, categories: Sequence[str], crosswalk: Crosswalk, standard: str
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """(columns, what stands in them for each category) of one dimension; a dimension that has no codes keeps its own."""
    words = crosswalk.get(code)
    if words is None:
        return [code], {one: (one,) for one in (*categories, TOTAL)}
    lost = [one for one in categories if not words.get(one)]
    if lost:
        raise BadTables([f"{name}: {code} {', '.join(lost)} has no {standard} code."])
    variables = list(dict.fromkeys(words[one].partition("=")[0] for one in categories))
    said = {
        one: tuple(
            (words[one].partition("=")[2] or "1") if words[one].partition("=")[0] == variable else ""
            for variable in variables
        )
        for one in categories
    }
    return variables, {**said, TOTAL: (TOTAL,) * len(variables)}


def _together(cells: Iterable[Cell]) -> Cell:
    """Several cells as one: a sum if all are counted, otherwise the strongest reason why there is none."""
    found = list(cells)
    counted = [cell.value for cell in found if cell.value is not None]
    there = [cell for cell in found if cell.state != "not_applicable"]
    if counted and len(counted) == len(there):
        return Cell(sum(counted), "counted")
    for state in ("suppressed", "missing", "not_collected"):
        if any(cell.state == state for cell in found):
            return Cell(None, state)
    return Cell(None, "not_applicable")


def read_crosswalk(text: str, column: str) -> dict[str, str]:
    """code -> `column` of a code list of a country pack (CSV with a header)."""
    return {row["code"]: row.get(column) or "" for row in csv.DictReader(io.StringIO(text))}
