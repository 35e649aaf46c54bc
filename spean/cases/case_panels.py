"""What this room itself shows on the case page: the person's agreements, and help given on the spot."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.cases import labels
from spean.cases.panels import Panel, Sight, register
from spean.country.fields import label
from spean.privacy.models import Consent


def _consents(sight: Sight) -> Mapping[str, Any] | None:
    if "see_consent" not in sight.may:
        return None
    rows = policy.visible(sight.user, "see_consent", Consent).filter(case=sight.case).select_related("recipient")
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
                "may_withdraw": row.status == "given" and "withdraw_consent" in sight.may,
            }
        )
    return {"rows": shown} if shown else None


def _help(sight: Sight) -> Mapping[str, Any] | None:
    if "give_direct_help" not in sight.may:
        return None
    rows = [
        {"at": row.given_at, "help": [label("direct_help", code) for code in row.help]}
        for row in sight.case.direct_help.all()
    ]
    return {"rows": rows} if rows else None


register(Panel("consents", _("Agreement"), "cases/panels/consents.html", _consents, order=40))
register(Panel("direct_help", _("Help given on the spot"), "cases/panels/help.html", _help, order=50))
