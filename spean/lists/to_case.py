"""From a line of a list into case work: a screening of somebody who agreed, with what her line says carried over.

Only a line with proof of consent, only by whoever keeps the list and may start screenings, and once. The proof is not
a consent to share: that is asked in the case, as always.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from spean import country
from spean.access.models import User
from spean.cases import ties
from spean.country.spellings import spellings
from spean.detection import actions as detection
from spean.detection import rules
from spean.detection.models import Screening
from spean.lib import births, clock
from spean.lists import judging
from spean.lists.models import ListRow
from spean.privacy import doors
from spean.workflow.engine import Refused, check, perform, requirement
from spean.workflow.pages import SHORT

# How lists write these, nobody writes for anything else; "other" and "x" may mean that nobody asked.
CLEAR_SEX = ("female", "male", "transgender_feminine", "transgender_masculine")


@dataclass(frozen=True)
class Carried:
    """What a line says that a screening asks for. What does not read cleanly is empty, and asked."""

    name: str = field(repr=False)
    contact: str = field(repr=False)
    proof: str = field(repr=False)
    age: int | None
    year_only: bool
    described: Mapping[str, str]


def begin_from_row(
    actor: User, row: ListRow, *, instrument: str = "first_responder", exploitation: str = "labour",
    once: UUID | None = None,
) -> Screening:  # fmt: skip
    """Begin a screening of the person of this line. Opens the line through the door, and so must not run in a transaction.

    Raises what `perform` does: Forbidden for a line that is not his or has no proof, WrongState for one that was begun,
    AlreadyDone (of the line) for the same submission again.
    """
    # Asked before the line is opened: whoever may not begin reads nothing of it for that.
    check("begin_from_row", row, actor, once=once)
    text = doors.reveal(actor, [row], ["content"], "partner_list")[row.pk]["content"]
    if text is None:
        raise Refused([_("What stood in this line is destroyed.")])
    told = carried(text, row.sex, clock.today())
    with perform("begin_from_row", row, actor, once=once) as step:
        screening = detection.start_screening(actor, instrument=instrument, exploitation=exploitation)
        given: dict[str, Any] = {"stated_name": told.name, "stated_contact": told.contact}
        detection.save_answers(
            actor, screening, version=None, age=told.age, carried_over=True, notes=_notes(step.obj, told),
            **{name: text for name, text in given.items() if text},
        )  # fmt: skip
        if told.described:
            detection.describe_person(actor, screening.case, **told.described)
        step.obj.case = screening.case
        step.facts.update(line=row.line, instrument=instrument)
    return Screening.objects.select_related("case").get(pk=screening.pk)


def carried(content: str, sex: str, on: date) -> Carried:
    """What a sealed line says, read for a screening that begins on this day."""
    fields, _rest = judging.shown(content)
    pack = country.pack()
    name = " ".join(filter(None, (fields.get("family_name"), fields.get("given_name"))))
    contact = fields.get("phone", "")
    nationality = spellings(pack).nationalities.get(fields.get("nationality", "").strip().casefold(), "")
    described = {
        "sex": sex if sex in CLEAR_SEX and sex in pack.codelist("sex").codes() else "", "nationality": nationality,
    }  # fmt: skip
    age, year_only = age_on(fields.get("birth_date", ""), fields.get("birth_year", ""), on)
    return Carried(
        name=name if len(name) <= SHORT else "", contact=contact if len(contact) <= SHORT else "",
        proof=fields.get("consent_proof", ""), age=age, year_only=year_only,
        described={column: code for column, code in described.items() if code},
    )  # fmt: skip


def age_on(written: str, year_written: str, on: date) -> tuple[int | None, bool]:
    """The age on a day, and whether it was counted from a year alone; (None, False) where nobody can have it.

    Of the two ages that a year leaves open the lower is taken: a possible child is treated as a child. An age written
    down on some day tells none today.
    """
    born, year = births.read_birth(written)
    if born is None and year is None:
        born, year = births.read_birth(year_written)
    if born is not None:
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    elif year is not None:
        age = max(on.year - year - 1, 0) if year <= on.year else -1
    else:
        return None, False
    return (age, born is None) if 0 <= age <= rules.OLDEST else (None, False)


def _notes(row: ListRow, told: Carried) -> str:
    """Where this comes from, for whoever reads the interview: sealed with it."""
    said = _("From the list %(list)s, line %(line)d of the file of %(day)s. The person agreed to this; proof: %(proof)s") % {
        "list": row.partner_list.code, "line": row.line,
        "day": date_format(row.delivery.delivered_at.astimezone(clock.local_zone()), "j M Y"), "proof": told.proof,
    }  # fmt: skip
    more = [_("That is no agreement to pass anything on: ask for it in this case.")]
    if told.year_only:
        more.append(_("The list knows only the year of birth: of the two possible ages the lower was taken."))
    return "\n".join([said, *more])


@ties.leads_to_cases
def _forget_cases(cases: Collection[UUID]) -> None:
    """Her line still has her name and is the partner's: it must not lead to the codes that stay of her case."""
    ListRow.objects.filter(case_id__in=cases).update(case=None)


@ties.stays_behind
def _her_line_stays(cases: Collection[UUID]) -> str:
    if not ListRow.objects.filter(case_id__in=cases).exclude(status="destroyed").exists():
        return ""
    return _(
        "This began with a line of a partner’s list. That line is the partner’s: it stays, with the name on it, until "
        "whoever keeps the list destroys it. Ask the person whether that is wished as well."
    )


# --- requirements ------------------------------------------------------------------------------------------


@requirement("line_agreed")
def _line_agreed(row: ListRow, actor: User, facts: Mapping[str, Any]) -> list[str]:
    # The policy does not show him other lines; what a later change of it forgets is asked here once more.
    if row.status == "accepted" and row.consented and not row.head:
        return []
    return [_("Only of a person who agreed, with proof, can a screening be begun from a list.")]


@requirement("list_of_this_organisation")
def _list_of_this_organisation(row: ListRow, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if actor.organisation is not None and actor.organisation.pk == row.partner_list.organisation_id:
        return []
    return [_("This list belongs to another of your organisations than the one you act for now.")]
