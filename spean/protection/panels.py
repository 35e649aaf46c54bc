"""What this room shows on the case page: needs, danger, rights told, and the reflection period."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases.panels import Panel, Sight, link, register
from spean.country.fields import label
from spean.lib import clock
from spean.protection.models import Need, ReflectionPeriod, RightsInformation, RiskAssessment

# Whoever records it on this case sees what is recorded, as does whoever may see protection.
SEES = "see_protection"
NEED_COLOUR = {"open": "amber", "met": "green", "unmet": "red", "declined": "grey"}
NEED_STATUS = {"open": _("Open"), "met": _("Met"), "unmet": _("Could not be met"), "declined": _("Not wanted")}
PERIOD_STATUS = {"running": _("Running"), "ended": _("Ended"), "waived": _("Given up by the person")}


def needs_of(sight: Sight) -> list[Need]:
    return list(sight.once("needs", lambda: list(sight.all(Need))))


def last_risk(sight: Sight) -> RiskAssessment | None:
    found: RiskAssessment | None = sight.once("risk", lambda: sight.all(RiskAssessment).first())
    return found


def last_rights(sight: Sight) -> RightsInformation | None:
    found: RightsInformation | None = sight.once("rights", lambda: sight.all(RightsInformation).first())
    return found


def last_period(sight: Sight) -> ReflectionPeriod | None:
    found: ReflectionPeriod | None = sight.once("reflection", lambda: sight.all(ReflectionPeriod).first())
    return found


def _needs(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "record_need"} & sight.may:
        return None
    may_change = "change_need" in sight.may
    rows = [
        {
            "label": label("need", need.code),
            "urgent": need.urgent and need.status == "open",
            "status": NEED_STATUS[need.status],
            "colour": NEED_COLOUR[need.status],
            "reason": label("unmet_reason", need.unmet_reason) if need.unmet_reason else "",
            "url": link("need", need.pk) if may_change else "",
            "find_url": link("need_services", sight.case.pk, need.pk)
            if may_change and "send_referral" in sight.may and need.status in ("open", "unmet")
            else "",
        }
        for need in needs_of(sight)
    ]
    add = link("case_needs", sight.case.pk) if "record_need" in sight.may else ""
    return {"rows": rows, "add_url": add if rows and may_change else ""} if rows else None


def _risk(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "assess_risk"} & sight.may:
        return None
    last = last_risk(sight)
    if last is None:
        return None
    return {
        "row": last,
        "level": last.level,
        "level_label": label("risk_level", last.level),
        "factors": [label("risk_factor", code) for code in last.factors],
        "with_person": last.with_person,
        "at": last.assessed_at,
        "review_on": last.review_on,
        # Opened on demand, by whoever may read this section.
        "has_response": last.response is not None and "protection" in sight.sections,
        "url": link("case_risk", sight.case.pk) if "assess_risk" in sight.may else "",
    }


def _rights(sight: Sight) -> Mapping[str, Any] | None:
    if not {SEES, "give_rights_information"} & sight.may:
        return None
    last = last_rights(sight)
    if last is None:
        return None
    return {
        "at": last.given_at,
        "language": label("language", last.language),
        "method": label("rights_method", last.method),
        "understood": last.understood,
        "url": link("case_rights", sight.case.pk) if "give_rights_information" in sight.may else "",
    }


def _reflection(sight: Sight) -> Mapping[str, Any] | None:
    if SEES not in sight.may:
        return None
    last = last_period(sight)
    if last is None:
        return None
    today = clock.today()
    length = (last.ends_on - last.starts_on).days
    return {
        "row": last,
        "status": PERIOD_STATUS[last.status],
        "running": last.status == "running",
        "over": today >= last.ends_on,
        "day": min(max((today - last.starts_on).days + 1, 1), length),
        "length": length,
        "url": link("case_reflection", sight.case.pk)
        if last.status == "running" and "end_reflection_period" in sight.may
        else "",
    }


register(Panel("needs", _("Needs"), "protection/panels/needs.html", _needs, order=20))
register(Panel("risk", _("Danger"), "protection/panels/risk.html", _risk, order=25))
register(Panel("rights", _("Rights told"), "protection/panels/rights.html", _rights, order=30))
register(Panel("reflection", _("Reflection period"), "protection/panels/reflection.html", _reflection, order=32))
