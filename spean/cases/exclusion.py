"""Verbs of exclusion and of suspects: who sees nothing of a case, since when, and what it takes to lift that.

Nobody who is excluded is told. What was open between them and the case ends in the same transaction.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access.models import Organisation, User
from spean.access.roles import CASE_MANAGER
from spean.cases import work
from spean.cases.actions import keep_reason
from spean.cases.models import Case, Exclusion, HandOver, Invitation, Suspect, Task
from spean.lib import clock
from spean.privacy import vault
from spean.workflow.engine import Step, follow, perform, requirement


def exclude(
    actor: User,
    case: Case,
    *,
    reason: str,
    organisation: Organisation | None = None,
    user: User | None = None,
    once: UUID | None = None,
) -> Exclusion:
    """From now on an organisation or a user sees nothing of this case, whatever else would let them."""
    row = _exclusion(actor, case, reason, organisation, user)
    facts = {"organisation": organisation, "user": user}
    with transaction.atomic():
        with perform("exclude_from_case", row, actor, facts=facts, once=once) as step:
            step.facts["reason"] = reason
        _end_their_part(step, row)
    return row


def ask_to_lift(
    actor: User, exclusion: Exclusion, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Exclusion:
    """Ask a second person to lift an exclusion. It holds meanwhile."""
    facts = {"reason_text": reason}
    with perform("ask_to_lift_exclusion", exclusion, actor, version=version, facts=facts, once=once) as step:
        row = step.obj
        row.asked_at, row.asked_by = clock.now(), actor
        keep_reason(step, reason)
        for organisation in _deciders(row):
            work.open_task(row.case, "lift_exclusion", organisation, CASE_MANAGER, object_id=row.pk)
    return step.obj


def lift(
    actor: User, exclusion: Exclusion, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Exclusion:
    """A second person lets them in again, as far as anything else lets them: nothing that ended comes back."""
    with perform("lift_exclusion", exclusion, actor, version=version, facts={"reason_text": reason}, once=once) as step:
        step.obj.lifted_at, step.obj.lifted_by = clock.now(), actor
        keep_reason(step, reason)
        work.finish_tasks(step.obj.case, "lift_exclusion", object_id=exclusion.pk)
    return step.obj


def keep(
    actor: User, exclusion: Exclusion, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Exclusion:
    """A second person decides that the exclusion stays."""
    with perform("keep_exclusion", exclusion, actor, version=version, facts={"reason_text": reason}, once=once) as step:
        step.obj.asked_at, step.obj.asked_by = None, None
        keep_reason(step, reason)
        work.finish_tasks(step.obj.case, "lift_exclusion", object_id=exclusion.pk)
    return step.obj


def record_suspect(
    actor: User,
    case: Case,
    *,
    role: str,
    name: str = "",
    description: str = "",
    organisation: Organisation | None = None,
    user: User | None = None,
    once: UUID | None = None,
) -> Suspect:
    """Keep who is said to have had a part in it; the organisation or user that it is sees nothing from now on."""
    assert actor.organisation is not None
    row = Suspect(
        case=case, role=role, organisation=organisation, user=user, recorded_at=clock.now(), recorded_by=actor,
        recorded_organisation=actor.organisation,
    )  # fmt: skip
    texts = {key: text.strip() for key, text in (("name", name), ("description", description)) if text.strip()}
    facts = {"texts": texts, "organisation": organisation, "user": user}
    with transaction.atomic():
        with perform("record_suspect", row, actor, facts=facts, once=once) as step:
            step.facts["role"] = role
            if texts:
                vault.seal_fields(row, **texts)
        held = Exclusion.objects.filter(case=case, organisation=organisation, user=user, lifted_at__isnull=True)
        if (organisation or user) and not held.exists():
            excluded = _exclusion(actor, case, "implicated", organisation, user)
            with follow(step, "exclude_from_case", excluded) as second:
                second.facts["reason"] = "implicated"
            _end_their_part(step, excluded)
    return row


def clear_suspect(
    actor: User, suspect: Suspect, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Suspect:
    """No longer suspected. Lifting the exclusion that came with it is a decision of its own, by two people."""
    with perform("clear_suspect", suspect, actor, version=version, facts={"reason_text": reason}, once=once) as step:
        keep_reason(step, reason)
    return step.obj


def _exclusion(actor: User, case: Case, reason: str, organisation: Organisation | None, user: User | None) -> Exclusion:
    return Exclusion(
        case=case, organisation=organisation, user=user, reason=reason, created_by=actor, created_at=clock.now()
    )


def _deciders(exclusion: Exclusion) -> list[Organisation]:
    """Whose case managers may lift it: the focal agency's and the national one's, never the excluded one's."""
    national = Organisation.objects.filter(is_national_focal=True, active=True)
    found = {row.pk: row for row in (*national, exclusion.case.focal_organisation) if row is not None}
    found.pop(exclusion.organisation_id, None)  # type: ignore[arg-type]
    return list(found.values())


def _end_their_part(cause: Step, row: Exclusion) -> None:
    """What is open between them and the case ends. Nothing of it reaches them: they see none of these rows."""
    case = row.case
    invitations = Invitation.objects.filter(case=case, status="invited")
    if row.organisation is None:
        # A duty that was his alone is his team's now.
        Task.objects.filter(case=case, user=row.user, done_at__isnull=True).update(user=None)
        _withdraw(cause, invitations.filter(user=row.user))
        return
    work.end_involvements(case, cause=cause, organisation=row.organisation)
    for then in work.PART_ENDED:
        then(cause, case, row.organisation, None)
    _withdraw(cause, invitations.filter(organisation=row.organisation))
    for offered in HandOver.objects.filter(case=case, to_organisation=row.organisation, status="offered"):
        with follow(cause, "withdraw_hand_over", offered):
            pass
    Task.objects.filter(case=case, organisation=row.organisation, done_at__isnull=True).update(done_at=clock.now())


def _withdraw(cause: Step, invitations: Any) -> None:
    for invitation in invitations:
        with follow(cause, "withdraw_invitation", invitation) as step:
            step.obj.withdrawn_at, step.obj.withdrawn_by = clock.now(), cause.actor


# --- requirements ------------------------------------------------------------------------------------------


@requirement("somebody_keeps_the_case")
def _somebody_keeps_the_case(row: Any, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Whoever excludes himself, or his own organisation, leaves the person with nobody."""
    organisation, user = facts.get("organisation"), facts.get("user")
    own = {membership.organisation_id for membership in actor.memberships_now()}
    focal = row.case.focal_organisation_id
    if organisation is not None and (organisation.pk in own or organisation.pk == focal):
        return [
            _(
                "This organisation holds the case. Name the user instead, or hand the case to another agency first: "
                "that one can exclude it."
            )
        ]
    if user is not None and user.pk == actor.pk:
        return [_("You cannot exclude yourself: let a colleague take the case first.")]
    return []


@requirement("second_person_lifts")
def _second_person_lifts(row: Exclusion, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if actor.pk in (row.created_by_id, row.asked_by_id):
        return [_("Somebody else decides this than who excluded or asked.")]
    return []


@requirement("suspect_named_or_described")
def _suspect_named_or_described(row: Suspect, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if row.case.status == "counted":
        return [_("The person is counted without identity: nothing can be written down about them any more.")]
    if facts.get("texts") or row.organisation_id or row.user_id:
        return []
    return [_("Write a name or a description, or choose the organisation or user.")]
