"""Pages of the directory: the list, a service, its location on demand, and what its own organisation keeps current.

No page here shows an address but `location`, and that only through the door of `privacy.doors`.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.country.fields import label
from spean.directory import actions, queries, texts
from spean.directory import location as locations
from spean.directory.forms import FilterForm, OpenLocationForm, PlacesForm, PlainForm, ServiceForm
from spean.directory.models import Service, ShelterLocation
from spean.privacy import doors
from spean.workflow.pages import carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25


@require_safe
def service_list(request: AccessRequest) -> HttpResponse:
    """The directory, narrowed by what somebody looks for."""
    form = FilterForm(request.GET or None)
    wanted = form.wanted() if form.is_bound else {}
    page = Paginator(queries.listed(request.user, wanted), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "filtered": form.is_bound and form.chosen,
        "page": page,
        "rows": queries.rows(request.user, page.object_list),
        "own": _has_own(request.user),
        "may_add": policy.may(request.user, "edit_service"),
    }
    return render(request, "directory/list.html", context)


@require_safe
def service_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """One service, for everybody who may look into the directory."""
    return _service_page(request, _find(request.user, "see_service", pk))


@require_POST
def location(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Where a service is, for those who may know, once they said why. Logged each time."""
    found: ShelterLocation = policy.find(request.user, "see_shelter_location", ShelterLocation, pk)
    service = _find(request.user, "see_service", pk)
    form = OpenLocationForm(request.POST)
    if not form.is_valid():
        return _service_page(request, service, why=form)
    opened = doors.reveal(request.user, [found], ["address"], form.cleaned_data["purpose"])[found.pk]
    return _service_page(request, service, address=opened["address"] or "", opened=True)


def _service_page(
    request: AccessRequest,
    service: Service,
    *,
    address: str = "",
    opened: bool = False,
    why: OpenLocationForm | None = None,
) -> HttpResponse:
    may = policy.permitted(request.user, ("edit_service", "update_capacity"), service)
    there = ShelterLocation.objects.filter(pk=service.pk, address__isnull=False).defer("address").first()
    may_place = policy.permitted(request.user, ("see_shelter_location", "let_into_location"), there) if there else ()
    context = {
        "row": queries.shown(service, told=policy.may(request.user, "see_places", service)),
        "service": service,
        "facts": _facts(service),
        "form": PlainForm(version=service.version),
        "may_edit": "edit_service" in may,
        "may_count": "update_capacity" in may and service.capacity_available is not None,
        "may_locate": "see_shelter_location" in may_place,
        "may_let_in": "let_into_location" in may_place,
        "kept": locations.held(request.user, service),
        "why": why or OpenLocationForm(),
        "address": address,
        "opened": opened,
        "back_url": reverse("service_list"),
    }
    return render(request, "directory/service.html", context, status=422 if why is not None else 200)


def _facts(service: Service) -> list[tuple[str, str]]:
    """What a service offers and to whom, in rows; what it leaves open is said in words."""
    if service.confidential_location:
        where = _("%(province)s. The place itself is kept secret.") % {"province": texts.province(service.province)}
    else:
        where = texts.province(service.province)
    rows = [
        (_("Kind of service"), label("service_type", service.type)),
        (_("Who can come"), texts.who_can_come(service)),
        (_("Languages"), texts.languages(service.languages) or _("Not stated")),
        (_("Nationalities"), _codes("nationality", service.nationalities) or _("Every nationality")),
        (_("Forms of exploitation"), _codes("exploitation_form", service.exploitation_forms) or _("All")),
        (_("People with disabilities"), _("Equipped for them") if service.disability_access else _("Ask first")),
        (_("Identity documents"), _("Required") if service.needs_documents else _("Not required")),
        (_("Place to live"), _("Yes") if service.residential else _("No")),
        (_("Where"), where),
        (
            _("Provinces served"),
            texts.listed([texts.province(code) for code in service.provinces_served]) or _("No limit stated"),
        ),
        (_("Phone for referrals"), service.phone),
        (_("Minimum standards"), _standards(service)),
    ]
    return [(name, value) for name, value in rows if value]


def _codes(codelist: str, codes: list[str]) -> str:
    return texts.listed([label(codelist, code) for code in codes])


def _standards(service: Service) -> str:
    if service.meets_minimum_standards is None:
        return _("Not checked yet")
    return _("Met") if service.meets_minimum_standards else _("Not met")


# --- what the own organisation does --------------------------------------------------------------------------


@FORM
def add(request: AccessRequest) -> HttpResponse:
    """Enter a service of one's own organisation."""
    organisation = request.user.organisation
    if organisation is None or not policy.may(request.user, "edit_service", organisation):
        raise Http404
    form = ServiceForm(request.POST if request.method == "POST" else None, initial={"province": organisation.province})
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.offer_service(
                request.user, organisation, form.facts(), address=form.cleaned_data["address"],
                once=form.cleaned_data["once"],
            ),
        )  # fmt: skip
        if done:
            pk = done.result.pk if done.result else done.again.object_id if done.again else None
            messages.success(request, _("The service is in the directory."))
            return HttpResponseRedirect(reverse("service", args=[pk]))
    context = {
        "title": _("Add a service"),
        "button": _("Put it into the directory"),
        "back_url": reverse("service_list"),
    }
    return show_form(request, "directory/edit.html", form, context)


@FORM
def edit(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Correct what a service offers and to whom."""
    service = _find(request.user, "edit_service", pk)
    form = ServiceForm(request.POST if request.method == "POST" else None, service=service)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.edit_service(
                request.user, service, form.changes(), address=form.cleaned_data["address"].strip() or None,
                version=form.cleaned_data["version"],
            ),
            version_now=_version(pk),
        )  # fmt: skip
        if done:
            messages.success(request, _("The service is changed."))
            return HttpResponseRedirect(reverse("service", args=[pk]))
    context = {"title": _("Change the service"), "button": _("Save"), "back_url": reverse("service", args=[pk])}
    return show_form(request, "directory/edit.html", form, context)


@require_POST
def pause(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Take a service out of the list and the ranking for the time being."""
    return _move(request, pk, actions.pause_service, _("The service is paused: nobody is referred to it."))


@require_POST
def resume(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Put a paused service back into the list and the ranking."""
    return _move(request, pk, actions.resume_service, _("The service is open again."))


def _move(request: AccessRequest, pk: UUID, act: Callable[..., Service], told: str) -> HttpResponse:
    service = _find(request.user, "edit_service", pk)
    form = PlainForm(request.POST, version=service.version)
    if form.is_valid() and carry_out(form, lambda: act(request.user, service, version=form.cleaned_data["version"])):
        messages.success(request, told)
    else:
        for message in form.non_field_errors():
            messages.error(request, str(message))
    return HttpResponseRedirect(reverse("service", args=[pk]))


@require_safe
def capacity(request: AccessRequest) -> HttpResponse:
    """All services of one's own organisation on one screen, each with its free places: a minute a day."""
    return _capacity_page(request)


@require_POST
def places(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Say how many places of one service are free: a number, one up, or one down."""
    service = _find(request.user, "update_capacity", pk)
    form = PlacesForm(request.POST, service=service)
    if form.is_valid():
        version = form.cleaned_data["version"]
        done = carry_out(
            form,
            lambda: actions.update_capacity(request.user, service, available=form.wanted(), version=version),
            version_now=_version(pk),
        )
        if done:
            return HttpResponseRedirect(f"{reverse('capacity')}#service-{pk}")
    return _capacity_page(request, form)


@require_POST
def unchanged(request: AccessRequest) -> HttpResponse:
    """The figures hold as they were shown. If one changed meanwhile, none is confirmed and the new ones are shown."""
    versions = {
        str(service.pk): (service, request.POST.get(f"version-{service.pk}", ""))
        for service in queries.own(request.user)
    }
    seen = [
        (service, int(version)) for service, version in versions.values() if version.isdecimal() and len(version) < 10
    ]
    form = PlainForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: actions.confirm_capacity(request.user, seen))
        if done and done.result is not None:
            number = len(done.result)
            told = ngettext("%(number)s figure is confirmed.", "%(number)s figures are confirmed.", number)
            messages.success(request, told % {"number": number})
            return HttpResponseRedirect(reverse("capacity"))
    return _capacity_page(request, form)


def _capacity_page(request: AccessRequest, wrong: PlacesForm | PlainForm | None = None) -> HttpResponse:
    services = list(queries.own(request.user))
    rows = []
    for service in services:
        typed = isinstance(wrong, PlacesForm) and wrong.service.pk == service.pk
        rows.append(
            {"shown": queries.shown(service, told=True), "form": wrong if typed else PlacesForm(service=service)}
        )
    context = {
        "rows": rows,
        "counted": any(service.capacity_available is not None for service in services),
        "all_form": PlainForm(),
        "wrong": wrong,
        "may_add": policy.may(request.user, "edit_service"),
    }
    return render(request, "directory/capacity.html", context, status=200 if wrong is None else 422)


def _find(user: User, action: str, pk: UUID) -> Service:
    service: Service = policy.find(user, action, Service, pk)
    return service


def _version(pk: UUID) -> Callable[[], int]:
    return lambda: Service.objects.values_list("version", flat=True).get(pk=pk)


def _has_own(user: User) -> bool:
    return policy.may(user, "update_capacity") and queries.own(user).exists()
