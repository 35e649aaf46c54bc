"""Pages of an operation: note it, read it, say who may read it, say when it is over. Nobody unnamed has them."""

from collections.abc import Mapping
from datetime import datetime
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
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.cases import operation
from spean.cases.models import Case, OperationalFact
from spean.cases.panels import Panel, Sight, link, register
from spean.lib import clock
from spean.privacy import doors
from spean.workflow.days import DayLine
from spean.workflow.pages import LONG, SHORT, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
SEALED = ("place", "time", "plan")
LABELS = {
    "place": gettext_lazy("Place"), "time": gettext_lazy("Day and hour"), "plan": gettext_lazy("Plan"),
}  # fmt: skip
MOST_READERS = 20


def _sealed_line(label: Any, missing: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=SHORT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing},
    )


class EndForm(ActionForm):
    """When it is over. Until then only named readers see it."""

    over_on = DayLine(
        label=gettext_lazy("On which day is it over?"),
        help_text=gettext_lazy("Until then only the readers you name know of it. Write it like 27 3 2027."),
        error_messages={"required": gettext_lazy("Enter the day on which it is over")},
    )
    over_hour = forms.TimeField(
        label=gettext_lazy("At which hour?"),
        help_text=gettext_lazy("Like 18:00"),
        input_formats=["%H:%M", "%H.%M", "%H"],
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-5"}),
        error_messages={
            "required": gettext_lazy("Enter the hour"),
            "invalid": gettext_lazy("Write the hour like 18:00"),
        },
    )

    def over_at(self) -> datetime:
        typed = self.cleaned_data
        return datetime.combine(typed["over_on"], typed["over_hour"], tzinfo=clock.local_zone())


class OperationForm(EndForm):
    """Where, when, how, and who may read it."""

    place = _sealed_line(gettext_lazy("Where?"), gettext_lazy("Enter the place"))
    time = _sealed_line(gettext_lazy("When?"), gettext_lazy("Enter the day and hour"))
    plan = forms.CharField(
        label=gettext_lazy("What the readers have to prepare"),
        max_length=LONG,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    readers = forms.CharField(
        label=gettext_lazy("Who may read it?"),
        help_text=gettext_lazy("E-mail addresses, one in each line. As few as possible."),
        max_length=LONG,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )

    field_order = ("place", "time", "plan", "over_on", "over_hour", "readers")

    def clean_readers(self) -> list[User]:
        wanted = list(dict.fromkeys(line.strip().lower() for line in self.cleaned_data["readers"].splitlines()))
        wanted = [line for line in wanted if line]
        if len(wanted) > MOST_READERS:
            raise forms.ValidationError(_("At most 20 readers."))
        found = {user.email: user for user in User.objects.filter(email__in=wanted, is_active=True)}
        if len(found) < len(wanted):
            raise forms.ValidationError(_("One of these e-mail addresses belongs to nobody here."))
        return list(found.values())


class ReaderForm(ActionForm):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of one more reader"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter the e-mail address"),
            "invalid": gettext_lazy("Enter an e-mail address, like name@example.org"),
        },
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if "email" in typed:
            typed["user"] = User.objects.filter(email=typed["email"].lower(), is_active=True).first()
            if typed["user"] is None:
                self.add_error("email", _("Nobody has this e-mail address here."))
        return typed


@FORM
def note(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Note an operation of this case, for named readers."""
    case: Case = policy.find(request.user, "note_operation", Case, pk)
    form = OperationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: operation.note_operation(
                request.user, case, place=typed["place"], time=typed["time"], plan=typed["plan"],
                over_at=form.over_at(), readers=typed["readers"], once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            found = done.result.pk if done.result else done.again.object_id if done.again else None
            messages.success(request, _("Noted. Only the readers you named know of it."))
            return HttpResponseRedirect(reverse("operation", args=[found]))
    context = {
        "title": _("Note an operation"),
        "lead": _("Place and time are sealed. Nobody but the readers you name learns that something is planned."),
        "button": _("Note it"),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "web/form.html", form, context)


@require_safe
def operation_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, "see_operation", pk))


@require_POST
def open_operation(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Place, time and plan, in place. Logged, but not in the history of the case."""
    fact = _find(request, "see_operation", pk)
    opened = doors.reveal(request.user, [fact], SEALED, "justice")[fact.pk]
    return _page(request, fact, opened=[(str(LABELS[name]), opened[name] or "") for name in SEALED if opened[name]])


@FORM
def readers(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Name one more reader."""
    fact = _find(request, "change_operation", pk)
    form = ReaderForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and carry_out(
        form, lambda: operation.name_reader(request.user, fact, form.cleaned_data["user"])
    ):
        messages.success(request, _("This user can read it now."))
        return HttpResponseRedirect(reverse("operation", args=[pk]))
    context = {
        "title": _("Name a reader"),
        "lead": _("This user sees place, time and plan from now on."),
        "button": _("Name this reader"),
        "back_url": reverse("operation", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


@require_POST
def take_off(request: AccessRequest, pk: UUID, reader: int) -> HttpResponse:
    """Take a reader off the list."""
    fact = _find(request, "change_operation", pk)
    found = fact.readers.filter(pk=reader).first()
    if found is None:
        raise Http404
    operation.take_reader_off(request.user, fact, found)
    messages.success(request, _("Taken off. What this user has read already he knows."))
    return HttpResponseRedirect(reverse("operation", args=[pk]))


@FORM
def move_end(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The operation is over earlier or later than was planned."""
    fact = _find(request, "change_operation", pk)
    form = EndForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and carry_out(form, lambda: operation.move_end(request.user, fact, form.over_at())):
        messages.success(request, _("The end is changed."))
        return HttpResponseRedirect(reverse("operation", args=[pk]))
    context = {
        "title": _("When is it over?"),
        "lead": _("From then on investigators and prosecutors of the case see it, not only the readers."),
        "button": _("Change"),
        "back_url": reverse("operation", args=[pk]),
    }
    return show_form(request, "web/form.html", form, context)


def _find(request: AccessRequest, action: str, pk: UUID) -> OperationalFact:
    fact: OperationalFact = policy.find(request.user, action, OperationalFact, pk)
    return fact


def _page(
    request: AccessRequest, fact: OperationalFact, *, opened: list[tuple[str, str]] | None = None
) -> HttpResponse:
    may_change = policy.may(request.user, "change_operation", fact)
    may_see = policy.visible(request.user, "see_case", Case).filter(pk=fact.case_id).exists()
    rows = fact.readers.filter(until_at__isnull=True).select_related("user")
    context = {
        "fact": fact,
        "code": operation.code_of(fact),
        "case_url": reverse("case", args=[fact.case_id]) if may_see else "",
        "over": fact.over_at <= clock.now(),
        "opened": opened,
        "may_change": may_change,
        "readers": list(rows) if may_change else [],
        "form": ActionForm(),
    }
    return render(request, "cases/operation.html", context)


def _panel(sight: Sight) -> Mapping[str, Any] | None:
    may_note = "note_operation" in sight.may
    none = sight.standing.lacks(OperationalFact)
    rows = [] if none else list(operation.readable(sight.user).filter(case=sight.case)[:20])
    if not rows and not may_note:
        return None
    return {"rows": rows, "url": link("operation_note", sight.case.pk) if may_note else ""}


register(Panel("operations", gettext_lazy("Operations"), "cases/panels/operations.html", _panel, order=92))
