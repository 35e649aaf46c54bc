"""Verbs of the episode that belong to no later stage: notes, direct help, closing, reopening.

Who takes part, who must not, and the case conference have files of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases import work
from spean.cases.models import Case, DirectHelp, HandOver, Note, Reason
from spean.country import pack
from spean.lib import clock
from spean.privacy import events, vault
from spean.privacy.codes import unused_code
from spean.workflow.engine import Forbidden, Step, case_of, check_fields, claim, perform, requirement


def new_case(actor: User, organisation: Organisation) -> Case:
    """An unsaved case with a code and a subject of its own, ready for the verb that creates it."""
    return Case(
        subject=uuid4(),
        code=unused_code("C", Case),
        started_by=actor,
        started_organisation=organisation,
        started_at=clock.now(),
    )


def write_note(actor: User, case: Case, *, section: str, about: str, text: str, once: UUID | None = None) -> Note:
    """Write something down about a case. The text is sealed; the log only says that a note was written."""
    with transaction.atomic():
        if once is not None:
            claim(once, "write_note", case, actor)
        if not policy.may(actor, "write_note", case) or not policy.may_record(actor, case, section):
            raise Forbidden([_("This is not available to you.")])
        return keep_note(actor, case, section=section, about=about, text=text)


def keep_note(actor: User, case: Case, *, section: str, about: str, text: str) -> Note:
    """Keep what was typed beside a verb that has already been authorised, in the verb's transaction."""
    assert actor.organisation is not None
    note = Note(
        case=case, section=section, about=about, written_by=actor, organisation=actor.organisation,
        written_at=clock.now(),
    )  # fmt: skip
    vault.seal_fields(note, text=text)
    note.save(force_insert=True)
    events.record("note.written", actor=actor, obj=note, case=case, facts={"section": section, "about": about})
    return note


def keep_reason(step: Step, text: str) -> Reason:
    """Keep why this was done, inside the verb that asked for it. Only those who run the case, or decide, read it."""
    row = Reason(
        case=case_of(step.obj), verb=step.verb, object_id=step.obj.pk, written_at=clock.now(), written_by=step.actor
    )
    vault.seal_fields(row, text=text.strip())
    row.save(force_insert=True)
    return row


def give_direct_help(actor: User, case: Case, help: Sequence[str], *, once: UUID | None = None) -> DirectHelp:
    """Record help given on the spot. It never depends on what the person agrees to."""
    with transaction.atomic():
        if once is not None:
            claim(once, "give_direct_help", case, actor)
        if not policy.may(actor, "give_direct_help", case):
            raise Forbidden([_("This is not available to you.")])
        row = DirectHelp(case=case, help=list(help), given_at=clock.now(), given_by=actor)
        check_fields(row)
        row.save(force_insert=True)
        events.record("help.given", actor=actor, obj=row, case=case, facts={"help": sorted(help)})
        return row


def close_case(
    actor: User,
    case: Case,
    *,
    reason: str,
    explanation: str,
    version: int | None = None,
    once: UUID | None = None,
) -> Case:
    """Close an episode with its outcome. A screening result closes nothing; a person does, with reasons."""
    facts = {"reason": reason, "explanation": explanation}
    with perform("close_case", case, actor, version=version, facts=facts, once=once) as step:
        keep_note(actor, step.obj, section="narrative", about="closing", text=explanation)
        step.obj.closing_reason = reason
        step.obj.closed_at = clock.now()
        step.obj.closed_by = actor
        step.facts["reason"] = reason
        work.finish_tasks(step.obj)
    return step.obj


def reopen_case(
    actor: User, case: Case, *, explanation: str, version: int | None = None, once: UUID | None = None
) -> Case:
    """Open a closed episode again; a new exploitation of the same person is a new episode instead."""
    facts = {"explanation": explanation}
    with perform("reopen_case", case, actor, version=version, facts=facts, once=once) as step:
        keep_note(actor, step.obj, section="narrative", about="reopening", text=explanation)
        step.obj.closing_reason = ""
        step.obj.closed_at = None
        step.obj.closed_by = None
    return step.obj


# --- requirements ------------------------------------------------------------------------------------------


@requirement("reason_in_a_sentence")
def _reason_in_a_sentence(obj: Any, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if len(str(facts.get("reason_text", "")).strip()) < 10:
        return [_("Write down your reason, in a sentence at least.")]
    return []


@requirement("closing_reason_given")
def _closing_reason_given(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if facts.get("reason") not in pack().codelist("closing_reason").codes():
        failures.append(_("Choose why the case is closed."))
    if len(str(facts.get("explanation", "")).strip()) < 10:
        failures.append(_("Write down the reasons for closing, in a sentence at least."))
    return failures


@requirement("reopening_reason_given")
def _reopening_reason_given(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if len(str(facts.get("explanation", "")).strip()) < 10:
        return [_("Write down why the case is opened again.")]
    return []


@requirement("person_known")
def _person_known(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [] if case.person_id else [_("Only the case of a registered person can be opened again.")]


@requirement("nothing_pending")
def _nothing_pending(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Open duties towards the person stand in the way of closing a registered case."""
    if case.status != "registered":
        return []
    waiting = []
    referral = apps.get_model("referral", "Referral")
    if HandOver.objects.filter(case=case, status="offered").exists():
        waiting.append(_("The case is offered to another focal agency. Take that back, or wait for the answer."))
    waits = referral.objects.filter(case=case, status__in=("sent", "acknowledged"))
    # A focal agency that acknowledged has answered: it took the case over.
    if waits.exclude(kind="focal", status="acknowledged").exists():
        waiting.append(_("A referral still waits for an answer. Withdraw it, or wait for the answer."))
    determination = apps.get_model("identification", "Determination")
    open_states = ("opened", "proposed", "confirmed", "review_requested")
    if determination.objects.filter(case=case, status__in=open_states).exists():
        waiting.append(_("The competent authority has not finished: the person has not been told the decision."))
    return waiting
