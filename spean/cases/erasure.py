"""Verbs of erasure: the request, the second officer's word, and the destruction that follows it.

What is sealed becomes unreadable with its key; codes stay for the count. The key vault is another database, so that
keys are destroyed after the commit that decided it; a job finishes what a break left undone.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access.models import User
from spean.cases import attaching, ties, work
from spean.cases.holds import episodes_of, holds_on
from spean.cases.models import Case, OperationalFact
from spean.country import pack
from spean.lib import clock
from spean.people.models import Person
from spean.privacy import events, vault
from spean.privacy.codes import unused_code
from spean.privacy.erasure import DECLINE_REASONS, ERASURE_GROUNDS
from spean.privacy.models import EmergencyAccess, Erasure
from spean.privacy.rows import everybody
from spean.workflow.engine import Refused, perform, requirement

ENDED = ("closed", "counted")
OWN_KEYS: tuple[Any, ...] = (EmergencyAccess, OperationalFact)


# --- the request and the second officer ------------------------------------------------------------------


def request_erasure(actor: User, case: Case, *, ground: str, evidence: str = "", once: UUID | None = None) -> Erasure:
    """Ask that everything that names the person is destroyed. Nothing happens before a second officer confirms."""
    assert actor.organisation is not None
    erasure = Erasure(
        code=unused_code("E", Erasure), case=case, ground=ground, evidence=evidence, requested_at=clock.now(),
        requested_by=actor, organisation=actor.organisation,
    )  # fmt: skip
    with perform("request_erasure", erasure, actor, once=once) as step:
        step.facts["ground"] = ground
    return step.obj


def withdraw_erasure(actor: User, erasure: Erasure, *, version: int | None = None, once: UUID | None = None) -> Erasure:
    """She changed her mind, or it was a mistake; possible until it is confirmed."""
    with perform("withdraw_erasure", erasure, actor, version=version, once=once):
        pass
    return erasure


def decline_erasure(
    actor: User, erasure: Erasure, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Erasure:
    facts = {"reason": reason}
    with perform("decline_erasure", erasure, actor, version=version, facts=facts, once=once) as step:
        step.obj.decided_at, step.obj.decided_by, step.obj.decline_reason = clock.now(), actor, reason
        step.facts["reason"] = reason
    return erasure


def confirm_erasure(actor: User, erasure: Erasure, *, version: int | None = None, once: UUID | None = None) -> Erasure:
    """The second officer's word. From now on the case shows as erased; the keys go right after the commit."""
    with perform("confirm_erasure", erasure, actor, version=version, once=once) as step:
        scope = [case.pk for case in episodes_of(step.obj.case)]
        with everybody("the second officer answers for records that his organisation has nothing to do with"):
            # Locked, and the holds asked again: a hold placed in the same moment comes first, or finds the case erased.
            cases = list(Case.objects.select_for_update(of=("self",)).filter(pk__in=scope).order_by("pk"))
            standing = _standing(step.obj.case)
            if standing:
                raise Refused(standing)
            step.obj.decided_at, step.obj.decided_by = clock.now(), actor
            step.obj.subjects = sorted({case.subject for case in cases} | {row.subject for row in _with_own_key(cases)})
            Case.objects.filter(pk__in=scope, erased_at__isnull=True).update(erased_at=clock.now())
            ties.cut(scope)
            for case in cases:
                work.finish_tasks(case)
        step.facts.update(ground=step.obj.ground, episodes=len(cases))
        step.on_commit(lambda: _finish_now(erasure.pk))
    return erasure


def _finish_now(pk: UUID) -> None:
    with everybody("keys go for every record of the person, whoever made it"):
        finish(pk)


def finish(pk: UUID) -> Erasure:
    """Destroy the keys of a confirmed erasure and the files under them, and say so in the log. May be repeated."""
    erasure = Erasure.objects.get(pk=pk, status="confirmed")
    gone = vault.living(erasure.subjects)
    for subject in gone:
        vault.destroy_key(subject)
    cases = list(Case.objects.filter(subject__in=erasure.subjects))
    apart = _with_own_key(cases)
    attaching.remove_files_of(cases)
    with transaction.atomic():
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=pk)
        first = row.erased_at is None
        if first:
            row.erased_at = clock.now()
            row.save(update_fields=["erased_at"])
        for case in cases:
            if first or case.subject in gone:
                events.record("key.destroyed", actor=None, obj=row, case=case, facts={"again": not first})
        for own in apart:
            if first or own.subject in gone:
                events.record("key.destroyed", actor=None, obj=own, facts={"again": not first})
        # The search process follows rows that change: it forgets the name at its next look.
        Person.objects.filter(subject__in=erasure.subjects).update(updated_at=clock.now())
    return row


def _with_own_key(cases: Iterable[Case]) -> list[Any]:
    """What tells of the person under a key of its own: why somebody asked in an emergency, and what was planned.

    Who called about her is somebody else, and has a time of his own (`detection.Informant`).
    """
    kept = [case.pk for case in cases]
    return [row for model in OWN_KEYS for row in model._default_manager.filter(case_id__in=kept).order_by("pk")]


def finish_erasures() -> int:
    """Confirmed erasures that a break left undone, or whose keys came back with an older copy of the key vault."""
    confirmed = dict(Erasure.objects.filter(status="confirmed").values_list("pk", "subjects"))
    back = vault.living(subject for subjects in confirmed.values() for subject in subjects)
    undone = set(Erasure.objects.filter(status="confirmed", erased_at__isnull=True).values_list("pk", flat=True))
    due = undone | {pk for pk, subjects in confirmed.items() if back.intersection(subjects)}
    for pk in due:
        finish(pk)
    return len(due)


def kept_long_enough(case: Case) -> bool:
    """Whether every episode ended before the time for keeping records began to run out."""
    ended = [row.closed_at for row in episodes_of(case) if row.status != "counted"]
    return all(at is not None and at <= clock.now() - retention() for at in ended)


def retention() -> timedelta:
    return pack().deadline("retention_ends")


# --- requirements ------------------------------------------------------------------------------------------


@requirement("erasure_has_ground")
def _erasure_has_ground(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if erasure.ground not in ERASURE_GROUNDS:
        return [_("Choose why the data are to be erased.")]
    if erasure.ground == "wish_of_person" and not erasure.evidence:
        return [_("Say how the person told you this wish.")]
    if erasure.ground == "retention" and not kept_long_enough(erasure.case):
        return [_("The time for which these records are kept is not over yet.")]
    return []


@requirement("no_erasure_open")
def _no_erasure_open(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if erasure.case.erased_at is not None:
        return [_("The data of this person are erased already.")]
    waiting = Erasure.objects.filter(case__in=episodes_of(erasure.case), status="requested")
    return [_("An erasure was asked for already and waits for the second officer.")] if waiting.exists() else []


@requirement("episodes_ended")
def _episodes_ended(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Nobody loses sight of a person whom somebody is still helping."""
    if all(case.status in ENDED for case in episodes_of(erasure.case)):
        return []
    return [_("Somebody still works with this person. Every case of hers has to be closed first.")]


@requirement("no_hold_stands")
def _no_hold_stands(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return _standing(erasure.case)


def _standing(case: Case) -> list[str]:
    found = []
    if holds_on(case):
        found.append(_("A legal hold stands: nothing is erased until it is over or lifted."))
    if EmergencyAccess.objects.filter(case__in=episodes_of(case), status="granted").exists():
        found.append(_("Oversight has not reviewed an emergency access to these data yet."))
    return found


@requirement("second_officer_elsewhere")
def _second_officer_elsewhere(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if erasure.requested_by_id == actor.pk:
        return [_("Another person has to decide on this: you asked for it.")]
    if erasure.organisation_id in {membership.organisation_id for membership in actor.memberships_now()}:
        return [_("Somebody of another organisation has to decide on this.")]
    return []


@requirement("erasure_decline_reason_given")
def _erasure_decline_reason_given(erasure: Erasure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [] if facts.get("reason") in DECLINE_REASONS else [_("Choose the reason.")]
