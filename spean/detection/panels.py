"""What this room shows on the case page: the result of the last interview; to the hotline operator, who called."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases.panels import Panel, Sight, link, register
from spean.detection import informant, queries
from spean.detection.models import IntakeInterview


def _result(sight: Sight) -> Mapping[str, Any] | None:
    screening = queries.last_result(sight.case) if "see_screening" in sight.may else None
    return {"result": queries.result(screening)} if screening else None


def _caller(sight: Sight) -> Mapping[str, Any] | None:
    """Only before the operator who took the call: nobody else learns that there is a caller."""
    if "record_informant" not in sight.may:
        return None
    row = informant.of_case(sight.user, sight.case)
    return {"row": row, "url": link("informant", row.pk) if row else link("case_informant", sight.case.pk)}


def _intake(sight: Sight) -> Mapping[str, Any] | None:
    if "see_intake" not in sight.may:
        return None
    rows = [
        {
            "interview": row,
            "url": link("intake", row.pk),
            "note": "" if row.agreed else _("The person did not want to talk then. Offer another day."),
        }
        for row in sight.rows("see_intake", IntakeInterview).defer("submission")[:20]
    ]
    may_hold = "record_intake" in sight.may and sight.case.status == "registered"
    url = link("case_intake", sight.case.pk) if may_hold else ""
    return {"rows": rows, "url": url} if rows or url else None


register(Panel("intake", _("Intake interview"), "detection/panels/intake.html", _intake, order=65))
register(Panel("caller", _("Who called"), "detection/panels/caller.html", _caller, order=95))
register(Panel("screening", _("What the answers suggest"), "detection/panels/result.html", _result, order=10))
