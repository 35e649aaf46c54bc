"""Pages on which officers decide: open, write and propose, confirm or return, open a review. One action per POST."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.identification import actions, rules, shown
from spean.identification.forms import DecisionForm, SecondOfficerForm
from spean.identification.models import Determination
from spean.identification.views import PURPOSE, case_page, determination_page, find
from spean.workflow import engine
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
def open_one(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Begin the decision on a case."""
    case: Case = policy.find(request.user, "open_determination", Case, pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: actions.open_determination(request.user, case, once=form.cleaned_data["once"]))
        if done and done.result:
            return HttpResponseRedirect(reverse("determination_decide", args=[done.result.pk]))
        if done and done.again:
            return HttpResponseRedirect(reverse("determination_decide", args=[done.again.object_id]))
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
            return HttpResponseRedirect(reverse("determination_decide", args=[done.result.pk]))
        if done and done.again:
            return HttpResponseRedirect(reverse("determination_decide", args=[done.again.object_id]))
    return determination_page(request, row, form=form)


@FORM
def propose(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Write the decision: kept as a draft, or proposed to a second officer."""
    user = request.user
    row = find(request, "propose_determination", pk)
    if row.status != "opened" and request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    posted = request.POST if request.method == "POST" else None
    texts: dict[str, str | None] = {}
    if row.status == "opened":
        # What is sent in replaces what was kept; why it was returned stays in view.
        kept = DecisionForm.TEXTS if posted is None else ()
        texts = shown.reasons(user, row, PURPOSE, only=(*kept, "return_reason"))
    form = DecisionForm(
        posted, child=row.treated_as_child, version=row.version, initial={**DecisionForm.held(row), **texts}
    )
    if form.is_valid():
        keeping = request.POST.get("do") == "keep"
        action = actions.keep_draft if keeping else actions.propose_determination
        done = carry_out(form, lambda: action(user, row, form.findings(), **form.guard), version_now=_version(pk))
        if done and keeping:
            messages.success(request, _("The draft is kept. Nobody else is told, and nothing is decided."))
            return HttpResponseRedirect(reverse("determination_decide", args=[pk]))
        if done:
            messages.success(request, _("The decision waits for a second officer now."))
            return HttpResponseRedirect(reverse("determination", args=[pk]))
        form.place()
    context = {
        **shown.case_context(user, row.case),
        "title": _("Write the decision"),
        "row": row,
        "returned": texts.get("return_reason"),
        "hindrances": [
            message
            for name in ("reflection_over", "not_part_of_reviewed_decision")
            for message in engine.REQUIREMENTS[name](row, user, {})
        ],
        "back_url": reverse("case_identification", args=[row.case_id]),
    }
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
