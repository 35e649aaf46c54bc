"""Verbs of the screening: start, answer, complete, screen again, and what the screener then decides."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases import ties, work
from spean.cases.actions import new_case
from spean.cases.models import Case
from spean.country import pack
from spean.country.pack import Instrument
from spean.detection import assess, instruments, rules
from spean.detection.models import Screening
from spean.lib import clock
from spean.privacy import events, vault
from spean.privacy.models import Consent
from spean.workflow.engine import Changed, Forbidden, Refused, check_fields, claim, perform, requirement

SEALED = ("stated_name", "stated_contact", "notes")
# What one page of an interview may set, beside answers and sealed texts.
CODED = (
    "age", "age_disputed", "acts", "forms", "private_place", "interview_language", "interpreter",
    "interpreter_not_from_scene", "preferred_interviewer_asked", "carried_over",
)  # fmt: skip
# What a further interview takes over: who the person is does not change because she is asked again.
KEPT = ("age", "age_disputed", "acts", "forms", "interview_language")
DESCRIBED = ("sex", "nationality", "languages", "detection_context", "detected_province")


def start_screening(
    actor: User, *, instrument: str, version: str = "", exploitation: str = "labour", once: UUID | None = None
) -> Screening:
    """Begin an interview: a case of its own, a data key of its own, and the screener's involvement.

    `version` is that of an instrument filled in elsewhere, which may be an earlier one; else what is asked now.
    """
    organisation = actor.organisation
    if organisation is None:
        raise Forbidden([_("This is not available to you.")])
    asked = _instrument(instrument, version)
    case = new_case(actor, organisation)
    with transaction.atomic():
        with perform("start_screening", case, actor, once=once) as step:
            vault.create_key(case.subject)
            step.facts["instrument"] = instrument
        work.involve(case, organisation, "screening", actor=actor, basis="screening")
        return _new_screening(actor, case, asked, exploitation)


def screen_again(
    actor: User, case: Case, *, instrument: str, version: int | None = None, once: UUID | None = None
) -> Screening:
    """A further interview in the same episode, when the person is rested, safe, or has an interpreter.

    What was told before is carried over, so that nobody has to tell it twice; the earlier interview stays.
    """
    asked = _instrument(instrument)
    with perform("screen_again", case, actor, version=version, once=once) as step:
        step.facts["instrument"] = instrument
        work.finish_tasks(step.obj, "second_interview")
        last = step.obj.screenings.first()
        if last is None:
            return _new_screening(actor, step.obj, asked, "labour")
        kept = {name: getattr(last, name) for name in KEPT}
        if last.instrument == instrument:
            # The same questions: what was answered stays answered, also where the instrument has a new version.
            kept["answers"] = last.answers
        return _new_screening(actor, step.obj, asked, last.exploitation, **kept)


def save_answers(
    actor: User,
    screening: Screening,
    *,
    version: int | None,
    answers: Mapping[str, str] | None = None,
    once: UUID | None = None,
    **page: Any,
) -> Screening:
    """Keep one page of an interview: answers are merged, other fields replaced, free text sealed."""
    unknown = page.keys() - {*CODED, *SEALED}
    if unknown:
        raise TypeError(f"an interview has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        if once is not None:
            claim(once, "save_answers", screening, actor)
        row = Screening.objects.select_for_update(of=("self",)).select_related("case").get(pk=screening.pk)
        if not policy.may(actor, "answer_screening", row) or row.completed_at is not None:
            raise Forbidden([_("This is not available to you.")])
        if version is not None and version != row.version:
            raise Changed([_changed()])
        if answers:
            _check_answers(row, answers)
            row.answers = {**row.answers, **answers}
        texts = {name: page.pop(name) for name in SEALED if name in page}
        for name, value in page.items():
            setattr(row, name, value)
        if texts:
            vault.seal_fields(row, **texts)
        row.version += 1
        check_fields(row)
        row.save()
        events.record(
            "screening.answered", actor=actor, obj=row, case=row.case, fields=tuple(sorted({*page, *texts})),
            facts={"answers": len(answers or {})},
        )  # fmt: skip
        return row


def complete_screening(actor: User, screening: Screening, *, version: int | None = None) -> Screening:
    """Close the interview and keep what the answers suggest, with the evidence that led there."""
    with transaction.atomic():
        row = Screening.objects.select_for_update(of=("self",)).select_related("case").get(pk=screening.pk)
        if version is not None and version != row.version:
            raise Changed([_changed()])
        with perform("complete_screening", row.case, actor, facts={"screening": row}) as step:
            assessment = assess.assess_screening(row)
            row.result = assessment.result
            row.ilo_category = assessment.ilo_category
            row.assessment = assess.as_json(assessment)
            row.completed_at = clock.now()
            row.version += 1
            row.save()
            case = step.obj
            case.age_at_screening = row.age
            case.age_disputed = row.age_disputed
            case.exploitation_forms = list(row.forms)
            step.facts.update(result=row.result, population=assessment.population)
        row.case = step.obj
    return row


def _changed() -> str:
    return _(
        "This interview was continued in another window. What you typed here is still below and not saved yet: "
        "check it, and press the button again to save it."
    )


def describe_person(actor: User, case: Case, **coded: Any) -> Case:
    """Keep coded facts of the person met: sex, nationality, languages, where and how she was met."""
    unknown = coded.keys() - set(DESCRIBED)
    if unknown:
        raise TypeError(f"a case has no {', '.join(sorted(unknown))} to describe")
    with transaction.atomic():
        row = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not policy.may(actor, "answer_screening", row):
            raise Forbidden([_("This is not available to you.")])
        for name, value in coded.items():
            setattr(row, name, value)
        check_fields(row)
        row.save(update_fields=list(coded))
        events.record("case.described", actor=actor, obj=row, case=row, fields=tuple(sorted(coded)))
        return row


def offer_second_interview(
    actor: User, case: Case, *, leaflet_given: bool, version: int | None = None, once: UUID | None = None
) -> Case:
    """Too little is known: nothing is closed, a second interview is offered and waits with a date."""
    facts = {"leaflet_given": leaflet_given}
    with perform("offer_second_interview", case, actor, version=version, facts=facts, once=once) as step:
        organisation = actor.organisation
        assert organisation is not None
        work.open_task(step.obj, "second_interview", organisation, _role_of(actor), user=actor)
    return step.obj


def count_without_identity(
    actor: User, case: Case, *, reason: str, version: int | None = None, once: UUID | None = None
) -> Case:
    """The adult said no: only coded facts stay for the count; what could name her is destroyed with its key."""
    facts = {"reason": reason}
    with perform("count_without_identity", case, actor, version=version, facts=facts, once=once) as step:
        step.obj.refusal_reason = reason
        step.facts["reason"] = reason
        work.finish_tasks(step.obj)
        ties.cut([step.obj.pk])
        subject = step.obj.subject
        step.on_commit(lambda: vault.destroy_key(subject))
    return step.obj


def destroy_keys_of_refused() -> int:
    """Destroy keys that a break between commit and destruction left behind. Returns how many. Runs as a job."""
    subjects = Case.objects.filter(status="counted").values_list("subject", flat=True)
    left = [subject for subject in subjects if not vault.is_destroyed(subject)]
    for subject in left:
        vault.destroy_key(subject)
    return len(left)


def _new_screening(actor: User, case: Case, instrument: Instrument, exploitation: str, **kept: Any) -> Screening:
    organisation = actor.organisation
    assert organisation is not None
    instruments.keep(instrument)
    if "answers" in kept:
        known = {row.answer_key for row in instrument.indicators}
        kept["answers"] = {key: answer for key, answer in kept["answers"].items() if key in known}
    screening = Screening(
        case=case, instrument=instrument.name, instrument_version=instrument.version,
        exploitation=exploitation, started_at=clock.now(), screener=actor, organisation=organisation, **kept,
    )  # fmt: skip
    screening.save(force_insert=True)
    return screening


def _instrument(name: str, version: str = "") -> Instrument:
    """What is to be asked. A slot whose official list has not been entered cannot be asked from."""
    found = instruments.get(name, version) if version else instruments.find(name)
    if found is None or not found.is_screening:
        raise Refused([_("This list of questions is not available yet: the official list has not been entered.")])
    return found


def _check_answers(screening: Screening, answers: Mapping[str, str]) -> None:
    asked = instruments.get(screening.instrument, screening.instrument_version)
    known = {row.answer_key for row in asked.indicators}
    if answers.keys() - known or set(answers.values()) - set(rules.ANSWERS):
        raise Refused([_("One of these answers does not belong to this list of questions.")])


def _role_of(actor: User) -> str:
    return actor.memberships_now()[0].role


# --- requirements ------------------------------------------------------------------------------------------


@requirement("screening_answered")
def _screening_answered(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    row: Screening = facts["screening"]
    failures = []
    if row.completed_at is not None:
        failures.append(_("This interview is already completed."))
    if row.carried_over:
        # Her age decides which rules hold for her: it is hers to say, and not a list's.
        failures.append(_("Go through the page about the person with her first: what stands there came from a list."))
    # "Nothing was asked" is no screening; "everything was declined" is one.
    if not any(answer != "not_asked" for answer in row.answers.values()):
        failures.append(_("Answer at least one question first, even with “declined” or “don’t know”."))
    return failures


@requirement("leaflet_or_reason")
def _leaflet_or_reason(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if not facts.get("leaflet_given"):
        return [_("Give the person the rights leaflet, so that they know whom to ask later.")]
    return []


@requirement("refusal_recorded")
def _refusal_recorded(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    latest = Consent.objects.filter(case=case, purpose="referral_to_focal_agency").order_by("-given_at").first()
    if latest is None or latest.status != "refused":
        failures.append(_("Record first that the person does not want to be referred."))
    if case.is_child:
        failures.append(
            _("A child, or a possible child, is always referred: the child’s best interests decide, not a form.")
        )
    if facts.get("reason") not in pack().codelist("refusal_reason").codes():
        failures.append(_("Choose why the person does not want to be referred."))
    return failures
