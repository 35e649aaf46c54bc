"""The reasons that were given about who takes part: how they are asked, listed, and opened one by one."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.cases.models import Reason
from spean.privacy import doors
from spean.workflow.pages import LONG, ActionForm

WORDS: dict[str, str | Promise] = {
    "renew_involvement": gettext_lazy("Renewed"),
    "end_involvement": gettext_lazy("Ended"),
    "ask_to_lift_exclusion": gettext_lazy("Asked to lift it"),
    "lift_exclusion": gettext_lazy("Lifted"),
    "keep_exclusion": gettext_lazy("Kept"),
    "clear_suspect": gettext_lazy("No longer a suspect"),
    "offer_hand_over": gettext_lazy("Offered"),
    "decline_hand_over": gettext_lazy("Declined"),
}


class ReasonForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Your reason, in a sentence or two"),
        help_text=gettext_lazy("It is sealed. Those who run the case, or decide about this, can read it."),
        max_length=LONG,
        min_length=10,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Write down your reason"),
            "min_length": gettext_lazy("Write down your reason, in a sentence at least"),
            "max_length": gettext_lazy("This is too long: keep it under %(limit_value)d signs."),
        },
    )


def reasons_about(user: User, obj: Model) -> list[dict[str, Any]]:
    """The reasons given about a row, as far as this user may read them; shut."""
    rows = policy.visible(user, "see_reason", Reason).filter(object_id=obj.pk).select_related("written_by")
    return [
        {
            "what": WORDS.get(row.verb, row.verb),
            "at": row.written_at,
            "who": row.written_by,
            "url": reverse("reason", args=[row.pk]),
        }
        for row in rows.defer("text")
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def reason_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """One reason, shown in place to whoever asks for it by a button, and logged."""
    row: Reason = policy.find(request.user, "see_reason", Reason, pk)
    opened: list[tuple[str, str]] = []
    if request.method == "POST":
        opened = [(_("Reason"), doors.reveal(request.user, [row], ["text"], "casework")[row.pk]["text"] or "")]
    context = {
        "title": WORDS.get(row.verb, row.verb),
        "rows": [(_("Case"), row.case.code), (_("Written by"), str(row.written_by))],
        "opened": opened,
        "open_button": _("Read"),
        "open_url": reverse("reason", args=[pk]),
        "back_url": reverse("home"),
    }
    return render(request, "cases/part.html", context)
