"""What this room shows on the case page: needs, risk, and whether the rights were told."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases.panels import Panel, Sight, link, register
from spean.country.fields import label
from spean.protection.models import Need, RightsInformation, RiskAssessment

# Whoever records it on this case sees what is recorded, as does whoever may see protection.
SEES = "see_protection"
NEED_COLOUR = {"open": "amber", "met": "green", "unmet": "red", "declined": "grey"}
NEED_STATUS = {"open": _("Open"), "met": _("Met"), "unmet": _("Could not be met"), "declined": _("Not wanted")}


def _needs(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "record_need"} & sight.may:
        return None
    rows = [
        {
            "label": label("need", need.code),
            "urgent": need.urgent and need.status == "open",
            "status": NEED_STATUS[need.status],
            "colour": NEED_COLOUR[need.status],
        }
        for need in Need.objects.filter(case=sight.case)
    ]
    return {"rows": rows} if rows else None


def _risk(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "assess_risk"} & sight.may:
        return None
    last = RiskAssessment.objects.filter(case=sight.case).defer("response").first()
    if last is None:
        return None
    return {
        "level": last.level,
        "level_label": label("risk_level", last.level),
        "factors": [label("risk_factor", code) for code in last.factors],
        "with_person": last.with_person,
        "at": last.assessed_at,
        "url": link("case_risk", sight.case.pk) if "assess_risk" in sight.may else "",
    }


def _rights(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "give_rights_information"} & sight.may:
        return None
    last = RightsInformation.objects.filter(case=sight.case).first()
    if last is None:
        return None
    return {
        "at": last.given_at,
        "language": label("language", last.language),
        "method": label("rights_method", last.method),
    }


register(Panel("needs", _("Needs"), "protection/panels/needs.html", _needs, order=20))
register(Panel("risk", _("Danger"), "protection/panels/risk.html", _risk, order=25))
register(Panel("rights", _("Rights told"), "protection/panels/rights.html", _rights, order=30))
