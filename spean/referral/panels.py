"""What this room shows on the case page: to whoever sent a referral, what became of it, and nothing learned since."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.cases.panels import Panel, Sight, link, register
from spean.cases.queries import answer_of
from spean.referral.models import Referral


def _sent(sight: Sight) -> Mapping[str, Any] | None:
    sent = policy.visible(sight.user, "see_referral", Referral).filter(case=sight.case, kind="focal", sent_by=sight.user)
    rows = []
    for referral in sent.select_related("to_organisation").defer("message", "answer"):
        answer, at = answer_of(referral)
        rows.append({"referral": referral, "answer": answer, "at": at, "url": link("referral_sent", referral.pk)})
    return {"rows": rows} if rows else None


register(Panel("sent_to_focal", _("Your referral"), "referral/panels/sent.html", _sent, order=5))
