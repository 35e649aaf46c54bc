"""Pages of formal identification that only show: the queue, one case with everything, one decision.

No name stands on them; names, stories and reasons are opened on demand, for the purpose of identification, and logged.
"""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.identification import queries, shown
from spean.identification.models import Determination
from spean.privacy import events

PURPOSE = "identification"
READ = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def queue(request: AccessRequest) -> HttpResponse:
    """What waits at the competent authority: codes, ages and deadlines."""
    return render(request, "identification/queue.html", {"lists": shown.lists(queries.queue(request.user))})


@require_safe
def basis(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Everything on which a decision on this case can rest."""
    case: Case = policy.find(request.user, "see_determination", Case, pk)
    events.record("case.read", actor=request.user, case=case, purpose=PURPOSE)
    return case_page(request, case)


@READ
def read(request: AccessRequest, pk: UUID, what: str) -> HttpResponse:
    """The name, or what was written down, opened in place; asked for by a button, never by a link."""
    case: Case = policy.find(request.user, "see_determination", Case, pk)
    if what not in ("name", "texts"):
        raise Http404
    if request.method != "POST":
        return HttpResponseRedirect(reverse("case_identification", args=[pk]))
    opened = shown.name(request.user, case, PURPOSE) if what == "name" else shown.texts(request.user, case)
    return case_page(request, case, opened={what: opened})


def case_page(
    request: AccessRequest, case: Case, *, opened: dict[str, Any] | None = None, form: Any = None
) -> HttpResponse:
    """The page of one case; also where an action on it is refused."""
    context = shown.case_context(request.user, case)
    context.update(opened=opened or {}, form=form)
    return render(request, "identification/case.html", context, status=422 if form is not None and form.errors else 200)


@require_safe
def determination(request: AccessRequest, pk: UUID) -> HttpResponse:
    """One decision: its findings and where it stands."""
    return determination_page(request, find(request, "see_determination", pk))


@READ
def reasons(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The decision with its reasons, evidence and, where it was returned, why."""
    row = find(request, "see_determination", pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("determination", args=[pk]))
    if shown.hidden(request.user, row):
        raise Http404
    opened = shown.reasons(request.user, row, PURPOSE)
    return determination_page(request, row, opened=opened)


def determination_page(
    request: AccessRequest, row: Determination, *, opened: dict[str, str | None] | None = None, form: Any = None
) -> HttpResponse:
    """The page of one decision; also where an action on it is refused."""
    context = shown.determination_context(request.user, row, opened)
    context.update(opened=opened, form=form)
    return render(
        request, "identification/determination.html", context, status=422 if form is not None and form.errors else 200
    )


def find(request: AccessRequest, action: str, pk: UUID) -> Determination:
    """A decision this user may do `action` on, with what every page shows beside it; or 404."""
    rows = policy.visible(request.user, action, Determination).filter(pk=pk)
    row = rows.select_related("case", "officer", "confirmed_by", "organisation", "reviews", "reviewed_by").first()
    if row is None:
        raise Http404
    return row
