"""Pages from a list into case work: the people who agreed, in coded facts, and beginning a screening of one of them."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.country.fields import label
from spean.detection.forms import StartForm
from spean.lists import to_case
from spean.lists.models import ListRow, PartnerList
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 50


@require_safe
def agreed(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Whose lines of this list can become cases: coded facts alone, the newest file first."""
    partner_list: PartnerList = policy.find(request.user, "see_agreed", PartnerList, pk)
    rows = policy.visible(request.user, "begin_from_row", ListRow).filter(partner_list=partner_list)
    # What became of each line of a file is as long as the file.
    rows = rows.select_related("delivery").defer("content", "delivery__lines", "delivery__result", "delivery__columns")
    page = Paginator(rows.order_by("-delivery__delivered_at", "line", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    codes = codes_of(request.user, [row.case_id for row in page if row.case_id])
    context = {
        "partner_list": partner_list, "page": page,
        "rows": [(row, label("sex", row.sex) if row.sex else "", codes.get(row.case_id)) for row in page],
    }  # fmt: skip
    return render(request, "lists/agreed.html", context)


def codes_of(user: User, cases: list[UUID]) -> dict[UUID, str]:
    """The codes of those of these cases that the user may see."""
    if not cases:
        return {}
    return dict(policy.visible(user, "see_case", Case).filter(pk__in=cases).order_by().values_list("pk", "code"))


@FORM
@sensitive_variables()
def begin_case(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Choose the list of questions; the case begins here, with what the line says."""
    row: ListRow = policy.find(request.user, "begin_from_row", ListRow, pk)
    if request.method != "POST" and row.case_status == "begun":
        return HttpResponseRedirect(reverse("list_row", args=[pk]))
    form = StartForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        done = carry_out(
            form,
            lambda: to_case.begin_from_row(
                request.user, row, instrument=given["instrument"], exploitation=given["exploitation"],
                once=given["once"],
            ),
        )  # fmt: skip
        if done:
            return _to_its_case(request, pk)
    row.refresh_from_db(fields=["case_status"])
    context = {
        "title": _("Begin a screening of this person"), "button": _("Begin the screening"),
        "back_url": reverse("list_row", args=[pk]), "row": row,
    }  # fmt: skip
    return show_form(request, "lists/begin_case.html", form, context)


def _to_its_case(request: AccessRequest, pk: UUID) -> HttpResponse:
    """To the interview that was begun from this line, now or by the same press before."""
    case = ListRow.objects.values_list("case_id", flat=True).get(pk=pk)
    if case is None or not policy.visible(request.user, "answer_screening", Case).filter(pk=case).exists():
        return HttpResponseRedirect(reverse("list_row", args=[pk]))
    messages.success(request, _("The screening is begun. Go through what the list says with the person."))
    return HttpResponseRedirect(reverse("case_interview", args=[case]))
