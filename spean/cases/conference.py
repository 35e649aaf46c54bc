"""Verbs of the case conference: call it, invite named users, withdraw an invitation, write the record, cancel.

An invitation is a share: the organisation of whoever is invited gets what the person agreed to, and no more. It ends
with the conference's own end, with its cancelling, and with the invitation's withdrawal, on the next request.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.access.roles import SECTIONS
from spean.cases import work
from spean.cases.models import Case, Conference, Exclusion, Invitation
from spean.country import pack
from spean.lib import clock
from spean.privacy import doors, vault
from spean.workflow.engine import Refused, follow, perform, requirement

PURPOSE = "case_conference"


def call_conference(
    actor: User,
    case: Case,
    *,
    purpose: str,
    meets_at: datetime,
    until_at: datetime,
    sections: Sequence[str],
    once: UUID | None = None,
) -> Conference:
    """Call people together about one case. Nobody sees anything before he is invited."""
    assert actor.organisation is not None
    row = Conference(
        case=case, purpose=purpose, meets_at=meets_at, until_at=until_at, called_at=clock.now(), called_by=actor,
        organisation=actor.organisation, sections=[section for section in SECTIONS if section in set(sections)],
    )  # fmt: skip
    with perform("call_conference", row, actor, once=once) as step:
        step.facts.update(purpose=purpose, meets_at=meets_at, until_at=until_at, sections=row.sections)
    return row


def invite(
    actor: User, conference: Conference, user: User, organisation: Organisation, *, once: UUID | None = None
) -> Invitation:
    """Let one user of one organisation see what is named, until the conference's end."""
    case = conference.case
    row = Invitation(
        case=case, conference=conference, user=user, organisation=organisation, invited_at=clock.now(),
        invited_by=actor,
    )  # fmt: skip
    with perform("invite_to_conference", row, actor, once=once) as step:
        if organisation.pk == case.focal_organisation_id:
            row.sections = list(conference.sections)
        elif conference.sections:
            shared = doors.share(case, organisation, PURPOSE, conference.sections, actor)
            if shared.receipt is None:
                raise Refused([_("The person has not agreed that anything is shared with this organisation there.")])
            row.sections, row.receipt = sorted(shared), shared.receipt
        step.facts.update(user=user.pk, organisation=organisation.pk, sections=row.sections)
        work.open_task(
            case, "attend_conference", organisation, _role_there(user, organisation), user=user,
            due_at=conference.meets_at, object_id=conference.pk,
        )  # fmt: skip
    return row


def withdraw_invitation(
    actor: User, invitation: Invitation, *, version: int | None = None, once: UUID | None = None
) -> Invitation:
    """He sees nothing more of it from his next request on."""
    with perform("withdraw_invitation", invitation, actor, version=version, once=once) as step:
        row = step.obj
        row.withdrawn_at, row.withdrawn_by = clock.now(), actor
        work.finish_tasks(row.case, "attend_conference", object_id=row.conference_id, user=row.user)
    return step.obj


def record_conference(
    actor: User, conference: Conference, *, record: str, version: int | None = None, once: UUID | None = None
) -> Conference:
    """Write down what was said and decided. Sealed, for the focal agency; what is added later is a note."""
    facts = {"record": record}
    with perform("record_conference", conference, actor, version=version, facts=facts, once=once) as step:
        row = step.obj
        row.recorded_at, row.recorded_by = clock.now(), actor
        vault.seal_fields(row, record=record.strip())
        work.finish_tasks(row.case, "attend_conference", object_id=row.pk)
    return step.obj


def cancel_conference(
    actor: User, conference: Conference, *, version: int | None = None, once: UUID | None = None
) -> Conference:
    """It does not take place: every invitation ends."""
    with transaction.atomic():
        with perform("cancel_conference", conference, actor, version=version, once=once) as step:
            work.finish_tasks(step.obj.case, "attend_conference", object_id=conference.pk)
        for row in Invitation.objects.filter(conference=conference, status="invited"):
            with follow(step, "withdraw_invitation", row) as second:
                second.obj.withdrawn_at, second.obj.withdrawn_by = clock.now(), actor
    return step.obj


def _role_there(user: User, organisation: Organisation) -> str:
    return next(
        membership.role
        for membership in user.memberships_now()
        if membership.organisation_id == organisation.pk and membership.role in policy.HANDLERS
    )


# --- requirements ------------------------------------------------------------------------------------------


@requirement("conference_days_fit")
def _conference_days_fit(row: Conference, actor: User, facts: Mapping[str, Any]) -> list[str]:
    longest = pack().deadline("conference_longest")
    failures = []
    if row.meets_at < clock.now():
        failures.append(_("Choose a day and time to come."))
    if row.until_at < row.meets_at or row.until_at > row.meets_at + longest:
        failures.append(
            _("What is shown is shown until the conference, or at most %(days)d days after it.")
            % {"days": longest.days}
        )
    return failures


@requirement("conference_has_met")
def _conference_has_met(row: Conference, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if row.meets_at > clock.now():
        failures.append(_("The conference has not begun yet."))
    if len(str(facts.get("record", "")).strip()) < 10:
        failures.append(_("Write down what was said and decided."))
    return failures


@requirement("may_be_invited")
def _may_be_invited(row: Invitation, actor: User, facts: Mapping[str, Any]) -> list[str]:
    roles = {
        membership.role
        for membership in row.user.memberships_now()
        if membership.organisation_id == row.organisation_id
    }
    if not row.user.is_active or not roles.intersection(policy.HANDLERS):
        return [_("This user does not work on cases for this organisation.")]
    failures = []
    if row.conference.status != "called" or row.conference.until_at <= clock.now():
        failures.append(_("This conference is over."))
    excluded = Exclusion.objects.filter(case=row.case, lifted_at__isnull=True)
    if excluded.filter(organisation=row.organisation).exists() or excluded.filter(user=row.user).exists():
        failures.append(_("This organisation or user is excluded from the case."))
    if Invitation.objects.filter(conference=row.conference, user=row.user, status="invited").exists():
        failures.append(_("This user is already invited."))
    return failures
