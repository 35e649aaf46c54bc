"""Pages of suspects and of lifting an exclusion. Excluding itself is among the case manager's pages in `manage.py`."""

from collections.abc import Mapping
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
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.cases import exclusion, labels
from spean.cases.models import Case, Exclusion, Suspect
from spean.cases.panels import Panel, Sight, link, register
from spean.cases.reasons import ReasonForm, reasons_about
from spean.country.fields import CodeChoices, label
from spean.privacy import doors
from spean.workflow.pages import LONG, SHORT, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
SEALED = ("name", "description")


class SuspectForm(ActionForm):
    role = CodeChoices(
        codelist="suspect_role",
        label=gettext_lazy("What is this person said to have done?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what this person is said to have done")},
    )
    name = forms.CharField(
        label=gettext_lazy("Name, or what people call this person"),
        help_text=gettext_lazy("It is sealed."),
        max_length=SHORT,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        help_text=gettext_lazy("As told: looks, telephone number, vehicle, place of work. It is sealed."),
        max_length=LONG,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    organisation = OrganisationField(
        label=gettext_lazy("Organisation that this person works for"),
        help_text=gettext_lazy("It sees nothing of this person’s cases from now on, and is not told."),
        queryset=Organisation.objects.none(),
        required=False,
    )
    email = forms.EmailField(
        label=gettext_lazy("Or a user here, by e-mail address"),
        help_text=gettext_lazy("Only this user is excluded then, not the whole organisation."),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Enter an e-mail address, like name@example.org")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = Organisation.objects.order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["user"] = None
        if cleaned.get("organisation") and cleaned.get("email"):
            self.add_error("email", _("Choose an organisation or a user, not both."))
        elif cleaned.get("email"):
            cleaned["user"] = User.objects.filter(email=cleaned["email"].lower()).first()
            if cleaned["user"] is None:
                self.add_error("email", _("Nobody has this e-mail address here."))
        return cleaned


class DecideForm(ReasonForm):
    """What a second person decides about an exclusion that somebody wants lifted."""

    decision = forms.ChoiceField(
        label=gettext_lazy("What do you decide?"),
        choices=(
            ("lift", gettext_lazy("Lift it: they may take part again where they are asked")),
            ("keep", gettext_lazy("Keep it: they go on seeing nothing")),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what you decide")},
    )
    field_order = ("decision", "reason")


@FORM
def record_suspect(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "record_suspect", Case, pk)
    form = SuspectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: exclusion.record_suspect(
                request.user, case, role=typed["role"], name=typed["name"], description=typed["description"],
                organisation=typed["organisation"], user=typed["user"], once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("Recorded."))
            return HttpResponseRedirect(reverse("case", args=[pk]))
    context = {
        "title": _("Record a suspect"),
        "lead": _("Somebody who is said to have had a part in it. Nobody is called a criminal before a court says so."),
        "button": _("Record"),
        "back_url": reverse("case", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


@FORM
def suspect_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """One suspect in coded words; name and description are opened by a button, and that is logged."""
    row: Suspect = policy.find(request.user, "see_suspects", Suspect, pk)
    opened: list[tuple[str, str]] = []
    kept = [name for name in SEALED if getattr(row, name) is not None]
    if request.method == "POST" and kept:
        words = {"name": _("Name"), "description": _("Description")}
        texts = doors.reveal(request.user, [row], kept, "casework")[row.pk]
        opened = [(words[name], texts[name] or "") for name in kept]
    may_open = bool(kept) and policy.may_reveal(request.user, row, "justice")
    links = []
    if row.status == "recorded" and policy.may(request.user, "clear_suspect", row):
        links = [(reverse("suspect_clear", args=[pk]), _("No longer a suspect"))]
    context = {
        "title": _("Suspect: %(role)s") % {"role": label("suspect_role", row.role)},
        "rows": [
            (_("Case"), row.case.code),
            (
                _("Recorded"),
                f"{date_format(row.recorded_at, 'j M Y')}, {labels.organisation(row.recorded_organisation)}",
            ),
            (_("Belongs to"), belongs_to(row) or _("Not known")),
            (_("Standing"), _("Suspect") if row.status == "recorded" else _("No longer a suspect")),
        ],
        "opened": opened,
        "open_button": _("Show name and description") if may_open else "",
        "open_url": reverse("suspect", args=[pk]),
        "reasons": reasons_about(request.user, row),
        "links": links,
        "back_url": reverse("case", args=[row.case_id]),
    }
    return render(request, "cases/part.html", context)


@FORM
def clear_suspect(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Suspect = policy.find(request.user, "clear_suspect", Suspect, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: exclusion.clear_suspect(request.user, row, reason=form.cleaned_data["reason"], **form.guard),
            version_now=lambda: Suspect.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Recorded."))
            return HttpResponseRedirect(reverse("suspect", args=[pk]))
    context = {
        "title": _("No longer a suspect"),
        "lead": _("The organisation or user stays excluded until two people lift that."),
        "button": _("Record"),
        "back_url": reverse("suspect", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


@FORM
def ask_to_lift(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Exclusion = policy.find(request.user, "ask_to_lift_exclusion", Exclusion, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: exclusion.ask_to_lift(request.user, row, reason=form.cleaned_data["reason"], **form.guard),
            version_now=lambda: Exclusion.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Asked. It holds until a second person has decided."))
            return HttpResponseRedirect(reverse("case", args=[row.case_id]))
    context = {
        "title": _("Ask to lift the exclusion: %(who)s") % {"who": belongs_to(row)},
        "lead": _(
            "Somebody decides who neither excluded them nor asks now: a colleague, or the national focal agency."
        ),
        "button": _("Ask"),
        "back_url": reverse("case", args=[row.case_id]),
    }
    return show_form(request, "web/form.html", form, context)


@FORM
def decide(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The second person: who is excluded, why, what speaks for lifting it; nothing else of the case."""
    row: Exclusion = policy.find(request.user, "lift_exclusion", Exclusion, pk)
    form = DecideForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        act = exclusion.lift if form.cleaned_data["decision"] == "lift" else exclusion.keep
        done = carry_out(
            form,
            lambda: act(request.user, row, reason=form.cleaned_data["reason"], **form.guard),
            version_now=lambda: Exclusion.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Decided."))
            return HttpResponseRedirect(reverse("home"))
    context = {
        "title": _("Lift the exclusion?"),
        "rows": [
            (_("Case"), row.case.code),
            (_("Excluded"), belongs_to(row)),
            (_("Because"), labels.EXCLUSION_REASON[row.reason]),
            (_("Since"), f"{date_format(row.created_at, 'j M Y')}, {row.created_by}"),
            (_("Asked by"), str(row.asked_by)),
        ],
        "reasons": reasons_about(request.user, row),
        "button": _("Decide"),
        "back_url": reverse("home"),
    }
    return show_form(request, "cases/decide.html", form, context)


def belongs_to(row: Suspect | Exclusion) -> str:
    """The organisation or user a row is about, in the reader's language."""
    return labels.organisation(row.organisation) if row.organisation else str(row.user or "")


def _suspects(sight: Sight) -> Mapping[str, Any] | None:
    if "see_suspects" not in sight.may:
        return None
    rows = sight.all(Suspect).select_related("organisation", "user").defer(*SEALED)
    may_add = "record_suspect" in sight.may and sight.case.status not in ("counted", "closed")
    shown = [
        {
            "row": row,
            "role": label("suspect_role", row.role),
            "belongs": belongs_to(row),
            "url": link("suspect", row.pk),
        }
        for row in rows
    ]
    url = link("suspect_add", sight.case.pk) if may_add else ""
    return {"rows": shown, "url": url} if shown or url else None


register(Panel("suspects", gettext_lazy("Suspects"), "cases/panels/suspects.html", _suspects, order=75))
