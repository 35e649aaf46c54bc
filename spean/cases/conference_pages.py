"""Pages of the case conference: call it, invite, withdraw, write the record; and what an invited user sees of it."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.access.roles import SECTIONS
from spean.cases import conference, labels
from spean.cases.models import Case, Conference, Invitation
from spean.cases.panels import Panel, Sight, link, register
from spean.cases.taking_part import CONFERENCE_PURPOSES
from spean.lib import clock
from spean.privacy import consent, doors
from spean.workflow.days import DayLine
from spean.workflow.pages import LONG, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


class CallForm(ActionForm):
    purpose = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=[(code, labels.CONFERENCE_PURPOSE[code]) for code in CONFERENCE_PURPOSES],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what it is about")},
    )
    day = DayLine(label=gettext_lazy("On which day?"))
    hour = forms.TimeField(
        label=gettext_lazy("At which hour?"),
        help_text=gettext_lazy("Like 14:30"),
        input_formats=["%H:%M", "%H.%M", "%H"],
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-5"}),
        error_messages={
            "required": gettext_lazy("Enter the hour"), "invalid": gettext_lazy("Write the hour like 14:30"),
        },
    )  # fmt: skip
    sections = forms.MultipleChoiceField(
        label=gettext_lazy("What may those who are invited read?"),
        help_text=gettext_lazy(
            "As little as the conference needs, and only what the person agreed to for each organisation."
        ),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    shown_for = forms.TypedChoiceField(
        label=gettext_lazy("Until when?"),
        choices=(
            (0, gettext_lazy("Until the evening of that day")),
            (7, gettext_lazy("A week longer")),
            (29, gettext_lazy("Four weeks longer")),
        ),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose until when it is shown")},
    )

    def __init__(self, *args: Any, sections: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sections"].choices = [  # type: ignore[attr-defined]
            (code, labels.SECTION[code]) for code in SECTIONS if code in sections
        ]

    def moments(self) -> dict[str, datetime]:
        typed = self.cleaned_data
        last = typed["day"] + timedelta(days=typed["shown_for"])
        return {
            "meets_at": datetime.combine(typed["day"], typed["hour"], tzinfo=clock.local_zone()),
            "until_at": datetime.combine(last, time(23, 59), tzinfo=clock.local_zone()),
        }


class InviteForm(ActionForm):
    email = forms.EmailField(
        label=gettext_lazy("Whom do you invite? E-mail address"),
        help_text=gettext_lazy("One user. Colleagues of this user see nothing."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter the e-mail address"),
            "invalid": gettext_lazy("Enter an e-mail address, like name@example.org"),
        },
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        self.user = User.objects.filter(email=email).first()
        if self.user is None or self.user.organisation is None:
            raise forms.ValidationError(_("Nobody has this e-mail address here."))
        return email


class RecordForm(ActionForm):
    record = forms.CharField(
        label=gettext_lazy("What was said, and what was decided"),
        help_text=gettext_lazy("Sealed, for your agency. It cannot be changed later: add what is missing as a note."),
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Write down what was said and decided.")},
    )


@FORM
def call(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "call_conference", Case, pk)
    sections = policy.readable_sections(request.user, case)
    form = CallForm(request.POST if request.method == "POST" else None, sections=sections)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: conference.call_conference(
                request.user, case, purpose=typed["purpose"], sections=typed["sections"], once=typed["once"],
                **form.moments(),
            ),
        )  # fmt: skip
        if done:
            found = done.result.pk if done.result else done.again.object_id if done.again else pk
            return HttpResponseRedirect(reverse("conference", args=[found]))
    context = {
        "title": _("Call a case conference"),
        "lead": _("People of several organisations talk about this case. Whom you invite sees what you name here, alone "
                  "and until the end that you choose."),
        "button": _("Continue: whom to invite"),
        "back_url": reverse("case", args=[pk]),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


@FORM
def conference_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """For the focal agency: everything about it. For an invited user: what it is about, when, and the way to the case."""
    row: Conference = policy.find(request.user, "see_conference", Conference, pk)
    runs = policy.may(request.user, "record_conference", row)
    opened: list[tuple[str, str]] = []
    if request.method == "POST" and row.record is not None:
        opened = [(_("Record"), doors.reveal(request.user, [row], ["record"], "casework")[row.pk]["record"] or "")]
    word, _colour = labels.CONFERENCE_STATUS[row.status]
    shown = row.sections
    if not runs:
        shown = Invitation.objects.get(conference=row, user=request.user, status="invited").sections
    context = {
        "title": _("Case conference"),
        "rows": [
            (_("Case"), row.case.code),
            (_("About"), labels.CONFERENCE_PURPOSE[row.purpose]),
            (_("When"), _moment(row.meets_at)),
            (_("Standing"), word),
            (_("Shown at most") if runs else _("You may read"), _sections(shown)),
            (_("Shown until"), _moment(row.until_at)),
        ],
        "people": _people(row) if runs else [],
        "opened": opened,
        "open_button": _("Read the record") if runs and row.record is not None else "",
        "open_url": reverse("conference", args=[pk]),
        "links": _links(row) if runs else [(reverse("case", args=[row.case_id]), _("To the case"))],
        "back_url": reverse("case", args=[row.case_id]),
    }
    return render(request, "cases/part.html", context)


@FORM
def invite(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Conference = policy.find(request.user, "call_conference", Conference, pk)
    form = InviteForm(request.POST if request.method == "POST" else None)
    asked: Organisation | None = None
    if form.is_valid():
        user = form.user
        assert user is not None
        asked = organisation = user.organisation
        assert organisation is not None
        done = carry_out(
            form,
            lambda: conference.invite(request.user, row, user, organisation, once=form.cleaned_data["once"]),
        )
        if done:
            messages.success(request, _("Invited. This user sees it on the first page."))
            return HttpResponseRedirect(reverse("conference", args=[pk]))
    context = {
        "title": _("Invite to the conference"),
        "lead": _("The organisation of whoever you invite gets what the person agreed to for it, and no more."),
        "button": _("Invite"),
        "consent_url": _consent_url(row, asked),
        "back_url": reverse("conference", args=[pk]),
    }
    return show_form(request, "cases/invite.html", form, context)


@FORM
def withdraw(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Invitation = policy.find(request.user, "call_conference", Invitation, pk)
    form = ActionForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: conference.withdraw_invitation(request.user, row, **form.guard),
            version_now=lambda: Invitation.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Withdrawn. This user sees nothing more of it."))
            return HttpResponseRedirect(reverse("conference", args=[row.conference_id]))
    context = {
        "title": _("Withdraw the invitation of %(who)s") % {"who": row.user},
        "button": _("Withdraw it"),
        "back_url": reverse("conference", args=[row.conference_id]),
    }
    return show_form(request, "web/form.html", form, context)


@FORM
def record(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Conference = policy.find(request.user, "record_conference", Conference, pk)
    form = RecordForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: conference.record_conference(request.user, row, record=form.cleaned_data["record"], **form.guard),
            version_now=lambda: Conference.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The record is kept."))
            return HttpResponseRedirect(reverse("conference", args=[pk]))
    context = {
        "title": _("Record of the conference"),
        "button": _("Keep the record"),
        "back_url": reverse("conference", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


@FORM
def cancel(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Conference = policy.find(request.user, "call_conference", Conference, pk)
    form = ActionForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: conference.cancel_conference(request.user, row, **form.guard),
            version_now=lambda: Conference.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Cancelled. Nobody who was invited sees anything more."))
            return HttpResponseRedirect(reverse("case", args=[row.case_id]))
    context = {
        "title": _("Cancel the conference"),
        "lead": _("Every invitation ends with it."),
        "button": _("Cancel the conference"),
        "back_url": reverse("conference", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


def _people(row: Conference) -> list[dict[str, Any]]:
    rows = Invitation.objects.filter(conference=row, status="invited").select_related("user", "organisation")
    return [
        {
            "name": one.user.name,
            "organisation": one.organisation,
            "sections": [labels.SECTION[code] for code in one.sections],
            "url": reverse("invitation_withdraw", args=[one.pk]),
        }
        for one in rows
    ]


def _links(row: Conference) -> list[tuple[str, str]]:
    if row.status != "called":
        return []
    found = []
    if row.until_at > clock.now():
        found.append((reverse("conference_invite", args=[row.pk]), _("Invite a user")))
    if row.meets_at <= clock.now():
        found.append((reverse("conference_record", args=[row.pk]), _("Write the record")))
    return [*found, (reverse("conference_cancel", args=[row.pk]), _("Cancel the conference"))]


def _consent_url(row: Conference, organisation: Organisation | None) -> str:
    """Where the person's agreement is recorded, if that is what is missing."""
    if organisation is None or organisation.pk == row.case.focal_organisation_id:
        return ""
    if not row.sections or consent.covered(row.case, organisation, conference.PURPOSE, row.sections):
        return ""
    address = reverse("case_consent", args=[row.case_id, conference.PURPOSE])
    return f"{address}?to={organisation.pk}&next={reverse('conference_invite', args=[row.pk])}"


def _sections(codes: list[str]) -> str:
    return ", ".join(str(labels.SECTION[code]) for code in codes) or _("nothing sealed")


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")


def _conferences(sight: Sight) -> Mapping[str, Any] | None:
    may_call = "call_conference" in sight.may and sight.case.status == "registered"
    if not may_call and "see_case" not in sight.may:
        return None
    rows = sight.rows("see_conference", Conference).defer("record")
    shown = []
    for row in rows:
        word, colour = labels.CONFERENCE_STATUS[row.status]
        shown.append(
            {
                "row": row,
                "purpose": labels.CONFERENCE_PURPOSE[row.purpose],
                "status": word,
                "colour": colour,
                "url": link("conference", row.pk),
            }
        )
    url = link("conference_call", sight.case.pk) if may_call else ""
    return {"rows": shown, "url": url} if shown or url else None


register(Panel("conferences", gettext_lazy("Case conference"), "cases/panels/conferences.html", _conferences, order=78))
