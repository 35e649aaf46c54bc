"""The queue of referrals, one referral, and the answers to it. Sending is not here.

No name stands on these pages; what the sender wrote is opened on demand, and the opening is logged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.cases import labels as case_labels
from spean.cases.panels import link
from spean.detection import queries as detection
from spean.directory import queries as directory
from spean.privacy import doors
from spean.privacy.models import Consent
from spean.referral import actions, coded, labels, queries
from spean.referral.forms import AnswerForm, DeclineForm, FeedbackForm, FilterForm
from spean.referral.models import Referral
from spean.workflow import tables
from spean.workflow.pages import ActionForm, carry_out, show_form

PER_PAGE = 25


@require_safe
def referral_list(request: AccessRequest) -> HttpResponse:
    """The queue: the urgent first, then by deadline; codes and coded facts only."""
    user = request.user
    chosen = FilterForm(request.GET)
    chosen.is_valid()
    show = chosen.cleaned_data.get("show") or "waiting"
    direction = chosen.cleaned_data.get("direction") or queries.default_direction(user)
    rows = queries.queue(user, direction, queries.FILTERS[show])
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(row, direction) for row in page],
        "filter": FilterForm(initial={"show": show, "direction": direction}),
        "both": policy.may(user, "acknowledge_referral") and policy.may(user, "send_referral"),
        "direction": direction,
        "show": show,
    }
    return render(request, "referral/list.html", context)


def _row(referral: Referral, direction: str) -> dict[str, Any]:
    status, colour = labels.STATUS[referral.status]
    other = referral.from_organisation if direction == "in" else referral.to_organisation
    what = referral.service.label() if referral.service else labels.KIND[referral.kind]
    since = case_labels.ago(referral.sent_at)
    return {
        "referral": referral,
        "note": " · ".join((str(what), case_labels.organisation(other), since)),
        "person": case_labels.short(referral.case),
        "status": status,
        "colour": colour,
    }


@require_safe
def referral_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, "see_referral", pk))


@require_http_methods(["GET", "HEAD", "POST"])
def read_message(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What the sender wrote, shown in place and logged; asked for by a button, never by a link."""
    referral = _find(request, "see_referral", pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("referral", args=[pk]))
    wanted = [name for name in ("message", "answer") if getattr(referral, name) is not None]
    opened = doors.reveal(request.user, [referral], wanted, "referral").get(referral.pk)
    if opened is not None and opened.erased:
        return _page(request, referral, opened={"message": str(_("Erased"))})
    return _page(request, referral, opened=opened or {})


@require_POST
def acknowledge(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Say that it arrived. A focal agency takes the case over with this."""
    referral = _find(request, "acknowledge_referral", pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.acknowledge_referral(request.user, referral, version=form.cleaned_data["version"]),
        )
        if done:
            messages.success(request, _("The sender now sees that you received the referral."))
            return HttpResponseRedirect(reverse("referral", args=[pk]))
    return _page(request, Referral.objects.get(pk=pk), form=form)


@dataclass(frozen=True)
class Answer:
    """One way to answer a referral: its form, its words and its verb."""

    verb: str
    form: type[AnswerForm]
    act: Callable[..., Referral]
    title: str | Promise
    lead: str | Promise
    button: str | Promise
    done: str | Promise
    weighs: bool = False


ANSWERS: dict[str, Answer] = {
    "accept": Answer(
        "accept_referral", AnswerForm, actions.accept_referral, _("Accept the referral"),
        _("Your organisation takes part in the case from now on, with the information that was shared for it."),
        _("Accept"), _("The referral is accepted. The sender sees it now."),
    ),
    "decline": Answer(
        "decline_referral", DeclineForm, actions.decline_referral, _("Decline the referral"), "",
        _("Decline"), _("The referral is declined. The sender sees the reason now."), weighs=True,
    ),
    "withdraw": Answer(
        "withdraw_referral", AnswerForm, actions.withdraw_referral,
        _("Take the referral back"), _("The receiving organisation no longer sees it."), _("Take it back"),
        _("The referral is taken back."), weighs=True,
    ),
    "complete": Answer(
        "complete_referral", FeedbackForm, actions.complete_referral, _("The service was given"),
        _("Your organisation’s part in the case ends with this."), _("Complete"), _("The referral is completed."),
    ),
    "end": Answer(
        "end_referral", FeedbackForm, actions.end_referral, _("End before completion"),
        _("For instance because the person left, no longer wants it, or somebody else took over."), _("End it"),
        _("The referral is ended."), weighs=True,
    ),
}  # fmt: skip


def answer(name: str) -> Callable[..., HttpResponse]:
    """The page of one answer."""
    one = ANSWERS[name]

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: AccessRequest, pk: UUID) -> HttpResponse:
        referral = _find(request, tables.BY_VERB[one.verb].permission, pk)
        form = one.form(request.POST if request.method == "POST" else None, version=referral.version)
        if name == "withdraw":
            del form.fields["answer"]
        if form.is_valid():
            said = {key: form.cleaned_data[key] for key in ("answer", "reason", "feedback") if key in form.cleaned_data}
            version = form.cleaned_data["version"]
            done = carry_out(
                form,
                lambda: one.act(request.user, referral, version=version, **said),
                version_now=lambda: Referral.objects.values_list("version", flat=True).get(pk=pk),
            )
            if done:
                messages.success(request, str(one.done))
                return HttpResponseRedirect(_after(request, pk))
        context = {"title": one.title, "lead": one.lead, "button": one.button, "weighs": one.weighs,
                   "referral": referral, "back_url": reverse("referral", args=[pk]),
                   # What would refuse it, and where that is set right, before anything is written.
                   "full": name == "accept" and referral.service is not None
                   and referral.service.capacity_available == 0}  # fmt: skip
        return show_form(request, "referral/answer.html", form, context)

    return view


def _after(request: AccessRequest, pk: UUID) -> str:
    """Back to the referral, or to the queue where the answer ended the right to see it."""
    if policy.visible(request.user, "see_referral", Referral).filter(pk=pk).exists():
        return reverse("referral", args=[pk])
    return reverse("referral_list")


def _may_open(referral: Referral, received: bool) -> bool:
    """Whether there is something to read: the message for whoever received it, the answer for the sender."""
    if received:
        readable = referral.message is not None and "narrative" in referral.sections
        return readable and referral.status in ("sent", "acknowledged", "accepted")
    return referral.answer is not None


def _next_service(user: User, referral: Referral) -> str:
    """Back to the services for the same need, where this one could not help."""
    ended = referral.status in ("declined", "withdrawn", "ended")
    if not ended or referral.need_id is None or not policy.may(user, "send_referral", referral.case):
        return ""
    return link("need_services", referral.case_id, referral.need_id)


def _ground_url(user: User, referral: Referral) -> str:
    """Where this user confirms what the referral stands on, if he is asked to."""
    rows = policy.visible(user, "confirm_ground", Consent).filter(case=referral.case, status="unconfirmed")
    found = rows.filter(purpose=actions.PURPOSE[referral.kind]).exclude(recorded_by=user).first()
    return reverse("ground_confirm", args=[found.pk]) if found is not None else ""


def _find(request: AccessRequest, action: str, pk: UUID) -> Referral:
    found = queries.with_deadline(policy.visible(request.user, action, Referral)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: AccessRequest,
    referral: Referral,
    *,
    opened: dict[str, str | None] | None = None,
    form: ActionForm | None = None,
) -> HttpResponse:
    user, case = request.user, referral.case
    verbs = tables.verbs_from("referral.Referral", referral.status)
    granted = policy.permitted(user, {tables.BY_VERB[verb].permission for verb in verbs} | {"see_referral"}, referral)
    can = {verb for verb in verbs if tables.BY_VERB[verb].permission in granted}
    if referral.kind == "focal":
        # A focal agency accepts by registering the person; its part ends with a hand-over or the closing.
        can -= {"accept_referral", "complete_referral", "end_referral"}
    received = referral.to_organisation_id in queries.organisations_of(user)
    # A line of the list stays; what came with it is for those who decide on it, or take part because of it.
    content = policy.may(user, "read_referral", referral)
    came = queries.brought(referral) if content else {}
    screening = came.get("screening")
    status, colour = labels.STATUS[referral.status]
    on_case = policy.permitted(user, ("see_case", "register_person", "see_screening"), case)
    context = {
        "referral": referral,
        "case": case,
        "kind": labels.KIND[referral.kind],
        "status": status,
        "colour": colour,
        "received": received,
        "ground_url": _ground_url(user, referral) if received and not referral.sections else "",
        "can": can,
        "form": form or ActionForm(version=referral.version),
        "facts": coded.facts(referral) if content else [],
        "sections": [case_labels.SECTION[section] for section in referral.sections],
        "result": detection.result(screening) if screening else None,
        "needs": came.get("needs", []),
        "risk": came.get("risk"),
        "risk_colour": case_labels.RISK_COLOUR.get(case.risk_level, "grey"),
        "may_open": _may_open(referral, received),
        "opened": opened,
        "case_url": link("case", case.pk) if "see_case" in on_case else "",
        "register_url": link("case_register_prefill", case.pk)
        if referral.kind == "focal" and case.status == "referred" and "register_person" in on_case
        else "",
        "place": directory.shown(referral.service, told=received) if referral.service is not None else None,
        "again_url": _next_service(user, referral) if not received else "",
        "back_url": reverse("referral_list"),
    }
    return render(request, "referral/page.html", context, status=422 if form is not None and form.errors else 200)
