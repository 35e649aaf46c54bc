"""Verbs of consent: given, refused, withdrawn. What a consent covers is computed in `privacy.consent`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from spean.access.models import Organisation, User
from spean.cases.actions import keep_note
from spean.cases.models import Case
from spean.lib import clock
from spean.privacy.models import Consent
from spean.workflow.engine import perform, requirement

SHORTEST_REASON = 10  # characters: a word is no reason
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
    ground: str = "consent",
    evidence: str,
    language: str,
    interpreter: bool = False,
    interpreter_not_from_scene: bool = False,
    told: Sequence[str] = TOLD,
    valid_until: date | None = None,
    reason: str = "",
    once: UUID | None = None,
) -> Consent:
    """Record that the person agreed that these kinds of information go to this recipient for this purpose.

    `reason` is for best interests, which stand in for consent only with a reason that is written down.
    """
    consent = Consent(
        case=case, purpose=purpose, recipient=recipient, classes=sorted(set(classes)), status="given",
        given_by=given_by, guardian_is_not_suspect=guardian_is_not_suspect, ground=ground, evidence=evidence,
        language=language, interpreter=interpreter, interpreter_not_from_scene=interpreter_not_from_scene,
        valid_until=valid_until, given_at=clock.now(), recorded_by=actor,
        recorded_organisation=actor.organisation, **{name: name in told for name in TOLD},
    )  # fmt: skip
    facts = {
        "told": tuple(told), "given_by": given_by, "ground": ground, "is_child": case.is_child, "reason": reason,
    }  # fmt: skip
    with perform("record_consent", consent, actor, facts=facts, once=once) as step:
        if reason.strip():
            keep_note(actor, case, section="protection", about=ground, text=reason.strip())
        step.facts.update(purpose=purpose, classes=sorted(set(classes)), ground=ground)
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
    with perform("record_refusal", refusal, actor, facts={"reason": reason}, once=once) as step:
        step.facts["purpose"] = purpose
        if reason:
            step.facts["reason"] = reason
            Case.objects.filter(pk=case.pk).update(refusal_reason=reason)
            case.refusal_reason = reason
    return step.obj


def withdraw_consent(actor: User, consent: Consent, *, version: int | None = None) -> Consent:
    """She changed her mind: nothing more is shared on this consent from the next request on."""
    with perform("withdraw_consent", consent, actor, version=version) as step:
        step.obj.withdrawn_at = clock.now()
        step.obj.withdrawn_by = actor
    return step.obj


@requirement("consent_complete")
def _consent_complete(consent: Consent, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if not consent.classes:
        failures.append(_("Choose which kinds of information may be shared."))
    if facts["ground"] == "consent":
        if len(set(facts["told"])) < len(TOLD):
            failures.append(_("Explain every point first: a yes counts only when the person knows what it means."))
        if facts["given_by"] == "person" and facts["is_child"] and not consent.guardian_is_not_suspect:
            failures.append(
                _(
                    "For a child, also ask a guardian or authorised adult who is not suspected, or record best interests."
                )
            )
        if facts["given_by"] != "person" and not consent.guardian_is_not_suspect:
            failures.append(_("Confirm that whoever agrees for the person is not suspected of exploiting them."))
    elif facts["ground"] == "best_interests":
        if not facts["is_child"]:
            failures.append(_("Best interests can stand in for consent for a child only."))
        if len(facts["reason"].strip()) < SHORTEST_REASON:
            failures.append(_("Write down why the referral is in the child’s best interests, in a sentence at least."))
    if consent.interpreter and not consent.interpreter_not_from_scene:
        failures.append(_("The interpreter must not come from the place of exploitation."))
    return failures
