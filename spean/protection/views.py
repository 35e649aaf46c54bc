"""Pages of needs, risk and rights information. Who recorded a case's interview and who manages it use the same ones."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.cases.queries import MINE_TO_DO, interview_language
from spean.country import pack
from spean.country.fields import label
from spean.protection import actions
from spean.protection.forms import NeedsForm, RightsForm, RiskForm
from spean.protection.models import Need, RightsInformation
from spean.protection.rights_text import as_html
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
def needs(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What the person needs, and what of it cannot wait."""
    case: Case = policy.find(request.user, "record_need", Case, pk)
    held = list(Need.objects.filter(case=case, status="open"))
    form = NeedsForm(
        request.POST if request.method == "POST" else None, already={need.code for need in held}, version=case.version
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.record_needs(request.user, case, form.codes(), typed["urgent"], once=typed["once"]),
        )
        if done:
            return _onward(case, "case_risk")
    context = {
        "title": _("What does the person need now?"),
        "case": case,
        "held": [(label("need", need.code), need.urgent) for need in held],
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "protection/needs.html", form, context)


@FORM
def risk(request: AccessRequest, pk: UUID) -> HttpResponse:
    """How dangerous it is, why, and what is done about it; made with the person."""
    case: Case = policy.find(request.user, "assess_risk", Case, pk)
    form = RiskForm(request.POST if request.method == "POST" else None, version=case.version)
    # What can no longer be sealed cannot be written.
    if case.status == "counted":
        del form.fields["response"]
    # Only a focal agency has somebody to remind.
    if case.focal_organisation_id is None:
        del form.fields["review_on"]
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.assess_risk(
                request.user, case, level=typed["level"], factors=typed["factors"], with_person=typed["with_person"],
                response=typed.get("response", ""), review_on=typed.get("review_on"), once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            if typed["level"] == "high":
                advice = _(
                    "The danger is high: do not leave the person alone, "
                    "and call the focal agency as well as referring here."
                )
                messages.warning(request, advice)
            return _onward(case, "case_help")
    context = {
        "title": _("Is the person in danger?"),
        "case": case,
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "protection/risk.html", form, context)


@FORM
def rights(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The rights to read aloud, and below them the record that they were told."""
    case: Case = policy.find(request.user, "give_rights_information", Case, pk)
    language = _text_language(request.GET.get("in") or interview_language(case, request.user))
    form = RightsForm(
        request.POST if request.method == "POST" else None, version=case.version,
        initial={"language": language, "method": "read_aloud"},
    )  # fmt: skip
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.give_rights_information(
                request.user, case, language=typed["language"], method=typed["method"],
                interpreter=typed["method"] == "interpreter", understood=typed["understood"], once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("It is recorded that the person was told the rights."))
            return HttpResponseRedirect(reverse("case", args=[case.pk]))
    context = {
        **_text(language),
        "title": _("Rights, to read aloud"),
        "case": case,
        "told": RightsInformation.objects.filter(case=case).first(),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "protection/rights.html", form, context)


@require_safe
def rights_text(request: AccessRequest, language: str) -> HttpResponse:
    """The rights alone, to read aloud or print, without any case."""
    if language not in pack().rights_languages:
        raise Http404
    return render(request, "protection/rights_text.html", {**_text(language), "back_url": reverse("home")})


def _text_language(wanted: str) -> str:
    there = pack().rights_languages
    return wanted if wanted in there else (get_language() or "en") if get_language() in there else "en"


def _text(language: str) -> dict[str, object]:
    text = pack().rights(language)
    return {
        "text": text,
        "html": as_html(str(text)),
        "languages": [(code, label("language", code)) for code in pack().rights_languages],
    }


def _onward(case: Case, url_name: str) -> HttpResponse:
    """The next screen of the first responder's path; for a case that is further on, back to the case."""
    on_the_path = case.status in MINE_TO_DO[1:]
    return HttpResponseRedirect(reverse(url_name if on_the_path else "case", args=[case.pk]))
