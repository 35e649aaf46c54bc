"""Pages of what stands in for consent, and of what follows a withdrawal: record, confirm, acknowledge."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation
from spean.access.pages import AccessRequest
from spean.cases import grounds, labels, queries, sharing
from spean.cases.forms import choice
from spean.cases.models import Case, WithdrawalNotice
from spean.country import pack
from spean.country.fields import CodesChoices, label
from spean.privacy import doors, events
from spean.privacy.models import Consent, Event
from spean.workflow.pages import LONG, SHORT, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
SHOWN_TO_OVERSIGHT = ("ground.recorded", "ground.confirmed", "ground.rejected")
PER_PAGE = 100


class GroundForm(ActionForm):
    """Why it may be shared without the person's agreement, and what is behind it."""

    ground = choice(
        gettext_lazy("What stands in for the person’s agreement?"), (),
        gettext_lazy("Choose what stands in for the person’s agreement"),
    )  # fmt: skip
    recipient = OrganisationField(
        label=gettext_lazy("With whom must it be shared?"),
        queryset=Organisation.objects.none(),
        error_messages={"required": gettext_lazy("Choose the organisation")},
    )
    classes = CodesChoices(
        codelist="information_class",
        label=gettext_lazy("What must be shared?"),
        help_text=gettext_lazy("Only what is necessary. What is not ticked stays here."),
        error_messages={"required": gettext_lazy("Tick what must be shared")},
    )
    reference = forms.CharField(
        label=gettext_lazy("Number of the court’s order, or of a document (if there is one)"),
        help_text=gettext_lazy("It is sealed."),
        required=False,
        max_length=SHORT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reasons = forms.CharField(
        label=gettext_lazy("Why is it necessary?"),
        help_text=gettext_lazy("A sentence or two: what happens if it is not shared. It is sealed."),
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Write down why it is necessary"),
            "max_length": gettext_lazy("This is too long: keep it under %(limit_value)d signs."),
        },
    )

    def __init__(self, *args: Any, case: Case, recipients: Any | None, **kwargs: Any) -> None:
        """`recipients` None: the focal agency that will be chosen; otherwise the organisations to choose from."""
        super().__init__(*args, **kwargs)
        if recipients is None:
            del self.fields["recipient"]
        else:
            self.fields["recipient"].queryset = recipients  # type: ignore[attr-defined]
        offered = [code for code in grounds.GROUNDS if code != "best_interests" or case.is_child]
        self.fields["ground"].choices = [(code, labels.GROUND[code]) for code in offered]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("ground") == "court_order" and not typed.get("reference", "").strip():
            self.add_error("reference", _("Enter the number of the court’s order."))
        return typed


class DecideForm(ActionForm):
    """The second person's answer."""

    decision = choice(
        gettext_lazy("Is it necessary, for the reasons written down?"),
        (("confirm", gettext_lazy("Yes: it may be shared")), ("reject", gettext_lazy("No: nothing is shared on it"))),
        gettext_lazy("Choose yes or no"),
    )


class DeletedForm(ActionForm):
    copies_deleted = forms.BooleanField(
        label=gettext_lazy("We no longer use any of it, and our copies, on paper too, are deleted"),
        error_messages={"required": gettext_lazy("Confirm that nothing of it is used or kept any more")},
    )


@FORM
def record(request: AccessRequest, pk: UUID, purpose: str) -> HttpResponse:
    """Record what stands in for the person's agreement. A second person is asked at once."""
    case: Case = policy.find(request.user, "record_ground", Case, pk)
    if purpose not in pack().codelist("consent_purpose").codes() or case.status in ("screening", "counted", "closed"):
        raise Http404
    to_focal = purpose == queries.REFERRAL_TO_FOCAL
    form = GroundForm(
        request.POST if request.method == "POST" else None,
        case=case,
        recipients=None if to_focal else Organisation.objects.filter(active=True).order_by("name"),
        initial={"ground": request.GET.get("ground"), "recipient": request.GET.get("to")},
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: grounds.record_ground(
                request.user, case, ground=typed["ground"], purpose=purpose, classes=typed["classes"],
                reasons=typed["reasons"], reference=typed["reference"], recipient=typed.get("recipient"),
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            ahead = case.is_child and typed["ground"] in grounds.BEFORE_CONFIRMATION
            if to_focal and ahead and case.status in queries.MINE_TO_DO[1:]:
                return HttpResponseRedirect(reverse("case_refer", args=[case.pk]))
            messages.success(request, _("Recorded. It counts as soon as a second person has confirmed it."))
            return HttpResponseRedirect(reverse("case", args=[case.pk]))
    asks = reverse("case_agreement", args=[case.pk]) if to_focal else reverse("case", args=[case.pk])
    context = {
        "title": _("Share without agreement"),
        "case": case,
        "purpose": label("consent_purpose", purpose),
        "back_url": asks,
    }
    return show_form(request, "cases/ground.html", form, context)


@FORM
def confirm(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The second person: sees what it is about, reads the reasons, and says yes or no."""
    row = _asked(request, pk)
    form = DecideForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        version = form.cleaned_data["version"]
        act = grounds.confirm_ground if form.cleaned_data["decision"] == "confirm" else grounds.reject_ground
        done = carry_out(
            form,
            lambda: act(request.user, row, version=version, once=form.cleaned_data["once"]),
            version_now=lambda: Consent.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            said = form.cleaned_data["decision"] == "confirm"
            messages.success(
                request, _("Confirmed. It may be shared now.") if said else _("Not confirmed. Nothing is shared on it.")
            )
            return HttpResponseRedirect(_onward(request, row))
    return _show(request, row, form)


@require_POST
def read_reasons(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The reasons and the reference, shown in place and logged; asked for by a button, never by a link."""
    row = _asked(request, pk)
    opened = doors.reveal(request.user, [row], ["reasons", "reference"], "casework")[row.pk]
    return _show(request, row, DecideForm(version=row.version), opened=opened)


@FORM
def withdrawal(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What must no longer be used, and the answer that it is not. The case manager sees the same page."""
    notice: WithdrawalNotice = policy.find(request.user, "see_withdrawal", WithdrawalNotice, pk)
    may = notice.status == "open" and policy.may(request.user, "acknowledge_withdrawal", notice)
    if request.method == "POST" and not policy.may(request.user, "acknowledge_withdrawal", notice):
        raise Http404
    form = DeletedForm(request.POST if request.method == "POST" else None, version=notice.version)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: sharing.acknowledge_withdrawal(
                request.user, notice, copies_deleted=typed["copies_deleted"], version=typed["version"]
            ),
            version_now=lambda: WithdrawalNotice.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Thank you. The focal agency sees that the copies are deleted."))
            return HttpResponseRedirect(reverse("withdrawal", args=[pk]))
    context = {
        "title": _("An agreement was taken back"),
        "notice": notice,
        "case": notice.case,
        "purpose": label("consent_purpose", notice.purpose),
        "classes": [label("information_class", code) for code in notice.classes],
        "may": may,
        "back_url": reverse("home"),
    }
    return show_form(request, "cases/withdrawal.html", form, context)


@require_safe
def oversight(request: AccessRequest) -> HttpResponse:
    """Every ground recorded, confirmed or rejected, newest first: codes only, for whoever watches over the system."""
    rows = list(
        policy.visible(request.user, "read_log", Event).filter(action__in=SHOWN_TO_OVERSIGHT).order_by("-id")[:PER_PAGE]
    )
    events.record("log.read", actor=request.user)
    codes = dict(Case.objects.filter(pk__in={row.case_id for row in rows}).values_list("pk", "code"))
    names = {one.pk: one for one in Organisation.objects.filter(pk__in={row.organisation_id for row in rows})}
    listed = [
        {
            "at": row.at,
            "what": events.label(row.action),
            "code": codes.get(row.case_id, ""),
            "ground": labels.GROUND.get(row.facts.get("ground", ""), ""),
            "purpose": label("consent_purpose", row.facts.get("purpose", "")),
            "organisation": labels.organisation(names.get(row.organisation_id)),
        }
        for row in rows
    ]
    return render(request, "cases/oversight.html", {"rows": listed})


def _asked(request: AccessRequest, pk: UUID) -> Consent:
    row: Consent = policy.find(request.user, "confirm_ground", Consent, pk)
    if row.status != "unconfirmed":
        raise Http404
    return row


def _onward(request: AccessRequest, row: Consent) -> str:
    """To the referral that waited for it, where this user received one; otherwise to the day's work."""
    waiting = row.case.referrals.filter(kind="focal", status="sent").first()
    if waiting is not None and policy.may(request.user, "acknowledge_referral", waiting):
        return reverse("referral", args=[waiting.pk])
    return reverse("home")


def _show(request: AccessRequest, row: Consent, form: DecideForm, opened: Any = None) -> HttpResponse:
    read = opened is not None or Event.objects.filter(
        action="content.read", object_id=row.pk, actor_id=request.user.pk
    ).exists()  # fmt: skip
    context = {
        "title": _("Confirm as the second person"),
        "row": row,
        "case": row.case,
        "ground": labels.GROUND[row.ground],
        "purpose": label("consent_purpose", row.purpose),
        "to": labels.organisation(row.recipient) or _("the focal agency that receives the referral"),
        "classes": [label("information_class", code) for code in row.classes],
        "own": row.recorded_by_id == request.user.pk,
        "opened": opened,
        "read": read,
        "back_url": reverse("home"),
    }
    return show_form(request, "cases/ground_confirm.html", form, context)
