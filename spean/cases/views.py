"""Pages around a case: my cases, agreement, consent, refusal, withdrawal, direct help, closing.

The page of the case itself is put together from panels and next steps in the web room.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import Organisation
from spean.access.pages import AccessRequest
from spean.cases import actions, consent, queries, spoken
from spean.cases.forms import AgreementForm, CloseForm, ConsentForm, DirectHelpForm, RefusalForm, WithdrawForm
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.privacy.models import Consent
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25

# Which cases a list shows, by the word in its address.
FILTERS = {
    "open": queries.MINE_TO_DO,
    "referred": ("referred", "registered"),
    "ended": ("counted", "closed"),
}


@require_safe
def case_list(request: AccessRequest) -> HttpResponse:
    """The cases this user may see: code, day, how it stands, what was answered."""
    cases = queries.listed(request.user)
    chosen = request.GET.get("show", "")
    if chosen in FILTERS:
        cases = cases.filter(status__in=FILTERS[chosen])
    page = Paginator(cases, PER_PAGE).get_page(request.GET.get("page"))
    labels = [("", _("All")), ("open", _("To do")), ("referred", _("Referred")), ("ended", _("Ended"))]
    context = {
        "page": page,
        "rows": queries.rows(request.user, list(page.object_list)),
        "filters": labels,
        "chosen": chosen if chosen in FILTERS else "",
        "may_start": policy.may(request.user, "start_screening"),
    }
    return render(request, "cases/list.html", context)


# --- consent ---------------------------------------------------------------------------------------------


@FORM
def agreement(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Ask whether the person wants to be referred. The answer leads to the page that records it."""
    case: Case = policy.find(request.user, "record_consent", Case, pk)
    if case.status not in queries.MINE_TO_DO[1:]:
        return _to_case(case)
    may_wait = case.status == "screened" and policy.may(request.user, "offer_second_interview", case)
    form = AgreementForm(request.POST if request.method == "POST" else None, case=case, may_wait=may_wait)
    if form.is_valid():
        says = form.cleaned_data["says"]
        if says == "later":
            return HttpResponseRedirect(reverse("case_second_interview", args=[case.pk]))
        if says == "no":
            return HttpResponseRedirect(reverse("case_refusal", args=[case.pk]))
        if says == "best_interests":
            return HttpResponseRedirect(_best_interests(case))
        return HttpResponseRedirect(reverse("case_consent", args=[case.pk, queries.REFERRAL_TO_FOCAL]))
    context = {"title": _("Ask the person"), "case": case, "back_url": reverse("case", args=[case.pk])}
    return show_form(request, "cases/agreement.html", form, context)


@FORM
def give_consent(request: AccessRequest, pk: UUID, purpose: str) -> HttpResponse:
    """Record a yes: for the referral to a focal agency, or for another purpose to an organisation that is named."""
    case: Case = policy.find(request.user, "record_consent", Case, pk)
    if purpose not in pack().codelist("consent_purpose").codes():
        raise Http404
    to_focal = purpose == queries.REFERRAL_TO_FOCAL
    recipients = None if to_focal else Organisation.objects.filter(active=True).order_by("name")
    form = ConsentForm(
        request.POST if request.method == "POST" else None,
        case=case,
        recipients=recipients,
        version=case.version,
        initial={
            "language": queries.interview_language(case, request.user),
            "interpreter_kind": queries.interpreter_kind(case),
            "recipient": request.GET.get("to"),
        },
    )
    if form.is_valid():
        done = carry_out(form, lambda: consent.record_consent(request.user, case, purpose=purpose, **form.as_facts()))
        if done:
            if to_focal and case.status in queries.MINE_TO_DO[1:]:
                return HttpResponseRedirect(reverse("case_refer", args=[case.pk]))
            messages.success(request, _("The agreement is recorded. Give the person the receipt."))
            return HttpResponseRedirect(_asked_from(request) or reverse("case", args=[case.pk]))
    asks = reverse("case_agreement", args=[case.pk]) if to_focal else reverse("case", args=[case.pk])
    context = {
        "title": _("The person agrees"),
        "case": case,
        "ground_url": reverse("case_ground", args=[case.pk, purpose])
        if case.status not in ("screening", "counted", "closed")
        else "",
        "purpose": label("consent_purpose", purpose),
        "told": spoken.told(),
        "back_url": _asked_from(request) or asks,
    }
    return show_form(request, "cases/consent.html", form, context)


def _best_interests(case: Case) -> str:
    return f"{reverse('case_ground', args=[case.pk, queries.REFERRAL_TO_FOCAL])}?ground=best_interests"


def _asked_from(request: AccessRequest) -> str:
    """The page that needed the agreement and goes on with it, if one of ours sent the user here."""
    page = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts=None, require_https=request.is_secure())
    return page if ours and page.startswith("/") else ""


@FORM
def refuse(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Record a no. An adult is counted without identity or thinks it over; a child's best interests decide."""
    case: Case = policy.find(request.user, "record_refusal", Case, pk)
    if case.status not in queries.MINE_TO_DO[1:]:
        return _to_case(case)
    form = RefusalForm(
        request.POST if request.method == "POST" else None,
        version=case.version,
        initial={"language": queries.interview_language(case, request.user), "reason": case.refusal_reason},
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: consent.record_refusal(
                request.user, case, purpose=queries.REFERRAL_TO_FOCAL, language=typed["language"],
                reason=typed["reason"], once=typed["once"],
            ),
        )  # fmt: skip
        if done and case.is_child:
            advice = _(
                "The child’s no is recorded. A child is not left alone with it: "
                "say why a referral is in the child’s best interests."
            )
            messages.warning(request, advice)
            return HttpResponseRedirect(_best_interests(case))
        if done:
            return HttpResponseRedirect(reverse("case_count", args=[case.pk]))
    context = {"title": _("The person says no"), "case": case, "back_url": reverse("case_agreement", args=[case.pk])}
    return show_form(request, "cases/refusal.html", form, context)


@FORM
def withdraw(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The person takes an agreement back."""
    row: Consent = policy.find(request.user, "withdraw_consent", Consent, pk)
    form = WithdrawForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        version = form.cleaned_data["version"]
        done = carry_out(
            form,
            lambda: consent.withdraw_consent(request.user, row, version=version),
            version_now=lambda: Consent.objects.values_list("version", flat=True).get(pk=row.pk),
        )
        if done:
            messages.success(request, _("Taken back. Nothing more is shared on this agreement."))
            return HttpResponseRedirect(reverse("case", args=[row.case_id]))
    context = {
        "title": _("Take the agreement back"),
        "purpose": label("consent_purpose", row.purpose),
        "classes": [label("information_class", code) for code in row.classes],
        "back_url": reverse("case", args=[row.case_id]),
    }
    return show_form(request, "cases/withdraw.html", form, context)


# --- help and closing ------------------------------------------------------------------------------------


@FORM
def direct_help(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Help given on the spot."""
    case: Case = policy.find(request.user, "give_direct_help", Case, pk)
    form = DirectHelpForm(request.POST if request.method == "POST" else None)
    goes_on = case.status in queries.MINE_TO_DO[1:]
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.give_direct_help(
                request.user, case, form.cleaned_data["help"], once=form.cleaned_data["once"]
            ),
        )
        if done:
            messages.success(request, _("The help you gave is recorded."))
            return HttpResponseRedirect(_after_help(case) if goes_on else reverse("case", args=[case.pk]))
    context = {
        "title": _("Help given now"),
        "case": case,
        "given": [label("direct_help", code) for row in case.direct_help.all() for code in row.help],
        "skip_url": _after_help(case) if goes_on else reverse("case", args=[case.pk]),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "cases/help.html", form, context)


def _after_help(case: Case) -> str:
    """Where the path leads: to the question whether the person wants to be referred, or first to what is unclear."""
    if queries.last_result_code(case) in ("presumed_victim", "exploited_not_trafficked"):
        return reverse("case_agreement", args=[case.pk])
    return reverse("case", args=[case.pk])


@FORM
def close(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Close a case with its outcome and the reasons of a person."""
    case: Case = policy.find(request.user, "close_case", Case, pk)
    result = queries.last_result_code(case)
    suggested = {"no_indication": "no_indication", "exploited_not_trafficked": "other_service"}.get(result, "")
    form = CloseForm(
        request.POST if request.method == "POST" else None,
        version=case.version,
        initial={"reason": suggested if case.status != "registered" else ""},
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.close_case(
                request.user, case, reason=typed["reason"], explanation=typed["explanation"], **form.guard
            ),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk),
        )
        if done:
            messages.success(request, _("The case is closed."))
            return _to_case(case)
    context: dict[str, Any] = {
        "title": _("Close the case"),
        "case": case,
        "result": result,
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "cases/close.html", form, context)


def _to_case(case: Case) -> HttpResponse:
    return HttpResponseRedirect(reverse("case", args=[case.pk]))
