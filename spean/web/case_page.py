"""The page of a case, the same for every role: who sees which part of it is the policy's answer, asked once.

Rooms register their panels and next steps (`cases.panels`); this room puts them together. Names, notes and other
sealed texts are opened one by one, by a button, in place, and every opening is logged.
"""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases import labels
from spean.cases.models import Case, Note, Task
from spean.cases.panels import NEXT_STEPS, PANELS, NextStep, Sight
from spean.country.fields import label
from spean.people import queries
from spean.people.forms import RevealForm
from spean.people.words import named, where
from spean.privacy import doors, events
from spean.privacy.event_names import READS
from spean.protection.models import RiskAssessment
from spean.web import case_panels, case_steps, home

__all__ = ["case_panels", "case_steps"]

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 50
# What the history shows first: who looked, and who received.
LOOKED = (
    *sorted(READS),
    "document.opened",
    "reveal.over_budget",
    "information.shared",
    "export.made",
    "record.handed_over",
)
WIDE = ("referrals", "involvement", "history", "notes")

# What can be opened in place: the table, its sealed field, and the panel where it appears.
READABLE: dict[str, tuple[type[Model], str]] = {"note": (Note, "text"), "risk": (RiskAssessment, "response")}


@require_safe
def case_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    sight = Sight.find(request.user, pk)
    events.record("case.read", actor=request.user, obj=sight.case, case=sight.case, purpose="casework")
    return _page(request, sight)


@FORM
def show_name(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The name, shown in place to whoever says why; the log keeps who, when and why."""
    sight = Sight.find(request.user, pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("case", args=[pk]))
    form, person = RevealForm(request.POST), sight.case.person
    if person is None or not policy.may_reveal(request.user, person, "identity"):
        raise Http404
    if not form.is_valid():
        return _page(request, sight, form=form)
    return _page(request, sight, form=form, name=named(request.user, person, form.cleaned_data["purpose"]))


@FORM
def show_whereabouts(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Where the person is, apart from the name, to whoever says why."""
    sight = Sight.find(request.user, pk)
    if "see_whereabouts" not in sight.may:
        raise Http404
    if request.method != "POST":
        return HttpResponseRedirect(reverse("case", args=[pk]))
    form, person = _why_form(request.POST), sight.case.person
    if person is None or "whereabouts" not in sight.sections:
        raise Http404
    if not form.is_valid():
        return _page(request, sight, why=form)
    return _page(request, sight, why=form, place=where(request.user, person, form.cleaned_data["purpose"]))


def _why_form(data: Any = None) -> RevealForm:
    # A second form of its kind on the page: its fields have names of their own.
    return RevealForm(data, prefix="where")


@FORM
def read(request: AccessRequest, pk: UUID, kind: str, row: UUID) -> HttpResponse:
    """One sealed text of the case, shown in place and logged."""
    sight = Sight.find(request.user, pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("case", args=[pk]))
    if kind not in READABLE:
        raise Http404
    model, field = READABLE[kind]
    found: Any = model._default_manager.select_related("case").filter(pk=row, case=sight.case).first()
    if found is None:
        raise Http404
    shown = doors.reveal(request.user, [found], [field], "casework")[found.pk]
    return _page(request, sight, opened=(found.pk, _("Erased") if shown.erased else shown[field] or ""))


@require_safe
def history(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Who looked at this case, when and why: the openings alone, or everything done to it."""
    case: Case = policy.find(request.user, "see_case_history", Case, pk)
    everything = request.GET.get("show") == "all"
    found = case_panels.newest(case) if everything else case_panels.newest(case).filter(action__in=LOOKED)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "case": case,
        "page": page,
        "rows": case_panels.told(page),
        "everything": everything,
        "may_hand_over": policy.may(request.user, "hand_over_record", case),
    }
    return render(request, "web/case_history.html", context)


def _page(
    request: AccessRequest,
    sight: Sight,
    *,
    form: RevealForm | None = None,
    name: list[tuple[str, str]] | None = None,
    opened: tuple[UUID, str] | None = None,
    why: RevealForm | None = None,
    place: str | None = None,
) -> HttpResponse:
    case = sight.case
    now, later = _steps(sight)
    status, colour = labels.standing(case)
    if case.person is not None and "see_person" in sight.may:
        queries.with_initials(request.user, [case.person])
    shown = [(panel, panel.show(sight)) for panel in sorted(PANELS.values(), key=lambda panel: panel.order)]
    context = {
        "case": case,
        "status": status,
        "colour": colour,
        "legal": label("legal_status", case.legal_status) if case.legal_status != "not_assessed" else "",
        "legal_colour": labels.LEGAL_COLOUR.get(case.legal_status, "grey"),
        "risk": label("risk_level", case.risk_level) if case.risk_level and "see_protection" in sight.may else "",
        "risk_colour": labels.RISK_COLOUR.get(case.risk_level, "grey"),
        "facts": labels.facts(case) if sight.may & {"see_protection", "see_screening"} else [],
        "person": case.person if "see_person" in sight.may else None,
        "may_name": case.person is not None
        and case.erased_at is None
        and ("identity" in sight.sections or policy.may_reveal(request.user, case.person, "identity")),
        "form": form or RevealForm(),
        "name": name,
        "may_locate": case.person is not None and "see_whereabouts" in sight.may and "whereabouts" in sight.sections,
        "why": why or _why_form(),
        "place": place,
        "opened_id": opened[0] if opened else None,
        "opened_text": opened[1] if opened else "",
        "readable": True,
        "now": now,
        "later": later,
        "tasks": _tasks(sight),
        "closing_reason": label("closing_reason", case.closing_reason) if case.closing_reason else "",
        "panels": [(panel, content, panel.name in WIDE) for panel, content in shown if content is not None],
    }
    wrong = any(shown is not None and shown.errors for shown in (form, why))
    return render(request, "web/case.html", context, status=422 if wrong else 200)


def _steps(sight: Sight) -> tuple[list[NextStep], list[NextStep]]:
    """What to do now (first the most pressing), and what else can be done."""
    steps = sorted((step for room in NEXT_STEPS for step in room(sight)), key=lambda step: step.order)
    seen: set[str] = set()
    fresh = []
    for step in steps:
        key = step.url or str(step.title)
        if key not in seen:
            seen.add(key)
            fresh.append(step)
    return [step for step in fresh if step.order < case_steps.SOON], [
        step for step in fresh if step.order >= case_steps.SOON
    ]


def _tasks(sight: Sight) -> list[home.Row]:
    """The deadlines of this case that wait for this user."""
    rows = list(sight.rows("see_task", Task).filter(done_at__isnull=True)[:20])
    for row in rows:
        row.case = sight.case
    return [home.row(row) for row in rows]
