"""Pages on which officers decide: open, write and propose, confirm or return, open a review. One action per POST."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.identification import actions, rules, shown
from spean.identification.forms import PartForm, SecondOfficerForm
from spean.identification.models import Determination
from spean.identification.views import PURPOSE, case_page, determination_page, find
from spean.workflow import engine
from spean.workflow.pages import ActionForm, carry_out, show_form

FIRST = next(iter(rules.PARTS))
FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
def open_one(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Begin the decision on a case."""
    case: Case = policy.find(request.user, "open_determination", Case, pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: actions.open_determination(request.user, case, once=form.cleaned_data["once"]))
        if done and done.result:
            return HttpResponseRedirect(reverse("determination_part", args=[done.result.pk, FIRST]))
        if done and done.again:
            return HttpResponseRedirect(reverse("determination_part", args=[done.again.object_id, FIRST]))
    return case_page(request, case, form=form)


@require_POST
def open_review(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Begin the review of a decision: a new decision that points to the old one."""
    row = find(request, "open_determination", pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        once = form.cleaned_data["once"]
        done = carry_out(form, lambda: actions.open_determination(request.user, row.case, reviews=row, once=once))
        if done and done.result:
            return HttpResponseRedirect(reverse("determination_part", args=[done.result.pk, FIRST]))
        if done and done.again:
            return HttpResponseRedirect(reverse("determination_part", args=[done.again.object_id, FIRST]))
    return determination_page(request, row, form=form)


@FORM
def write(request: AccessRequest, pk: UUID, part: str) -> HttpResponse:
    """One part of the decision on one screen; what is typed is kept before the next one opens."""
    user = request.user
    row = find(request, "propose_determination", pk)
    if part not in rules.PARTS:
        raise Http404
    if row.status != "opened" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    checking = request.GET.get("from") == "check"
    form = _part_form(request, row, part, checking)
    if request.method == "POST" and form.is_valid():
        done = carry_out(
            form, lambda: actions.keep_draft(user, row, form.written(), **form.guard), version_now=_version(pk)
        )
        if done:
            following = shown.part_after(part)
            if checking or following is None:
                return HttpResponseRedirect(reverse("determination_decide", args=[pk]))
            return HttpResponseRedirect(reverse("determination_part", args=[pk, following]))
    context = shown.part_context(user, row, part)
    if checking:
        context["back_url"] = reverse("determination_decide", args=[pk])
    status = 422 if request.method == "POST" else 200
    return render(request, "identification/part.html", {**context, "form": form}, status=status)


def _part_form(request: AccessRequest, row: Determination, part: str, checking: bool) -> PartForm:
    common: dict[str, Any] = {"part": part, "child": row.treated_as_child, "version": row.version}
    if request.method == "POST":
        return PartForm(request.POST, **common)
    # Texts are opened only to be shown; what is sent in replaces them. A check needs them all.
    names = rules.TEXTS if checking else rules.PARTS[part]
    texts = shown.reasons(request.user, row, PURPOSE, only=[name for name in rules.TEXTS if name in names])
    findings = shown.findings(row, texts)
    held = {name: getattr(findings, name) for name in rules.PARTS[part]}
    if not checking:
        return PartForm(initial=held, **common)
    form = PartForm({**held, "once": str(uuid4()), "version": str(row.version)}, **common)
    form.is_valid()
    form.point_out(rules.check_findings(findings, row.treated_as_child))
    return form


@FORM
def propose(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The whole decision as it is written, with what is missing; from here it goes to a second officer."""
    user = request.user
    row = find(request, "propose_determination", pk)
    if row.status != "opened" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    if request.method != "POST" and row.version == 1:
        return HttpResponseRedirect(reverse("determination_part", args=[pk, FIRST]))  # nothing is written yet
    texts = shown.reasons(user, row, PURPOSE) if row.status == "opened" else {}
    findings = shown.findings(row, texts)
    form = ActionForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        guard = form.guard
        # What is proposed is what was read above, whatever version the page forgot to say.
        guard["version"] = row.version if guard["version"] is None else guard["version"]
        done = carry_out(
            form,
            lambda: actions.propose_determination(user, row, findings, **guard),
            version_now=_version(pk),
        )
        if done:
            messages.success(request, _("The decision waits for a second officer now."))
            return HttpResponseRedirect(reverse("determination", args=[pk]))
    context = shown.check_context(user, row, texts, findings, form)
    return show_form(request, "identification/decide.html", form, context)


@FORM
def second(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The second officer reads the proposal with its reasons, and confirms it or gives it back."""
    user = request.user
    row = find(request, "confirm_determination", pk)
    if row.status != "proposed" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    own = engine.REQUIREMENTS["second_officer"](row, user, {})
    form = SecondOfficerForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        typed = form.cleaned_data
        back = typed["answer"] == "return"
        done = carry_out(
            form,
            (lambda: actions.return_determination(user, row, reason=typed["reason"], **form.guard))
            if back
            else (lambda: actions.confirm_determination(user, row, **form.guard)),
            version_now=_version(pk),
        )
        if done:
            said = _("The decision is back with the first officer, with your reason.")
            messages.success(request, said if back else _("The decision stands. The person has to be told now."))
            return HttpResponseRedirect(reverse("determination", args=[pk]))
        _at_reason(form)
    context = {
        "title": _("Second officer"),
        "row": row,
        "own": own,
        # The one who wrote the proposal has nothing to confirm, and so nothing to open here.
        **shown.determination_context(user, row, None if own else shown.reasons(user, row, PURPOSE)),
        "opened": not own,
        "back_url": reverse("determination", args=[pk]),
    }
    return show_form(request, "identification/second.html", form, context)


def _at_reason(form: SecondOfficerForm) -> None:
    """A missing reason belongs to the field in which it is missing."""
    missing = str(rules.RETURN_REASON_MISSING)
    general = [str(message) for message in form.non_field_errors()]
    if missing in general:
        del form.errors["__all__"]
        for message in general:
            form.add_error("reason" if message == missing else None, message)


def _version(pk: UUID) -> Callable[[], int]:
    return lambda: Determination.objects.values_list("version", flat=True).get(pk=pk)
