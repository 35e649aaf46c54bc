"""Pages of the watch: alerts, invented persons, leak review (the auditor's), the daily budget (of colleagues), and the
record of openings that a person can ask for (the case manager's).
"""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases import labels
from spean.cases.models import Case
from spean.country import pack
from spean.oversight import actions, leaks, planting, queries
from spean.oversight.forms import ClearForm, ExtendForm, LeakForm, PlantForm, RecordForm
from spean.people import search
from spean.privacy import budget, doors
from spean.privacy.models import Alert, Canary
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 50

# --- alerts ----------------------------------------------------------------------------------------------


@require_safe
def alert_list(request: AccessRequest) -> HttpResponse:
    page = Paginator(queries.alerts(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "oversight/alerts.html", {"page": page, "rows": queries.alerts_told(page)})


@FORM
def alert(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Alert = policy.find(request.user, "see_alert", Alert, pk)
    form = ClearForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.clear_alert(request.user, row, finding=form.cleaned_data["finding"], **form.guard),
            version_now=lambda: Alert.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Kept. The alert is no longer open."))
            return HttpResponseRedirect(reverse("alert_list"))
    (told,) = queries.alerts_told([row])
    return show_form(request, "oversight/alert.html", form, {"row": told})


# --- invented persons ------------------------------------------------------------------------------------


@FORM
def canary_list(request: AccessRequest) -> HttpResponse:
    """How many there are; their codes only when asked for, like everything sealed."""
    rows = list(policy.visible(request.user, "see_canary", Canary))
    codes = None
    if request.method == "POST":
        opened = doors.reveal(request.user, rows, ["case_code"], "oversight")
        codes = sorted(one["case_code"] or "" for one in opened.values())
    return render(request, "oversight/canaries.html", {"number": len(rows), "codes": codes})


@FORM
def canary_plant(request: AccessRequest) -> HttpResponse:
    form = PlantForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            done = carry_out(
                form,
                lambda: planting.plant_canary(
                    request.user, form.invented(), sender=typed["sender"], focal=typed["focal"], once=typed["once"]
                ),
            )
        except search.SearchUnavailable:
            form.add_error(None, _("The search is not running at the moment. Nothing was written; try again."))
            done = None
        if done:
            if done.result is not None:
                code = {"code": done.result.code}
                messages.success(request, _("The invented person stands in case %(code)s.") % code)
            return HttpResponseRedirect(reverse("canary_list"))
    context = {
        "title": _("Place an invented person"),
        "button": _("Place the person"),
        "lead": _(
            "The case looks like any other closed case. Nobody has a reason to open it: whoever does raises an alert."
        ),
        "back_url": reverse("canary_list"),
    }
    return show_form(request, "web/form.html", form, context)


# --- leak review -----------------------------------------------------------------------------------------


@FORM
def leak_review(request: AccessRequest) -> HttpResponse:
    form = LeakForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show_form(request, "oversight/leaks.html", form, {})
    leaked: list[leaks.Leaked] = form.cleaned_data["codes"]
    moments = leaks.review(request.user, leaked, since=form.cleaned_data["since"], until=form.cleaned_data["until"])
    report = "report" in request.POST
    leaks.log_review(request.user, leaked, len(moments), report=report)
    if report:
        response = HttpResponse(leaks.as_csv(moments), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="leak-review.csv"'
        return response
    found = leaks.knowers(moments)
    context = {
        "form": form,
        "leaked": leaked,
        "overlap": _told(leaks.in_all(found, leaked)),
        "knowers": _told(found),
        "moments": len(moments),
    }
    return render(request, "oversight/leaks.html", context)


def _told(found: list[leaks.Knower]) -> list[tuple[leaks.Knower, list[object]]]:
    return [(one, [label for how, label in leaks.HOW.items() if how in one.hows]) for one in found]


# --- the daily budget --------------------------------------------------------------------------------------


@FORM
def extend(request: AccessRequest) -> HttpResponse:
    """Colleagues who have opened as many people as they may today, and letting one of them open more."""
    colleagues = queries.asking(request.user)
    form = ExtendForm(request.POST if request.method == "POST" else None, colleagues=colleagues)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.extend_budget(request.user, typed["user"], reason=typed["reason"], once=typed["once"]),
        )
        if done:
            messages.success(request, _("Your colleague can open more people today."))
            return HttpResponseRedirect(reverse("budget"))
    context = {
        "colleagues": colleagues,
        "standing": budget.standing(request.user),
        "extra": pack().reveal.extension,
    }
    return show_form(request, "oversight/budget.html", form, context)


# --- the record for the person -----------------------------------------------------------------------------


@FORM
def record(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Who opened her case, for the person herself: printed when she asks, and the log keeps that it was given."""
    case: Case = policy.find(request.user, "hand_over_record", Case, pk)
    spoken = [code for code in case.languages if code in dict(RecordForm.base_fields["language"].choices)]  # type: ignore[attr-defined]
    form = RecordForm(
        request.POST if request.method == "POST" else None,
        initial={"language": spoken[0] if spoken else request.user.language},
    )
    context = {"case": case, "back_url": reverse("case_history", args=[pk])}
    if form.is_valid():
        language = form.cleaned_data["language"]
        done = carry_out(
            form,
            lambda: actions.hand_over_record(request.user, case, language=language, once=form.cleaned_data["once"]),
        )
        if done:
            return render(request, "oversight/record_written.html", {**context, "record": _write(case, language)})
    return show_form(request, "oversight/record.html", form, context)


def _write(case: Case, language: str) -> SafeString:
    """The record alone, in her language, whatever language its writer reads."""
    with translation.override(language):
        lines = queries.record_lines(case)
        focal = labels.organisation(case.focal_organisation)
        context = {"case": case, "lines": lines, "language": language, "focal": focal}
        return render_to_string("oversight/record_text.html", context)
