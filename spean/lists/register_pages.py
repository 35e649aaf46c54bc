"""Pages of the linked register: lists with what they count, overlap and bounds of a linking, the pairs to decide."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.linkage.compare import COMPARISONS
from spean.lists import linking, pairs, register, registered, words
from spean.lists.forms import PairForm
from spean.lists.models import Linking, ListRow, Pair, PartnerList
from spean.lists.pages import cells
from spean.privacy import doors
from spean.workflow.pages import ActionForm, carry_out

PER_PAGE = 25
LEVELS = {one.name: one.levels for one in COMPARISONS}


@require_safe
def index(request: AccessRequest) -> HttpResponse:
    return _index(request, ActionForm())


def _index(request: AccessRequest, form: ActionForm) -> HttpResponse:
    lists = policy.visible(request.user, "see_register", PartnerList).defer("mapping").select_related("organisation")
    linkings = policy.visible(request.user, "see_register", Linking)
    organisation = request.user.organisation
    # Counted once for all: lists can be long, and there can be many.
    counted = ListRow.objects.order_by().values_list("partner_list_id", "status").annotate(lines=Count("pk"))
    lines = {(pk, status): number for pk, status, number in counted}
    context = {
        "form": form,
        "lists": [_told(row, lines) for row in lists],
        "registered_code": registered.SOURCE,
        "linkings": [(row, *words.LINKING_STATUS[row.status]) for row in linkings[:10]],
        "may_start": organisation is not None and policy.may(request.user, "start_linking", organisation),
        "open_pairs": policy.visible(request.user, "see_pair", Pair).filter(status="open").count(),
        "may_decide": policy.may(request.user, "see_pair"),
    }
    return render(request, "lists/register.html", context, status=422 if form.is_bound else 200)


def _told(row: PartnerList, lines: Mapping[tuple[UUID, str], int]) -> dict[str, Any]:
    said = row.declarations.first()
    return {
        "row": row, "form": words.FORMS[row.form], "said": said,
        "completeness": words.COMPLETENESS[said.completeness] if said else "",
        "taken": lines.get((row.pk, "accepted"), 0), "aside": lines.get((row.pk, "quarantined"), 0),
    }  # fmt: skip


@require_POST
def start(request: AccessRequest) -> HttpResponse:
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: linking.start(request.user, once=form.cleaned_data["once"]))
        if done:
            pk = done.result.pk if done.result else done.again.object_id if done.again else None
            return HttpResponseRedirect(reverse("linking", args=[pk]))
    return _index(request, form)


@require_safe
def one(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Linking = policy.find(request.user, "see_register", Linking, pk)
    titles: dict[str, Any] = {
        one.code: one for one in PartnerList.objects.defer("mapping").select_related("organisation")
    }
    titles[registered.SOURCE] = {"title": _("Registered here")}
    title, colour = words.LINKING_STATUS[row.status]
    told = row.result
    context = {
        "row": row, "status": title, "colour": colour, "fault": words.LINKING_FAULTS.get(row.fault, ""),
        "bounds": told.get("bounds"), "doubt": told.get("bounds_with_doubt"),
        "groups": [_group(number, group, titles) for number, group in enumerate(told.get("groups", []))],
        "apart": [{**one, "title": titles[one["list"]].title} for one in told.get("apart", [])],
        "silent": [titles[code] for code in told.get("silent", [])],
        "decided_since": Pair.objects.filter(decided_at__gt=row.finished_at).count() if row.finished_at else 0,
        "may_decide": policy.may(request.user, "see_pair"),
        "may_record": policy.may(request.user, "record_figure"),
    }  # fmt: skip
    return render(request, "lists/linking.html", context)


def _group(number: int, told: dict[str, Any], titles: dict[str, Any]) -> dict[str, Any]:
    overlap = sorted(told["overlap"].items(), key=lambda cell: (-sum(map(int, cell[0])), cell[0]))
    return {
        **told,
        "number": number,
        "titles": [titles[code] for code in told["lists"]],
        "cells": [([sign == "1" for sign in pattern], count) for pattern, count in overlap],
        "shared": sum(count for pattern, count in told["overlap"].items() if pattern.count("1") > 1),
        "low": told["interval"][0],
        "high": told["interval"][1],
    }


@require_safe
def overlap(request: AccessRequest, pk: UUID, number: int) -> HttpResponse:
    """The overlap of one group as a file for `spean estimate`: codes of lists, patterns and counts."""
    row: Linking = policy.find(request.user, "see_register", Linking, pk)
    groups = row.result.get("groups", [])
    if number >= len(groups):
        raise Http404
    text = register.patterns_csv(groups[number]["lists"], groups[number]["overlap"])
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="overlap-{row.code}-{number + 1}.csv"'
    return answer


@require_safe
def queue(request: AccessRequest) -> HttpResponse:
    """Pairs in the order in which deciding them changes the count; what is decided comes last."""
    rows = policy.visible(request.user, "see_pair", Pair).select_related("one__partner_list", "other__partner_list")
    wanted = request.GET.get("status", "open")
    if wanted not in words.PAIR_STATUS:
        raise Http404
    page = Paginator(rows.filter(status=wanted).defer("one__content", "other__content"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "rows": [(row, *words.PAIR_STATUS[row.status], reasons(row)) for row in page],
        "wanted": wanted,
        "choices": [(code, words.PAIR_STATUS[code][0], rows.filter(status=code).count()) for code in words.PAIR_STATUS],
    }
    return render(request, "lists/pairs.html", context)


def reasons(row: Pair) -> list[str]:
    """What speaks for and against, strongest first, in words; a reason of an older version is left out."""
    found = []
    for told in row.reasons:
        name, level, bits = told.split(":")
        if name in LEVELS and int(level) < len(LEVELS[name]):
            sign = _("for") if float(bits) > 0 else _("against")
            found.append(f"{words.COMPARISONS[name]}: {words.LEVELS[LEVELS[name][int(level)]]} ({sign})")
    return found


@require_safe
def pair(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _pair(request, "see_pair", pk)
    return _pair_page(request, row, PairForm(version=row.version))


def _pair(request: AccessRequest, action: str, pk: UUID) -> Pair:
    found: Pair = policy.find(request.user, action, Pair, pk)
    return found


@require_POST
@sensitive_variables()
def compare(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Both rows side by side, opened through the door: two people of one's day, and two lines in the log."""
    row = _pair(request, "decide_pair", pk)
    opened = doors.reveal(request.user, [row.one, row.other], ["content"], "linking")
    one, other = (
        dict(cells(opened[side]["content"] or '{"fields":{},"rest":{}}')) for side in (row.one_id, row.other_id)
    )
    told = [(name, one.get(name, ""), other.get(name, "")) for name in dict.fromkeys([*one, *other])]
    return _pair_page(request, row, PairForm(version=row.version), compared=told)


@require_POST
def decide(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _pair(request, "decide_pair", pk)
    form = PairForm(request.POST)
    if form.is_valid() and carry_out(
        form,
        lambda: pairs.decide(request.user, row, form.cleaned_data["decision"], **form.guard),
        version_now=lambda: Pair.objects.values_list("version", flat=True).get(pk=pk),
    ):
        messages.success(request, _("The decision is kept. It can be changed later; the next linking counts with it."))
        return HttpResponseRedirect(reverse("pair", args=[pk]))
    return _pair_page(request, _pair(request, "see_pair", pk), form)


def _pair_page(
    request: AccessRequest, row: Pair, form: PairForm, compared: list[tuple[str, str, str]] | None = None
) -> HttpResponse:
    title, colour = words.PAIR_STATUS[row.status]
    context = {
        "row": row, "form": form, "status": title, "colour": colour, "reasons": reasons(row), "compared": compared,
        "sides": [row.one, row.other],
        "tokens": row.one.partner_list.form == "tokens",
    }  # fmt: skip
    return render(request, "lists/pair.html", context, status=422 if form.is_bound and form.errors else 200)
