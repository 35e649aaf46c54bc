"""What the pages of the directory read: the services that fit a filter, and each of them in words. Never an address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from spean.access import policy
from spean.access.models import User
from spean.country import pack
from spean.directory import texts
from spean.directory.freshness import CONFIRM_AFTER_DAYS
from spean.directory.models import Service


@dataclass(frozen=True)
class Shown:
    """A service as a list shows it."""

    service: Service
    name: str
    type: str
    who: str
    languages: str
    province: str
    places: str
    confirmed: str
    is_old: bool
    is_full: bool
    # How full it is, is not for this reader.
    untold: bool


def shown(service: Service, *, told: bool) -> Shown:
    """One service in the words of a list; `told` is what the policy says of `see_places`."""
    free, maximum = service.capacity_available, service.capacity_maximum
    counted = told and free is not None and maximum is not None
    return Shown(
        service=service,
        name=service.label(),
        type=service.get_type_display(),  # type: ignore[attr-defined]
        who=texts.who_can_come(service),
        languages=texts.languages(service.languages),
        province=texts.province(service.province),
        places=texts.places(free, maximum) if told and free is not None and maximum is not None else "",
        confirmed=texts.confirmed(texts.capacity_days(service)) if counted else "",
        is_old=told and texts.capacity_is_old(service),
        is_full=told and free == 0,
        untold=not told,
    )


def rows(user: User, services: Iterable[Service]) -> list[Shown]:
    """Services as this user may read them."""
    found = list(services)
    told = set(_told(user).filter(pk__in=[service.pk for service in found]).values_list("pk", flat=True))
    return [shown(service, told=service.pk in told) for service in found]


def _told(user: User) -> QuerySet[Service]:
    visible: QuerySet[Service] = policy.visible(user, "see_places", Service)
    return visible


def types_for(need: str) -> list[str]:
    """The service types that answer a need, as the country pack says."""
    return [code.code for code in pack().codelist("service_type") if need in code.several("needs")]


def listed(user: User, wanted: dict[str, Any]) -> QuerySet[Service]:
    """Active services that fit a filter, by name. An eligibility that says nothing takes everybody."""
    services: QuerySet[Service] = policy.visible(user, "see_service", Service)
    services = services.filter(status="active", organisation__active=True).select_related("organisation")
    if wanted.get("need"):
        services = services.filter(type__in=types_for(wanted["need"]))
    if wanted.get("type"):
        services = services.filter(type=wanted["type"])
    if wanted.get("province"):
        services = services.filter(Q(province=wanted["province"]) | Q(provinces_served__contains=[wanted["province"]]))
    if wanted.get("sex"):
        services = services.filter(Q(sexes=[]) | Q(sexes__contains=[wanted["sex"]]))
    if wanted.get("age") is not None:
        age = wanted["age"]
        services = services.filter(Q(minimum_age__isnull=True) | Q(minimum_age__lte=age))
        services = services.filter(Q(maximum_age__isnull=True) | Q(maximum_age__gte=age))
    if wanted.get("language"):
        services = services.filter(languages__contains=[wanted["language"]])
    if wanted.get("free"):
        # A house that vanished from this list, or came back, would tell what its row does not.
        full = _told(user).filter(capacity_available=0)
        services = services.exclude(pk__in=full.values("pk"))
    if wanted.get("residential"):
        services = services.filter(residential=wanted["residential"] == "yes")
    return services.order_by("name", "id")


def own(user: User) -> QuerySet[Service]:
    """The services that this user's organisation keeps current, paused ones included."""
    services: QuerySet[Service] = policy.visible(user, "update_capacity", Service)
    return services.select_related("organisation").order_by("name", "id")


def unconfirmed(user: User) -> list[Shown]:
    """Own open services whose figure is more than a day or two old, the oldest first."""
    counted = own(user).filter(status="active", capacity_available__isnull=False)
    found = [shown(service, told=True) for service in counted.order_by("capacity_updated_at", "name", "id")]
    return [one for one in found if (texts.capacity_days(one.service) or 0) >= CONFIRM_AFTER_DAYS]
