"""The paper a person takes with her: what she agreed to, with whom, until when, and how to take it back.

In her language, without her name, and without where a safe place is. That it was handed over is in the log.
"""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import Organisation
from spean.access.pages import AccessRequest
from spean.cases import consent, labels, queries, spoken
from spean.cases.forms import choice
from spean.country import pack
from spean.country.fields import label
from spean.lib import clock
from spean.privacy.models import Consent, Event
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
# The words of the paper. A pack adds languages in which there are no screens: spoken/<language>.toml.
WORDS = {
    "title": gettext_lazy("What you agreed to"),
    "lead": gettext_lazy("This paper is yours. Your name is not on it. You do not have to keep it."),
    "purpose": gettext_lazy("What for"),
    "classes": gettext_lazy("What is shared"),
    "recipient": gettext_lazy("With whom"),
    "any_focal": gettext_lazy("The focal agency that receives the referral"),
    "safe_place": gettext_lazy("A service; its name is not printed here, for your safety"),
    "given_on": gettext_lazy("You agreed on"),
    "until": gettext_lazy("Until"),
    "no_end": gettext_lazy("Until you take it back"),
    "code": gettext_lazy("Your code"),
    "withdraw": gettext_lazy(
        "You can take it back at any time, and you do not have to say why. Tell anybody who helps you, with this code. "
        "From then on nothing more is shared, and whoever received something is told to delete it."
    ),
    "help": gettext_lazy("You get help all the same."),
    "who_looked": gettext_lazy("You can ask who has looked at what is known about you."),
}


class HandOverForm(ActionForm):
    language = choice(
        gettext_lazy("In which language does the person read, or have it read to them?"), (),
        gettext_lazy("Choose the language"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [(code, label("language", code)) for code in spoken.languages()]  # type: ignore[attr-defined]


@FORM
def choose(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Choose the language, look at the paper, and say that the person has it."""
    row = _find(request, pk)
    hers = row.language or queries.interview_language(row.case, request.user)
    initial = hers if hers in spoken.languages() else pack().default_language
    form = HandOverForm(request.POST if request.method == "POST" else None, initial={"language": initial})
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: consent.hand_over_receipt(request.user, row, language=typed["language"], once=typed["once"]),
        )
        if done:
            messages.success(request, _("It is recorded that the person has the receipt. Print it or read it aloud."))
            return HttpResponseRedirect(reverse("consent_paper", args=[row.pk, typed["language"]]))
    given = Event.objects.filter(action="consent.receipt_given", object_id=row.pk).order_by("-id").first()
    context = {
        "title": _("Receipt for the person"),
        "case": row.case,
        "given": given,
        "papers": [(code, label("language", code)) for code in spoken.languages()],
        "row": row,
        "back_url": reverse("case", args=[row.case_id]),
    }
    return show_form(request, "cases/receipt.html", form, context)


@require_safe
def paper(request: AccessRequest, pk: UUID, language: str) -> HttpResponse:
    """The page to print."""
    row = _find(request, pk)
    if language not in spoken.languages():
        raise Http404
    return render(request, "cases/receipt_paper.html", {"row": row, "case": row.case, **printed(row, language)})


def printed(row: Consent, language: str) -> dict[str, Any]:
    """Everything on the paper, in one language."""
    with translation.override(language):
        words = {name: str(text) for name, text in WORDS.items()} | dict(
            pack().spoken.get(language, {}).get("receipt", {})
        )
        facts = [
            (words["purpose"], label("consent_purpose", row.purpose, language)),
            (words["recipient"], _recipient(row.recipient, words)),
            (words["classes"], ", ".join(label("information_class", code, language) for code in row.classes)),
            (words["given_on"], _day(row.given_at.astimezone(clock.local_zone()))),
            (words["until"], _day(row.valid_until) if row.valid_until else words["no_end"]),
        ]
    return {"words": words, "facts": facts, "language": language}


def _day(day: Any) -> str:
    return date_format(day, "j F Y")


def _recipient(organisation: Organisation | None, words: dict[str, str]) -> str:
    """A name on a paper that others may find must not lead to a door: of a shelter it says only what it is."""
    if organisation is None:
        return words["any_focal"]
    services = apps.get_model("directory", "Service")._default_manager.filter(organisation=organisation)
    if services.filter(residential=True).exists() or services.filter(confidential_location=True).exists():
        return words["safe_place"]
    return labels.organisation(organisation)


def _find(request: AccessRequest, pk: UUID) -> Consent:
    """A yes that stands and has a code. What stands in for consent is no agreement, and gives no such paper."""
    row: Consent = policy.find(request.user, "see_consent", Consent, pk)
    if row.status != "given" or row.ground != "consent" or not row.code:
        raise Http404
    return row
