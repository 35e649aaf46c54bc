"""Possible matches: the list, two records side by side, the decision and its undoing."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.people import actions, queries
from spean.people.forms import DecisionForm
from spean.people.models import PossibleMatch
from spean.people.words import IDENTITY, LABELS
from spean.privacy import doors
from spean.workflow.pages import carry_out

PER_PAGE = 25
_ACTS = {
    "same": actions.confirm_same_person,
    "not_same": actions.confirm_not_same_person,
    "unsure": actions.leave_match_unsure,
}


@require_safe
def match_list(request: AccessRequest) -> HttpResponse:
    page = Paginator(queries.matches(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "people/match_list.html", {"page": page, "rows": queries.match_rows(request.user, page)})


@require_safe
def match_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, "see_match", pk))


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Both identities side by side: opened on demand, and logged."""
    match = _find(request, "decide_match", pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("match", args=[pk]))
    opened = doors.reveal(request.user, [match.person, match.other], IDENTITY, "matching")
    one, two = opened[match.person_id], opened[match.other_id]
    rows = [(str(LABELS[name]), one[name] or "", two[name] or "") for name in IDENTITY if one[name] or two[name]]
    return _page(request, match, compared=rows)


@require_POST
def decide(request: AccessRequest, pk: UUID) -> HttpResponse:
    match = _find(request, "decide_match", pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        act = _ACTS[form.cleaned_data["decision"]]
        done = carry_out(
            form,
            lambda: act(request.user, match, version=form.cleaned_data["version"]),
            version_now=lambda: PossibleMatch.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The decision is kept. It can be changed later."))
            return HttpResponseRedirect(reverse("match", args=[pk]))
    return _page(request, _find(request, "see_match", pk), form=form)


def _find(request: AccessRequest, action: str, pk: UUID) -> PossibleMatch:
    rows = policy.visible(request.user, action, PossibleMatch).select_related("person", "other", "case", "decided_by")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: AccessRequest,
    match: PossibleMatch,
    *,
    form: DecisionForm | None = None,
    compared: list[tuple[str, str, str]] | None = None,
) -> HttpResponse:
    (row,) = queries.match_rows(request.user, [match])
    sides = [
        (side, queries.facts(side) if side else [], link)
        for side, link in ((row["person"], match.person_id), (row["other"], match.other_id))
    ]
    seen = {one.pk for one in actions.visible_persons(request.user, (match.person_id, match.other_id))}
    context = {
        "match": match,
        "row": row,
        "sides": [(side, told, side is not None and pk in seen) for side, told, pk in sides],
        "compared": compared,
        "may_decide": row["both"] and policy.may(request.user, "decide_match", match),
        "form": form or DecisionForm(version=match.version),
    }
    return render(request, "people/match.html", context, status=422 if form is not None and form.errors else 200)
