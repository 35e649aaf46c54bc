"""Involvements and tasks: who takes part in a case now, and what waits for whom until when.

Called inside the verbs of the rooms, in their transaction. Nothing here decides whether something may happen.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from spean.access.models import Organisation, User
from spean.access.roles import SECTIONS
from spean.cases.models import Case, Involvement, Task
from spean.country import pack
from spean.lib import clock
from spean.privacy import events

# What each task needs to know of a case, at the most. A consent or a narrower request makes it less.
TASK_SECTIONS: dict[str, tuple[str, ...]] = {
    "screening": ("identity", "contact", "narrative", "protection"),
    "focal": SECTIONS,
    "identification": ("identity", "narrative", "protection", "documents"),
    "service": ("identity", "contact", "narrative", "health", "protection"),
    # Whoever referred sees what became of it, and nothing that was learned since.
    "referrer": (),
}


def involve(
    case: Case,
    organisation: Organisation,
    task: str,
    *,
    actor: User,
    basis: str,
    basis_id: UUID | None = None,
    sections: Iterable[str] | None = None,
) -> Involvement:
    """Let an organisation take part in a case from now on, with at most the sections its task needs."""
    at_most = TASK_SECTIONS[task]
    wanted = at_most if sections is None else tuple(section for section in at_most if section in set(sections))
    row = Involvement.objects.create(
        case=case, organisation=organisation, task=task, sections=list(wanted), basis=basis, basis_id=basis_id
    )
    events.record("case.organisation_involved", actor=actor, obj=row, case=case, facts={"task": task})
    return row


def end_involvements(
    case: Case,
    *,
    actor: User,
    task: str | None = None,
    basis_id: UUID | None = None,
    organisation: Organisation | None = None,
) -> None:
    """End the open involvements that fit, from this moment."""
    rows = Involvement.objects.filter(case=case, until_at__isnull=True)
    if task is not None:
        rows = rows.filter(task=task)
    if basis_id is not None:
        rows = rows.filter(basis_id=basis_id)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    for row in rows:
        row.until_at = max(clock.now(), row.from_at)
        row.save(update_fields=["until_at"])
        events.record("case.involvement_ended", actor=actor, obj=row, case=case, facts={"task": row.task})


def open_task(
    case: Case,
    kind: str,
    organisation: Organisation,
    role: str,
    *,
    due_at: datetime | None = None,
    user: User | None = None,
    object_id: UUID | None = None,
) -> Task:
    """Something now waits for a role of an organisation; the deadline is the country pack's."""
    return Task.objects.create(
        case=case,
        kind=kind,
        organisation=organisation,
        role=role,
        user=user,
        object_id=object_id,
        created_at=clock.now(),
        due_at=due_at or clock.now() + pack().deadline(kind),
    )


def finish_tasks(case: Case, *kinds: str, object_id: UUID | None = None) -> None:
    """What waited is done (or no longer needed). Without kinds: everything open of the case."""
    rows = Task.objects.filter(case=case, done_at__isnull=True)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if object_id is not None:
        rows = rows.filter(object_id=object_id)
    rows.update(done_at=clock.now())
