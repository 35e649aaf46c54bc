"""How many persons there may be in all, from the overlap that a linking found: `spean.estimation` on its tables.

Part of the job of the linking, and told beside its count, never in its place.
"""

from collections.abc import Mapping
from typing import Any

from spean.estimation import report, table
from spean.estimation.table import BadTable
from spean.lists import register
from spean.lists.models import Linking
from spean.workflow.engine import Forbidden, perform


def estimate(linking: Linking) -> None:
    """Keep with each group of a finished linking what its overlap says of those on no list. May be repeated."""
    groups = linking.result.get("groups", [])
    if linking.status != "done" or all("estimate" in one for one in groups):
        return
    told = [answer(one, linking.seed) for one in groups]
    try:
        with perform("keep_estimate", linking, linking.started_by) as step:
            step.obj.result = {
                **step.obj.result,
                "groups": [{**one, "estimate": found} for one, found in zip(groups, told, strict=True)],
            }
            step.facts["estimates"] = [found["status"] for found in told]
    except Forbidden:
        return  # whoever started it may no longer: the count stands without it


def answer(group: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The answer of `spean estimate` to the table of this group, which is refused where the table is none."""
    try:
        data = table.parse(register.patterns_csv(group["lists"], group["overlap"]))
    except BadTable as bad:
        return {"status": "refused", "reasons": list(bad.faults), "lists": list(group["lists"]), "estimate": None}
    return report.answer(data, seed=seed)
