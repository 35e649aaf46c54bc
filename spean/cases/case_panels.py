"""What this room itself shows on the case page: the person's agreements, and help given on the spot."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.access.roles import SECTIONS
from spean.cases import labels
from spean.cases.models import DirectHelp, WithdrawalNotice
from spean.cases.panels import Panel, Sight, link, register
from spean.cases.queries import REFERRAL_TO_FOCAL
from spean.country.fields import label
from spean.privacy.models import Consent


def _consents(sight: Sight) -> Mapping[str, Any] | None:
    if "see_consent" not in sight.may:
        return None
    rows = sight.rows("see_consent", Consent).select_related("recipient")
    shown = []
    for row in rows:
        word, colour = labels.CONSENT_STATUS[row.status]
        shown.append(
            {
                "consent": row,
                "status": word,
                "colour": colour,
                "purpose": label("consent_purpose", row.purpose),
                "classes": [label("information_class", code) for code in row.classes],
                "ground": labels.GROUND[row.ground] if row.ground != "consent" else "",
                "may_withdraw": row.status in ("given", "unconfirmed") and "withdraw_consent" in sight.may,
                "receipt_url": link("consent_receipt", row.pk) if _has_receipt(row) else "",
            }
        )
    if not shown:
        return None
    ask = "record_ground" in sight.may and sight.case.status == "registered"
    return {
        "rows": shown,
        "ground_url": link("case_ground", sight.case.pk, "service_referral") if ask else "",
        "told": _told(sight),
        "not_shared": _not_shared(sight),
        "ask_url": link("case_consent", sight.case.pk, REFERRAL_TO_FOCAL) if "record_consent" in sight.may else "",
    }


def _has_receipt(row: Consent) -> bool:
    return row.status == "given" and row.ground == "consent" and bool(row.code)


def _told(sight: Sight) -> list[dict[str, Any]]:
    """Who was told that an agreement was taken back, and who has answered that its copies are gone."""
    rows = sight.rows("see_withdrawal", WithdrawalNotice)
    return [
        {
            "organisation": labels.organisation(row.organisation),
            "classes": [label("information_class", code) for code in row.classes],
            "notice": row,
            "url": link("withdrawal", row.pk),
        }
        for row in rows.select_related("organisation")
    ]


def _not_shared(sight: Sight) -> list[str]:
    """What the focal agency that runs the case was not given, or no longer has."""
    if "register_person" not in sight.may:
        return []
    return [str(labels.SECTION[section]) for section in SECTIONS if section not in sight.sections]


def _help(sight: Sight) -> Mapping[str, Any] | None:
    if "give_direct_help" not in sight.may:
        return None
    rows = [
        {"at": row.given_at, "help": [label("direct_help", code) for code in row.help]} for row in sight.all(DirectHelp)
    ]
    return {"rows": rows} if rows else None


register(Panel("consents", _("Agreement"), "cases/panels/consents.html", _consents, order=40))
register(Panel("direct_help", _("Help given on the spot"), "cases/panels/help.html", _help, order=50))
