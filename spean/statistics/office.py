"""Pages of the statistics office: drafts, their quality checks, and the second officer who publishes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.lib import clock
from spean.statistics import actions, checks, labels, queries
from spean.statistics.forms import DraftForm
from spean.statistics.indicators import register
from spean.statistics.models import Edition
from spean.statistics.views import table_context
from spean.workflow import engine
from spean.workflow.pages import ActionForm, carry_out, show_form

# Nothing takes so long: then the job was lost, and may be asked for again.
LONG = timedelta(minutes=30)
FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def edition_list(request: AccessRequest) -> HttpResponse:
    found = policy.visible(request.user, "see_edition", Edition).select_related("drafted_by")
    rows = [(one, labels.period(one.slug), *labels.STATUS[one.status]) for one in found]
    return render(request, "statistics/office.html", {"rows": rows})


@FORM
def draft(request: AccessRequest) -> HttpResponse:
    """Asks for the count, which a job does: the page of the edition tells how far it is."""
    form = DraftForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.draft_edition(
                request.user, given["span"], given["first_day"], corrects=given["corrects"],
                correction_en=given["correction_en"], correction_km=given["correction_km"], once=given["once"],
            ),
        )  # fmt: skip
        if done:
            found = done.result.pk if done.result else (done.again.object_id if done.again else None)
            return HttpResponseRedirect(reverse("edition_draft", args=[found]))
    context = {
        "title": _("Draft an edition"),
        "button": _("Count and protect"),
        "back_url": reverse("edition_list"),
        "lead": _(
            "Every table is counted as things are known then, and small numbers are protected before anything is kept. "
            "It takes a minute or more; you need not wait for it."
        ),
    }
    return show_form(request, "web/form.html", form, context)


@require_safe
def edition_draft(request: AccessRequest, pk: UUID) -> HttpResponse:
    edition: Edition = policy.find(request.user, "see_edition", Edition, pk)
    return _page(request, edition, ActionForm(version=edition.version))


@require_safe
def draft_table(request: AccessRequest, pk: UUID, code: str) -> HttpResponse:
    """A protected table of a draft, as it would be published."""
    edition: Edition = policy.find(request.user, "see_edition", Edition, pk)
    table = queries.table_of(edition, code)
    return render(request, "statistics/draft_table.html", {"edition": edition, **table_context(edition, table)})


@require_POST
def check(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "check_edition", actions.check_edition, _("Checked. Another officer publishes it."))


@require_POST
def again(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "draft_edition", actions.draft_again, _("It is being counted once more."))


@require_POST
def give_back(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "publish_edition", actions.return_edition, _("Returned."))


@require_POST
def discard(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "draft_edition", actions.discard_edition, _("Discarded."))


@require_POST
def publish(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "publish_edition", actions.publish_edition, _("Published. It is never changed again."))


def _decide(request: AccessRequest, pk: UUID, permission: str, action: Any, done: str) -> HttpResponse:
    edition: Edition = policy.find(request.user, permission, Edition, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: action(request.user, edition, **form.guard)):
        messages.success(request, done)
        return HttpResponseRedirect(reverse("edition_draft", args=[pk]))
    return _page(request, edition, form)


def _title(indicator: str) -> str:
    """Of a table that the edition does not hold at all."""
    found = register().indicators.get(indicator)
    return found.title() if found else indicator


def _page(request: AccessRequest, edition: Edition, form: ActionForm) -> HttpResponse:
    tables = queries.tables_of(edition)
    titles = {table["indicator"]: labels.text(table["title"]) for table in tables}
    status, colour = labels.STATUS[edition.status]
    context = {
        "edition": edition,
        "period": labels.period(edition.slug),
        "status": status,
        "colour": colour,
        "verbs": engine.possible(edition, request.user),
        "fault": labels.words(labels.FAULT, edition.fault) if edition.fault else "",
        "overdue": edition.status == "counting" and edition.drafted_at + LONG < clock.now(),
        "tables": list(titles.items()),
        "withheld": [
            (titles.get(one["indicator"]) or _title(one["indicator"]), labels.withheld(one)) for one in edition.withheld
        ],
        "findings": [
            (labels.finding(one, titles.get(one["indicator"], one["indicator"])), one["weight"] == checks.FAULT)
            for one in edition.findings
        ],
    }
    return show_form(request, "statistics/draft.html", form, context)
