"""Verbs of the directory: offer a service, keep it and its free places current, pause it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.directory import location
from spean.directory.models import Service
from spean.lib import clock
from spean.privacy import events
from spean.workflow.engine import Changed, Forbidden, Refused, perform


def offer_service(
    actor: User, organisation: Organisation, facts: Mapping[str, Any], *, address: str = "", once: UUID | None = None
) -> Service:
    """Enter a service into the directory. Its address is sealed under a key of its own."""
    service = Service(organisation=organisation, created_at=clock.now(), **facts)
    if service.capacity_available is not None:
        service.capacity_updated_at = clock.now()
    with perform("offer_service", service, actor, once=once) as step:
        service.full_clean()
        step.facts["type"] = service.type
        location.seal_address(service, address)
    return service


def edit_service(
    actor: User, service: Service, facts: Mapping[str, Any], *, address: str | None = None, version: int | None = None
) -> Service:
    """Correct what a service offers and to whom."""
    with transaction.atomic():
        row = _locked(actor, "edit_service", service, version)
        if facts.get("capacity_available") is not None:
            # Whoever types the number of free places confirms it.
            row.capacity_updated_at = clock.now()
        for name, value in facts.items():
            setattr(row, name, value)
        row.version += 1
        row.full_clean()
        row.save()
        if address is not None:
            location.seal_address(row, address)
        changed = sorted([*facts, *(["address"] if address is not None else [])])
        events.record("service.changed", actor=actor, obj=row, fields=tuple(changed))
        return row


def update_capacity(
    actor: User, service: Service, *, available: int, maximum: int | None = None, version: int | None = None
) -> Service:
    """Say how many places are free now. Also "unchanged" counts: the figure is fresh again."""
    with transaction.atomic():
        row = _locked(actor, "update_capacity", service, version)
        row.capacity_maximum = maximum if maximum is not None else row.capacity_maximum
        if row.capacity_maximum is None or available > row.capacity_maximum or available < 0:
            raise Refused([_("The number of free places must lie between 0 and the number of places.")])
        row.capacity_available = available
        row.capacity_updated_at = clock.now()
        row.version += 1
        row.save()
        events.record("capacity.changed", actor=actor, obj=row, facts={"available": available})
        return row


def confirm_capacity(actor: User, shown: Iterable[tuple[Service, int]]) -> list[Service]:
    """The figures as they were shown still hold, for all of these services at once, or for none of them."""
    with transaction.atomic():
        confirmed = []
        for service, version in sorted(shown, key=lambda pair: pair[0].pk):
            row = _locked(actor, "update_capacity", service, version)
            if row.capacity_available is None:
                continue
            row.capacity_updated_at = clock.now()
            row.version += 1
            row.save(update_fields=["capacity_updated_at", "version"])
            events.record("capacity.changed", actor=actor, obj=row, facts={"available": row.capacity_available})
            confirmed.append(row)
        return confirmed


def pause_service(actor: User, service: Service, *, version: int | None = None) -> Service:
    """Take a service out of matching for the time being."""
    with perform("pause_service", service, actor, version=version) as step:
        pass
    return step.obj


def resume_service(actor: User, service: Service, *, version: int | None = None) -> Service:
    """Let a paused service be matched again."""
    with perform("resume_service", service, actor, version=version) as step:
        pass
    return step.obj


def _locked(actor: User, action: str, service: Service, version: int | None) -> Service:
    row = Service.objects.select_for_update(of=("self",)).get(pk=service.pk)
    if not policy.may(actor, action, row):
        raise Forbidden([_("This is not available to you.")])
    if version is not None and version != row.version:
        raise Changed([_("Somebody else changed this service meanwhile. Its latest details are shown now.")])
    return row
