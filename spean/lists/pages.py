"""Pages of one's own lists: all of them, one with its files, sending a file, naming its columns, its report, a row."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.lists import delivering, judging, report, words
from spean.lists.case_pages import codes_of
from spean.lists.forms import ColumnsForm, DeclarationForm, DeliverForm, ListForm
from spean.lists.models import Delivery, ListRow, PartnerList
from spean.privacy import doors
from spean.workflow.engine import Refused
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25
LINES_SHOWN = 100


@require_safe
def mine(request: AccessRequest) -> HttpResponse:
    rows = policy.visible(request.user, "see_list", PartnerList).defer("mapping").select_related("organisation")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "lists/mine.html", {"page": page, "rows": [(row, words.FORMS[row.form]) for row in page]})


@FORM
def begin(request: AccessRequest) -> HttpResponse:
    form = ListForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        given = form.cleaned_data
        done = carry_out(
            form,
            lambda: delivering.begin_list(
                request.user, form=given["form"], title=given["title"], declared=form.declared, once=given["once"]
            ),
        )
        if done:
            pk = done.result.pk if done.result else done.again.object_id if done.again else None
            return HttpResponseRedirect(reverse("partner_list", args=[pk]))
    context = {
        "title": _("Begin a list"), "button": _("Continue"), "back_url": reverse("partner_lists"),
        "lead": _("A list of your organisation, to be counted together with the lists of others, each person once."),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


def _list(request: AccessRequest, action: str, pk: UUID) -> PartnerList:
    found: PartnerList = policy.find(request.user, action, PartnerList, pk)
    return found


@require_safe
def one(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _list(request, "see_list", pk)
    deliveries = row.deliveries.defer("lines").select_related("delivered_by")
    rows = row.rows.order_by()
    context = {
        "row": row,
        "form_words": words.FORMS[row.form],
        "declarations": [(one, words.COMPLETENESS[one.completeness]) for one in row.declarations.all()],
        "deliveries": [(one, *words.STATUS[one.status]) for one in deliveries],
        "taken": rows.filter(status="accepted").count(),
        "aside": rows.filter(status="quarantined").count(),
        "consented": rows.filter(status="accepted", consented=True).count(),
        "takes_files": row.form != "number",
        "may_begin": row.form == "names" and policy.may(request.user, "see_agreed", row),
    }
    return render(request, "lists/list.html", context)


@FORM
def declare(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _list(request, "deliver_list", pk)
    before = row.declarations.first()
    initial = vars(before) if before is not None else {}
    form = DeclarationForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid() and carry_out(
        form, lambda: delivering.declare(request.user, row, form.declared, once=form.cleaned_data["once"])
    ):
        messages.success(request, _("Kept. What was said before stays with the list."))
        return HttpResponseRedirect(reverse("partner_list", args=[pk]))
    context = {
        "title": _("What does the list count?"), "button": _("Keep"), "back_url": reverse("partner_list", args=[pk])
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


@FORM
@sensitive_variables()
def deliver(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _list(request, "deliver_list", pk)
    posted = request.method == "POST"
    form = DeliverForm(
        request.POST if posted else None, request.FILES if posted else None,
        too_large=getattr(request, "upload_too_large", False),
    )  # fmt: skip
    if form.is_valid():
        given = form.cleaned_data
        done = carry_out(
            form,
            lambda: delivering.deliver(
                request.user, row, given["file"], delimiter=given["delimiter"], once=given["once"]
            ),
        )
        if done and done.result and done.result.status == "received":
            return HttpResponseRedirect(reverse("delivery_columns", args=[done.result.pk]))
        if done:
            found = done.result.pk if done.result else done.again.object_id if done.again else None
            return HttpResponseRedirect(reverse("delivery", args=[found]))
    context = {
        "title": _("Send a file"), "button": _("Continue"), "back_url": reverse("partner_list", args=[pk]),
        "lead": _("Send the whole list each time: what came before is known again, and nothing is counted twice."),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


def _delivery(request: AccessRequest, action: str, pk: UUID) -> Delivery:
    found: Delivery = policy.find(request.user, action, Delivery, pk)
    return found


@require_safe
def delivery(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _delivery_page(request, _delivery(request, "see_list", pk), ActionForm())


def _delivery_page(request: AccessRequest, row: Delivery, form: ActionForm) -> HttpResponse:
    notable = report.notable(bytes(row.lines)) if row.lines is not None else []
    page = Paginator(notable, LINES_SHOWN).get_page(request.GET.get("page"))
    shown = row.rows.filter(status="quarantined", line__in=[one.line for one in page])
    aside = dict(shown.order_by().values_list("line", "pk"))
    told = row.result
    title, colour = words.STATUS[row.status]
    context = {
        "row": row, "form": form, "status": title, "colour": colour,
        "fault": words.UNREADABLE.get(row.fault, ""),
        "told": told,
        "dates": words.DATES.get(told.get("dates", ""), ""),
        "outcomes": [(words.OUTCOMES[code], count) for code, count in told.get("outcomes", {}).items()],
        "reasons": [(words.TOLD[code], count) for code, count in told.get("reasons", {}).items()],
        "notes": [(words.TOLD[code], count) for code, count in told.get("notes", {}).items()],
        "file_notes": [words.FILE_NOTES[code] for code in told.get("file_notes", {})],
        "page": page,
        "lines": [
            (one.line, words.OUTCOMES[one.outcome], [words.TOLD[code] for code in one.told], one.other,
             aside.get(one.line))
            for one in page
        ],
        "may_change": row.status in ("received", "failed"),
        "so_far": row.rows.count() if row.status in ("waiting", "failed") else 0,
    }  # fmt: skip
    return render(request, "lists/delivery.html", context, status=422 if form.is_bound else 200)


@require_safe
def delivery_report(request: AccessRequest, pk: UUID) -> HttpResponseBase:
    """Every line of the file with what became of it; no cell of it."""
    row = _delivery(request, "see_list", pk)
    outcomes = report.unpack(bytes(row.lines)) if row.lines is not None else []
    answer = StreamingHttpResponse(report.as_csv(outcomes), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="report-{row.partner_list.code}.csv"'
    return answer


@FORM
@sensitive_variables()
def columns(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The headings of a file that waits, for whoever sent it. The file is opened for this, and so recorded."""
    row = _delivery(request, "deliver_list", pk)
    if row.status not in ("received", "failed") or row.partner_list.form == "tokens":
        return HttpResponseRedirect(reverse("delivery", args=[pk]))
    try:
        seen = delivering.preview(request.user, row)
    except Refused:
        return HttpResponseRedirect(reverse("delivery", args=[pk]))
    form = ColumnsForm(
        request.POST if request.method == "POST" else None, heading=seen.heading, filled=seen.filled, lines=seen.lines,
        guess=seen.guess, version=row.version,
    )  # fmt: skip
    if form.is_valid() and carry_out(
        form,
        lambda: delivering.name_columns(request.user, row, form.mapping, heading=seen.heading, **form.guard),
        version_now=lambda: Delivery.objects.values_list("version", flat=True).get(pk=pk),
    ):
        messages.success(request, _("The file is being read. Its report appears here."))
        return HttpResponseRedirect(reverse("delivery", args=[pk]))
    context: dict[str, Any] = {
        "title": _("What is in each column?"), "button": _("Take it in"), "back_url": reverse("delivery", args=[pk]),
        "lead": _("What is remembered from your last file, or guessed from the heading, is filled in. Look at it."),
        "step_total": 0, "row": row, "file_notes": [words.FILE_NOTES[code] for code in seen.notes],
        "one_column": len(seen.heading) == 1,
    }  # fmt: skip
    return show_form(request, "lists/columns.html", form, context)


@require_POST
def withdraw(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _delivery(request, "deliver_list", pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: delivering.withdraw(request.user, row, **form.guard)):
        messages.success(request, _("The file is destroyed."))
        return HttpResponseRedirect(reverse("partner_list", args=[row.partner_list_id]))
    return _delivery_page(request, row, form)


@require_safe
def list_row(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _row_page(request, _row(request, pk), ActionForm())


def _row(request: AccessRequest, pk: UUID) -> ListRow:
    found: ListRow = policy.find(request.user, "destroy_row", ListRow, pk)
    return found


def _row_page(
    request: AccessRequest, row: ListRow, form: ActionForm, told: list[tuple[str, str]] | None = None
) -> HttpResponse:
    title, colour = words.ROW_STATUS[row.status]
    agreed = policy.may(request.user, "begin_from_row", row)
    context = {
        "row": row, "form": form, "status": title, "colour": colour, "told": told,
        "reasons": [words.REASONS[code] for code in row.reasons],
        "may_open": agreed or (row.status == "quarantined" and policy.may(request.user, "read_row", row)),
        "agreed": agreed,
        "case_code": codes_of(request.user, [row.case_id]).get(row.case_id) if row.case_id else None,
    }  # fmt: skip
    return render(request, "lists/row.html", context, status=422 if form.is_bound else 200)


@require_POST
@sensitive_variables()
def open_row(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What stands in a line that was kept aside, or whose person agreed. Opened through the door, and recorded."""
    row = _row(request, pk)
    opened = doors.reveal(request.user, [row], ["content"], "partner_list")[row.pk]["content"]
    return _row_page(request, row, ActionForm(), told=cells(opened) if opened else [])


def cells(content: str) -> list[tuple[str, str]]:
    """A row's cells with their names: those that we know first, in the order in which one reads who somebody is."""
    fields, rest = judging.shown(content)
    names = [
        *filter(fields.__contains__, words.FIELD_LABELS),
        *(one for one in fields if one not in words.FIELD_LABELS),
    ]
    return [(str(words.FIELD_LABELS.get(name, name)), fields[name]) for name in names] + list(rest.items())


@require_POST
def destroy_row(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _row(request, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(
        form, lambda: delivering.destroy_row(request.user, row, once=form.cleaned_data["once"])
    ):
        messages.success(request, _("What stood in this line is destroyed. It is not taken again when it comes back."))
        return HttpResponseRedirect(reverse("delivery", args=[row.delivery_id]))
    return _row_page(request, row, form)
