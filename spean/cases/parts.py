"""Verbs about an organisation's part in a case: renew, ask for renewal, end; and hand the case to another agency."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access.models import Organisation, User
from spean.access.roles import CASE_MANAGER
from spean.cases import work
from spean.cases.actions import keep_reason
from spean.cases.models import Case, Exclusion, HandOver, Invitation, Involvement, Task
from spean.cases.sharing import PURPOSE_OF_TASK
from spean.lib import clock
from spean.privacy import consent, doors
from spean.workflow.engine import Forbidden, Refused, follow, perform, requirement

HAND_OVER_PURPOSE = PURPOSE_OF_TASK["focal"]


def renew_involvement(
    actor: User, involvement: Involvement, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Involvement:
    """Let an organisation go on, before or after its time ran out, with what the person still agrees to."""
    facts = {"reason_text": reason}
    with perform("renew_involvement", involvement, actor, version=version, facts=facts, once=once) as step:
        row = step.obj
        purpose = PURPOSE_OF_TASK.get(row.task)
        if purpose is not None and row.sections:
            shared = doors.share(row.case, row.organisation, purpose, row.sections, actor)
            if not shared:
                raise Refused([_("The person no longer agrees that anything is shared with this organisation.")])
            row.sections = [section for section in row.sections if section in shared]
        row.until_at = work.runs_until(row.task, clock.now())
        keep_reason(step, reason)
        step.facts.update(task=row.task, until_at=row.until_at, sections=row.sections)
        assert row.case.focal_organisation is not None  # only the focal agency may do this
        work.remind(row, row.case.focal_organisation)
    return step.obj


def ask_renewal(
    actor: User, involvement: Involvement, *, version: int | None = None, once: UUID | None = None
) -> Involvement:
    """An organisation whose time ran out asks the focal agency to let it go on. It sees nothing meanwhile."""
    with perform("ask_renewal", involvement, actor, version=version, once=once) as step:
        row, focal = step.obj, step.obj.case.focal_organisation
        step.facts["task"] = row.task
        if focal is not None:
            work.finish_tasks(row.case, "renew_involvement", object_id=row.pk)
            work.open_task(row.case, "renew_involvement", focal, CASE_MANAGER, object_id=row.pk)
    return step.obj


def end_involvement(
    actor: User, involvement: Involvement, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Involvement:
    """End an organisation's part now. The referral that it rests on ends with it."""
    facts = {"reason_text": reason}
    with transaction.atomic():
        with perform("end_involvement", involvement, actor, version=version, facts=facts, once=once) as step:
            row = step.obj
            work.ends_now(row)
            keep_reason(step, reason)
            step.facts["task"] = row.task
        if row.basis_id is not None and row.task != "referrer":
            for then in work.PART_ENDED:
                then(step, row.case, row.organisation, row.basis_id)
    return row


def offer_hand_over(actor: User, case: Case, to: Organisation, *, reason: str, once: UUID | None = None) -> HandOver:
    """Offer the case to another focal agency. It learns what the person agreed to, and runs the case once it accepts."""
    before = Organisation.objects.filter(pk__in=Case.objects.filter(pk=case.pk).values("focal_organisation")).first()
    if before is None:
        raise Forbidden([_("This is not available to you.")])
    row = HandOver(
        case=case, from_organisation=before, to_organisation=to,
        offered_at=clock.now(), offered_by=actor,
    )  # fmt: skip
    with perform("offer_hand_over", row, actor, facts={"reason_text": reason}, once=once) as step:
        shared = doors.share(case, to, HAND_OVER_PURPOSE, work.TASK_SECTIONS["focal"], actor)
        if shared.receipt is None:
            raise Refused([_("The person has not agreed that anything is shared with this agency. Ask them first.")])
        row.sections, row.receipt = sorted(shared), shared.receipt
        keep_reason(step, reason)
        step.facts.update(to=to.pk, sections=row.sections)
        work.open_task(case, "answer_hand_over", to, CASE_MANAGER, object_id=row.pk)
    return row


def accept_hand_over(
    actor: User, hand_over: HandOver, *, version: int | None = None, once: UUID | None = None
) -> HandOver:
    """Take the case over: from here on this agency runs it and the other one sees nothing of it any more."""
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=hand_over.case_id)
        with perform("accept_hand_over", hand_over, actor, version=version, once=once) as step:
            row, before = step.obj, step.obj.from_organisation
            still = consent.covered(case, row.to_organisation, HAND_OVER_PURPOSE, row.sections)
            if not still:
                raise Refused([_("The person has taken the agreement back. Decline, so that they are asked again.")])
            row.sections = sorted(still)
            row.answered_at, row.answered_by = clock.now(), actor
            step.facts["sections"] = row.sections
            work.finish_tasks(case, "answer_hand_over", object_id=row.pk)
            work.end_involvements(case, cause=step, organisation=before)
            Case.objects.filter(pk=case.pk).update(focal_organisation=row.to_organisation)
            case.focal_organisation = row.to_organisation
            work.involve(
                case, row.to_organisation, "focal", actor=actor, basis="hand_over", basis_id=row.pk,
                sections=row.sections,
            )  # fmt: skip
            for invitation in Invitation.objects.filter(case=case, organisation=before, status="invited"):
                with follow(step, "withdraw_invitation", invitation) as second:
                    second.obj.withdrawn_at, second.obj.withdrawn_by = clock.now(), actor
            waiting = Task.objects.filter(case=case, organisation=before, role=CASE_MANAGER, done_at__isnull=True)
            waiting.update(organisation=row.to_organisation, user=None)
            for then in work.HANDED_OVER:
                then(step, case, before, row.to_organisation)
    return row


def decline_hand_over(
    actor: User, hand_over: HandOver, *, reason: str, version: int | None = None, once: UUID | None = None
) -> HandOver:
    """Say no, with a reason; the case stays where it is."""
    facts = {"reason_text": reason}
    with perform("decline_hand_over", hand_over, actor, version=version, facts=facts, once=once) as step:
        step.obj.answered_at, step.obj.answered_by = clock.now(), actor
        keep_reason(step, reason)
        work.finish_tasks(step.obj.case, "answer_hand_over", object_id=hand_over.pk)
    return step.obj


def withdraw_hand_over(
    actor: User, hand_over: HandOver, *, version: int | None = None, once: UUID | None = None
) -> HandOver:
    """Take back an offer that nobody has answered."""
    with perform("withdraw_hand_over", hand_over, actor, version=version, once=once) as step:
        work.finish_tasks(step.obj.case, "answer_hand_over", object_id=hand_over.pk)
    return step.obj


# --- requirements ------------------------------------------------------------------------------------------


@requirement("part_can_be_renewed")
def _part_can_be_renewed(row: Involvement, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if row.task not in work.RUN_OUT:
        failures.append(_("This part does not run out."))
    if Exclusion.objects.filter(case=row.case, organisation=row.organisation, lifted_at__isnull=True).exists():
        failures.append(_("This organisation is excluded from the case."))
    if not row.organisation.active:
        failures.append(_("This organisation no longer takes part in anything here."))
    return failures


@requirement("part_of_another")
def _part_of_another(row: Involvement, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if row.task in ("focal", "screening"):
        return [_("Whoever runs the case cannot end its own part: hand the case over, or close it.")]
    return []


@requirement("another_focal_agency")
def _another_focal_agency(row: HandOver, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    to = row.to_organisation
    if not to.is_focal or not to.active or to.pk == row.from_organisation_id:
        failures.append(_("Choose another focal agency."))
    if Exclusion.objects.filter(case=row.case, organisation=to, lifted_at__isnull=True).exists():
        failures.append(_("This organisation is excluded from the case."))
    if row.case.status != "registered":
        failures.append(_("Register the person first, or open the case again."))
    if HandOver.objects.filter(case=row.case, status="offered").exists():
        failures.append(_("The case is already offered to an agency. Take that offer back first."))
    return failures
