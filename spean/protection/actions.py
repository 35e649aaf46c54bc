"""Verbs of protection: rights information, the reflection period, risk and needs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.access.roles import CASE_MANAGER
from spean.cases import work
from spean.cases.models import Case
from spean.country import pack
from spean.lib import clock
from spean.privacy import events, vault
from spean.protection.models import Need, ReflectionPeriod, RightsInformation, RiskAssessment
from spean.workflow.engine import Forbidden, check_fields, claim, perform, requirement


def give_rights_information(
    actor: User,
    case: Case,
    *,
    language: str,
    method: str,
    interpreter: bool = False,
    understood: bool | None = None,
    once: UUID | None = None,
) -> RightsInformation:
    """Record that the person was told her rights, in which language and from which version of the text."""
    with transaction.atomic():
        if once is not None:
            claim(once, "give_rights_information", case, actor)
        _authorise(actor, "give_rights_information", case)
        row = RightsInformation(
            case=case, language=language, method=method, interpreter=interpreter, understood=understood,
            text_version=pack().rights(language).version, given_at=clock.now(), given_by=actor,
        )  # fmt: skip
        check_fields(row)
        row.save(force_insert=True)
        work.finish_tasks(case, "give_rights_information")
        facts = {"language": language, "method": method, "version": row.text_version}
        events.record("rights.information_given", actor=actor, obj=row, case=case, facts=facts)
        return row


def open_reflection_period(actor: User, case: Case) -> ReflectionPeriod:
    """Start the time to recover and think. Assistance goes on and depends on nothing."""
    starts_on = clock.today()
    ends_on = starts_on + pack().deadline("reflection_ends")
    period = ReflectionPeriod(case=case, starts_on=starts_on, ends_on=ends_on, opened_at=clock.now(), opened_by=actor)
    with transaction.atomic():
        with perform("open_reflection_period", period, actor) as step:
            step.facts.update(starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat())
        organisation = case.focal_organisation or actor.organisation
        assert organisation is not None
        due_at = datetime.combine(ends_on, time(8), tzinfo=clock.local_zone())
        work.open_task(case, "reflection_ends", organisation, CASE_MANAGER, due_at=due_at, object_id=period.pk)
    return period


def end_reflection_period(actor: User, period: ReflectionPeriod, *, version: int | None = None) -> ReflectionPeriod:
    """The days are over; formal identification may be decided."""
    return _finish_period("end_reflection_period", actor, period, {}, version)


def waive_reflection_period(
    actor: User, period: ReflectionPeriod, *, asked_by_person: bool, version: int | None = None
) -> ReflectionPeriod:
    """The person, and nobody else, asked not to wait."""
    return _finish_period("waive_reflection_period", actor, period, {"asked_by_person": asked_by_person}, version)


def assess_risk(
    actor: User,
    case: Case,
    *,
    level: str,
    factors: Sequence[str] = (),
    with_person: bool,
    response: str = "",
    review_on: date | None = None,
    once: UUID | None = None,
) -> RiskAssessment:
    """Keep an assessment of risk: graded, made with the person, with what is done about it."""
    with transaction.atomic():
        if once is not None:
            claim(once, "assess_risk", case, actor)
        _authorise(actor, "assess_risk", case)
        row = RiskAssessment(
            case=case, level=level, factors=list(factors), with_person=with_person, review_on=review_on,
            assessed_at=clock.now(), assessed_by=actor,
        )  # fmt: skip
        if response.strip():
            vault.seal_fields(row, response=response)
        check_fields(row)
        row.save(force_insert=True)
        Case.objects.filter(pk=case.pk).update(risk_level=level)
        case.risk_level = level
        work.finish_tasks(case, "assess_risk")
        if review_on is not None and case.focal_organisation is not None:
            due_at = datetime.combine(review_on, time(8), tzinfo=clock.local_zone())
            work.open_task(case, "assess_risk", case.focal_organisation, CASE_MANAGER, due_at=due_at)
        events.record("risk.assessed", actor=actor, obj=row, case=case, facts={"level": level})
        return row


def record_need(actor: User, case: Case, code: str, *, urgent: bool = False) -> Need:
    """Keep a need that the person named or that was seen with her."""
    need = Need(case=case, code=code, urgent=urgent, recorded_at=clock.now(), recorded_by=actor)
    with perform("record_need", need, actor) as step:
        step.facts.update(code=code, urgent=urgent)
    return need


def record_needs(
    actor: User, case: Case, codes: Sequence[str], urgent: Sequence[str] = (), *, once: UUID | None = None
) -> list[Need]:
    """Keep several needs at once: all of them, or none."""
    with transaction.atomic():
        if once is not None:
            claim(once, "record_needs", case, actor)
        return [record_need(actor, case, code, urgent=code in urgent) for code in codes]


def meet_need(actor: User, need: Need, *, version: int | None = None) -> Need:
    """The need is met."""
    return _change_need("meet_need", actor, need, version=version)


def mark_need_unmet(actor: User, need: Need, *, reason: str, version: int | None = None) -> Need:
    """Nobody could help. Recorded, because what is missing must become visible."""
    return _change_need("mark_need_unmet", actor, need, reason=reason, version=version)


def decline_need(actor: User, need: Need, *, version: int | None = None) -> Need:
    """The person does not want help with this now; she may later."""
    return _change_need("decline_need", actor, need, version=version)


def reopen_need(actor: User, need: Need, *, version: int | None = None) -> Need:
    """The person wants help with this after all, or needs it again."""
    return _change_need("reopen_need", actor, need, version=version)


def _change_need(verb: str, actor: User, need: Need, *, version: int | None, reason: str = "") -> Need:
    with perform(verb, need, actor, version=version, facts={"reason": reason}) as step:
        step.obj.unmet_reason = reason
        step.facts["code"] = step.obj.code
        if reason:
            step.facts["reason"] = reason
    return step.obj


def _finish_period(
    verb: str, actor: User, period: ReflectionPeriod, facts: Mapping[str, Any], version: int | None
) -> ReflectionPeriod:
    with perform(verb, period, actor, version=version, facts=facts) as step:
        step.obj.ended_at = clock.now()
        work.finish_tasks(step.obj.case, "reflection_ends", object_id=period.pk)
    return step.obj


def _authorise(actor: User, action: str, case: Case) -> None:
    if not policy.may(actor, action, case):
        raise Forbidden([_("This is not available to you.")])


# --- requirements ------------------------------------------------------------------------------------------


@requirement("rights_information_given")
def _rights_information_given(period: ReflectionPeriod, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if RightsInformation.objects.filter(case=period.case).exists():
        return []
    return [_("Tell the person their rights first, in a language they understand.")]


@requirement("no_open_reflection_period")
def _no_open_reflection_period(period: ReflectionPeriod, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if ReflectionPeriod.objects.filter(case=period.case, status="running").exists():
        failures.append(_("A reflection period is already running."))
    if period.case.status != "registered":
        failures.append(_("Register the person first."))
    return failures


@requirement("reflection_days_passed")
def _reflection_days_passed(period: ReflectionPeriod, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if clock.today() >= period.ends_on:
        return []
    left = (period.ends_on - clock.today()) // timedelta(days=1)
    return [
        _("The reflection period still runs for %(days)d days. Only the person can end it earlier.") % {"days": left}
    ]


@requirement("waived_by_person")
def _waived_by_person(period: ReflectionPeriod, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("asked_by_person"):
        return []
    return [_("Only the person can ask for this. Confirm that they did, without pressure.")]


@requirement("need_not_open_already")
def _need_not_open_already(need: Need, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if Need.objects.filter(case=need.case, code=need.code, status="open").exists():
        label = pack().codelist("need").label(need.code)
        return [_("“%(need)s” is already recorded.") % {"need": label}]
    return []


@requirement("unmet_reason_given")
def _unmet_reason_given(need: Need, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("reason") in pack().codelist("unmet_reason").codes():
        return []
    return [_("Choose why the need could not be met.")]
