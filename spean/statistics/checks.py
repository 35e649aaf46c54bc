"""What is looked at before an edition is published. A fault stops it; a remark is for the second officer to weigh.

Pure: the edition before it is passed in. Findings are codes and numbers, never words; `labels.py` says them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spean.statistics.series import Point, gap, growth

FAULT, REMARK = "fault", "remark"
# A whole table without a single number tells nobody anything.
FAULTS = ("not_protected", "small_count", "number_missing")
Finding = dict[str, Any]


def findings(
    tables: Sequence[Mapping[str, Any]],
    before: Mapping[str, Point],
    now: Mapping[str, Point],
    *,
    completeness: int,
    change: int,
    breaks: Iterable[Any] = (),
) -> list[Finding]:
    """Everything worth saying about these tables, against the totals of the period before."""
    found: list[Finding] = []
    declared = list(breaks)
    for table in tables:
        code = str(table["indicator"])
        found += _of_cells(code, table)
        found += [
            {"code": "incomplete", "weight": REMARK, "indicator": code, "dimension": one["dimension"], "percent": share, "n": one["n"]}
            for one in table["completeness"]
            if one["n"] and (share := round(one["known"] * 100 / one["n"])) < completeness
        ]  # fmt: skip
        if code in before and code in now:
            found += _of_change(code, before[code], now[code], change, declared)
    return found


def _of_cells(code: str, table: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    counted = [value for _key, state, value in table["cells"] if state == "counted"]
    if any(value is None for value in counted):
        found.append({"code": "number_missing", "weight": FAULT, "indicator": code})
    if any(value is not None and state != "counted" for _key, state, value in table["cells"]):
        found.append({"code": "not_protected", "weight": FAULT, "indicator": code})
    if table["unit"] != "place" and any(0 < (value or 0) < table["threshold"] for value in counted):
        found.append({"code": "small_count", "weight": FAULT, "indicator": code})
    states = {state for _key, state, _value in table["cells"]}
    if states == {"suppressed"}:
        found.append({"code": "all_suppressed", "weight": REMARK, "indicator": code})
    return found


def _of_change(code: str, before: Point, now: Point, change: int, declared: Sequence[Any]) -> list[Finding]:
    broken = gap(before, now, code, declared)
    if broken is not None:
        return [{"code": "break", "weight": REMARK, "indicator": code, "kinds": list(broken.kinds)}]
    grown = growth(before, now, code, declared)
    if grown is not None and abs(grown) > change:
        return [{"code": "large_change", "weight": REMARK, "indicator": code, "percent": grown}]
    return []
