"""Pages on which the person's part is recorded: the letter, that the decision was told, and the wish for a review."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.identification import actions, queries, shown
from spean.identification.forms import LetterForm, ReviewForm, TellForm
from spean.identification.models import Determination
from spean.identification.views import find
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
def tell(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Record that the person was told the decision and its reasons, and in which language."""
    row = find(request, "inform_of_determination", pk)
    if row.status != "confirmed" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    spoken = row.case.languages[0] if row.case.languages else ""
    form = TellForm(
        request.POST if request.method == "POST" else None, version=row.version, initial={"language": spoken}
    )
    if form.is_valid():
        language = form.cleaned_data["language"]
        done = carry_out(
            form,
            lambda: actions.inform_of_determination(request.user, row, language=language, **form.guard),
            version_now=_version(pk),
        )
        if done:
            messages.success(request, _("It is recorded that the person was told."))
            return HttpResponseRedirect(reverse("determination", args=[pk]))
    context = {
        **shown.determination_context(request.user, row, None),
        "title": _("Tell the person the decision"),
        "back_url": reverse("determination", args=[pk]),
    }
    return show_form(request, "identification/tell.html", form, context)


@FORM
def letter(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The decision in plain words, to read out or print. Asked for by a button: every opening is logged."""
    row = find(request, "inform_of_determination", pk)
    if row.status not in queries.DECIDED:
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    languages = [code for code, _name in LetterForm.base_fields["language"].choices]  # type: ignore[attr-defined]
    spoken = (
        row.case.languages[0] if row.case.languages and row.case.languages[0] in languages else request.user.language
    )
    form = LetterForm(request.POST if request.method == "POST" else None, initial={"language": spoken})
    context = {
        "row": row, "case": row.case, "title": _("Letter on the decision"),
        "back_url": reverse("determination", args=[pk]),
    }  # fmt: skip
    if form.is_valid() and row.case.erased_at is not None:
        form.add_error(None, _("The data of this person were erased. There is nothing left to write a letter from."))
    if form.is_valid():
        language = form.cleaned_data["language"]
        context["language"] = language
        context["letter"] = _write(request.user, row, language, form.cleaned_data["named"] == "yes")
        return render(request, "identification/letter_written.html", context)
    return show_form(request, "identification/letter.html", form, context)


def _write(user: User, row: Determination, language: str, named: bool) -> SafeString:
    """The letter alone, in its own language, whatever language its writer reads."""
    texts = shown.reasons(user, row, "letter", only=("act_reasons", "means_reasons", "purpose_reasons"))
    names = shown.name(user, row.case, "letter") if named else None
    with translation.override(language):
        context = {**shown.letter_context(row, texts, names), "language": language}
        return render_to_string("identification/letter_text.html", context)


@FORM
def review(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Record that the person asks for a review."""
    row = find(request, "request_review", pk)
    if row.status != "informed" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    form = ReviewForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        words = form.cleaned_data["words"]
        done = carry_out(
            form,
            lambda: actions.request_review(request.user, row, words=words, **form.guard),
            version_now=_version(pk),
        )
        if done:
            messages.success(
                request, _("The review is asked for. Officers who did not make the decision look at it again.")
            )
            return HttpResponseRedirect(reverse("determination", args=[pk]))
    context = {
        **shown.determination_context(request.user, row, None),
        "title": _("The person asks for a review"),
        "back_url": reverse("determination", args=[pk]),
    }
    return show_form(request, "identification/review.html", form, context)


def _version(pk: UUID) -> Callable[[], int]:
    return lambda: Determination.objects.values_list("version", flat=True).get(pk=pk)
