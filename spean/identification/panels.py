"""What this room adds to the case page: the decisions on the case, and the next thing to do about them."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from spean.cases.panels import NextStep, Panel, Sight, next_steps, register
from spean.identification import queries, shown
from spean.identification.models import Determination


def determinations_of(sight: Sight) -> list[Determination]:
    """The decisions on this case that the user may see, read once for all parts of the page."""
    return list(sight.once("determinations", lambda: queries.told(sight.rows("see_determination", Determination))))


def decisions(sight: Sight) -> Mapping[str, Any] | None:
    if "see_determination" not in sight.may:
        return None
    rows = determinations_of(sight)
    if not rows and "open_determination" not in sight.may:
        return None
    return {
        "decisions": [shown.earlier(row) for row in rows],
        "url": reverse("case_identification", args=[sight.case.pk]),
    }


register(Panel("identification", _("Formal identification"), "identification/panels/decisions.html", decisions, 60))


@next_steps
def identification_steps(sight: Sight) -> list[NextStep]:
    """To write, to confirm, to tell, to review: whatever the last decision waits for."""
    # A case manager's steps stand together, in the order of the whole path.
    if "see_determination" not in sight.may or "see_case_history" in sight.may:
        return []
    step = shown.next_step(sight.user, sight.case, determinations_of(sight))
    if step is None or step.hindrances:
        return []
    # A verb is sent from the room's own page, not from the case page.
    url = reverse("case_identification", args=[sight.case.pk]) if step.post else step.url
    return [NextStep(step.title, url, why=step.note, order=60)]
