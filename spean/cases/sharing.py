"""What follows from a person's words for those who take part already: less after a no, more after a yes.

Called inside the verbs of consent and grounds, in their transaction. Whoever received something that she no longer
agrees to loses it here from the next request on, and is told to delete its copies; that notice is acknowledged here.
Sending something new to somebody stands in the referral's room.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from spean.access.models import Membership, Organisation, User
from spean.access.roles import (
    CASE_MANAGER,
    IDENTIFICATION_OFFICER,
    INVESTIGATOR,
    LABOUR_OFFICER,
    PROSECUTOR,
    RETURN_OFFICER,
    SECTIONS,
    SERVICE_PROVIDER,
)
from spean.cases import work
from spean.cases.models import Case, Invitation, Involvement, WithdrawalNotice
from spean.lib import clock
from spean.privacy import consent as consents
from spean.privacy import doors, events
from spean.privacy.models import Consent, ShareReceipt
from spean.workflow.engine import perform, requirement

# On which consent each task of an organisation rests; a task that is not here rests on something else.
PURPOSE_OF_TASK = {
    "focal": "referral_to_focal_agency",
    "service": "service_referral",
    "identification": "identification",
    "justice": "criminal_justice",
    "return": "repatriation",
}
TASK_OF_PURPOSE = {purpose: task for task, purpose in PURPOSE_OF_TASK.items()}
# Who answers for an organisation's copies, in the order in which an organisation is asked.
ANSWERS = (
    CASE_MANAGER, SERVICE_PROVIDER, IDENTIFICATION_OFFICER, PROSECUTOR, INVESTIGATOR, RETURN_OFFICER, LABOUR_OFFICER,
)  # fmt: skip
WAITING = ("sent", "acknowledged")


def widen(actor: User, case: Case, purpose: str) -> None:
    """Something may be shared that could not be before: let those have it who wait for it, by the door.

    A referral that was sent in code gets what it was sent for; the focal agency that runs the case gets what it
    could not read yet. Everybody else is sent a referral of his own.
    """
    task = TASK_OF_PURPOSE.get(purpose)
    if task is None or actor.organisation is None:
        return
    referrals = apps.get_model("referral", "Referral")._default_manager
    for waiting in referrals.filter(case=case, kind=task, status__in=WAITING, receipt__isnull=True):
        shared = doors.share(case, waiting.to_organisation, purpose, work.TASK_SECTIONS[task], actor)
        if shared.receipt is not None:
            waiting.sections, waiting.receipt = sorted(shared), shared.receipt
            waiting.save(update_fields=["sections", "receipt"])
    if task != "focal":
        return
    for row in Involvement.objects.filter(case=case, task="focal", status="open"):
        missing = [section for section in SECTIONS if section not in row.sections]
        shared = doors.share(case, row.organisation, purpose, missing, actor) if missing else doors.Shared()
        if shared:
            row.sections = [section for section in SECTIONS if section in shared or section in row.sections]
            row.withheld = [section for section in row.withheld if section not in shared]
            row.save(update_fields=["sections", "withheld"])
            events.record(
                "case.sections_widened", actor=actor, obj=row, case=case, facts={"task": row.task, "sections": shared}
            )


def narrow(actor: User | None, case: Case, purpose: str, *, said: Consent | None = None) -> list[WithdrawalNotice]:
    """Take from everybody what the person no longer agrees to, and tell whoever received it."""
    rows = list(Consent.objects.filter(case=case, purpose=purpose))
    notices = []
    for recipient, had in _received(case, purpose).items():
        covered = consents.covered_by(rows, recipient, purpose, had, clock.today())
        lost = had - covered
        if lost:
            _close(actor, case, purpose, recipient, lost)
        untold = _untold(case, purpose, recipient, lost)
        if untold:
            notices.append(_tell(actor, case, purpose, recipient, untold, said))
    return notices


def narrow_expired() -> int:
    """An agreement that ran out ends like one that was taken back. Runs as a job; returns how many were told."""
    over = Consent.objects.filter(status="given", valid_until__lt=clock.today())
    told = 0
    for case_id, purpose in sorted(set(over.values_list("case_id", "purpose"))):
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
            told += len(narrow(None, case, purpose))
    return told


def acknowledge_withdrawal(
    actor: User, notice: WithdrawalNotice, *, copies_deleted: bool, version: int | None = None
) -> WithdrawalNotice:
    """The organisation says that it no longer uses what it received, and that its copies are gone."""
    facts = {"copies_deleted": copies_deleted}
    with perform("acknowledge_withdrawal", notice, actor, version=version, facts=facts) as step:
        step.obj.acknowledged_at, step.obj.acknowledged_by = clock.now(), actor
        work.finish_tasks(step.obj.case, "withdrawal_notice", object_id=notice.pk)
    return step.obj


def _received(case: Case, purpose: str) -> dict[Organisation, set[str]]:
    """What was passed on for this purpose, by recipient."""
    found: dict[Organisation, set[str]] = {}
    for receipt in ShareReceipt.objects.filter(case=case, purpose=purpose).select_related("recipient"):
        found.setdefault(receipt.recipient, set()).update(receipt.shared)
    return found


def _close(actor: User | None, case: Case, purpose: str, recipient: Organisation, lost: Iterable[str]) -> None:
    """From the next request on: the sections are gone from what the recipient takes part in, and from referrals."""
    gone = set(lost)
    task = TASK_OF_PURPOSE.get(purpose)
    for row in Involvement.objects.filter(case=case, organisation=recipient, task=task, status="open"):
        if not gone.intersection(row.sections):
            continue
        row.withheld = [
            section for section in SECTIONS if section in row.withheld or section in gone & set(row.sections)
        ]
        row.sections = [section for section in row.sections if section not in gone]
        facts = {"task": row.task, "sections": gone}
        events.record("case.sections_narrowed", actor=actor, obj=row, case=case, facts=facts)
        # Whoever runs the case goes on; for everybody else nothing is left to take part with.
        if not row.sections and task != "focal":
            row.status = "ended"
            work.ends_now(row)
            events.record("case.involvement_ended", actor=actor, obj=row, case=case, facts={"task": row.task})
        row.save(update_fields=["sections", "withheld", "status", "until_at"])
    if purpose == "case_conference":
        for invitation in Invitation.objects.filter(case=case, organisation=recipient, status="invited"):
            invitation.sections = [section for section in invitation.sections if section not in gone]
            invitation.save(update_fields=["sections"])
    referrals = apps.get_model("referral", "Referral")._default_manager
    for referral in referrals.filter(case=case, to_organisation=recipient, kind=task or ""):
        if gone.intersection(referral.sections):
            referral.sections = [section for section in referral.sections if section not in gone]
            referral.save(update_fields=["sections"])


def _untold(case: Case, purpose: str, recipient: Organisation, lost: Iterable[str]) -> set[str]:
    """What the recipient lost and has not been told of since it last received it."""
    untold = set(lost)
    if not untold:
        return untold
    received: dict[str, Any] = {}
    for receipt in ShareReceipt.objects.filter(case=case, purpose=purpose, recipient=recipient).order_by("shared_at"):
        received.update(dict.fromkeys(receipt.shared, receipt.shared_at))
    for notice in WithdrawalNotice.objects.filter(case=case, purpose=purpose, organisation=recipient):
        untold -= {code for code in notice.classes if notice.told_at >= received[code]}
    return untold


def _tell(
    actor: User | None, case: Case, purpose: str, recipient: Organisation, lost: set[str], said: Consent | None
) -> WithdrawalNotice:
    notice = WithdrawalNotice.objects.create(
        case=case, organisation=recipient, consent=said, purpose=purpose, classes=sorted(lost), told_at=clock.now()
    )
    events.record(
        "withdrawal.notified", actor=actor, obj=notice, case=case,
        facts={"recipient": recipient.pk, "purpose": purpose, "classes": lost},
    )  # fmt: skip
    work.open_task(case, "withdrawal_notice", recipient, _answers_for(recipient.pk), object_id=notice.pk)
    return notice


def _answers_for(organisation: UUID) -> str:
    """The role that answers for an organisation: the first that somebody holds there now."""
    now = clock.now()
    held = set(
        Membership.objects.filter(
            Q(until_at__isnull=True) | Q(until_at__gt=now), from_at__lte=now, organisation_id=organisation,
            user__is_active=True,
        ).values_list("role", flat=True)
    )  # fmt: skip
    return next((role for role in ANSWERS if role in held), CASE_MANAGER)


# --- requirements ------------------------------------------------------------------------------------------


@requirement("copies_deleted")
def _copies_deleted(notice: WithdrawalNotice, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [] if facts.get("copies_deleted") is True else [_("Confirm that nothing of it is used or kept any more.")]
