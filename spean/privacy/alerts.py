"""What in the log is told to the auditor at once. Called by the log's pen with the rows it has just written.

An alert is written in the transaction of its row: there is no opening of a canary without one, and nothing to wait
for. Only the notice by mail takes its way through the worker, and its job holds an id and nothing else.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from spean.country import pack
from spean.lib import clock
from spean.privacy import budget, canaries
from spean.privacy.models import Event
from spean.privacy.watch import (
    CANARY_LOOKED_AT,
    CANARY_OPENED,
    CANARY_PASSED_ON,
    CANARY_REFUSED,
    OVER_BUDGET,
    REFUSALS,
    Alert,
)

# What may happen to a canary, and what it is then called. Initials in a list are not among them: a list shows all.
ABOUT_CANARIES = {
    "identity.revealed": CANARY_OPENED,
    "content.read": CANARY_OPENED,
    "information.shared": CANARY_PASSED_ON,
    "export.made": CANARY_PASSED_ON,
    "content.refused": CANARY_REFUSED,
    "reveal.over_budget": CANARY_REFUSED,
    "case.read": CANARY_LOOKED_AT,
    "person.read": CANARY_LOOKED_AT,
}
WATCHED = frozenset({*ABOUT_CANARIES, "content.refused", "reveal.over_budget"})
# Looking at the same page again says nothing new for a while.
LOOKED_AGAIN = timedelta(hours=1)


def concern(rows: Sequence[Event]) -> bool:
    """Whether any of these rows might call for an alert."""
    return any(row.action in WATCHED for row in rows)


def watch(rows: Sequence[Event]) -> None:
    """Raise what these rows call for."""
    telling = [row for row in rows if row.action in ABOUT_CANARIES and row.subject is not None]
    if telling:
        _about_canaries(telling)
    for row in rows:
        if row.action == "content.refused" and row.actor_id is not None:
            _many_refusals(row, row.actor_id)
            break
    for row in rows:
        if row.action == "reveal.over_budget" and row.actor_id is not None:
            _over_budget(row, row.actor_id)
            break


def _about_canaries(rows: Sequence[Event]) -> None:
    planted = canaries.among(row.subject for row in rows if row.subject is not None)
    told: set[UUID | None] = set()
    for row in rows:
        if row.subject not in planted or row.subject in told:
            continue
        told.add(row.subject)
        kind = ABOUT_CANARIES[row.action]
        if kind == CANARY_LOOKED_AT and _looked_before(row):
            continue
        _raise(kind, row)


def _looked_before(row: Event) -> bool:
    recent = Alert.objects.filter(kind=CANARY_LOOKED_AT, actor_id=row.actor_id, at__gte=clock.now() - LOOKED_AGAIN)
    return Event.objects.filter(pk__in=list(recent.values_list("event_id", flat=True)), subject=row.subject).exists()


def _many_refusals(row: Event, actor: UUID) -> None:
    rules = pack().reveal
    since = clock.now() - rules.refusal_window
    if Alert.objects.filter(kind=REFUSALS, actor_id=actor, at__gte=since).exists():
        return
    refused = Event.objects.filter(actor_id=actor, action="content.refused", at__gte=since)
    if refused.count() >= rules.refusals:
        _raise(REFUSALS, row)


def _over_budget(row: Event, actor: UUID) -> None:
    if not Alert.objects.filter(kind=OVER_BUDGET, actor_id=actor, at__gte=budget.begin_of_day()).exists():
        _raise(OVER_BUDGET, row)


def _raise(kind: str, row: Event) -> None:
    # The jobs library is needed here only, and its tables not before the first alert.
    from spean.privacy import tasks

    alert = Alert.objects.create(
        kind=kind, at=clock.now(), event_id=row.pk, actor_id=row.actor_id, organisation_id=row.organisation_id
    )
    tasks.tell_auditors.defer(alert_id=str(alert.pk))
