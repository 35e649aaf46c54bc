"""Verbs of emergency access: ask, confirm or refuse as the second person, take contact data alone, review.

Whether a code leads anywhere is told to nobody who is refused: a request for a code that does not exist, or for a
case from which the asker is excluded, goes the same way as any other and opens nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Membership, User
from spean.access.roles import AUDITOR, CASE_MANAGER
from spean.cases import tasks
from spean.cases.models import Case, Involvement
from spean.lib import clock, identifiers
from spean.privacy import emergency, events, vault
from spean.privacy.emergency import ALONE, ASKABLE, DANGER_TO_LIFE, REASONS, EmergencyAccess, EmergencyNotice
from spean.privacy.rows import everybody
from spean.workflow.engine import Refused, Step, perform, requirement

# A request that nobody answered in this time is not answered any more: asked anew, if it still is an emergency.
ANSWER_WITHIN = timedelta(hours=1)


class CannotTell(Refused):
    """Nobody could be told: then nothing is opened."""


def ask_emergency(
    actor: User,
    *,
    wanted: str,
    reason: str,
    text: str,
    sections: Sequence[str],
    second: User,
    proven_at: datetime | None,
    once: UUID | None = None,
) -> EmergencyAccess:
    """Ask for one named case; a second person of another organisation has to confirm it."""
    facts = {"reason": reason, "text": text, "sections": sections, "proven_at": proven_at, "second": second}
    access, barred = _new(actor, wanted, reason, sections, second=second)
    with perform("ask_emergency", access, actor, facts=facts, once=once) as step:
        _seal(step, wanted, text)
        step.facts.update(reason=reason, sections=list(access.sections), found=access.case_id is not None)
        _stopped(actor, access, barred)
        _tell(access, [second])
    return access


def take_emergency_alone(
    actor: User,
    *,
    wanted: str,
    reason: str,
    text: str,
    proven_at: datetime | None,
    once: UUID | None = None,
) -> EmergencyAccess:
    """Where nobody else can be reached: contact data only, at once, told to the same people, and counted."""
    facts = {"reason": reason, "text": text, "sections": ALONE, "proven_at": proven_at}
    access, barred = _new(actor, wanted, reason, ALONE)
    access.alone = True
    with perform("take_emergency_alone", access, actor, facts=facts, once=once) as step:
        _seal(step, wanted, text)
        _begin(access)
        step.facts.update(reason=reason, found=access.case_id is not None)
        _stopped(actor, access, barred)
        _tell(access, watchers(access))
    return access


def confirm_emergency(
    actor: User, access: EmergencyAccess, *, proven_at: datetime | None, version: int | None = None
) -> EmergencyAccess:
    """Answer for it as the second person. From now on it runs, and those who watch over it are told."""
    facts = {"proven_at": proven_at}
    with perform("confirm_emergency", access, actor, version=version, facts=facts) as step:
        row: EmergencyAccess = step.obj
        row.answered_at, row.answered_by = clock.now(), actor
        _begin(row)
        _tell(row, watchers(row))
    return step.obj


def refuse_emergency(actor: User, access: EmergencyAccess, *, version: int | None = None) -> EmergencyAccess:
    """Do not answer for it."""
    with perform("refuse_emergency", access, actor, version=version) as step:
        step.obj.answered_at, step.obj.answered_by = clock.now(), actor
    return step.obj


def review_emergency(
    actor: User, access: EmergencyAccess, *, justified: bool, finding: str, version: int | None = None
) -> EmergencyAccess:
    """The auditor's word. Not justified: it ends at once, and whoever asked may ask no more."""
    verb = "find_emergency_justified" if justified else "find_emergency_not_justified"
    with perform(verb, access, actor, version=version, facts={"finding": finding}) as step:
        row: EmergencyAccess = step.obj
        vault.seal_fields(row, finding=finding)
        row.reviewed_at, row.reviewed_by = clock.now(), actor
        if not justified and row.from_at is not None and row.until_at is not None:
            row.until_at = max(row.from_at, min(row.until_at, clock.now()))
    return step.obj


def find_case(code: str) -> Case | None:
    """The case of a code typed exactly: the case's own, or the newest one of the person's."""
    try:
        wanted = identifiers.check_code(code)
    except ValueError:
        return None
    cases = Case.objects.select_related("person")
    return cases.filter(code=wanted).first() or cases.filter(person__code=wanted).order_by("-started_at").first()


def watchers(access: EmergencyAccess) -> list[User]:
    """Who has to know: the auditors, and the case managers of the agency that holds the case."""
    now = clock.now()
    rows = Membership.objects.filter(user__is_active=True, organisation__active=True, from_at__lte=now)
    rows = rows.exclude(until_at__lte=now).select_related("user")
    told = {row.user_id: row.user for row in rows.filter(role=AUDITOR)}
    if access.case is not None:
        holding = Involvement.objects.filter(case=access.case, task="focal", from_at__lte=now).exclude(
            until_at__lte=now
        )
        for row in rows.filter(role=CASE_MANAGER, organisation__in=holding.values("organisation")):
            told[row.user_id] = row.user
    return [user for user in told.values() if user.pk != access.asked_by_id]


def _new(
    actor: User, wanted: str, reason: str, sections: Sequence[str], second: User | None = None
) -> tuple[EmergencyAccess, Case | None]:
    """The unsaved request, and the case from which an exclusion keeps the asker away."""
    organisation = actor.organisation
    assert organisation is not None
    with everybody("whoever asks in an emergency has nothing to do with the case yet, and sees nothing of it"):
        found = find_case(wanted)
        barred = found if found is not None and _kept_out(actor, found) else None
    access = EmergencyAccess(
        id=uuid4(), case=None if barred else found, reason=reason, sections=sorted(set(sections)), asked_by=actor,
        organisation=organisation, second=second, asked_at=clock.now(),
    )  # fmt: skip
    return access, barred


def _seal(step: Step, wanted: str, text: str) -> None:
    # After every requirement: nobody makes keys by asking again and again.
    vault.create_key(step.obj.subject)
    vault.seal_fields(step.obj, wanted=wanted.strip(), text=text.strip())


def _begin(access: EmergencyAccess) -> None:
    now = clock.now()
    access.from_at, access.until_at = now, now + emergency.LASTS
    access.review_by = now + emergency.REVIEW_WITHIN


def _stopped(actor: User, access: EmergencyAccess, barred: Case | None) -> None:
    """An excluded agency that tries leaves a line in the history of the case, which it cannot see."""
    if barred is not None:
        events.record("emergency.stopped", actor=actor, obj=access, case=barred)


def _kept_out(user: User, case: Case) -> bool:
    if policy.is_excluded(user, case):
        return True
    return case.person is not None and policy.is_excluded(user, case.person)


def _tell(access: EmergencyAccess, users: Sequence[User]) -> None:
    """Write the notices and queue their mail in this transaction: nothing is opened of which nobody is told."""
    if not users:
        raise CannotTell([_("Nobody is there who could be told of it. Call the focal agency.")])
    rows = [EmergencyNotice(access=access, user=user, created_at=clock.now()) for user in users]
    # Whoever confirmed and watches over it as well has his notice already.
    EmergencyNotice.objects.bulk_create(rows, ignore_conflicts=True)
    try:
        with transaction.atomic():
            tasks.mail_emergency_notices.defer()
    except Exception as fault:
        told = _("Nobody can be told at the moment, so nothing is opened. Call the focal agency.")
        raise CannotTell([told]) from fault


def _organisations(user: User) -> set[UUID]:
    return {membership.organisation_id for membership in user.memberships_now()}


# --- requirements ------------------------------------------------------------------------------------------


@requirement("emergency_explained")
def _emergency_explained(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if facts.get("reason") not in REASONS:
        failures.append(_("Choose the reason."))
    if len(str(facts.get("text", "")).strip()) < 10:
        failures.append(_("Write down what has happened, in a sentence at least."))
    sections = set(facts.get("sections") or ())
    if not sections or not sections <= set(ASKABLE):
        failures.append(_("Choose what you need to know."))
    if "whereabouts" in sections:
        if facts.get("reason") != DANGER_TO_LIFE:
            failures.append(_("Where the person is can be asked for only while a life is in danger."))
        if not actor.roles & set(policy.MAY_ASK_PLACE):
            failures.append(_("Where the person is cannot be asked for in your role. Call the focal agency."))
    return failures


@requirement("fresh_second_factor")
def _fresh_second_factor(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    proven_at: datetime | None = facts.get("proven_at")
    now = clock.now()
    if proven_at is None or not now - emergency.FRESH < proven_at <= now + timedelta(seconds=5):
        return [_("Confirm first that it is you: enter a fresh code or use your passkey.")]
    return []


@requirement("emergency_right_kept")
def _emergency_right_kept(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if emergency.lost_by(actor.pk, clock.now()):
        return [
            _(
                "An emergency access of yours was not justified, or was not reviewed in time. You cannot ask for another."
            )
        ]
    return []


@requirement("second_person_elsewhere")
def _second_person_elsewhere(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    second: User | None = facts.get("second")
    if second is None or not policy.may(second, "ask_emergency"):
        return [_("Name a second person who works with cases.")]
    if second.pk == actor.pk or _organisations(second) & _organisations(actor):
        return [_("The second person has to work for another organisation than you.")]
    return []


@requirement("none_running_alone")
def _none_running_alone(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    mine = EmergencyAccess.objects.filter(asked_by=actor, alone=True, until_at__gt=clock.now())
    return [_("One that you took alone still runs. A second person can confirm another.")] if mine.exists() else []


@requirement("confirmer_elsewhere")
def _confirmer_elsewhere(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Asked again at the moment of confirming: people change the organisation they work for."""
    theirs = _organisations(access.asked_by) | {access.organisation_id}
    if actor.pk == access.asked_by_id or _organisations(actor) & theirs:
        return [_("The second person has to work for another organisation than whoever asks.")]
    if emergency.lost_by(actor.pk, clock.now()):
        return [
            _("An emergency access of yours was not justified, or was not reviewed in time. You cannot confirm one.")
        ]
    return []


@requirement("asked_just_now")
def _asked_just_now(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if access.asked_at + ANSWER_WITHIN <= clock.now():
        return [_("This was asked more than an hour ago. If it still is an emergency, it has to be asked again.")]
    return []


@requirement("finding_given")
def _finding_given(access: EmergencyAccess, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if len(str(facts.get("finding", "")).strip()) < 10:
        return [_("Write down why, in a sentence at least.")]
    return []
