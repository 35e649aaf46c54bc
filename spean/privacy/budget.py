"""How many different people a user may open in a day: counted from the log, asked by the door before it decrypts.

The numbers are the country pack's (`reveal.toml`); granting more is a verb (`oversight.actions`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from spean.access.models import User
from spean.country import pack
from spean.lib import clock
from spean.privacy.emergency import GRANTED, EmergencyAccess
from spean.privacy.models import Event
from spean.privacy.watch import BudgetExtension

COUNTED = ("identity.revealed", "content.read")


@dataclass(frozen=True)
class Standing:
    """A user's day: how many people he may open and how many he has opened."""

    limit: int
    opened: int
    extended: bool

    @property
    def left(self) -> int:
        return max(self.limit - self.opened, 0)


def standing(user: User) -> Standing:
    """How the user stands now, for a page."""
    return _standing(user, _opened_today(user) - _not_counted(user))


def exceeded(user: User, subjects: Iterable[UUID | None]) -> Standing | None:
    """Where the user stands if opening these people as well would be too many; None if it would not.

    To be asked in the transaction that writes the openings: it keeps two requests of one user in a queue.
    """
    wanted = {subject for subject in subjects if subject is not None}
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk").get()
    opened = _opened_today(user)
    if wanted <= opened:
        return None
    free = _not_counted(user)
    opened, wanted = opened - free, wanted - free
    now = _standing(user, opened)
    return now if len(opened | wanted) > now.limit and not wanted <= opened else None


def begin_of_day() -> datetime:
    """Midnight where the users are."""
    return datetime.combine(clock.today(), time.min, clock.local_zone())


def _standing(user: User, opened: set[UUID]) -> Standing:
    rules = pack().reveal
    limit = max((rules.persons(role) for role in user.roles), default=0)
    extra = BudgetExtension.objects.filter(user_id=user.pk, day=clock.today()).values_list("persons", flat=True).first()
    return Standing(limit + (extra or 0), len(opened), extra is not None)


def _opened_today(user: User) -> set[UUID]:
    rows = Event.objects.filter(
        actor_id=user.pk, action__in=COUNTED, at__gte=begin_of_day(), subject__isnull=False
    ).order_by()
    return {subject for subject in rows.values_list("subject", flat=True).distinct() if subject is not None}


def _not_counted(user: User) -> set[UUID]:
    """Whom he screened himself (he wrote what he reads there), and whom an emergency that runs opened to him."""
    now = clock.now()
    cases = apps.get_model("cases", "Case")._default_manager
    running = EmergencyAccess.objects.filter(
        asked_by_id=user.pk, status__in=GRANTED, from_at__lte=now, until_at__gt=now, case__isnull=False
    )
    rows = cases.filter(Q(started_by_id=user.pk) | Q(pk__in=running.values("case_id"))).order_by()
    return set(rows.values_list("subject", flat=True))
