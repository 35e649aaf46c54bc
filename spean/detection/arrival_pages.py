"""Pages of the quick list of a bus: ask everybody, then see who is screened first."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.country import pack
from spean.detection import arrivals
from spean.detection.instrument_pages import Keep, Kept, of_kind, take_in, walk
from spean.detection.models import Arrival

PER_PAGE = 25


@require_safe
def arrival_list(request: AccessRequest) -> HttpResponse:
    """The lists of one's own organisation."""
    page = Paginator(arrivals.readable(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "detection/arrivals.html", {"page": page, "kept_days": pack().deadline("arrival_kept").days})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: AccessRequest) -> HttpResponse:
    """Ask everybody on the bus."""
    return walk(request, of_kind(arrivals.KIND), reverse("arrival_send"), _keep(request))


@require_POST
def send(request: AccessRequest) -> JsonResponse:
    """The list as the engine in the browser sends it."""
    return take_in(request, _keep(request))


def _keep(request: AccessRequest) -> Keep:
    def keep(xml: bytes) -> Kept:
        row, fresh = arrivals.receive(request.user, xml)
        return Kept(reverse("arrival", args=[row.pk]), fresh)

    return keep


@require_http_methods(["GET", "HEAD", "POST"])
def arrival_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The counts; and, opened by a button and logged, the list with whoever is screened first at the top."""
    row: Arrival = policy.find(request.user, "see_arrival", Arrival, pk)
    if request.method == "POST" and row.destroyed_at is not None:
        return HttpResponseRedirect(reverse("arrival", args=[pk]))
    opened = arrivals.travellers(request.user, row) if request.method == "POST" else None
    return render(request, "detection/arrival.html", {"row": row, "travellers": opened})
