"""What pages read of persons: the records one user may see, episodes, records of the same person, matches in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case as Case_
from django.db.models import IntegerField, Q, QuerySet, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.people import search
from spean.people.actions import visible_persons
from spean.people.matching import LIKELY, reason_text
from spean.people.models import Person, PossibleMatch
from spean.privacy import doors

MATCH_STATUS: dict[str, tuple[str | Promise, str]] = {
    "open": (_lazy("To be decided"), "amber"),
    "unsure": (_lazy("Unsure"), "blue"),
    "same": (_lazy("The same person"), "green"),
    "not_same": (_lazy("Not the same person"), "grey"),
}


@dataclass(frozen=True)
class CandidateRow:
    """A possible match as a page shows it. `person` is None where the record belongs to another agency."""

    person_id: UUID
    person: Person | None
    reasons: list[str]
    likely: bool
    decision: str


def candidates(user: User, found: Sequence[search.Candidate], decisions: dict[UUID, str]) -> list[CandidateRow]:
    """Possible matches with their reasons in words, where the user may see the record.

    Of a record that he may not see he learns that the national registry will check. Why it was found would tell him
    what is in it: whoever types a mother's name must not read that hers is the same.
    """
    seen = {row.pk: row for row in visible_persons(user, (one.person_id for one in found))}
    with_initials(user, seen.values())
    # Those one may not see come last, in an order that says nothing of their likeness.
    ordered = sorted(
        found, key=lambda one: (one.person_id not in seen, "" if one.person_id in seen else str(one.person_id))
    )
    return [
        CandidateRow(
            one.person_id,
            seen.get(one.person_id),
            [reason_text(code) for code in one.reasons] if one.person_id in seen else [],
            one.score >= LIKELY and one.person_id in seen,
            decisions.get(one.person_id, "" if one.person_id in seen else "unsure"),
        )
        for one in ordered
    ]


def with_initials(user: User, persons: Iterable[Person]) -> None:
    """Give each record the initials that a list shows beside its code, where the user may see them (`listed_as`)."""
    rows = list(persons)
    shown = doors.initials(user, rows)
    for row in rows:
        row.listed_as = shown.get(row.pk, "")


def facts(person: Person) -> list[tuple[str, str]]:
    """The coded facts of a person: nothing that names her."""
    year = str(person.birth_year or "")
    if year and person.birth_year_estimated:
        year = _("%(year)s (estimated)") % {"year": year}
    place = pack().geography.find(person.birth_province) if person.birth_province else None
    claimed = label("nationality", person.nationality_claimed) if person.nationality_claimed else ""
    nationality = label("nationality", person.nationality) if person.nationality else ""
    if person.nationality_contested:
        nationality = _("%(nationality)s, contested") % {"nationality": nationality or claimed or _("Not known")}
    papers = {True: _("Yes"), False: _("No"), None: ""}[person.has_documents]
    rows = [
        (_("Sex"), label("sex", person.sex)),
        (_("Year of birth"), year),
        (_("Nationality"), nationality),
        (_("Languages"), ", ".join(label("language", code) for code in person.languages)),
        (_("Province of birth"), place.label() if place else ""),
        (_("Identity document"), papers),
        (_("Difficulties or disability"), ", ".join(label("disability", code) for code in person.disability)),
    ]
    if claimed and claimed != nationality:
        rows.insert(3, (_("Nationality claimed"), claimed))
    return [(name, value or _("Not known")) for name, value in rows]


def same_person(person: Person) -> list[Person]:
    """The other records that somebody found to be this person: the one pointed to, and those pointing."""
    rows = Person.objects.filter(Q(same_as_id=person.pk) | Q(pk=person.same_as_id or person.pk))
    if person.same_as_id:
        rows = rows | Person.objects.filter(same_as_id=person.same_as_id)
    return list(rows.exclude(pk=person.pk).distinct())


def episodes(user: User, persons: Iterable[Person]) -> QuerySet[Case]:
    """The episodes of these records that the user may see, newest first."""
    return policy.visible(user, "see_case", Case).filter(person__in=[row.pk for row in persons])


def matches(user: User) -> QuerySet[PossibleMatch]:
    """Possible matches this user may see: the open ones first, then those that somebody could not decide; the
    strongest before the weaker."""
    turn = Case_(When(status="open", then=0), When(status="unsure", then=1), default=2, output_field=IntegerField())
    rows = policy.visible(user, "see_match", PossibleMatch).annotate(turn=turn)
    return rows.select_related("person", "other", "case", "decided_by").order_by("turn", "-score", "id")


def is_national(user: User) -> bool:
    return any(membership.organisation.is_national_focal for membership in user.memberships_now())


def match_rows(user: User, found: Iterable[PossibleMatch]) -> list[dict[str, Any]]:
    """Matches in words. A record of another agency is shown without code, initials or reasons, except to the registry."""
    listed = list(found)
    ids = {pk for row in listed for pk in (row.person_id, row.other_id)}
    seen = set(ids) if is_national(user) else {row.pk for row in visible_persons(user, ids)}
    with_initials(user, (one for row in listed for one in (row.person, row.other) if one.pk in seen))
    return [
        {
            "match": row,
            "person": row.person if row.person_id in seen else None,
            "other": row.other if row.other_id in seen else None,
            "both": row.person_id in seen and row.other_id in seen,
            "reasons": [reason_text(code) for code in row.reasons] if {row.person_id, row.other_id} <= seen else [],
            "likely": row.score >= LIKELY and {row.person_id, row.other_id} <= seen,
            "status": MATCH_STATUS[row.status][0],
            "colour": MATCH_STATUS[row.status][1],
        }
        for row in listed
    ]
