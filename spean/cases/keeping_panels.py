"""Panels of the case page on what is kept and for how long: documents, legal holds, erasure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases import labels
from spean.cases.documents import Document
from spean.cases.panels import Panel, Sight, link, register
from spean.privacy.models import Erasure, LegalHold


def _documents(sight: Sight) -> Mapping[str, Any] | None:
    if "see_document" not in sight.may or "documents" not in sight.sections:
        return None
    rows = sight.all(Document).filter(removed_at__isnull=True).select_related("organisation")[:50]
    url = link("document_attach", sight.case.pk) if "attach_document" in sight.may else ""
    return {"rows": list(rows), "url": url} if rows or url else None


def _keeping(sight: Sight) -> Mapping[str, Any] | None:
    if not sight.may & {"request_erasure", "see_erasure", "place_hold"}:
        return None
    holds = [
        {
            "hold": row,
            "ground": labels.HOLD_GROUND[row.ground],
            "url": link("hold_lift", row.pk) if row.status == "standing" and "lift_hold" in sight.may else "",
        }
        for row in sight.all(LegalHold).select_related("organisation")
        if row.stands or row.status == "standing"
    ]
    erasures = [
        {"erasure": row, "status": word, "colour": colour, "url": link("erasure", row.pk)}
        for row in (sight.all(Erasure) if "see_erasure" in sight.may else ())
        for word, colour in (labels.ERASURE_STATUS[row.status],)
    ]
    ended = sight.case.status == "closed" and sight.case.erased_at is None
    content = {
        "holds": holds,
        "erasures": erasures,
        "hold_url": link("hold_place", sight.case.pk) if "place_hold" in sight.may else "",
        "erase_url": link("erasure_request", sight.case.pk) if ended and "request_erasure" in sight.may else "",
    }
    return content if any(content.values()) else None


register(Panel("documents", _("Documents"), "cases/panels/documents.html", _documents, order=72))
register(Panel("keeping", _("Legal hold and erasure"), "cases/panels/keeping.html", _keeping, order=85))
