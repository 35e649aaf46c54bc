"""Involvements and tasks: who takes part in a case now, and what waits for whom until when.

Called inside the verbs of the rooms, in their transaction. Nothing here decides whether something may happen.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from spean.access.models import Organisation, User
from spean.access.roles import CASE_MANAGER, SECTIONS
from spean.cases.models import Case, Involvement, Task
from spean.country import pack
from spean.lib import clock
from spean.privacy import events
from spean.workflow.engine import Step, follow

# What each task needs to know of a case, at the most. A consent or a narrower request makes it less.
TASK_SECTIONS: dict[str, tuple[str, ...]] = {
    "screening": ("identity", "contact", "narrative", "protection"),
    "focal": SECTIONS,
    "identification": ("identity", "narrative", "protection", "justice", "documents"),
    "service": ("identity", "contact", "narrative", "health", "protection"),
    # Whoever referred sees what became of it, and nothing that was learned since.
    "referrer": (),
}
# These run out, each after its time in the country pack (`involvement_<task>`), unless they are renewed. The
# screener's and the focal agency's parts do not: somebody must always be there to renew the others.
RUN_OUT = ("service", "identification", "referrer", "justice", "return")
REMINDED = ("service", "identification", "justice", "return")

# What rooms above do when an organisation's part in a case ends other than by their own verbs: the step that ends
# it, the case, the organisation, and the row on which the part rests (None: everything of that organisation).
PartEnded = Callable[[Step, Case, Organisation, UUID | None], None]
PART_ENDED: list[PartEnded] = []
# The same when a case passes from one focal agency to another.
HandedOver = Callable[[Step, Case, Organisation, Organisation], None]
HANDED_OVER: list[HandedOver] = []
# The same when the person of a case is registered: whoever asked for her is answered by that.
Registered = Callable[[Step, Case], None]
REGISTERED: list[Registered] = []


def when_part_ends(then: PartEnded) -> PartEnded:
    PART_ENDED.append(then)
    return then


def when_handed_over(then: HandedOver) -> HandedOver:
    HANDED_OVER.append(then)
    return then


def when_registered(then: Registered) -> Registered:
    REGISTERED.append(then)
    return then


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
    now = clock.now()
    # Whoever runs the case works in every section; what others recorded is read where the person agreed to it.
    withheld = [section for section in at_most if section not in wanted] if task == "focal" else []
    row = Involvement.objects.create(
        case=case, organisation=organisation, task=task, sections=list(wanted), withheld=withheld, basis=basis,
        basis_id=basis_id,
        from_at=now, until_at=runs_until(task, now),
    )  # fmt: skip
    events.record("case.organisation_involved", actor=actor, obj=row, case=case, facts={"task": task})
    if task == "focal":
        for other in running(case).exclude(pk=row.pk):
            remind(other, organisation)
    elif case.focal_organisation is not None:
        remind(row, case.focal_organisation)
    return row


def runs_until(task: str, start: datetime) -> datetime | None:
    """When a part that begins, or is renewed, now runs out; None where it does not."""
    return start + pack().deadline(f"involvement_{task}") if task in RUN_OUT else None


def running(case: Case) -> QuerySet[Involvement]:
    """Who takes part at this moment."""
    now = clock.now()
    rows = Involvement.objects.filter(case=case, status="open", from_at__lte=now)
    return rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=now))


def remind(row: Involvement, focal: Organisation) -> None:
    """A task for the focal agency, shown some time before an involvement runs out: to renew it, or let it end."""
    if row.task not in REMINDED or row.until_at is None:
        return
    finish_tasks(row.case, "renew_involvement", object_id=row.pk)
    shows_at = row.until_at - pack().deadline("involvement_reminder")
    open_task(
        row.case, "renew_involvement", focal, CASE_MANAGER, shows_at=shows_at, due_at=row.until_at, object_id=row.pk
    )


def end_involvements(
    case: Case,
    *,
    cause: Step,
    task: str | None = None,
    basis_id: UUID | None = None,
    organisation: Organisation | None = None,
) -> None:
    """End the open involvements that fit, from this moment, because of the verb that is being carried out."""
    rows = Involvement.objects.filter(case=case, status="open")
    if task is not None:
        rows = rows.filter(task=task)
    if basis_id is not None:
        rows = rows.filter(basis_id=basis_id)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    for row in rows:
        with follow(cause, "end_involvement", row) as step:
            ends_now(step.obj)
            step.facts["task"] = row.task


def ends_now(row: Involvement) -> None:
    """Inside the verb that ends it: an involvement that ran out earlier keeps its day."""
    now = max(clock.now(), row.from_at)
    row.until_at = now if row.until_at is None else min(row.until_at, now)
    finish_tasks(row.case, "renew_involvement", object_id=row.pk)


def open_task(
    case: Case,
    kind: str,
    organisation: Organisation,
    role: str,
    *,
    due_at: datetime | None = None,
    shows_at: datetime | None = None,
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
        shows_at=shows_at,
        due_at=due_at or clock.now() + pack().deadline(kind),
    )


def finish_tasks(case: Case, *kinds: str, object_id: UUID | None = None, user: User | None = None) -> None:
    """What waited is done (or no longer needed). Without kinds: everything open of the case."""
    rows = Task.objects.filter(case=case, done_at__isnull=True)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if object_id is not None:
        rows = rows.filter(object_id=object_id)
    if user is not None:
        rows = rows.filter(user=user)
    rows.update(done_at=clock.now())
