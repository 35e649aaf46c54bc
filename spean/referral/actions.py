"""Verbs of the referral: send, acknowledge, accept, decline, withdraw, complete, end.

What is shared is decided at the moment of sending, by `privacy.doors.share`: the intersection of what was
asked and what the person agreed to, never more.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access.models import Organisation, User
from spean.access.roles import CASE_MANAGER, IDENTIFICATION_OFFICER, SERVICE_PROVIDER
from spean.cases import grounds, work
from spean.cases.models import Case, Exclusion
from spean.country import pack
from spean.directory import location
from spean.directory.models import Service
from spean.lib import clock
from spean.privacy import consent, doors, vault
from spean.privacy.models import Consent
from spean.referral.models import Referral
from spean.workflow.engine import Refused, Step, follow, perform, requirement

RECEIVING_ROLE = {"focal": CASE_MANAGER, "service": SERVICE_PROVIDER, "identification": IDENTIFICATION_OFFICER}
PURPOSE = {
    "focal": "referral_to_focal_agency",
    "service": "service_referral",
    "identification": "identification",
}
# Feedback that says that a completed referral met nothing.
NOT_GIVEN = frozenset({"could_not_help", "person_did_not_come"})
WAITING_FOR_ANSWER = ("acknowledge_referral", "respond_to_referral", "respond_urgent_referral", "register_person")
INVOLVED_AS = {"focal": "focal", "service": "service", "identification": "identification"}


def refer_case(
    actor: User,
    case: Case,
    to: Organisation,
    *,
    message: str = "",
    urgent: bool = False,
    version: int | None = None,
    once: UUID | None = None,
) -> Referral:
    """Refer a person to the focal agency: from here she is presumed a victim and assisted as one."""
    with transaction.atomic():
        with perform("refer_case", case, actor, version=version, facts={"to": to}, once=once) as step:
            if step.obj.legal_status == "not_assessed":
                step.also("presume")
            work.finish_tasks(step.obj, "second_interview", "returned_case")
        return _send(actor, step.obj, "focal", to, message=message, urgent=urgent)


def send_referral(
    actor: User,
    case: Case,
    kind: str,
    to: Organisation,
    *,
    service: Service | None = None,
    need: Any = None,
    message: str = "",
    urgent: bool = False,
    sections: Sequence[str] | None = None,
    placement_reason: str = "",
    placement_review_on: date | None = None,
    once: UUID | None = None,
) -> Referral:
    """Ask an organisation to take a person on: a service, or the competent authority for identification."""
    return _send(
        actor, case, kind, to, service=service, need=need, message=message, urgent=urgent, sections=sections,
        placement_reason=placement_reason, placement_review_on=placement_review_on, once=once,
    )  # fmt: skip


def acknowledge_referral(actor: User, referral: Referral, *, version: int | None = None) -> Referral:
    """The recipient has seen it. A focal agency takes the case over from the screener with this."""
    with transaction.atomic():
        with perform("acknowledge_referral", referral, actor, version=version) as step:
            row = step.obj
            row.acknowledged_at = clock.now()
            work.finish_tasks(row.case, "acknowledge_referral", object_id=row.pk)
            if row.kind == "focal":
                _take_over(step, row)
        return step.obj


def accept_referral(actor: User, referral: Referral, *, answer: str = "", version: int | None = None) -> Referral:
    """Take the person on: the organisation is involved from now on, with the sections that were shared.

    Not for a focal agency, which takes the case over when it acknowledges and accepts by registering the person.
    """
    with transaction.atomic():
        with perform("accept_referral", referral, actor, version=version) as step:
            row = step.obj
            now = clock.now()
            row.responded_at, row.responded_by = now, actor
            row.acknowledged_at = row.acknowledged_at or now
            _keep_answer(row, answer)
            work.finish_tasks(row.case, *WAITING_FOR_ANSWER, object_id=row.pk)
            work.involve(
                row.case, row.to_organisation, INVOLVED_AS[row.kind], actor=actor, basis="referral",
                basis_id=row.pk, sections=row.sections,
            )  # fmt: skip
            if row.kind == "service":
                _take_place(row)
                location.open_for_placement(actor, row, known_to=_asks_now(row))
                if row.placement_review_on:
                    work.open_task(
                        row.case, "placement_review", _asks_now(row), CASE_MANAGER,
                        due_at=_start_of(row.placement_review_on), object_id=row.pk,
                    )  # fmt: skip
            if row.kind == "identification":
                work.open_task(row.case, "decide_identification", row.to_organisation, IDENTIFICATION_OFFICER)
        if row.kind == "service" and row.need is not None and row.need.status in ("open", "unmet"):
            _meet_need(step, row)
        return step.obj


def decline_referral(
    actor: User, referral: Referral, *, reason: str, answer: str = "", version: int | None = None
) -> Referral:
    """Say no, with a reason, so that the sender can look further at once."""
    with transaction.atomic():
        with perform("decline_referral", referral, actor, version=version, facts={"reason": reason}) as step:
            row = step.obj
            row.responded_at, row.responded_by = clock.now(), actor
            row.decline_reason = reason
            _keep_answer(row, answer)
            step.facts["reason"] = reason
            work.finish_tasks(row.case, *WAITING_FOR_ANSWER, object_id=row.pk)
            if row.kind == "focal":
                # Inside the verb: while the referral still waits, the policy knows why the actor may do this.
                _give_back(step, row)
        return step.obj


def withdraw_referral(actor: User, referral: Referral, *, version: int | None = None) -> Referral:
    """Take back a referral that has not been answered."""
    with transaction.atomic():
        with perform("withdraw_referral", referral, actor, version=version) as step:
            row = step.obj
            row.ended_at = clock.now()
            work.finish_tasks(row.case, *WAITING_FOR_ANSWER, object_id=row.pk)
            if row.kind == "focal":
                # Inside the verb: while the referral still waits, the policy knows why the actor may do this.
                _give_back(step, row)
        return step.obj


def complete_referral(
    actor: User, referral: Referral, *, feedback: str, answer: str = "", version: int | None = None
) -> Referral:
    """The service was given: say what became of it. The organisation's part in the case ends."""
    return _finish("complete_referral", actor, referral, feedback, answer, version)


def end_referral(
    actor: User, referral: Referral, *, feedback: str, answer: str = "", version: int | None = None
) -> Referral:
    """The service ends before it is complete: the person left, declined it, or another took over."""
    return _finish("end_referral", actor, referral, feedback, answer, version)


def _send(
    actor: User,
    case: Case,
    kind: str,
    to: Organisation,
    *,
    service: Service | None = None,
    need: Any = None,
    message: str = "",
    urgent: bool = False,
    sections: Sequence[str] | None = None,
    placement_reason: str = "",
    placement_review_on: date | None = None,
    once: UUID | None = None,
) -> Referral:
    organisation = actor.organisation
    assert organisation is not None
    referral = Referral(
        case=case, kind=kind, from_organisation=organisation, sent_by=actor, sent_at=clock.now(),
        to_organisation=to, service=service, need=need, urgent=urgent,
        placement_reason=placement_reason, placement_review_on=placement_review_on,
    )  # fmt: skip
    with transaction.atomic():
        with perform("send_referral", referral, actor, once=once) as step:
            wanted = work.TASK_SECTIONS[INVOLVED_AS[kind]] if sections is None else tuple(sections)
            shared = doors.share(case, to, PURPOSE[kind], wanted, actor)
            asked = [] if shared or kind != "focal" else _ahead_of_second_person(case, to)
            if shared.receipt is None and not asked:
                raise Refused([_("The person has not agreed that anything is shared with this organisation.")])
            for ground in asked:
                grounds.ask(case, ground, to, CASE_MANAGER)
            referral.sections = sorted(shared)
            referral.receipt = shared.receipt
            if message.strip():
                vault.seal_fields(referral, message=message)
            step.facts.update(kind=kind, urgent=urgent, sections=sorted(referral.sections))
        waiting_for = "respond_urgent_referral" if urgent else "respond_to_referral"
        if kind == "focal":
            waiting_for = "acknowledge_referral"
        work.open_task(case, waiting_for, to, RECEIVING_ROLE[kind], object_id=referral.pk)
    return referral


def _ahead_of_second_person(case: Case, to: Organisation) -> list[Consent]:
    """Grounds on which a child is referred in code alone, while nobody has confirmed them yet."""
    waiting = consent.awaited(case, to, PURPOSE["focal"], work.TASK_SECTIONS["focal"])
    return [row for row in waiting if case.is_child and row.ground in grounds.BEFORE_CONFIRMATION]


def _finish(verb: str, actor: User, referral: Referral, feedback: str, answer: str, version: int | None) -> Referral:
    with transaction.atomic():
        with perform(verb, referral, actor, version=version, facts={"feedback": feedback}) as step:
            row = step.obj
            row.feedback = feedback
            row.ended_at = clock.now()
            _keep_answer(row, answer)
            step.facts["feedback"] = feedback
            work.end_involvements(row.case, cause=step, basis_id=row.pk)
            work.finish_tasks(row.case, "placement_review", object_id=row.pk)
            if row.kind == "service":
                _free_place(row)
                location.close_for_placement(actor, row)
        if verb == "end_referral" or feedback in NOT_GIVEN:
            _need_again(step, row)
        return step.obj


def _take_over(step: Step, referral: Referral) -> None:
    """The focal agency now holds the case; the screener keeps sight of what becomes of it, and no more."""
    case = referral.case
    actor = step.actor
    work.end_involvements(case, cause=step, task="screening")
    work.involve(
        case, referral.to_organisation, "focal", actor=actor, basis="referral", basis_id=referral.pk,
        sections=referral.sections,
    )  # fmt: skip
    if referral.from_organisation_id != referral.to_organisation_id:
        work.involve(case, referral.from_organisation, "referrer", actor=actor, basis="referral", basis_id=referral.pk)
    Case.objects.filter(pk=case.pk).update(focal_organisation=referral.to_organisation)
    case.focal_organisation = referral.to_organisation
    work.open_task(case, "register_person", referral.to_organisation, CASE_MANAGER, object_id=referral.pk)


def _give_back(step: Step, referral: Referral) -> None:
    """A focal agency that cannot take the case leaves it where it was: with the screener, nothing lost."""
    case = Case.objects.get(pk=referral.case_id)
    with follow(step, "take_back_case", case):
        work.end_involvements(case, cause=step, basis_id=referral.pk)
        if not work.running(case).filter(task="screening").exists():
            work.involve(case, referral.from_organisation, "screening", actor=step.actor, basis="screening")
    work.open_task(
        case, "returned_case", referral.from_organisation, referral.sent_by.memberships_now()[0].role,
        user=referral.sent_by,
    )  # fmt: skip


def _meet_need(step: Step, referral: Referral) -> None:
    """A place was found: the need it was asked for counts as met, by the organisation that asked."""
    assert referral.need is not None
    with follow(step, "meet_need", referral.need) as second:
        second.obj.unmet_reason = ""
        second.facts["code"] = second.obj.code


def _asks_now(referral: Referral) -> Organisation:
    """Who asked; or, where the case was handed over meanwhile, the agency that runs it now."""
    case, before = referral.case, referral.from_organisation
    takes_part = work.running(case).filter(organisation=before).exists()
    return before if takes_part or case.focal_organisation is None else case.focal_organisation


def _need_again(step: Step, referral: Referral) -> None:
    """What was found for a need is no more: it is open again, unless another service meets it or asks for it."""
    need = referral.need
    if need is None or need.status != "met":
        return
    if Referral.objects.filter(need=need, status="accepted").exclude(pk=referral.pk).exists():
        return
    if type(need)._default_manager.filter(case=referral.case, code=need.code, status="open").exists():
        return
    with follow(step, "reopen_need", need) as second:
        second.obj.unmet_reason = ""
        second.facts["code"] = need.code


@work.when_part_ends
def _part_ended(cause: Step, case: Case, organisation: Organisation, basis_id: UUID | None) -> None:
    """Its part was ended, or it was excluded: what it was asked is taken back, what it gave is over.

    The number of free places stays as its own staff said it last: a change there would tell an excluded one.
    """
    rows = Referral.objects.filter(case=case, to_organisation=organisation)
    if basis_id is not None:
        rows = rows.filter(pk=basis_id)
    for row in rows.filter(status__in=("sent", "acknowledged")).exclude(kind="focal", status="acknowledged"):
        with follow(cause, "withdraw_referral", row) as step:
            step.obj.ended_at = clock.now()
            work.finish_tasks(case, *WAITING_FOR_ANSWER, object_id=row.pk)
            if row.kind == "focal":
                _give_back(step, row)
    for row in rows.filter(status="accepted").exclude(kind="focal"):
        with follow(cause, "end_referral", row) as step:
            step.obj.ended_at = clock.now()
            work.end_involvements(case, cause=step, basis_id=row.pk)
            work.finish_tasks(case, "placement_review", object_id=row.pk)
            location.close_for_placement(cause.actor, row)
        _need_again(step, row)


@work.when_registered
def _registered(cause: Step, case: Case) -> None:
    """Registering the person is the focal agency's yes: whoever referred her reads it as that."""
    for row in Referral.objects.filter(case=case, kind="focal", status="acknowledged"):
        with follow(cause, "accept_referral", row) as step:
            step.obj.responded_at, step.obj.responded_by = clock.now(), cause.actor


@work.when_handed_over
def _handed_over(cause: Step, case: Case, before: Organisation, now: Organisation) -> None:
    """Where somebody was placed is now known to the agency that runs the case, and no longer to the other one."""
    for row in Referral.objects.filter(case=case, kind="service", status="accepted", from_organisation=before):
        location.close_for_placement(cause.actor, row)
        location.open_for_placement(cause.actor, row, known_to=now)


def _locked_service(referral: Referral) -> Service:
    assert referral.service_id is not None  # a constraint: a service referral names its service
    return Service.objects.select_for_update().get(pk=referral.service_id)


def _take_place(referral: Referral) -> None:
    service = _locked_service(referral)
    if service.capacity_available is not None:
        service.capacity_available -= 1
        service.capacity_updated_at = max(service.capacity_updated_at or clock.now(), clock.now())
        service.version += 1
        service.save(update_fields=["capacity_available", "capacity_updated_at", "version"])


def _free_place(referral: Referral) -> None:
    service = _locked_service(referral)
    if service.capacity_available is not None and service.capacity_maximum is not None:
        service.capacity_available = min(service.capacity_maximum, service.capacity_available + 1)
        service.capacity_updated_at = max(service.capacity_updated_at or clock.now(), clock.now())
        service.version += 1
        service.save(update_fields=["capacity_available", "capacity_updated_at", "version"])


def _keep_answer(referral: Referral, answer: str) -> None:
    if answer.strip():
        vault.seal_fields(referral, answer=answer)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(8), tzinfo=clock.local_zone())


# --- requirements ------------------------------------------------------------------------------------------


@requirement("focal_agency_chosen")
def _focal_agency_chosen(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    to: Organisation | None = facts.get("to")
    if to is None or not to.is_focal or not to.active:
        return [_("Choose the focal agency that takes the case.")]
    return []


@requirement("consent_or_ground_to_refer")
def _consent_or_ground_to_refer(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    to: Organisation | None = facts.get("to")
    if to is None:
        return []
    if consent.covered(case, to, PURPOSE["focal"], work.TASK_SECTIONS["focal"]) or _ahead_of_second_person(case, to):
        return []
    if case.is_child:
        return [
            _(
                "Record the agreement of a guardian who is not suspected, or why referral is in the child’s best interests."
            )
        ]
    return [_("Ask the person first, and record what they agree to. Without their agreement nothing is passed on.")]


@requirement("recipient_can_receive")
def _recipient_can_receive(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    to = referral.to_organisation
    if referral.case.status in ("counted", "closed"):
        failures.append(_("This case has ended: nobody is asked for the person any more."))
    if not to.active:
        failures.append(_("This organisation no longer takes referrals."))
    if Exclusion.objects.filter(case=referral.case, organisation=to, lifted_at__isnull=True).exists():
        failures.append(_("This organisation is excluded from the case."))
    if referral.kind == "identification" and not to.is_competent_authority:
        failures.append(_("Formal identification is decided by the competent authority."))
    if referral.kind == "service":
        service = referral.service
        if service is None or service.organisation_id != to.pk:
            failures.append(_("Choose a service from the directory."))
        elif service.status != "active":
            failures.append(_("This service is paused at the moment."))
        elif service.residential and not referral.placement_reason:
            failures.append(_("Family or community care comes first: record why a residential place is needed."))
        elif service.residential and referral.placement_review_on is None:
            failures.append(_("Set the date on which the residential place is looked at again."))
    already = Referral.objects.filter(
        case=referral.case, kind=referral.kind, to_organisation=to, service=referral.service,
        status__in=("sent", "acknowledged"),
    )  # fmt: skip
    if already.exists():
        failures.append(_("The same referral already waits for an answer."))
    return failures


@requirement("not_taken_over")
def _not_taken_over(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if referral.kind == "focal" and referral.status != "sent":
        return [_("The focal agency has taken the case over. Ask it to return the case.")]
    return []


@requirement("something_shared")
def _something_shared(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if referral.sections:
        return []
    if referral.receipt_id is None:
        return [_("Referred without agreement: a second person first confirms the reasons. You may be that person.")]
    return [_("The person has taken the agreement back. Decline the referral.")]


@requirement("not_by_a_focal_agency")
def _not_by_a_focal_agency(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Its part is the case itself: it begins with the registration and ends with a hand-over or the closing."""
    if referral.kind != "focal":
        return []
    if referral.status == "accepted":
        return [_("A focal agency does not end its part here. Close the case, or hand it over.")]
    return [_("A focal agency accepts by registering the person.")]


@requirement("place_available")
def _place_available(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if referral.kind != "service":
        return []
    service = _locked_service(referral)
    if service.capacity_available == 0:
        return [_("No place is free. Update the number of free places first, or decline.")]
    return []


@requirement("decline_reason_given")
def _decline_reason_given(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("reason") not in pack().codelist("decline_reason").codes():
        return [_("Choose why the referral is declined, so that the sender can look further.")]
    return []


@requirement("feedback_given")
def _feedback_given(referral: Referral, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("feedback") not in pack().codelist("referral_feedback").codes():
        return [_("Tell the sender what became of it.")]
    return []
