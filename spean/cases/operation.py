"""Where and when an operation (a raid) takes place: sealed, for named readers only until it is over.

Apart from the case: it stands in no list, count or history of anybody else, because a leaked raid costs lives.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.access.roles import CONTENT_ROLES
from spean.cases.models import Case, OperationalFact, OperationReader
from spean.lib import clock
from spean.privacy import events, vault
from spean.privacy.rows import everybody
from spean.workflow.engine import Forbidden, Refused, claim

LONGEST_LOCK = timedelta(days=90)


def note_operation(
    actor: User,
    case: Case,
    *,
    place: str,
    time: str,
    plan: str = "",
    over_at: datetime,
    readers: Iterable[User] = (),
    once: UUID | None = None,
) -> OperationalFact:
    """Write down an operation for the readers named here, and nobody else until it is over."""
    assert actor.organisation is not None
    fact = OperationalFact(
        id=uuid4(), case=case, over_at=over_at, written_by=actor, organisation=actor.organisation,
        written_at=clock.now(),
    )  # fmt: skip
    with transaction.atomic():
        if once is not None:
            claim(once, "note_operation", fact, actor)
        if not policy.may(actor, "note_operation", case):
            raise Forbidden([_("This is not available to you.")])
        _check_end(over_at)
        vault.create_key(fact.subject)
        vault.seal_fields(fact, place=place, time=time, plan=plan)
        fact.save(force_insert=True)
        named = {reader.pk: reader for reader in readers if reader.pk != actor.pk}
        for reader in named.values():
            _name(fact, reader)
        events.record("operation.noted", actor=actor, obj=fact, facts={"readers": len(named)})
    return fact


def name_reader(actor: User, fact: OperationalFact, reader: User) -> None:
    """Let one more user read it."""
    with transaction.atomic():
        row = _locked(actor, fact)
        if reader.pk == actor.pk or row.readers.filter(user=reader, until_at__isnull=True).exists():
            raise ValidationError({"email": _("This user reads it already.")})
        _name(row, reader)
        events.record("operation.readers_changed", actor=actor, obj=row, facts={"added": reader.pk})


def take_reader_off(actor: User, fact: OperationalFact, reader: OperationReader) -> None:
    """From the next request on he reads it no more. What he has read he knows."""
    with transaction.atomic():
        row = _locked(actor, fact)
        row.readers.filter(pk=reader.pk, until_at__isnull=True).update(until_at=clock.now())
        events.record("operation.readers_changed", actor=actor, obj=row, facts={"taken_off": reader.user_id})


def move_end(actor: User, fact: OperationalFact, over_at: datetime) -> None:
    """The operation is over earlier or later than was planned; until then the lock holds."""
    with transaction.atomic():
        row = _locked(actor, fact)
        _check_end(over_at)
        row.over_at = over_at
        row.version += 1
        row.save(update_fields=["over_at", "version"])
        events.record("operation.moved", actor=actor, obj=row)


# Whichever there are.
ANY = Q()


def readable(user: User, which: Q = ANY) -> QuerySet[OperationalFact]:
    """The operations this user may read about now, of those that fulfil a condition."""
    return policy.visible_where(user, "see_operation", OperationalFact, which).defer("place", "time", "plan")


def code_of(fact: OperationalFact) -> str:
    """The code of its case, also for a reader whose organisation has nothing to do with the case."""
    with everybody("a named reader of an operation is told the code of its case, and no more of it"):
        return Case.objects.values_list("code", flat=True).get(pk=fact.case_id)


def _locked(actor: User, fact: OperationalFact) -> OperationalFact:
    row = OperationalFact.objects.select_for_update(of=("self",)).get(pk=fact.pk)
    if not policy.may(actor, "change_operation", row):
        raise Forbidden([_("This is not available to you.")])
    return row


def _name(fact: OperationalFact, reader: User) -> None:
    if not reader.is_active or not reader.roles & CONTENT_ROLES:
        raise Refused([_("One of the readers holds no role that reads cases.")])
    fact.readers.create(user=reader, from_at=clock.now())


def _check_end(over_at: datetime) -> None:
    now = clock.now()
    if over_at <= now:
        raise ValidationError({"over_on": _("The operation is not over yet: enter a day and hour to come.")})
    if over_at > now + LONGEST_LOCK:
        raise ValidationError({"over_on": _("At most 90 days from now; it can be moved later.")})
