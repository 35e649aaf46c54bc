"""Verbs of a shelter's location: keep it, let somebody know it, keep it open longer, close it again.

Whoever placed somebody there may open it while the placement lasts. Everybody else, police and courts above all,
only where the shelter itself says so, one user at a time.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.country import pack
from spean.directory.models import LocationGrant, Service, ShelterLocation
from spean.lib import clock
from spean.privacy import events, vault
from spean.workflow.engine import Forbidden, Refused, claim

LONGEST = timedelta(days=90)


def seal_address(service: Service, address: str) -> ShelterLocation:
    """Keep where a service is, inside the verb that asked who may. The key is the service's own."""
    found = ShelterLocation.objects.filter(pk=service.pk).first()
    if found is None:
        vault.create_key(service.pk)
        found = ShelterLocation(id=service.pk, service=service)
    found.given_at = clock.now()
    vault.seal_fields(found, address=address.strip())
    found.save()
    return found


def has_address(service: Service) -> bool:
    """Whether an address was given; not what it is."""
    return ShelterLocation.objects.filter(pk=service.pk, address__isnull=False).exists()


def open_for_placement(actor: User, referral: Any, *, known_to: Organisation | None = None) -> LocationGrant | None:
    """Its referral was accepted: whoever placed the person may open the location while the placement lasts.

    `known_to` is the agency to which the case was handed over since.
    """
    location = ShelterLocation.objects.filter(pk=referral.service_id).first()
    if location is None:
        return None
    now = clock.now()
    grant = LocationGrant.objects.create(
        location=location, organisation=known_to or referral.from_organisation, basis="placement", basis_id=referral.pk,
        case_id=referral.case_id, from_at=now, until_at=now + pack().deadline("location_grant"), granted_by=actor,
    )  # fmt: skip
    events.record("location.let_in", actor=actor, obj=grant, case=referral.case, facts={"basis": "placement"})
    return grant


def close_for_placement(actor: User, referral: Any) -> None:
    """The placement is over, and with it the reason to know where the place is."""
    rows = LocationGrant.objects.select_for_update().filter(basis="placement", basis_id=referral.pk)
    for grant in rows.filter(closed_at__isnull=True):
        _end(actor, grant)


def let_in(
    actor: User,
    location: ShelterLocation,
    *,
    days: int,
    organisation: Organisation | None = None,
    user: User | None = None,
    once: UUID | None = None,
) -> LocationGrant:
    """The shelter itself lets an organisation that helps, or one user of whichever role, know where it is."""
    with transaction.atomic():
        if once is not None:
            claim(once, "let_into_location", location, actor)
        if not policy.may(actor, "let_into_location", location):
            raise Forbidden([_("This is not available to you.")])
        if not 0 < days <= LONGEST.days:
            raise ValidationError({"days": _("Between 1 and 90 days.")})
        now = clock.now()
        grant = LocationGrant(
            location=location, organisation=organisation, user=user, basis="shelter", from_at=now,
            until_at=now + timedelta(days=days), granted_by=actor,
        )  # fmt: skip
        grant.full_clean()
        grant.save(force_insert=True)
        events.record("location.let_in", actor=actor, obj=grant, facts={"basis": "shelter", "days": days})
        return grant


def keep_open(actor: User, grant: LocationGrant) -> LocationGrant:
    """Still needed: counted anew from today, while the placement lasts."""
    with transaction.atomic():
        row = LocationGrant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
        if not policy.may(actor, "keep_location_open", row):
            raise Forbidden([_("This is not available to you.")])
        if not _can_be_kept(row):
            raise Refused([_("This has ended. The shelter can let you in again.")])
        row.until_at = clock.now() + pack().deadline("location_grant")
        row.save(update_fields=["until_at"])
        events.record("location.let_in_longer", actor=actor, obj=row, case=row.case)
        return row


def close(actor: User, grant: LocationGrant) -> None:
    """From the next request on it opens nothing. What somebody has read he knows."""
    with transaction.atomic():
        row = LocationGrant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
        if not policy.may(actor, "close_location", row):
            raise Forbidden([_("This is not available to you.")])
        if row.closed_at is None:
            _end(actor, row)


def grants_of(actor: User, location: ShelterLocation) -> QuerySet[LocationGrant]:
    """Who may know now, for the shelter itself."""
    rows = policy.visible(actor, "close_location", LocationGrant).filter(location=location, until_at__gt=clock.now())
    return rows.select_related("organisation", "user")


def held(user: User, service: Service) -> list[LocationGrant]:
    """Grants of placements by the user's organisation that it can keep open: also those that ran out meanwhile."""
    rows = policy.visible(user, "keep_location_open", LocationGrant).filter(
        location_id=service.pk, basis="placement", closed_at__isnull=True
    )
    return [grant for grant in rows.exclude(location__service__organisation=user.organisation) if _can_be_kept(grant)]


def _can_be_kept(grant: LocationGrant) -> bool:
    if grant.closed_at is not None:
        return False
    if grant.basis == "placement" and grant.basis_id is not None:
        # Also after it ran out: as long as the person is there.
        return Service.objects.filter(
            pk=grant.location_id, referrals__pk=grant.basis_id, referrals__status="accepted"
        ).exists()
    return grant.until_at > clock.now()


def _end(actor: User, grant: LocationGrant) -> None:
    now = clock.now()
    grant.closed_at, grant.closed_by = now, actor
    grant.until_at = max(grant.from_at, min(grant.until_at, now))
    grant.save(update_fields=["until_at", "closed_at", "closed_by"])
    events.record("location.closed", actor=actor, obj=grant, case=grant.case, facts={"basis": grant.basis})
