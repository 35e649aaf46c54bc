"""Registering the person of a case: the form, the possible matches, and the decision on each.

What was typed stays in the page (hidden fields of a POST) until the person is registered: never in an address, a
session or a table. The duplicate check runs in the action, so that no path leads around it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.cases.panels import link
from spean.people import actions, queries, search
from spean.people.forms import IdentityForm, decisions_in
from spean.people.models import Person
from spean.privacy import doors
from spean.workflow.pages import carry_out

FORM = require_http_methods(["GET", "HEAD", "POST"])
COMPARED = (
    "family_name", "given_name", "name_km", "other_names", "birth_date", "document_number", "mother_name",
    "father_name",
)  # fmt: skip


@FORM
def register(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "register_person", Case, pk)
    if request.method != "POST":
        return _form(request, case, IdentityForm(initial=_known(case), version=case.version))
    form = IdentityForm(request.POST)
    if not form.is_valid():
        return _form(request, case, form, status=422)
    if "edit" in request.POST:
        return _form(request, case, form)
    decisions = decisions_in(request.POST)
    try:
        if "compare" in request.POST:
            found = actions.possible_matches(form.identity().details())
            return _matches(request, case, form, found, decisions, compare=request.POST["compare"])
        return _register(request, case, form, decisions)
    except search.SearchUnavailable:
        form.add_error(
            None,
            _("The duplicate check is not running. Nothing was saved; your entries are kept on this page. Try again."),
        )
        return _form(request, case, form, status=503)


def _register(request: AccessRequest, case: Case, form: IdentityForm, decisions: dict[UUID, str]) -> HttpResponse:
    to_decide: list[search.Candidate] = []

    def act() -> Person | None:
        try:
            return actions.register_person(request.user, case, form.identity(), decisions, **form.guard)
        except actions.MatchesToDecide as undecided:
            to_decide.extend(undecided.candidates)
            return None

    done = carry_out(form, act, version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk))
    if to_decide:
        missing = bool(decisions) or "decided" in request.POST
        return _matches(request, case, form, to_decide, decisions, missing=missing)
    if done is None:
        if decisions:
            found = actions.possible_matches(form.identity().details())
            return _matches(request, case, form, found, decisions)
        return _form(request, case, form, status=422)
    messages.success(request, _("The person is registered."))
    return HttpResponseRedirect(link("case", case.pk) or reverse("home"))


@FORM
def prefill(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The form with what the first responder wrote down: opened on demand, and logged."""
    case: Case = policy.find(request.user, "register_person", Case, pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("case_register", args=[pk]))
    initial = _known(case)
    screening: Any = case.screenings.filter(completed_at__isnull=False).first()
    if screening is not None:
        wanted = [name for name in ("stated_name", "stated_contact") if getattr(screening, name) is not None]
        opened: Mapping[str, str | None] = doors.reveal(request.user, [screening], wanted, "registration").get(
            screening.pk, {}
        )
        initial.update(_from_statement(opened.get("stated_name") or "", opened.get("stated_contact") or ""))
    return _form(request, case, IdentityForm(initial=initial, version=case.version), filled=True)


def _known(case: Case) -> dict[str, Any]:
    """What the screening coded about the person: a beginning, to be checked with her."""
    return {
        "sex": case.sex, "nationality": case.nationality, "languages": list(case.languages),
        "age": case.age_at_screening,
    }  # fmt: skip


def _from_statement(name: str, contact: str) -> dict[str, str]:
    """A stated name put where it probably belongs: the family name comes first in this country."""
    told = {"phone": contact[:200]}
    if any("\u1780" <= letter <= "\u17ff" for letter in name):
        told["name_km"] = name
    else:
        family, _space, given = name.strip().partition(" ")
        told.update({"family_name": family, "given_name": given.strip()} if given else {"given_name": family})
    return told


def _form(
    request: AccessRequest, case: Case, form: IdentityForm, *, status: int = 200, filled: bool = False
) -> HttpResponse:
    screenings: Any = case.screenings
    context = {
        "form": form,
        "case": case,
        "action": reverse("case_register", args=[case.pk]),
        "prefill_url": reverse("case_register_prefill", args=[case.pk]),
        "offer_prefill": not filled and not form.is_bound and screenings.filter(completed_at__isnull=False).exists(),
        "filled": filled,
        "back_url": link("case", case.pk),
    }
    return render(request, "people/register.html", context, status=status)


def _matches(
    request: AccessRequest,
    case: Case,
    form: IdentityForm,
    found: list[search.Candidate],
    decisions: dict[UUID, str],
    *,
    missing: bool = False,
    compare: str = "",
) -> HttpResponse:
    rows = queries.candidates(request.user, found, decisions)
    if missing and any(not row.decision for row in rows):
        form.add_error(None, _("Decide on each possible match."))
    context = {
        "form": form,
        "case": case,
        "rows": rows,
        "hidden": form.hidden(),
        "compared": _compare(request, form, rows, compare),
        "compared_id": compare,
        "action": reverse("case_register", args=[case.pk]),
    }
    return render(request, "people/register_matches.html", context, status=422 if form.errors else 200)


def _compare(
    request: AccessRequest, form: IdentityForm, rows: list[queries.CandidateRow], compare: str
) -> list[tuple[str, str, str]]:
    """What was typed beside what is registered, for one person the user may see."""
    if not compare:
        return []
    person = next((row.person for row in rows if str(row.person_id) == compare), None)
    if person is None:
        raise Http404
    opened = doors.reveal(request.user, [person], COMPARED, "matching")[person.pk]
    typed = form.identity().sealed
    return [
        (str(form.fields[name].label), typed.get(name, ""), opened[name] or "")
        for name in COMPARED
        if typed.get(name) or opened[name]
    ]
