"""Finding a person, her record, opening her name, correcting what is registered.

A name is shown only after a button was pressed that says why, in place, and the opening is logged.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases import labels
from spean.country.fields import label
from spean.people import actions, queries, search
from spean.people.forms import CorrectionForm, RevealForm, SearchForm
from spean.people.matching import reason_text
from spean.people.models import Person
from spean.people.words import SHOWN, named
from spean.privacy import doors, events, vault
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
def person_search(request: AccessRequest) -> HttpResponse:
    """The words travel in the body of a POST and are kept nowhere; the log says that somebody searched."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    rows: list[dict[str, Any]] | None = None
    if form.is_valid():
        try:
            found = actions.search_people(request.user, form.cleaned_data["words"])
        except search.SearchUnavailable:
            form.add_error(None, _("The search is not running at the moment. Try again in a minute."))
        else:
            queries.with_initials(request.user, [person for person, _hit in found])
            rows = [
                {"person": person, "facts": _line(person), "reasons": [reason_text(code) for code in hit.reasons]}
                for person, hit in found
            ]
    status = 422 if form.errors else 200
    return render(request, "people/search.html", {"form": form, "rows": rows}, status=status)


def _line(person: Person) -> str:
    """Sex, year of birth and nationality in a line."""
    year = str(person.birth_year) if person.birth_year else ""
    nationality = label("nationality", person.nationality) if person.nationality else ""
    return ", ".join(part for part in (label("sex", person.sex), year, nationality) if part)


@require_safe
def person_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    person: Person = policy.find(request.user, "see_person", Person, pk)
    events.record("person.read", actor=request.user, obj=person, purpose="casework")
    return _page(request, person)


@FORM
def reveal(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Name and contact, shown in place and logged with the purpose."""
    person: Person = policy.find(request.user, "see_person", Person, pk)
    form = RevealForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("person", args=[pk]))
    if not form.is_valid():
        return _page(request, person, form=form)
    return _page(request, person, form=form, opened=named(request.user, person, form.cleaned_data["purpose"]))


def _page(
    request: AccessRequest,
    person: Person,
    *,
    form: RevealForm | None = None,
    opened: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    user = request.user
    others = queries.same_person(person)
    seen = {row.pk for row in actions.visible_persons(user, [row.pk for row in others])} if others else set()
    queries.with_initials(user, [person, *(row for row in others if row.pk in seen)])
    cases = list(queries.episodes(user, [person, *others])[:50])
    can = policy.permitted(user, ("edit_person", "see_match"), person)
    open_matches = queries.matches(user).filter(person=person) | queries.matches(user).filter(other=person)
    context = {
        "person": person,
        "facts": queries.facts(person),
        "others": [(row, row.pk in seen) for row in others],
        "episodes": [(case, *labels.standing(case)) for case in cases],
        "matches": queries.match_rows(user, open_matches.distinct()[:20]) if policy.may(user, "see_match") else [],
        "may_edit": "edit_person" in can,
        "form": form or RevealForm(),
        "opened": opened,
        "erased": vault.is_destroyed(person.subject),
    }
    return render(request, "people/person.html", context, status=422 if form is not None and form.errors else 200)


@FORM
def correct_open(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The form with what is registered: opened on demand, and logged."""
    person: Person = policy.find(request.user, "edit_person", Person, pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("person", args=[pk]))
    opened = doors.reveal(request.user, [person], SHOWN, "registration")[person.pk]
    if opened.erased:
        messages.warning(request, _("The data of this person were erased."))
        return HttpResponseRedirect(reverse("person", args=[pk]))
    form = CorrectionForm(initial=CorrectionForm.from_person(person, opened), version=actions.version_of(person))
    return _correction(request, person, form)


@FORM
def correct(request: AccessRequest, pk: UUID) -> HttpResponse:
    person: Person = policy.find(request.user, "edit_person", Person, pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("person", args=[pk]))
    form = CorrectionForm(request.POST)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.edit_person(request.user, person, form.identity(), **form.guard),
            version_now=lambda: actions.version_of(Person.objects.get(pk=pk)),
        )
        if done:
            messages.success(request, _("The record is corrected."))
            return HttpResponseRedirect(reverse("person", args=[pk]))
    return _correction(request, person, form)


def _correction(request: AccessRequest, person: Person, form: CorrectionForm) -> HttpResponse:
    context = {"person": person, "action": reverse("person_correct", args=[person.pk])}
    return show_form(request, "people/correct.html", form, context)
