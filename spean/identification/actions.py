"""Verbs of the competent authority: open, propose with reasons, return, confirm, inform, review.

Definition: Palermo Protocol Art. 3. For a person under 18 act and purpose suffice; consent never counts once
a means was used, so consent is not a field here.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.access import policy
from spean.access.models import User
from spean.access.roles import CASE_MANAGER, IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER
from spean.cases import work
from spean.cases.actions import keep_note
from spean.cases.models import Case
from spean.identification import rules
from spean.identification.models import Determination
from spean.identification.rules import Findings as Findings
from spean.lib import clock
from spean.privacy import events, vault
from spean.workflow.engine import (
    Changed,
    Forbidden,
    Refused,
    WrongState,
    check_fields,
    claim,
    perform,
    requirement,
    what_changed,
)

events.register_action("determination.drafted", gettext_lazy("Draft of the decision kept"))

LEGAL_VERB = {
    "identified": "identify",
    "exploited_not_identified": "find_exploited",
    "not_identified": "not_identify",
}
LEGAL_STATUS = {
    "identified": "identified_victim",
    "exploited_not_identified": "exploited_not_identified",
    "not_identified": "not_identified",
}


def open_determination(
    actor: User, case: Case, *, reviews: Determination | None = None, once: UUID | None = None
) -> Determination:
    """Begin a decision. Whether the person is treated as a child is fixed from the facts of the case."""
    organisation = actor.organisation
    if organisation is None:
        raise Forbidden([_("This is not available to you.")])
    row = Determination(
        case=case, reviews=reviews, treated_as_child=case.is_child, opened_at=clock.now(), officer=actor,
        organisation=organisation, means="not_required" if case.is_child else "",
    )  # fmt: skip
    with perform("open_determination", row, actor, once=once) as step:
        step.facts.update(review=reviews is not None)
    return row


def keep_draft(
    actor: User,
    determination: Determination,
    written: Mapping[str, Any],
    *,
    version: int | None = None,
    once: UUID | None = None,
) -> Determination:
    """Keep what an officer has written so far, sealed, complete or not. It is no decision and changes no state.

    Only what is named is replaced: the decision is written part by part.
    """
    unknown = written.keys() - set(rules.ALL_FIELDS)
    if unknown:
        raise TypeError(f"a decision has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        if once is not None:
            claim(once, "keep_draft", determination, actor)
        row = Determination.objects.select_for_update(of=("self",)).get(pk=determination.pk)
        if not policy.may(actor, "propose_determination", row):
            raise Forbidden([_("This is not available to you.")])
        if row.status != "opened":
            raise WrongState(
                [_("The decision is already with a second officer. It can be changed when it is returned.")]
            )
        if version is not None and version != row.version:
            raise Changed([what_changed(row)])
        failures = _may_take_part(row, actor)
        if written.get("means") == "not_required" and not row.treated_as_child:
            failures.append(str(rules.FAILURES["means_required"]))
        if failures:
            raise Refused(failures)
        _write(row, written)
        row.version += 1
        check_fields(row)
        row.save()
        events.record("determination.drafted", actor=actor, obj=row, case=row.case, fields=sorted(written))
    return row


def propose_determination(
    actor: User,
    determination: Determination,
    findings: Findings,
    *,
    version: int | None = None,
    once: UUID | None = None,
) -> Determination:
    """The officer's decision with a reason for each element. It waits for a second officer."""
    with perform(
        "propose_determination", determination, actor, version=version, facts={"findings": findings}, once=once
    ) as step:
        row = step.obj
        _write(row, asdict(findings))
        row.officer = actor
        row.proposed_at = clock.now()
        step.facts.update(act=row.act, means=row.means, purpose=row.purpose, outcome=row.outcome)
        work.finish_tasks(row.case, "decide_identification")
        if row.reviews_id is not None:
            work.finish_tasks(row.case, "review_determination", object_id=row.reviews_id)
        work.open_task(row.case, "confirm_identification", row.organisation, IDENTIFICATION_REVIEWER, object_id=row.pk)
    return step.obj


def return_determination(
    actor: User, determination: Determination, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Determination:
    """The second officer does not agree yet, and says why."""
    with perform(
        "return_determination", determination, actor, version=version, facts={"reason": reason}, once=once
    ) as step:
        vault.seal_fields(step.obj, return_reason=reason)
        work.finish_tasks(step.obj.case, "confirm_identification", object_id=step.obj.pk)
        work.open_task(
            step.obj.case, "decide_identification", step.obj.organisation, IDENTIFICATION_OFFICER,
            user=step.obj.officer, object_id=step.obj.pk,
        )  # fmt: skip
    return step.obj


def confirm_determination(
    actor: User, determination: Determination, *, version: int | None = None, once: UUID | None = None
) -> Determination:
    """The second officer agrees: the decision stands, and the person has to be told."""
    with transaction.atomic():
        with perform("confirm_determination", determination, actor, version=version, once=once) as step:
            row = step.obj
            row.confirmed_at, row.confirmed_by = clock.now(), actor
            step.facts["outcome"] = row.outcome
            work.finish_tasks(row.case, "confirm_identification", object_id=row.pk)
            focal = row.case.focal_organisation
            if focal is not None:
                work.open_task(row.case, "inform_person", focal, CASE_MANAGER, object_id=row.pk)
            if row.outcome == "more_information":
                # The case is not decided: it stays on the authority's list until it is.
                work.open_task(row.case, "decide_identification", row.organisation, IDENTIFICATION_OFFICER)
        case = row.case
        verb = LEGAL_VERB.get(row.outcome)
        if verb is not None and case.legal_status != LEGAL_STATUS[row.outcome]:
            with perform(verb, case, actor) as legal:
                legal.obj.exploitation_forms = row.exploitation_forms or legal.obj.exploitation_forms
        if row.reviews is not None and row.reviews.status == "review_requested":
            with perform("conclude_review", row.reviews, actor):
                pass
    return step.obj


def inform_of_determination(
    actor: User, determination: Determination, *, language: str, version: int | None = None, once: UUID | None = None
) -> Determination:
    """The person was told the decision and its reasons, and that she can ask for a review."""
    with perform("inform_of_determination", determination, actor, version=version, once=once) as step:
        step.obj.informed_at = clock.now()
        step.obj.informed_language = language
        step.facts["language"] = language
        work.finish_tasks(step.obj.case, "inform_person", object_id=step.obj.pk)
    return step.obj


def request_review(
    actor: User, determination: Determination, *, words: str = "", version: int | None = None, once: UUID | None = None
) -> Determination:
    """The person asks that the decision is looked at again, by an officer who did not make it.

    `words` is what she says against it, if she wants to say anything: a review never depends on it.
    """
    with perform("request_review", determination, actor, version=version, once=once) as step:
        step.obj.review_requested_at = clock.now()
        if words.strip():
            keep_note(actor, step.obj.case, section="narrative", about="review", text=words)
        work.open_task(
            step.obj.case, "review_determination", step.obj.organisation, IDENTIFICATION_OFFICER,
            object_id=step.obj.pk,
        )  # fmt: skip
    return step.obj


def _write(row: Determination, written: Mapping[str, Any]) -> None:
    for name, value in written.items():
        if name not in rules.TEXTS:
            setattr(row, name, value if isinstance(value, str) else list(value))
    vault.seal_fields(row, **{name: written[name] for name in rules.TEXTS if name in written})


# --- requirements ------------------------------------------------------------------------------------------


@requirement("presumed_and_registered")
def _presumed_and_registered(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if row.case.status != "registered" or row.case.legal_status == "not_assessed":
        return [_("Only the case of a registered person who is presumed to be a victim can be decided.")]
    return []


@requirement("no_open_determination")
def _no_open_determination(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    earlier = Determination.objects.filter(case=row.case)
    if earlier.filter(status__in=("opened", "proposed")).exists():
        failures.append(_("A decision is already being prepared."))
    decided = earlier.filter(status__in=("confirmed", "informed", "review_requested")).exclude(
        outcome="more_information"
    )
    if row.reviews is None and decided.exists():
        failures.append(_("This case is decided. The person can ask for a review."))
    if row.reviews is not None:
        if row.reviews.status != "review_requested":
            failures.append(_("No review was asked for."))
        failures += _may_take_part(row, actor)
    return failures


@requirement("not_part_of_reviewed_decision")
def _not_part_of_reviewed_decision(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return _may_take_part(row, actor)


def _may_take_part(row: Determination, actor: User) -> list[str]:
    """Whoever made the decision that is reviewed has no part in the review, at any step of it."""
    if row.reviews is not None and actor.pk in (row.reviews.officer_id, row.reviews.confirmed_by_id):
        return [_("A review is decided by an officer who did not take part in the decision.")]
    return []


@requirement("elements_reasoned")
def _elements_reasoned(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    findings: Findings = facts["findings"]
    return [str(rules.FAILURES[code]) for code in rules.check_findings(findings, row.treated_as_child)]


@requirement("reflection_over")
def _reflection_over(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """30 days before formal identification in every case, unless the person herself did not want to wait."""
    periods = apps.get_model("protection", "ReflectionPeriod").objects.filter(case=row.case)
    if periods.filter(status__in=("ended", "waived")).exists():
        return []
    running = periods.filter(status="running").first()
    if running is None:
        return [
            _(
                "The person has not had the recovery and reflection period of 30 days yet. It comes before every decision."
            )
        ]
    if clock.today() >= running.ends_on:
        return []
    return [_("The recovery and reflection period has not ended. The person alone can shorten it.")]


@requirement("second_officer")
def _second_officer(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if actor.pk == row.officer_id:
        return [_("A second officer confirms; nobody confirms their own decision.")]
    return _may_take_part(row, actor)


@requirement("return_reason_given")
def _return_reason_given(row: Determination, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if len(str(facts.get("reason", "")).strip()) < rules.SHORTEST_REASON:
        return [str(rules.RETURN_REASON_MISSING)]
    return []
