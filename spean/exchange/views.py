"""Pages of exports: the list, asking, one export with what can be done, handing it out, tracing a leaked piece."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.exchange import actions, queries
from spean.exchange.columns import COLUMNS
from spean.exchange.forms import ExportForm, MakeForm, TraceForm
from spean.exchange.models import Export
from spean.workflow import engine
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25


@require_safe
def export_list(request: AccessRequest) -> HttpResponse:
    page = Paginator(queries.listed(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(export, *queries.STATUS[export.status]) for export in page],
        "may_ask": policy.may(request.user, "request_export"),
        "may_trace": policy.may(request.user, "trace_export"),
    }
    return render(request, "exchange/list.html", context)


@FORM
def ask(request: AccessRequest) -> HttpResponse:
    form = ExportForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        given = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.request_export(
                request.user, cases=given["cases"], recipient=given["recipient"],
                recipient_key=given["recipient_key"], purpose=given["purpose"], names=form.names, once=given["once"],
            ),
        )  # fmt: skip
        if done:
            found = done.result.pk if done.result else (done.again.object_id if done.again else None)
            return HttpResponseRedirect(reverse("export", args=[found]))
    context = {
        "title": _("Ask for an export"),
        "button": _("Continue"),
        "back_url": reverse("export_list"),
        "lead": _(
            "A list leaves the system and nobody can call it back. Refer the person instead, wherever that does. "
            "Only what each person agreed to for this recipient and purpose is in it."
        ),
    }
    return show_form(request, "web/form.html", form, context)


@require_safe
def export_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    export: Export = policy.find(request.user, "see_export", Export, pk)
    return _page(request, export, MakeForm(version=export.version))


@require_POST
def make(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Hand the file out. It is made in this request and kept nowhere."""
    export: Export = policy.find(request.user, "make_export", Export, pk)
    form = MakeForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: actions.make_export(request.user, export, layout=form.chosen, **form.guard))
        if done and done.result is not None:
            answer = HttpResponse(done.result, content_type="application/octet-stream")
            answer.headers["Content-Disposition"] = f'attachment; filename="{export.number}.csv.age"'
            return answer
        if done:
            return HttpResponseRedirect(reverse("export", args=[pk]))
    return _page(request, export, form)


@require_POST
def approve(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "approve_export", actions.approve_export, _("Approved."))


@require_POST
def reject(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "approve_export", actions.reject_export, _("Rejected."))


@require_POST
def withdraw(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "withdraw_export", actions.withdraw_export, _("Taken back."))


def _decide(request: AccessRequest, pk: UUID, permission: str, action: Any, done: str) -> HttpResponse:
    export: Export = policy.find(request.user, permission, Export, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: action(request.user, export, **form.guard)):
        messages.success(request, done)
        return HttpResponseRedirect(reverse("export", args=[pk]))
    return _page(request, export, form)


def _page(request: AccessRequest, export: Export, form: ActionForm) -> HttpResponse:
    user = request.user
    title, colour = queries.STATUS[export.status]
    visible = queries.exportable(user).filter(pk__in=export.asked.values("case_id")).order_by("code")
    context = {
        "export": export,
        "status": title,
        "colour": colour,
        "verbs": engine.possible(export, user),
        "obstacles": engine.failures("make_export", export, user) if export.status in ("requested", "approved") else [],
        "columns": [COLUMNS[name].label for name in export.columns],
        "codes": [case.code for case in visible],
    }
    return show_form(request, "exchange/export.html", form, context)


@FORM
def trace(request: AccessRequest) -> HttpResponse:
    """The text travels in the body of a POST and is kept nowhere."""
    form = TraceForm(request.POST if request.method == "POST" else None)
    found = None
    if form.is_valid():
        found = [
            (export, queries.MARKS[mark])
            for export, mark in actions.trace_export(request.user, form.cleaned_data["text"])
        ]
        form = TraceForm()
    return render(request, "exchange/trace.html", {"form": form, "found": found}, status=422 if form.is_bound else 200)
