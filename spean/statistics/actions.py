"""Verbs of an edition and of a recorded figure; the job that counts. Counting, protecting and storing is one step:
nothing unprotected is ever kept.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.lib import clock
from spean.statistics import checks, content, measures, queries
from spean.statistics.indicators import register
from spean.statistics.models import IN_WORK, Edition, EditionTable, Figure
from spean.workflow.engine import Forbidden, Refused, Step, WrongState, follow, perform, requirement

# Why an edition could not be drafted; `labels.FAULT` says it.
FAULTS: Mapping[type[Exception], str] = {
    Forbidden: "not_allowed",
    Refused: "refused",
    content.NotProtected: "not_protected",
}


def draft_edition(
    actor: User,
    span: str,
    first_day: date,
    *,
    corrects: Edition | None = None,
    correction_en: str = "",
    correction_km: str = "",
    once: UUID | None = None,
) -> Edition:
    """Ask for a half-year or year to be counted as it is known then. The job does it; its page shows when it is done."""
    edition = Edition(
        span=span, first_day=first_day, last_day=queries.last_day(span, first_day), corrects=corrects, correction_en=correction_en,
        correction_km=correction_km, drafted_at=clock.now(), drafted_by=actor,
    )  # fmt: skip
    try:
        with transaction.atomic():
            with perform("draft_edition", edition, actor, once=once) as step:
                step.facts.update(_facts(edition))
            _ask(edition)
    except IntegrityError as fault:
        # Two officers at the same moment: each saw that nobody had begun.
        if "one_edition_in_work" not in str(fault):
            raise
        raise Refused([_("An edition of this period is in work already.")]) from None
    return edition


def draft_again(actor: User, edition: Edition, *, version: int | None = None, once: UUID | None = None) -> Edition:
    """Count once more what could not be counted."""
    with transaction.atomic():
        with perform("draft_again", edition, actor, version=version, once=once) as step:
            step.obj.drafted_at, step.obj.drafted_by = clock.now(), actor
            step.obj.fault = ""
            step.facts.update(_facts(step.obj))
        _ask(edition)
    return edition


def _ask(edition: Edition) -> None:
    from spean.statistics import tasks  # which needs the jobs library, and this module

    tasks.count_edition.defer(edition_id=str(edition.pk))


def count_edition(edition: Edition) -> None:
    """Count, protect every table and keep the draft. May be repeated after a break: nothing is kept before the end."""
    actor = edition.drafted_by
    if edition.status != "counting":
        return
    try:
        if not policy.may(actor, "draft_edition", edition):
            raise Forbidden([_("This is not available to you.")])
        made = _made(edition)
        with transaction.atomic():
            with perform("finish_draft", edition, actor, facts={"tables": made.tables, "made": made}) as step:
                one = step.obj
                one.about, one.digest, one.seal, one.withheld = made.about, made.digest, made.seal, list(made.withheld)
                one.drafted_at = clock.now()
                step.facts.update(_facts(one))
            EditionTable.objects.bulk_create(
                EditionTable(edition=edition, indicator=table["indicator"], place=place, content=table)
                for place, table in enumerate(made.tables)
            )
    except WrongState:
        return  # another worker was faster
    except Exception as fault:
        # What a library says of a fault may hold a number that nobody has protected: the kind is kept, and nothing else.
        # Where not even that can be written, the database is away, and the job is tried again.
        code = FAULTS.get(type(fault), "broke_off")
        with follow(Step("draft_edition", edition, actor), "fail_draft", edition) as step:
            step.obj.fault = code
            step.facts.update({**_facts(step.obj), "fault": code})


def _made(edition: Edition) -> content.Made:
    book = register()
    halves = queries.halves(edition)
    if len(halves) == 2:
        return content.summed(book, [(one.about, queries.tables_of(one)) for one in halves])
    period = measures.Period(edition.first_day, edition.last_day)
    listed = book.of_period(period.first, period.last)
    return content.made(book, measures.count(book, period), listed, queries.earlier_releases(edition))


def check_edition(actor: User, edition: Edition, *, version: int | None = None, once: UUID | None = None) -> Edition:
    """Run the quality checks and keep what they found beside the numbers."""
    facts = {"tables": queries.tables_of(edition)}
    with perform("check_edition", edition, actor, version=version, facts=facts, once=once) as step:
        found = queries.findings(step.obj, facts["tables"])
        step.obj.findings = found
        step.obj.checked_at, step.obj.checked_by = clock.now(), actor
        faults = sum(one["weight"] == checks.FAULT for one in found)
        step.facts.update({**_facts(step.obj), "findings": len(found), "faults": faults})
    return step.obj


def return_edition(actor: User, edition: Edition, *, version: int | None = None, once: UUID | None = None) -> Edition:
    """The second officer does not publish it like this."""
    with perform("return_edition", edition, actor, version=version, once=once) as step:
        step.obj.checked_at = step.obj.checked_by = None
        step.facts.update(_facts(step.obj))
    return step.obj


def discard_edition(actor: User, edition: Edition, *, version: int | None = None, once: UUID | None = None) -> Edition:
    with perform("discard_edition", edition, actor, version=version, once=once) as step:
        step.facts.update(_facts(step.obj))
    return step.obj


def publish_edition(actor: User, edition: Edition, *, version: int | None = None, once: UUID | None = None) -> Edition:
    """Freeze it under a number that stays. A correction gets the next number; what it corrects stays as it is."""
    facts = {"tables": queries.tables_of(edition)}
    with perform("publish_edition", edition, actor, version=version, facts=facts, once=once) as step:
        step.obj.number = queries.next_number(step.obj)
        step.obj.published_at, step.obj.published_by = clock.now(), actor
        step.facts.update(_facts(step.obj))
    return step.obj


def record_figure(actor: User, figure: Figure, *, once: UUID | None = None) -> Figure:
    """Write down a number that somebody published, as it was published; or an estimate with its report."""
    figure.recorded_at, figure.recorded_by = clock.now(), actor
    with perform("record_figure", figure, actor, once=once) as step:
        step.facts.update(type=figure.type)
    return step.obj


def publish_figure(actor: User, figure: Figure, *, version: int | None = None, once: UUID | None = None) -> Figure:
    with perform("publish_figure", figure, actor, version=version, once=once) as step:
        step.obj.published_at, step.obj.published_by = clock.now(), actor
        step.facts.update(type=step.obj.type)
    return step.obj


def withdraw_figure(actor: User, figure: Figure, *, version: int | None = None, once: UUID | None = None) -> Figure:
    with perform("withdraw_figure", figure, actor, version=version, once=once) as step:
        step.facts.update(type=step.obj.type)
    return step.obj


def _facts(edition: Edition) -> dict[str, Any]:
    return {"span": edition.slug, "number": edition.number, "digest": edition.digest}


# --- requirements ------------------------------------------------------------------------------------------


@requirement("edition_of_a_period")
def _of_a_period(edition: Edition, actor: User, facts: Mapping[str, Any]) -> list[str]:
    found = []
    if edition.first_day not in queries.first_days(edition.span, edition.first_day.year):
        found.append(_("A half-year begins on 1 January or 1 July, a year on 1 January."))
    if edition.first_day > clock.today():
        found.append(_("This period has not begun."))
    in_work = Edition.objects.filter(span=edition.span, first_day=edition.first_day, status__in=IN_WORK)
    if in_work.exclude(pk=edition.pk).exists():
        found.append(_("An edition of this period is in work already."))
    of_period = Edition.objects.filter(span=edition.span, first_day=edition.first_day, status="published")
    wrong = edition.corrects is not None and not of_period.filter(pk=edition.corrects.pk).exists()
    if wrong:
        found.append(_("A correction corrects a published edition of the same period."))
    if edition.corrects is None and of_period.exists():
        found.append(_("This period is published. Correct the published edition instead; it will be kept."))
    # Of three figures that belong together, two give the third away, and with it what it hides.
    if len(queries.halves(edition)) == 1:
        found.append(_("Publish both half-years of this year first."))
    year = Edition.objects.filter(span="year", status="published", first_day__year=edition.first_day.year)
    if edition.span == "half" and edition.corrects is None and year.exists():
        found.append(_("The whole year is published. A half-year beside it would tell what it hides."))
    if edition.corrects is not None and not edition.correction_en.strip():
        found.append(_("Say in a sentence what is corrected. It is printed."))
    return found


@requirement("edition_protected")
def _protected(edition: Edition, actor: User, facts: Mapping[str, Any]) -> list[str]:
    made = facts.get("made", edition)  # what has just been counted stands in no row yet
    if content.holds(made.about, facts.get("tables", ()), made.digest, made.seal):
        return []
    return [_("These tables are not those that passed disclosure control. Draft the edition anew.")]


@requirement("edition_by_second_officer")
def _second_officer(edition: Edition, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if actor.pk in (edition.drafted_by_id, edition.checked_by_id):
        return [_("Another officer publishes than the one who drafted or checked.")]
    return []


@requirement("edition_period_over")
def _period_over(edition: Edition, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if edition.drafted_at.astimezone(clock.local_zone()).date() <= edition.last_day:
        return [_("It was counted before the period was over. Draft it anew afterwards.")]
    return []


@requirement("edition_without_faults")
def _without_faults(edition: Edition, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if any(one["weight"] == checks.FAULT for one in edition.findings):
        return [_("The quality checks found a fault.")]
    return []


@requirement("figure_complete")
def _complete(figure: Figure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    found = []
    if not all(text.strip() for text in (figure.definition, figure.method, figure.source, figure.area)):
        found.append(_("A figure needs a definition, a place, a method and a source; say “not stated” where it is so."))
    if figure.type == "model_estimate" and figure.report is None and figure.low is None and figure.value is None:
        found.append(_("Enter the estimate, or the report that it comes from."))
    return found


@requirement("figure_by_second_officer")
def _figure_by_second(figure: Figure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if actor.pk == figure.recorded_by_id:
        return [_("Another officer publishes than the one who recorded.")]
    return []


@requirement("estimate_not_refused")
def _not_refused(figure: Figure, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if figure.report is None or figure.report.get("status") in ("ok", "caution"):
        return []
    reasons = "; ".join(str(one) for one in figure.report.get("reasons", ()))
    return [_("This estimate was refused: the data do not support a figure. %(reasons)s") % {"reasons": reasons}]
