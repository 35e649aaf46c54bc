"""Pages of the hotline about who called: record it, open it with a reason, keep it longer. Nobody else has them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.detection import informant, queries
from spean.detection.models import Informant
from spean.privacy import doors
from spean.privacy.event_names import PURPOSES
from spean.workflow.pages import LONG, SHORT, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25
OPENED_FOR = ("following_up_report", "protection", "emergency")


def _line(label: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=SHORT, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs
    )


class InformantForm(ActionForm):
    """What the caller wants us to keep."""

    name = _line(gettext_lazy("Name, or what the caller wants to be called"))
    phone = _line(gettext_lazy("Number at which it is safe to call back"))
    safe_times = forms.CharField(
        label=gettext_lazy("When is it safe to call, and what may be said?"),
        max_length=LONG,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not self.errors and not (typed.get("name", "").strip() or typed.get("phone", "").strip()):
            self.add_error("name", _("Enter a name or a number, or leave the caller unknown."))
        return typed


class WhyForm(forms.Form):
    """Why somebody opens who called."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("Why do you open it?"),
        error_messages={"required": gettext_lazy("Choose why you open it")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", ""), *((code, PURPOSES[code]) for code in OPENED_FOR)]
        self.fields["purpose"].choices = choices  # type: ignore[attr-defined]


class LongerForm(ActionForm):
    """Why it is still needed."""

    reason = forms.CharField(
        label=gettext_lazy("Why is it still needed?"),
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Write down why it is still needed")},
    )


@FORM
def record(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Who called? Only if the caller wants to be called back."""
    case: Case = policy.find(request.user, "record_informant", Case, pk)
    there = informant.of_case(request.user, case)
    if there is not None:
        return HttpResponseRedirect(reverse("informant", args=[there.pk]))
    form = InformantForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: informant.record_informant(
                request.user, case, name=typed["name"], phone=typed["phone"], safe_times=typed["safe_times"],
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("Kept, apart from the case. It is destroyed after 30 days."))
            return HttpResponseRedirect(_goes_on(case))
    context = {
        "title": _("Does the caller want to be called back?"),
        "lead": _("If not, leave the caller unknown. Nothing is lost: the report counts all the same."),
        "skip_url": _goes_on(case),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "detection/informant_record.html", form, context)


def _goes_on(case: Case) -> str:
    open_interview = queries.open_interview(case)
    return reverse("case_interview" if open_interview else "case", args=[case.pk])


@require_safe
def informant_list(request: AccessRequest) -> HttpResponse:
    """The callers this user may look up: codes and days, no name."""
    page = Paginator(informant.readable(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "detection/informant_list.html", {"page": page})


@require_safe
def informant_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, pk))


@require_POST
def open_informant(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Name and number, in place, to whoever says why. Logged."""
    row = _find(request, pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form=form)
    opened = doors.reveal(request.user, [row], informant.SEALED, form.cleaned_data["purpose"])[row.pk]
    labels = {name: InformantForm.base_fields[name].label for name in informant.SEALED}
    return _page(request, row, opened=[(str(labels[name]), opened[name] or "") for name in labels if opened[name]])


@FORM
def keep_longer(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Keep it for another 30 days, with a reason."""
    row: Informant = policy.find(request.user, "keep_informant_longer", Informant, pk)
    form = LongerForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: informant.keep_longer(request.user, row, reason=typed["reason"], version=typed["version"]),
            version_now=lambda: Informant.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("It is kept for another 30 days."))
            return HttpResponseRedirect(reverse("informant", args=[pk]))
    context = {"title": _("Keep it longer"), "back_url": reverse("informant", args=[pk])}
    return show_form(request, "web/form.html", form, context)


def _find(request: AccessRequest, pk: UUID) -> Informant:
    row: Informant = policy.find(request.user, "see_informant", Informant, pk)
    return row


def _page(
    request: AccessRequest,
    row: Informant,
    *,
    form: WhyForm | None = None,
    opened: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    context = {
        "informant": row,
        "form": form or WhyForm(),
        "opened": opened,
        "may_keep": row.destroyed_at is None and policy.may(request.user, "keep_informant_longer", row),
    }
    return render(request, "detection/informant.html", context, status=422 if form is not None else 200)
