"""The register of estimates: what others printed, side by side, and why it differs; and how an officer adds to it."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.lists.models import Linking
from spean.statistics import actions, charts, figures, labels, queries
from spean.statistics.forms import FigureForm
from spean.statistics.indicators import FIGURE_TYPES
from spean.statistics.models import Figure
from spean.workflow import engine
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
# In percent of a capacity: what another printed capacity may really have been.
OFTEN_FULL = range(70, 96)


@require_safe
def estimates_page(request: HttpRequest) -> HttpResponse:
    listed = queries.figures()
    bands = [charts.Band(kind, _apart(listed, kind)) for kind in FIGURE_TYPES]
    drawn = [one for one in bands if one.figures]
    context = {
        "chart": charts.estimates("estimates", _("Published figures on one axis"), drawn),
        "bands": [(labels.words(labels.TYPE, one.type), [row(each) for each in one.figures]) for one in drawn],
        "totals": [_total(one) for one in figures.totals(listed)],
        "overlaps": _overlaps(listed),
        "shares": [_share(one) for one in listed if one.unit == "percent"],
        "series": [_series(found) for found in figures.series(listed).values()],
        "twins": [(row(one), row(other)) for one, other in figures.same_number(listed)],
        "taken": [(row(one), row(other), percent) for one, other, percent in _taken_for_capacity(listed)],
    }
    return render(request, "statistics/estimates.html", context)


def row(one: figures.Published) -> dict[str, Any]:
    """A figure in the reader's language."""
    return {
        "one": one,
        "subject": one.subject,
        "number": charts.number(one),
        "unit": labels.words(labels.UNIT, one.unit),
        "type": labels.words(labels.TYPE, one.type),
        "kind": labels.words(labels.KIND, one.stock_flow),
        "break": labels.words(labels.BREAK, one.break_before) if one.break_before else "",
    }


def _apart(listed: list[figures.Published], kind: str) -> tuple[figures.Published, ...]:
    """Figures that stand for themselves: neither a part, nor a year of a series, nor one list of several."""
    return tuple(
        one
        for one in listed
        if one.type == kind
        and one.unit in ("person", "event", "proceeding")
        and not (one.part_of or one.series or one.list_of)
    )


def _total(one: figures.Total) -> dict[str, Any]:
    return {
        "total": row(one.printed), "parts": [row(part) for part in one.parts], "computed": f"{one.computed.value:,.0f}",
        "missing": one.computed.missing, "difference": one.difference, "agrees": one.agrees,
    }  # fmt: skip


def _overlaps(listed: list[figures.Published]) -> list[dict[str, Any]]:
    lists: dict[str, list[figures.Published]] = {}
    for one in listed:
        if one.list_of and one.ends:
            lists.setdefault(one.list_of, []).append(one)
    return [
        {"lists": [row(one) for one in found], "bounds": figures.bounds(one.ends for one in found if one.ends)}
        for found in lists.values()
    ]


def _share(one: figures.Published) -> dict[str, Any]:
    sampled = one.type == figures.SAMPLE and one.n is not None and one.value is not None
    return {**row(one), "interval": figures.interval(one.value or 0, one.n or 1) if sampled else None}


def _series(found: list[figures.Published]) -> list[dict[str, Any]]:
    return [
        {**row(one), "change": figures.change(found[at - 1], one) if at else None} for at, one in enumerate(found)
    ]  # fmt: skip


def _taken_for_capacity(listed: list[figures.Published]) -> list[tuple[figures.Published, figures.Published, int]]:
    places = [one for one in listed if one.unit == "place" and one.value]
    return [
        (small, large, percent)
        for small in places
        for large in places
        if (small.value or 0) < (large.value or 0)
        for percent in OFTEN_FULL
        if figures.occupied_as_capacity(small, large, percent)
    ]


# --- the office ---------------------------------------------------------------------------------------------


@require_safe
def figure_list(request: AccessRequest) -> HttpResponse:
    rows = [
        (one, *labels.STATUS[one.status], engine.possible(one, request.user), ActionForm(version=one.version))
        for one in policy.visible(request.user, "see_figure", Figure)
    ]
    return render(request, "statistics/figures.html", {"rows": rows})


@FORM
def figure_add(request: AccessRequest) -> HttpResponse:
    form = FigureForm(request.POST if request.method == "POST" else None, initial=_of_linking(request))
    if form.is_valid() and carry_out(
        form, lambda: actions.record_figure(request.user, form.figure(), once=form.cleaned_data["once"])
    ):
        messages.success(request, _("Recorded. Another officer publishes it."))
        return HttpResponseRedirect(reverse("figure_list"))
    context = {"title": _("Record a published figure"), "button": _("Record"), "back_url": reverse("figure_list")}
    return show_form(request, "web/form.html", form, context)


def _of_linking(request: AccessRequest) -> dict[str, Any]:
    """What a linking estimated, so that nobody copies it: asked for by its address, and found through the policy."""
    asked = request.GET
    try:
        pk, number = UUID(asked.get("linking", "")), int(asked.get("group", ""))
    except ValueError:
        return {}
    row: Linking = policy.find(request.user, "see_register", Linking, pk)
    groups = row.result.get("groups", [])
    if not 0 <= number < len(groups) or groups[number].get("estimate") is None:
        raise Http404
    found = groups[number]["estimate"]
    return {
        "type": figures.MODEL, "unit": "person", "stock_flow": "stock",
        "method": f"spean estimate; {row.code}; {', '.join(found['lists'])}", "report": json.dumps(found),
    }  # fmt: skip


@require_POST
def figure_publish(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "publish_figure", actions.publish_figure, _("Published."))


@require_POST
def figure_withdraw(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "withdraw_figure", actions.withdraw_figure, _("Withdrawn."))


def _decide(request: AccessRequest, pk: UUID, permission: str, action: Any, done: str) -> HttpResponse:
    figure: Figure = policy.find(request.user, permission, Figure, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: action(request.user, figure, **form.guard)):
        messages.success(request, done)
    else:
        for message in form.non_field_errors():
            messages.error(request, str(message))
    return HttpResponseRedirect(reverse("figure_list"))
