"""Legal holds: the law still needs somebody's data. While one stands, nothing of the person is destroyed."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from spean.access.models import User
from spean.cases.models import Case
from spean.lib import clock
from spean.people.models import Person
from spean.privacy.models import LegalHold
from spean.privacy.rows import everybody
from spean.workflow.engine import perform, requirement

# --- whose data ------------------------------------------------------------------------------------------


def episodes_of(case: Case) -> list[Case]:
    """All episodes of the person of a case, through every record that was decided to be the same person."""
    if case.person_id is None:
        return [case]
    records, found = {case.person_id}, {case.person_id}
    with everybody("what is decided on a person holds for the records that other agencies made of her"):
        while found:
            linked = Person.objects.filter(Q(pk__in=found) | Q(same_as__in=found)).values_list("pk", "same_as")
            found = {pk for pair in linked for pk in pair if pk is not None} - records
            records |= found
        return list(Case.objects.filter(person__in=records).order_by("started_at", "id"))


def holds_on(case: Case) -> list[LegalHold]:
    """The legal holds that stand today, on any episode of the person."""
    rows = LegalHold.objects.filter(case__in=episodes_of(case), status="standing")
    return [row for row in rows.select_related("organisation") if row.stands]


# --- legal holds -----------------------------------------------------------------------------------------


def place_hold(
    actor: User, case: Case, *, ground: str, until_on: date | None = None, once: UUID | None = None
) -> LegalHold:
    """Record that the law still needs these data: until a day, or until somebody lifts it."""
    assert actor.organisation is not None
    hold = LegalHold(
        case=case, ground=ground, until_on=until_on, placed_at=clock.now(), placed_by=actor,
        organisation=actor.organisation,
    )  # fmt: skip
    with perform("place_hold", hold, actor, once=once) as step:
        step.facts["ground"] = ground
    return step.obj


def lift_hold(actor: User, hold: LegalHold, *, version: int | None = None, once: UUID | None = None) -> LegalHold:
    with perform("lift_hold", hold, actor, version=version, once=once) as step:
        step.obj.lifted_at, step.obj.lifted_by = clock.now(), actor
        step.facts["ground"] = step.obj.ground
    return step.obj


@requirement("hold_not_over_already")
def _hold_not_over_already(hold: LegalHold, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if hold.until_on is not None and hold.until_on < clock.today():
        return [_("The last day of a hold cannot lie in the past.")]
    return []
