"""Verbs of consent: given, refused, withdrawn. What a consent covers is computed in `privacy.consent`.

What stands in for consent has verbs of its own in `grounds.py`; what follows for those who received something, and
for those who wait, stands in `sharing.py`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases import sharing, work
from spean.cases.models import Case
from spean.lib import clock
from spean.privacy import doors, events
from spean.privacy.codes import unused_code
from spean.privacy.models import Consent
from spean.workflow.engine import Forbidden, claim, perform, requirement

# What the person must have been told before her yes counts (HTCDS, guidance on con_Consent).
TOLD = (
    "told_interview",
    "told_purpose",
    "told_uses",
    "told_research",
    "told_access",
    "told_retention",
    "told_withdrawal",
)


def record_consent(
    actor: User,
    case: Case,
    *,
    purpose: str,
    classes: Sequence[str],
    recipient: Organisation | None = None,
    given_by: str = "person",
    guardian_is_not_suspect: bool = False,
    evidence: str,
    language: str,
    interpreter: bool = False,
    interpreter_not_from_scene: bool = False,
    told: Sequence[str] = TOLD,
    valid_until: date | None = None,
    once: UUID | None = None,
) -> Consent:
    """Record that the person agreed that these kinds of information go to this recipient for this purpose."""
    consent = Consent(
        case=case, purpose=purpose, recipient=recipient, classes=sorted(set(classes)), status="given",
        given_by=given_by, guardian_is_not_suspect=guardian_is_not_suspect, evidence=evidence,
        code=unused_code("A", Consent), language=language, interpreter=interpreter, interpreter_not_from_scene=interpreter_not_from_scene,
        valid_until=valid_until, given_at=clock.now(), recorded_by=actor,
        recorded_organisation=actor.organisation, **{name: name in told for name in TOLD},
    )  # fmt: skip
    facts = {"told": tuple(told), "given_by": given_by, "is_child": case.is_child}
    with transaction.atomic():
        with perform("record_consent", consent, actor, facts=facts, once=once) as step:
            step.facts.update(purpose=purpose, classes=sorted(set(classes)), ground="consent")
        # Her words are kept also while nothing may leave the house.
        with suppress(doors.SharingStopped):
            sharing.widen(actor, case, purpose)
    return step.obj


def record_refusal(
    actor: User,
    case: Case,
    *,
    purpose: str,
    language: str,
    recipient: Organisation | None = None,
    reason: str = "",
    once: UUID | None = None,
) -> Consent:
    """Record that the person said no. Help goes on all the same; nothing about her is passed on."""
    refusal = Consent(
        case=case, purpose=purpose, recipient=recipient, classes=[], status="refused", given_by="person",
        language=language, given_at=clock.now(), recorded_by=actor, recorded_organisation=actor.organisation,
    )  # fmt: skip
    with transaction.atomic():
        with perform("record_refusal", refusal, actor, facts={"reason": reason}, once=once) as step:
            step.facts["purpose"] = purpose
            if reason:
                step.facts["reason"] = reason
                Case.objects.filter(pk=case.pk).update(refusal_reason=reason)
                case.refusal_reason = reason
        sharing.narrow(actor, case, purpose, said=step.obj)
    return step.obj


def withdraw_consent(actor: User, consent: Consent, *, version: int | None = None) -> Consent:
    """She changed her mind: from the next request on nothing is shared on this consent, and who received is told."""
    with transaction.atomic():
        # The case first, as sharing does, so that the two wait for one another and never lock up.
        case = Case.objects.select_for_update(of=("self",)).get(pk=consent.case_id)
        with perform("withdraw_consent", consent, actor, version=version) as step:
            step.obj.withdrawn_at = clock.now()
            step.obj.withdrawn_by = actor
        work.finish_tasks(case, "confirm_ground", object_id=consent.pk)
        sharing.narrow(actor, case, consent.purpose, said=step.obj)
    return step.obj


def hand_over_receipt(actor: User, consent: Consent, *, language: str, once: UUID | None = None) -> None:
    """The person has the paper in her hand: what she agreed to, and how to take it back."""
    with transaction.atomic():
        if once is not None:
            claim(once, "hand_over_receipt", consent, actor)
        if not policy.may(actor, "see_consent", consent):
            raise Forbidden([_("This is not available to you.")])
        events.record(
            "consent.receipt_given", actor=actor, obj=consent, case=consent.case, facts={"language": language}
        )


@requirement("consent_complete")
def _consent_complete(consent: Consent, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if not consent.classes:
        failures.append(_("Choose which kinds of information may be shared."))
    if len(set(facts["told"])) < len(TOLD):
        failures.append(_("Explain every point first: a yes counts only when the person knows what it means."))
    if facts["given_by"] == "person" and facts["is_child"] and not consent.guardian_is_not_suspect:
        failures.append(
            _("For a child, also ask a guardian or authorised adult who is not suspected, or record best interests.")
        )
    if facts["given_by"] != "person" and not consent.guardian_is_not_suspect:
        failures.append(_("Confirm that whoever agrees for the person is not suspected of exploiting them."))
    if consent.interpreter and not consent.interpreter_not_from_scene:
        failures.append(_("The interpreter must not come from the place of exploitation."))
    return failures
