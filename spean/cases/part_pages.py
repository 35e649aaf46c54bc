"""Pages of an organisation's part in a case, of asking for its renewal, and of handing a case over."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.cases import labels, parts, work
from spean.cases.models import Case, Exclusion, HandOver, Involvement
from spean.cases.reasons import ReasonForm, reasons_about
from spean.lib import clock
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
HAND_OVER_STATUS = {
    "offered": gettext_lazy("Offered, not answered yet"),
    "accepted": gettext_lazy("Accepted"),
    "declined": gettext_lazy("Declined"),
    "withdrawn": gettext_lazy("Taken back"),
}


class HandOverForm(ReasonForm):
    to = OrganisationField(
        label=gettext_lazy("To which focal agency?"),
        queryset=Organisation.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": gettext_lazy("Choose the focal agency")},
    )
    field_order = ("to", "reason")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        excluded = Exclusion.objects.filter(case=case, lifted_at__isnull=True, organisation__isnull=False)
        rows = Organisation.objects.filter(is_focal=True, active=True).exclude(pk__in=excluded.values("organisation"))
        own = Case.objects.filter(pk=case.pk, focal_organisation__isnull=False).values("focal_organisation")
        self.fields["to"].queryset = rows.exclude(pk__in=own)  # type: ignore[attr-defined]


# --- a part ----------------------------------------------------------------------------------------------


@require_safe
def involvement_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Involvement = policy.find(request.user, "see_involvement", Involvement, pk)
    links = []
    if row.status == "open" and row.task in work.RUN_OUT:
        links.append((reverse("involvement_renew", args=[pk]), _("Renew it")))
    if row.status == "open" and row.task not in ("focal", "screening"):
        links.append((reverse("involvement_end", args=[pk]), _("End it now")))
    context = {
        "title": f"{labels.organisation(row.organisation)}: {labels.TASK[row.task]}",
        "rows": [
            (_("Case"), row.case.code),
            (_("May read"), ", ".join(str(labels.SECTION[code]) for code in row.sections) or _("nothing sealed")),
            (_("Since"), date_format(row.from_at, "j M Y")),
            (_("Until"), until(row)),
        ],
        "reasons": reasons_about(request.user, row),
        "links": links,
        "back_url": reverse("case", args=[row.case_id]),
    }
    return render(request, "cases/part.html", context)


def until(row: Involvement) -> str:
    """In words until when a part runs, or that it is over."""
    if row.until_at is None:
        return _("no end")
    day = date_format(row.until_at, "j M Y")
    if row.status == "ended":
        return _("ended on %(day)s") % {"day": day}
    return (_("ran out on %(day)s") if row.until_at <= clock.now() else _("%(day)s, unless renewed")) % {"day": day}


def change(verb: str) -> Callable[..., HttpResponse]:
    """The page on which a part is renewed or ended."""
    act = {"renew": parts.renew_involvement, "end": parts.end_involvement}[verb]

    @FORM
    def view(request: AccessRequest, pk: UUID) -> HttpResponse:
        row: Involvement = policy.find(request.user, f"{verb}_involvement", Involvement, pk)
        form = ReasonForm(request.POST if request.method == "POST" else None, version=row.version)
        if form.is_valid():
            done = carry_out(
                form,
                lambda: act(request.user, row, reason=form.cleaned_data["reason"], **form.guard),
                version_now=lambda: Involvement.objects.values_list("version", flat=True).get(pk=pk),
            )
            if done:
                messages.success(request, _("Renewed.") if verb == "renew" else _("Ended."))
                return HttpResponseRedirect(reverse("case", args=[row.case_id]) + "#panel-involvement")
        who = {"who": labels.organisation(row.organisation)}
        context = {
            "title": (_("Renew: %(who)s") if verb == "renew" else _("End the part of %(who)s")) % who,
            "lead": _("It goes on with what the person still agrees to.")
            if verb == "renew"
            else _("From now on it sees nothing of the case. What it was doing for the person is over."),
            "button": _("Renew") if verb == "renew" else _("End it"),
            "back_url": reverse("involvement", args=[pk]),
        }
        return show_form(request, "web/form.html", form, context)

    return view


@FORM
def ask_renewal(request: AccessRequest, pk: UUID) -> HttpResponse:
    """For the organisation whose part ran out: its code and its own dates, and nothing else."""
    row: Involvement = policy.find(request.user, "ask_renewal", Involvement, pk)
    form = ActionForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: parts.ask_renewal(request.user, row, **form.guard),
            version_now=lambda: Involvement.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The focal agency has your question. You see nothing until it renews."))
            return HttpResponseRedirect(reverse("home"))
    assert row.until_at is not None  # only a part that ran out is found
    facts = {"code": row.case.code, "day": date_format(row.until_at, "j M Y")}
    context = {
        "title": _("Ask for renewal"),
        "lead": _("Your part in case %(code)s ran out on %(day)s. Ask only if you still help the person.") % facts,
        "button": _("Ask the focal agency"),
        "back_url": reverse("home"),
    }
    return show_form(request, "web/form.html", form, context)


def expired(user: User) -> list[Involvement]:
    """Parts of the user's organisations that ran out in the last months and could be renewed."""
    rows = policy.visible(user, "ask_renewal", Involvement).select_related("case")
    return list(rows.order_by("-until_at")[:25])


# --- handing a case over ---------------------------------------------------------------------------------


@FORM
def offer(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "offer_hand_over", Case, pk)
    waiting = HandOver.objects.filter(case=case, status="offered").first()
    if waiting is not None and request.method != "POST":
        return HttpResponseRedirect(reverse("hand_over", args=[waiting.pk]))
    form = HandOverForm(request.POST if request.method == "POST" else None, case=case)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: parts.offer_hand_over(request.user, case, typed["to"], reason=typed["reason"], once=typed["once"]),
        )
        if done:
            messages.success(request, _("Offered. You run the case until the other agency accepts."))
            return HttpResponseRedirect(reverse("case", args=[pk]))
    context = {
        "title": _("Hand the case over"),
        "lead": _("When the other agency accepts, it runs the case and you see nothing of it any more. It gets what "
                  "the person agreed to share; ask the person first, and tell them to whom they turn from then on."),
        "button": _("Offer the case"),
        "back_url": reverse("case", args=[pk]),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


@require_safe
def hand_over_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: HandOver = policy.find(request.user, "see_hand_over", HandOver, pk)
    return _hand_over(request, row)


@require_POST
def accept(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: HandOver = policy.find(request.user, "accept_hand_over", HandOver, pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: parts.accept_hand_over(request.user, row, **form.guard),
            version_now=lambda: HandOver.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Your agency runs this case from now on."))
            return HttpResponseRedirect(reverse("case", args=[row.case_id]))
    return _hand_over(request, HandOver.objects.get(pk=pk), form)


def answer(verb: str) -> Callable[..., HttpResponse]:
    """The pages on which an offer is declined by the one side, or taken back by the other."""

    @FORM
    def view(request: AccessRequest, pk: UUID) -> HttpResponse:
        declines = verb == "decline"
        row: HandOver = policy.find(request.user, "accept_hand_over" if declines else "offer_hand_over", HandOver, pk)
        form = (ReasonForm if declines else ActionForm)(
            request.POST if request.method == "POST" else None, version=row.version
        )
        if form.is_valid():
            done = carry_out(
                form,
                lambda: (
                    parts.decline_hand_over(request.user, row, reason=form.cleaned_data["reason"], **form.guard)
                    if declines
                    else parts.withdraw_hand_over(request.user, row, **form.guard)
                ),
                version_now=lambda: HandOver.objects.values_list("version", flat=True).get(pk=pk),
            )
            if done:
                messages.success(request, _("Declined.") if declines else _("Taken back."))
                return HttpResponseRedirect(reverse("home") if declines else reverse("case", args=[row.case_id]))
        context = {
            "title": _("Decline the hand-over") if declines else _("Take the offer back"),
            "lead": _("The case stays with the agency that offered it. It reads your reasons.")
            if declines
            else _("You go on running the case. The other agency no longer sees the offer."),
            "button": _("Decline") if declines else _("Take it back"),
            "back_url": reverse("hand_over", args=[pk]),
        }
        return show_form(request, "web/form.html", form, context)

    return view


def _hand_over(request: AccessRequest, row: HandOver, form: ActionForm | None = None) -> HttpResponse:
    """An offer as both sides see it: code, age group, what would be shared. Nothing else of the case."""
    waits = row.status == "offered"
    answers = waits and policy.may(request.user, "accept_hand_over", row)
    links = []
    if answers:
        links.append((reverse("hand_over_decline", args=[row.pk]), _("Decline, with a reason")))
    elif waits:
        links.append((reverse("hand_over_withdraw", args=[row.pk]), _("Take the offer back")))
    context = {
        "title": _("Hand-over of a case"),
        "lead": _(
            "If you accept, your agency runs the case from then on and sees what the person agreed to share. "
            "The other agency no longer sees it."
        )
        if answers
        else "",
        "form": form,
        "rows": [
            (_("Case"), f"{row.case.code}, {labels.short(row.case)}"),
            (_("From"), labels.organisation(row.from_organisation)),
            (_("To"), labels.organisation(row.to_organisation)),
            (_("Standing"), HAND_OVER_STATUS[row.status]),
            (_("The person agreed to share"), ", ".join(str(labels.SECTION[code]) for code in row.sections)),
        ],
        "reasons": reasons_about(request.user, row),
        "posts": [
            {"url": reverse("hand_over_accept", args=[row.pk]), "text": _("Accept the case"), "version": row.version}
        ]
        if answers
        else [],
        "links": links,
        "back_url": reverse("home"),
    }
    return render(request, "cases/part.html", context, status=422 if form is not None and form.errors else 200)
