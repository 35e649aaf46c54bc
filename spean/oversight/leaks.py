"""Leak review: who read, found, received or worked on a case within two days, and who of them knew of several.

Taken from the log, the receipts and the possible matches. Codes of cases, users and organisations; no content.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases.models import Case
from spean.lib import clock
from spean.oversight.queries import roles_at, sections_of
from spean.people.models import Person, PossibleMatch
from spean.privacy import events
from spean.privacy.models import Event, ShareReceipt

READ, SEARCHED, RECEIVED, LISTED, WORKED, REFUSED = "read", "searched", "received", "listed", "worked", "refused"
HOW: dict[str, str | Promise] = {
    READ: _("Opened or read"),
    SEARCHED: _("Found by a search"),
    RECEIVED: _("Received"),
    LISTED: _("Saw the code and initials in a list"),
    WORKED: _("Worked on the case"),
    REFUSED: _("Asked and was refused"),
}
_HOW_OF = {
    "identity.revealed": READ,
    "content.read": READ,
    "case.read": READ,
    "person.read": READ,
    "document.opened": READ,
    "record.handed_over": READ,
    "export.made": RECEIVED,
    "people.searched": SEARCHED,
    "initials.shown": LISTED,
    "content.refused": REFUSED,
    "reveal.over_budget": REFUSED,
}


@dataclass(frozen=True)
class Leaked:
    """One leaked case: everything under whose subjects something of it was ever sealed or found."""

    code: str
    cases: tuple[Case, ...]
    persons: tuple[Person, ...]

    @property
    def subjects(self) -> set[UUID]:
        return {case.subject for case in self.cases} | {person.subject for person in self.persons}


@dataclass(frozen=True)
class Knowing:
    """One moment at which somebody learned something of a leaked case."""

    code: str
    at: datetime
    how: str
    what: str
    user_id: UUID | None
    organisation_id: UUID | None
    role: str = ""
    sections: tuple[str, ...] = ()
    purpose: str = ""
    event_id: int | None = None


@dataclass
class Knower:
    """A user, or an organisation that received something, with all that is known of what he learned."""

    user: User | None
    organisation: Organisation | None
    codes: set[str] = field(default_factory=set)
    hows: set[str] = field(default_factory=set)
    moments: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, one: Knowing) -> None:
        # Who only asked and was refused learned nothing; it is told, and makes no overlap.
        if one.how != REFUSED:
            self.codes.add(one.code)
        self.hows.add(one.how)
        self.moments += 1
        self.first = min(self.first or one.at, one.at)
        self.last = max(self.last or one.at, one.at)


def find_leaked(code: str) -> Leaked | None:
    """The case or person of a code, with every record found to be the same person; None if there is none."""
    case = Case.objects.filter(code=code).first()
    if case is not None and case.person_id is None:
        return Leaked(code, (case,), ())
    person_id = case.person_id if case is not None else None
    found = Person.objects.filter(Q(pk=person_id) if person_id else Q(code=code)).first()
    if found is None:
        return None
    root = found.same_as_id or found.pk
    persons = tuple(Person.objects.filter(Q(pk=root) | Q(same_as_id=root)))
    # A case was asked for: other episodes of hers did not leak with it. A person was asked for: all of them.
    cases = (case,) if case is not None else tuple(Case.objects.filter(person__in=persons))
    return Leaked(code, cases, persons)


def review(user: User, leaked: Sequence[Leaked], *, since: date | None, until: date) -> list[Knowing]:
    """Every moment within these days (both included), oldest first."""
    rows = policy.visible(user, "review_leak", Event)
    zone = clock.local_zone()
    rows = rows.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, zone))
    if since is not None:
        rows = rows.filter(at__gte=datetime.combine(since, time.min, zone))
    found = [one for case in leaked for one in _of(case, rows)]
    return sorted(found, key=lambda one: (one.at, one.event_id or 0, one.code))


def _of(leaked: Leaked, rows: QuerySet[Event]) -> list[Knowing]:
    cases = [case.pk for case in leaked.cases]
    persons = [person.pk for person in leaked.persons]
    matches = list(
        PossibleMatch.objects.filter(Q(person__in=persons) | Q(other__in=persons)).values_list("pk", flat=True)
    )
    exported = apps.get_model("exchange", "ExportedRow")._default_manager.filter(case__in=cases)
    exports = list(exported.order_by().values_list("export_id", flat=True).distinct())
    concerned = (
        Q(case_id__in=cases)
        | Q(case_id__isnull=True, subject__in=leaked.subjects)
        | Q(object_type="people.PossibleMatch", object_id__in=matches)
        | Q(object_type="exchange.Export", object_id__in=exports)
    )
    for person in persons:
        concerned |= Q(action="people.searched", facts__contains={"persons": [str(person)]})
    listed = list(rows.filter(concerned).order_by("id"))
    sections, roles = sections_of(listed), roles_at(listed)
    shared = ShareReceipt.objects.in_bulk([row.object_id for row in listed if row.action == "information.shared"])
    found = []
    for row in listed:
        if row.actor_id is not None:
            found.append(
                Knowing(
                    leaked.code, row.at, _HOW_OF.get(row.action, WORKED), row.action, row.actor_id,
                    row.organisation_id, roles.get(row.pk, ""), tuple(sections.get(row.pk, ())), row.purpose, row.pk,
                )
            )  # fmt: skip
        receipt = shared.get(row.object_id) if row.object_id else None
        if receipt is not None:
            found.append(
                Knowing(
                    leaked.code, row.at, RECEIVED, row.action, None, receipt.recipient_id, "",
                    tuple(sorted(receipt.shared)), row.purpose, row.pk,
                )
            )  # fmt: skip
    return found


def knowers(moments: Iterable[Knowing]) -> list[Knower]:
    """Who knew, those who knew of most of the cases first."""
    listed = list(moments)
    users = User.objects.in_bulk({one.user_id for one in listed if one.user_id})
    organisations = Organisation.objects.in_bulk({one.organisation_id for one in listed if one.organisation_id})
    found: dict[tuple[UUID | None, UUID | None], Knower] = {}
    for one in listed:
        knower = found.setdefault(
            (one.user_id, one.organisation_id),
            Knower(
                users.get(one.user_id) if one.user_id else None,
                organisations.get(one.organisation_id) if one.organisation_id else None,
            ),
        )
        knower.add(one)
    return sorted(found.values(), key=lambda one: (-len(one.codes), -one.moments, str(one.user), str(one.organisation)))


def in_all(found: Iterable[Knower], leaked: Sequence[Leaked]) -> list[Knower]:
    """Those who knew of every leaked case; nobody where there is only one."""
    return [one for one in found if len(leaked) > 1 and len(one.codes) == len(leaked)]


def as_csv(moments: Iterable[Knowing]) -> str:
    """The report: one line per moment, codes only. No cell begins like a formula."""
    listed = list(moments)
    users = User.objects.in_bulk({one.user_id for one in listed if one.user_id})
    organisations = Organisation.objects.in_bulk({one.organisation_id for one in listed if one.organisation_id})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["code", "at", "how", "event", "user", "e-mail", "organisation", "role", "sections", "purpose", "log_row"]
    )
    for one in listed:
        user: Any = users.get(one.user_id) if one.user_id else None
        organisation = organisations.get(one.organisation_id) if one.organisation_id else None
        cells = [
            one.code, one.at.isoformat(timespec="seconds"), one.how, one.what, user.name if user else "",
            user.email if user else "", organisation.name if organisation else "", one.role, " ".join(one.sections),
            one.purpose, str(one.event_id or ""),
        ]  # fmt: skip
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells])
    return out.getvalue()


def log_review(user: User, leaked: Sequence[Leaked], moments: int, *, report: bool) -> None:
    """Without the case: whoever runs a case must not learn from its history that he is suspected."""
    events.record(
        "leak.reviewed", actor=user, purpose="oversight",
        facts={"cases": [case.pk for one in leaked for case in one.cases], "found": moments, "report": report},
    )  # fmt: skip
