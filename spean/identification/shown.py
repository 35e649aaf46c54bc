"""What the pages of formal identification show, in words: lists, one case, one decision, the letter.

The only place of the room that asks `privacy.doors` for text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.access import policy
from spean.access.models import User
from spean.cases import labels as case_labels
from spean.cases.models import Case, Note
from spean.country.fields import label
from spean.detection import queries as detection
from spean.detection.models import Screening
from spean.identification import labels, queries, rules
from spean.identification.models import Determination
from spean.lib import clock
from spean.privacy import doors
from spean.workflow import engine
from spean.workflow.pages import ActionForm

NAME = ("family_name", "given_name", "name_km")


# --- lists -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a list: no name, and nothing that was told."""

    title: str
    url: str
    code: str
    due_at: datetime | None
    note: str
    child: bool
    urgent: bool = False


@dataclass(frozen=True)
class List:
    """One list of the queue, with the words for when it is empty."""

    title: str | Promise
    lines: Sequence[Line]


def lists(queue: queries.Queue) -> list[List]:
    """The lists that are not empty, in the order in which work passes through them."""
    found = [
        List(gettext_lazy("Referrals to accept"), [_referral_line(row) for row in queue.to_accept]),
        List(gettext_lazy("Decisions to confirm"), [_line(row, "determination_second") for row in queue.to_confirm]),
        List(gettext_lazy("Cases to decide"), [_case_line(case) for case in queue.to_decide]),
        List(gettext_lazy("Reviews asked for"), [_line(row, "determination") for row in queue.to_review]),
        List(gettext_lazy("Persons to be told"), [_line(row, "determination") for row in queue.to_tell]),
        List(gettext_lazy("With a second officer"), [_line(row, "determination") for row in queue.with_second]),
    ]
    return [one for one in found if one.lines]


def _referral_line(row: Any) -> Line:
    note = " · ".join((case_labels.organisation(row.from_organisation), case_labels.ago(row.sent_at)))
    return Line(
        case_labels.short(row.case), reverse("referral", args=[row.pk]), row.case.code, row.due_at, note,
        row.case.is_child, row.urgent,
    )  # fmt: skip


def _case_line(case: Any) -> Line:
    if case.draft_returned:
        state = _("Returned by the second officer")
    elif case.draft_by:
        state = _("Being prepared by %(officer)s") % {"officer": case.draft_by}
    elif case.reflection_until and case.reflection_until > clock.today():
        state = _("Reflection period until %(day)s") % {"day": date_format(case.reflection_until, "j M Y")}
    else:
        state = _("Not begun")
    since = case_labels.ago(case.waiting_since) if case.waiting_since else ""
    return Line(
        case_labels.short(case), reverse("case_identification", args=[case.pk]), case.code, case.due_at,
        " · ".join(part for part in (state, since) if part), case.is_child,
    )  # fmt: skip


def _line(row: Any, url_name: str) -> Line:
    outcome = label("determination_outcome", row.outcome)
    since = case_labels.ago(row.confirmed_at or row.proposed_at or row.opened_at)
    if row.status == "review_requested":
        since = case_labels.ago(row.review_requested_at)
    parts = [outcome, since]
    if row.reviews_id is not None:
        parts.insert(0, _("Review"))
    return Line(
        case_labels.short(row.case), reverse(url_name, args=[row.pk]), row.case.code, row.due_at, " · ".join(parts),
        row.case.is_child,
    )  # fmt: skip


# --- one case --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Earlier:
    """A decision in the list of a case."""

    row: Determination
    title: str
    status: str | Promise
    colour: str
    note: str


def case_context(user: User, case: Case) -> dict[str, Any]:
    """Everything of a case on which a decision can rest, and what this user can do now."""
    found = queries.basis(user, case)
    task = case.tasks.filter(
        kind__in=("decide_identification", "confirm_identification", "review_determination"), done_at__isnull=True
    ).order_by("due_at").first()  # fmt: skip
    return {
        "case": case,
        "facts": case_labels.facts(case),
        "legal_status": legal_status(case),
        "legal_colour": case_labels.LEGAL_COLOUR.get(case.legal_status, "grey"),
        "due_at": task.due_at if task else None,
        "basis": found,
        "result": detection.result(found.screening) if found.screening else None,
        "risk_colour": case_labels.RISK_COLOUR.get(found.risk.level if found.risk else "", "grey"),
        "decisions": [earlier(row) for row in found.determinations],
        "next": next_step(user, case, found.determinations),
        "action_form": ActionForm(),
        "rights": [(row.given_at, row.get_language_display(), row.get_method_display()) for row in found.rights],
        "needs": [(row.get_code_display(), NEED_STATUS[row.status], row.urgent) for row in found.needs],
    }


NEED_STATUS: dict[str, str | Promise] = {
    "open": gettext_lazy("open"),
    "met": gettext_lazy("met"),
    "unmet": gettext_lazy("could not be met"),
    "declined": gettext_lazy("declined by the person"),
}
LEGAL_STATUS: dict[str, str | Promise] = {
    "not_assessed": gettext_lazy("Not assessed"),
    "presumed_victim": gettext_lazy("Presumed victim"),
    "identified_victim": gettext_lazy("Identified victim"),
    "exploited_not_identified": gettext_lazy("Exploited, not identified"),
    "not_identified": gettext_lazy("Not identified"),
}


def legal_status(case: Case) -> str:
    return str(LEGAL_STATUS[case.legal_status])


def earlier(row: Determination) -> Earlier:
    status, colour = labels.STATUS[row.status]
    # What is not confirmed is nobody's decision yet.
    decided = row.status in queries.DECIDED
    title = label("determination_outcome", row.outcome) if decided else _("Decision in preparation")
    at = row.confirmed_at or row.proposed_at or row.opened_at
    note = date_format(at.astimezone(clock.local_zone()), "j M Y")
    if row.reviews_id is not None:
        note = f"{_('Review')} · {note}"
    return Earlier(row, title, status, colour, note)


@dataclass(frozen=True)
class Next:
    """The one thing to do now: a page to open, a verb to send, or why nothing can be done."""

    title: str | Promise = ""
    url: str = ""
    post: bool = False
    note: str | Promise = ""
    hindrances: Sequence[str] = ()


def next_step(user: User, case: Case, rows: Sequence[Determination]) -> Next | None:
    """What stands out to be done with a case, given its decisions, the newest first."""
    row = next((one for one in rows if one.status in queries.IN_WORK), None)
    if row is not None:
        return _next_open(user, row)
    last = rows[0] if rows else None
    may_open = policy.may(user, "open_determination", case)
    if last is not None and last.status == "review_requested":
        return Next(_("Open the decision under review"), reverse("determination", args=[last.pk]))
    if last is not None and last.status == "confirmed" and policy.may(user, "inform_of_determination", last):
        return Next(_("Open the decision, to tell the person"), reverse("determination", args=[last.pk]))
    if not may_open:
        return None
    organisation = user.organisation
    assert organisation is not None
    draft = Determination(case=case, officer=user, organisation=organisation, treated_as_child=case.is_child)
    hindrances = engine.failures("open_determination", draft, user)
    if hindrances:
        return Next(hindrances=hindrances)
    return Next(_("Begin the decision"), reverse("determination_open", args=[case.pk]), post=True)


def _next_open(user: User, row: Determination) -> Next | None:
    if row.status == "opened" and policy.may(user, "propose_determination", row):
        returned = row.return_reason is not None
        note = _("The second officer returned it with a reason.") if returned else _("What was written is kept.")
        return Next(_("Go on writing the decision"), reverse("determination_decide", args=[row.pk]), note=note)
    if row.status == "proposed" and policy.may(user, "confirm_determination", row):
        hindrances = engine.REQUIREMENTS["second_officer"](row, user, {})
        if hindrances:
            return Next(hindrances=hindrances)
        return Next(_("Confirm or return the decision"), reverse("determination_second", args=[row.pk]))
    return None


# --- one decision ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Element:
    """One element as it was found. `reasons` only where they were opened."""

    name: str
    title: str | Promise
    asks: str | Promise
    finding: str | Promise
    colour: str
    named: str
    reasons: str | None


def elements(row: Determination, opened: dict[str, str | None] | None) -> list[Element]:
    codes = {
        "act": ("act", row.act_codes),
        "means": ("means", row.means_codes),
        "purpose": ("exploitation_form", row.exploitation_forms),
    }
    found = []
    for name in rules.ELEMENTS:
        finding = getattr(row, name)
        found.append(
            Element(
                name,
                labels.ELEMENT[name],
                labels.ASKS[name],
                labels.FINDING.get(finding, _("Nothing written yet")),
                labels.FINDING_COLOUR.get(finding, "grey"),
                ", ".join(label(codes[name][0], code) for code in codes[name][1]),
                (opened or {}).get(f"{name}_reasons"),
            )
        )
    return found


def hidden(user: User, row: Determination) -> bool:
    """Until two officers agree it is nobody's decision: what it says stays with those who make it."""
    verbs = ("propose_determination", "confirm_determination")
    return row.status in queries.IN_WORK and not policy.permitted(user, verbs, row)


def determination_context(user: User, row: Determination, opened: dict[str, str | None] | None) -> dict[str, Any]:
    """One decision, and what this user may do with it in the state it is in."""
    case = row.case
    # Read before the attempt below, which would stand in its place.
    later = getattr(row, "reviewed_by", None)
    can = set(engine.possible(row, user))
    no_review = []
    if row.status == "review_requested" and policy.may(user, "open_determination", row):
        organisation = user.organisation
        assert organisation is not None
        draft = Determination(case=case, reviews=row, officer=user, organisation=organisation)
        no_review = engine.failures("open_determination", draft, user)
        can.add("open_review")
    own = engine.REQUIREMENTS["second_officer"](row, user, {}) if row.status == "proposed" else []
    status, colour = labels.STATUS[row.status]
    return {
        "row": row,
        "case": case,
        "status": status,
        "colour": colour,
        "hidden": hidden(user, row),
        "outcome": label("determination_outcome", row.outcome) if row.outcome else "",
        "outcome_colour": labels.OUTCOME_COLOUR.get(row.outcome, "grey"),
        "follows": labels.FOLLOWS.get(row.outcome, ""),
        "elements": elements(row, opened),
        "evidence": (opened or {}).get("evidence"),
        "return_reason": (opened or {}).get("return_reason"),
        "can": can,
        "own": own,
        "no_review": no_review,
        "has_texts": any(getattr(row, name) is not None for name in queries.SEALED),
        "later": later,
        "may_letter": row.status in queries.DECIDED and policy.may(user, "inform_of_determination", row),
        "action_form": ActionForm(version=row.version),
    }


# --- writing a decision ----------------------------------------------------------------------------------


def findings(row: Determination, texts: Mapping[str, str | None]) -> rules.Findings:
    """What is kept of a decision, with its opened texts, as the rules judge it."""
    coded = {name: getattr(row, name) for name in rules.ALL_FIELDS if name not in rules.TEXTS}
    return rules.Findings(**coded, **{name: texts.get(name) or "" for name in rules.TEXTS})


def part_after(part: str) -> str | None:
    order = list(rules.PARTS)
    place = order.index(part) + 1
    return order[place] if place < len(order) else None


def part_context(user: User, row: Determination, part: str) -> dict[str, Any]:
    """One screen of a decision, with what the interview suggests on the same element."""
    order = list(rules.PARTS)
    place = order.index(part)
    back = (
        reverse("determination_part", args=[row.pk, order[place - 1]])
        if place
        else reverse("case_identification", args=[row.case_id])
    )
    case = row.case
    screening = None
    if policy.may(user, "see_screening", case):
        screening = case.screenings.filter(completed_at__isnull=False).first()
    result = detection.result(screening) if screening else None
    return {
        "row": row,
        "case": case,
        "part": part,
        "title": labels.PART[part],
        "child": row.treated_as_child,
        "step_number": place + 1,
        "step_total": len(order) + 1,
        "back_url": back,
        "suggested": [one for one in result.elements if one.name == part] if result else [],
        "found": elements(row, None) if part == "outcome" else [],
        "hindrances": hindrances(user, row),
    }


def hindrances(user: User, row: Determination) -> list[str]:
    """What stands in the way of a proposal, however well it is written."""
    names = ("reflection_over", "not_part_of_reviewed_decision")
    return [message for name in names for message in engine.REQUIREMENTS[name](row, user, {})]


@dataclass(frozen=True)
class Missing:
    """Something that is missing, and the field in which it is put right."""

    text: str
    url: str


def check_context(
    user: User, row: Determination, texts: dict[str, str | None], kept: rules.Findings, form: ActionForm
) -> dict[str, Any]:
    """The decision as it is written, before it is proposed."""
    faults = rules.check_findings(kept, row.treated_as_child) if row.status == "opened" else []
    missing = [Missing(str(rules.FAILURES[code]), _field_url(row, code)) for code in faults]
    words = {one.text for one in missing}
    return {
        **determination_context(user, row, texts),
        "title": _("Check the decision"),
        "returned": texts.get("return_reason"),
        "return_reason": None,  # shown above the decision, not below it
        "missing": missing,
        "refused": [str(one) for one in form.non_field_errors() if str(one) not in words] if form.is_bound else [],
        "hindrances": hindrances(user, row) if row.status == "opened" else [],
        "parts": {part: f"{reverse('determination_part', args=[row.pk, part])}?from=check" for part in rules.PARTS},
        "changing": row.status == "opened",
        "step_number": len(rules.PARTS) + 1,
        "step_total": len(rules.PARTS) + 1,
        "back_url": reverse("case_identification", args=[row.case_id]),
    }


def _field_url(row: Determination, fault: str) -> str:
    field = rules.FIELDS[fault]
    first = "" if field in rules.TEXTS else "_1"
    return f"{reverse('determination_part', args=[row.pk, rules.part_of(fault)])}?from=check#id_{field}{first}"


def letter_context(row: Determination, texts: dict[str, str | None], names: dict[str, str] | None) -> dict[str, Any]:
    """The letter, to be rendered while its own language is active."""
    return {
        "row": row,
        "case": row.case,
        "names": names,
        "organisation": case_labels.organisation(row.organisation),
        "outcome": label("determination_outcome", row.outcome),
        "follows": labels.FOLLOWS[row.outcome],
        "elements": elements(row, texts),
        "negative": row.outcome in ("exploited_not_identified", "not_identified"),
    }


# --- what is opened on demand ----------------------------------------------------------------------------


def reasons(
    user: User, row: Determination, purpose: str, only: Iterable[str] = queries.SEALED
) -> dict[str, str | None]:
    """The sealed texts of a decision; those that were never written are not asked for."""
    there = [name for name in only if getattr(row, name) is not None]
    if not there:
        return {}
    opened = doors.reveal(user, [row], there, purpose)[row.pk]
    erased: dict[str, str | None] = {name: _("Erased") for name in there}
    return erased if opened.erased else dict(opened)


def name(user: User, case: Case, purpose: str) -> dict[str, str]:
    """The name of the person, as registered."""
    person = case.person
    if person is None:
        return {}
    there = [field for field in NAME if getattr(person, field) is not None]
    opened: Mapping[str, str | None] = doors.reveal(user, [person], there, purpose).get(person.pk) or {}
    return {
        "latin": " ".join(text for field in NAME[:2] if (text := opened.get(field))),
        "khmer": opened.get("name_km") or "",
    }


@dataclass(frozen=True)
class Said:
    """Something written down about a case: what it is, when, by which organisation, and the words."""

    about: str | Promise
    at: datetime
    text: str


def texts(user: User, case: Case) -> list[Said]:
    """What was written down, as far as this user's sections reach."""
    found = queries.texts(case, policy.readable_sections(user, case))
    said = []
    for row, field in found:
        text = doors.reveal(user, [row], [field], "identification")[row.pk][field]
        if text:
            said.append(Said(*_about(row), text))
    return said


def _about(row: Any) -> tuple[str | Promise, datetime]:
    if isinstance(row, Screening):
        return _("Notes of the interview"), row.started_at
    if isinstance(row, Note):
        return case_labels.NOTE_ABOUT.get(row.about, case_labels.NOTE_ABOUT["general"]), row.written_at
    if hasattr(row, "sent_at"):
        return _("Message with the referral"), row.sent_at
    return _("What is done about the danger"), row.assessed_at
