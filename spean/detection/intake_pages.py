"""Pages of the intake interview: hold it, and read it again."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.detection import intake
from spean.detection.instrument_pages import Keep, Kept, of_kind, take_in, walk
from spean.detection.models import IntakeInterview


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Ask what is asked at intake; nothing is required but that she agrees to talk."""
    case: Case = policy.find(request.user, "record_intake", Case, pk)
    if case.status != "registered":
        return HttpResponseRedirect(reverse("case", args=[pk]))
    return walk(request, of_kind(intake.KIND), reverse("case_intake_send", args=[pk]), _keep(request, case))


@require_POST
def send(request: AccessRequest, pk: UUID) -> JsonResponse:
    """The interview as the engine in the browser sends it."""
    case: Case = policy.find(request.user, "record_intake", Case, pk)
    return take_in(request, _keep(request, case))


def _keep(request: AccessRequest, case: Case) -> Keep:
    def keep(xml: bytes) -> Kept:
        row, fresh = intake.keep(request.user, case, xml)
        return Kept(reverse("intake", args=[row.pk]), fresh)

    return keep


@require_http_methods(["GET", "HEAD", "POST"])
def intake_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """When it was held; and, opened by a button and logged, what was told."""
    row: IntakeInterview = policy.find(request.user, "see_intake", IntakeInterview, pk)
    opened = intake.told(request.user, row) if request.method == "POST" else None
    context = {
        "row": row,
        "case": row.case,
        "opened": opened,
        "erased": request.method == "POST" and opened is None,
        "may_read": policy.may_reveal(request.user, row, "narrative"),
    }
    return render(request, "detection/intake.html", context)
