"""What this room shows on the case page: to whoever sent a referral, what became of it, and nothing learned since."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases.panels import Panel, Sight, link, register
from spean.cases.queries import answer_of
from spean.referral.models import Referral


def referrals_of(sight: Sight) -> list[Referral]:
    """The referrals of this case that the user may see, read once for all parts of the page."""

    def read() -> list[Referral]:
        rows = sight.rows("see_referral", Referral).select_related("to_organisation", "service")
        found = list(rows.defer("message", "answer")[:60])
        for row in found:
            row.case = sight.case
        return found

    return list(sight.once("referrals", read))


def _sent(sight: Sight) -> Mapping[str, Any] | None:
    rows = []
    for referral in referrals_of(sight):
        if referral.kind != "focal" or referral.sent_by_id != sight.user.pk:
            continue
        answer, at = answer_of(referral)
        rows.append(
            {
                "answer": answer,
                "at": at,
                "url": link("referral_sent", referral.pk),
                # Only as long as nobody took it over.
                "take_back": link("referral_withdraw", referral.pk) if referral.status == "sent" else "",
            }
        )
    return {"rows": rows} if rows else None


register(Panel("sent_to_focal", _("Your referral"), "referral/panels/sent.html", _sent, order=5))
