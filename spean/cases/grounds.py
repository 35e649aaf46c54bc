"""Verbs of what stands in for consent: a child's best interests, a court's order, danger to life.

One person records it with its evidence, sealed; another confirms or rejects it after reading that evidence. Nothing
rests on a ground before, and nothing sealed is passed on. What is shared is decided at the door, as for a consent.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from spean.access.models import Membership, Organisation, User
from spean.access.roles import CASE_MANAGER, HOTLINE_SUPERVISOR
from spean.cases import sharing, work
from spean.cases.models import Case, Exclusion, Task
from spean.lib import clock
from spean.privacy import vault
from spean.privacy.codes import unused_code
from spean.privacy.models import Consent, Event
from spean.workflow.engine import perform, requirement

GROUNDS = ("best_interests", "court_order", "danger_to_life")
# Grounds on which a child may be referred in code before a second person has looked: nobody is left at a border.
BEFORE_CONFIRMATION = ("best_interests", "danger_to_life")
SHORTEST_REASON = 10  # characters: a word is no reason
ASKED = "confirm_ground"


def record_ground(
    actor: User,
    case: Case,
    *,
    ground: str,
    purpose: str,
    classes: Sequence[str],
    reasons: str,
    reference: str = "",
    recipient: Organisation | None = None,
    once: UUID | None = None,
) -> Consent:
    """Record why these kinds of information may go to this recipient without the person's agreement.

    `reference` is the number of the order or document, `reasons` what makes it necessary; both are sealed.
    """
    row = Consent(
        case=case, ground=ground, purpose=purpose, recipient=recipient, classes=sorted(set(classes)),
        status="unconfirmed", code=unused_code("A", Consent), given_at=clock.now(), recorded_by=actor,
        recorded_organisation=actor.organisation,
    )  # fmt: skip
    facts = {"reasons": reasons, "reference": reference, "is_child": case.is_child}
    with transaction.atomic():
        with perform("record_ground", row, actor, facts=facts, once=once) as step:
            vault.seal_fields(row, reasons=reasons.strip(), reference=reference.strip())
            step.facts.update(ground=ground, purpose=purpose, classes=sorted(set(classes)))
        _ask_second_person(actor, row)
    return step.obj


def confirm_ground(actor: User, row: Consent, *, version: int | None = None, once: UUID | None = None) -> Consent:
    """The second person agrees: from now on the ground covers what it names, and what waited for it is shared."""
    with transaction.atomic():
        # The case first, as sharing does, so that the two wait for one another and never lock up.
        case = Case.objects.select_for_update(of=("self",)).get(pk=row.case_id)
        with perform("confirm_ground", row, actor, version=version, once=once) as step:
            step.obj.confirmed_at, step.obj.confirmed_by = clock.now(), actor
            step.facts.update(ground=row.ground, purpose=row.purpose, classes=row.classes)
        work.finish_tasks(case, ASKED, object_id=row.pk)
        sharing.widen(actor, case, row.purpose)
    return step.obj


def reject_ground(actor: User, row: Consent, *, version: int | None = None, once: UUID | None = None) -> Consent:
    """The second person does not agree: nothing is shared on it. Whoever recorded it is told."""
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=row.case_id)
        with perform("reject_ground", row, actor, version=version, once=once) as step:
            step.facts.update(ground=row.ground, purpose=row.purpose)
        work.finish_tasks(case, ASKED, object_id=row.pk)
        held = [one for one in row.recorded_by.memberships_now() if one.organisation_id == row.recorded_organisation_id]
        if held:
            work.open_task(
                case, "ground_rejected", row.recorded_organisation, held[0].role, user=row.recorded_by,
                object_id=row.pk,
            )  # fmt: skip
    return step.obj


def ask(case: Case, row: Consent, organisation: Organisation, role: str) -> None:
    """Ask an organisation for the second person, once."""
    fits = Task.objects.filter(
        case=case, kind=ASKED, object_id=row.pk, organisation=organisation, role=role, done_at__isnull=True
    )
    if not fits.exists():
        work.open_task(case, ASKED, organisation, role, object_id=row.pk)


def _ask_second_person(actor: User, row: Consent) -> None:
    """A colleague of the same duty; where there is none, the national focal agency."""
    organisation = actor.organisation
    assert organisation is not None
    mine = {held.role for held in actor.memberships_now() if held.organisation_id == organisation.pk}
    roles = _colleagues(row.case, organisation, actor) & (mine | {CASE_MANAGER, HOTLINE_SUPERVISOR})
    for role in sorted(roles):
        ask(row.case, row, organisation, role)
    if not roles:
        for national in Organisation.objects.filter(is_national_focal=True, active=True).exclude(pk=organisation.pk):
            ask(row.case, row, national, CASE_MANAGER)


def _colleagues(case: Case, organisation: Organisation, actor: User) -> set[str]:
    """The roles in which somebody else of the organisation could confirm now."""
    now = clock.now()
    excluded = Exclusion.objects.filter(case=case, lifted_at__isnull=True, user__isnull=False)
    rows = Membership.objects.filter(
        Q(until_at__isnull=True) | Q(until_at__gt=now), from_at__lte=now, organisation=organisation,
        user__is_active=True,
    )  # fmt: skip
    rows = rows.exclude(user=actor).exclude(user__in=excluded.values("user"))
    return set(rows.values_list("role", flat=True))


# --- requirements ------------------------------------------------------------------------------------------


@requirement("ground_complete")
def _ground_complete(row: Consent, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if not row.classes:
        failures.append(_("Choose which kinds of information may be shared."))
    if row.ground not in GROUNDS:
        failures.append(_("Choose what stands in for the person’s agreement."))
    if row.ground == "best_interests" and not facts["is_child"]:
        failures.append(_("Best interests can stand in for consent for a child only."))
    if row.ground == "court_order" and not facts["reference"].strip():
        failures.append(_("Enter the number of the court’s order."))
    if len(facts["reasons"].strip()) < SHORTEST_REASON:
        failures.append(_("Write down why it is necessary, in a sentence at least."))
    return failures


@requirement("second_person")
def _second_person(row: Consent, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [_("You recorded this yourself. A second person confirms it.")] if row.recorded_by_id == actor.pk else []


@requirement("evidence_read")
def _evidence_read(row: Consent, actor: User, facts: Mapping[str, Any]) -> list[str]:
    read = Event.objects.filter(action="content.read", object_id=row.pk, actor_id=actor.pk)
    return [] if read.exists() else [_("Open and read the reasons first.")]
